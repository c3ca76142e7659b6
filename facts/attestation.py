"""A verifier's signed word on an acceptance: what its log says of it, and where it is good. It verifies alone.

    prefix, verifier, domain, chain id 8, contract, recipient,
    acceptance 32, event 1, state 1, revision 8, log index 8, moment 8, lapses at 8, position tag 32, policy 32,
    held: number 1 and 32 for each, left: number 1 and 32 for each, claim: length 2, id 32, key id 32, development 1

Texts and addresses have their length before them in 2 bytes. Everything about it comes out of one entry of the log and
the acceptance that the entry is about, its moment too, so that whoever has the same entry attests the same bytes.

Everybody can check the Ed25519 signature over these bytes. Where the destination is a contract with an address of 20
bytes, a chain can check it too: by a secp256k1 signature of the EIP-712 digest of what a contract needs, in which the
SHA-256 of the bytes stands first.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, Protocol, Self

from facts.bounds import require_chain_id
from facts.canonical import (
    DIGEST_BYTES,
    LENGTH_BYTES,
    ByteReader,
    encode_number,
    frame,
    prefix_of,
    require_length,
)
from facts.context import MAX_ADDRESS_BYTES, MAX_VERIFIER_BYTES
from facts.ed25519 import SIGNATURE_BYTES, verify_signature
from facts.elements import require_bits, require_element, require_range
from facts.log_entry import (
    MAX_HELD,
    MOMENT_BITS,
    Event,
    LogEntry,
    State,
    encode_set,
    read_set,
    require_identity,
    require_set,
)
from facts.log_proof import MAX_LOG_SIZE
from facts.policy import StatementPolicy
from facts.public_inputs import decode_key_id
from facts.secp256k1 import ADDRESS_BYTES, ChainSigner, address_of, recover_key, sign_for_chain
from facts.secp256k1 import SIGNATURE_BYTES as CHAIN_SIGNATURE_BYTES
from facts.typed_data import hash_bytes, hash_domain, hash_list, hash_struct, hash_typed_data, word
from margin.errors import MalformedError, Reason, RejectedError
from snark.bn254.constants import FIELD_BYTES

ATTESTATION_PREFIX: Final = prefix_of("attestation")
MAX_DOMAIN_BYTES: Final = 255
MAX_ATTESTATION_BYTES: Final = 4096
MAX_AHEAD_SECONDS: Final = 60
"""By so much a reader's clock may be behind that of the verifier."""
ATTESTATION_TYPE: Final = (
    "Attestation("
    "bytes32 statement,string verifier,string domain,bytes recipient,bytes32 acceptance,uint8 event,uint8 state,"
    "uint64 revision,uint256 positionTag,uint256 policy,uint256[] held,uint256[] left,uint64 moment,uint64 lapsesAt,"
    "bool isForDevelopment)"
)


