"""A program of the tests that runs until it is killed, at a moment that it does not choose."""

import subprocess
import sys
import time

from tests.packaging.sources import REPOSITORY


def run_until_killed(module: str, *words: str, seconds: float) -> list[str]:
    """The lines that it wrote whole before it was killed, so long after its first one."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        lines += process.stdout.readlines()
    return [line.strip() for line in lines if line.endswith("\n")]
