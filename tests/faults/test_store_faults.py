"""D2: a server whose store fails says NOT_SERVING, answers nothing, and recovers by itself when the store does."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from ringfence.v1 import log_service_pb2
from tests.faults.disks import filled, limited_files, read_only, small_disk, taken_away
from tests.serving.running import GET_HEAD, call, code_of, plain_channel, refusal, serving
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from tests.verifier.postgresql_server import Server
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file

ACCEPT = "/ringfence.v1.VerifierService/AcceptCollateral"
CHECK = "/grpc.health.v1.Health/Check"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
RECOVERY_SECONDS = 120
"""However busy the machine is."""
MANY = 2000
"""More than there is room for on any disk of these tests."""


@dataclass
class Desk:
    """A server that takes one new lock with each call, from a store that can be broken."""

    database: Database
    ledger: Ledger = field(init=False)
    channel: grpc.Channel = field(init=False)
    answered: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        upgrade_store(self.database, IDENTITY)
        self.ledger = Ledger(self.database, IDENTITY, Watch())

    @contextmanager
    def served(self) -> Iterator["Desk"]:
        behaviours = {ACCEPT: self._accept, GET_HEAD: self._head}
        checks = {"store": self.ledger.require_writable}
        with serving(behaviours, checks=checks) as server, plain_channel(server) as self.channel:
            self.require_served()
            yield self
        self.database.close()

    def _accept(self, *_: object) -> object:
        number = next(self._numbers)
        self.ledger.accept(ask(), prove(number, tag=number), TERMS)
        self.answered += 1
        return log_service_pb2.GetHeadResponse()

    def _head(self, *_: object) -> object:
        size = self.ledger.head.size
        return log_service_pb2.GetHeadResponse(head=log_service_pb2.SignedHead(tree_size=size))

    @property
    def size(self) -> int:
        return log_service_pb2.GetHeadResponse.FromString(call(self.channel)).head.tree_size

    def health(self) -> int:
        answer = call(self.channel, CHECK, HealthCheckRequest().SerializeToString())
        return HealthCheckResponse.FromString(answer).status

    def wait_for(self, status: int) -> None:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while self.health() != status:
            assert time.monotonic() < deadline, f"health did not become {status}"
            time.sleep(0.05)

    def require_served(self) -> None:
        """It serves, and the log has one entry for each answer."""
        self.wait_for(SERVING)
        call(self.channel, ACCEPT, timeout=RECOVERY_SECONDS)
        assert self.size == self.answered

    def require_refused(self) -> None:
        """It says that it does not serve, and does not."""
        self.wait_for(NOT_SERVING)
        error = refusal(self.channel, ACCEPT, timeout=RECOVERY_SECONDS)
        assert code_of(error) is grpc.StatusCode.INTERNAL


Broken = Callable[[], AbstractContextManager[None]]


@contextmanager
def in_a_file(folder: Path, patience_seconds: float = 30) -> Iterator[tuple[Desk, Path]]:
    path = folder / "store.db"
    create_file(path)
    with Desk(SQLiteDatabase(path, patience_seconds=patience_seconds)).served() as desk:
        yield desk, path


def require_failed_and_recovered(desk: Desk, broken: Broken, times: int = 2) -> None:
    """Again and again: nothing that was refused is in the log afterwards, and nothing that was answered is not."""
    for _ in range(times):
        with broken():
            desk.require_refused()
            answered = desk.answered
        desk.require_served()
        assert desk.answered == answered + 1
    numbers = [desk.ledger.entries(place, 1) for place in range(desk.answered)]
    assert len({data for page in numbers for data in page}) == desk.answered


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_d2_a_disk_that_is_full(disk: Path) -> None:
    with in_a_file(disk) as (desk, _):

        @contextmanager
        def full() -> Iterator[None]:
            with filled(disk):
                drain(desk)
                yield

        require_failed_and_recovered(desk, full)


def drain(desk: Desk) -> None:
    """Use up the room that the database has set aside for itself."""
    with suppress(grpc.RpcError):
        while desk.answered < MANY:
            call(desk.channel, ACCEPT, timeout=RECOVERY_SECONDS)


def test_d2_a_disk_that_turns_read_only(disk: Path) -> None:
    with in_a_file(disk) as (desk, _):

        @contextmanager
        def turned() -> Iterator[None]:
            with ExitStack() as stack:
                deadline = time.monotonic() + RECOVERY_SECONDS
                while not entered_between(stack, disk, desk):
                    assert time.monotonic() < deadline, "somebody always has the file open"
                    time.sleep(0.01)
                yield

        require_failed_and_recovered(desk, turned)


def entered_between(stack: ExitStack, disk: Path, desk: Desk) -> bool:
    """Whether the disk could be turned read-only, which it can while nobody has the file open."""
    desk.database.close()
    try:
        stack.enter_context(read_only(disk))
    except subprocess.CalledProcessError:
        return False
    return True


def test_d2_a_file_that_may_not_grow(tmp_path: Path) -> None:
    with in_a_file(tmp_path) as (desk, path):
        log = path.with_name("store.db-wal")
        require_failed_and_recovered(desk, lambda: limited_files(min(log.stat().st_size, 8192)))


def test_d2_a_file_that_is_taken_away(tmp_path: Path) -> None:
    with in_a_file(tmp_path) as (desk, path):
        require_failed_and_recovered(desk, lambda: taken_away(path))


def test_d2_a_database_server_that_is_gone(server: Server) -> None:
    with Desk(open_database(server.new_schema(), patience_seconds=10)).served() as desk:
        require_failed_and_recovered(desk, server.gone)


@pytest.mark.slow
def test_d2_a_database_that_is_busy_for_too_long(tmp_path: Path) -> None:
    with in_a_file(tmp_path, patience_seconds=2) as (desk, path):
        other = SQLiteDatabase(path)

        @contextmanager
        def busy() -> Iterator[None]:
            with other.write():
                yield

        require_failed_and_recovered(desk, busy)
        other.close()
