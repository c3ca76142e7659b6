"""What is known of a call when it has ended, and who is told: the log, metrics, and whoever else observes."""

from dataclasses import dataclass
from typing import Protocol

from serving.errors import Answer
from serving.log import Event, Log


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call from outside: nothing of what was asked or answered."""

    method: str
    request_id: str
    caller: str
    code: str
    reason: str
    seconds: float
    traceparent: str = ""
    """What the caller traces it as; empty where it does not."""


class Observer(Protocol):
    """Is told of every call that has ended; may not raise, and should not take long."""

    def call_ended(self, call: EndedCall) -> None:
        """A call has ended."""


class LoggedCalls:
    """A line for each call."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def call_ended(self, call: EndedCall) -> None:
        """Write the line."""
        self._log.tell(
            Event.CALL_ENDED,
            method=call.method,
            request_id=call.request_id,
            caller=call.caller,
            code=call.code,
            reason=call.reason,
            milliseconds=round(call.seconds * 1000),
        )


def end_of(answer: Answer | None) -> tuple[str, str]:
    """Code and reason of what a caller was told."""
    return ("OK", "") if answer is None else (answer.code.name, answer.reason)
