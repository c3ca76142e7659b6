"""The store in PostgreSQL, for more than one machine: one lock makes writers take turns, as in the file of SQLite.

The lock belongs to the transaction and goes with it, also when its client dies. A server that may forget what it has
committed is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final

import psycopg

from margin.errors import MisuseError, Reason
from verifier.store.database import DEFAULT_PATIENCE_SECONDS, Connection, Database, Row, Value

WRITE_LOCK: Final = 0x52494E4746454E43
"""The number that writers wait for: RINGFENC."""
ROWS_AT_ONCE: Final = 1000
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
"""None of these may be off."""


class PostgreSQLConnection:
    """A connection to the server."""

    def __init__(self, url: str, patience_seconds: int) -> None:
        self._connection = psycopg.connect(url, autocommit=True, connect_timeout=patience_seconds)
        self.execute(f"SET lock_timeout = '{patience_seconds}s'")
        self.execute(f"SET statement_timeout = '{2 * patience_seconds}s'")

    def execute(self, statement: str, *values: Value) -> list[Row]:
        """The rows of a statement."""
        cursor = self._connection.execute(statement.replace("?", "%s").encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def stream(self, statement: str) -> Iterator[Row]:
        """The rows of a statement, fetched in portions."""
        with self._connection.cursor(name="stream") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(statement.encode())
            yield from cursor

    def close(self) -> None:
        """Give it up."""
        self._connection.close()


class PostgreSQLDatabase(Database):
    """A database of a server; its tables stand in the first schema of the search path."""

    types: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"integer": "BIGINT", "bytes": "BYTEA", "text": 'TEXT COLLATE "C"', "table": ""}
    )
    failures: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error, OSError)
    violations: ClassVar[tuple[type[Exception], ...]] = (psycopg.IntegrityError,)
    list_tables: ClassVar[str] = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"

    list_columns: ClassVar[str] = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"
    )
    find_damage: ClassVar[Sequence[str]] = ()

    def __init__(self, url: str, patience_seconds: int = DEFAULT_PATIENCE_SECONDS) -> None:
        super().__init__()
        self._url = url
        self._patience_seconds = patience_seconds

    def connect(self) -> PostgreSQLConnection:
        """A connection to a server that keeps what it commits."""
        connection = PostgreSQLConnection(self._url, self._patience_seconds)
        for setting in DURABLE:
            if connection.execute(f"SHOW {setting}") == [("off",)]:
                connection.close()
                expected = "a server that keeps what it has committed"
                raise MisuseError(Reason.NOT_APPLICABLE, "store", found=f"{setting} = off", expected=expected)
        return connection

    def begin_read(self, connection: Connection) -> None:
        """A snapshot from the first statement on."""
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, connection: Connection) -> None:
        """Alone with the store; what others have committed is seen after the lock was taken."""
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        connection.execute("SELECT pg_advisory_xact_lock(?)", WRITE_LOCK)
