"""A server from its first call to its last."""

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from ringfence.v1 import log_service_pb2
from ringfence.v1.log_service_pb2_grpc import LogServiceServicer, LogServiceStub, add_LogServiceServicer_to_server
from serving.call import current_call
from serving.errors import MisuseError, Reason, RejectedError
from serving.log import Log
from serving.pool import Turnstile
from serving.server import EXIT_OVERDUE, Server, Service
from serving.settings import Listen, Pace
from tests.serving.certificates import Authority, Folder
from tests.serving.running import (
    FAST,
    GET_HEAD,
    PATIENCE,
    SMALL,
    WATCH,
    Details,
    Gate,
    call,
    code_of,
    plain_channel,
    refusal,
    secure_channel,
    serving,
    settings_for,
    unary_stream,
    unary_unary,
)

HEAD = log_service_pb2.GetHeadResponse(head=log_service_pb2.SignedHead(tree_size=7))
CHECK = "/grpc.health.v1.Health/Check"
LIST_ENTRIES = "/ringfence.v1.LogService/ListEntries"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


class Heads(LogServiceServicer):
    """A service as one is written: generated messages in and out, refusals raised."""

    def GetHead(  # noqa: N802 - the wire's name
        self,
        request: log_service_pb2.GetHeadRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> log_service_pb2.GetHeadResponse:
        return HEAD

    def ListEntries(  # noqa: N802
        self, request: log_service_pb2.ListEntriesRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.ListEntriesResponse:
        raise RejectedError(
            Reason.NOT_FOUND, "start_index", found=request.start_index, expected=str(context.is_active())
        )

    def GetInclusionProof(  # noqa: N802
        self, request: log_service_pb2.GetInclusionProofRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.GetInclusionProofResponse:
        raise RejectedError(Reason.NOT_READY, "", found=request, expected=str(context.is_active()))

    def GetConsistencyProof(  # noqa: N802
        self, request: log_service_pb2.GetConsistencyProofRequest, context: grpc.ServicerContext
    ) -> log_service_pb2.GetConsistencyProofResponse:
        raise RejectedError(Reason.NOT_READY, "", found=request, expected=str(context.is_active()))


def health(channel: grpc.Channel, service: str = "") -> int:
    answer = call(channel, CHECK, HealthCheckRequest(service=service).SerializeToString())
    return HealthCheckResponse.FromString(answer).status


def wait_for_health(channel: grpc.Channel, expected: int, service: str = "") -> None:
    deadline = time.monotonic() + PATIENCE
    while health(channel, service) != expected:
        assert time.monotonic() < deadline, f"health of {service!r} did not become {expected}"
        time.sleep(0.01)


class Tomorrow(datetime):
    """The clock of a machine on the day after."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Tomorrow":
        return cls.fromtimestamp(time.time() + 86_400, tz)


def test_a_generated_servicer_and_stub_meet() -> None:
    descriptor = log_service_pb2.DESCRIPTOR.services_by_name["LogService"]
    service = Service(descriptor, partial(add_LogServiceServicer_to_server, Heads()))
    with Server(settings_for(), [service]) as server, plain_channel(server) as channel:
        stub = LogServiceStub(channel)
        assert stub.GetHead(log_service_pb2.GetHeadRequest(), timeout=PATIENCE) == HEAD
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListEntries(log_service_pb2.ListEntriesRequest(start_index=9), timeout=PATIENCE)
        assert code_of(caught.value) is grpc.StatusCode.NOT_FOUND
        assert Details(caught.value).status.message == "start_index: expected True"


def test_a_request_has_the_id_that_its_caller_gave_it() -> None:
    ids: list[str] = []

    def note(_: object, __: grpc.ServicerContext) -> object:
        ids.append(current_call().request_id)
        return HEAD

    with serving({GET_HEAD: note}) as server, plain_channel(server) as channel:
        mine = "0123456789abcdef-mine"
        _, done = unary_unary(channel, GET_HEAD).with_call(
            b"", timeout=PATIENCE, metadata=(("ringfence-request-id", mine),)
        )
        assert dict(done.trailing_metadata() or ())["ringfence-request-id"] == mine == ids[0]
        call(channel, metadata=[("ringfence-request-id", "too short")])
        call(channel)
        assert len(set(ids)) == 3


def test_a_call_knows_its_caller_and_its_time(tmp_path: Path) -> None:
    authority, folder = Authority(), Folder(tmp_path)
    folder.write(authority.issue_server(), authority.certificate)
    folder.allow({"dns:desk.example": ["reader", "venue"]})
    seen = []

    def note(_: object, __: grpc.ServicerContext) -> object:
        seen.append((current_call().caller, current_call().seconds_left))
        return HEAD

    with serving({GET_HEAD: note}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, authority.issue_client("desk.example")) as channel:
            call(channel, timeout=3600)
    ((caller, seconds),) = seen
    assert (caller.name, caller.roles) == ("dns:desk.example", frozenset({"reader", "venue"}))
    assert 3000 < seconds <= 3600


def test_health_follows_the_checks_and_recovers() -> None:
    broken = threading.Event()

    def require_store() -> None:
        if broken.is_set():
            raise OSError("the store is gone")

    with (
        serving({}, checks={"store": require_store, "signer": lambda: None}) as server,
        plain_channel(server) as channel,
    ):
        assert [health(channel, name) for name in ("", "store", "signer")] == [SERVING] * 3
        broken.set()
        wait_for_health(channel, NOT_SERVING)
        assert health(channel, "ringfence.v1.LogService") == NOT_SERVING
        assert health(channel, "store") == NOT_SERVING
        assert health(channel, "signer") == SERVING
        broken.clear()
        wait_for_health(channel, SERVING)
        assert code_of(refusal(channel, CHECK, HealthCheckRequest(service="other").SerializeToString())) is (
            grpc.StatusCode.NOT_FOUND
        )


def test_an_expired_certificate_is_no_readiness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, folder = Authority(), Folder(tmp_path)
    folder.write(authority.issue_server(), authority.certificate)
    folder.allow({"dns:desk.example": ["reader"]})
    with serving({}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, authority.issue_client("desk.example")) as channel:
            assert [health(channel, name) for name in ("", "certificate")] == [SERVING] * 2
            monkeypatch.setattr("serving.tls.datetime", Tomorrow)
            wait_for_health(channel, NOT_SERVING)
            assert health(channel, "certificate") == NOT_SERVING
            folder.write(authority.issue_briefly(3 * 86_400), authority.certificate)
            wait_for_health(channel, SERVING)


def test_a_drain_lets_calls_finish() -> None:
    gate = Gate(HEAD)
    settings = settings_for(pace=replace(FAST, drain_milliseconds=120_000, final_milliseconds=60_000))
    with serving({GET_HEAD: gate}, settings) as server, plain_channel(server) as channel:
        inside = unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE)
        gate.wait_for(1)
        drained: list[bool] = []
        drain = threading.Thread(target=lambda: drained.append(server.drain()))
        drain.start()
        wait_until_unavailable(channel)
        assert not inside.done()
        gate.open.set()
        assert inside.result(timeout=PATIENCE) == HEAD.SerializeToString()
        drain.join(PATIENCE)
        assert drained == [True]


def wait_until_unavailable(channel: grpc.Channel) -> None:
    """No more calls are taken; gRPC itself cancels one that comes in the very moment in which it ends."""
    deadline, code = time.monotonic() + PATIENCE, None
    while code is not grpc.StatusCode.UNAVAILABLE:
        assert time.monotonic() < deadline, "calls are taken still"
        try:
            call(channel, LIST_ENTRIES)
        except grpc.RpcError as error:
            code = code_of(error)
            assert code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def test_a_drain_says_not_serving_before_it_takes_no_more_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice lasts here until the test lets it be over."""
    notices, is_over = list[float](), threading.Event()

    def sleep(seconds: float) -> None:
        notices.append(seconds)
        assert is_over.wait(PATIENCE)

    monkeypatch.setattr("serving.server.time", SimpleNamespace(sleep=sleep))
    settings = settings_for(pace=replace(FAST, notice_milliseconds=500))
    with serving({}, settings) as server, plain_channel(server) as channel:
        drain = threading.Thread(target=server.drain)
        drain.start()
        wait_for_health(channel, NOT_SERVING)
        assert call(channel) == b""
        is_over.set()
        wait_until_unavailable(channel)
        drain.join(PATIENCE)
    assert notices == [0.5]


def test_a_drain_cancels_what_does_not_end_and_ends_itself() -> None:
    stuck = threading.Event()

    def watch(_: object, __: grpc.ServicerContext) -> Iterator[object]:
        yield log_service_pb2.GetHeadResponse()
        stuck.wait(4 * PATIENCE)

    pace = Pace(check_milliseconds=20, notice_milliseconds=0, drain_milliseconds=100, final_milliseconds=300)
    with serving({WATCH: watch}, settings_for(pace=pace)) as server, plain_channel(server) as channel:
        stream = unary_stream(channel, WATCH)(b"")
        next(stream)
        began = time.monotonic()
        assert not server.drain()
        assert time.monotonic() - began < 2 * PATIENCE
        stuck.set()


PROGRAM = """
import sys, threading
from serving.log import log_to
from serving.server import Server
from serving.settings import Access, Listen, Metrics, Pace, Settings, Tls
from serving.limits import Limits
from tests.serving.running import GET_HEAD, services, DESCRIPTORS

def stick(request, context):
    print("inside", flush=True)
    threading.Event().wait(600)

pace = Pace(notice_milliseconds=0, drain_milliseconds=100, final_milliseconds=200)
access = Access(local_roles=("reader",))
settings = Settings(Listen("127.0.0.1:0", plaintext=True), Tls(), access, Limits(), Metrics(), pace)
log_to(sys.stderr)
Server(settings, services({GET_HEAD: stick}, DESCRIPTORS)).run(lambda port: print(port, flush=True))
"""


@pytest.mark.parametrize(("is_stuck", "code"), [(False, 0), (True, EXIT_OVERDUE)])
def test_a_process_ends_when_it_is_told_to(is_stuck: bool, code: int) -> None:  # noqa: FBT001 - a parameter
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with (
        subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process,  # noqa: S603
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            if is_stuck:
                stuck = unary_unary(channel, GET_HEAD).future(b"")
                assert process.stdout.readline() == "inside\n"
                assert not stuck.done()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == code


def test_a_taken_address_is_refused() -> None:
    with serving({}) as server:
        with pytest.raises(MisuseError), serving({}, settings_for(listen=Listen(f"127.0.0.1:{server.port}"))):
            pass


def test_calls_are_counted_by_method_code_and_reason() -> None:
    with serving({GET_HEAD: lambda *_: HEAD}, settings_for(metrics=True)) as server, plain_channel(server) as channel:
        call(channel)
        refusal(channel, request=b"\xff")
        address = f"http://127.0.0.1:{server.metrics_port}/metrics"
        text, deadline = "", time.monotonic() + PATIENCE
        while 'code="INVALID_ARGUMENT"' not in text and time.monotonic() < deadline:
            with urllib.request.urlopen(address) as page:
                text = page.read().decode()
    assert f'ringfence_calls_total{{code="OK",method="{GET_HEAD}",reason=""}} 1.0' in text
    refused = f'{{code="INVALID_ARGUMENT",method="{GET_HEAD}",reason="NOT_READABLE"}}'
    assert f"ringfence_calls_total{refused} 1.0" in text
    assert "ringfence_calls_inside" in text


def test_a_log_line_says_who_and_what_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(logging.getLogger("tests.lines"))
    with caplog.at_level(logging.INFO, "tests.lines"), serving({}, log=log) as server, plain_channel(server) as channel:
        call(channel)
    (ended,) = [vars(record)["fields"] for record in caplog.records if record.message == "CALL_ENDED"]
    assert ended.keys() == {"method", "request_id", "caller", "code", "reason", "milliseconds"}
    assert (ended["method"], ended["caller"], ended["code"]) == (GET_HEAD, "local", "OK")


def test_a_share_is_given_back() -> None:
    turnstile, refusal_of_test = Turnstile(1), RuntimeError("full")
    with turnstile.enter("a", refusal_of_test), turnstile.enter("b", refusal_of_test):
        with pytest.raises(RuntimeError, match="full"), turnstile.enter("a", refusal_of_test):
            pass
    with turnstile.enter("a", refusal_of_test):
        pass


def test_one_caller_leaves_threads_to_others() -> None:
    limits = replace(SMALL, calls_per_caller=2)
    gate = Gate(HEAD)
    with serving({GET_HEAD: gate}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        inside = [unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE) for _ in range(2)]
        gate.wait_for(2)
        details = Details(refusal(channel))
        assert (details.info.reason, details.has_retry) == (Reason.TOO_MANY_CALLS, True)
        gate.open.set()
        assert [each.result(timeout=PATIENCE) for each in inside] == [HEAD.SerializeToString()] * 2


def test_an_answered_call_leaves_no_open_stream_behind() -> None:
    """Without the collector: what only a collection would close counts against its connection until then."""
    limits = replace(SMALL, streams_per_connection=8)
    gc.disable()
    try:
        with serving({}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
            assert [call(channel) for _ in range(40)] == [b""] * 40
            codes = {code_of(refusal(channel, request=b"\xff")) for _ in range(40)}
            assert codes == {grpc.StatusCode.INVALID_ARGUMENT}
            assert [list(unary_stream(channel, WATCH)(b"", timeout=PATIENCE)) for _ in range(40)] == [[b""]] * 40
    finally:
        gc.enable()
