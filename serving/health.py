"""Whether a server can do its work: named checks, asked again and again, told as gRPC's health v1.

``""`` is the server as a whole, a service's name is that service, and a check has its own name. One check that fails,
and server and services are NOT_SERVING; they recover by themselves when it does.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import DESCRIPTOR, HealthCheckResponse

from serving.log import Event, Log

SERVICE: Final = DESCRIPTOR.services_by_name["Health"]
WHOLE: Final = ""
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING

Check = Callable[[], object]
"""Raises where what it asks after is not there."""


class Readiness:
    """The checks of a server and what came of them."""

    def __init__(self, checks: Mapping[str, Check], services: Iterable[str], log: Log) -> None:
        self._checks = dict(checks)
        self._names = (WHOLE, *services)
        self._log = log
        self._stopped = threading.Event()
        self._failed: dict[str, bool] = {}
        self._thread = threading.Thread(target=self._repeat, name="readiness", daemon=True)
        self._milliseconds = 0
        self.servicer = HealthServicer(experimental_non_blocking=False)
        for name in (*self._names, *self._checks):
            self.servicer.set(name, NOT_SERVING)

    def start(self, milliseconds: int) -> None:
        """Ask all checks now, and again every so often."""
        self._milliseconds = milliseconds
        self.ask()
        self._thread.start()

    def ask(self) -> None:
        """Ask all checks and tell what came of them."""
        for name, check in self._checks.items():
            self._note(name, run(check))
        status = NOT_SERVING if any(self._failed.values()) else SERVING
        for name in self._names:
            self.servicer.set(name, status)

    def stop(self) -> None:
        """Tell everybody to go elsewhere, from now on."""
        self._stopped.set()
        self.servicer.enter_graceful_shutdown()
        if self._thread.is_alive():
            self._thread.join()

    def _note(self, name: str, error: Exception | None) -> None:
        failed = error is not None
        self.servicer.set(name, NOT_SERVING if failed else SERVING)
        if self._failed.get(name) != failed:
            kind = type(error).__name__ if failed else ""
            self._log.tell(Event.CHECK_CHANGED, check=name, status="failed" if failed else "passed", error=kind)
        self._failed[name] = failed

    def _repeat(self) -> None:
        while not self._stopped.wait(self._milliseconds / 1000):
            self.ask()


def run(check: Check) -> Exception | None:
    """What a check raises, if it does."""
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed
        return error
    return None
