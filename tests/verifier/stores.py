"""The stores of the tests: every test of the contract runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import PATIENCE
from tests.verifier.claims import IDENTITY, Watch
from verifier.store.address import open_database
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import create_file


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    address = str(tmp_path / "store.db")
    if request.param == "sqlite":
        create_file(tmp_path / "store.db")
    else:
        address = request.getfixturevalue("server").new_schema()
    database = open_database(address, patience_seconds=PATIENCE)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    upgrade_store(empty, IDENTITY)
    return empty


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def ledger(database: Database, clock: Watch) -> Ledger:
    return Ledger(database, IDENTITY, clock)
