"""What a verifier answered about positions that changed, held against the claim and against what the caller pins.

The entry of the log is the verifier's word: the head over it is signed, and it says what was spent, what stands in the
book from now on, and by which claim.
"""

from dataclasses import dataclass

from facts.anchor import Anchor
from facts.applied_transition import AppliedTransition
from facts.demand import describe_stated
from facts.log_head import SignedHead
from margin.errors import Reason, RejectedError
from ringfence.client.answers import identify, require_same
from ringfence.wire.application import AppliedAnswer
from ringfence.wire.claim import UnverifiedClaim


@dataclass(frozen=True, slots=True)
class Succession:
    """New leaves of a book that stand in the place of old ones, and everything by which anybody else can check that."""

    entry: AppliedTransition
    index: int
    """The leaf of the log."""
    head: SignedHead

    @property
    def id(self) -> str:
        """The id of the claim."""
        return self.entry.id


def check_application(answer: AppliedAnswer, claim: UnverifiedClaim, anchor: Anchor, moment: int) -> Succession:
    """An answer about this claim, in a log that the caller trusts."""
    entry = answer.entry
    kind, leaves = describe_stated(claim.demand.policy)
    require_same("transition.claim_id", entry.id, identify(claim))
    require_same("transition.key_id", entry.claim.key_id, claim.key_id)
    require_same("transition.public_inputs", entry.claim.inputs, claim.inputs)
    require_same("transition.kind", entry.kind, kind)
    require_same("transition.leaves", entry.leaves, leaves)
    if entry.is_for_development and not anchor.allow_development:
        found, expected = "a key for development", "a key of a ceremony"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "is_for_development", found=found, expected=expected)
    if entry.moment > moment + anchor.max_ahead_seconds:
        expected = f"at most {anchor.max_ahead_seconds} s after {moment}"
        raise RejectedError(Reason.FROM_THE_FUTURE, "moment", found=entry.moment, expected=expected)
    return Succession(entry, answer.receipt.index, answer.receipt.head)
