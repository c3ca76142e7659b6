"""How a call ends that has no answer to hand on: each has a kind, a stable reason, a field and what would have done.

RefusedError      a verifier said no, by the number of its step: an answer
StatusError       a server would not, or could not, answer
UnreachableError  nobody answered, or not in time
AnswerError       somebody answered, and it does not hold: signed by nobody, about something else, another history
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from margin.errors import MarginError
from ringfence.client.failure import ClientError
from ringfence.wire.claim import Refusal

__all__ = (
    "AnswerError",
    "ClientError",
    "RefusedError",
    "StatusError",
    "UnreachableError",
    "holding_answer",
    "read_status",
)

STATUS_KEY: Final = "grpc-status-details-bin"
ANSWER: Final = "answer"
"""What paths of fields begin with that a server filled, and not the caller."""
KINDS: Final = frozenset({"malformed", "misuse", "rejected", "internal"})
NOBODY_THERE: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
    }
)
"""Where no server gave a reason of its own, the network did."""

SILENCES: Final = (
    ("CERTIFICATE_VERIFY_FAILED", "a server whose certificate the authorities did not sign"),
    ("No match found for server name", "a server whose certificate is for another name"),
    ("WRONG_VERSION_NUMBER", "a server without TLS"),
    ("Connection refused", "nobody who listens there"),
    ("errors resolving", "a name without an address"),
    ("Socket closed", "a server that hung up"),
    ("Connection reset", "a server that hung up"),
)
"""What the network's own words come to, the most telling first; what else they hold is told to nobody."""
SILENCE: Final = "no answer"

Metadata = Iterable[tuple[str, str | bytes]]


class RefusedError(ClientError):
    """A verifier understood a claim and said no to it."""

    kind = "rejected"

    def __init__(self, refusal: Refusal) -> None:
        found = f"a refusal in step {refusal.step}"
        super().__init__(refusal.reason, refusal.field, found=found, expected=refusal.expected)
        self.refusal = refusal

    @property
    def step(self) -> int:
        """The number of the step of acceptance that said no."""
        return self.refusal.step


class StatusError(ClientError):
    """A server answered with a status instead of a response."""

    def __init__(
        self,
        code: grpc.StatusCode,
        *,
        reason: str,
        kind: str,
        field: str = "",
        expected: str = "",
        request_id: str = "",
        retry_milliseconds: int | None = None,
    ) -> None:
        super().__init__(reason, field, found=f"status {code.name}", expected=expected)
        self.code = code
        self.kind = kind
        self.request_id = request_id
        self.retry_milliseconds = retry_milliseconds


class UnreachableError(ClientError):
    """No server answered; what was asked may have happened all the same, and can be asked again under the same id."""

    kind = "unreachable"

    def __init__(self, code: grpc.StatusCode, said: str = "") -> None:
        found = next((meaning for words, meaning in SILENCES if words in said), SILENCE)
        super().__init__(code.name, "connection", found=found, expected="a server that answers in time")
        self.code = code


class AnswerError(ClientError):
    """What a server answered does not hold; nothing in it may be used."""

    kind = "rejected"

    @classmethod
    def of(cls, error: MarginError) -> "AnswerError":
        """What a check of an answer found."""
        field = f"{ANSWER}.{error.field}" if error.field else ANSWER
        return cls(error.reason.value, field, found=error.found, expected=error.expected)


@contextmanager
def holding_answer() -> Iterator[None]:
    """What is refused in this block was said by a server, not by the caller."""
    try:
        yield
    except MarginError as error:
        raise AnswerError.of(error) from error


# --- A status with its details ---------------------------------------------------------------------------


def read_status(
    code: grpc.StatusCode, metadata: Metadata | None, said: str | None = None
) -> StatusError | UnreachableError:
    """The error that a status stands for, with whatever details came with it."""
    status = find_status(metadata)
    info = error_details_pb2.ErrorInfo()
    if status is None or not unpack(status, info):
        if code in NOBODY_THERE:
            return UnreachableError(code, said or "")
        return StatusError(code, reason=code.name, kind="internal", expected="a status with its details")
    bad, request, retry = error_details_pb2.BadRequest(), error_details_pb2.RequestInfo(), error_details_pb2.RetryInfo()
    unpack(status, bad)
    unpack(status, request)
    violation = bad.field_violations[0] if bad.field_violations else None
    field, expected = (violation.field, violation.description) if violation else split_message(status.message)
    return StatusError(
        code,
        reason=info.reason,
        kind=info.metadata["kind"] if info.metadata["kind"] in KINDS else "internal",
        field=field,
        expected=expected,
        request_id=request.request_id,
        retry_milliseconds=retry.retry_delay.ToMilliseconds() if unpack(status, retry) else None,
    )


def split_message(message: str) -> tuple[str, str]:
    """The field and what would have done, of a sentence as servers write it."""
    field, said, expected = message.partition("expected ")
    return (field.removesuffix(": "), expected) if said else ("", message)


def find_status(metadata: Metadata | None) -> status_pb2.Status | None:
    """The status among the trailers, where it can be read."""
    for key, value in metadata or ():
        if key == STATUS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def unpack(
    status: status_pb2.Status,
    detail: error_details_pb2.ErrorInfo
    | error_details_pb2.BadRequest
    | error_details_pb2.RequestInfo
    | error_details_pb2.RetryInfo,
) -> bool:
    """Fill a detail from a status that has one of its kind."""
    try:
        return any(each.Unpack(detail) for each in status.details)
    except DecodeError:
        return False
