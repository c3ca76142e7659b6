"""A process whose operating system answers as a test decides: see ``answering_system.c``."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest

from tests.packaging.sources import REPOSITORY

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = which("cc") or which("gcc") or which("clang")

needs_answering_system = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None,
    reason="the answers of the system are replaced on Linux, with a C compiler",
)


@cache
def build_folder() -> TemporaryDirectory[str]:
    """Where this process keeps what it compiled; it goes with the process."""
    return TemporaryDirectory(prefix="answering-system-")


@cache
def build() -> Path:
    """The library that stands between the process and its system."""
    library = Path(build_folder().name) / "answering_system.so"
    subprocess.run(  # noqa: S603 -- the compiler of this machine
        [str(COMPILER), "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True
    )
    return library


def run_python(script: str, *arguments: str) -> list[str]:
    """The lines that a script prints, whose process can set ``RANDOM_ANSWERS`` and what else there is for itself."""
    environment = os.environ | {"LD_PRELOAD": str(build()), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(  # noqa: S603 -- this interpreter
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
