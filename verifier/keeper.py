"""What goes on in a verifier whether or not anybody asks: lapses are written down, and the witness is kept current.

Nothing is decided by it: an acceptance whose time is over is not good from that second on, and is refused as lapsed
whoever has written that down.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from margin.errors import InternalError, MarginError, Reason
from verifier.heads import Heads
from verifier.store.ledger import Ledger
from verifier.witness import WitnessFile

MOST_ROUNDS: Final = 100
"""Pages of lapses that are written before the witness has its turn."""


class Keeper:
    """Looks after one store for as long as it is served."""

    def __init__(self, ledger: Ledger, heads: Heads, witness: Path, seconds: float) -> None:
        self._ledger = ledger
        self._heads = heads
        self._witness = witness
        self._seconds = seconds
        self._witnessed: int | None = None
        self._failure: MarginError | None = None
        self._stopped = threading.Event()
        self._tending = threading.Lock()
        self._thread = threading.Thread(target=self._repeat, name="keeper", daemon=True)

    def start(self) -> None:
        """Once now, and again every so often."""
        self.tend()
        self._thread.start()

    def stop(self) -> None:
        """Once more, and never again."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self.tend()

    def tend(self) -> None:
        """Write down what has lapsed, then put the newest head on the witness; what fails is tried again next time."""
        with self._tending:
            self._failure = attempt(self._write_lapses) or attempt(self._advance)

    def require_current(self) -> None:
        """Raise where the last attempt has failed: a check of readiness."""
        if self._failure is not None:
            raise self._failure
        if not self._thread.is_alive() and not self._stopped.is_set():
            expected = "a witness that follows the log"
            raise InternalError(Reason.BROKEN_INVARIANT, "witness", found="nobody who looks", expected=expected)

    def _write_lapses(self) -> None:
        for _ in range(MOST_ROUNDS):
            if not self._ledger.lapse_overdue():
                return

    def _advance(self) -> None:
        head = self._ledger.head
        if head.size != self._witnessed:
            WitnessFile(self._witness, *self._heads.keys).advance(self._heads.sign(head), self._ledger)
            self._witnessed = head.size

    def _repeat(self) -> None:
        while not self._stopped.wait(self._seconds):
            self.tend()


def attempt(act: Callable[[], None]) -> MarginError | None:
    """Why something could not be done, if it could not."""
    try:
        act()
    except MarginError as error:
        return error
    return None
