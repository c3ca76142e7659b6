"""A database as the ledger sees it: transactions that happen wholly or not at all, and one writer at a time.

Anything that goes wrong in it, wherever it goes wrong, ends in ``STORE_UNAVAILABLE``: nothing was decided, or it is
unknown whether it was, and the same request asked again tells. Its connection is thrown away, so that a database that
comes back is found by the next transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from typing import Any, ClassVar, Final, Protocol

from margin.errors import InternalError, MarginError, Reason

Value = int | str | bytes | None
Row = tuple[Any, ...]

DEFAULT_PATIENCE_SECONDS: Final = 5
"""How long a transaction waits for its turn."""


class Transaction(Protocol):
    """What can be done between the beginning and the end."""

    def execute(self, statement: str, *values: Value) -> list[Row]:
        """The rows of a statement, in which ``?`` stands for each value."""
        ...

    def stream(self, statement: str) -> Iterator[Row]:
        """The rows of a statement, of which there may be more than fit into memory."""
        ...


class Connection(Transaction, Protocol):
    """A connection to a database."""

    def close(self) -> None:
        """Give it up; what was not committed never happened."""
        ...


class Database(ABC):
    """Connections, lent to one transaction at a time."""

    types: ClassVar[Mapping[str, str]]
    """How the columns and tables of the schema are spelled."""
    failures: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises."""
    violations: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises where a constraint of the schema stops a statement."""
    list_tables: ClassVar[str]
    """The statement that lists the tables that are there."""
    list_columns: ClassVar[str]
    """The statement that lists the columns of a table, in their order."""
    find_damage: ClassVar[Sequence[str]]
    """Statements that tell what is broken in the files of the database, a row for each thing."""

    def __init__(self) -> None:
        self._idle: LifoQueue[Connection] = LifoQueue()

    @abstractmethod
    def connect(self) -> Connection:
        """A new connection, checked to keep its promises."""

    @abstractmethod
    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that sees one moment of the database."""

    @abstractmethod
    def begin_write(self, connection: Connection) -> None:
        """Begin a transaction that is alone with the database."""

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that changes nothing."""
        with self._transaction(self.begin_read) as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is on the disk when this ends, or undone when it ends in an error."""
        with self._transaction(self.begin_write) as transaction:
            yield transaction

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with suppress(Empty):
            while True:
                self._close(self._idle.get_nowait())

    @contextmanager
    def _transaction(self, begin: Callable[[Connection], None]) -> Iterator[Transaction]:
        connection: Connection | None = None
        try:
            connection = self._borrow()
            begin(connection)
            yield connection
            connection.execute("COMMIT")
        except MarginError:
            self._undo(connection)
            raise
        except self.violations as error:
            self._abandon(connection)
            found, expected = describe(error), "a state that the schema allows"
            raise InternalError(Reason.BROKEN_INVARIANT, "store", found=found, expected=expected) from error
        except self.failures as error:
            self._abandon(connection)
            found, expected = describe(error), "a store that can be read and written"
            raise InternalError(Reason.STORE_UNAVAILABLE, "store", found=found, expected=expected) from error
        except BaseException:
            self._abandon(connection)
            raise
        else:
            self._idle.put(connection)

    def _borrow(self) -> Connection:
        """A connection for one transaction."""
        try:
            return self._idle.get_nowait()
        except Empty:
            return self.connect()

    def _undo(self, connection: Connection | None) -> None:
        """A rule said no: the connection is as good as before."""
        if connection is None:
            return
        try:
            connection.execute("ROLLBACK")
        except self.failures:
            self._close(connection)
        else:
            self._idle.put(connection)

    def _abandon(self, connection: Connection | None) -> None:
        """Nobody knows what the connection is good for, nor the others of its time."""
        if connection is not None:
            self._close(connection)
        self.close()

    def _close(self, connection: Connection) -> None:
        with suppress(*self.failures):
            connection.close()


def describe(error: Exception) -> str:
    """The kind of a driver's error and its first line; rows and values stay out of it."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
