"""What holds for every test of the project."""

import gc
import os
import sys
from collections.abc import Generator, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage

import pytest
from hypothesis import HealthCheck, settings

from facts.sealed_file import Cost
from tests.verifier.postgresql_server import server
from tests.workers import find_run_folder

__all__ = ("server",)

settings.register_profile("every run", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("every run")
"""Examples are others in every run; many short runs see more than few long ones. A busy machine proves nothing."""
settings.register_profile("gate", settings.get_profile("every run"), derandomize=True, database=None)
"""What refuses a change says the same of the same tree, whoever asks and whenever: `--hypothesis-profile=gate`."""

RECURSION_LIMIT = sys.getrecursionlimit()
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM = 4 << 30


@pytest.fixture(scope="session", autouse=True)
def derive_once() -> Iterator[None]:
    """What a passphrase and a salt make costs as much each time on purpose, and is the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cost, "derive_key", cache(Cost.derive_key))
        yield


@pytest.fixture(scope="session")
def circuit_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Circuits and keys of all tests of a run: what one worker has made the others find."""
    return find_run_folder(tmp_path_factory) / "circuits-and-keys"


def pytest_configure() -> None:
    """The folders of tests are in memory where there is room: it is processes that tests kill, and no machines."""
    if MEMORY.is_dir() and disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: nobody looks for garbage in it meanwhile."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Tools of chains raise the limit a hundredfold where tests import them, and others test deep documents."""
    sys.setrecursionlimit(RECURSION_LIMIT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked ``native`` is skipped, and says so, where the native module could not be built."""
    if all(find_spec(module) is not None for module in ("margin._native", "snark._native")):
        return
    absent = pytest.mark.skip(reason="the native module is not built: make native")
    for item in items:
        if item.get_closest_marker("native"):
            item.add_marker(absent)
