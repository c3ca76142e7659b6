"""Traces of calls, as a collector receives them."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from ringfence.v1 import log_service_pb2
from serving.errors import MalformedError, MisuseError, Reason, RejectedError, ServingError
from serving.server import Server
from serving.settings import Pace, Telemetry
from tests.serving.certificates import Authority
from tests.serving.collector import Collector, collecting
from tests.serving.running import (
    FAST,
    GET_HEAD,
    PATIENCE,
    PATIENT,
    Behaviour,
    call,
    plain_channel,
    refusal,
    serving,
    settings_for,
)

HEAD = log_service_pb2.GetHeadResponse(head=log_service_pb2.SignedHead(tree_size=7))
LIST = "/ringfence.v1.LogService/ListEntries"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REQUEST_ID = "0123456789abcdef-mine"
HEADERS = [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("ringfence-request-id", REQUEST_ID)]
BEHAVIOURS: dict[str, Behaviour] = {GET_HEAD: lambda *_: HEAD}


@contextmanager
def traced(
    telemetry: Telemetry, behaviours: dict[str, Behaviour] | None = None, pace: Pace = PATIENT
) -> Iterator[tuple[Server, grpc.Channel]]:
    settings = replace(settings_for(pace=pace), telemetry=telemetry)
    with serving(behaviours or BEHAVIOURS, settings) as server, plain_channel(server) as channel:
        yield server, channel


def telemetry_of(collector: Collector, **further: object) -> Telemetry:
    return replace(Telemetry(f"http://127.0.0.1:{collector.port}", service="a verifier"), **further)  # type: ignore[arg-type]


def attributes_of(span: Span) -> dict[str, str | int]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in span.attributes}


def test_a_call_is_a_span_below_that_of_its_caller() -> None:
    with collecting() as collector:
        with traced(telemetry_of(collector)) as (_, channel):
            began = time.time_ns()
            call(channel, metadata=HEADERS)
            (span,) = collector.wait_for(1)
            ended = time.time_ns()
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
    assert span.name == "ringfence.v1.LogService/GetHead"
    assert span.kind == Span.SPAN_KIND_SERVER
    assert began - 10**7 <= span.start_time_unix_nano <= span.end_time_unix_nano <= ended
    assert attributes_of(span) == {
        "rpc.system": "grpc",
        "rpc.service": "ringfence.v1.LogService",
        "rpc.method": "GetHead",
        "rpc.grpc.status_code": 0,
        "ringfence.reason": "",
        "ringfence.request_id": REQUEST_ID,
    }
    resource = collector.requests[0].resource_spans[0].resource
    named = {each.key: each.value.string_value for each in resource.attributes}
    assert named["service.name"] == "a verifier"
    assert set(named) == {"service.name", "service.version"}


def test_a_refusal_is_a_span_with_its_reason() -> None:
    def refuse(*_: object) -> object:
        raise RejectedError(Reason.NOT_FOUND, "start_index", found="what was asked", expected="what there is")

    def fail(*_: object) -> object:
        raise OSError("a text")

    with collecting() as collector:
        with traced(telemetry_of(collector), {LIST: refuse, GET_HEAD: fail}) as (_, channel):
            refusal(channel, LIST)
            refusal(channel, GET_HEAD)
    refused, failed = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    found = attributes_of(refused)
    assert (found["ringfence.reason"], found["rpc.grpc.status_code"]) == ("NOT_FOUND", 5)
    assert refused.status.code == SpanStatus.STATUS_CODE_UNSET
    assert attributes_of(failed)["rpc.grpc.status_code"] == 13
    assert failed.status.code == SpanStatus.STATUS_CODE_ERROR
    assert refused.trace_id != failed.trace_id


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00-0-0-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
    ],
)
def test_what_is_no_trace_begins_one(traceparent: str) -> None:
    with collecting() as collector:
        with traced(telemetry_of(collector)) as (_, channel):
            call(channel, metadata=[("traceparent", traceparent)])
    (span,) = collector.spans
    assert span.trace_id.hex() != TRACE
    assert span.parent_span_id == b""


def test_what_nobody_samples_is_not_sent() -> None:
    with collecting() as collector:
        with traced(telemetry_of(collector, sample_ppm=0)) as (_, channel):
            call(channel)
            call(channel, metadata=[("traceparent", f"00-{TRACE}-{SPAN}-00")])
            call(channel, metadata=HEADERS)
    (span,) = collector.spans
    assert span.trace_id.hex() == TRACE


def test_what_waits_is_sent_at_the_end() -> None:
    with collecting() as collector:
        with traced(telemetry_of(collector)) as (_, channel):
            for _ in range(20):
                call(channel)
        assert len(collector.spans) == 20


def test_a_collector_that_is_away_costs_traces_and_nothing_else() -> None:
    with collecting() as collector:
        port = collector.port
    taken = []
    with traced(Telemetry(f"http://127.0.0.1:{port}"), pace=FAST) as (server, channel):
        for _ in range(100):
            began = time.monotonic()
            assert call(channel) == HEAD.SerializeToString()
            taken.append(time.monotonic() - began)
        began = time.monotonic()
        assert server.drain()
        taken_by_drain = time.monotonic() - began
    assert median(taken) < 0.5, "a call that waited for the collector would wait for seconds"
    assert taken_by_drain < FAST.final_milliseconds / 1000 + PATIENCE / 3, "the exporter by itself would try for longer"


def test_a_collector_elsewhere_is_spoken_to_by_tls(tmp_path: Path) -> None:
    authority, other = Authority(), Authority("another")
    (tmp_path / "authorities.pem").write_bytes(authority.certificate)
    (tmp_path / "others.pem").write_bytes(other.certificate)
    with collecting(authority.issue_server()) as collector:
        secure = Telemetry(f"https://127.0.0.1:{collector.port}", tmp_path / "authorities.pem")
        with traced(secure) as (_, channel):
            call(channel)
        assert len(collector.spans) == 1
        with traced(replace(secure, authorities=tmp_path / "others.pem"), pace=FAST) as (_, channel):
            call(channel)
        assert len(collector.spans) == 1


@pytest.mark.parametrize(
    ("endpoint", "error", "reason"),
    [
        ("http://192.0.2.1:4317", MisuseError, Reason.NOT_PRIVATE),
        ("http://collector.example:4317", MalformedError, Reason.NOT_READABLE),
        ("grpc://127.0.0.1:4317", MalformedError, Reason.NOT_READABLE),
        ("https://user:word@collector.example:4317", MalformedError, Reason.NOT_READABLE),
        ("https://collector.example:4317/v1/traces", MalformedError, Reason.NOT_READABLE),
        ("127.0.0.1:4317", MalformedError, Reason.NOT_READABLE),
    ],
)
def test_an_endpoint_is_private_or_secure(endpoint: str, error: type[ServingError], reason: Reason) -> None:
    with pytest.raises(error) as caught:
        Telemetry(endpoint)
    assert (caught.value.reason, caught.value.field) == (reason, "telemetry.endpoint")


def test_authorities_without_tls_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught, traced(Telemetry("http://127.0.0.1:1", tmp_path / "a.pem")):
        pass
    assert caught.value.field == "telemetry.authorities"


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    assert settings_for().telemetry.endpoint is None


def test_what_sends_them_is_looked_for_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry.sdk.trace", "serving.tracing"):
        monkeypatch.setitem(sys.modules, name, None)
    with serving(BEHAVIOURS) as server, plain_channel(server) as channel:
        assert call(channel) == HEAD.SerializeToString()
    with pytest.raises(MisuseError) as caught, traced(Telemetry("http://127.0.0.1:1")):
        pass
    assert caught.value.field == "telemetry.endpoint"
