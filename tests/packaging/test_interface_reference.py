"""The pages of the interface say what the code says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.interface_reference import COMMAND_PAGE, PARTS, PYTHON_PAGE, render_commands, render_python


@pytest.mark.parametrize(("page", "render"), [(PYTHON_PAGE, render_python), (COMMAND_PAGE, render_commands)])
def test_a_page_is_that_of_the_code(page: Path, render: Callable[[], str]) -> None:
    assert page.read_text(encoding="utf-8") == render(), "make reference writes it anew"


def test_everything_that_is_named_says_what_it_is_for() -> None:
    text = render_python()
    assert all(f"`{module}`" in text for _, modules in PARTS.values() for module, *_ in modules)
    assert "\n\n\n```" not in text, "a docstring is missing"
