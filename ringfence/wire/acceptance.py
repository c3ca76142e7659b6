"""Acceptances and attestations, and what a verifier answers when it makes or changes an acceptance.

Accepting, refreshing, releasing and seizing have answers of one form: a verdict, and with it either the refusal, or the
acceptance with the attestation and the log receipt that hold it up. They are written and read here for all of them.
Nothing that is read here is believed: signatures and what the three say of each other are for the reader to check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from facts.attestation import CHAIN_PARTS, MAX_ATTESTATION_BYTES, Attestation, SignedAttestation
from facts.canonical import DIGEST_BYTES
from facts.demand import Demand
from facts.ed25519 import SIGNATURE_BYTES
from facts.elements import require_element
from facts.log_entry import MAX_HELD, MOMENT_BITS, State, require_identity, require_set
from facts.log_head import LogKey
from facts.log_proof import MAX_LOG_SIZE
from facts.public_inputs import decode_key_id
from margin.bounds import MAX_HOLDINGS
from margin.errors import MalformedError, Reason
from ringfence.v1 import verifier_service_pb2
from ringfence.wire.claim import Refusal, read_demand, read_verdict, write_demand, write_refusal, write_verdict
from ringfence.wire.elements import (
    join,
    read_bytes,
    read_choice,
    read_count,
    read_field_element,
    read_identity,
    read_range,
    reading,
    require_part,
    write_field_element,
    write_identity,
    write_moment,
)
from ringfence.wire.log import LogReceipt, read_receipt, write_receipt

LARGEST_SEALED_RELEASE: Final = 4096
STATES: Final[Mapping[verifier_service_pb2.AcceptanceState, State]] = MappingProxyType(
    {
        verifier_service_pb2.ACCEPTANCE_STATE_ACCEPTED: State.ACCEPTED,
        verifier_service_pb2.ACCEPTANCE_STATE_REFRESHED: State.REFRESHED,
        verifier_service_pb2.ACCEPTANCE_STATE_RELEASED: State.RELEASED,
        verifier_service_pb2.ACCEPTANCE_STATE_LAPSED: State.LAPSED,
        verifier_service_pb2.ACCEPTANCE_STATE_SEIZED: State.SEIZED,
    }
)
STATE_NUMBERS: Final = MappingProxyType({state: number for number, state in STATES.items()})


@dataclass(frozen=True, slots=True)
class AcceptanceReport:
    """What a verifier tells of an acceptance."""

    id: str
    state: State
    position_tag: int
    nullifiers: tuple[int, ...]
    """Of the locks that are held, in rising order."""
    demand: Demand
    """What was demanded and proved last."""
    key_id: str
    is_for_development: bool
    accepted_at: int
    refreshed_at: int
    lapses_at: int
    revision: int
    """How many changes came before the last one, as its entry in the log counts them."""
    log_index: int

    def __post_init__(self) -> None:
        require_identity(self.id, "id")
        decode_key_id(self.key_id)
        require_element(self.position_tag, "position_tag")
        require_set(self.nullifiers, "nullifiers")
        if self.refreshed_at < self.accepted_at:
            found, expected = self.refreshed_at, f"{self.accepted_at} or later"
            raise MalformedError(Reason.OUT_OF_BOUNDS, "refreshed_at", found=found, expected=expected)


def read_acceptance(message: verifier_service_pb2.Acceptance, field: str = "acceptance") -> AcceptanceReport:
    """What a verifier tells of an acceptance, whole and well formed."""
    require_part(message, "demand", field)
    held = read_nullifiers(message.nullifiers, join(field, "nullifiers"))
    with reading(join(field, "nullifiers")):
        require_set(held, "nullifiers")
    accepted_at = read_kept_moment(message.accepted_at_seconds, join(field, "accepted_at_seconds"), 1)
    return AcceptanceReport(
        id=read_identity(message.id, join(field, "id")),
        state=read_choice(message.state, STATES, join(field, "state")),
        position_tag=read_field_element(message.position_tag, join(field, "position_tag")),
        nullifiers=held,
        demand=read_demand(message.demand, join(field, "demand")),
        key_id=read_identity(message.key_id, join(field, "key_id")),
        is_for_development=message.is_for_development,
        accepted_at=accepted_at,
        refreshed_at=read_kept_moment(message.refreshed_at_seconds, join(field, "refreshed_at_seconds"), accepted_at),
        lapses_at=read_kept_moment(message.lapses_at_seconds, join(field, "lapses_at_seconds"), 1),
        revision=read_range(message.revision, join(field, "revision"), 0, 2**MOMENT_BITS - 1),
        log_index=read_range(message.log_index, join(field, "log_index"), 0, MAX_LOG_SIZE - 1),
    )


def read_kept_moment(seconds: int, field: str, least: int) -> int:
    """A moment as a store keeps it."""
    return read_range(seconds, field, least, 2**MOMENT_BITS - 1)


def write_acceptance(report: AcceptanceReport) -> verifier_service_pb2.Acceptance:
    """An acceptance as a message."""
    return verifier_service_pb2.Acceptance(
        id=write_identity(report.id),
        state=STATE_NUMBERS[report.state],
        position_tag=write_field_element(report.position_tag),
        nullifiers=map(write_field_element, report.nullifiers),
        demand=write_demand(report.demand),
        key_id=write_identity(report.key_id),
        is_for_development=report.is_for_development,
        accepted_at_seconds=write_moment(report.accepted_at),
        refreshed_at_seconds=write_moment(report.refreshed_at),
        lapses_at_seconds=write_moment(report.lapses_at),
        revision=report.revision,
        log_index=report.log_index,
    )


def read_state_filter(number: verifier_service_pb2.AcceptanceState, field: str = "state") -> State | None:
    """The state that a list is asked for; unspecified: all."""
    return read_choice(number, STATES, field) if number else None


def read_nullifiers(nullifiers: Sequence[bytes], field: str, least: int = 0) -> tuple[int, ...]:
    """Nullifiers in the order in which they came, none of them twice."""
    read_count(nullifiers, field, least, MAX_HELD)
    values = tuple(read_field_element(each, f"{field}[{place}]") for place, each in enumerate(nullifiers))
    if len(set(values)) != len(values):
        raise MalformedError(Reason.DUPLICATE_FIELD, field, found="one twice", expected="different nullifiers")
    return values


def read_sealed_releases(sealed: Sequence[bytes], field: str = "sealed_releases") -> tuple[bytes, ...]:
    """What a trader leaves for the venue: nothing, or something for each nullifier."""
    read_count(sealed, field, 0, MAX_HOLDINGS)
    return tuple(read_bytes(each, f"{field}[{place}]", 1, LARGEST_SEALED_RELEASE) for place, each in enumerate(sealed))


# --- Attestations ----------------------------------------------------------------------------------------


def read_attestation(message: verifier_service_pb2.Attestation, field: str = "attestation") -> SignedAttestation:
    """A signed attestation, whole and well formed."""
    read_bytes(message.statement, join(field, "statement"), 1, MAX_ATTESTATION_BYTES)
    with reading(join(field, "statement")):
        attestation = Attestation.decode(message.statement)
    signed_for_a_chain = any(getattr(message, name) for name in CHAIN_PARTS)
    for name, length in CHAIN_PARTS.items() if signed_for_a_chain else ():
        read_bytes(getattr(message, name), join(field, name), length, length)
    return SignedAttestation(
        attestation,
        read_bytes(message.ed25519_key_id, join(field, "ed25519_key_id"), DIGEST_BYTES, DIGEST_BYTES),
        read_bytes(message.ed25519_signature, join(field, "ed25519_signature"), SIGNATURE_BYTES, SIGNATURE_BYTES),
        message.eip712_digest,
        message.eip712_signer,
        message.eip712_signature,
    )


def write_attestation(signed: SignedAttestation) -> verifier_service_pb2.Attestation:
    """A signed attestation as a message."""
    return verifier_service_pb2.Attestation(
        statement=signed.attestation.encode(),
        ed25519_key_id=signed.ed25519_key_id,
        ed25519_signature=signed.ed25519_signature,
        eip712_digest=signed.eip712_digest,
        eip712_signer=signed.eip712_signer,
        eip712_signature=signed.eip712_signature,
    )


# --- Answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """An acceptance with what holds it up."""

    acceptance: AcceptanceReport
    attestation: SignedAttestation
    receipt: LogReceipt


Told = verifier_service_pb2.GetAcceptanceResponse | verifier_service_pb2.WatchAcceptancesResponse
DecidedT = TypeVar(
    "DecidedT",
    verifier_service_pb2.AcceptCollateralResponse,
    verifier_service_pb2.RefreshAcceptanceResponse,
    verifier_service_pb2.ReleaseCollateralResponse,
    verifier_service_pb2.SeizeCollateralResponse,
)


def write_decision(response: type[DecidedT], decision: Answer | Refusal) -> DecidedT:
    """What became of a request, as the response of its method."""
    if isinstance(decision, Refusal):
        return response(verdict=write_verdict(decision), refusal=write_refusal(decision))
    return response(
        verdict=write_verdict(None),
        acceptance=write_acceptance(decision.acceptance),
        attestation=write_attestation(decision.attestation),
        receipt=write_receipt(decision.receipt),
    )


def read_decision(message: DecidedT, keys: Sequence[LogKey]) -> Answer | Refusal:
    """What became of a request: a refusal and nothing else, or an acceptance with all that holds it up."""
    refusal = read_verdict(message.verdict, message.refusal if message.HasField("refusal") else None)
    if refusal is None:
        return read_answer(message, keys)
    for part in ("acceptance", "attestation", "receipt"):
        if message.HasField(part):
            expected = "nothing beside a refusal"
            raise MalformedError(Reason.CONFLICTING_FIELDS, part, found="one", expected=expected)
    return refusal


def read_answer(message: DecidedT | Told, keys: Sequence[LogKey]) -> Answer:
    """The acceptance in a message, with its attestation and its receipt."""
    for part in ("acceptance", "attestation", "receipt"):
        require_part(message, part, "")
    return Answer(
        read_acceptance(message.acceptance),
        read_attestation(message.attestation),
        read_receipt(message.receipt, keys),
    )