@dataclass(frozen=True)
class Attestation:
    """What a verifier says."""

    verifier: str
    domain: str
    """The registry of nullifiers."""
    chain_id: int
    contract: bytes
    recipient: bytes
    acceptance: str
    """The id of the claim that was accepted first."""
    event: Event
    state: State
    revision: int
    """How many events the acceptance had before this one."""
    log_index: int
    """The leaf of the log that says the same."""
    moment: int
    lapses_at: int
    """From this second on it is not good unless it was refreshed."""
    position_tag: int
    policy: int
    """What was asked at entry, as the word that it is in a proof."""
    held: tuple[int, ...]
    """The nullifiers of the locks that are held after the event, in rising order."""
    left: tuple[int, ...]
    """Of those that left by it."""
    claim_id: str | None
    """The claim that the event rests on; a lapse has none."""
    key_id: str | None
    """The verifying key of its proof."""
    is_for_development: bool
    """The key was made for development, and nothing was proved."""

    def __post_init__(self) -> None:
        require_length(self.verifier.encode(), "verifier", MAX_VERIFIER_BYTES)
        require_length(self.domain.encode(), "domain", MAX_DOMAIN_BYTES)
        require_chain_id(self.chain_id)
        require_length(self.contract, "contract", MAX_ADDRESS_BYTES)
        require_length(self.recipient, "recipient", MAX_ADDRESS_BYTES)
        require_identity(self.acceptance, "acceptance")
        for name in ("revision", "moment", "lapses_at"):
            require_bits(getattr(self, name), name, MOMENT_BITS)
        require_range(self.log_index, "log_index", 0, MAX_LOG_SIZE - 1, "the index of a leaf")
        if require_element(self.position_tag, "position_tag") == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "position_tag", found="0", expected="an element above 0")
        StatementPolicy.decode(require_element(self.policy, "policy"))
        require_set(self.held, "held")
        require_set(self.left, "left")
        self._require_sense()

    def _require_sense(self) -> None:
        """What one field says another does not deny."""
        if (
            len({*self.held, *self.left}) != len(self.held) + len(self.left)
            or len(self.held) + len(self.left) > MAX_HELD
        ):
            expected = f"locks that are held or left, and at most {MAX_HELD} together"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "left", found="others", expected=expected)
        if self.held if self.state is State.RELEASED else self.state.is_live and not self.held:
            expected = "locks while an acceptance lives, and none when it is released"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "held", found=f"{len(self.held)} locks", expected=expected)
        if (self.claim_id is None) != (self.key_id is None):
            expected = "a claim and its key, or neither"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "claim_id", found="one of them", expected=expected)
        if self.claim_id is not None and self.key_id is not None:
            require_identity(self.claim_id, "claim_id")
            decode_key_id(self.key_id)

    def encode(self) -> bytes:
        """The canonical bytes, which are what is signed."""
        claim = bytes.fromhex(self.claim_id) + bytes.fromhex(self.key_id) if self.claim_id and self.key_id else b""
        numbers = (self.revision, self.log_index, self.moment, self.lapses_at)
        return b"".join(
            (
                ATTESTATION_PREFIX,
                frame(self.verifier.encode()),
                frame(self.domain.encode()),
                encode_number(self.chain_id),
                frame(self.contract),
                frame(self.recipient),
                bytes.fromhex(self.acceptance),
                bytes((self.event, self.state)),
                *map(encode_number, numbers),
                encode_number(self.position_tag, FIELD_BYTES),
                encode_number(self.policy, FIELD_BYTES),
                encode_set(self.held),
                encode_set(self.left),
                frame(claim),
                bytes((self.is_for_development,)),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "Attestation":
        """The attestation of canonical bytes; any other bytes are refused."""
        require_length(data, "attestation", MAX_ATTESTATION_BYTES)
        reader = ByteReader(data)
        reader.expect(ATTESTATION_PREFIX, "attestation")
        verifier, domain = (
            read_text(reader, "verifier", MAX_VERIFIER_BYTES),
            read_text(reader, "domain", MAX_DOMAIN_BYTES),
        )
        chain_id = reader.number("chain_id")
        contract, recipient = (reader.framed(name, MAX_ADDRESS_BYTES) for name in ("contract", "recipient"))
        acceptance = reader.take(DIGEST_BYTES, "acceptance").hex()
        event, state = reader.number("event", 1), reader.number("state", 1)
        revision, log_index, moment, lapses_at = map(reader.number, ("revision", "log_index", "moment", "lapses_at"))
        position_tag, policy = (reader.number(name, FIELD_BYTES) for name in ("position_tag", "policy"))
        held, left = read_set(reader, "held"), read_set(reader, "left")
        claim_id, key_id = read_claim(reader)
        is_for_development = require_range(reader.number("is_for_development", 1), "is_for_development", 0, 1, "0 or 1")
        reader.finish("attestation")
        return cls(
            verifier,
            domain,
            chain_id,
            contract,
            recipient,
            acceptance,
            Event(require_range(event, "event", min(Event), max(Event), "an event")),
            State(require_range(state, "state", min(State), max(State), "a state")),
            revision,
            log_index,
            moment,
            lapses_at,
            position_tag,
            policy,
            held,
            left,
            claim_id,
            key_id,
            bool(is_for_development),
        )

    @property
    def is_for_a_chain(self) -> bool:
        """Whether a contract with an address of 20 bytes is the destination."""
        return len(self.contract) == ADDRESS_BYTES

    @cached_property
    def digest(self) -> bytes:
        """The EIP-712 digest that the contract at the destination computes."""
        words = (
            sha256(self.encode()).digest(),
            hash_bytes(self.verifier.encode()),
            hash_bytes(self.domain.encode()),
            hash_bytes(self.recipient),
            bytes.fromhex(self.acceptance),
            word(self.event),
            word(self.state),
            word(self.revision),
            word(self.position_tag),
            word(self.policy),
            hash_list(self.held),
            hash_list(self.left),
            word(self.moment),
            word(self.lapses_at),
            word(self.is_for_development),
        )
        return hash_typed_data(hash_domain(self.chain_id, self.contract), hash_struct(ATTESTATION_TYPE, words))

    def require_restates(self, entry: LogEntry, index: int) -> None:
        """It says what an entry of the log says, at the place where that stands."""
        claim = (entry.claim.id, entry.claim.key_id) if entry.claim else (None, None)
        said = {name: getattr(entry, name) for name in ENTRY_FIELDS}
        said |= {"log_index": index, "claim_id": claim[0], "key_id": claim[1]}
        if entry.claim and entry.event is not Event.SEIZE:
            said["position_tag"] = entry.claim.inputs.position_tag
        for name, value in said.items():
            if getattr(self, name) != value:
                expected = "what the entry of the log says"
                raise RejectedError(Reason.CONFLICTING_FIELDS, name, found="something else", expected=expected)


ENTRY_FIELDS: Final = ("acceptance", "event", "state", "revision", "moment", "lapses_at", "held", "left")
"""What an attestation has in common with the entry that it restates."""


def read_text(reader: ByteReader, field: str, most: int) -> str:
    """A text with its length before it."""
    try:
        return reader.framed(field, most).decode()
    except UnicodeDecodeError:
        raise MalformedError(Reason.NOT_READABLE, field, found="other bytes", expected="UTF-8") from None


def read_claim(reader: ByteReader) -> tuple[str, str] | tuple[None, None]:
    """The ids of a claim and of its key, or neither."""
    length = reader.number("claim_id", LENGTH_BYTES)
    if length == 0:
        return None, None
    if length != 2 * DIGEST_BYTES:
        expected = f"{2 * DIGEST_BYTES} bytes, or none"
        raise MalformedError(Reason.WRONG_COUNT, "claim_id", found=f"{length} bytes", expected=expected)
    return reader.take(DIGEST_BYTES, "claim_id").hex(), reader.take(DIGEST_BYTES, "key_id").hex()


# --- Signed ------------------------------------------------------------------------------------------

CHAIN_PARTS: Final = {
    "eip712_digest": DIGEST_BYTES,
    "eip712_signer": ADDRESS_BYTES,
    "eip712_signature": CHAIN_SIGNATURE_BYTES,
}


@dataclass(frozen=True, slots=True)
class SignedAttestation:
    """An attestation with the signatures under it; nothing in it is believed before it was verified."""

    attestation: Attestation
    ed25519_key_id: bytes
    """The SHA-256 of the public key."""
    ed25519_signature: bytes
    eip712_digest: bytes = b""
    """Empty, like what follows, where no chain can check it."""
    eip712_signer: bytes = b""
    """The address of whoever signed."""
    eip712_signature: bytes = b""

    def __post_init__(self) -> None:
        for name, length in (("ed25519_key_id", DIGEST_BYTES), ("ed25519_signature", SIGNATURE_BYTES)):
            require_exactly(getattr(self, name), length, name)
        if any((self.eip712_digest, self.eip712_signer, self.eip712_signature)):
            for name, length in (
                ("digest", DIGEST_BYTES),
                ("signer", ADDRESS_BYTES),
                ("signature", CHAIN_SIGNATURE_BYTES),
            ):
                require_exactly(getattr(self, f"eip712_{name}"), length, f"eip712_{name}")

    @property
    def is_signed_for_a_chain(self) -> bool:
        """Whether there is a signature that a contract can check."""
        return bool(self.eip712_signature)


class SignedForChain(Protocol):
    """An attestation with a signature that a contract can check."""

    @property
    def attestation(self) -> Attestation:
        """What is said."""

    @property
    def eip712_digest(self) -> bytes:
        """What was signed of it."""

    @property
    def eip712_signer(self) -> bytes:
        """The address of whoever signed."""

    @property
    def eip712_signature(self) -> bytes:
        """By which that can be seen."""

    @property
    def is_signed_for_a_chain(self) -> bool:
        """Whether there is one."""


@dataclass(frozen=True, slots=True)
class ChainWord:
    """An attestation that is signed for chains alone, as observers of a gate do; its signature says who it is of."""

    attestation: Attestation
    eip712_signature: bytes
    eip712_signer: bytes

    @classmethod
    def of(cls, attestation: Attestation, signature: bytes) -> Self:
        """By a signature, which leads to an address; whether that one counts is for a contract to say."""
        require_exactly(signature, CHAIN_SIGNATURE_BYTES, "signature")
        if not attestation.is_for_a_chain:
            found, expected = f"{len(attestation.contract)} bytes", f"a contract of {ADDRESS_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "contract", found=found, expected=expected)
        return cls(attestation, signature, address_of(recover_key(attestation.digest, signature, "signature")))

    @classmethod
    def sign(cls, attestation: Attestation, signer: ChainSigner) -> Self:
        """With a key."""
        return cls.of(attestation, sign_for_chain(attestation.digest, signer))

    @property
    def eip712_digest(self) -> bytes:
        """What was signed."""
        return self.attestation.digest

    @property
    def is_signed_for_a_chain(self) -> bool:
        """It is nothing else."""
        return True


def require_exactly(data: bytes, length: int, field: str) -> None:
    """So many bytes."""
    if len(data) != length:
        raise MalformedError(Reason.WRONG_COUNT, field, found=f"{len(data)} bytes", expected=f"{length} bytes")


def name_key(public_key: bytes) -> bytes:
    """The id of an Ed25519 key."""
    return sha256(public_key).digest()


def authenticate_attestation(
    unverified: SignedAttestation, *, keys: Collection[bytes], signers: Collection[bytes] = ()
) -> Attestation:
    """Raise unless one of ``keys`` signed it; whether it is good at some moment is another question.

    With ``signers`` one of them has to have signed for a chain, too. Without, a signature for a chain vouches for
    nothing, but one that is of another message, or of somebody else than it says, still refuses the whole.
    """
    key = next((each for each in keys if name_key(each) == unverified.ed25519_key_id), None)
    if key is None:
        found = unverified.ed25519_key_id.hex()
        raise RejectedError(Reason.UNKNOWN_SIGNER, "ed25519_key_id", found=found, expected="a key that is trusted")
    verify_signature(key, unverified.attestation.encode(), unverified.ed25519_signature, "ed25519_signature")
    if signers or unverified.is_signed_for_a_chain:
        require_chain_signature(unverified, signers)
    return unverified.attestation


def require_chain_signature(unverified: SignedForChain, signers: Collection[bytes]) -> None:
    """What a contract would check, against the same attestation."""
    attestation = unverified.attestation
    if not unverified.is_signed_for_a_chain or not attestation.is_for_a_chain:
        found, expected = "no signature, or no address of 20 bytes", "a signature for the chain of the destination"
        raise RejectedError(Reason.TOO_FEW_SIGNERS, "eip712_signature", found=found, expected=expected)
    if unverified.eip712_digest != attestation.digest:
        found, expected = unverified.eip712_digest.hex(), f"that of the statement, {attestation.digest.hex()}"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "eip712_digest", found=found, expected=expected)
    if signers and unverified.eip712_signer not in signers:
        found, expected = unverified.eip712_signer.hex(), "an address that is trusted"
        raise RejectedError(Reason.UNKNOWN_SIGNER, "eip712_signer", found=found, expected=expected)
    signer = address_of(recover_key(attestation.digest, unverified.eip712_signature, "eip712_signature"))
    if signer != unverified.eip712_signer:
        expected = f"a signature of 0x{unverified.eip712_signer.hex()}"
        raise RejectedError(Reason.WRONG_SIGNATURE, "eip712_signature", found=f"0x{signer.hex()}", expected=expected)


def verify_attestation(
    unverified: SignedAttestation,
    *,
    keys: Collection[bytes],
    signers: Collection[bytes] = (),
    moment: int,
    max_ahead_seconds: int = MAX_AHEAD_SECONDS,
    allow_development: bool = False,
) -> Attestation:
    """Raise unless it is the verifier's word on an acceptance that lives, and has not lapsed at a moment."""
    attestation = authenticate_attestation(unverified, keys=keys, signers=signers)
    require_proved(attestation, allow_development=allow_development)
    require_live(attestation, moment, max_ahead_seconds)
    return attestation


def require_proved(attestation: Attestation, *, allow_development: bool) -> None:
    """Something was proved, or it was said that nothing needs to be."""
    if attestation.is_for_development and not allow_development:
        found, expected = "a key for development", "a key of a ceremony"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "is_for_development", found=found, expected=expected)


def require_live(attestation: Attestation, moment: int, max_ahead_seconds: int) -> None:
    """The acceptance can be relied on at a moment."""
    if not attestation.state.is_live:
        found, expected = attestation.state.name.lower(), "an acceptance that is live"
        raise RejectedError(Reason.WRONG_STATE, "state", found=found, expected=expected)
    if moment < attestation.moment - max_ahead_seconds:
        expected = f"at most {max_ahead_seconds} s after {moment}"
        raise RejectedError(Reason.FROM_THE_FUTURE, "moment", found=attestation.moment, expected=expected)
    if moment >= attestation.lapses_at:
        expected = f"a moment before {attestation.lapses_at}"
        raise RejectedError(Reason.EXPIRED, "lapses_at", found=moment, expected=expected)
