"""What a process can do so that its memory is read by nobody else: no core dump, no debugger, no life after its parent.

Each of it is asked of the operating system, which may not have it; what it does not have is done without.
"""

import ctypes
import os
import signal
import sys
from typing import Final

DEATH_SIGNAL: Final = 1
DUMPABLE: Final = 4
"""Of Linux' ``prctl``."""


def forbid_dumps() -> None:
    """No core dump of this process, and nobody of the same user may read its memory or its descriptors."""
    if os.name == "posix":
        import resource  # noqa: PLC0415 -- not on every system

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control(DUMPABLE, 0)


def end_with_parent() -> None:
    """Be killed as soon as the thread that started this process is no more."""
    control(DEATH_SIGNAL, signal.SIGKILL)


def control(option: int, value: int) -> None:
    """One setting of this process, where the system is Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def wipe(secret: bytearray) -> None:
    """Overwrite what can be overwritten."""
    secret[:] = bytes(len(secret))
