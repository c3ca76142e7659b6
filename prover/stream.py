"""Many proofs of one caller: so many under way at once, told as they are done, ended when nobody waits for them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from margin.errors import MalformedError, MarginError
from margin.errors import Reason as MarginReason
from prover.jobs import BROKEN, Jobs
from prover.proving import explain
from ringfence.wire.operation import OperationFailure, OperationReport, read_statement_name
from serving.call import Call
from serving.errors import FIELD_PATH, ServingError
from snark.errors import RejectedError as SnarkRejectedError
from snark.errors import SnarkError

GLANCE_SECONDS: Final = 0.1
"""How long one who has gone may not be noticed."""
JOIN_SECONDS: Final = 1.0
UNKNOWN: Final = "unknown"
"""The statement of a request that names none and could not be begun."""

M = TypeVar("M")


class ProofStream:
    """Requests are begun in a thread of their own; answers come out of ``prove``."""

    def __init__(self, jobs: Jobs, call: Call, in_flight: int) -> None:
        self._jobs = jobs
        self._call = call
        self._room = threading.Semaphore(in_flight)
        self._over: SimpleQueue[tuple[int, OperationReport]] = SimpleQueue()
        self._lock = threading.Lock()
        self._under_way: dict[int, str] = {}
        self._begun: set[str] = set()
        self._error: Exception | None = None

    def prove(
        self, asked: Iterable[tuple[int, str, M]], begin: Callable[[M], tuple[OperationReport, bool]]
    ) -> Iterator[tuple[int, OperationReport]]:
        """Number and operation of each request, as they are over."""
        feeder = threading.Thread(target=self._feed, args=(asked, begin), name="stream", daemon=True)
        feeder.start()
        try:
            while self._error is None and (feeder.is_alive() or self._under_way):
                self._call.require_waiting()
                try:
                    number, report = self._over.get(timeout=GLANCE_SECONDS)
                except Empty:
                    continue
                with self._lock:
                    del self._under_way[number]
                    self._begun.discard(report.id)
                self._room.release()
                yield number, report
            if self._error is not None:
                raise self._error
        finally:
            self._call.ended.set()
            feeder.join(JOIN_SECONDS)
            for job_id in self._begun:
                self._jobs.cancel(self._call.caller.name, job_id)

    def _feed(self, asked: Iterable[tuple[int, str, M]], begin: Callable[[M], tuple[OperationReport, bool]]) -> None:
        try:
            for number, statement, request in asked:
                if not self._enter(number):
                    return
                self._begin(number, statement, partial(begin, request))
        except Exception as error:  # noqa: BLE001 - raised where the stream is answered
            self._error = error

    def _enter(self, number: int) -> bool:
        """Wait until one more may be under way; whether anybody waits for it still."""
        while not self._room.acquire(timeout=GLANCE_SECONDS):
            if self._call.ended.is_set():
                return False
        with self._lock:
            if number in self._under_way:
                expected = "a number that no other request under way has"
                raise MalformedError(MarginReason.DUPLICATE_FIELD, "number", found="one that has", expected=expected)
            self._under_way[number] = ""
        return True

    def _begin(self, number: int, statement: str, begin: Callable[[], tuple[OperationReport, bool]]) -> None:
        owner = self._call.caller.name
        try:
            report, is_new = begin()
        except (MarginError, SnarkError, ServingError) as error:
            if self._call.ended.is_set():
                raise
            report, is_new = self._jobs.refuse(owner, name_of(statement), failure_of(error)), False
        with self._lock:
            self._under_way[number] = report.id
            if is_new:
                self._begun.add(report.id)
        self._jobs.watch(owner, report.id, lambda report: self._over.put((number, report)))


def name_of(statement: str) -> str:
    """The name of a statement, where it is one."""
    try:
        return read_statement_name(statement, "statement")
    except MalformedError:
        return UNKNOWN


def failure_of(error: MarginError | SnarkError | ServingError) -> OperationFailure:
    """A refusal as an operation tells it: as a caller is told it elsewhere."""
    if error.kind == "internal":
        return BROKEN
    told = explain(error) if isinstance(error, SnarkRejectedError) else error
    field = told.field if FIELD_PATH.fullmatch(told.field) else ""
    return OperationFailure(told.reason.value, field, told.expected)
