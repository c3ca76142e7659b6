"""Files in a folder that somebody else writes to, too: read at once, or not at all, and written whatever lies there.

A link leads wherever its maker likes, and a pipe is waited at until somebody writes to it: neither is opened.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from margin.errors import InternalError, MalformedError, Reason
from snark.r1cs.container import replace_file

NO_LINKS_NO_WAITING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFLNK: "a link",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFREG: "a file",
}

FileStamp = tuple[int, ...]


def stamp_file(path: Path) -> FileStamp:
    """Its kind, and what changes when it does; nothing is opened for that. Empty where nothing can be asked."""
    try:
        found = path.lstat()
    except OSError:
        return ()
    return found.st_mode, found.st_ino, found.st_size, found.st_ctime_ns


def name_kind(mode: int) -> str:
    """What something is by its mode."""
    return KINDS.get(stat.S_IFMT(mode), "something else")


def read_shared_file(path: Path, most_bytes: int) -> bytes:
    """The bytes of a file of bounded length; a link, a pipe or a device is none, and nobody waits at it."""
    try:
        descriptor = os.open(path, NO_LINKS_NO_WAITING)
        try:
            mode = os.fstat(descriptor).st_mode
            content = read_bounded(descriptor, most_bytes + 1) if stat.S_ISREG(mode) else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        found = "a link" if error.errno == errno.ELOOP else error.strerror or "an error"
        raise MalformedError(Reason.NOT_READABLE, path.name, found=found, expected="a file") from None
    if not stat.S_ISREG(mode):
        raise MalformedError(Reason.NOT_READABLE, path.name, found=name_kind(mode), expected="a file")
    if not 0 < len(content) <= most_bytes:
        found, expected = "a larger one" if content else "no bytes", f"a file of 1 to {most_bytes} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, path.name, found=found, expected=expected)
    return content


def read_bounded(descriptor: int, most_bytes: int) -> bytes:
    """So many bytes, or those that there are."""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(most_bytes)


def list_shared_folder(folder: Path) -> list[str]:
    """The names of whatever lies in a folder; none where it is not there."""
    try:
        with os.scandir(folder) as entries:
            return [each.name for each in entries]
    except FileNotFoundError:
        return []
    except OSError as error:
        found, expected = error.strerror or "an error", "a folder that can be listed"
        raise InternalError(Reason.STORE_UNAVAILABLE, folder.name, found=found, expected=expected) from None


def write_shared_file(path: Path, content: bytes) -> None:
    """Leave a file where others find it; what lies in its place gives way, a folder to another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            path.rename(path.with_name(f".{path.name}.{os.urandom(4).hex()}"))
    with replace_file(path) as file:
        file.write(content)


def remove_shared_file(path: Path) -> None:
    """Nobody needs it any more; a folder in its place is none of ours."""
    with suppress(FileNotFoundError, IsADirectoryError):
        path.unlink()
