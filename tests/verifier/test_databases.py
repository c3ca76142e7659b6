"""What each database promises by itself."""

from pathlib import Path
from threading import Thread

import pytest

from margin.errors import InternalError, MarginError, Reason, RejectedError
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from tests.verifier.postgresql_server import Server
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.schema import Identity, upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file


def test_a_transaction_that_ends_in_an_error_never_was(database: Database) -> None:
    for error in (ValueError("any"), RejectedError(Reason.LAPSED, "moment", found=1, expected="2")):
        with pytest.raises(type(error)):
            write_and_fail(database, error)
    with database.read() as transaction:
        assert transaction.execute("SELECT probes FROM store") == [(0,)]


def write_and_fail(database: Database, error: Exception) -> None:
    """Something that is written, and an error."""
    with database.write() as transaction:
        transaction.execute("UPDATE store SET probes = probes + 1")
        raise error


def test_a_statement_that_is_none_is_an_internal_error(database: Database) -> None:
    with pytest.raises(InternalError) as caught, database.write() as transaction:
        transaction.execute("SELECT nothing FROM nowhere")
    assert caught.value.reason == Reason.STORE_UNAVAILABLE


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as reader:
        assert reader.execute("SELECT probes FROM store") == [(0,)]
        with database.write() as writer:
            writer.execute("UPDATE store SET probes = 1")
        assert reader.execute("SELECT probes FROM store") == [(0,)]
    with database.read() as reader:
        assert reader.execute("SELECT probes FROM store") == [(1,)]


def test_a_store_is_made_once(database: Database) -> None:
    Ledger(database, IDENTITY, Watch()).accept(ask(), prove(1), TERMS)
    upgrade_store(database, IDENTITY)
    assert Ledger(database, IDENTITY, Watch()).head.size == 1


def test_a_server_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verifier.store.address.find_spec", lambda _: None)
    assert refused(open_database, "postgresql://host/name") == (Reason.BACKEND_MISSING, "store")


def test_sqlite_keeps_what_it_commits(tmp_path: Path) -> None:
    create_file(tmp_path / "store.db")
    database = SQLiteDatabase(tmp_path / "store.db")
    connection = database.connect()
    settings = {name: connection.execute(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 2}
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0
    connection.close()


def test_threads_wait_for_their_turn_and_no_longer_than_their_patience(tmp_path: Path) -> None:
    create_file(tmp_path / "store.db")
    database = SQLiteDatabase(tmp_path / "store.db", patience_seconds=0.1)
    upgrade_store(database, IDENTITY)
    ledger = Ledger(database, IDENTITY, Watch())
    late: list[tuple[Reason, str]] = []
    impatient = Thread(target=lambda: late.append(refused(ledger.require_writable)))
    with database.write():
        impatient.start()
        impatient.join()
    assert late == [(Reason.STORE_UNAVAILABLE, "store")]
    ledger.require_writable()
    database.close()


def test_postgresql_that_forgets_is_refused(server: Server) -> None:
    database = open_database(server.new_schema() + "%20-csynchronous_commit%3Doff")
    assert refused(upgrade_store, database, IDENTITY) == (Reason.NOT_APPLICABLE, "store")


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("root_at", (2,)),
        ("inclusion_proof", (0, 2)),
        ("inclusion_proof", (1, 1)),
        ("consistency_proof", (1, 2)),
        ("consistency_proof", (0, 1)),
        ("entries", (-1,)),
        ("entries", (0, 1001)),
        ("lapse_overdue", (0,)),
    ],
)
def test_questions_are_about_what_is_there(ledger: Ledger, question: str, values: tuple[int, ...]) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    reason, _ = refused(getattr(ledger, question), *values)
    assert reason == Reason.OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("domain", "origin"), [("", "a"), ("d" * 256, "a"), ("d", ""), ("d", "ringfence.v1.a"), ("d", "A")]
)
def test_a_store_has_a_name(domain: str, origin: str) -> None:
    with pytest.raises(MarginError):
        Identity(domain, origin)
