"""What is asked of a registry of signed facts: to take one, and which roots hold now."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import Message

from facts.lock_root import LockRoot
from facts.roots import PublishedRoots
from facts.signed import MAX_SIGNATURES, Kind, Signed, decode_signed, kind_of
from margin.errors import MisuseError, Reason
from ringfence.client.answers import require_same
from ringfence.client.errors import holding_answer
from ringfence.client.procedure import (
    LONG_SECONDS,
    REGISTRY,
    Procedure,
    Watch,
    choose_request_id,
    path_of,
    send,
)
from ringfence.v1 import registry_service_pb2 as messages
from ringfence.wire.elements import read_field_element, read_range
from ringfence.wire.facts import decode_any, read_roots, require_roots, write_signed_fact

PUBLISHING: Final[Mapping[Kind, tuple[str, type[Message], type[Message]]]] = MappingProxyType(
    {
        Kind.MARKET_ROUND: (
            "PublishMarketRoot",
            messages.PublishMarketRootRequest,
            messages.PublishMarketRootResponse,
        ),
        Kind.BOOK_ROOT: ("PublishBookRoot", messages.PublishBookRootRequest, messages.PublishBookRootResponse),
        Kind.LOCK_ROOT: ("PublishLockRoot", messages.PublishLockRootRequest, messages.PublishLockRootResponse),
        Kind.POLICY_VERSION: ("PublishPolicy", messages.PublishPolicyRequest, messages.PublishPolicyResponse),
        Kind.APPOINTMENT: (
            "PublishAppointment",
            messages.PublishAppointmentRequest,
            messages.PublishAppointmentResponse,
        ),
        Kind.REVOCATION: (
            "PublishRevocation",
            messages.PublishRevocationRequest,
            messages.PublishRevocationResponse,
        ),
    }
)
"""The method for each kind of fact, with what it takes and gives."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """How far the locks of a chain at a block are."""

    sequence: int
    signatures: int
    threshold: int
    lock_root: int | None
    """The root over all chains, once they are published."""

    @property
    def is_published(self) -> bool:
        """Whether claims may name it."""
        return self.lock_root is not None


class Registry:
    """A registry; what it says of facts was signed by others, and can be checked without it."""

    def publish(self, signed: bytes, request_id: str | None = None) -> Procedure[dict[str, int | bytes]]:
        """Hand a signed fact over; what the registry made of it."""
        kind = kind_of(signed)
        if kind not in PUBLISHING:
            expected = "a fact that registries take"
            raise MisuseError(Reason.NOT_APPLICABLE, "fact", found=kind.value, expected=expected)
        name, asked, answered = PUBLISHING[kind]
        make: Any = asked
        request = make(request_id=choose_request_id(request_id), fact=write_signed_fact(signed))
        response = yield from send(REGISTRY, name, request, answered, LONG_SECONDS)
        statement: Any = decode_any(signed).statement
        told = {field.name: getattr(response, field.name) for field in response.DESCRIPTOR.fields}
        with holding_answer():
            if "sequence" in told and hasattr(statement, "sequence"):
                require_same("sequence", told["sequence"], statement.sequence)
            if kind in {Kind.MARKET_ROUND, Kind.BOOK_ROOT}:
                (root,) = (value for name, value in told.items() if name.endswith("_root"))
                require_same("root", int.from_bytes(root, "big"), statement.root)
        return told

    def cosign_lock_root(self, signed: bytes) -> Procedure[Cosigned]:
        """Hand over what some watchers signed; how far the locks are. The same may be handed over again and again."""
        unverified = decode_signed(signed, LockRoot)
        request = messages.CosignLockRootRequest(fact=write_signed_fact(signed))
        response = yield from send(REGISTRY, "CosignLockRoot", request, messages.CosignLockRootResponse, LONG_SECONDS)
        with holding_answer():
            return read_cosigned(response, unverified)

    def roots(self) -> Procedure[PublishedRoots]:
        """The roots that hold now, with the facts that make them so."""
        response = yield from send(REGISTRY, "GetRoots", messages.GetRootsRequest(), messages.GetRootsResponse)
        with holding_answer():
            return require_published(require_roots(response))

    def watch(self) -> Watch[PublishedRoots]:
        """The roots as they change."""
        return Watch(
            path_of(REGISTRY, "WatchRoots"),
            messages.WatchRootsResponse,
            lambda token: messages.WatchRootsRequest(resume_token=token),
            take_roots,
        )


def read_cosigned(response: messages.CosignLockRootResponse, unverified: Signed[LockRoot]) -> Cosigned:
    """An answer about the locks that were handed over, whose numbers go together."""
    require_same("sequence", response.sequence, unverified.statement.sequence)
    read_range(response.threshold, "threshold", 1, MAX_SIGNATURES)
    read_range(response.signatures, "signatures", 1, MAX_SIGNATURES)
    require_same("published", response.published, response.signatures >= response.threshold)
    lock_root = read_field_element(response.lock_root, "lock_root") if response.published else None
    return Cosigned(response.sequence, response.signatures, response.threshold, lock_root)


def take_roots(message: messages.WatchRootsResponse) -> Procedure[PublishedRoots | None]:
    """What a message of a watch tells; nothing in a sign of life."""
    yield from ()  # a procedure that has nothing to ask
    if not message.HasField("roots"):
        return None
    with holding_answer():
        return require_published(read_roots(message.roots))


def require_published(roots: PublishedRoots) -> PublishedRoots:
    """A root is the one that its fact says; over all chains it is made of several, and they stand for themselves."""
    for name in ("book", "market"):
        published = getattr(roots, name)
        if published is not None:
            statement: Any = decode_any(published.facts[0]).statement
            require_same(f"roots.{name}.root", published.root, statement.root)
            require_same(f"roots.{name}.sequence", published.sequence, statement.sequence)
    return roots
