"""The call that is being answered: who asks, under which id, and whether they still wait."""

import re
import secrets
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

import grpc

from serving.errors import Reason, RejectedError

REQUEST_ID_KEY: Final = "ringfence-request-id"
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
TRACEPARENT_KEY: Final = "traceparent"
TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""A trace, a span in it, and whether they are recorded, as W3C Trace Context writes them."""
LONGEST_WAIT_SECONDS: Final = 366 * 24 * 3600
"""What a caller is said to have left that has set no deadline."""
ELSEWHERE_MILLISECONDS: Final = 200
"""When to come again whose stream ended because its server did."""

Metadata = Iterable[tuple[str, str | bytes]] | None
"""The headers of a call."""


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
    leaving: threading.Event = field(default_factory=threading.Event)
    """Set when the server takes no calls any more."""

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return time_left(self.context)

    def require_waiting(self) -> None:
        """Raise where nobody waits any more: long work asks this between its steps."""
        require_time(self.context)
        if self.ended.is_set():
            raise RejectedError(Reason.CANCELLED, "", found="nobody", expected="a caller that waits")

    def require_staying(self) -> None:
        """Raise also where the server is about to end: what lasts asks this, and is taken up again elsewhere."""
        self.require_waiting()
        if self.leaving.is_set():
            expected = "a server that stays"
            retry = ELSEWHERE_MILLISECONDS
            raise RejectedError(
                Reason.NOT_READY, "", found="one that ends", expected=expected, retry_milliseconds=retry
            )


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


def choose_request_id(metadata: Metadata) -> str:
    """The caller's id where it sent a proper one, or one of our own."""
    return find_header(metadata, REQUEST_ID_KEY, REQUEST_ID) or secrets.token_urlsafe(16)


def find_traceparent(metadata: Metadata) -> str:
    """What the caller traces its call as, where it says so properly; nothing else that it says of its trace is read."""
    return find_header(metadata, TRACEPARENT_KEY, TRACEPARENT)


def find_header(metadata: Metadata, name: str, form: re.Pattern[str]) -> str:
    """The first header of a name that has the form; empty where there is none."""
    values = (value for key, value in metadata or () if key == name and isinstance(value, str))
    return next((value for value in values if form.fullmatch(value)), "")
