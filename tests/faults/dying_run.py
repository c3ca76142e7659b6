"""``ringfence``, which dies at the latest before it puts a file in its place, for whoever kills it before that.

    python -m tests.faults.dying_run PATTERN COUNT WORDS...

It dies before the file that is the COUNT-th of its own to match PATTERN is there, however late whoever kills it may be.
"""

import os
import signal
import sys
from fnmatch import fnmatch
from itertools import count

from ringfence.cli import main


def die_before(pattern: str, number: int) -> None:
    """Die instead of renaming a file to a name that matches, for the time of that number."""
    matches = count(1)

    def look(event: str, given: tuple[object, ...]) -> None:
        if event == "os.rename" and fnmatch(os.fsdecode(str(given[1])), pattern) and next(matches) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


if __name__ == "__main__":
    die_before(sys.argv[1], int(sys.argv[2]))
    del sys.argv[1:3]
    main()
