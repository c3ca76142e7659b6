"""Servers of the command line as processes of their own, started by the commands that the documentation names."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ringfence.cli.sandbox.places import Sandbox
from tests.packaging.sources import REPOSITORY

COMMAND = [sys.executable, "-c", "from ringfence.cli.entry import main; main()"]
START_SECONDS = 120


@contextmanager
def served(trial: Sandbox, server: str, *options: str) -> Iterator[None]:
    """A server of the command line, from when it serves until it has ended by itself."""
    told = trial.folder.with_name(f"{server}.log")
    settings = str(trial.folder / f"{server}.toml")
    with (
        told.open("wb") as log,
        subprocess.Popen(  # noqa: S603 - this interpreter
            [*COMMAND, server, "serve", "--config", settings, *options], cwd=REPOSITORY, stderr=log, env=os.environ
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while b"serving on" not in told.read_bytes():
                assert process.poll() is None, told.read_text()
                assert time.monotonic() < deadline, told.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
        assert process.wait(START_SECONDS) == 0, told.read_text()


@contextmanager
def published(trial: Sandbox, every: int = 2) -> Iterator[None]:
    """Venue, oracle and watchers, who sign what is in the folder of facts again and again."""
    command = [*COMMAND, "sandbox", "publish", str(trial.folder), "--every", str(every)]
    told = trial.folder.with_name("publish.log")
    with told.open("wb") as log, subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log) as process:  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
