"""Attacks on a prover that serves, over real sockets: D1, D4, D5, X2, X3, S1, S3, P3.

D3 asks for leases, which jobs of many machines have; a worker here has a socket instead: one that is stopped and goes
on after its job was given to another worker is dead by then, and what it wrote is in a socket that nobody reads.
"""

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import grpc
import pytest

from prover.config import Operations, Proving
from prover.facts_folder import FactsFolder
from prover.wallet import Wallet
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.v1.prover_service_pb2_grpc import ProverServiceStub
from serving.settings import Settings
from tests.prover import dying_worker
from tests.prover.farm import (
    CALL_SECONDS,
    LIMITS,
    PACE,
    PASSPHRASE,
    STATEMENT,
    Caller,
    Farm,
    request_id,
    serving_farm,
    settings_of,
    wait_until,
)
from tests.prover.proofs import document
from tests.serving.certificates import Authority, Folder
from tests.serving.running import Details, code_of, secure_channel, settings_for

pytestmark = pytest.mark.native

SUCCEEDED, FAILED, CANCELLED = (
    wire.OPERATION_STATE_SUCCEEDED,
    wire.OPERATION_STATE_FAILED,
    wire.OPERATION_STATE_CANCELLED,
)
RUNNING, QUEUED = wire.OPERATION_STATE_RUNNING, wire.OPERATION_STATE_QUEUED
DYING: Final = Path(dying_worker.__file__)
LEAST_KILLED: Final = 5
"""Workers that have to die before an attack by killing them has been one."""
MOST_KILLS: Final = 40
"""After which workers are left alone, so that a machine on which they start slowly comes to an end."""
KILLING_SECONDS: Final = 600
"""For proofs that are made meanwhile: they have to come, however slow the machine."""


