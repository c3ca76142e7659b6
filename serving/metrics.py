"""Metrics of a server in Prometheus' format: how many calls, of what kind, how long, how full.

Labels are methods, codes and reasons, which are few and known beforehand: a caller can't make new ones.
"""

from collections.abc import Callable
from http.server import ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from serving.errors import REASONS, Reason
from serving.observation import EndedCall

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)
"""Seconds; the 50 ms of the slowest hundredth is one of them."""


class MeasuredCalls:
    """Counts calls as they end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "ringfence_calls", "Calls that have ended", ("method", "code", "reason"), registry=registry
        )
        self._seconds = Histogram(
            "ringfence_call_seconds", "How long a call took", ("method",), buckets=BUCKETS, registry=registry
        )

    def call_ended(self, call: EndedCall) -> None:
        """Count it."""
        self._calls.labels(call.method, call.code, label_reason(call.reason)).inc()
        self._seconds.labels(call.method).observe(call.seconds)


def label_reason(reason: str) -> str:
    """A reason as a label: one of those that there are, nothing where there was none, and a defect otherwise."""
    return reason if not reason or reason in REASONS else Reason.INTERNAL.value


def measure_load(registry: CollectorRegistry, load: Callable[[], int]) -> None:
    """How many calls are inside, asked for whenever somebody looks."""
    gauge = Gauge("ringfence_calls_inside", "Calls that are answered or wait for a thread", registry=registry)
    gauge.set_function(load)


class MetricsPage:
    """The page of metrics, on this machine alone."""

    def __init__(self, address: str, registry: CollectorRegistry) -> None:
        host, _, port = address.rpartition(":")
        self._server, self._thread = start_http_server(int(port), host.strip("[]"), registry)

    @property
    def port(self) -> int:
        """Where it is."""
        server: ThreadingHTTPServer = self._server  # type: ignore[assignment] # it makes one of these
        return server.server_port

    def close(self) -> None:
        """Take it down."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
