"""The registry over real sockets: what is published is believed, watched and asked for as the wire says."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

import grpc
import pytest

from facts.signed import Kind
from margin.errors import Reason
from ringfence.v1 import registry_service_pb2 as messages
from ringfence.v1.registry_service_pb2_grpc import RegistryServiceStub
from ringfence.wire.facts import read_roots, write_signed_fact
from serving.log import Log
from tests.facts.specimens import BOOK, GOVERNORS, NOW, ORACLE, POLICY, REPORTERS, WATCHERS, signed_by
from tests.serving.running import PATIENCE, Details, code_of, plain_channel
from tests.verifier.claims import IDENTITY, Watch
from tests.verifier.registries import (
    TRUST,
    appointment_of,
    book_of,
    locks_of,
    new_registry,
    open_registry,
    part_of,
    revocation_of,
    round_of,
)
from tests.verifier.served_registry import serve_registry
from verifier import gazette
from verifier.registry import Registry
from verifier.service.registry import tell_equivocation
from verifier.store.database import Database

FOLLOW = "_follow"
Watching = Iterator[messages.WatchRootsResponse]


@contextmanager
def served(registry: Registry, clock: Watch) -> Iterator[RegistryServiceStub]:
    with serve_registry(registry, clock) as server, plain_channel(server) as channel:
        yield RegistryServiceStub(channel)


@pytest.fixture
def registry(database: Database, clock: Watch) -> Registry:
    return open_registry(database, clock)


@pytest.fixture
def stub(registry: Registry, clock: Watch) -> Iterator[RegistryServiceStub]:
    with served(registry, clock) as stub:
        yield stub


def fact(data: bytes) -> messages.SignedFact:
    return write_signed_fact(data)


def book_request(data: bytes | None = None, name: str = "a-request-of-some-length") -> messages.PublishBookRootRequest:
    return messages.PublishBookRootRequest(request_id=name, fact=fact(data or book_of()))


def refusal(call: Callable[..., object], request: object) -> tuple[grpc.StatusCode, Details]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=PATIENCE)
    return code_of(caught.value), Details(caught.value)


# --- Publishing ------------------------------------------------------------------------------------------


def test_everything_that_is_signed_can_be_published(stub: RegistryServiceStub) -> None:
    name = "a-request-of-some-length"
    market = stub.PublishMarketRoot(messages.PublishMarketRootRequest(request_id=name + "1", fact=fact(round_of())))
    book = stub.PublishBookRoot(book_request(name=name + "2"))
    locks = stub.PublishLockRoot(messages.PublishLockRootRequest(request_id=name + "3", fact=fact(locks_of())))
    version = fact(signed_by(POLICY, GOVERNORS[:2]).encode())
    assert stub.PublishPolicy(messages.PublishPolicyRequest(request_id=name + "4", fact=version)).sequence == 1
    following = fact(appointment_of(ORACLE))
    appointed = stub.PublishAppointment(messages.PublishAppointmentRequest(request_id=name + "5", fact=following))
    assert (appointed.epoch, appointed.committee) == (1, ORACLE.digest)
    revocation = fact(revocation_of(REPORTERS[4]))
    revoked = stub.PublishRevocation(messages.PublishRevocationRequest(request_id=name + "6", fact=revocation))
    assert (revoked.public_key, revoked.revoked_at_seconds) == (REPORTERS[4].public_key, NOW)
    roots = read_roots(stub.GetRoots(messages.GetRootsRequest()).roots)
    assert roots.book is not None
    assert roots.market is not None
    assert roots.locks is not None
    assert roots.book.root.to_bytes(32, "big") == book.book_root
    assert roots.market.root.to_bytes(32, "big") == market.market_root
    assert roots.locks.root.to_bytes(32, "big") == locks.lock_root
    assert roots.book.facts == (book_of(),)


def test_watchers_sign_each_for_itself(stub: RegistryServiceStub) -> None:
    first, second = (messages.CosignLockRootRequest(fact=fact(part_of(each))) for each in WATCHERS[:2])
    waiting = stub.CosignLockRoot(first)
    assert (waiting.signatures, waiting.threshold, waiting.published, waiting.lock_root) == (1, 2, False, b"")
    published = stub.CosignLockRoot(second)
    roots = read_roots(stub.GetRoots(messages.GetRootsRequest()).roots)
    assert roots.locks is not None
    assert (published.published, published.lock_root) == (True, roots.locks.root.to_bytes(32, "big"))
    assert stub.CosignLockRoot(first) == published
    lie = messages.CosignLockRootRequest(fact=fact(part_of(WATCHERS[0], root=5)))
    code, details = refusal(stub.CosignLockRoot, lie)
    assert (code, details.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, Reason.EQUIVOCATION)
    code, _ = refusal(stub.CosignLockRoot, messages.CosignLockRootRequest())
    assert code == grpc.StatusCode.INVALID_ARGUMENT


def test_a_fact_of_another_kind_is_malformed(stub: RegistryServiceStub) -> None:
    request = messages.PublishBookRootRequest(request_id="a-request-of-some-length", fact=fact(round_of()))
    code, details = refusal(stub.PublishBookRoot, request)
    assert (code, details.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, Reason.WRONG_MESSAGE)
    assert details.bad_request.field_violations[0].field == "fact.statement"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (messages.PublishBookRootRequest(request_id="a-request-of-some-length"), "fact"),
        (messages.PublishBookRootRequest(fact=fact(book_of())), "request_id"),
        (messages.PublishBookRootRequest(request_id="short", fact=fact(book_of())), "request_id"),
        (
            messages.PublishBookRootRequest(
                request_id="a-request-of-some-length", fact=messages.SignedFact(statement=BOOK.encode())
            ),
            "fact.signatures",
        ),
    ],
)
def test_what_is_missing_is_named(
    stub: RegistryServiceStub, request_: messages.PublishBookRootRequest, field: str
) -> None:
    code, details = refusal(stub.PublishBookRoot, request_)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert details.bad_request.field_violations[0].field == field


def test_d4_one_id_is_one_request(stub: RegistryServiceStub) -> None:
    first = stub.PublishBookRoot(book_request())
    stub.PublishBookRoot(book_request(book_of(13, 5), "another-request-of-that-length"))
    assert stub.PublishBookRoot(book_request()) == first
    code, details = refusal(stub.PublishBookRoot, book_request(book_of(14)))
    assert (code, details.info.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_TAKEN")


def test_o5_a_lie_is_refused_and_told(database: Database, clock: Watch, caplog: pytest.LogCaptureFixture) -> None:
    open_registry(database, clock)
    log = Log(logging.getLogger("tests.registry"))
    registry = Registry(database, IDENTITY, TRUST, clock, tell_equivocation(log))
    with served(registry, clock) as stub, caplog.at_level(logging.WARNING, "tests.registry"):
        stub.PublishBookRoot(book_request())
        code, details = refusal(stub.PublishBookRoot, book_request(book_of(root=5), "another-request-of-that-length"))
    assert (code, details.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, Reason.EQUIVOCATION)
    (record,) = (each for each in caplog.records if each.getMessage() == "EQUIVOCATION")
    assert record.__dict__["fields"] == {"kind": Kind.BOOK_ROOT, "subject": "venue.example", "sequence": 12}


# --- Watching --------------------------------------------------------------------------------------------


@contextmanager
def watch(stub: RegistryServiceStub, token: str = "", seconds: float = PATIENCE) -> Iterator[Watching]:
    watching = stub.WatchRoots(messages.WatchRootsRequest(resume_token=token), timeout=seconds)
    yield watching
    watching.cancel()


def take_from(stub: RegistryServiceStub, token: str, count: int) -> list[messages.WatchRootsResponse]:
    with watch(stub, token) as watching:
        return take(watching, count)


def take(watching: Watching, count: int) -> list[messages.WatchRootsResponse]:
    """So many changes; signs of life are passed over."""
    changes = (each for each in watching if each.HasField("roots"))
    return [next(changes) for _ in range(count)]


def books(changes: list[messages.WatchRootsResponse]) -> list[int]:
    return [each.roots.book.sequence for each in changes]


def test_a_watch_begins_with_the_roots_of_now_and_goes_on(stub: RegistryServiceStub, registry: Registry) -> None:
    with watch(stub) as watching:
        (now,) = take(watching, 1)
        assert not now.roots.HasField("book")
        for sequence in (12, 13, 14):
            registry.publish(book_of(sequence, root=sequence))
        assert books(take(watching, 3)) == [12, 13, 14]


def test_a_token_takes_up_the_watch_without_a_gap_or_a_repetition(
    stub: RegistryServiceStub, registry: Registry, database: Database, clock: Watch
) -> None:
    (now,) = take_from(stub, "", 1)
    for sequence in range(12, 22):
        registry.publish(book_of(sequence, root=sequence))
        registry.publish(appointment_of(ORACLE))
    changes = take_from(stub, now.resume_token, 10)
    assert books(changes) == list(range(12, 22))
    with served(new_registry(database, clock), clock) as restarted:
        for place, change in enumerate(changes[:-1]):
            assert books(take_from(restarted, change.resume_token, 9 - place)) == list(range(13 + place, 22))


def test_what_changes_no_root_is_no_change(stub: RegistryServiceStub, registry: Registry) -> None:
    with watch(stub) as watching:
        take(watching, 1)
        registry.publish(signed_by(POLICY, GOVERNORS[:2]).encode())
        registry.publish(book_of())
        assert books(take(watching, 1)) == [12]


def test_a_revocation_is_a_change_of_what_it_takes_away(stub: RegistryServiceStub, registry: Registry) -> None:
    registry.publish(round_of(keys=REPORTERS[:4]))
    with watch(stub) as watching:
        assert take(watching, 1)[0].roots.HasField("market")
        registry.publish(revocation_of(REPORTERS[0]))
        assert not take(watching, 1)[0].roots.HasField("market")


def test_another_process_is_seen(stub: RegistryServiceStub, database: Database, clock: Watch) -> None:
    with watch(stub) as watching:
        take(watching, 1)
        new_registry(database, clock).publish(book_of())
        assert books(take(watching, 1)) == [12]


def test_silence_is_no_death(stub: RegistryServiceStub) -> None:
    with watch(stub) as watching:
        first, life = next(watching), next(watching)
        assert not life.HasField("roots")
        assert life.resume_token == first.resume_token


def test_x2_a_watch_ends_with_its_call(stub: RegistryServiceStub) -> None:
    with watch(stub, seconds=0.5) as watching, pytest.raises(grpc.RpcError) as caught:
        list(watching)
    assert code_of(caught.value) is grpc.StatusCode.DEADLINE_EXCEEDED
    with watch(stub, seconds=60) as watching:
        next(watching)
        wait_until(is_followed)
    wait_until(lambda: not is_followed())


def wait_until(happens: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.02)


def is_followed() -> bool:
    """Whether some thread is in a watch now."""
    frames = sys._current_frames().values()  # noqa: SLF001 - there is no other way to see what threads do
    return any(each.co_name == FOLLOW for frame in frames for each in codes_of(frame))


def codes_of(frame: FrameType | None) -> Iterator[CodeType]:
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def test_a_token_of_another_registry_is_refused(stub: RegistryServiceStub, registry: Registry) -> None:
    registry.publish(book_of())
    token = registry.watch(NOW).token
    altered = [token[:-1] + ("0" if token[-1] != "0" else "1"), f"{0:016x}{token[16:]}", f"{9:016x}{token[16:]}"]
    for wrong in altered:
        with watch(stub, wrong) as watching, pytest.raises(grpc.RpcError) as caught:
            list(watching)
        assert Details(caught.value).info.reason == Reason.WRONG_CONTEXT
    for wrong in ("x", "g" * len(token), token + "00", "f" * len(token)):
        with watch(stub, wrong) as watching, pytest.raises(grpc.RpcError) as caught:
            list(watching)
        assert Details(caught.value).info.reason in {Reason.NOT_READABLE, Reason.WRONG_CONTEXT}


def test_a_token_from_before_what_is_kept_is_refused(
    stub: RegistryServiceStub, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gazette, "KEPT_CHANGES", 4)
    tokens = []
    for sequence in range(12, 20):
        registry.publish(book_of(sequence, root=sequence))
        tokens.append(registry.watch(NOW).token)
    with watch(stub, tokens[2]) as watching, pytest.raises(grpc.RpcError) as caught:
        list(watching)
    assert (code_of(caught.value), Details(caught.value).info.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        Reason.TOO_OLD,
    )
    assert books(take_from(stub, tokens[4], 3)) == [17, 18, 19]
