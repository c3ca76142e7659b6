"""How many threads native work is spread over."""

import os
from typing import Final

from snark.errors import MisuseError, Reason

MOST_THREADS: Final = 1024


def require_threads(threads: int | None) -> int:
    """As many as asked for, or as there are cores to run on."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not 1 <= threads <= MOST_THREADS:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "threads", found=threads, expected=f"1 to {MOST_THREADS}")
    return threads
