"""What is asked of a server and how its answers are checked, without a socket in sight.

A procedure is a generator: it yields the calls to be made, is sent their responses, and returns what has been checked.
``Connection.ask`` runs it, ``AsyncConnection.ask`` does the same for asyncio, and a test may play the server itself.
"""

import secrets
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from ringfence.v1 import log_service_pb2, prover_service_pb2, registry_service_pb2, verifier_service_pb2
from ringfence.wire.elements import read_request_id

VERIFIER: Final = verifier_service_pb2.DESCRIPTOR.services_by_name["VerifierService"]
LOG: Final = log_service_pb2.DESCRIPTOR.services_by_name["LogService"]
REGISTRY: Final = registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"]
PROVER: Final = prover_service_pb2.DESCRIPTOR.services_by_name["ProverService"]
SERVICES: Final = (VERIFIER, LOG, REGISTRY, PROVER)

USUAL_SECONDS: Final = 15.0
"""For an answer that takes no work."""
LONG_SECONDS: Final = 60.0
"""For one that waits for a store or for proofs."""
REQUEST_ID_BYTES: Final = 24
REQUEST_ID_KEY: Final = "ringfence-request-id"

ResponseT = TypeVar("ResponseT", bound=Message)
Result = TypeVar("Result")
ItemT = TypeVar("ItemT")
AskedT = TypeVar("AskedT")


@dataclass(frozen=True, slots=True)
class Call(Generic[ResponseT]):
    """One message there, one back."""

    method: str
    request: Message
    response: type[ResponseT]
    seconds: float


Procedure = Generator[Call[Any], Any, Result]
"""Calls out, responses in, and at the end what has been checked."""


@dataclass(frozen=True, slots=True)
class Watch(Generic[ItemT]):
    """A stream of changes that is taken up again where it broke."""

    method: str
    response: type[Message]
    begin: Callable[[str], Message]
    """The request, from a resume token on."""
    take: Callable[[Any], Procedure[ItemT | None]]
    """What a message tells, checked; None for a sign of life."""
    with_signs: bool = False
    """Whether signs of life are handed on, too, for their tokens: who has one misses nothing from then on."""


@dataclass(frozen=True, slots=True)
class Change(Generic[ItemT]):
    """Something that happened, and what takes the watch up again behind it."""

    item: ItemT
    token: str


@dataclass(frozen=True, slots=True)
class Exchange(Generic[AskedT, Result]):
    """Many numbered questions there and as many answers back, over messages that hold some of them."""

    method: str
    response: type[Message]
    write: Callable[[Sequence[tuple[int, AskedT]]], Message]
    """So many questions as are asked at once, with their numbers."""
    split: Callable[[Any], Iterable[Any]]
    """The answers in a message, each with its number."""
    read: Callable[[Any, AskedT], Result]
    """What was answered to something, checked."""
    at_once: int = 1


def take_alone(message: Any) -> tuple[Any]:  # noqa: ANN401 - any message with a number
    """A message that is an answer by itself."""
    return (message,)


def path_of(service: ServiceDescriptor, name: str) -> str:
    """A method as gRPC calls it."""
    return f"/{service.full_name}/{service.methods_by_name[name].name}"


def send(
    service: ServiceDescriptor, name: str, request: Message, response: type[ResponseT], seconds: float = USUAL_SECONDS
) -> Procedure[ResponseT]:
    """One call of a procedure."""
    answer: ResponseT = yield Call(path_of(service, name), request, response, seconds)
    return answer


def choose_request_id(request_id: str | None) -> str:
    """The caller's own, or a new one: the same for every attempt of the call, and for no other call."""
    return secrets.token_urlsafe(REQUEST_ID_BYTES) if request_id is None else read_request_id(request_id)


def name_request() -> tuple[tuple[str, str], ...]:
    """The header by which a server's log finds the call again."""
    return ((REQUEST_ID_KEY, secrets.token_urlsafe(REQUEST_ID_BYTES)),)