@pytest.fixture
def farm(tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm:
        yield farm


@pytest.fixture
def caller(farm: Farm) -> Iterator[Caller]:
    with farm.calling() as caller:
        caller.commit()
        yield caller


def refused(attempt: Callable[[], object]) -> Details:
    try:
        attempt()
    except grpc.RpcError as error:
        return Details(error)
    raise AssertionError("it was answered")


def is_running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cpu_ticks(pid: int) -> int:
    """What a process has used so far."""
    with suppress(OSError):
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(used[11]) + int(used[12])
    return 0


def stop(pid: int) -> None:
    """Keep a worker where it is: a proof that takes for ever."""
    os.kill(pid, signal.SIGSTOP)


def begin_endless(farm: Farm, caller: Caller) -> tuple[wire.Operation, int]:
    """An operation that runs in a worker which never finishes it."""
    (pid,) = farm.workforce.pids
    stop(pid)
    operation = caller.create()
    assert wait_until(lambda: caller.get(operation).state == RUNNING)
    return operation, pid


# --- D1, D5: workers that die ------------------------------------------------------------------------


def dying(monkeypatch: pytest.MonkeyPatch, folder: Path, stage: str, times: int) -> Path:
    deaths = folder / "deaths"
    deaths.write_text("0")
    command = (sys.executable, str(DYING), stage, str(deaths))
    monkeypatch.setattr("prover.workforce.COMMAND", command)
    monkeypatch.setenv("PYTHONPATH", str(DYING.parents[2]))
    deaths.write_text(str(times))
    return deaths


@pytest.mark.parametrize("stage", dying_worker.STAGES)
def test_d1_a_worker_that_is_killed_at_any_stage_costs_no_job(
    stage: str, tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = dying(monkeypatch, tmp_path, stage, 2)
    settings = settings_of(tmp_path, proving=Proving(development=(STATEMENT,), threads=1, warm=stage == "starting"))
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        caller.commit()
        operation = caller.prove()
    assert operation.state == SUCCEEDED
    assert operation.HasField("claim")
    assert deaths.read_text() == "0"


def test_d5_a_job_that_kills_every_worker_has_failed_and_the_next_one_is_served(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = dying(monkeypatch, tmp_path, "taking", 3)
    settings = settings_of(tmp_path, proving=Proving(development=(STATEMENT,), threads=1))
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        caller.commit()
        poison = caller.prove()
        assert (poison.state, poison.failure.reason) == (FAILED, "WORKER_LOST")
        assert poison.finished_at_seconds >= poison.created_at_seconds > 0
        assert deaths.read_text() == "0"
        assert caller.prove().state == SUCCEEDED
        assert caller.get(poison).state == FAILED


def test_d5_a_worker_that_tells_nonsense_is_replaced_and_its_job_has_failed(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, tmp_path, "nonsense", 1)
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm, farm.calling() as caller:
        caller.commit()
        pids = farm.workforce.pids
        broken = caller.prove()
        assert (broken.state, broken.failure.reason) == (FAILED, "INTERNAL")
        assert caller.prove().state == SUCCEEDED
        assert farm.workforce.pids != pids


def test_d1_a_worker_that_is_killed_from_outside_is_replaced_at_once(farm: Farm, caller: Caller) -> None:
    operation, pid = begin_endless(farm, caller)
    os.kill(pid, signal.SIGKILL)
    assert caller.wait(operation).state == SUCCEEDED
    assert pid not in farm.workforce.pids


def test_d1_an_idle_worker_that_is_killed_is_replaced(farm: Farm, caller: Caller) -> None:
    (pid,) = farm.workforce.pids
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: farm.workforce.pids != [pid] and farm.workforce.is_ready)
    assert caller.prove().state == SUCCEEDED


@pytest.mark.slow
def test_d1_workers_that_are_killed_again_and_again_lose_no_job_and_leave_nothing(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(
        tmp_path,
        proving=Proving(development=(STATEMENT,), workers=2, threads=1),
        operations=Operations(attempts=1 + MOST_KILLS, stream_in_flight=6),
    )
    over, killed, answers = threading.Event(), set[int](), dict[int, wire.Operation]()
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:

        def kill_workers() -> None:
            for _ in range(MOST_KILLS):
                if over.wait(secrets.randbelow(3000) / 1000):
                    break
                pid = secrets.choice(farm.workforce.pids)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)

        def ask_for(count: int) -> None:
            first = len(answers)
            requests = [wire.ProveStreamRequest(number=first + each, proof=caller.ask()) for each in range(count)]
            told = list(caller.stub.ProveStream(iter(requests), timeout=KILLING_SECONDS))
            assert sorted(each.number for each in told) == list(range(first, first + count))
            answers.update((each.number, each.operation) for each in told)

        caller.commit()
        assert caller.prove().state == SUCCEEDED
        assert wait_until(lambda: len(farm.workforce.pids) == 2)
        before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
        killer = threading.Thread(target=kill_workers)
        killer.start()
        end = time.monotonic() + KILLING_SECONDS
        try:
            ask_for(100)
            while len(killed) < LEAST_KILLED and time.monotonic() < end:
                ask_for(10)
        finally:
            over.set()
            killer.join()
        assert {each.state for each in answers.values()} == {SUCCEEDED}
        assert len(killed) >= LEAST_KILLED
        for _ in range(20):
            caller.cancel(caller.create())
        assert caller.prove().state == SUCCEEDED
        assert wait_until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before[0] + 4)
        assert threading.active_count() <= before[1] + 30, "threads of the server's pool"
    assert wait_until(lambda: not any(map(is_running, killed)))


def test_d3_a_worker_that_goes_on_after_its_job_was_ended_is_heard_by_nobody(farm: Farm, caller: Caller) -> None:
    operation, pid = begin_endless(farm, caller)
    assert caller.cancel(operation).state == CANCELLED
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    assert caller.prove().state == SUCCEEDED
    assert caller.get(operation).state == CANCELLED
    assert not is_running(pid)


# --- D1: commitments that break off --------------------------------------------------------------------


def test_d1_a_commitment_that_breaks_off_before_the_wallet_is_written_was_never_made(
    farm: Farm, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (farm.folder / "wallet").read_bytes()

    def fail(_: Wallet) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "save", fail)
        told = refused(lambda: caller.commit("two"))
    assert (told.status.code, told.info.reason) == (grpc.StatusCode.UNAVAILABLE.value[0], "NOT_READY")
    assert (farm.folder / "wallet").read_bytes() == before
    assert refused(lambda: caller.create("two")).info.reason == "NOT_FOUND"
    caller.commit("two")
    assert caller.prove("two").state == SUCCEEDED


def test_d1_a_commitment_whose_answer_was_lost_is_answered_again(
    farm: Farm, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet is written, the facts are not: as if the prover had been killed between them."""
    asked, leaves = request_id(), len((farm.folder / "facts" / "book.json").read_text().splitlines())

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(FactsFolder, "publish", fail)
        with pytest.raises(grpc.RpcError):
            caller.commit("two", request_id=asked)
    first = Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions["two"]
    answer = caller.commit("two", request_id=asked)
    assert answer == caller.commit("two", request_id=asked)
    assert Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions["two"] == first
    assert len((farm.folder / "facts" / "book.json").read_text().splitlines()) == leaves + 1
    assert caller.prove("two").state == SUCCEEDED


# --- D4 --------------------------------------------------------------------------------------------------


def test_d4_the_same_request_is_one_operation_while_it_runs_and_after(farm: Farm, caller: Caller) -> None:
    operation, pid = begin_endless(farm, caller)
    asked = caller.ask()
    answers: list[wire.Operation] = []
    threads = [
        threading.Thread(target=lambda: answers.append(caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.id for answer in answers}) == 1
    assert len(caller.stub.ListOperations(wire.ListOperationsRequest()).operations) == 2
    caller.cancel(operation)
    done = caller.wait(answers[0])
    assert done.state == SUCCEEDED
    assert caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation == done
    assert not is_running(pid)


def test_d4_another_request_under_the_same_id_is_refused(caller: Caller) -> None:
    asked = caller.ask()
    caller.stub.CreateProof(asked, timeout=CALL_SECONDS)
    asked.deadline_at_seconds = int(time.time()) + 60
    told = refused(lambda: caller.stub.CreateProof(asked, timeout=CALL_SECONDS))
    assert (told.status.code, told.info.reason) == (grpc.StatusCode.ALREADY_EXISTS.value[0], "REQUEST_ID_TAKEN")


def test_d4_a_commitment_is_made_once(farm: Farm, caller: Caller) -> None:
    asked = request_id()
    first = caller.commit("two", request_id=asked)
    assert caller.commit("two", request_id=asked) == first
    assert refused(lambda: caller.commit("three", request_id=asked)).info.reason == "REQUEST_ID_TAKEN"
    other = document(size="0.5")
    assert refused(lambda: caller.commit("two", other, request_id=asked)).info.reason == "REQUEST_ID_TAKEN"
    assert refused(lambda: caller.commit("two")).info.reason == "NAME_TAKEN"
    assert len(Wallet.open(farm.folder / "wallet", PASSPHRASE).secrets.positions) == 2


# --- X2, X3 ------------------------------------------------------------------------------------------------


def require_no_work(pid: int) -> None:
    """X2: no CPU left running after a second, by what the process itself has used of a processor."""
    began = used = cpu_ticks(pid)
    deadline = time.monotonic() + CALL_SECONDS
    while is_running(pid):
        used = max(used, cpu_ticks(pid))
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert used - began <= os.sysconf("SC_CLK_TCK")


def is_busy(pid: int) -> bool:
    """Whether a process uses a processor now."""
    before = cpu_ticks(pid)
    time.sleep(0.1)
    return cpu_ticks(pid) - before >= 2


@pytest.fixture
def busy_farm(tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """The next proof keeps a processor busy for hours; all that it needs has been loaded."""
    deaths = dying(monkeypatch, tmp_path, "busy", 0)
    with serving_farm(tmp_path, circuit_cache, monkeypatch) as farm:
        with farm.calling() as caller:
            caller.commit()
            assert caller.prove().state == SUCCEEDED
        deaths.write_text("1")
        yield farm


@pytest.mark.parametrize("how", ["cancelled", "past its deadline", "of a stream", "of a prover that ends"])
def test_x2_what_nobody_waits_for_uses_no_processor(how: str, busy_farm: Farm) -> None:
    with busy_farm.calling() as caller:
        (pid,) = busy_farm.workforce.pids
        asked = caller.ask(deadline_at_seconds=int(time.time()) + 5 if how == "past its deadline" else 0)
        operation, stream = wire.Operation(), None
        if how == "of a stream":
            stream = caller.stub.ProveStream(
                iter([wire.ProveStreamRequest(number=1, proof=asked)]), timeout=CALL_SECONDS
            )
        else:
            operation = caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation
        assert wait_until(lambda: is_busy(pid))
        match how:
            case "cancelled":
                caller.cancel(operation)
            case "past its deadline":
                assert caller.wait(operation).failure.reason == "DEADLINE_PASSED"
            case "of a stream":
                assert stream is not None
                stream.cancel()
            case _:
                busy_farm.workforce.stop()
        require_no_work(pid)
        ended, _ = caller.stub.ListOperations(wire.ListOperationsRequest()).operations
        assert ended.state == CANCELLED


def test_x2_a_deadline_that_is_over_on_arrival_begins_nothing(caller: Caller) -> None:
    told = refused(lambda: caller.create(deadline_at_seconds=int(time.time()) - 1))
    assert told.info.reason == "DEADLINE_PASSED"
    assert list(caller.stub.ListOperations(wire.ListOperationsRequest()).operations) == []


def test_x2_an_operation_that_waits_is_cancelled_without_a_worker(farm: Farm, caller: Caller) -> None:
    first, pid = begin_endless(farm, caller)
    second = caller.create()
    assert caller.get(second).state == QUEUED
    assert caller.cancel(second).state == CANCELLED
    assert farm.workforce.pids == [pid]
    assert caller.cancel(first).state == CANCELLED
    require_no_work(pid)


def test_x3_a_full_queue_says_so_fast_and_when_to_come_again(
    tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, operations=Operations(queue=2))
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm, farm.calling() as caller:
        caller.commit()
        operation, _ = begin_endless(farm, caller)
        waiting = [caller.create() for _ in range(2)]
        taken = []
        for _ in range(10):
            began = time.monotonic()
            told = refused(caller.create)
            taken.append(time.monotonic() - began)
            assert told.status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
            assert (told.info.reason, told.has_retry) == ("QUEUE_FULL", True)
        assert min(taken) < 1
        caller.cancel(operation)
        assert {caller.wait(each).state for each in waiting} == {SUCCEEDED}
        assert caller.prove().state == SUCCEEDED


# --- S1, S3 ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls(tmp_path: Path, authority: Authority) -> Folder:
    (tmp_path / "tls").mkdir()
    folder = Folder(tmp_path / "tls")
    folder.write(authority.issue_server(), authority.certificate)
    folder.allow({"dns:a.example": ["trader"], "dns:b.example": ["trader"], "dns:c.example": ["reader"]})
    return folder


def secured(tls: Folder) -> Settings:
    return settings_for(tls=tls, limits=LIMITS, pace=PACE)


def test_s1_s3_a_remote_prover_serves_each_caller_its_own(
    tmp_path: Path, circuit_cache: Path, tls: Folder, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, plain=secured(tls))
    with serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm:
        pairs = [authority.issue_client(f"{name}.example") for name in "abc"]
        with (
            secure_channel(farm.server, authority.certificate, pairs[0]) as channel_a,
            secure_channel(farm.server, authority.certificate, pairs[1]) as channel_b,
            secure_channel(farm.server, authority.certificate, pairs[2]) as channel_c,
        ):
            a, b, c = (Caller(ProverServiceStub(each), tmp_path) for each in (channel_a, channel_b, channel_c))
            committed = a.commit("desk's own")
            (pid,) = farm.workforce.pids
            stop(pid)
            operation = a.create("desk's own")
            for attempt in (
                lambda: b.get(operation),
                lambda: b.wait(operation),
                lambda: b.cancel(operation),
                lambda: b.create("desk's own"),
                lambda: b.stub.OpenCommitment(wire.OpenCommitmentRequest(name="desk's own"), timeout=CALL_SECONDS),
            ):
                told = refused(attempt)
                assert (told.status.code, told.info.reason) == (grpc.StatusCode.NOT_FOUND.value[0], "NOT_FOUND")
            assert (
                refused(lambda: b.get(operation)).message == refused(lambda: b.get(wire.Operation(id="a" * 32))).message
            )
            assert list(b.stub.ListOperations(wire.ListOperationsRequest(), timeout=CALL_SECONDS).operations) == []
            assert a.get(operation).state in {QUEUED, RUNNING}
            os.kill(pid, signal.SIGCONT)
            assert a.wait(operation).state == SUCCEEDED
            assert b.commit("desk's own").commitment != committed.commitment, "names of others are free"
            assert b.prove("desk's own").state == SUCCEEDED
            same = a.ask("desk's own", request_id="x" * 16)
            assert a.stub.CreateProof(same).operation.id != b.stub.CreateProof(same).operation.id
            assert refused(lambda: c.create("desk's own")).info.reason == "NOT_ALLOWED"
        secrets = Wallet.open(tmp_path / "wallet", PASSPHRASE).secrets
        assert {name: sorted(kept) for name, kept in secrets.callers.items()} == {
            "dns:a.example": ["desk's own"],
            "dns:b.example": ["desk's own"],
        }


@pytest.mark.parametrize("who", ["nobody", "of another authority"])
def test_s1_a_remote_prover_hears_nobody_without_a_certificate(
    who: str, tmp_path: Path, circuit_cache: Path, tls: Folder, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = None if who == "nobody" else Authority("another").issue_client("a.example")
    settings = settings_of(tmp_path, plain=secured(tls))
    with (
        serving_farm(tmp_path, circuit_cache, monkeypatch, settings) as farm,
        secure_channel(farm.server, authority.certificate, pair) as channel,
        pytest.raises(grpc.RpcError) as error,
    ):
        ProverServiceStub(channel).ListStatements(wire.ListStatementsRequest(), timeout=CALL_SECONDS)
    assert code_of(error.value) is grpc.StatusCode.UNAVAILABLE


# --- P3 ----------------------------------------------------------------------------------------------------


def test_p3_a_position_that_breaks_a_rule_is_told_the_rule_and_no_number(caller: Caller) -> None:
    poor = document(cash="1")
    del poor["position"]["leverage"]
    caller.commit("poor", poor)
    operation = caller.prove("poor")
    assert operation.state == FAILED
    assert operation.failure.reason == "W30_RULE_BROKEN"
    assert operation.failure.field == "equity_covers_requirement"
    assert operation.failure.expected == "the equity covers the requirement, with the buffer on top"
    assert not any(character.isdigit() for character in operation.failure.expected)
    assert caller.prove().state == SUCCEEDED
