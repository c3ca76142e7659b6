"""Whether a store is whole: its files, its tables held against its log, its log held against the witness."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from facts.log_head import LogHead, LogKey
from margin.errors import InternalError, MisuseError, Reason
from verifier.log import compute_root
from verifier.store import records
from verifier.store.audit import audit_rows
from verifier.store.database import Database, Transaction
from verifier.store.schema import MIGRATIONS, Identity, find_identity, read_version
from verifier.witness import WitnessFile, require_no_older

MOST_UNNAMED: Final = 1000
"""So many are told; when they are named there are others."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Where the witness is, and whose signature it bears."""

    path: Path
    log_keys: tuple[bytes, ...]
    """The public keys of the log, now and before."""

    def file(self, origin: str) -> WitnessFile:
        """The witness of a log."""
        return WitnessFile(self.path, *self.keys(origin))

    def keys(self, origin: str) -> tuple[LogKey, ...]:
        """The keys of the log by its name."""
        return tuple(LogKey(origin, key) for key in self.log_keys)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log of a store in one transaction."""

    transaction: Transaction
    origin: str

    @property
    def head(self) -> LogHead:
        """Its head."""
        size = records.count_leaves(self.transaction)
        return LogHead(self.origin, size, self.root_at(size))

    def root_at(self, size: int) -> bytes:
        """What it committed to when it had so many leaves."""
        return compute_root(size, lambda level, place: records.read_node(self.transaction, level, place))


@dataclass(frozen=True, slots=True)
class Inspection:
    """A store that is whole."""

    identity: Identity
    version: int
    head: LogHead
    unnamed: tuple[str, ...]
    """Acceptances with a seizure of which nobody wrote down whom it pays, the newest first; its claim says it again."""


def inspect_store(database: Database, witness: Witness | None = None) -> Inspection:
    """Read all of a store of this version, changing nothing; without a witness its age is anybody's guess."""
    identity = name_store(database)
    witnessed = witness.file(identity.origin).read() if witness else None
    with database.read() as transaction:
        version = read_version(database, transaction, identity, MIGRATIONS)
        if version < len(MIGRATIONS):
            found, expected = f"version {version}", f"version {len(MIGRATIONS)}, to which it can be upgraded"
            raise MisuseError(Reason.WRONG_SCHEMA, "store", found=found, expected=expected)
        require_undamaged(database, transaction)
        audit_rows(transaction)
        snapshot = Snapshot(transaction, identity.origin)
        if witness is not None:
            require_no_older(snapshot, witnessed)
        unnamed = tuple(records.list_unnamed_seizures(transaction, MOST_UNNAMED))
        return Inspection(identity, version, snapshot.head, unnamed)


def name_store(database: Database) -> Identity:
    """Which store it is, by its own word."""
    with database.read() as transaction:
        return require_store(database, transaction)


def require_store(database: Database, transaction: Transaction) -> Identity:
    """There is a store."""
    identity = find_identity(database, transaction)
    if identity is None:
        raise MisuseError(Reason.WRONG_SCHEMA, "store", found="no store", expected="a store")
    return identity


def require_undamaged(database: Database, transaction: Transaction) -> None:
    """The database finds its own files in order."""
    for statement in database.find_damage:
        if damage := transaction.execute(statement):
            found, expected = f"{len(damage)} places that are broken", "files that are whole"
            raise InternalError(Reason.BROKEN_INVARIANT, "store", found=found, expected=expected)
