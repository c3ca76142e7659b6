"""A collector of traces of the tests' own: a real server of OpenTelemetry's protocol on a real socket."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from serving.development_certificates import Pair
from tests.serving.running import PATIENCE


class Collector(TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.requests: list[ExportTraceServiceRequest] = []
        self.metadata: list[tuple[tuple[str, str | bytes], ...]] = []
        self.port = 0

    def Export(  # noqa: N802 - the wire's name
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        with self._arrived:
            self.requests.append(request)
            self.metadata.append(tuple(context.invocation_metadata() or ()))
            self._arrived.notify_all()
        return ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Span]:
        """All spans that have arrived."""
        resources = (each for request in self.requests for each in request.resource_spans)
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]

    def wait_for(self, count: int) -> list[Span]:
        """Spans as soon as there are so many."""
        deadline = time.monotonic() + PATIENCE
        with self._arrived:
            while len(self.spans) < count:
                assert self._arrived.wait(deadline - time.monotonic()), f"{len(self.spans)} spans of {count}"
            return self.spans


@contextmanager
def collecting(pair: Pair | None = None, port: int = 0) -> Iterator[Collector]:
    """A collector for as long as it is needed, with TLS where it has a certificate."""
    collector, server = Collector(), grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call] # generated
    if pair is None:
        collector.port = server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)])
        collector.port = server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()
