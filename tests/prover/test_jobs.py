"""Jobs: asked for once, queued with a bound, over once, forgotten in time, and each one its owner's alone."""

import threading
import time
from collections.abc import Callable

import pytest

from facts.context import Binding
from facts.demand import Demand, ReleaseDemand
from prover.jobs import BROKEN, Bounds, Job, Jobs, Proved, Stage, Work
from ringfence.wire.operation import OperationState
from serving.errors import Reason, RejectedError
from snark.bn254.points import G1, G2
from snark.groth16.proof import Proof

DEMAND = Demand(ReleaseDemand("WBTC", 1), "here", Binding("me", 1, b"\1" * 20, b"\2" * 20, 1))
PROVED = Proved(Proof(G1, G2, G1), (1, 2, 3, 4, 5, 6))
KEY = "ab" * 32
A, B = "dns:a.example", "dns:b.example"


def some_work() -> Work:
    return Work("release", bytearray(b"secret"), DEMAND, KEY)


def ask(jobs: Jobs, number: int = 0, owner: str = A, asked: bytes = b"", **more: int) -> str:
    report, _ = jobs.ask(owner, f"request-{number:08}", asked, some_work, **more)  # type: ignore[arg-type]
    return report.id


class Clock:
    """The time of jobs, which passes where a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("prover.jobs.time", found)
    return found


def take(jobs: Jobs, stop: Callable[[], None] = lambda: None) -> Job:
    job = jobs.take(stop, 1)
    assert job is not None
    return job


def reason_of(refused: Callable[[], object]) -> Reason:
    with pytest.raises(RejectedError) as refusal:
        refused()
    return refusal.value.reason


def test_a_job_is_queued_taken_and_over() -> None:
    jobs = Jobs(Bounds())
    number = ask(jobs)
    assert jobs.find(A, number).state is OperationState.QUEUED
    job = take(jobs)
    seen = [jobs.find(A, number).progress_ppm]
    for stage in (Stage.LOADED, Stage.PROVING):
        jobs.advance(job, stage)
        seen.append(jobs.find(A, number).progress_ppm)
    assert jobs.find(A, number).state is OperationState.RUNNING
    jobs.finish(job, PROVED)
    report = jobs.find(A, number)
    assert report.state is OperationState.SUCCEEDED
    assert report.claim is not None
    assert report.claim.values == PROVED.values
    assert [*seen, report.progress_ppm] == sorted({*seen, 1_000_000})


@pytest.mark.parametrize("how", ["finish", "cancel", "expire", "fail"])
def test_inputs_are_wiped_when_a_job_is_over(how: str) -> None:
    jobs = Jobs(Bounds())
    number = ask(jobs)
    job = take(jobs)
    assert job.work is not None
    elements = job.work.elements
    assert elements == b"secret"
    endings: dict[str, Callable[[], object]] = {
        "finish": lambda: jobs.finish(job, PROVED),
        "cancel": lambda: jobs.cancel(A, number),
        "expire": lambda: jobs.expire(job),
        "fail": lambda: jobs.finish(job, BROKEN),
    }
    endings[how]()
    assert elements == bytes(6)
    assert job.work.elements == b""


def test_what_is_over_stays_as_it_is() -> None:
    jobs = Jobs(Bounds())
    number = ask(jobs)
    job = take(jobs)
    jobs.cancel(A, number)
    jobs.finish(job, PROVED)
    jobs.lose(job)
    jobs.expire(job)
    assert jobs.cancel(A, number).state is OperationState.CANCELLED
    assert jobs.take(lambda: None, 0) is None


def test_jobs_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    jobs = Jobs(Bounds())
    numbers = [ask(jobs, place) for place in range(5)]
    assert [take(jobs).id for _ in numbers] == numbers


def test_a_job_whose_worker_is_lost_comes_first_again() -> None:
    jobs = Jobs(Bounds(attempts=2))
    first, _ = ask(jobs, 1), ask(jobs, 2)
    jobs.lose(take(jobs))
    assert jobs.find(A, first).state is OperationState.QUEUED
    assert take(jobs).id == first


def test_a_deadline_ends_a_job_that_waits_and_one_that_runs(clock: Clock) -> None:
    jobs, stopped = Jobs(Bounds(seconds=5)), threading.Event()
    running, waiting = ask(jobs, 1), ask(jobs, 2)
    take(jobs, stopped.set)
    clock.now += 4.9
    assert not any(jobs.find(A, number).state.is_over for number in (running, waiting))
    clock.now += 0.1
    for number in (running, waiting):
        report = jobs.find(A, number)
        assert report.state is OperationState.CANCELLED
        assert report.failure is not None
        assert report.failure.reason == "DEADLINE_PASSED"
    assert stopped.is_set()


def test_what_waits_is_told_when_its_job_is_over_or_its_time() -> None:
    jobs, never = Jobs(Bounds()), threading.Event()
    number = ask(jobs)
    assert jobs.wait(A, number, 0.01, never).state is OperationState.QUEUED
    job = take(jobs)
    threading.Timer(0.05, jobs.finish, (job, PROVED)).start()
    assert jobs.wait(A, number, 60, never).state is OperationState.SUCCEEDED


def test_who_has_gone_waits_no_more() -> None:
    jobs, gone = Jobs(Bounds()), threading.Event()
    number = ask(jobs)
    gone.set()
    began = time.monotonic()
    jobs.wait(A, number, 600, gone)
    assert time.monotonic() - began < 60


def test_jobs_are_forgotten_by_number_and_by_age(clock: Clock) -> None:
    jobs = Jobs(Bounds(kept=2, kept_seconds=5))
    numbers = [ask(jobs, place) for place in range(4)]
    for _ in numbers:
        jobs.finish(take(jobs), PROVED)
    assert [report.id for _, report in jobs.list_jobs(A, None, 10, None)] == numbers[:1:-1]
    assert reason_of(lambda: jobs.find(A, numbers[0])) is Reason.NOT_FOUND
    assert ask(jobs, 0) != numbers[0], "a request that is forgotten is asked anew"
    clock.now += 5
    assert [report.state for _, report in jobs.list_jobs(A, None, 10, None)] == [OperationState.QUEUED]


def test_what_one_caller_asks_for_makes_nobody_forget_another_one() -> None:
    jobs = Jobs(Bounds(kept=1))
    number = ask(jobs, owner=B)
    jobs.finish(take(jobs), PROVED)
    for place in range(5):
        ask(jobs, place)
        jobs.finish(take(jobs), PROVED)
    assert jobs.find(B, number).state is OperationState.SUCCEEDED


def test_the_newest_are_listed_first_and_by_their_state() -> None:
    jobs = Jobs(Bounds())
    numbers = [ask(jobs, place) for place in range(5)]
    jobs.finish(take(jobs), PROVED)
    assert [report.id for _, report in jobs.list_jobs(A, None, 2, None)] == numbers[:2:-1]
    before = jobs.list_jobs(A, None, 2, None)[-1][0]
    assert [report.id for _, report in jobs.list_jobs(A, before, 9, None)] == numbers[2::-1]
    done = jobs.list_jobs(A, None, 9, OperationState.SUCCEEDED)
    assert [report.id for _, report in done] == numbers[:1]


def test_one_caller_leaves_room_for_others() -> None:
    jobs = Jobs(Bounds(queued=3, queued_per_caller=2))
    ask(jobs, 1)
    ask(jobs, 2)
    assert reason_of(lambda: ask(jobs, 3)) is Reason.QUEUE_FULL
    ask(jobs, 1, owner=B)
    assert reason_of(lambda: ask(jobs, 2, owner=B)) is Reason.QUEUE_FULL


def test_one_request_that_waits_for_room_twice_is_one_job() -> None:
    jobs, never, answers = Jobs(Bounds(queued=1)), threading.Event(), list[str]()
    ask(jobs, 1)

    def ask_patiently() -> None:
        answers.append(jobs.ask(A, "request-patient", b"", some_work, gone=never)[0].id)

    threads = [threading.Thread(target=ask_patiently) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    assert answers == []
    take(jobs)
    for thread in threads:
        thread.join(60)
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert len(jobs.list_jobs(A, None, 10, None)) == 2


def test_a_preparation_that_fails_leaves_nothing_behind() -> None:
    jobs = Jobs(Bounds(queued=1))

    def fail() -> Work:
        raise RejectedError(Reason.NOT_FOUND, "name", found="nothing", expected="something")

    for _ in range(3):
        with pytest.raises(RejectedError):
            jobs.ask(A, "request-0000", b"", fail)
    assert jobs.list_jobs(A, None, 10, None) == []
    ask(jobs)


def test_nothing_is_taken_when_it_is_all_over() -> None:
    jobs = Jobs(Bounds())
    number = ask(jobs)
    jobs.close()
    assert jobs.find(A, number).state is OperationState.CANCELLED
    assert jobs.take(lambda: None, 10) is None
    assert reason_of(lambda: ask(jobs, 1)) is Reason.QUEUE_FULL
