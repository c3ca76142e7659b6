"""How long a broken watch is taken up again before nobody is there."""

from typing import Final

from ringfence.client.errors import ClientError, StatusError, UnreachableError

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
BREAKS_FOR_EACH_ATTEMPT: Final = 3
PASSING: Final = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED", "ABORTED"})
"""Codes of a server that says: not now."""


class Patience:
    """Spent by breaks in a row, restored by whatever arrives."""

    def __init__(self, attempts: int) -> None:
        self._most = attempts * BREAKS_FOR_EACH_ATTEMPT
        self._breaks = 0

    def restore(self) -> None:
        """Something arrived."""
        self._breaks = 0

    def spend(self, error: ClientError | None) -> float:
        """How long to wait after a break, or the error where waiting does not help; None is an end without one."""
        if error is not None and not passes(error):
            raise error
        self._breaks += 1
        if error is not None and self._breaks >= self._most:
            raise error
        told = error.retry_milliseconds if isinstance(error, StatusError) else None
        backoff: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._breaks - 1))
        return max((told or 0) / 1000, backoff)


def passes(error: ClientError) -> bool:
    """Whether it may be otherwise in a moment."""
    return isinstance(error, UnreachableError) or (isinstance(error, StatusError) and error.code.name in PASSING)
