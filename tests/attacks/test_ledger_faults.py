"""The attacks on what a verifier remembers by machines that fail: D1 and D2; each test has the id of its threat."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facts.log_entry import LogEntry
from facts.log_proof import hash_leaf
from margin.errors import MarginError, MisuseError, Reason
from tests.attacks.answering_system import needs_answering_system, run_python
from tests.attacks.dying_ledger import Verifiers, run_verifiers
from tests.facts.refusals import refused
from tests.faults.disks import filled, limited_files, read_only, small_disk
from tests.verifier.claims import IDENTITY, NOON, PERIOD, TERMS, Watch, ask, prove
from tests.verifier.postgresql_server import Server
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger, Step
from verifier.store.schema import require_current, upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file

UNAVAILABLE = (Reason.STORE_UNAVAILABLE, "store")
LIFE = ("accept", "refresh", "free", "seize")
ON_DISK = frozenset({Step.AFTER_COMMIT, Step.BEFORE_REPLY})


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with run_verifiers() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("server").new_schema())
    create_file(tmp_path / "store.db")
    return str(tmp_path / "store.db")


# --- D1: killed ------------------------------------------------------------------------------------------


def task_of(number: int) -> dict[str, object]:
    """The event of a round: each position lives through all of them in four rounds."""
    tag, age = 1 + number // len(LIFE), number % len(LIFE)
    locks = {"accept": [10 * tag, 10 * tag + 1], "refresh": [10 * tag, 10 * tag + 2], "free": [10 * tag + 1]}
    return {
        "act": LIFE[age],
        "request": f"round-{number}",
        "tag": tag,
        "book": 1 + number,
        "locks": locks.get(LIFE[age], [10 * tag]),
        "acceptance": prove(10 * tag, 10 * tag + 1, tag=tag, book=1 + number - age).id,
        "moment": NOON + (2 * PERIOD if LIFE[age] == "seize" else age),
    }


def leaves_of(number: int) -> int:
    """How many leaves the event of a round adds: a seizure writes down the lapse before it."""
    return 2 if LIFE[number % len(LIFE)] == "seize" else 1


@pytest.mark.parametrize("rounds", [2 * len(Step), pytest.param(200, marks=pytest.mark.slow)])
def test_d1_killed_at_every_step(address: str, verifiers: Verifiers, rounds: int) -> None:
    """Nothing is accepted twice, nothing that was committed is lost, and one request has one answer."""
    database = open_database(address)
    upgrade_store(database, IDENTITY)
    steps, size, answers = list(Step), 0, list[str]()
    for number in range(rounds):
        task, step = task_of(number), steps[(number + number // len(LIFE)) % len(steps)]
        assert verifiers.do(address, **task, dies=step) == (True, "")
        ledger = Ledger(database, IDENTITY, Watch())
        assert ledger.head.size == size + (leaves_of(number) if step in ON_DISK else 0), step
        first, again = verifiers.do(address, **task), verifiers.do(address, **task)
        assert first == again
        assert not first[0]
        size += leaves_of(number)
        assert first[1].startswith(f"{size - 1} "), first
        assert Ledger(database, IDENTITY, Watch()).head.size == size
        answers.append(first[1])
        if task["act"] == "accept":
            other = {**task, "request": f"other-{number}", "book": 10_000 + number}
            assert verifiers.do(address, **other) == (False, Reason.NULLIFIER_SPENT)
    assert answers == [verifiers.do(address, **task_of(number))[1] for number in range(rounds)]
    require_whole(database)
    database.close()


def require_whole(database: Database) -> None:
    """The tables say what the log says, and nothing else."""
    ledger = Ledger(database, IDENTITY, Watch())
    leaves = ledger.entries(0)
    latest: dict[str, LogEntry] = {}
    seen = Counter[int]()
    for data in leaves:
        entry = LogEntry.decode(data)
        held = latest[entry.acceptance].held if entry.acceptance in latest else ()
        seen.update(set(entry.held) - set(held))
        latest[entry.acceptance] = entry
    assert set(seen.values()) <= {1}
    with database.read() as transaction:
        spent = {int.from_bytes(row[0], "big") for row in transaction.execute("SELECT nullifier FROM nullifier")}
        digests = transaction.execute("SELECT digest FROM log_node WHERE level = 0 ORDER BY place")
        ids = {bytes(row[0]).hex() for row in transaction.execute("SELECT id FROM acceptance")}
    assert spent == set(seen)
    assert ids == set(latest)
    assert [bytes(row[0]) for row in digests] == [hash_leaf(data) for data in leaves]
    for identity, entry in latest.items():
        acceptance = ledger.acceptance(identity)
        assert (acceptance.state, acceptance.held) == (entry.state, entry.held)


# --- D2: a disk or a database that fails -----------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """A store in a file, and who serves from it."""

    path: Path
    database: SQLiteDatabase
    ledger: Ledger


OpenIn = Callable[[Path], Stored]


@pytest.fixture
def open_in() -> Iterator[OpenIn]:
    """Makes a store in a folder, with one acceptance, until the test is over."""
    databases = []

    def open_it(folder: Path) -> Stored:
        path = folder / "store.db"
        create_file(path)
        database = SQLiteDatabase(path, patience_seconds=1)
        databases.append(database)
        upgrade_store(database, IDENTITY)
        ledger = Ledger(database, IDENTITY, Watch())
        ledger.accept(ask(), prove(1), TERMS)
        return Stored(path, database, ledger)

    yield open_it
    for database in databases:
        database.close()


@pytest.fixture
def stored(tmp_path: Path, open_in: OpenIn) -> Stored:
    """A store in a file, with one acceptance."""
    return open_in(tmp_path)


def require_recovered(ledger: Ledger, number: int) -> None:
    """The store serves again, and what was refused meanwhile was never accepted."""
    ledger.require_writable()
    assert ledger.head.size == number
    assert ledger.accept(ask(), prove(2, tag=2), TERMS).place == number
    assert ledger.head.size == number + 1


@pytest.mark.parametrize("room", [0, 100, 4096, 10_000, 20_000])
def test_d2_a_file_that_cannot_grow(stored: Stored, room: int) -> None:
    path, ledger = stored.path, stored.ledger
    size = path.with_name("store.db-wal").stat().st_size
    with limited_files(size + room):
        reasons = {refused_or_none(ledger, number) for number in range(3, 9)}
    assert UNAVAILABLE in reasons, "the journal was full at least once"
    assert reasons <= {None, UNAVAILABLE}, "it is opened anew, and goes on where the store has room for its journal"
    require_recovered(ledger, ledger.head.size)


def refused_or_none(ledger: Ledger, number: int) -> tuple[Reason, str] | None:
    """Why an acceptance was refused, if it was."""
    try:
        ledger.accept(ask(), prove(number, tag=number), TERMS)
    except MarginError as error:
        return error.reason, error.field
    return None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_d2_a_full_disk(disk: Path, open_in: OpenIn) -> None:
    ledger = open_in(disk).ledger
    with filled(disk):
        answers = [refused_or_none(ledger, number) for number in range(3, 12)]
        assert answers[-1] == UNAVAILABLE
        assert refused(ledger.require_writable) == UNAVAILABLE
    require_recovered(ledger, 1 + answers.count(None))


def test_d2_a_disk_that_is_read_only(disk: Path, open_in: OpenIn) -> None:
    stored = open_in(disk)
    database, ledger = stored.database, stored.ledger
    database.close()
    with read_only(disk):
        assert refused(ledger.accept, ask(), prove(3, tag=3), TERMS) == UNAVAILABLE
        assert refused(ledger.require_writable) == UNAVAILABLE
    require_recovered(ledger, 1)
    database.close()


def test_d2_a_file_that_is_gone(stored: Stored) -> None:
    path, ledger = stored.path, stored.ledger
    path.rename(path.with_name("away.db"))
    for _ in range(2):
        assert refused(ledger.accept, ask(), prove(3, tag=3), TERMS) == UNAVAILABLE
        assert refused(ledger.require_writable) == UNAVAILABLE
    assert not path.exists()
    path.with_name("away.db").rename(path)
    require_recovered(ledger, 1)


def test_d2_a_file_that_is_overwritten(stored: Stored) -> None:
    path, ledger = stored.path, stored.ledger
    stored.database.close()
    content = path.read_bytes()
    path.write_bytes(b"no database" + content[11:])
    assert refused(ledger.accept, ask(), prove(3, tag=3), TERMS) == UNAVAILABLE
    path.write_bytes(content)
    require_recovered(ledger, 1)


def test_d2_a_log_torn_anywhere_is_a_whole_store(tmp_path: Path, open_in: OpenIn) -> None:
    """What is on the disk after a loss of power is the file and some beginning of its write-ahead log."""
    ledger = open_in(tmp_path).ledger
    for number in range(2, 6):
        ledger.accept(ask(), prove(number, tag=number), TERMS)
    content, log = (tmp_path / "store.db").read_bytes(), (tmp_path / "store.db-wal").read_bytes()
    sizes = set()
    for place, cut in enumerate([*range(len(log), 40_000, -6_001), len(log) - 1]):
        folder = tmp_path / f"torn-{place}"
        folder.mkdir()
        (folder / "store.db").write_bytes(content)
        (folder / "store.db-wal").write_bytes(log[:cut])
        sizes.add(require_whole_or_none(folder / "store.db"))
    assert {4, 5} <= sizes


def test_d2_a_page_of_the_log_that_is_altered_ends_it(tmp_path: Path, open_in: OpenIn) -> None:
    ledger = open_in(tmp_path).ledger
    ledger.accept(ask(), prove(2, tag=2), TERMS)
    content, log = (tmp_path / "store.db").read_bytes(), bytearray((tmp_path / "store.db-wal").read_bytes())
    log[-2000] ^= 1
    folder = tmp_path / "altered"
    folder.mkdir()
    (folder / "store.db").write_bytes(content)
    (folder / "store.db-wal").write_bytes(log)
    assert require_whole_or_none(folder / "store.db") == 1


def require_whole_or_none(path: Path) -> int:
    """How many leaves a store has that is whole; -1 where it was never made."""
    database = SQLiteDatabase(path)
    try:
        require_current(database, IDENTITY)
    except MisuseError:
        database.close()
        return -1
    require_whole(database)
    size = Ledger(database, IDENTITY, Watch()).head.size
    database.close()
    return size


UNSYNCED = """
import os, sys
from pathlib import Path
from margin.errors import MarginError
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from verifier.store.ledger import Ledger
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file
create_file(Path(sys.argv[1]))
database = SQLiteDatabase(Path(sys.argv[1]))
upgrade_store(database, IDENTITY)
ledger = Ledger(database, IDENTITY, Watch())
os.environ["REFUSED_SYNCS"] = "1"
try:
    ledger.accept(ask("a"), prove(1), TERMS)
