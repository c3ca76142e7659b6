"""What holds for every test of the project."""

from importlib.util import find_spec

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked ``native`` is skipped, and says so, where the native module could not be built."""
    if find_spec("margin._native") is not None:
        return
    absent = pytest.mark.skip(reason="the native module is not built: make native")
    for item in items:
        if item.get_closest_marker("native"):
            item.add_marker(absent)
