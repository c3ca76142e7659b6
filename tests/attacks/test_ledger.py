"""The attacks on what a verifier remembers: R3, R4, R9, R10, D4 and D7; each test has the id of its threat."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facts.ed25519 import SigningKey
from facts.log_head import LogKey
from margin.errors import MalformedError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.attacks.dying_ledger import EXTENSION, Verifiers, run_verifiers
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, NOON, TERMS, UPKEEP, Watch, ask, prove, prove_release
from verifier.log import sign_head
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.schema import MIGRATIONS, Identity, require_current, upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file
from verifier.witness import WitnessFile, require_witnessed

SIGNER = SigningKey.of_seed(bytes(range(32)))
KEY = LogKey(IDENTITY.origin, SIGNER.public_key)
OpenFile = Callable[[Path], Ledger]


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


# --- R3: one nullifier has one name ----------------------------------------------------------------------


@pytest.mark.parametrize("spelled", [5 + GROUP_ORDER, GROUP_ORDER, -5, True, 2**256 - 1])
def test_r3_another_spelling_of_a_nullifier_is_none(ledger: Ledger, spelled: int) -> None:
    ledger.accept(ask(), prove(5), TERMS)
    with pytest.raises(MalformedError):
        ledger.accept(ask(), prove(spelled, tag=8), TERMS)
    with pytest.raises(MalformedError):
        ledger.free(ask(), prove(5).id, prove(), [spelled])
    assert ledger.head.size == 1


def test_r3_a_nullifier_is_32_bytes_in_the_table(database: Database, ledger: Ledger) -> None:
    ledger.accept(ask(), prove(5, GROUP_ORDER - 1), TERMS)
    with database.read() as transaction:
        rows = transaction.execute("SELECT nullifier FROM nullifier ORDER BY nullifier")
    assert [bytes(row[0]) for row in rows] == [number.to_bytes(32, "big") for number in (5, GROUP_ORDER - 1)]


@pytest.mark.parametrize("spelled", [b"\x05", bytes(32) + b"\x05", "05", 5])
def test_r3_the_table_takes_no_other_form(database: Database, ledger: Ledger, spelled: bytes | str | int) -> None:
    ledger.accept(ask(), prove(5), TERMS)
    statement = "INSERT INTO nullifier (nullifier, acceptance, is_held) VALUES (?, ?, 1)"
    with pytest.raises(Exception, match="store: found"), database.write() as transaction:
        transaction.execute(statement, spelled, bytes.fromhex(prove(5).id))
    with database.read() as transaction:
        assert len(transaction.execute("SELECT 1 FROM nullifier")) == 1


# --- R4: one claim, once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("crowd", [16, pytest.param(64, marks=pytest.mark.slow)])
def test_r4_a_crowd_with_one_claim_makes_one_acceptance(address: str, verifiers: Verifiers, crowd: int) -> None:
    open_store(address).close()
    answers = verifiers.do_together(
        address, act="accept", request="same", locks=[1, 2], tag=7, moment=NOON, crowd=crowd
    )
    assert len(answers) == crowd
    assert len(set(answers)) == 1
    died, said = answers[0]
    assert not died
    assert said.startswith("0 ")
    assert count_rows(address) == {"acceptance": 1, "nullifier": 2, "log_leaf": 1, "claim": 1, "request": crowd}


def test_r4_a_crowd_with_one_lock_makes_one_acceptance(address: str, verifiers: Verifiers) -> None:
    """Each shows the lock for a position of its own: sixteen claims, one nullifier."""
    open_store(address).close()
    verifiers.do_together(address, act="accept", request="first", locks=[9], tag=70, moment=NOON, crowd=8)
    answers = verifiers.do_together(address, act="accept", request="other", locks=[9], tag=71, moment=NOON, crowd=8)
    assert answers == [(False, "NULLIFIER_SPENT")] * 8
    assert count_rows(address)["acceptance"] == 1


def open_store(address: str) -> Database:
    """The store at an address, made."""
    database = open_database(address)
    upgrade_store(database, IDENTITY)
    return database


def count_rows(address: str) -> dict[str, int]:
    """How much there is of everything."""
    database = open_store(address)
    with database.read() as transaction:
        names = ("acceptance", "nullifier", "log_leaf", "claim", "request")
        counts = {name: transaction.execute(f"SELECT count(*) FROM {name}")[0][0] for name in names}  # noqa: S608
    database.close()
    return counts


# --- R9: what was released stays released ----------------------------------------------------------------


def test_r9_a_released_lock_is_never_taken_again(ledger: Ledger) -> None:
    claim = prove(1, 2)
    acceptance = ledger.accept(ask("first"), claim, TERMS).acceptance
    ledger.free(ask(), acceptance.id, prove(), [1, 2])
    for again in (claim, prove(1, book=2), prove(2, 3, tag=8)):
        assert refused(ledger.accept, ask(), again, TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")
    fresh = ledger.accept(ask(), prove(3, tag=8), TERMS).acceptance
    topped_up = prove(1, 3, policy=UPKEEP, tag=8)
    assert refused(ledger.refresh, ask(), fresh.id, topped_up) == (Reason.NULLIFIER_SPENT, "nullifiers")


def test_r9_a_lock_that_left_does_not_come_back_to_its_own_acceptance(ledger: Ledger) -> None:
    acceptance = ledger.accept(ask(), prove(1, 2), TERMS).acceptance
    ledger.free(ask(), acceptance.id, prove(1, book=2), [2])
    again = prove(1, 2, policy=UPKEEP, book=3)
    assert refused(ledger.refresh, ask(), acceptance.id, again) == (Reason.NULLIFIER_SPENT, "nullifiers")


def test_r9_a_lapsed_or_seized_lock_is_never_taken_again(ledger: Ledger, clock: Watch) -> None:
    claim = prove(1)
    acceptance = ledger.accept(ask(), claim, TERMS).acceptance
    clock.now = acceptance.lapses_at
    assert refused(ledger.accept, ask(), claim, TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")
    ledger.seize(ask(), acceptance.id, prove_release(1))
    assert refused(ledger.accept, ask(), prove(1, book=2), TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")


# --- R10: yesterday's backup -----------------------------------------------------------------------------


@pytest.fixture
def witness(tmp_path: Path) -> WitnessFile:
    return WitnessFile(tmp_path / "witness", KEY)


@pytest.fixture
def open_file() -> Iterator[OpenFile]:
    """Opens the ledger in a file, until the test is over."""
    databases = []

    def open_it(path: Path) -> Ledger:
        create_file(path)
        database = SQLiteDatabase(path)
        databases.append(database)
        upgrade_store(database, IDENTITY)
        return Ledger(database, IDENTITY, Watch())

    yield open_it
    for database in databases:
        database.close()


def copy_store(path: Path, target: Path) -> None:
    """A backup, made as SQLite makes them."""
    with sqlite3.connect(path) as source, sqlite3.connect(target) as backup:
        source.backup(backup)
    source.close()
    backup.close()


def test_r10_a_restored_backup_does_not_start(open_file: OpenFile, tmp_path: Path, witness: WitnessFile) -> None:
    ledger = open_file(tmp_path / "store.db")
    ledger.accept(ask(), prove(1, tag=1), TERMS)
    copy_store(tmp_path / "store.db", tmp_path / "backup.db")
    ledger.accept(ask(), prove(2, tag=2), TERMS)
    witness.advance(sign_head(ledger.head, SIGNER), ledger)
    require_witnessed(ledger, witness)
    restored = open_file(tmp_path / "backup.db")
    assert refused(require_witnessed, restored, witness) == (Reason.LOG_SHRUNK, "log")
    empty = open_file(tmp_path / "empty.db")
    assert refused(require_witnessed, empty, witness) == (Reason.LOG_SHRUNK, "log")


def test_r10_a_restored_backup_that_grew_past_the_witness_does_not_start(
    open_file: OpenFile, tmp_path: Path, witness: WitnessFile
) -> None:
    ledger = open_file(tmp_path / "store.db")
    ledger.accept(ask(), prove(1, tag=1), TERMS)
    copy_store(tmp_path / "store.db", tmp_path / "fork.db")
    ledger.accept(ask(), prove(2, tag=2), TERMS)
    witness.advance(sign_head(ledger.head, SIGNER), ledger)
    fork = open_file(tmp_path / "fork.db")
    for number in (3, 4, 5):
        fork.accept(ask(), prove(number, tag=number), TERMS)
    assert refused(require_witnessed, fork, witness) == (Reason.LOG_FORKED, "log")
    assert refused(witness.advance, sign_head(fork.head, SIGNER), fork) == (Reason.LOG_FORKED, "log")


def test_r10_a_store_that_is_replaced_under_a_running_verifier(open_file: OpenFile, tmp_path: Path) -> None:
    ledger = open_file(tmp_path / "store.db")
    ledger.accept(ask(), prove(1, tag=1), TERMS)
    copy_store(tmp_path / "store.db", tmp_path / "backup.db")
    ledger.accept(ask(), prove(2, tag=2), TERMS)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"store.db{suffix}").unlink(missing_ok=True)
    (tmp_path / "backup.db").replace(tmp_path / "store.db")
    reasons = [refused(ledger.accept, ask(), prove(2, tag=2, book=2), TERMS)[0] for _ in range(3)]
    assert reasons == [Reason.STORE_UNAVAILABLE, Reason.LOG_SHRUNK, Reason.LOG_SHRUNK]


def test_r10_a_witness_that_is_missing_or_forged(open_file: OpenFile, tmp_path: Path, witness: WitnessFile) -> None:
    ledger = open_file(tmp_path / "store.db")
    require_witnessed(ledger, witness)
    ledger.accept(ask(), prove(1), TERMS)
    assert refused(require_witnessed, ledger, witness) == (Reason.LOG_UNWITNESSED, "witness")
    stranger = SigningKey.of_seed(bytes(32))
    (tmp_path / "witness").write_text(sign_head(ledger.head, stranger).note, encoding="utf-8")
    assert refused(require_witnessed, ledger, witness) == (Reason.WRONG_SIGNATURE, "signature")
    assert refused(witness.advance, sign_head(ledger.head, SIGNER), ledger)[0] == Reason.WRONG_SIGNATURE
    (tmp_path / "witness").write_bytes(b"\xff\x00")
    assert refused(require_witnessed, ledger, witness)[0] == Reason.NOT_READABLE


def test_r10_a_witness_follows_forwards_only(open_file: OpenFile, tmp_path: Path, witness: WitnessFile) -> None:
    ledger = open_file(tmp_path / "store.db")
    heads = []
    for number in (1, 2):
        ledger.accept(ask(), prove(number, tag=number), TERMS)
        heads.append(sign_head(ledger.head, SIGNER))
    witness.advance(heads[1], ledger)
    witness.advance(heads[0], ledger)
    assert witness.read() == heads[1]


# --- D4: one request, one answer -------------------------------------------------------------------------


def test_d4_the_same_request_has_the_same_answer_whatever_happened_since(ledger: Ledger, clock: Watch) -> None:
    first = ledger.accept(ask("a"), prove(1, 2), TERMS)
    second = ledger.refresh(ask("b"), first.acceptance.id, prove(1, 3, policy=UPKEEP))
    third = ledger.free(ask("c"), first.acceptance.id, prove(1), [2])
    clock.now = second.acceptance.lapses_at
    fourth = ledger.seize(ask("d"), first.acceptance.id, prove_release(1))
    size = ledger.head.size
    assert ledger.accept(ask("a"), prove(1, 2), TERMS) == first
    assert ledger.refresh(ask("b"), first.acceptance.id, prove(1, 3, policy=UPKEEP)) == second
    assert ledger.free(ask("c"), first.acceptance.id, prove(1), [2]) == third
    assert ledger.seize(ask("d"), first.acceptance.id, prove_release(1)) == fourth
    assert ledger.head.size == size


def test_d4_the_same_request_with_another_question_is_refused(ledger: Ledger) -> None:
    acceptance = ledger.accept(ask("a"), prove(1, 2), TERMS).acceptance
    reused = (Reason.REQUEST_REUSED, "request.id")
    assert refused(ledger.accept, ask("a"), prove(1, 2, book=2), TERMS) == reused
    assert refused(ledger.refresh, ask("a"), acceptance.id, prove(1, policy=UPKEEP)) == reused
    ledger.free(ask("b"), acceptance.id, prove(), [1])
    assert refused(ledger.free, ask("b"), acceptance.id, prove(), [2]) == reused


def test_d4_the_request_of_another_caller_is_another_request(ledger: Ledger) -> None:
    ledger.accept(ask("a"), prove(1), TERMS)
    assert ledger.accept(ask("a", caller="other.example"), prove(2, tag=8), TERMS).place == 1


# --- D7: versions of the store ---------------------------------------------------------------------------


def test_d7_an_upgrade_that_is_killed_never_happened(address: str, verifiers: Verifiers) -> None:
    database = open_store(address)
    Ledger(database, IDENTITY, Watch()).accept(ask(), prove(1), TERMS)
    database.close()
    dies = 1
    while verifiers.do(address, act="upgrade", dies=dies)[0]:
        require_current(database, IDENTITY)
        database.close()
        dies += 1
    assert dies > len(EXTENSION.statements) + 4
    assert refused(require_current, database, IDENTITY) == (Reason.WRONG_SCHEMA, "store")
    require_current(database, IDENTITY, (*MIGRATIONS, EXTENSION))
    database.close()


def test_d7_a_store_of_a_later_version_is_refused(database: Database) -> None:
    upgrade_store(database, IDENTITY, (*MIGRATIONS, EXTENSION))
    for act in (require_current, upgrade_store):
        assert refused(act, database, IDENTITY) == (Reason.WRONG_SCHEMA, "store")


def test_d7_a_store_of_an_earlier_version_serves_when_it_was_upgraded(database: Database) -> None:
    later = (*MIGRATIONS, EXTENSION)
    assert refused(require_current, database, IDENTITY, later) == (Reason.WRONG_SCHEMA, "store")
    upgrade_store(database, IDENTITY, later)
    require_current(database, IDENTITY, later)


def test_d7_every_version_there_was_becomes_this_one_and_keeps_what_it_held(empty: Database) -> None:
    for count in range(1, len(MIGRATIONS) + 1):
        upgrade_store(empty, IDENTITY, MIGRATIONS[:count])
        with empty.write() as transaction:
            transaction.execute("UPDATE store SET probes = probes + 1")
    Ledger(empty, IDENTITY, Watch()).accept(ask(), prove(1), TERMS)
    with empty.read() as transaction:
        assert transaction.execute("SELECT version, probes FROM store") == [(len(MIGRATIONS), len(MIGRATIONS))]


@pytest.mark.parametrize("table", ["request", "claim", "log_node", "fact"])
def test_d7_half_a_store_is_refused(database: Database, table: str) -> None:
    with database.write() as transaction:
        transaction.execute(f"DROP TABLE {table}")
    for act in (require_current, upgrade_store):
        assert refused(act, database, IDENTITY) == (Reason.WRONG_SCHEMA, "store")


def test_d7_tables_without_a_version_are_refused(empty: Database) -> None:
    with empty.write() as transaction:
        transaction.execute("CREATE TABLE log_leaf (place INTEGER)")
    assert refused(upgrade_store, empty, IDENTITY) == (Reason.WRONG_SCHEMA, "store")


def test_r5_a_store_of_another_domain_is_refused(database: Database) -> None:
    for other in (Identity("other.example", IDENTITY.origin), Identity(IDENTITY.domain, "other.example/log")):
        for act in (require_current, upgrade_store):
            assert refused(act, database, other) == (Reason.WRONG_CONTEXT, "store")


def test_r8_a_store_that_is_not_there_does_not_serve(empty: Database, tmp_path: Path) -> None:
    assert refused(Ledger, empty, IDENTITY, Watch()) == (Reason.WRONG_SCHEMA, "store")
    absent = SQLiteDatabase(tmp_path / "absent.db")
    assert refused(Ledger, absent, IDENTITY, Watch()) == (Reason.STORE_UNAVAILABLE, "store")
    assert not (tmp_path / "absent.db").exists()
    shutil.rmtree(tmp_path)
