"""D2 for a whole verifier: what happens when its disk or its database fails, while it serves and when it starts."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from facts.log_head import verify_head
from tests.faults.disks import filled, small_disk, taken_away
from tests.faults.distant import Distant, distant, folder_in
from tests.faults.dying_verifier import Verifiers, run_verifiers
from tests.serving.running import call, code_of
from tests.verifier.claims import Watch
from tests.verifier.postgresql_server import Server
from tests.verifier.running import Trial
from verifier.store.audit import audit_store
from verifier.witness import WitnessFile

pytestmark = pytest.mark.native

CHECK = "/grpc.health.v1.Health/Check"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
RECOVERY_SECONDS = 120
"""However busy the machine is."""
PAGE = 4096


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with run_verifiers() as running:
        yield running


@contextmanager
def serving_from(store: str, folder: Path, verifiers: Verifiers) -> Iterator[Distant]:
    with ExitStack() as stack:
        yield distant(Trial(folder_in(folder, "trial"), Watch(), store), verifiers, stack)


def health(running: Distant) -> int:
    answer = call(running.channel("reader.example"), CHECK, HealthCheckRequest().SerializeToString())
    return HealthCheckResponse.FromString(answer).status


def wait_for(running: Distant, status: int) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while health(running) != status:
        assert time.monotonic() < deadline, f"health did not become {status}"
        time.sleep(0.05)


def accept(running: Distant, number: int) -> int:
    """Take a lock; its place in the log."""
    return running.answer(running.accept(running.claim(number, tag=number))).receipt.index


def require_failed_and_recovered(running: Distant, broken: Callable[[], AbstractContextManager[None]]) -> None:
    """What was refused is not in the log, what was answered is; and nobody has to start anything."""
    first = accept(running, 11)
    claim = running.claim(12, tag=12)
    with broken():
        wait_for(running, NOT_SERVING)
        with pytest.raises(grpc.RpcError) as caught:
            running.accept(claim)
        assert code_of(caught.value) is grpc.StatusCode.UNAVAILABLE
    wait_for(running, SERVING)
    running.database.close()  # this test's own connections, which nothing mends
    assert running.answer(running.accept(claim)).receipt.index == first + 1
    assert accept(running, 13) == first + 2
    assert audit_store(running.database) == first + 3


def test_d2_its_disk_is_full(tmp_path: Path, verifiers: Verifiers) -> None:
    with (
        small_disk(tmp_path / "disk", kilobytes=1024) as disk,
        serving_from(str(disk / "store.db"), tmp_path, verifiers) as running,
    ):
        first = accept(running, 11)
        with filled(disk):
            use_up(running)
            wait_for(running, NOT_SERVING)
            with pytest.raises(grpc.RpcError):
                accept(running, 12)
        wait_for(running, SERVING)
        assert accept(running, 13) > first
        running.database.close()
        assert audit_store(running.database) == running.ledger.head.size


def use_up(running: Distant) -> None:
    """The room that the database has set aside for itself."""
    for number in range(100, 400):
        try:
            accept(running, number)
        except grpc.RpcError:
            return


def test_d2_its_file_is_taken_away(tmp_path: Path, verifiers: Verifiers) -> None:
    store = tmp_path / "store.db"
    with serving_from(str(store), tmp_path, verifiers) as running:
        require_failed_and_recovered(running, lambda: taken_away(store))


def test_d2_its_database_server_is_gone(server: Server, tmp_path: Path, verifiers: Verifiers) -> None:
    with serving_from(server.new_schema(), tmp_path, verifiers) as running:
        require_failed_and_recovered(running, server.gone)


def test_d2_a_write_ahead_log_that_is_broken_is_not_served_from(tmp_path: Path, verifiers: Verifiers) -> None:
    """SQLite ends such a log where it breaks, without a word; what is missing then, the witness knows.

    It breaks before the last acceptance: behind that stand probes of the store, as many as there was time for.
    """
    store = tmp_path / "store.db"
    log = store.with_name("store.db-wal")
    with serving_from(str(store), tmp_path, verifiers) as running:
        witness = WitnessFile(running.trial.folder / "witness", running.log_key)
        for number in range(1, 5):
            accept(running, number)
        intact = log.stat().st_size
        accept(running, 5)
        wait_until(lambda: (seen := witness.read()) is not None and seen.head.size == 5)
        running.kill()
        content, whole = store.read_bytes(), log.read_bytes()
        running.database.close()  # the last one to close it tidies up; a machine that fails does not
        for found in (whole[:intact] + bytes(PAGE) + whole[intact + PAGE :], whole):
            store.write_bytes(content)
            log.write_bytes(found)
            store.with_name("store.db-shm").unlink(missing_ok=True)
            assert running.start() is (found == whole)
        assert accept(running, 6) == 5
    note = (tmp_path / "trial" / "witness").read_text(encoding="utf-8")
    assert verify_head(note, running.log_key).head.size >= 5


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
