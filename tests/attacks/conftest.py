"""One suite for both backends, and for both stores."""

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from tests.verifier.stores import clock, database, empty, ledger

__all__ = ("clock", "database", "empty", "ledger")


@pytest.fixture(params=[pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE], ids=str)
def backend(request: pytest.FixtureRequest) -> BackendName:
    """Each backend in turn."""
    return BackendName(request.param)


@pytest.fixture
def curve(backend: BackendName) -> CurveBackend:
    """The curve as each backend computes it."""
    return choose_curve(backend)
