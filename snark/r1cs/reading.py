"""Bytes from outside, read in order and never trusted: every length is held against what is really there."""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from snark.errors import MalformedError, Reason

Source = Path | bytes
"""Where a file comes from: a path, which is mapped and not read, or bytes that are here already."""

U32: Final = struct.Struct("<I")
U64: Final = struct.Struct("<Q")
RECORDS_AT_ONCE: Final = 1024


def name_source(source: Source) -> str:
    """What an error calls the file."""
    return str(source) if isinstance(source, Path) else "bytes"


def open_source(source: Source) -> memoryview:
    """A window on the whole file.

    A path is mapped: memory is touched where it is looked at and shared between processes. The map lives as long as
    a view on it does. A file that is in use is replaced by renaming another one over it, never by writing into it.
    """
    return map_file(source) if isinstance(source, Path) else memoryview(source)


def map_file(path: Path) -> memoryview:
    """The content of a regular file, mapped for reading."""
    if not path.is_file():
        found = "something else" if path.exists() else "nothing"
        raise MalformedError(Reason.F01_NOT_READABLE, str(path), found=found, expected="a file")
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise MalformedError(
            Reason.F01_NOT_READABLE, str(path), found=str(error), expected="a file that can be mapped"
        ) from error


class Reader:
    """Reads one window from its beginning to its end; ``place`` is what its errors call it."""

    def __init__(self, data: memoryview, place: str) -> None:
        self.data = data
        self.place = place
        self.position = 0

    @property
    def left(self) -> int:
        """The bytes that have not been read."""
        return len(self.data) - self.position

    def take(self, size: int, field: str) -> memoryview:
        """The next bytes, as a window: nothing is copied."""
        if size > self.left:
            raise MalformedError(
                Reason.F04_TRUNCATED, f"{self.place}: {field}", found=f"{self.left} bytes", expected=f"{size} bytes"
            )
        start = self.position
        self.position += size
        return self.data[start : self.position]

    def take_bytes(self, size: int, field: str) -> bytes:
        """The next few bytes, copied."""
        return bytes(self.take(size, field))

    def read_u8(self, field: str) -> int:
        """One byte as a number."""
        return self.take(1, field)[0]

    def read_u32(self, field: str) -> int:
        """Four bytes as a number, little-endian."""
        (value,) = U32.unpack(self.take(U32.size, field))
        return int(value)

    def read_u64(self, field: str) -> int:
        """Eight bytes as a number, little-endian."""
        (value,) = U64.unpack(self.take(U64.size, field))
        return int(value)

    def read_count(self, field: str, *, least_bytes: int) -> int:
        """A number of things that each take so many bytes at least: more than can be left is refused at once."""
        count = self.read_u32(field)
        most = self.left // least_bytes
        if count > most:
            raise MalformedError(
                Reason.F04_TRUNCATED, f"{self.place}: {field}", found=count, expected=f"at most {most}, by what is left"
            )
        return count

    def require_end(self) -> None:
        """Everything has been read."""
        if self.left:
            raise MalformedError(
                Reason.F05_TRAILING_BYTES, self.place, found=f"{self.left} bytes more", expected="the end"
            )


def iterate_records(structure: struct.Struct, data: memoryview) -> Iterator[tuple[Any, ...]]:
    """Records of one structure, side by side.

    They are unpacked from copies of a few at a time: an iterator that holds a memoryview itself, and is left behind
    in a reference cycle, crashes the garbage collector of Python before 3.12.7.
    """
    step = structure.size * RECORDS_AT_ONCE
    for start in range(0, len(data), step):
        yield from structure.iter_unpack(bytes(data[start : start + step]))
