"""The steps of acceptance by their numbers, and a refusal that says at which of them it was.

The numbers are the same in documents, code and answers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, Self, cast

from margin.errors import MarginError, Reason, RejectedError
from snark.errors import SnarkError


class Step(IntEnum):
    """What is asked of a claim, one thing after the other."""

    WELL_FORMED = 1
    KEY_ALLOWED = 2
    ROOTS_KNOWN = 3
    ROOTS_FRESH = 4
    CONTEXT_MINE = 5
    POLICY_SUFFICES = 6
    PROOF_VALID = 7
    UNUSED = 8
    """Nullifiers, acceptance and log leaf, in one transaction."""
    SIGN = 9


ASKED_AGAIN: Final = {
    Reason.WRONG_COUNT: Step.WELL_FORMED,
    Reason.WRONG_CONTEXT: Step.CONTEXT_MINE,
    Reason.EXPIRED: Step.CONTEXT_MINE,
    Reason.WRONG_POLICY: Step.POLICY_SUFFICES,
}
"""What a transaction refuses that earlier steps have asked already."""


class RefusedError(RejectedError):
    """A step said no; that is an answer."""

    step: Step

    @classmethod
    def at(cls, step: Step, refusal: MarginError | SnarkError) -> Self:
        """The refusal of a step."""
        error = cls(cast("Reason", refusal.reason), refusal.field, found=refusal.found, expected=refusal.expected)
        error.step = step
        return error

    def under(self, parent: str) -> "RefusedError":
        """The same error seen from one level further out."""
        return type(self).at(self.step, super().under(parent))


@contextmanager
def at_step(step: Step) -> Iterator[None]:
    """Whatever is rejected in this block is refused at a step, unless an earlier one has refused it already."""
    try:
        yield
    except RefusedError:
        raise
    except RejectedError as refusal:
        raise RefusedError.at(step, refusal) from None
    except SnarkError as refusal:
        if refusal.kind not in {"rejected", "malformed"}:
            raise
        raise RefusedError.at(step, refusal) from None


@contextmanager
def at_transaction() -> Iterator[None]:
    """The last step before signing, in which some of the earlier ones are asked again."""
    try:
        yield
    except RefusedError:
        raise
    except RejectedError as refusal:
        raise RefusedError.at(ASKED_AGAIN.get(refusal.reason, Step.UNUSED), refusal) from None
