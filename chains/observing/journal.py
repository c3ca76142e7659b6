"""What an observer has said, in a file that is whole after a kill at any moment: nothing leaves before it stands here.

    gate     which one, from which block on
    mark     the final block up to which everything was looked at, its hash, and what the gate had chained by then
    word     of each acceptance the newest two that were shared, and those that are still to be

A word has one place, its acceptance and its revision, and stands there for good: another one for the same place is
refused, and so is one that comes late. What is pruned lies behind newer ones, so that nothing is said of it again.
The file has one observer at a time. Whoever has lost it reads the chain anew, and comes to the same words.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from chains.escrow import contradicts
from facts.attestation import Attestation
from margin.errors import InternalError, MarginError, MisuseError, Reason

FORMAT: Final = "ringfence.observe-journal/2"
NAME: Final = "journal.db"
OWNER_ALONE: Final = 0o700
KEPT: Final = 2
"""So many words of an acceptance are kept: the newest may not be signed by enough others yet."""
SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
)
TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS gate (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        format TEXT NOT NULL,
        chain_id TEXT NOT NULL,
        address BLOB NOT NULL CHECK (length(address) = 20),
        from_block INTEGER NOT NULL CHECK (from_block >= 0)
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS mark (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        block INTEGER NOT NULL CHECK (block >= 0),
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        chained BLOB NOT NULL CHECK (length(chained) = 32)
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS word (
        acceptance BLOB NOT NULL CHECK (length(acceptance) = 32),
        revision INTEGER NOT NULL CHECK (revision >= 0),
        lapses_at INTEGER NOT NULL,
        is_live INTEGER NOT NULL CHECK (is_live IN (0, 1)),
        is_shared INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1)),
        statement BLOB NOT NULL,
        PRIMARY KEY (acceptance, revision)
    ) STRICT""",
    "CREATE INDEX IF NOT EXISTS word_by_lapse ON word (lapses_at) WHERE is_live = 1",
    "CREATE INDEX IF NOT EXISTS word_by_sharing ON word (is_shared) WHERE is_shared = 0",
)
NEWEST: Final = "SELECT statement FROM word WHERE acceptance = ? ORDER BY revision DESC LIMIT 1"
OVERDUE: Final = "SELECT statement FROM word WHERE is_live = 1 AND lapses_at <= ? ORDER BY acceptance"
WAITING: Final = "SELECT statement FROM word WHERE is_shared = 0 ORDER BY acceptance, revision LIMIT ?"
BEHIND: Final = (
    "SELECT revision, statement FROM word WHERE acceptance = ? AND is_shared = 1 "
    "ORDER BY revision DESC LIMIT -1 OFFSET ?"
)
"""What has left and lies behind the newest of those that have."""
INSERT: Final = "INSERT INTO word (acceptance, revision, lapses_at, is_live, statement) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Mark:
    """A final block, which stays so."""

    block: int
    hash: bytes
    chained: bytes
    """What the gate had chained at it."""


