"""Stores with a life behind them, their witness, and copies of them."""

from dataclasses import dataclass, field
from pathlib import Path

from facts.ed25519 import SigningKey
from tests.verifier.claims import (
    IDENTITY,
    NOON,
    PERIOD,
    TERMS,
    UPKEEP,
    Watch,
    ask,
    prove,
    prove_release,
    prove_transition,
)
from verifier.backup import Description, GivenUp, back_up_store, restore_store
from verifier.inspection import Witness
from verifier.log import sign_head
from verifier.store.database import Database
from verifier.store.ledger import Ledger
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import SQLiteDatabase, create_file

SIGNER = SigningKey.of_seed(bytes(range(32)))


@dataclass
class Desk:
    """A verifier's store in a file, whose witness is on another disk."""

    folder: Path
    database: SQLiteDatabase = field(init=False)
    clock: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.database = open_file(self.folder / "store.db")
        upgrade_store(self.database, IDENTITY)

    @property
    def witness(self) -> Witness:
        return Witness(self.folder / "witness", (SIGNER.public_key,))

    @property
    def ledger(self) -> Ledger:
        """As a process that has just begun sees it."""
        return Ledger(self.database, IDENTITY, self.clock)

    def accept(self, *numbers: int) -> None:
        """One lock of each number for a position of its own; witnessed."""
        for number in numbers:
            self.ledger.accept(ask(), prove(number, tag=number), TERMS)
        self.advance()

    def advance(self) -> None:
        """Have the witness see the log as it is."""
        ledger = self.ledger
        self.witness.file(IDENTITY.origin).advance(sign_head(ledger.head, SIGNER), ledger)

    def back_up(self, name: str = "backup") -> Path:
        path = self.folder / name
        back_up_store(self.database, path, self.witness, NOON)
        return path

    def lose(self) -> None:
        """The disk of the store is gone; that of the witness is not."""
        self.database.close()
        for file in self.folder.glob("store.db*"):
            file.unlink()
        self.database = open_file(self.folder / "store.db")

    def restore(self, path: Path, given_up: GivenUp | None = None) -> Description:
        return restore_store(path, self.database, self.witness, NOON, given_up)


def open_file(path: Path) -> SQLiteDatabase:
    create_file(path)
    return SQLiteDatabase(path)


def live(database: Database, witness: Witness) -> None:
    """Everything that can happen to acceptances, and the witness of it."""
    clock = Watch()
    ledger = Ledger(database, IDENTITY, clock)
    for number in range(1, 6):
        ledger.accept(ask(f"accept-{number}"), prove(10 * number, 10 * number + 1, tag=number), TERMS)
    first = prove(10, 11, tag=1).id
    ledger.refresh(ask("refresh"), first, prove(10, 12, tag=1, policy=UPKEEP, book=2))
    ledger.free(ask("free"), first, prove(10, tag=1, book=3), [11])
    clock.now += 2 * PERIOD
    ledger.lapse_overdue()
    ledger.seize(ask("seize"), prove(20, 21, tag=2).id, prove_release(20))
    ledger.apply(ask("apply"), prove_transition())
    witness.file(IDENTITY.origin).advance(sign_head(ledger.head, SIGNER), ledger)


def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that a store remembers."""
    with database.read() as transaction:
        tables = [name for (name,) in transaction.execute(database.list_tables)]
        selects = {name: f"SELECT * FROM {name}" for name in tables}  # noqa: S608 - our own names
        return {name: sorted(map(tuple, transaction.execute(each)), key=repr) for name, each in selects.items()}
