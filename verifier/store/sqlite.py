"""The store in one file: SQLite with a write-ahead log, each commit on the disk before it is answered.

Many processes may share the file on one machine. A transaction that writes says so when it begins (``BEGIN
IMMEDIATE``), so that it never finds half way that it has to give way.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import ClassVar, Final, cast
from urllib.parse import quote

from margin.errors import InternalError, MisuseError, Reason
from verifier.store.database import DEFAULT_PATIENCE_SECONDS, Connection, Database, Row, Transaction, Value

LEAST_VERSION: Final = (3, 37)
"""From which on a table can hold its columns to their types."""
SETTINGS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
)


class SQLiteConnection:
    """A connection to the file."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        uri = f"file:{quote(str(path.absolute()))}?mode=rw"
        self._connection = sqlite3.connect(
            uri, uri=True, timeout=patience_seconds, isolation_level=None, check_same_thread=False
        )
        self.file = identify_file(path)

    def execute(self, statement: str, *values: Value) -> list[Row]:
        """The rows of a statement."""
        return cast("list[Row]", self._connection.execute(statement, values).fetchall())

    def stream(self, statement: str) -> Iterator[Row]:
        """The rows of a statement, one by one."""
        return self._connection.execute(statement)

    def close(self) -> None:
        """Give it up."""
        self._connection.close()


class SQLiteDatabase(Database):
    """A file that is there already; ``create_file`` makes one."""

    types: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"integer": "INTEGER", "bytes": "BLOB", "text": "TEXT", "table": "STRICT"}
    )
    failures: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error, OSError)
    violations: ClassVar[tuple[type[Exception], ...]] = (sqlite3.IntegrityError,)
    list_tables: ClassVar[str] = "SELECT name FROM sqlite_master WHERE type = 'table'"
    list_columns: ClassVar[str] = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
    find_damage: ClassVar[Sequence[str]] = (
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        "SELECT * FROM pragma_foreign_key_check",
    )

    def __init__(self, path: Path, patience_seconds: float = DEFAULT_PATIENCE_SECONDS) -> None:
        super().__init__()
        if sqlite3.sqlite_version_info < LEAST_VERSION:
            found, expected = sqlite3.sqlite_version, f"{'.'.join(map(str, LEAST_VERSION))} or newer"
            raise MisuseError(Reason.BACKEND_MISSING, "sqlite", found=found, expected=expected)
        self._path = path
        self._patience_seconds = patience_seconds
        self._turn = Lock()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The threads of a process wait in a row; SQLite has its waiters ask again and again."""
        if not self._turn.acquire(timeout=self._patience_seconds):
            found, expected = "too many that write", f"its turn within {self._patience_seconds} seconds"
            raise InternalError(Reason.STORE_UNAVAILABLE, "store", found=found, expected=expected)
        try:
            with super().write() as transaction:
                yield transaction
        finally:
            self._turn.release()

    def connect(self) -> SQLiteConnection:
        """A connection that keeps what it commits."""
        connection = SQLiteConnection(self._path, self._patience_seconds)
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL")[0][0]
            for setting in SETTINGS:
                connection.execute(setting)
        except BaseException:
            connection.close()
            raise
        if mode != "wal":
            connection.close()
            expected = "a file system on which SQLite can keep a write-ahead log"
            raise MisuseError(Reason.NOT_APPLICABLE, "store", found=f"journal mode {mode}", expected=expected)
        return connection

    def begin_read(self, connection: Connection) -> None:
        """A snapshot from the first statement on."""
        self._require_same_file(connection)
        connection.execute("BEGIN")

    def begin_write(self, connection: Connection) -> None:
        """Alone with the file, or an error when patience is over."""
        self._require_same_file(connection)
        connection.execute("BEGIN IMMEDIATE")

    def _require_same_file(self, connection: Connection) -> None:
        """What is written to a file that was removed or replaced would be written to nothing."""
        if identify_file(self._path) != cast("SQLiteConnection", connection).file:
            self.close()
            found, expected = "another file in its place", "the file that was opened"
            raise InternalError(Reason.STORE_UNAVAILABLE, "store", found=found, expected=expected)


def create_file(path: Path) -> None:
    """An empty file that only its owner may read, if there is none yet.

    One that is there is not even opened: to close it again would give up what this process holds locked in it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def identify_file(path: Path) -> tuple[int, int]:
    """Which file it is, whatever its name."""
    status = path.stat()
    return status.st_dev, status.st_ino
