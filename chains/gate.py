"""A gate that opens on the word of verifiers: what it knows of an acceptance, and how it is told more.

What is submitted is the same whoever brings it, and what the gate knows already it is not told again: a program that
was killed after it had sent may send again. A gate counts revisions, so that what is older than what it knows is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from hashlib import sha256
from typing import Any, Final

from chains.contracts import AbsentError, Contract, RevertedError, find_contract
from chains.rpc import Chain, spell
from chains.transactions import DisplacedError, Receipt, Sender
from facts.attestation import Attestation, SignedAttestation, SignedForChain, require_chain_signature
from facts.keccak import hash_keccak
from facts.log_entry import State
from margin.errors import InternalError, Reason, RejectedError

VERIFIERS: Final = hash_keccak(b"ringfence.v1.role:verifiers")
LATEST: Final = "latest"
LONGEST_PERIOD: Final = 366 * 86_400
"""A gate takes no acceptance that lives for longer, from when it was said."""
MOST_DISPLACED: Final = 3
"""So often another transaction of the account may come first."""
WAITING: Final = frozenset({"Paused", "FromTheFuture", "SignerUnknown", "SignaturesMiscounted", "RoleUnknown"})
"""Complaints of a gate that end by themselves, or when its governors have appointed those who sign now."""


@unique
class Outcome(StrEnum):
    """What became of an attestation at a gate."""

    SUBMITTED = "submitted"
    """The gate has it by this transaction."""
    KNOWN = "known"
    """The gate had it, or something newer."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a gate remembers of an acceptance."""

    state: State
    held: int
    revision: int
    moment: int
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an attestation, and the transaction if there was one."""

    outcome: Outcome
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Quorum:
    """Who speaks in a role, and how many of them have to."""

    epoch: int
    members: frozenset[bytes]
    threshold: int


class AttestationGate:
    """A gate at its address; it is told things by an account that pays for it, where there is one."""

    def __init__(self, contract: Contract, sender: Sender | None = None, confirmations: int | None = None) -> None:
        self.contract = contract
        self._sender = sender
        self._confirmations = confirmations

    @classmethod
    def open(
        cls, chain: Chain, address: bytes, sender: Sender | None = None, confirmations: int | None = None
    ) -> "AttestationGate":
        """The gate that stands at an address; without confirmations a block is final when the nodes say so."""
        return cls(find_contract(chain, "AttestationGate", address), sender, confirmations)

    @property
    def place(self) -> tuple[int, bytes]:
        """Chain and address, which attestations for it name."""
        return self.contract.chain.chain_id, self.contract.address

    def final_number(self) -> int:
        """The newest block that no reorganisation takes back; below zero where there is none yet."""
        return self.contract.chain.final_number(self._confirmations)

    def find(self, acceptance: str, block: int | str = LATEST) -> Known | None:
        """What the gate remembers of an acceptance, at a block."""
        try:
            found = self.contract.ask_named("find", bytes.fromhex(acceptance), block=block)
        except AbsentError:
            if block == LATEST:
                raise
            return None  # the gate is younger than the block
        if not found["state"]:
            return None
        return Known(
            state=State(found["state"]),
            held=found["held"],
            revision=found["revision"],
            moment=found["moment"],
            lapses_at=found["lapsesAt"],
        )

    def is_live(self, acceptance: str) -> bool:
        """Whether the gate is open for an acceptance."""
        return bool(self.contract.ask_one("isLive", bytes.fromhex(acceptance)))

    def acceptance_of(self, nullifier: int) -> str | None:
        """Whose a nullifier is here."""
        found = self.contract.ask_one("acceptanceOf", nullifier)
        return found.hex() if any(found) else None

    @property
    def verifiers(self) -> Quorum:
        """Whose word counts now."""
        return ask_quorum(self.contract, VERIFIERS)

    def submit(self, signed: Sequence[SignedAttestation]) -> Submission:
        """Tell the gate what verifiers said, with the signatures of those who said the same."""
        attestation = signed[0].attestation
        self._require_place(attestation.chain_id, attestation.contract)
        if self.knows(attestation):
            return Submission(Outcome.KNOWN)
        arguments = write_attestation(signed[0]), join_signatures(signed, self.verifiers)
        left = MOST_DISPLACED
        while not self.knows(attestation):
            try:
                return Submission(Outcome.SUBMITTED, self._require_sender().send(self.contract, "submit", *arguments))
            except DisplacedError:
                left -= 1
                if not left:
                    raise
            except RevertedError:
                if not self.knows(attestation):
                    raise
        return Submission(Outcome.KNOWN)

    def knows(self, said: Attestation, block: int | str = LATEST) -> bool:
        """Whether the gate has this or something newer, and whatever left by it has left there, too."""
        known = self.find(said.acceptance, block)
        if known is None or known.revision < said.revision:
            return False
        return known.revision == said.revision or all(
            self.contract.ask_one("hasLeft", nullifier, block=block) for nullifier in said.left
        )

    def _require_sender(self) -> Sender:
        if self._sender is None:
            expected = "an account that pays for transactions"
            raise InternalError(Reason.NO_SIGNER, "sender", found="none", expected=expected)
        return self._sender

    def _require_place(self, chain_id: int, contract: bytes) -> None:
        if (chain_id, contract) != self.place:
            chain, address = self.place
            found, expected = f"{chain_id} {spell(contract)}", f"{chain} {spell(address)}"
            raise RejectedError(Reason.WRONG_CONTEXT, "destination", found=found, expected=expected)


def ask_quorum(contract: Contract, role: bytes) -> Quorum:
    """Who speaks in a role of a council."""
    epoch, members, threshold = contract.ask("committeeOf", role)
    return Quorum(epoch, frozenset(bytes.fromhex(each.removeprefix("0x")) for each in members), threshold)


def write_attestation(signed: SignedForChain) -> tuple[Any, ...]:
    """The struct that contracts take: what travels of an attestation."""
    said = signed.attestation
    return (
        sha256(said.encode()).digest(),
        said.recipient,
        bytes.fromhex(said.acceptance),
        int(said.event),
        int(said.state),
        said.revision,
        said.position_tag,
        said.policy,
        list(said.held),
        list(said.left),
        said.moment,
        said.lapses_at,
    )


def join_signatures(signed: Sequence[SignedForChain], quorum: Quorum) -> list[bytes]:
    """As many signatures of one statement as have to be there, each of another member, by rising addresses."""
    digest = signed[0].attestation.digest
    by_address: dict[bytes, bytes] = {}
    for each in signed:
        require_chain_signature(each, ())
        if each.attestation.digest != digest:
            found, expected = "another statement", f"that of {digest.hex()}"
            raise RejectedError(Reason.CONFLICTING_FIELDS, "signatures", found=found, expected=expected)
        by_address[each.eip712_signer] = each.eip712_signature
    counting = sorted(address for address in by_address if address in quorum.members)
    if len(counting) < quorum.threshold:
        found, expected = f"{len(counting)} of members", f"{quorum.threshold} that are members of {digest.hex()[:16]}"
        raise RejectedError(Reason.TOO_FEW_SIGNERS, "signatures", found=found, expected=expected)
    return [by_address[address] for address in counting[: quorum.threshold]]