except MarginError as error:
    print(error.reason)
del os.environ["REFUSED_SYNCS"]
for _ in range(2):
    print(ledger.accept(ask("a"), prove(1), TERMS).place)
print(ledger.head.size)
database.close()
"""


@needs_answering_system
def test_d2_what_was_not_synchronised_was_not_accepted(tmp_path: Path) -> None:
    assert run_python(UNSYNCED, str(tmp_path / "store.db")) == ["STORE_UNAVAILABLE", "0", "0", "1"]
    assert require_whole_or_none(tmp_path / "store.db") == 1


def test_d2_a_store_that_is_busy_for_too_long(stored: Stored) -> None:
    path, ledger = stored.path, stored.ledger
    other = SQLiteDatabase(path)
    with other.write():
        assert refused(ledger.accept, ask(), prove(3, tag=3), TERMS) == UNAVAILABLE
    require_recovered(ledger, 1)
    other.close()


def test_d2_a_server_that_is_gone(server: Server) -> None:
    database = open_database(server.new_schema(), patience_seconds=10)
    upgrade_store(database, IDENTITY)
    ledger = Ledger(database, IDENTITY, Watch())
    ledger.accept(ask(), prove(1), TERMS)
    with server.gone():
        for _ in range(2):
            assert refused(ledger.accept, ask(), prove(3, tag=3), TERMS) == UNAVAILABLE
            assert refused(ledger.require_writable) == UNAVAILABLE
    require_recovered(ledger, 1)
    database.close()
