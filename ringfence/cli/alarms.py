"""How a look at a chain ends that does not end well: an alarm, a failure, or what only a new start mends."""

from margin.errors import InternalError, MarginError, Reason
from ringfence.client.failure import ClientError
from serving.errors import ServingError

Refusal = MarginError | ClientError | ServingError | OSError


def needs_a_new_start(error: Refusal) -> bool:
    """After a disk that failed only a start knows what is on it."""
    if isinstance(error, InternalError):
        return error.reason in {Reason.STORE_UNAVAILABLE, Reason.BROKEN_INVARIANT}
    return isinstance(error, OSError)


def reason_of(error: Refusal) -> str:
    """Its reason; what has none is told by its kind."""
    return str(getattr(error, "reason", type(error).__name__))
