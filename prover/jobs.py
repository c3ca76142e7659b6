"""Proofs that are asked for: a bounded queue, and what became of each.

    QUEUED -> RUNNING -> SUCCEEDED | FAILED | CANCELLED        RUNNING -> QUEUED where a worker was lost

A job belongs to the caller that asked for it; to everybody else there is no such job. It is over once and stays so. A
worker that is lost, for whatever reason, is an attempt; after the last one the job has failed. All of it is in memory:
what a prover knew is gone with it, and a request that is sent again then begins anew.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice
from typing import Final

from facts.demand import Demand
from prover.secrecy import wipe
from ringfence.wire.claim import UnverifiedClaim
from ringfence.wire.operation import OperationFailure, OperationReport, OperationState
from serving.errors import Reason, RejectedError
from snark.groth16.proof import Proof

WHOLE_PPM: Final = 1_000_000
GLANCE_SECONDS: Final = 0.2
"""How long one who waits may have gone before that is noticed."""
RETRY_MILLISECONDS: Final = 500


class Stage(Enum):
    """What a worker has done of a job, in parts of a million."""

    TAKEN = 100_000
    LOADED = 200_000
    PROVING = 300_000
    """The inputs are with the worker: one call makes witness and proof, and tells nothing in between."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof and its public inputs."""

    proof: Proof
    values: tuple[int, ...]


LOST: Final = OperationFailure("WORKER_LOST", "", "a worker that lives until the proof is made")
BROKEN: Final = OperationFailure("INTERNAL", "", "nothing that the caller could mend")
CANCELLED: Final = OperationFailure("CANCELLED", "", "an operation that nobody has cancelled")
LATE: Final = OperationFailure("DEADLINE_PASSED", "deadline_at_seconds", "a proof that is made before the deadline")

Outcome = Proved | OperationFailure


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be proved."""

    statement: str
    elements: bytearray = field(repr=False)
    """The inputs of the statement; overwritten, and no longer here, when the job is over."""
    demand: Demand
    key_id: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken on, and how long it is remembered."""

    queued: int = 32
    """Jobs that wait for a worker."""
    queued_per_caller: int = 16
    """Of one caller, so that there is room for others."""
    attempts: int = 3
    """Workers that a job may cost."""
    seconds: float = 600
    """That a job may take, from when it is asked for."""
    kept: int = 1000
    """Jobs of one caller that are remembered after they are over."""
    kept_seconds: float = 3600
    """For so long."""


@dataclass(slots=True, eq=False)
class Job:
    """A job while it is remembered. Whatever changes in it changes under the lock of all jobs."""

    id: str
    owner: str
    number: int
    """Which one of its owner's it is."""
    request_id: str
    asked: bytes
    """What tells its request apart from another one under the same id."""
    statement: str
    work: Work | None
    """Nothing where it was refused before it began."""
    created_at: int
    deadline: float
    state: OperationState = OperationState.QUEUED
    progress_ppm: int = 0
    lost: int = 0
    finished_at: int = 0
    over_since: float = 0.0
    outcome: Outcome | None = None
    stop: Callable[[], None] | None = None
    """Kills the worker that is at it."""

    watchers: list[Callable[[OperationReport], None]] = field(default_factory=list)
    """Told once, when it is over."""

    def report(self) -> OperationReport:
        """The job as it is now."""
        return OperationReport(
            id=self.id,
            state=self.state,
            statement=self.statement,
            created_at=self.created_at,
            finished_at=self.finished_at if self.state.is_over else None,
            progress_ppm=self.progress_ppm,
            claim=self.claim,
            failure=self.outcome if isinstance(self.outcome, OperationFailure) else None,
        )

    @property
    def claim(self) -> UnverifiedClaim | None:
        """What was proved, as it is shown to a verifier."""
        if self.work is None or not isinstance(self.outcome, Proved):
            return None
        return UnverifiedClaim(self.work.key_id, self.outcome.values, self.outcome.proof, self.work.demand)


@dataclass(slots=True)
class Tenant:
    """What one caller has here."""

    jobs: dict[str, Job] = field(default_factory=dict)
    """In the order in which they were asked for."""
    requests: dict[str, Job] = field(default_factory=dict)
    """Under the ids of their requests."""
    over: deque[Job] = field(default_factory=deque)
    """In the order in which they were over."""
    count: int = 0
    """Of all that were ever asked for."""

    def forget_oldest(self) -> None:
        """The job that was over first is no more."""
        job = self.over.popleft()
        del self.jobs[job.id]
        if job.request_id:
            del self.requests[job.request_id]