class Journal:
    """The journal of one observer of one gate."""

    def __init__(self, folder: Path, chain_id: int, address: bytes, from_block: int) -> None:
        """Open it, or make it; a file of another gate is refused."""
        with opening():
            folder.mkdir(mode=OWNER_ALONE, parents=True, exist_ok=True)
            os.close(os.open(folder / NAME, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(folder / NAME, timeout=1.0, isolation_level=None)
        try:
            self._begin((FORMAT, str(chain_id), address, from_block))
        except BaseException:
            self._connection.close()
            raise

    def _begin(self, named: tuple[str, str, bytes, int]) -> None:
        """Have the file for itself, and see that it is the one that is meant."""
        with opening():
            for statement in (*SETTINGS, "BEGIN IMMEDIATE", "COMMIT"):
                self._connection.execute(statement)
        with self._writing():
            for statement in TABLES:
                self._connection.execute(statement)
            name = "INSERT OR IGNORE INTO gate (one, format, chain_id, address, from_block) VALUES (1, ?, ?, ?, ?)"
            self._connection.execute(name, named)
        if self._read("SELECT format, chain_id, address, from_block FROM gate") != [named]:
            expected = "the gate and the first block of its first start"
            raise MisuseError(Reason.WRONG_CONTEXT, "state", found="the journal of another one", expected=expected)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    @property
    def mark(self) -> Mark | None:
        """Up to where everything was looked at."""
        rows = self._read("SELECT block, hash, chained FROM mark")
        return Mark(*rows[0]) if rows else None

    def newest(self, acceptance: str) -> Attestation | None:
        """What was said last of an acceptance."""
        rows = self._read(NEWEST, bytes.fromhex(acceptance))
        return read_word(rows[0][0]) if rows else None

    def overdue(self, moment: int) -> list[Attestation]:
        """What was said last of acceptances that have lapsed by a moment, where nothing says so yet."""
        return [read_word(statement) for (statement,) in self._read(OVERDUE, moment)]

    def list_unshared(self, most: int) -> list[Attestation]:
        """Words that have not left yet."""
        return [read_word(statement) for (statement,) in self._read(WAITING, most)]

    def advance(self, mark: Mark, words: Sequence[Attestation]) -> None:
        """Write down what is to be said as of a block; it is on the disk when this returns."""
        with self._writing():
            for said in words:
                self._insert(said)
            self._connection.execute(
                "INSERT INTO mark (one, block, hash, chained) VALUES (1, ?, ?, ?) ON CONFLICT (one) "
                "DO UPDATE SET block = excluded.block, hash = excluded.hash, chained = excluded.chained",
                (mark.block, mark.hash, mark.chained),
            )

    def settle(self, words: Sequence[Attestation]) -> list[Attestation]:
        """They have left; what lies behind them now, and is known no more."""
        behind: list[Attestation] = []
        with self._writing():
            for said in words:
                place = bytes.fromhex(said.acceptance), said.revision
                self._connection.execute("UPDATE word SET is_shared = 1 WHERE acceptance = ? AND revision = ?", place)
                old = self._connection.execute(BEHIND, (place[0], KEPT)).fetchall()
                behind += [read_word(statement) for _, statement in old]
                for revision, _ in old:
                    self._connection.execute(
                        "DELETE FROM word WHERE acceptance = ? AND revision = ?", (place[0], revision)
                    )
        return behind

    def _insert(self, said: Attestation) -> None:
        """One more word, in its own place and behind no other."""
        acceptance, encoded = bytes.fromhex(said.acceptance), said.encode()
        rows = self._connection.execute(
            "SELECT revision, statement FROM word WHERE acceptance = ? ORDER BY revision DESC", (acceptance,)
        ).fetchall()
        if (said.revision, encoded) in rows:
            return
        if rows and rows[0][0] >= said.revision:
            found, expected = "another word for a revision", "one word for each, for good"
            raise contradicts(f"acceptance {said.acceptance[:16]}", found, expected)
        self._connection.execute("UPDATE word SET is_live = 0 WHERE acceptance = ? AND is_live = 1", (acceptance,))
        place = acceptance, said.revision, said.lapses_at, int(said.state.is_live), encoded
        self._connection.execute(INSERT, place)

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with failing():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of it or nothing, and on the disk."""
        with failing():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def read_word(statement: bytes) -> Attestation:
    """A word as it was written down."""
    try:
        return Attestation.decode(statement)
    except MarginError:
        raise damaged() from None


@contextmanager
def opening() -> Iterator[None]:
    """A file that another observer has is not opened."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            found, expected = "a folder that is in use", "one observer for each folder"
            raise MisuseError(Reason.WRONG_FILE, "state", found=found, expected=expected) from None
        raise unavailable(error) from None
    except sqlite3.DatabaseError:
        raise damaged() from None
    except OSError as error:
        raise unavailable(error) from None


@contextmanager
def failing() -> Iterator[None]:
    """A disk that fails, and a file that somebody altered."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise unavailable(error) from None
    except sqlite3.DatabaseError:
        raise damaged() from None


def unavailable(error: Exception) -> InternalError:
    """The disk does not do what it should."""
    return InternalError(
        Reason.STORE_UNAVAILABLE, "state", found=type(error).__name__, expected="a folder that is written to"
    )


def damaged() -> InternalError:
    """Somebody else than an observer wrote to its folder."""
    return InternalError(Reason.BROKEN_INVARIANT, f"state.{NAME}", found="other bytes", expected="a file as it was")
