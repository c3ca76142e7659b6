"""Which package may import which, beyond what a list of forbidden names can say."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.sources import REPOSITORY

MARGIN_SOURCES = sorted((REPOSITORY / "margin").rglob("*.py"))
FLOATS_BELONG_HERE = frozenset({"black76.py", "scenarios.py"})
"""Option values are inputs to a rounded public risk array, never to a check."""


def imported_packages(tree: ast.Module) -> Iterator[str]:
    """The top-level name of everything that is imported, anywhere in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if node.level == 0 else "a relative import"


def is_float(node: ast.expr) -> bool:
    """Whether this very expression is a float literal or a conversion to one."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "float"
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def floats(tree: ast.Module) -> list[int]:
    """The lines that write a float or convert to one."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and is_float(node)]


@pytest.mark.parametrize("path", MARGIN_SOURCES, ids=lambda path: path.name)
def test_margin_imports_the_standard_library_alone(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"margin"}
    assert set(imported_packages(ast.parse(path.read_text(encoding="utf-8")))) <= allowed


@pytest.mark.parametrize("path", MARGIN_SOURCES, ids=lambda path: path.name)
def test_margin_has_no_float(path: Path) -> None:
    if path.name in FLOATS_BELONG_HERE:
        pytest.skip("option values are floats, rounded before any check")
    assert floats(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_search_for_floats_finds_them() -> None:
    assert floats(ast.parse("a = 1\nb = 0.5\nc = float(a)")) == [2, 3]


def test_the_search_for_imports_finds_them() -> None:
    tree = ast.parse("import numpy.linalg\ndef f():\n    from rich import print\nfrom . import x")
    assert set(imported_packages(tree)) == {"numpy", "rich", "a relative import"}


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run([command, "--no-logo"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
