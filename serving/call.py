"""The call that is being answered: who asks, under which id, and whether they still wait."""

import re
import secrets
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import grpc

from serving.errors import Reason, RejectedError

REQUEST_ID_KEY: Final = "ringfence-request-id"
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
LONGEST_WAIT_SECONDS: Final = 366 * 24 * 3600
"""What a caller is said to have left that has set no deadline."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by the name in its certificate."""

    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Call:
    """A call from when a thread takes it up until it is answered."""

    method: str
    request_id: str
    caller: Caller
    context: grpc.ServicerContext
    ended: threading.Event
    """Set as soon as nobody waits for the answer: cancelled, over its deadline, or answered."""

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return time_left(self.context)

    def require_waiting(self) -> None:
        """Raise where nobody waits any more: long work asks this between its steps."""
        require_time(self.context)
        if self.ended.is_set():
            raise RejectedError(Reason.CANCELLED, "", found="nobody", expected="a caller that waits")


CURRENT: Final[ContextVar[Call]] = ContextVar("call")


def current_call() -> Call:
    """The call that this thread answers."""
    return CURRENT.get()


def time_left(context: grpc.ServicerContext) -> float:
    """Seconds until the deadline of a call."""
    return min(context.time_remaining(), LONGEST_WAIT_SECONDS)


def require_time(context: grpc.ServicerContext) -> None:
    """The deadline is still to come."""
    if time_left(context) <= 0:
        raise RejectedError(Reason.DEADLINE_PASSED, "", found="none", expected="time left until the deadline")


def choose_request_id(metadata: Iterable[tuple[str, str | bytes]] | None) -> str:
    """The caller's id where it sent a proper one, or one of our own."""
    for key, value in metadata or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and REQUEST_ID.fullmatch(value):
            return value
    return secrets.token_urlsafe(16)
