"""Traces of calls in OpenTelemetry's protocol: one span for each call, with attributes of a fixed list.

A span has the method, the code, the reason and the id of the request, and stands below the span that the caller named
in ``traceparent``. What was asked and answered is not known here, nor who asked; ``tracestate`` and baggage, in which a
caller can write anything, are not read. Spans wait in a queue of fixed length and are sent from a thread of their own:
a collector that is slow or away costs traces and nothing else.
"""

import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from serving.errors import MisuseError, Reason
from serving.last_good import read_file
from serving.observation import EndedCall
from serving.settings import MILLION, Telemetry
from serving.tls import LARGEST_FILE, parse_certificates

SCOPE: Final = "ringfence.serving"
EXPORT_SECONDS: Final = 5
DELAY_MILLISECONDS: Final = 1_000
LONGEST_QUEUE: Final = 4_096
BATCH: Final = 512
NANOSECONDS: Final = 1_000_000_000
FAULTS: Final = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The codes that are the server's fault, by the conventions for spans of a server."""


class TracedCalls:
    """Sends a span for each call."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._exporter = open_exporter(telemetry)
        resource = Resource({"service.name": telemetry.service, "service.version": version("ringfence")})
        sampler = ParentBased(TraceIdRatioBased(telemetry.sample_ppm / MILLION))
        self._provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=LONGEST_QUEUE,
                schedule_delay_millis=DELAY_MILLISECONDS,
                max_export_batch_size=BATCH,
                export_timeout_millis=EXPORT_SECONDS * 1000,
            )
        )
        self._tracer = self._provider.get_tracer(SCOPE)

    def call_ended(self, call: EndedCall) -> None:
        """A span from when it began until now."""
        ended = time.time_ns()
        span = self._tracer.start_span(
            call.method.removeprefix("/"),
            context=set_span_in_context(NonRecordingSpan(read_parent(call.traceparent))),
            kind=SpanKind.SERVER,
            attributes=describe_call(call),
            start_time=ended - round(call.seconds * NANOSECONDS),
        )
        if call.code in FAULTS:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def close(self, seconds: float) -> None:
        """Send what waits, for no longer than this."""
        ending = threading.Thread(target=self._provider.shutdown, name="tracing", daemon=True)
        ending.start()
        ending.join(seconds)
        if ending.is_alive():
            self._exporter.shutdown()


def describe_call(call: EndedCall) -> dict[str, str | int]:
    """All that a trace tells of a call."""
    service, _, method = call.method.removeprefix("/").rpartition("/")
    code: int = grpc.StatusCode[call.code].value[0]
    return {
        "rpc.system": "grpc",
        "rpc.service": service,
        "rpc.method": method,
        "rpc.grpc.status_code": code,
        "ringfence.reason": call.reason,
        "ringfence.request_id": call.request_id,
    }


def read_parent(traceparent: str) -> SpanContext:
    """The caller's span; none where it named none."""
    if not traceparent:
        return SpanContext(trace_id=0, span_id=0, is_remote=True)
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def open_exporter(telemetry: Telemetry) -> OTLPSpanExporter:
    """What sends to the collector, by TLS wherever it is not on this machine."""
    endpoint = telemetry.endpoint or ""
    credentials = None
    if endpoint.startswith("https://"):
        credentials = grpc.ssl_channel_credentials(read_authorities(telemetry.authorities))
    elif telemetry.authorities is not None:
        expected = "https:// where authorities are named"
        raise MisuseError(Reason.BAD_CERTIFICATE, "telemetry.authorities", found=endpoint, expected=expected)
    return OTLPSpanExporter(
        endpoint=endpoint, insecure=credentials is None, credentials=credentials, timeout=EXPORT_SECONDS
    )


def read_authorities(path: Path | None) -> bytes | None:
    """Certificates in PEM."""
    if path is None:
        return None
    data = read_file(path, "telemetry.authorities", LARGEST_FILE)
    parse_certificates(data, "telemetry.authorities")
    return data
