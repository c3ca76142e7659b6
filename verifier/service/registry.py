"""``RegistryService``: signed facts come in, and the roots that hold go out, now and as they change.

Who may bring a fact of a kind stands beside the methods; that it is believed follows from its signatures alone. A
request that was answered is answered as before, and a fact that was taken is, too.

A watch goes through the changes that the registry keeps, so that a token of any process that shares the store takes it
up again, and ends with its call. It says that it is alive while nothing happens.
"""

import time
from collections.abc import Iterator
from typing import Final

import grpc

from facts.signed import Kind
from ringfence.v1 import registry_service_pb2 as messages
from ringfence.v1.registry_service_pb2_grpc import RegistryServiceServicer
from ringfence.wire.elements import read_request_id, read_token, require_part
from ringfence.wire.facts import read_signed_fact, write_roots
from serving.call import Call, current_call
from serving.log import Event, Log
from verifier.registry import Equivocation, Notice, Registry, Watched
from verifier.service.translation import translating
from verifier.store.ledger import Clock, Request
from verifier.store.publications import Published

LOOK_SECONDS: Final = 0.25
"""How long a change that another process took may go unseen, and an ended call unnoticed."""
SIGN_OF_LIFE_SECONDS: Final = 15.0

Publication = (
    messages.PublishMarketRootRequest
    | messages.PublishBookRootRequest
    | messages.PublishLockRootRequest
    | messages.PublishPolicyRequest
    | messages.PublishAppointmentRequest
    | messages.PublishRevocationRequest
)


class RegistryServicer(RegistryServiceServicer):
    """Answers for a registry."""

    def __init__(self, registry: Registry, clock: Clock, sign_of_life_seconds: float = SIGN_OF_LIFE_SECONDS) -> None:
        self._registry = registry
        self._clock = clock
        self._sign_of_life_seconds = sign_of_life_seconds

    def PublishMarketRoot(
        self, request: messages.PublishMarketRootRequest, context: grpc.ServicerContext
    ) -> messages.PublishMarketRootResponse:
        """A round of an oracle."""
        published = self._publish(request, Kind.MARKET_ROUND)
        return messages.PublishMarketRootResponse(sequence=published.sequence, market_root=published.named)

    def PublishBookRoot(
        self, request: messages.PublishBookRootRequest, context: grpc.ServicerContext
    ) -> messages.PublishBookRootResponse:
        """A book of a venue."""
        published = self._publish(request, Kind.BOOK_ROOT)
        return messages.PublishBookRootResponse(sequence=published.sequence, book_root=published.named)

    def PublishLockRoot(
        self, request: messages.PublishLockRootRequest, context: grpc.ServicerContext
    ) -> messages.PublishLockRootResponse:
        """The locks of a chain."""
        published = self._publish(request, Kind.LOCK_ROOT)
        return messages.PublishLockRootResponse(sequence=published.sequence, lock_root=published.named)

    def CosignLockRoot(
        self, request: messages.CosignLockRootRequest, context: grpc.ServicerContext
    ) -> messages.CosignLockRootResponse:
        """The locks of a chain, as some of its watchers see them."""
        with translating():
            require_part(request, "fact", "")
            cosigned = self._registry.cosign(read_signed_fact(request.fact, Kind.LOCK_ROOT))
            return messages.CosignLockRootResponse(
                sequence=cosigned.sequence,
                signatures=cosigned.signatures,
                threshold=cosigned.threshold,
                published=cosigned.is_published,
                lock_root=cosigned.lock_root or b"",
            )

    def PublishPolicy(
        self, request: messages.PublishPolicyRequest, context: grpc.ServicerContext
    ) -> messages.PublishPolicyResponse:
        """A version of a market's policy."""
        published = self._publish(request, Kind.POLICY_VERSION)
        return messages.PublishPolicyResponse(
            sequence=published.sequence, policy_hash=published.named, active_at_seconds=published.active_from
        )

    def PublishAppointment(
        self, request: messages.PublishAppointmentRequest, context: grpc.ServicerContext
    ) -> messages.PublishAppointmentResponse:
        """The next committee of something."""
        published = self._publish(request, Kind.APPOINTMENT)
        return messages.PublishAppointmentResponse(
            epoch=published.sequence, committee=published.named, active_at_seconds=published.active_from
        )

    def PublishRevocation(
        self, request: messages.PublishRevocationRequest, context: grpc.ServicerContext
    ) -> messages.PublishRevocationResponse:
        """A key that counts no more."""
        published = self._publish(request, Kind.REVOCATION)
        return messages.PublishRevocationResponse(public_key=published.named, revoked_at_seconds=published.active_from)

    def GetRoots(self, request: messages.GetRootsRequest, context: grpc.ServicerContext) -> messages.GetRootsResponse:
        """The roots that hold now."""
        with translating():
            return messages.GetRootsResponse(roots=write_roots(self._registry.roots(self._clock())))

    def WatchRoots(
        self, request: messages.WatchRootsRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.WatchRootsResponse]:
        """The roots as they change, until the call ends."""
        with translating():
            token = read_token(request.resume_token, "resume_token")
            if not token:
                now = self._registry.watch(self._clock())
                yield write_watched(now)
                token = now.token
            yield from self._follow(token, current_call())

    def _follow(self, token: str, call: Call) -> Iterator[messages.WatchRootsResponse]:
        """Each change behind a token, and a sign of life where there is none for long."""
        spoken_at = time.monotonic()
        while True:
            call.require_staying()
            rung = self._registry.bell.count
            changes, token = self._registry.changes_after(token)
            yield from map(write_watched, changes)
            if changes:
                spoken_at = time.monotonic()
            elif time.monotonic() - spoken_at >= self._sign_of_life_seconds:
                yield messages.WatchRootsResponse(resume_token=token)
                spoken_at = time.monotonic()
            self._registry.bell.wait(rung, max(0.0, min(LOOK_SECONDS, self._sign_of_life_seconds, call.seconds_left)))

    def _publish(self, request: Publication, kind: Kind) -> Published:
        """Read a fact of a kind and take it, in the name of the caller."""
        with translating():
            asked = Request(current_call().caller.name, read_request_id(request.request_id))
            require_part(request, "fact", "")
            return self._registry.publish(read_signed_fact(request.fact, kind), kind, asked)


# --- What messages are made of -------------------------------------------------------------------------


def write_watched(watched: Watched) -> messages.WatchRootsResponse:
    """The roots after a change."""
    return messages.WatchRootsResponse(roots=write_roots(watched.roots), resume_token=watched.token)


def tell_equivocation(log: Log) -> Notice:
    """Writes a line for every lie, with what finds both statements in the store."""

    def tell(equivocation: Equivocation) -> None:
        log.warn(  # noqa: G010 - a log of events, not of texts
            Event.EQUIVOCATION,
            kind=equivocation.kind.value,
            subject=equivocation.subject,
            sequence=equivocation.sequence,
        )

    return tell
