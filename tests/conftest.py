"""What holds for every test of the project."""

from importlib.util import find_spec

import pytest
from hypothesis import settings

settings.register_profile("every run", max_examples=50)
settings.load_profile("every run")
"""Examples are others in every run; many short runs see more than few long ones."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked ``native`` is skipped, and says so, where the native module could not be built."""
    if all(find_spec(module) is not None for module in ("margin._native", "snark._native")):
        return
    absent = pytest.mark.skip(reason="the native module is not built: make native")
    for item in items:
        if item.get_closest_marker("native"):
            item.add_marker(absent)
