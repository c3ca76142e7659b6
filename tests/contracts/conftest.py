"""Contracts compiled once, and one real node for all tests of a run; each test leaves the chain as it found it."""

from collections.abc import Iterator
from fcntl import LOCK_EX, flock

import pytest

from tests.chains.nodes import needs_nodes
from tests.contracts.arena import Arena, open_arena, undone
from tests.contracts.compiling import compile_once


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whichever process of a run comes first compiles; the others wait, and find that nothing has changed."""
    (are_missing,) = needs_nodes.args
    if are_missing:
        return
    with (tmp_path_factory.getbasetemp().parent / "contracts.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        compile_once()


@pytest.fixture(scope="session")
def shared_arena(compiled: None) -> Iterator[Arena]:  # noqa: ARG001 - what is deployed was compiled
    """A node on which whatever was deployed for all tests stays."""
    with open_arena() as arena:
        yield arena


@pytest.fixture
def arena(shared_arena: Arena) -> Iterator[Arena]:
    """The same, and what a test does on it has not happened afterwards."""
    with undone(shared_arena):
        yield shared_arena
