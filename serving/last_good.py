"""Files that are read again when they change, and whose last good content stays where the new one is not good."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from serving.errors import REFUSALS, MisuseError, Reason, Refusal
from serving.log import Event, Log

T = TypeVar("T")
Trace = tuple[tuple[int, int, int], ...]


class LastGood(Generic[T]):
    """What a set of files says; the first reading has to succeed."""

    def __init__(self, paths: Sequence[Path], read: Callable[[], T], log: Log) -> None:
        self._paths = tuple(paths)
        self._read = read
        self._log = log
        self._lock = threading.Lock()
        self._trace = self._look()
        self._content = read()
        self._failure: Refusal | None = None

    @property
    def content(self) -> T:
        """What the files say now, or said last when they said something good."""
        with self._lock:
            trace = self._look()
            if trace != self._trace:
                self._trace = trace
                self._reload()
            return self._content

    @property
    def failure(self) -> Refusal | None:
        """Why the files as they are now could not be taken, if they could not."""
        with self._lock:
            return self._failure

    def _reload(self) -> None:
        try:
            self._content = self._read()
        except REFUSALS as error:
            self._failure = error
            self._log.warn(Event.RELOAD_FAILED, reason=error.reason, field=error.field)
        else:
            self._failure = None
            self._log.tell(Event.RELOADED, files=len(self._paths))

    def _look(self) -> Trace:
        """What changes when a file does; a file that is gone looks like nothing."""
        return tuple(look(path) for path in self._paths)


def look(path: Path) -> tuple[int, int, int]:
    """Which file it is, when it was written, and how long it is."""
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)


def read_file(path: Path, field: str, most_bytes: int) -> bytes:
    """The bytes of a small file of the configuration."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        found, expected = error.strerror or "an error", "a file that can be read"
        raise MisuseError(Reason.NOT_READABLE, field, found=found, expected=expected) from None
    if len(data) > most_bytes:
        raise MisuseError(Reason.OUT_OF_BOUNDS, field, found="a larger file", expected=f"at most {most_bytes} bytes")
    return data
