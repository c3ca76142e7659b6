"""Writers of one process go in groups: whoever comes while one group is put on the disk is in the next.

A commit is as slow as the disk, and what stands before it is quick, so that what many ask for is put on the disk at
once. Each act has a savepoint of its own: one that is refused leaves nothing behind, and takes nothing from the others
of its group. They are done one after the other, in the order in which they came, and nobody is told anything before
all are on the disk.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Final, Generic, TypeVar

from margin.errors import InternalError, MarginError, Reason
from verifier.store.database import Transaction

T = TypeVar("T")
MOST_AT_ONCE: Final = 32


class Act(Generic[T]):
    """Something to be done in a transaction, and what came of it."""

    def __init__(self, do: Callable[[Transaction], T]) -> None:
        self._do = do
        self._value: list[T] = []
        self._error: BaseException | None = None
        self.is_over = False

    def attempt(self, transaction: Transaction) -> None:
        """Do it, or nothing of it where a rule says no."""
        transaction.execute("SAVEPOINT act")
        try:
            self._value.append(self._do(transaction))
        except MarginError as refusal:
            self._error = refusal
            transaction.execute("ROLLBACK TO SAVEPOINT act")
        transaction.execute("RELEASE SAVEPOINT act")

    def end(self, failure: BaseException | None = None) -> None:
        """It is on the disk, or it never was."""
        self._error = failure or self._error
        self.is_over = True

    @property
    def result(self) -> T:
        """What came of it."""
        if self._error is not None:
            raise self._error
        return self._value[0]


class Turns:
    """Takes acts from many threads."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Transaction]]) -> None:
        """A transaction begins with the block that ``begin`` gives, and is on the disk when the block was left."""
        self._begin = begin
        self._turn = Lock()
        self._lock = Lock()
        self._waiting: list[Act[object]] = []

    def do(self, do: Callable[[Transaction], T]) -> T:
        """What came of an act, when it is on the disk; whoever's turn it is does everything that waits."""
        act: Act[T] = Act(do)
        with self._lock:
            self._waiting.append(act)  # type: ignore[arg-type] # nobody but its owner asks for its result
        with self._turn:
            while not act.is_over:
                self._lead(act)
        return act.result

    def _lead(self, own: Act[T]) -> None:
        with self._lock:
            group = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
        try:
            with self._begin() as transaction:
                for act in group:
                    act.attempt(transaction)
        except BaseException as error:  # noqa: BLE001 - it is raised for everybody whom it concerns
            for act in group:
                act.end(error if act is own else restate(error))
        else:
            for act in group:
                act.end()


def restate(error: BaseException) -> MarginError:
    """What became of somebody else's turn, for those who were in it."""
    if isinstance(error, MarginError):
        return type(error)(error.reason, error.field, found=error.found, expected=error.expected)
    found, expected = type(error).__name__, "a store that can be read and written"
    return InternalError(Reason.STORE_UNAVAILABLE, "store", found=found, expected=expected)
