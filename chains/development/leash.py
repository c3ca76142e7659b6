"""Programs that run for as long as whoever started them: each is held by a pipe, which closes however that ends.

This file is also the program that holds the other end. It is a process of its own, so that it is still there when the
one that started everything was killed.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

PATIENCE_SECONDS: Final = 8
"""How long a program has to end by itself when it is told to."""


@contextmanager
def hold(
    command: Sequence[str],
    output: IO[bytes] | int,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program until the end of the block; what it says on both channels goes to one output."""
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-I", __file__, *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment,
        start_new_session=True,  # an interrupt at the terminal is for who started it
    ) as process:
        try:
            yield process
        finally:
            let_go(process)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, and wait until nothing is left."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2 * PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def main() -> int:
    """Run the program that is named; its exit status."""
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as program:  # noqa: S603 - what it was started for
        threading.Thread(target=await_end, args=[program], daemon=True).start()
        return program.wait()


def await_end(program: subprocess.Popen[bytes]) -> None:
    """Nothing is ever written to the pipe: whatever is read of it is its end."""
    os.read(sys.stdin.fileno(), 1)
    program.terminate()
    try:
        program.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()


if __name__ == "__main__":
    sys.exit(main())
