"""Both connections against servers that break off, are full, are slow, or say no."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import grpc
import pytest

from facts.anchor import Anchor
from facts.log_head import LogKey
from facts.roots import PublishedRoots
from margin.errors import MalformedError, MarginError, MisuseError
from margin.errors import Reason as MarginReason
from ringfence.client.aio import AsyncConnection
from ringfence.client.connection import Connection
from ringfence.client.errors import AnswerError, StatusError, UnreachableError
from ringfence.client.log import Log
from ringfence.client.procedure import Change, Exchange, Procedure, Result, Watch
from ringfence.client.registry import Registry
from ringfence.client.settings import ConnectionSettings
from ringfence.v1 import log_service_pb2, registry_service_pb2, verifier_service_pb2
from ringfence.wire.facts import write_roots
from ringfence.wire.log import write_head
from serving.errors import Reason, RejectedError
from serving.limits import Limits
from serving.server import Server
from serving.settings import Listen
from tests.facts.specimens import key_of
from tests.ringfence.wire.test_facts import ROOTS
from tests.ringfence.wire.test_log import KEYS, TREE
from tests.serving.running import GET_HEAD, VERIFY_BATCH, WATCH, Behaviour, serving, settings_for

ANCHOR = Anchor("desk-1", "clearing.example", (key_of("verifier").public_key,), log_keys=KEYS)
HEAD = log_service_pb2.GetHeadResponse(head=write_head(TREE.head()))
PUBLISH = "/ringfence.v1.RegistryService/PublishBookRoot"
PATIENCE_SECONDS = 120


class Client(Protocol):
    """Either connection, from a thread."""

    def ask(self, procedure: Procedure[Any]) -> Any: ...  # noqa: ANN401

    def follow(self, watch: Watch[Any], count: int, token: str = "") -> list[Change[Any]]: ...

    def exchange(self, exchange: Exchange[Any, Any], items: list[Any]) -> list[Any]: ...


class Threads:
    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings

    def ask(self, procedure: Procedure[Result]) -> Result:
        with Connection(self._settings) as connection:
            return connection.ask(procedure)

    def follow(self, watch: Watch[Any], count: int, token: str = "") -> list[Change[Any]]:
        with Connection(self._settings) as connection:
            return list(islice(connection.follow(watch, token), count))

    def exchange(self, exchange: Exchange[Any, Any], items: list[Any]) -> list[Any]:
        with Connection(self._settings) as connection:
            return list(connection.exchange(exchange, items))


class Loop:
    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings

    def ask(self, procedure: Procedure[Result]) -> Result:
        async def run() -> Result:
            async with AsyncConnection(self._settings) as connection:
                return await connection.ask(procedure)

        return asyncio.run(run())

    def follow(self, watch: Watch[Any], count: int, token: str = "") -> list[Change[Any]]:
        async def run() -> list[Change[Any]]:
            seen = []
            async with AsyncConnection(self._settings) as connection:
                async for change in connection.follow(watch, token):
                    seen.append(change)
                    if len(seen) == count:
                        break
            return seen

        return asyncio.run(run())

    def exchange(self, exchange: Exchange[Any, Any], items: list[Any]) -> list[Any]:
        async def run() -> list[Any]:
            async with AsyncConnection(self._settings) as connection:
                return [each async for each in connection.exchange(exchange, items)]

        return asyncio.run(run())


@pytest.fixture(params=[Threads, Loop], ids=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Client]:
    def open_client(server: Server | str, **settings: Any) -> Client:  # noqa: ANN401
        address = server if isinstance(server, str) else f"127.0.0.1:{server.port}"
        plain = ConnectionSettings(address, plaintext=True, **settings)
        client: Client = request.param(plain)
        return client

    return open_client


class Answers:
    """Raises what is an error and returns what is none, one at each call; the last one from then on."""

    def __init__(self, *answers: object) -> None:
        self._answers = answers
        self.requests: list[Any] = []

    def __call__(self, request: Any, context: grpc.ServicerContext) -> object:  # noqa: ANN401, ARG002
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def not_ready() -> RejectedError:
    return RejectedError(Reason.NOT_READY, "", found="nothing", expected="a store", retry_milliseconds=20)


def full() -> RejectedError:
    return RejectedError(Reason.QUEUE_FULL, "", found="all", expected="room")


def test_a_call_is_tried_again_under_the_same_id(connect: Callable[..., Client]) -> None:
    answers = Answers(not_ready(), full(), HEAD)
    with serving({GET_HEAD: answers}) as server:
        assert connect(server).ask(Log(ANCHOR).head()).head.size == 5
    assert len(answers.requests) == 3
    publish = Answers(not_ready(), registry_service_pb2.PublishBookRootResponse())
    with serving({PUBLISH: publish}) as server, pytest.raises(AnswerError):
        connect(server).ask(Registry().publish(ROOTS.book.facts[0]))  # type: ignore[union-attr]
    first, second = publish.requests
    assert first.request_id == second.request_id
    assert len(first.request_id) >= 16


def test_what_stays_is_not_tried_for_ever(connect: Callable[..., Client]) -> None:
    answers = Answers(not_ready())
    with serving({GET_HEAD: answers}) as server, pytest.raises(StatusError) as failed:
        connect(server, attempts=3).ask(Log(ANCHOR).head())
    assert (failed.value.code, failed.value.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")
    assert (failed.value.kind, failed.value.retry_milliseconds) == ("rejected", 20)
    assert len(answers.requests) == 3


def test_a_no_is_not_asked_again(connect: Callable[..., Client]) -> None:
    no = MalformedError(MarginReason.OUT_OF_BOUNDS, "tree_size", found=9, expected="at most 5")
    answers = Answers(no)
    with serving({GET_HEAD: answers}) as server, pytest.raises(StatusError) as failed:
        connect(server).ask(Log(ANCHOR).head())
    error = failed.value
    assert (error.code, error.kind, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "malformed", "OUT_OF_BOUNDS")
    assert (error.field, error.expected) == ("tree_size", "at most 5")
    assert len(answers.requests) == 1


def test_a_defect_of_a_server_tells_the_id_of_the_call(connect: Callable[..., Client]) -> None:
    with serving({GET_HEAD: Answers(ValueError("a secret"))}) as server, pytest.raises(StatusError) as failed:
        connect(server).ask(Log(ANCHOR).head())
    assert (failed.value.kind, failed.value.reason) == ("internal", "INTERNAL")
    assert len(failed.value.request_id) >= 16
    assert "secret" not in str(failed.value)


def test_nobody_waits_for_ever(connect: Callable[..., Client]) -> None:
    release = threading.Event()

    def sleep(_: object, __: grpc.ServicerContext) -> object:
        release.wait(PATIENCE_SECONDS)
        return HEAD

    with serving({GET_HEAD: sleep}) as server:
        with pytest.raises(UnreachableError) as failed:
            connect(server, longest_seconds=1).ask(Log(ANCHOR).head())
        release.set()
    assert failed.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


# --- Watches ---------------------------------------------------------------------------------------------


def changes_after(token: str, count: int) -> Iterator[registry_service_pb2.WatchRootsResponse]:
    """So many changes behind a token; each is known by the sequence of its book."""
    start = int(token or 0)
    for number in range(start + 1, start + count + 1):
        roots = write_roots(PublishedRoots(locks=ROOTS.locks))
        roots.locks.sequence = number
        yield registry_service_pb2.WatchRootsResponse(roots=roots, resume_token=str(number))


def breaking(error: Exception | None, tokens: list[str]) -> Behaviour:
    """Two changes and a sign of life at a time, and then the stream breaks."""

    def watch(
        request: registry_service_pb2.WatchRootsRequest, _: grpc.ServicerContext
    ) -> Iterator[registry_service_pb2.WatchRootsResponse]:
        tokens.append(request.resume_token)
        yield from changes_after(request.resume_token, 2)
        if error is not None:
            raise error

    return watch


@pytest.mark.parametrize("error", [None, not_ready(), full()], ids=["end", "not ready", "full"])
def test_a_broken_watch_goes_on_behind_what_was_seen(connect: Callable[..., Client], error: Exception | None) -> None:
    tokens: list[str] = []
    with serving({WATCH: breaking(error, tokens)}) as server:
        seen = connect(server).follow(Registry().watch(), 7)
    assert [each.item.locks.sequence for each in seen] == list(range(1, 8))
    assert [each.token for each in seen] == [str(number) for number in range(1, 8)]
    assert tokens[:4] == ["", "2", "4", "6"]


def test_a_change_that_does_not_say_where_it_is_ends_the_watch(connect: Callable[..., Client]) -> None:
    def watch(_: object, __: grpc.ServicerContext) -> Iterator[registry_service_pb2.WatchRootsResponse]:
        yield registry_service_pb2.WatchRootsResponse(roots=write_roots(ROOTS))

    with serving({WATCH: watch}) as server, pytest.raises(AnswerError) as refused:
        connect(server).follow(Registry().watch(), 1)
    assert refused.value.field == "answer.resume_token"


def test_a_watch_begins_where_it_is_told(connect: Callable[..., Client]) -> None:
    with serving({WATCH: breaking(None, [])}) as server:
        (seen,) = connect(server).follow(Registry().watch(), 1, "41")
    assert seen.token == "42"  # noqa: S105


def test_a_watch_outlives_its_server(connect: Callable[..., Client], tmp_path: Path) -> None:
    """At a path, which nobody else takes while the server is gone, as somebody might take a port."""
    behaviours, address = {WATCH: breaking(not_ready(), [])}, f"unix:{tmp_path / 'socket'}"
    settings = settings_for(listen=Listen(address))
    with serving(behaviours, settings):
        client = connect(address)
        assert client.follow(Registry().watch(), 1)
    found: list[Change[Any]] = []

    def come_back() -> None:
        time.sleep(0.5)
        with serving(behaviours, settings):
            ended.wait(PATIENCE_SECONDS)

    ended = threading.Event()
    thread = threading.Thread(target=come_back)
    thread.start()
    try:
        found = client.follow(Registry().watch(), 3)
    finally:
        ended.set()
        thread.join()
    assert [each.item.locks.sequence for each in found] == [1, 2, 3]


def test_a_watch_that_never_gets_anywhere_ends(connect: Callable[..., Client]) -> None:
    answers = Answers(not_ready())
    with serving({WATCH: answers}) as server, pytest.raises(StatusError):
        connect(server, attempts=1).follow(Registry().watch(), 1)
    assert len(answers.requests) == 3


def test_a_watch_that_may_not_be_is_not_tried_again(connect: Callable[..., Client]) -> None:
    answers = Answers(RejectedError(Reason.NOT_ALLOWED, "", found="a role", expected="another role"))
    with serving({WATCH: answers}) as server, pytest.raises(StatusError) as failed:
        connect(server).follow(Registry().watch(), 1)
    assert failed.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert len(answers.requests) == 1


def test_a_socket_of_this_machine_is_called_by_its_path(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'socket'}"
    with serving({GET_HEAD: Answers(HEAD)}, settings_for(listen=Listen(address))):
        for client in (
            Threads(ConnectionSettings(address, plaintext=True)),
            Loop(ConnectionSettings(address, plaintext=True)),
        ):
            assert client.ask(Log(ANCHOR).head()).head.size == 5


# --- Streams of questions --------------------------------------------------------------------------------


def numbers(at_once: int = 1) -> Exchange[int, int]:
    """Questions that are numbers, and answers that are, too."""

    def write(asked: Sequence[tuple[int, int]]) -> verifier_service_pb2.VerifyBatchRequest:
        numbered = (verifier_service_pb2.NumberedClaim(number=number) for number, _ in asked)
        return verifier_service_pb2.VerifyBatchRequest(claims=numbered)

    return Exchange(
        VERIFY_BATCH,
        verifier_service_pb2.VerifyBatchResponse,
        write,
        lambda response: response.answers,
        lambda answer, asked: answer.number * 10 + asked,
        at_once,
    )


def echo(change: Callable[[list[int]], list[int]]) -> Behaviour:
    def answer(
        requests: Iterator[verifier_service_pb2.VerifyBatchRequest], _: grpc.ServicerContext
    ) -> Iterator[verifier_service_pb2.VerifyBatchResponse]:
        asked = [[claim.number for claim in request.claims] for request in requests]
        for number in change(list(chain.from_iterable(asked))):
            answers = [verifier_service_pb2.NumberedAnswer(number=number)]
            yield verifier_service_pb2.VerifyBatchResponse(answers=answers)

    return answer


def test_every_question_has_its_answer(connect: Callable[..., Client]) -> None:
    with serving({VERIFY_BATCH: echo(lambda asked: asked[::-1])}) as server:
        assert connect(server).exchange(numbers(), [5, 6, 7]) == [(7, 27), (6, 16), (5, 5)]
        assert connect(server).exchange(numbers(2), [5, 6, 7]) == [(7, 27), (6, 16), (5, 5)]
        assert connect(server).exchange(numbers(), []) == []


@pytest.mark.parametrize(
    "change", [lambda asked: asked[:-1], lambda asked: [*asked, 99], lambda asked: [*asked, asked[0]], lambda _: []]
)
def test_an_answer_that_is_missing_or_too_many_is_seen(
    connect: Callable[..., Client], change: Callable[[list[int]], list[int]]
) -> None:
    with serving({VERIFY_BATCH: echo(change)}) as server, pytest.raises(AnswerError):
        connect(server).exchange(numbers(), [5, 6, 7])


# --- Settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "[::1]:65535", "localhost:50051", "unix:/run/ringfence.sock", "127.9.9.9:80"]
)
def test_on_this_machine_it_may_be_plain(address: str) -> None:
    assert ConnectionSettings(address, plaintext=True).read_credentials() is None


def test_what_is_not_sealed_goes_through_no_proxy(
    connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving({GET_HEAD: Answers(HEAD)}) as server:
        assert connect(server, attempts=1).ask(Log(ANCHOR).head()).head.size == 5


@pytest.mark.parametrize("address", ["10.0.0.1:50051", "verifier.example:443", "[2001:db8::1]:1", "0.0.0.0:1"])
def test_beyond_this_machine_there_is_tls_or_nothing(address: str) -> None:
    with pytest.raises(MisuseError):
        ConnectionSettings(address, plaintext=True)
    with pytest.raises(MisuseError):
        ConnectionSettings(address)


@pytest.mark.parametrize(
    ("address", "settings"),
    [
        ("", {}),
        ("127.0.0.1", {}),
        ("127.0.0.1:99999", {}),
        ("unix:", {}),
        ("a b:1", {}),
        ("127.0.0.1:1", {"attempts": 0}),
        ("127.0.0.1:1", {"attempts": 6}),
        ("127.0.0.1:1", {"longest_seconds": 0}),
        ("127.0.0.1:1", {"message_bytes": 0}),
    ],
)
def test_settings_are_within_their_bounds(address: str, settings: dict[str, Any]) -> None:
    with pytest.raises(MarginError):
        ConnectionSettings(address, plaintext=True, **settings)


def test_room_for_many_calls_is_the_servers_to_give() -> None:
    answers = Answers(HEAD)
    with serving({GET_HEAD: answers}, settings_for(limits=Limits(threads=2, queue=0, calls_per_caller=2))) as server:
        settings = ConnectionSettings(f"127.0.0.1:{server.port}", plaintext=True, attempts=5)
        with Connection(settings) as connection:
            threads = [threading.Thread(target=lambda: connection.ask(Log(ANCHOR).head())) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(answers.requests) >= 8


def test_a_key_of_another_log_is_no_key() -> None:
    with pytest.raises(MisuseError):
        Log(Anchor("desk-1", "clearing.example", ANCHOR.keys))
    assert Log(ANCHOR).keys == (LogKey(KEYS[0].origin, KEYS[0].public_key),)
