"""A file in a folder that somebody else writes to, too: read at once, or not at all.

A link leads wherever its maker likes, and a pipe is waited at until somebody writes to it: neither is opened.
"""

import os
import stat
from pathlib import Path
from typing import Final

from margin.errors import MalformedError, Reason

NO_LINKS_NO_WAITING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def read_shared_file(path: Path, most_bytes: int) -> bytes:
    """The bytes of a file of bounded length; a link, a pipe or a device is none, and nobody waits at it."""
    try:
        with os.fdopen(os.open(path, NO_LINKS_NO_WAITING), "rb") as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(most_bytes + 1) if is_file else b""
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.NOT_READABLE, path.name, found=found, expected="a file") from None
    if not 0 < len(content) <= most_bytes:
        found, expected = "none, or a larger one", f"a file of 1 to {most_bytes} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, path.name, found=found, expected=expected)
    return content
