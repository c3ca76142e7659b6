"""What a verifier answers when it applies a change of positions.

The receipt holds the entry of the log, and the head over it is signed. The fields beside it say the same for whoever
does not read the entry's bytes; an answer in which they say anything else is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from facts.applied_transition import AppliedTransition, TransitionKind
from facts.log_head import LogKey
from margin.errors import MalformedError, Reason
from ringfence.v1 import claim_pb2, verifier_service_pb2
from ringfence.wire.claim import Refusal, read_verdict
from ringfence.wire.elements import reading, require_part, write_field_element, write_identity, write_moment
from ringfence.wire.log import LogReceipt, read_receipt, write_receipt

KIND_NUMBERS: Final[Mapping[TransitionKind, verifier_service_pb2.TransitionKind]] = MappingProxyType(
    {
        TransitionKind.TRANSITION: verifier_service_pb2.TRANSITION_KIND_TRANSITION,
        TransitionKind.LIQUIDATION: verifier_service_pb2.TRANSITION_KIND_LIQUIDATION,
    }
)


@dataclass(frozen=True, slots=True)
class AppliedAnswer:
    """A transition that was applied, and the log that says so."""

    entry: AppliedTransition
    receipt: LogReceipt


def write_applied(entry: AppliedTransition, index: int) -> verifier_service_pb2.AppliedTransition:
    """An entry of the log as a message."""
    return verifier_service_pb2.AppliedTransition(
        claim_id=write_identity(entry.id),
        kind=KIND_NUMBERS[entry.kind],
        nullifiers=map(write_field_element, entry.spent),
        leaves=map(write_field_element, entry.leaves),
        key_id=write_identity(entry.claim.key_id),
        is_for_development=entry.is_for_development,
        applied_at_seconds=write_moment(entry.moment),
        log_index=index,
    )


def write_application(answer: AppliedAnswer) -> verifier_service_pb2.ApplyTransitionResponse:
    """What was applied, as the response of its method."""
    return verifier_service_pb2.ApplyTransitionResponse(
        verdict=claim_pb2.VERDICT_VALID,
        transition=write_applied(answer.entry, answer.receipt.index),
        receipt=write_receipt(answer.receipt),
    )


def read_application(
    message: verifier_service_pb2.ApplyTransitionResponse, keys: Sequence[LogKey]
) -> AppliedAnswer | Refusal:
    """What became of a claim: a refusal and nothing else, or what the log says of it, in which all parts agree."""
    refusal = read_verdict(message.verdict, message.refusal if message.HasField("refusal") else None)
    if refusal is not None:
        require_alone(message)
        return refusal
    for part in ("transition", "receipt"):
        require_part(message, part, "")
    receipt = read_receipt(message.receipt, keys)
    with reading("receipt.leaf"):
        entry = AppliedTransition.decode(receipt.leaf)
    if message.transition != write_applied(entry, receipt.index):
        found, expected = "something else", "what the entry of the log says"
        raise MalformedError(Reason.CONFLICTING_FIELDS, "transition", found=found, expected=expected)
    return AppliedAnswer(entry, receipt)


def require_alone(message: verifier_service_pb2.ApplyTransitionResponse) -> None:
    """Nothing stands beside a refusal."""
    for part in ("transition", "receipt"):
        if message.HasField(part):
            expected = "nothing beside a refusal"
            raise MalformedError(Reason.CONFLICTING_FIELDS, part, found="one", expected=expected)
