"""What the workers of one run of the tests make once, for all of them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def find_run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run, which is new and which all of its workers see."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def making_once(place: Path) -> Iterator[bool]:
    """Whether a folder is yet to be made; others who want it wait until it is."""
    with place.with_name(f"{place.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not place.exists()
