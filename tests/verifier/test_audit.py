"""The tables are held against the log before anybody is served."""

from dataclasses import replace

import pytest

from margin.errors import InternalError, Reason
from tests.verifier.claims import IDENTITY, PERIOD, TERMS, UPKEEP, Watch, ask, prove, prove_release, prove_transition
from verifier.store.audit import audit_store
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.records import Selection
from verifier.store.schema import MIGRATIONS, upgrade_store

CHANGES = {
    "a nullifier that is unspent": ("DELETE FROM nullifier WHERE is_held = 0", "nullifier"),
    "a lock that is held again": ("UPDATE nullifier SET is_held = 1 WHERE acceptance IS NOT NULL", "acceptance"),
    "a lock that nobody brought": (
        "INSERT INTO nullifier (nullifier, acceptance, is_held) SELECT id, id, 0 FROM acceptance",
        "nullifier",
    ),
    "another state": ("UPDATE acceptance SET state = 4 WHERE state = 2", "acceptance"),
    "a longer life": ("UPDATE acceptance SET lapses_at = lapses_at + 1", "acceptance"),
    "another revision": ("UPDATE acceptance SET revision = revision + 1", "acceptance"),
    "another position": ("UPDATE acceptance SET position_tag = id", "acceptance"),
    "another policy": ("UPDATE change SET policy = (SELECT entry_policy FROM acceptance LIMIT 1)", "change"),
    "a claim that is forgotten": ("DELETE FROM claim WHERE event = 2", "claim"),
    "a policy that is none": ("UPDATE change SET policy = key_id", "change"),
    "a transition that is forgotten": ("DELETE FROM nullifier WHERE transition IS NOT NULL", "nullifier"),
    "a leaf that is unspent": (
        """DELETE FROM nullifier WHERE nullifier =
            (SELECT nullifier FROM nullifier WHERE acceptance IS NULL ORDER BY nullifier LIMIT 1)""",
        "nullifier",
    ),
    "a leaf that somebody else spent": (
        """UPDATE nullifier SET transition = (SELECT id FROM transition WHERE place = 4)
            WHERE transition = (SELECT id FROM transition WHERE place = 11)""",
        "nullifier",
    ),
    "a leaf that a lock's acceptance spent": (
        """UPDATE nullifier SET transition = NULL, acceptance = (SELECT id FROM acceptance LIMIT 1)
            WHERE transition IS NOT NULL""",
        "nullifier",
    ),
    "another leaf of a transition": ("UPDATE transition SET place = 0 WHERE place = 11", "transition"),
    "another leaf": ("UPDATE log_node SET digest = (SELECT id FROM acceptance LIMIT 1) WHERE place = 3", "log_node"),
}


def live(ledger: Ledger, clock: Watch, *, transitions: bool = True) -> None:
    """Two lives with everything in them, one that goes on, and two transitions between them."""
    first = ledger.accept(ask(), prove(1, 2), TERMS).acceptance
    ledger.refresh(ask(), first.id, prove(1, 3, policy=UPKEEP, book=2))
    ledger.free(ask(), first.id, prove(1, book=3), [2])
    ledger.accept(ask(), prove(9, tag=9), TERMS)
    if transitions:
        ledger.apply(ask(), prove_transition())
    gone = ledger.accept(ask(), prove(8, tag=8), TERMS).acceptance
    ledger.let_go(ask(), gone.id, [8])
    clock.now += 2 * PERIOD
    ledger.seize(ask(), first.id, prove_release(1))
    clock.now += 1
    lasting = ledger.accept(ask(), prove(20, tag=20), TERMS).acceptance
    ledger.refresh(ask(), lasting.id, prove(20, 21, policy=UPKEEP, tag=20, book=2))
    if transitions:
        ledger.apply(ask(), prove_transition(201, 202, 203, 204))


def test_a_store_that_says_what_its_log_says(ledger: Ledger, database: Database, clock: Watch) -> None:
    assert audit_store(database) == 0
    live(ledger, clock)
    assert audit_store(database) == ledger.head.size


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_was_altered(ledger: Ledger, database: Database, clock: Watch, change: str) -> None:
    live(ledger, clock)
    statement, table = CHANGES[change]
    with database.write() as transaction:
        transaction.execute(statement)
    with pytest.raises(InternalError) as caught:
        audit_store(database)
    assert (caught.value.reason, caught.value.field) == (Reason.BROKEN_INVARIANT, f"store.{table}")


def test_a_leaf_that_was_altered(ledger: Ledger, database: Database) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    with database.write() as transaction:
        ((data,),) = transaction.execute("SELECT entry FROM log_leaf")
        transaction.execute("UPDATE log_leaf SET entry = ?", bytes(data)[:-1] + b"\x01")
    with pytest.raises(InternalError):
        audit_store(database)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_store_of_an_earlier_version_is_brought_to_this_one(empty: Database, clock: Watch, version: int) -> None:
    """With the tables of that version: rows without their places, changes nowhere but in the log.

    Whom a seizure paid stood nowhere.
    """
    upgrade_store(empty, IDENTITY)
    live(Ledger(empty, IDENTITY, clock), clock, transitions=False)
    known = Ledger(empty, IDENTITY, clock).acceptances()
    before = [replace(each, acceptance=replace(each.acceptance, payee=None)) for each in known]
    assert before != known
    take_back(empty, version)
    upgrade_store(empty, IDENTITY)
    ledger = Ledger(empty, IDENTITY, clock)
    assert audit_store(empty) == ledger.head.size
    assert ledger.acceptances() == before
    assert ledger.acceptances(Selection(party="trader.example")) == before


THIRD_NULLIFIER = """CREATE TABLE nullifier (
    nullifier {bytes} PRIMARY KEY CHECK (length(nullifier) = 32),
    acceptance {bytes} NOT NULL REFERENCES acceptance (id),
    is_held {integer} NOT NULL CHECK (is_held IN (0, 1)),
    sealed {bytes} CHECK (length(sealed) BETWEEN 1 AND 4096)
) {table}"""


def take_back(database: Database, version: int) -> None:
    """A store as an earlier version left it."""
    indexes = ("change_by_acceptance", "acceptance_by_place", "acceptance_by_position", "acceptance_by_state")
    with database.write() as transaction:
        transaction.execute("UPDATE store SET version = ?", version)
        transaction.execute("ALTER TABLE change DROP COLUMN payee")
        if version == len(MIGRATIONS) - 1:
            return
        for table in ("cosignature", "conviction"):
            transaction.execute(f"DROP TABLE {table}")
        if version == len(MIGRATIONS) - 2:
            return
        rows = transaction.execute("SELECT nullifier, acceptance, is_held, sealed FROM nullifier")
        for table in ("nullifier", "transition"):
            transaction.execute(f"DROP TABLE {table}")
        transaction.execute(THIRD_NULLIFIER.format_map(database.types))
        transaction.execute("CREATE INDEX nullifier_by_acceptance ON nullifier (acceptance)")
        for row in rows:
            transaction.execute(
                "INSERT INTO nullifier (nullifier, acceptance, is_held, sealed) VALUES (?, ?, ?, ?)", *row
            )
        if version == len(MIGRATIONS) - 3:
            return
        for index in (*indexes, "request_by_place"):
            transaction.execute(f"DROP INDEX {index}")
        transaction.execute("DROP TABLE change")
        for table, column in (("acceptance", "opened"), ("acceptance", "latest"), ("nullifier", "sealed")):
            transaction.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("fact", "publication", "equivocation") if version == 1 else ():
            transaction.execute(f"DROP TABLE {table}")
