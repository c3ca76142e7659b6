"""Whoever looks at a chain again and again, as a watcher and an observer do: how it goes on, and how it tells.

What it tells: a line of its log for each look, metrics where that is asked for, and a file of how it is, which is read
by ``--check``. An alarm is something that cannot be so, for which somebody has to look at a chain or at the program; a
failure is that somebody did not answer, and ends by itself. Neither has anything signed.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from prometheus_client import CollectorRegistry

from chains.watching.watcher import is_alarm
from facts.sealed_file import write_sealed
from margin.documents.reading import read_document
from margin.errors import MarginError, MisuseError, Reason, RejectedError
from ringfence.cli.alarms import Refusal, needs_a_new_start, reason_of
from ringfence.cli.chain_measures import LookMeasures
from ringfence.cli.terminal import draw_facts, err, write_json, write_json_line
from ringfence.client.failure import ClientError
from serving.address import require_loopback
from serving.errors import ServingError
from serving.log import Event, Log, log_to
from serving.metrics import MetricsPage
from serving.server import ending_signals

METRICS: Final = "metrics"
STATUS: Final = "status.json"
STATUS_FORMAT: Final = "ringfence.watch-status/1"
MISSED_LOOKS: Final = 5
"""After so many looks without a word it counts as gone."""
PATIENCE_SECONDS: Final = 60

LookT = TypeVar("LookT")


@dataclass(frozen=True, slots=True)
class Diary:
    """What whoever looks at a chain tells of itself: lines of its log, and how it is in a file, where one is named."""

    status: Path | None
    subject: str
    log: Log

    def ended(self, report: Mapping[str, Any]) -> None:
        """A look that ended well."""
        self._write({"ok": True, **report})

    def failed(self, error: Refusal) -> None:
        """One that did not."""
        reason, event = reason_of(error), Event.ALARM if is_alarm(error) else Event.LOOK_FAILED
        self.log.warn(event, subject=self.subject, reason=reason, field=str(getattr(error, "field", "")))  # noqa: G010
        self._write({"ok": False, "alarm": is_alarm(error), "reason": reason})

    def _write(self, said: Mapping[str, Any]) -> None:
        if self.status is None:
            return
        document = {"format": STATUS_FORMAT, "at": int(time.time()), **said}
        write_sealed(self.status, (json.dumps(document, indent=1) + "\n").encode(), STATUS)


@dataclass(frozen=True, slots=True)
class Station(Generic[LookT]):
    """Whoever looks at a chain, with everything that it needs to tell what came of it."""

    go_on: Callable[[], LookT]
    """One look at the chain; raises where it does not end well."""
    describe: Callable[[LookT], dict[str, Any]]
    """What came of it as a program reads it; its block stands in the log."""
    count: Callable[[LookT], object]
    """Metrics that only looks of this kind have."""
    looks: LookMeasures
    diary: Diary

    def look(self) -> dict[str, Any]:
        """One look, told; what ends it otherwise is told, too, and raised."""
        try:
            look = self.go_on()
        except (MarginError, ClientError, ServingError, OSError) as error:
            self.looks.look_failed(error)
            self.diary.failed(error)
            raise
        self.looks.look_ended()
        self.count(look)
        report = self.describe(look)
        self.diary.ended(report)
        self.diary.log.tell(Event.LOOKED, subject=self.diary.subject, sequence=report["block"])
        return report


@dataclass(frozen=True, slots=True)
class Page:
    """Where metrics are shown, and which."""

    address: str | None
    """On this machine alone; nowhere where it is left out."""
    registry: CollectorRegistry

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Have it there for as long as the block lasts."""
        if self.address is None:
            yield
            return
        try:
            page = MetricsPage(require_loopback(self.address, METRICS), self.registry)
        except OSError:
            expected = "an address that is free"
            raise MisuseError(Reason.OUT_OF_BOUNDS, METRICS, found=self.address, expected=expected) from None
        try:
            yield
        finally:
            page.close()


# --- As a command ----------------------------------------------------------------------------------------


def look_once(station: Station[Any], *, as_json: bool) -> None:
    """One look, told to whoever asked for it."""
    report = station.look()
    write_json(report) if as_json else draw_facts("Looked", describe_report(report))


def look_on(station: Station[Any], page: Page, look_seconds: int, greeting: str, *, as_json: bool) -> None:
    """Look until told to end, with a page of metrics where one is asked for."""
    log_to()
    with page.shown(), waiting(look_seconds) as wait:
        err.print(greeting, highlight=False, markup=False)
        keep_looking(station.look, wait, write_json_line if as_json else lambda _: None)


def keep_looking(
    look: Callable[[], dict[str, Any]], wait: Callable[[], bool], tell: Callable[[dict[str, Any]], None]
) -> None:
    """Look until told to end; what goes wrong is told, and looked at again, unless it is the program's own folder."""
    while True:
        try:
            tell(look())
        except (MarginError, ClientError, ServingError, OSError) as error:
            if needs_a_new_start(error):
                raise
        if wait():
            return


def tell_health(status: Path, patience_seconds: int, title: str, *, as_json: bool) -> None:
    """What was said last, where that is good and not long ago."""
    healthy = require_healthy(status, patience_seconds, int(time.time()))
    write_json(healthy) if as_json else draw_facts(title, describe_report(healthy))


def describe_report(report: Mapping[str, object]) -> dict[str, object]:
    """A report as a person reads it: of a list, how long it is."""
    return {
        name: len(value) if isinstance(value, list) else value for name, value in report.items() if name != "format"
    }


def patience_of(look_seconds: int) -> int:
    """So long after the last word somebody who looks so often is gone."""
    return MISSED_LOOKS * look_seconds + PATIENCE_SECONDS


def require_healthy(status: Path, patience_seconds: int, moment: int) -> dict[str, Any]:
    """What was said last, if that was good and not long ago."""
    said = read_document(status)
    if not isinstance(said, dict) or said.get("format") != STATUS_FORMAT:
        raise MisuseError(Reason.NOT_READABLE, STATUS, found="something else", expected="a status that was written")
    if said.get("ok") is not True:
        found, expected = str(said.get("reason")), "a look that ended well"
        raise RejectedError(Reason.WRONG_STATE, STATUS, found=found, expected=expected)
    told_at = said.get("at")
    if not isinstance(told_at, int) or moment - told_at > patience_seconds:
        raise RejectedError(Reason.TOO_OLD, STATUS, found=told_at, expected=f"at most {patience_seconds} s ago")
    return said


@contextmanager
def waiting(seconds: float) -> Iterator[Callable[[], bool]]:
    """Waits so long, or until the process is told to end (SIGTERM, SIGINT): then it says so."""
    with ending_signals() as told:
        told.settimeout(seconds)

        def wait() -> bool:
            try:
                told.recv(1)
            except TimeoutError:
                return False
            return True

        yield wait