class Jobs:
    """All jobs of a prover."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._running: dict[str, Job] = {}
        self._tenants: dict[str, Tenant] = {}
        self._preparing: set[tuple[str, str]] = set()
        self._closed = False

    # --- For callers ---------------------------------------------------------------------------------

    def ask(
        self,
        owner: str,
        request_id: str,
        asked: bytes,
        prepare: Callable[[], Work],
        *,
        deadline_at: int = 0,
        gone: threading.Event | None = None,
    ) -> tuple[OperationReport, bool]:
        """The job of a request, and whether it is a new one; the same request again is the same job.

        ``asked`` is what tells requests apart. ``prepare`` is called once, outside the lock, with room held for it.
        Where ``gone`` is given, wait for room until it is set; else be told at once that there is none.
        """
        key = owner, request_id
        with self._changed:
            reserved = self._reserve(key, asked, deadline_at, gone)
            if isinstance(reserved, Job):
                return reserved.report(), False
        try:
            work = prepare()
        except BaseException:
            self._leave(key)
            raise
        with self._changed:
            self._preparing.discard(key)
            job = self._enter(owner, request_id, asked, work.statement, reserved)
            job.work = work
            if self._closed:
                self._end(job, CANCELLED)
            else:
                self._queue.append(job)
                self._changed.notify_all()
            return job.report(), True

    def refuse(self, owner: str, statement: str, failure: OperationFailure) -> OperationReport:
        """A job that has failed before it began, for callers that are told of all their requests as jobs."""
        with self._changed:
            job = self._enter(owner, "", b"", statement, time.monotonic())
            self._finish(job, OperationState.FAILED, failure)
            return job.report()

    def find(self, owner: str, job_id: str) -> OperationReport:
        """A job of this caller."""
        with self._changed:
            return self._find(owner, job_id).report()

    def wait(self, owner: str, job_id: str, seconds: float, gone: threading.Event) -> OperationReport:
        """A job when it is over, or as it is after so long, or when nobody waits any more."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (job := self._find(owner, job_id)).state.is_over:
                left = end - time.monotonic()
                if left <= 0 or gone.is_set():
                    break
                self._changed.wait(min(left, GLANCE_SECONDS))
            return job.report()

    def cancel(self, owner: str, job_id: str) -> OperationReport:
        """End a job; its worker is told to be no more before this returns. One that is over stays as it is."""
        with self._changed:
            job = self._find(owner, job_id)
            if not job.state.is_over:
                self._end(job, CANCELLED)
            return job.report()

    def watch(self, owner: str, job_id: str, tell: Callable[[OperationReport], None]) -> None:
        """Be told when a job is over; at once where it is. What is called may not wait."""
        with self._changed:
            job = self._find(owner, job_id)
            if job.state.is_over:
                tell(job.report())
            else:
                job.watchers.append(tell)

    def list_jobs(
        self, owner: str, before: int | None, most: int, state: OperationState | None
    ) -> Sequence[tuple[int, OperationReport]]:
        """This caller's jobs with their numbers, the newest first, from before a number on."""
        with self._changed:
            self._tidy()
            tenant = self._tenants.get(owner, Tenant())
            found = (
                (job.number, job.report())
                for job in reversed(tenant.jobs.values())
                if (before is None or job.number < before) and state in {None, job.state}
            )
            return list(islice(found, most))

    # --- For whoever puts workers to it ---------------------------------------------------------------

    def take(self, stop: Callable[[], None], seconds: float) -> Job | None:
        """The next job, if there is one within so long; ``stop`` kills whoever takes it."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._closed:
                self._tidy()
                if self._queue:
                    job = self._queue.popleft()
                    job.state, job.stop = OperationState.RUNNING, stop
                    self._running[job.id] = job
                    self._note(job, Stage.TAKEN)
                    return job
                if (left := end - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            return None

    def advance(self, job: Job, stage: Stage) -> None:
        """So much is done."""
        with self._changed:
            self._note(job, stage)

    def finish(self, job: Job, outcome: Outcome) -> None:
        """What came of a job, unless it was over before."""
        with self._changed:
            if not job.state.is_over:
                self._finish(
                    job, OperationState.SUCCEEDED if isinstance(outcome, Proved) else OperationState.FAILED, outcome
                )

    def expire(self, job: Job) -> None:
        """The time of a job is over."""
        with self._changed:
            if not job.state.is_over:
                self._end(job, LATE)

    def lose(self, job: Job) -> None:
        """The worker that was at it is no more: somebody else's turn, or nobody's."""
        with self._changed:
            if job.state.is_over:
                return
            job.lost += 1
            job.stop = None
            self._running.pop(job.id, None)
            if job.lost >= self._bounds.attempts:
                self._finish(job, OperationState.FAILED, LOST)
                return
            job.state = OperationState.QUEUED
            self._queue.appendleft(job)
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody takes a job any more."""
        with self._changed:
            self._closed = True
            for job in (*self._queue, *self._running.values()):
                self._end(job, CANCELLED)
            self._changed.notify_all()

    # --- Under the lock -------------------------------------------------------------------------------

    def _reserve(
        self, key: tuple[str, str], asked: bytes, deadline_at: int, gone: threading.Event | None
    ) -> Job | float:
        """The job that a request has already, or room for one, with the moment at which that will be late."""
        deadline: float | None = None
        while (known := self._find_request(key, asked, gone)) is None:
            deadline = deadline or self._choose_deadline(deadline_at)
            if self._has_room(key[0]):
                self._preparing.add(key)
                return deadline
            self._wait_for_room(gone)
        return known

    def _find_request(self, key: tuple[str, str], asked: bytes, gone: threading.Event | None) -> Job | None:
        """The job of a request that was asked before; one that is being prepared is waited for."""
        while key in self._preparing:
            require_somebody(gone)
            self._changed.wait(GLANCE_SECONDS)
        self._tidy()
        tenant = self._tenants.get(key[0])
        job = tenant.requests.get(key[1]) if tenant else None
        if job is not None and job.asked != asked:
            expected = "an id that no other request had"
            raise RejectedError(Reason.REQUEST_ID_TAKEN, "request_id", found="one that had", expected=expected)
        return job

    def _choose_deadline(self, deadline_at: int) -> float:
        left = self._bounds.seconds
        if deadline_at:
            left = min(left, deadline_at - time.time())
        if left <= 0:
            expected = "a deadline that is still to come"
            raise RejectedError(Reason.DEADLINE_PASSED, "deadline_at_seconds", found="one before", expected=expected)
        return time.monotonic() + left

    def _wait_for_room(self, gone: threading.Event | None) -> None:
        """Wait a moment, if who asks is patient; whatever was seen before may be otherwise then."""
        if gone is None or self._closed:
            retry = RETRY_MILLISECONDS
            expected = "room in the queue"
            raise RejectedError(Reason.QUEUE_FULL, "", found="none", expected=expected, retry_milliseconds=retry)
        require_somebody(gone)
        self._changed.wait(GLANCE_SECONDS)

    def _has_room(self, owner: str) -> bool:
        inside = [job.owner for job in self._queue] + [key[0] for key in self._preparing]
        bounds = self._bounds
        has_share = inside.count(owner) < bounds.queued_per_caller
        return not self._closed and has_share and len(inside) < bounds.queued

    def _leave(self, key: tuple[str, str]) -> None:
        with self._changed:
            self._preparing.discard(key)
            self._changed.notify_all()

    def _enter(self, owner: str, request_id: str, asked: bytes, statement: str, deadline: float) -> Job:
        tenant = self._tenants.setdefault(owner, Tenant())
        tenant.count += 1
        job_id, now = secrets.token_urlsafe(24), int(time.time())
        job = Job(job_id, owner, tenant.count, request_id, asked, statement, None, now, deadline)
        tenant.jobs[job.id] = job
        if request_id:
            tenant.requests[request_id] = job
        return job

    def _find(self, owner: str, job_id: str) -> Job:
        self._tidy()
        tenant = self._tenants.get(owner)
        if tenant is None or job_id not in tenant.jobs:
            expected = "an operation of this caller that is remembered"
            raise RejectedError(Reason.NOT_FOUND, "id", found="none", expected=expected)
        return tenant.jobs[job_id]

    def _note(self, job: Job, stage: Stage) -> None:
        if not job.state.is_over:
            job.progress_ppm = max(job.progress_ppm, stage.value)
            self._changed.notify_all()

    def _end(self, job: Job, why: OperationFailure) -> None:
        """End a job from outside: whoever is at it is killed first."""
        if job.stop is not None:
            job.stop()
        self._finish(job, OperationState.CANCELLED, why)

    def _finish(self, job: Job, state: OperationState, outcome: Outcome) -> None:
        job.state, job.outcome, job.stop = state, outcome, None
        job.finished_at, job.over_since = int(time.time()), time.monotonic()
        if state is OperationState.SUCCEEDED:
            job.progress_ppm = WHOLE_PPM
        if job.work is not None:
            wipe(job.work.elements)
            job.work = replace(job.work, elements=bytearray())
        self._running.pop(job.id, None)
        if job in self._queue:
            self._queue.remove(job)
        self._tenants[job.owner].over.append(job)
        for tell in job.watchers:
            tell(job.report())
        job.watchers.clear()
        self._changed.notify_all()

    def _tidy(self) -> None:
        """End what is late, and forget what is old."""
        now = time.monotonic()
        for job in [each for each in (*self._queue, *self._running.values()) if each.deadline <= now]:
            self._end(job, LATE)
        for owner, tenant in list(self._tenants.items()):
            over, bounds = tenant.over, self._bounds
            while over and (len(over) > bounds.kept or over[0].over_since + bounds.kept_seconds <= now):
                tenant.forget_oldest()
            if not tenant.jobs:
                del self._tenants[owner]


def require_somebody(gone: threading.Event | None) -> None:
    """Somebody waits still."""
    if gone is not None and gone.is_set():
        raise RejectedError(Reason.CANCELLED, "", found="nobody", expected="a caller that waits")
