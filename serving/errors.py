"""How a server says no, and the one place where a refusal of any package becomes a status of gRPC.

Services raise; nobody calls ``abort``. What a caller is told of a refusal is its reason, the field and what would have
been taken, never what was found there: a caller knows what it sent, and nobody else should. Of an error that is
nobody's refusal it is told nothing but the id of its request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from margin.errors import MarginError
from margin.errors import Reason as MarginReason
from snark.errors import Reason as SnarkReason
from snark.errors import SnarkError

DOMAIN: Final = "ringfence.v1"
"""Whose reasons they are."""
STATUS_KEY: Final = "grpc-status-details-bin"
FIELD_PATH: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,200}")
LONGEST_EXPECTED: Final = 400


class Reason(StrEnum):
    """Stable machine-readable reasons; a reason is never renamed or reused."""

    NOT_AUTHENTICATED = "NOT_AUTHENTICATED"
    """The caller has no name that this server knows."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """None of the caller's roles may call this method."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing, or it is not this caller's."""
    REQUEST_ID_TAKEN = "REQUEST_ID_TAKEN"
    """Another request had this id before."""
    NAME_TAKEN = "NAME_TAKEN"
    """Something else has this name already."""
    DEADLINE_PASSED = "DEADLINE_PASSED"
    """The caller's time is over."""
    CANCELLED = "CANCELLED"
    """The caller waits no more."""
    QUEUE_FULL = "QUEUE_FULL"
    """More calls wait than may."""
    TOO_MANY_CALLS = "TOO_MANY_CALLS"
    """The caller has as many calls open as one caller may."""
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    """As many streams are open as may be."""
    NOT_READY = "NOT_READY"
    """Something that the answer needs is not there now."""
    NOT_READABLE = "NOT_READABLE"
    """The bytes are not those of a message of this method, or not of what a file should hold."""
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    """A number is larger or smaller than it may be."""
    UNKNOWN_KEY = "UNKNOWN_KEY"
    """A key that the configuration does not have."""
    WRONG_KIND = "WRONG_KIND"
    """A value of another kind than the key takes."""
    MISSING_KEY = "MISSING_KEY"
    """A key without which there is no configuration."""
    NOT_A_CHOICE = "NOT_A_CHOICE"
    """A name that is not among those that there are."""
    NOT_PRIVATE = "NOT_PRIVATE"
    """Without TLS, an address that others than this machine could reach."""
    BAD_CERTIFICATE = "BAD_CERTIFICATE"
    """A certificate, a key or an authority that cannot be served with."""
    INTERNAL = "INTERNAL"
    """Nothing that the caller could mend."""


class ServingError(Exception):
    """A refusal: ``field`` was ``found`` where ``expected`` was asked for."""

    kind: ClassVar[str] = "error"

    def __init__(
        self, reason: Reason, field: str, *, found: object, expected: str, retry_milliseconds: int | None = None
    ) -> None:
        self.reason = reason
        self.field = field
        self.found = str(found)[:80]
        self.expected = expected
        self.retry_milliseconds = retry_milliseconds
        super().__init__(f"{field}: found {self.found}, expected {expected}")


class MalformedError(ServingError):
    """The bytes can't be read as what they claim to be."""

    kind = "malformed"


class MisuseError(ServingError):
    """It can be read, but cannot be served with, or not asked here."""

    kind = "misuse"


class RejectedError(ServingError):
    """A rule of serving says no."""

    kind = "rejected"


Refusal = ServingError | MarginError | SnarkError
"""A refusal of any package; all have one shape."""
REFUSALS: Final = (ServingError, MarginError, SnarkError)
"""The same, to be caught."""
REASONS: Final = frozenset(reason.value for kind in (Reason, MarginReason, SnarkReason) for reason in kind)
"""Every reason that anybody can be told."""

CODES_OF_KINDS: Final[Mapping[str, grpc.StatusCode]] = MappingProxyType(
    {
        "malformed": grpc.StatusCode.INVALID_ARGUMENT,
        "misuse": grpc.StatusCode.FAILED_PRECONDITION,
        "rejected": grpc.StatusCode.FAILED_PRECONDITION,
        "internal": grpc.StatusCode.INTERNAL,
    }
)
CODES_OF_REASONS: Final[Mapping[str, grpc.StatusCode]] = MappingProxyType(
    {
        Reason.NOT_AUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
        Reason.NOT_ALLOWED: grpc.StatusCode.PERMISSION_DENIED,
        Reason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
        Reason.REQUEST_ID_TAKEN: grpc.StatusCode.ALREADY_EXISTS,
        Reason.NAME_TAKEN: grpc.StatusCode.ALREADY_EXISTS,
        Reason.DEADLINE_PASSED: grpc.StatusCode.DEADLINE_EXCEEDED,
        Reason.CANCELLED: grpc.StatusCode.CANCELLED,
        Reason.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.TOO_MANY_CALLS: grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.TOO_MANY_STREAMS: grpc.StatusCode.RESOURCE_EXHAUSTED,
        Reason.NOT_READY: grpc.StatusCode.UNAVAILABLE,
    }
)
"""Where the reason says more than the kind; of serving's own reasons alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told instead of a response."""

    code: grpc.StatusCode
    reason: str
    kind: str
    field: str = ""
    expected: str = ""
    retry_milliseconds: int | None = None

    @property
    def message(self) -> str:
        """For a person."""
        if self.code is grpc.StatusCode.INTERNAL:
            return "internal error"
        return f"{self.field}: expected {self.expected}" if self.field else f"expected {self.expected}"


INTERNAL: Final = Answer(grpc.StatusCode.INTERNAL, Reason.INTERNAL, "internal")


def answer_to(error: BaseException) -> Answer:
    """What a caller is told of an error; of one that is no refusal, nothing."""
    if not isinstance(error, Refusal) or error.kind == "internal":
        return INTERNAL
    code = CODES_OF_KINDS.get(error.kind, grpc.StatusCode.INTERNAL)
    retry = None
    if isinstance(error, ServingError):
        code = CODES_OF_REASONS.get(error.reason, code)
        retry = error.retry_milliseconds
    field = error.field if FIELD_PATH.fullmatch(error.field) else ""
    return Answer(code, error.reason.value, error.kind, field, error.expected[:LONGEST_EXPECTED], retry)


def encode_answer(answer: Answer, request_id: str) -> status_pb2.Status:
    """The status with its details, as every gRPC library reads them."""
    info = error_details_pb2.ErrorInfo(reason=answer.reason, domain=DOMAIN, metadata={"kind": answer.kind})
    details: list[Message] = [info, error_details_pb2.RequestInfo(request_id=request_id)]
    if answer.code is grpc.StatusCode.INVALID_ARGUMENT and answer.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=answer.field, description=answer.expected)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if answer.retry_milliseconds is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=render_delay(answer.retry_milliseconds)))
    return status_pb2.Status(
        code=code_pb2.Code.Value(answer.code.name), message=answer.message, details=map(pack, details)
    )


def render_delay(milliseconds: int) -> duration_pb2.Duration:
    """A delay as the wire has it."""
    delay = duration_pb2.Duration()
    delay.FromMilliseconds(milliseconds)
    return delay


def pack(detail: Message) -> any_pb2.Any:
    """A detail in its envelope."""
    envelope = any_pb2.Any()
    envelope.Pack(detail)
    return envelope
