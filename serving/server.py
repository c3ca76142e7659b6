"""A server: services behind everything that a server needs, from its first call to its last.

services = [Service(DESCRIPTOR.services_by_name["LogService"], partial(add_LogServiceServicer_to_server, servicer))]
Server(settings, services, checks={"store": store.require_writable}).run()
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from serving.address import UNIX, owner_only
from serving.errors import MisuseError, Reason
from serving.health import SERVICE as HEALTH
from serving.health import Check, Readiness
from serving.interception import Interceptor
from serving.last_good import LastGood
from serving.log import Event, Log
from serving.metrics import MeasuredCalls, MetricsPage, measure_load
from serving.observation import LoggedCalls, Observer
from serving.pool import BoundedPool
from serving.roles import ROLES, Callers, CertifiedCallers, LocalCallers, Rules, list_rules, read_role_table
from serving.settings import TELEMETRY_ENDPOINT, Pace, Settings, Telemetry
from serving.tls import ServedCertificates

if TYPE_CHECKING:
    from serving.tracing import TracedCalls

EXIT_OVERDUE: Final = 75
"""The exit of a process whose calls did not end in time."""
HEALTH_CHECK: Final = f"/{HEALTH.full_name}/Check"
ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the wire, and what puts its servicer into a server."""

    descriptor: ServiceDescriptor
    register: Callable[[grpc.Server], None]


