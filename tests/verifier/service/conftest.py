"""Verifiers that serve, for the tests of their services."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.verifier.claims import Watch
from tests.verifier.running import Running, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path, Watch(), str(tmp_path / "store.db"))


@pytest.fixture
def running(trial: Trial) -> Iterator[Running]:
    with trial.serving() as found:
        yield found
