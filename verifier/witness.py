"""A signed head outside the store, which is how a verifier notices that its store is not the one it had.

Whoever restores yesterday's backup revives the nullifiers that were spent since; whoever shows two histories to two
clients has a log with two heads of one size. Both disagree with a head that was put elsewhere: on another disk, with an
operator, with a public witness of transparency logs, which reads this very text. At start the log must contain the
witnessed head; from then on the file only ever follows the log forwards.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from facts.log_head import LARGEST_NOTE, LogHead, LogKey, SignedHead, verify_head_by_any
from margin.errors import InternalError, Reason, RejectedError

LOCK_SUFFIX: Final = ".lock"
LOSSES_SUFFIX: Final = ".losses"


class WitnessedLog(Protocol):
    """A log that is held against a witness: a ledger, or a copy of one."""

    @property
    def head(self) -> LogHead:
        """Its head."""

    def root_at(self, size: int) -> bytes:
        """What it committed to when it had so many leaves."""


class WitnessFile:
    """A file with one signed head."""

    def __init__(self, path: Path, *keys: LogKey) -> None:
        """One of the keys has to have signed it: the one in use, or one that was in use before."""
        self._path = path
        self._keys = keys

    def read(self) -> SignedHead | None:
        """The head that was witnessed, if one was; one that the key did not sign is refused."""
        try:
            with self._path.open("rb") as file:
                data = file.read(4 * LARGEST_NOTE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from None
        return verify_head_by_any(data.decode(errors="replace"), self._keys)

    def advance(self, signed: SignedHead, ledger: WitnessedLog) -> None:
        """Put a newer head in the place of the one that is there, of which it must be a continuation."""
        with self._locked():
            witnessed = self.read()
            if witnessed is not None:
                require_contained(witnessed, ledger)
                if signed.head.size <= witnessed.head.size:
                    return
            self._replace(signed.note.encode())

    def turn_back(self, signed: SignedHead | None, loss: str) -> None:
        """Witness an earlier head, or none, after what is given up was written down beside the file, on the disk.

        Nothing but an operator who has said what is lost may do this.
        """
        with self._locked():
            with self._path.with_name(self._path.name + LOSSES_SUFFIX).open("a", encoding="utf-8") as losses:
                losses.write(f"{loss}\n")
                losses.flush()
                os.fsync(losses.fileno())
            if signed is None:
                self._path.unlink(missing_ok=True)
            else:
                self._replace(signed.note.encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the lock is on a file that is never replaced."""
        try:
            with self._path.with_name(self._path.name + LOCK_SUFFIX).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise self._unavailable(error) from None

    def _replace(self, data: bytes) -> None:
        """All of it, or what was there before, and on the disk either way."""
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unavailable(self, error: OSError) -> InternalError:
        found = error.strerror or "an error"
        return InternalError(Reason.STORE_UNAVAILABLE, "witness", found=found, expected="a witness file within reach")


def require_witnessed(ledger: WitnessedLog, witness: WitnessFile) -> None:
    """Refuse to start from a store that is older than the witness, or another; an empty store needs no witness yet."""
    require_no_older(ledger, witness.read())


def require_no_older(ledger: WitnessedLog, witnessed: SignedHead | None) -> None:
    """The same, against a head that was read before."""
    if witnessed is not None:
        return require_contained(witnessed, ledger)
    size = ledger.head.size
    if size:
        found, expected = f"a log of {size} leaves and no witness", "the witness that goes with the store"
        raise RejectedError(Reason.LOG_UNWITNESSED, "witness", found=found, expected=expected)
    return None


def require_contained(witnessed: SignedHead, ledger: WitnessedLog) -> None:
    """The log has the witnessed head as its beginning."""
    head, size = witnessed.head, ledger.head.size
    if size < head.size:
        expected = f"at least the {head.size} that were witnessed"
        raise RejectedError(Reason.LOG_SHRUNK, "log", found=f"{size} leaves", expected=expected)
    if ledger.root_at(head.size) != head.root:
        expected = f"the witnessed root of the first {head.size} leaves"
        raise RejectedError(Reason.LOG_FORKED, "log", found="another root", expected=expected)
