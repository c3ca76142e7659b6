"""A verifier that serves, and its callers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.client.verifier import Verifier
from tests.ringfence.client.calling import Ask, calling, verifier_of
from tests.verifier.claims import Watch
from tests.verifier.running import Running, Trial


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db")).serving() as found:
        yield found


@pytest.fixture
def verifier(running: Running) -> Verifier:
    return verifier_of(running)


@pytest.fixture
def ask(running: Running) -> Iterator[Ask]:
    """Procedures through the connection for threads."""
    with calling(running) as callers:
        yield callers.ask


@pytest.fixture(params=["threads", "asyncio"])
def ask_either(request: pytest.FixtureRequest, running: Running) -> Iterator[Ask]:
    """The same procedures through both connections."""
    with calling(running) as callers:
        yield callers.ask if request.param == "threads" else callers.ask_in_a_loop
