"""Whether a venue could seize what an acceptance holds: looked into before a gate is told that it may be relied on.

A verifier cannot open what a trader sealed for the venue, so that nobody but the venue can say what it is worth. Of
each lock that is held it has to be

    opened       by the venue's key, and the claim of a release of this very lock
    for here     this verifier and domain, the door ``seize`` of an escrow that is named, and this venue is paid
    proved       under the key that is pinned, by which the escrow checks, too
    long enough  good for a SEIZURE_WINDOW longer than the acceptance lives; and that no longer than an exit waits
    payable      the escrow has not paid the lock, and the root of locks that it is proved under counts there

The first three never change; the others are looked at whenever an attestation is to be carried. A root that is not
there yet is waited for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from chains.contracts import Contract, Face, find_escrow
from chains.relaying import Place
from chains.roots import RootKind
from chains.rpc import Chain, spell
from facts.anchor import Anchor
from facts.attestation import Attestation
from facts.demand import ReleaseDemand
from facts.public_inputs import unused_input
from facts.roots import Roots
from facts.sealed_release import ReleaseKey, open_release_key
from margin.errors import MalformedError, MarginError, MisuseError, Reason, RejectedError
from ringfence.cli.passphrase import read_passphrase_file
from ringfence.cli.relay_settings import ReleaseSettings
from ringfence.client.answers import Holding
from ringfence.client.release import open_claim
from ringfence.wire.claim import UnverifiedClaim
from snark.errors import InternalError as BrokenProverError
from snark.errors import SnarkError
from snark.groth16.formats.verification_key import read_verifying_key
from snark.groth16.keys import VerifyingKey, require_pinned
from verifier.claim import Expectation, verify_claim

SEIZE: Final = "seize"
SEALED: Final = "sealed_release"
MOST_OPENED: Final = 65_536
"""So many are not looked into again."""
PROOFS: Final = Face(
    "IProofVerifier",
    [{"type": "function", "name": "KEY_ID", "inputs": [], "outputs": [{"type": "bytes32", "name": ""}]}],
)
"""What checks proofs for an escrow."""
STRANGER_S: Final = (MalformedError, RejectedError, MisuseError)
"""What a trader can cause by what it sealed."""
Clock = Callable[[], int]


class Left(Protocol):
    """Whoever has what traders left."""

    def find_left(self, acceptance: str) -> tuple[Holding, tuple[bytes, ...]]:
        """An acceptance with the sealed release of each lock that it holds; none for who may not see them."""


@dataclass(frozen=True, slots=True)
class Escrow:
    """Where locks are seized, and what it says of itself for good."""

    contract: Contract
    window: int
    """For so long after a lapse a lock can be seized, whatever its owner does."""
    longest_period: int
    """No acceptance may live for longer, or its locks could leave before."""

    @classmethod
    def open(cls, chain: Chain, address: bytes) -> "Escrow":
        """The escrow that stands at an address."""
        contract = find_escrow(chain, address)
        return cls(contract, contract.ask_one("SEIZURE_WINDOW"), contract.ask_one("longestPeriod"))

    @property
    def key_id(self) -> str:
        """The key by which it checks releases."""
        address = bytes.fromhex(self.contract.ask_one("RELEASES")[2:])
        key_id: bytes = Contract(self.contract.chain, PROOFS, address).ask_one("KEY_ID")
        return key_id.hex()

    @property
    def door(self) -> tuple[int, bytes]:
        """What a release has to be bound to: address and selector, as Solidity writes a function."""
        return self.contract.chain.chain_id, self.contract.address + self.contract.face.select(SEIZE)


@dataclass(frozen=True, slots=True)
class Opened:
    """A release that holds, with what is still to be asked of it."""

    escrow: Escrow
    lock_root: int
    expiry: int


@dataclass(slots=True)
class SealedRecourse:
    """A venue with the key that opens what was left for it."""

    anchor: Anchor
    key: ReleaseKey
    verifying_key: VerifyingKey
    recipient: bytes
    escrows: Mapping[Place, Escrow]
    """By the doors that releases name."""
    left: Left
    clock: Clock
    _opened: dict[tuple[str, int], Opened] = field(default_factory=dict)

    def require(self, said: Attestation) -> None:
        """Raise unless every lock that is held could be seized: NO_RECOURSE where it never can."""
        if any((said.acceptance, nullifier) not in self._opened for nullifier in said.held):
            self._open_all(said)
        for nullifier in said.held:
            require_payable(nullifier, self._opened[said.acceptance, nullifier], said)

    def _open_all(self, said: Attestation) -> None:
        """Whatever was not looked into before."""
        holding, sealed = self.left.find_left(said.acceptance)
        held = holding.attestation.held
        for nullifier in said.held:
            if nullifier not in held:
                expected = f"a lock that acceptance {said.acceptance[:16]} holds now"
                raise RejectedError(Reason.NULLIFIER_NOT_HELD, "held", found=str(nullifier), expected=expected)
        if not sealed:
            found, expected = "none", "those that were left for the venue, which a caller of role venue is shown"
            raise RejectedError(Reason.NO_RECOURSE, "sealed_releases", found=found, expected=expected)
        by_nullifier = dict(zip(held, sealed, strict=True))
        for nullifier in said.held:
            if (said.acceptance, nullifier) not in self._opened:
                self._opened[said.acceptance, nullifier] = self._open(nullifier, by_nullifier[nullifier])
        while len(self._opened) > max(MOST_OPENED, len(said.held)):
            del self._opened[next(iter(self._opened))]

    def _open(self, nullifier: int, sealed: bytes) -> Opened:
        """What was left for one lock, if it is the release of that lock for this venue."""
        try:
            return self._read(nullifier, open_claim(sealed, self.key))
        except BrokenProverError:
            raise
        except (*STRANGER_S, SnarkError) as error:
            raise refuse(nullifier, f"{error.reason} in {error.field}", error.expected) from None

    def _read(self, nullifier: int, claim: UnverifiedClaim) -> Opened:
        """The claim, if it holds."""
        demand, binding = claim.demand, claim.demand.binding
        require_same("verifying_key", claim.key_id, self.verifying_key.id)
        require_same("nullifier", ", ".join(map(str, claim.inputs.nullifiers)), str(nullifier))
        require_same("domain", demand.domain, self.anchor.domain)
        require_same("verifier", binding.verifier, self.anchor.verifier)
        escrow = self.escrows.get((binding.chain_id, binding.contract))
        if escrow is None:
            found, expected = f"{binding.chain_id} {spell(binding.contract)}", f"`{SEIZE}` of an escrow of the settings"
            raise RejectedError(Reason.WRONG_CONTEXT, "contract", found=found, expected=expected)
        require_same("recipient", spell(binding.recipient), spell(self.recipient))
        if not isinstance(demand.policy, ReleaseDemand):
            raise RejectedError(Reason.WRONG_POLICY, "demand", found="another statement", expected="a release")
        roots = Roots(unused_input("book_root"), unused_input("market_root"), claim.inputs.lock_root)
        verify_claim(self.verifying_key, claim.values, claim.proof, Expectation(demand, roots, self.clock()))
        return Opened(escrow, claim.inputs.lock_root, binding.expiry)


def open_recourse(
    settings: ReleaseSettings, anchor: Anchor, chains: Mapping[int, Chain], left: Left, clock: Clock
) -> SealedRecourse:
    """What a venue looks by, as the settings say."""
    unpinned = read_verifying_key(settings.verifying_key, allow_development_keys=anchor.allow_development)
    key = require_pinned(unpinned, (settings.verifying_key_id,))
    escrows = [Escrow.open(chains[place.chain_id], place.address) for place in settings.escrows]
    for escrow in escrows:
        require_same("verifying_key_id", settings.verifying_key_id, escrow.key_id)
    return SealedRecourse(
        anchor,
        open_release_key(settings.key, read_passphrase_file(settings.passphrase)),
        key,
        settings.recipient,
        {escrow.door: escrow for escrow in escrows},
        left,
        clock,
    )


# --- What is asked each time -----------------------------------------------------------------------------


def require_payable(nullifier: int, opened: Opened, said: Attestation) -> None:
    """The escrow would pay by it until the time for that is over."""
    escrow = opened.escrow
    if said.lapses_at - said.moment > escrow.longest_period:
        found, expected = (
            f"{said.lapses_at - said.moment} seconds",
            f"at most the {escrow.longest_period} of the escrow",
        )
        raise refuse(nullifier, f"an acceptance of {found}", expected)
    if opened.expiry < said.lapses_at + escrow.window:
        found, expected = f"a release that is good until {opened.expiry}", f"until {said.lapses_at + escrow.window}"
        raise refuse(nullifier, found, expected)
    if escrow.contract.ask_one("isPaid", nullifier):
        raise refuse(nullifier, "a lock that was paid out", "one that the escrow has")
    if not escrow.contract.ask_one("momentOf", RootKind.LOCK, opened.lock_root):
        expected = f"a root of locks that was posted at {spell(escrow.contract.address)}"
        raise RejectedError(Reason.NOT_ACTIVE, f"{SEALED}.lock_root", found=str(opened.lock_root), expected=expected)


def refuse(nullifier: int, found: str, expected: str) -> MarginError:
    """That a lock could not be taken, and why."""
    return RejectedError(Reason.NO_RECOURSE, f"{SEALED}[{nullifier}]", found=found, expected=expected)


def require_same(name: str, found: str, expected: str) -> None:
    """It is what it has to be."""
    if found != expected:
        raise RejectedError(Reason.WRONG_CONTEXT, name, found=found, expected=expected)
