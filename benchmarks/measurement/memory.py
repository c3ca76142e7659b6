"""The most memory that a process has had resident.

Linux counts it anew on request, so that the peak of one step is told apart from that of the steps
before it. Elsewhere the peak only ever rises, and a step that needs less than an earlier one adds nothing.
"""

import re
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
CLEAR_PEAK = "5"


def forget_peak() -> None:
    """Let the peak start from what is resident now, where the system can."""
    if CLEAR.exists():
        CLEAR.write_text(CLEAR_PEAK, encoding="ascii")


def peak_bytes() -> int:
    """The peak since the process began, or since it was forgotten."""
    if STATUS.exists():
        told = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
        if told:
            return int(told[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
