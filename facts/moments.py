"""Moments in whole seconds since 1970, always given by the caller: nothing here looks at a clock."""

from typing import Final

from facts.bounds import require_number
from margin.bounds import require_integer
from margin.errors import Reason, RejectedError

MOMENT_BITS: Final = 40
"""34,000 years."""
MAX_SPAN_SECONDS: Final = 10 * 366 * 86_400


def require_moment(value: object, field: str) -> int:
    """A moment; 1970 itself is none."""
    return require_number(value, field, MOMENT_BITS, "seconds since 1970")


def require_span(value: object, field: str) -> int:
    """A length of time: from none to ten years."""
    return require_integer(value, field, 0, MAX_SPAN_SECONDS, "seconds")


def require_recent(stated: int, moment: int, *, max_age_seconds: int, max_ahead_seconds: int, field: str) -> None:
    """What was stated is not older than its age allows, and not further ahead than clocks differ."""
    if stated > moment + max_ahead_seconds:
        expected = f"at most {max_ahead_seconds} s after {moment}"
        raise RejectedError(Reason.FROM_THE_FUTURE, field, found=stated, expected=expected)
    if moment - stated > max_age_seconds:
        expected = f"at most {max_age_seconds} s before {moment}"
        raise RejectedError(Reason.TOO_OLD, field, found=stated, expected=expected)