class Server:
    """Serves from ``start`` to ``drain``."""

    def __init__(
        self,
        settings: Settings,
        services: Sequence[Service],
        checks: Mapping[str, Check] | None = None,
        observers: Iterable[Observer] = (),
        log: Log | None = None,
        *,
        registry: CollectorRegistry | None = None,
    ) -> None:
        """``registry`` has metrics besides those of calls."""
        self._settings = settings
        self._log = log or Log()
        self._registry = registry or CollectorRegistry()
        limits = settings.limits
        self._certificates = None if settings.listen.plaintext else ServedCertificates(settings.tls.files, self._log)
        own = {} if self._certificates is None else {"certificate": self._certificates.check}
        names = [service.descriptor.full_name for service in services]
        self._readiness = Readiness({**own, **(checks or {})}, names, self._log)
        self._pool = BoundedPool(limits.threads, limits.queue, "calls")
        measure_load(self._registry, lambda: self._pool.load)
        self._tracing = start_tracing(settings.telemetry)
        everyone: list[Observer] = [LoggedCalls(self._log), MeasuredCalls(self._registry), *observers]
        if self._tracing is not None:
            everyone.append(self._tracing)
        rules = rules_of(services, reflects=settings.listen.reflection)
        self._interceptor = Interceptor(
            limits,
            self._pool,
            callers=self._tell_callers(),
            rules=rules,
            observers=everyone,
            log=self._log,
            apart=frozenset({HEALTH_CHECK}),
        )
        self._server = grpc.server(
            self._pool,
            interceptors=[self._interceptor],
            options=limits.options,
            maximum_concurrent_rpcs=limits.concurrent_calls,
        )
        for service in services:
            service.register(self._server)
        add_HealthServicer_to_server(self._readiness.servicer, self._server)
        if settings.listen.reflection:
            reflection.enable_server_reflection([*names, HEALTH.full_name, reflection.SERVICE_NAME], self._server)
        self._metrics: MetricsPage | None = None
        self._port = 0
        self._draining = threading.Lock()
        self._drained: bool | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 on a unix socket."""
        return self._port

    @property
    def metrics_port(self) -> int:
        """Where its metrics are; 0 where they are nowhere."""
        return 0 if self._metrics is None else self._metrics.port

    def start(self) -> int:
        """Take calls. The checks have been asked once when this returns."""
        try:
            self._port = self._bind()
            if self._settings.metrics.address is not None:
                self._metrics = MetricsPage(self._settings.metrics.address, self._registry)
        except (RuntimeError, OSError):
            self._interceptor.stop()
            self._stop_tracing(0)
            wanted = filter(None, (self._settings.listen.address, self._settings.metrics.address))
            found, expected = f"one that is taken: {' or '.join(wanted)}", "addresses that are free"
            raise MisuseError(Reason.OUT_OF_BOUNDS, "listen", found=found, expected=expected) from None
        self._readiness.start(self._settings.pace.check_milliseconds)
        self._server.start()
        self._log.tell(Event.STARTED, address=self._settings.listen.address, tls=self._certificates is not None)
        return self._port

    def drain(self) -> bool:
        """Take no more calls and let those finish that are under way; whether all have ended in time."""
        with self._draining:
            if self._drained is None:
                self._drained = self._drain(self._settings.pace)
            return self._drained

    def _drain(self, pace: Pace) -> bool:
        self._log.tell(Event.DRAINING)
        self._readiness.stop()
        time.sleep(pace.notice_milliseconds / 1000)
        self._interceptor.leave()
        stopped = self._server.stop(pace.drain_milliseconds / 1000)
        stopped.wait((pace.drain_milliseconds + pace.final_milliseconds) / 1000)
        is_idle = self._pool.wait_until_idle(pace.final_milliseconds / 1000)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._interceptor.stop()
        if self._metrics is not None:
            self._metrics.close()
        self._stop_tracing(pace.final_milliseconds / 1000)
        self._log.tell(Event.DRAINED if is_idle else Event.DRAIN_OVERDUE)
        return is_idle

    def _stop_tracing(self, seconds: float) -> None:
        if self._tracing is not None:
            self._tracing.close(seconds)

    def run(self, announce: Callable[[int], object] = lambda _: None) -> None:
        """Serve until the process is told to end; with calls that do not end in time, the process ends without them."""
        with ending_signals() as told:
            announce(self.start())
            told.recv(1)
            if not self.drain():
                os._exit(EXIT_OVERDUE)  # threads that are still at work would keep the process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()

    def _tell_callers(self) -> Callers:
        access = self._settings.access
        if self._certificates is None:
            return LocalCallers(access.local_roles)
        path = access.callers
        if path is None:
            expected = "the file with the roles of callers"
            raise MisuseError(Reason.MISSING_KEY, "access.callers", found="nothing", expected=expected)
        return CertifiedCallers(LastGood([path], lambda: read_role_table(path), self._log))

    def _bind(self) -> int:
        address = self._settings.listen.address
        if self._certificates is not None:
            return self._server.add_secure_port(address, self._certificates.credentials())
        if not address.startswith(UNIX):
            return self._server.add_insecure_port(address)
        with owner_only():
            self._server.add_insecure_port(address)
            return 0


def start_tracing(telemetry: Telemetry) -> "TracedCalls | None":
    """Traces where they are wanted; what sends them is looked for then alone."""
    if telemetry.endpoint is None:
        return None
    try:
        from serving.tracing import TracedCalls  # noqa: PLC0415 - optional
    except ImportError:
        expected = "OpenTelemetry, which comes with ringfence[telemetry]"
        raise MisuseError(
            Reason.MISSING_KEY, TELEMETRY_ENDPOINT, found="nothing that sends", expected=expected
        ) from None
    return TracedCalls(telemetry)


@contextmanager
def ending_signals() -> Iterator[socket.socket]:
    """A socket that has something to read as soon as the process was told to end, also before anybody waits for it."""
    told, tell = socket.socketpair()
    tell.settimeout(0)
    wakeup = signal.set_wakeup_fd(tell.fileno())
    handlers = {number: signal.signal(number, lambda *_: None) for number in ENDING_SIGNALS}
    try:
        yield told
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        told.close()
        tell.close()


def rules_of(services: Iterable[Service], *, reflects: bool) -> Rules:
    """The rules beside the methods; health, and reflection where it is on, are for every caller with a role."""
    everybody = frozenset(ROLES)
    open_to_all = {f"/{HEALTH.full_name}/{method.name}": everybody for method in HEALTH.methods}
    if reflects:
        open_to_all[f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"] = everybody
    return {**list_rules(service.descriptor for service in services), **open_to_all}
