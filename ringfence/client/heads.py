"""The last head of a log that was seen: whoever remembers it cannot be shown another history."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from facts.log_head import LARGEST_NOTE, LogKey, SignedHead, verify_head_by_any
from margin.errors import MalformedError, Reason
from snark.r1cs.container import replace_file

LOCK_SUFFIX: Final = ".lock"
BYTES_OF_A_CHARACTER: Final = 4


class LastHead:
    """In memory, and in a file where a path is given, which many processes may share; it only goes forwards."""

    def __init__(self, keys: tuple[LogKey, ...], path: Path | None = None) -> None:
        self.keys = keys
        self._path = path
        self._kept: SignedHead | None = None
        self._lock = Lock()

    @property
    def head(self) -> SignedHead | None:
        """The last head that was seen; None where none was."""
        with self._lock:
            return self._read()

    def advance(self, head: SignedHead) -> None:
        """Remember a head that was shown to continue the one that is remembered."""
        with self._lock, self._locked_file():
            known = self._read()
            if known is not None and head.head.size <= known.head.size:
                return
            if self._path is not None:
                with replace_file(self._path) as file:
                    file.write(head.note.encode())
            self._kept = head

    def _read(self) -> SignedHead | None:
        """The larger one of what this process saw and what is in the file."""
        found = self._read_file()
        if found is None or (self._kept is not None and self._kept.head.size >= found.head.size):
            return self._kept
        return found

    def _read_file(self) -> SignedHead | None:
        if self._path is None:
            return None
        try:
            with self._path.open("rb") as file:
                data = file.read(BYTES_OF_A_CHARACTER * LARGEST_NOTE + 1)
        except FileNotFoundError:
            return None
        try:
            return verify_head_by_any(data.decode(), self.keys)
        except UnicodeDecodeError:
            expected = "a signed head"
            raise MalformedError(Reason.NOT_READABLE, "heads", found="other bytes", expected=expected) from None

    @contextmanager
    def _locked_file(self) -> Iterator[None]:
        """One process at a time; the lock is on a file that is never replaced."""
        if self._path is None:
            yield
            return
        with self._path.with_name(self._path.name + LOCK_SUFFIX).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
