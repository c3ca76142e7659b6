"""Both backends; the slow one only where there is time."""

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve


@pytest.fixture(
    params=[
        pytest.param(BackendName.NATIVE, marks=pytest.mark.native),
        pytest.param(BackendName.REFERENCE, marks=pytest.mark.slow),
    ],
    ids=str,
)
def curve(request: pytest.FixtureRequest) -> CurveBackend:
    """The curve as each backend computes it."""
    return choose_curve(BackendName(request.param))
