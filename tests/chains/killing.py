"""A program of the tests that runs until it is killed, at a moment that it does not choose."""

import signal
import subprocess
import sys
import time

from tests.packaging.sources import REPOSITORY


def run_until_killed(module: str, *words: str, lines: int, seconds: float) -> list[str]:
    """The lines that it wrote whole before it was killed: so many, and those of so long after them."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        time.sleep(seconds)
        process.kill()
        told += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL, "it ended by itself"
    return [line.strip() for line in told if line.endswith("\n")]
