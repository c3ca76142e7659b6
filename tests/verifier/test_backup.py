"""Copies of a store, from either kind of database into either."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from margin.errors import Reason
from tests.facts.refusals import refused
from tests.verifier.backups import SIGNER, Desk, live, open_file, rows_of
from tests.verifier.claims import IDENTITY, NOON, TERMS, Watch, ask, prove
from verifier.backup import GivenUp, back_up_store, restore_store
from verifier.inspection import Witness
from verifier.store.address import open_database
from verifier.store.audit import audit_store
from verifier.store.database import Database
from verifier.store.dump import dump_rows, list_tables
from verifier.store.ledger import Ledger
from verifier.store.schema import MIGRATIONS, tables_of, upgrade_store


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", (SIGNER.public_key,))


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty place of either kind."""
    if request.param == "sqlite":
        return open_file(tmp_path / "elsewhere.db")
    return open_database(request.getfixturevalue("server").new_schema())


def test_a_copy_is_the_store_in_either_database(
    database: Database, elsewhere: Database, witness: Witness, tmp_path: Path
) -> None:
    live(database, witness)
    taken = back_up_store(database, tmp_path / "backup", witness, NOON)
    assert restore_store(tmp_path / "backup", elsewhere, witness, NOON + 1) == taken
    assert rows_of(elsewhere) == rows_of(database)
    ledger = Ledger(elsewhere, IDENTITY, Watch())
    assert ledger.head == taken.head == Ledger(database, IDENTITY, Watch()).head
    assert audit_store(elsewhere) == taken.head.size
    assert refused(ledger.accept, ask(), prove(21, tag=9), TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")
    assert ledger.accept(ask(), prove(1000, tag=9), TERMS).place == taken.head.size
    assert ledger.accept(ask("accept-1"), prove(10, 11, tag=1), TERMS).place == 0
    elsewhere.close()


def test_an_empty_store_has_a_copy_and_needs_no_witness(
    database: Database, elsewhere: Database, witness: Witness, tmp_path: Path
) -> None:
    taken = back_up_store(database, tmp_path / "backup", witness, NOON)
    assert (taken.head.size, taken.witness) == (0, "")
    restore_store(tmp_path / "backup", elsewhere, witness, NOON)
    assert Ledger(elsewhere, IDENTITY, Watch()).accept(ask(), prove(1), TERMS).place == 0
    elsewhere.close()


def test_every_table_of_the_schema_is_in_a_copy() -> None:
    assert {"store", *list_tables()} == tables_of(MIGRATIONS)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_copy_of_an_earlier_version_is_restored_as_this_one(version: int, tmp_path: Path, witness: Witness) -> None:
    earlier, now = open_file(tmp_path / "earlier.db"), open_file(tmp_path / "now.db")
    upgrade_store(earlier, IDENTITY, MIGRATIONS[:version])
    assert back_up_store(earlier, tmp_path / "backup", witness, NOON).version == version
    restore_store(tmp_path / "backup", now, witness, NOON)
    upgrade_store(earlier, IDENTITY)
    assert rows_of(now) == rows_of(earlier)


def test_a_copy_of_a_later_version_is_not_guessed_at(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with desk.database.write() as transaction:
        transaction.execute("UPDATE store SET version = version + 1")
    assert refused(desk.back_up) == (Reason.WRONG_SCHEMA, "store")
    assert not list(tmp_path.glob("desk/*backup*"))


def test_a_copy_is_of_one_moment_whoever_writes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "desk")
    desk.accept(*range(1, 20))
    other = Ledger(open_file(tmp_path / "desk/store.db"), IDENTITY, Watch())

    def dump_while_others_write(*arguments: object) -> object:
        for number, line in enumerate(dump_rows(*arguments)):  # type: ignore[arg-type]
            if number % 10 == 0:
                other.accept(ask(), prove(1000 + number, tag=1000 + number), TERMS)
            yield line

    monkeypatch.setattr("verifier.backup.dump_rows", dump_while_others_write)
    path = desk.back_up()
    assert other.head.size > 30
    again = Desk(tmp_path / "again")
    again.lose()
    assert again.restore(path, GivenUp(None)).head.size == 19
    assert audit_store(again.database) == 19


def test_a_copy_is_its_owner_s_alone_and_overwrites_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.accept(1)
    path = desk.back_up()
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert refused(desk.back_up) == (Reason.WRONG_FILE, "backup")
    assert path.read_bytes() == before
    assert sorted(each.name for each in desk.folder.glob("*backup*")) == ["backup"]


def test_a_copy_goes_into_an_empty_store_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.accept(1)
    path = desk.back_up()
    assert refused(desk.restore, path) == (Reason.WRONG_SCHEMA, "store")
    desk.lose()
    desk.restore(path)
    assert desk.ledger.head.size == 1


def test_a_copy_says_in_its_first_line_what_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.accept(1, 2)
    lines = desk.back_up().read_text().splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    assert (first["size"], first["origin"], first["taken_at"]) == (2, IDENTITY.origin, NOON)
    assert first["witness"] == (desk.folder / "witness").read_text()
    assert last["lines"] == len(lines) - 2


VERSION = b'"version":%d' % len(MIGRATIONS)
Alteration = Callable[[list[bytes]], list[bytes]]
ALTERATIONS: dict[str, Alteration] = {
    "nothing": lambda _: [],
    "another file": lambda _: [b"SQLite format 3\x00"],
    "no end": lambda lines: lines[:-1],
    "half of it": lambda lines: lines[: len(lines) // 2],
    "a line less": lambda lines: lines[:3] + lines[4:],
    "a line twice": lambda lines: [*lines[:3], *lines[2:]],
    "more behind": lambda lines: [*lines, lines[-1]],
    "another number": lambda lines: [lines[0].replace(b'"size":3', b'"size":2'), *lines[1:]],
    "another spelling": lambda lines: [lines[0].replace(b":", b": "), *lines[1:]],
    "another format": lambda lines: [lines[0].replace(b"backup/1", b"backup/2"), *lines[1:]],
    "a number that is none": lambda lines: [lines[0].replace(VERSION, VERSION + b".0"), *lines[1:]],
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_file_that_is_not_whole_is_refused(name: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.accept(1, 2, 3)
    path = desk.back_up()
    path.write_bytes(b"".join(ALTERATIONS[name](path.read_bytes().splitlines(keepends=True))))
    desk.lose()
    assert refused(desk.restore, path) == (Reason.NOT_READABLE, "backup")
    with desk.database.read() as transaction:
        assert transaction.execute(desk.database.list_tables) == []
