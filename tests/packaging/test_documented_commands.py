"""What README and docs tell people to type is typed here."""

import re
import shlex
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from tests.snark import small_files

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONG_PAGES = {"docs/operations.md", "docs/proving.md", "docs/solvency.md"}
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands_of(page: str) -> list[str]:
    """Every line of a page that has a prompt before ``ringfence``, in order."""
    lines = (line for block in CONSOLE.findall((ROOT / page).read_text()) for line in block.splitlines())
    return [line.removeprefix("$ ").strip() for line in lines if line.startswith("$ ringfence ")]


def pages_with_commands() -> list[str]:
    """The pages that tell people to type something."""
    names = (str(page.relative_to(ROOT)) for page in PAGES)
    return [name for name in names if commands_of(name)]


def mark(page: str) -> ParameterSet:
    """A page that makes circuits and keys for all statements takes a while."""
    return pytest.param(page, marks=[pytest.mark.slow] if page in LONG_PAGES else [])


def pages_with_programs() -> list[str]:
    """The pages that have Python blocks."""
    return [str(page.relative_to(ROOT)) for page in PAGES if PYTHON.search(page.read_text())]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples in it, to write into."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    broken = '{"market": {"kind": "linear", "basis": "mark", "tiers": [{"maintenance": "101%"}]}, "position": '
    broken += '{"side": "long", "size": "1", "entry_price": "1", "cash": "1"}}'
    (tmp_path / "broken.json").write_text(broken)
    circuit = {
        "circuit.r1cs": small_files.r1cs_file(),
        "witness.wtns": small_files.wtns_file(),
        "circuit.zkey": small_files.zkey_file(),
        "circuit.sym": (ROOT / "tests" / "fuzz" / "corpus" / "sym" / "whole").read_bytes(),
    }
    for name, content in circuit.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("a passphrase of the tests\n")
    monkeypatch.setenv("RINGFENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [mark(page) for page in pages_with_commands()])
def test_the_commands_of_a_page_run_one_after_the_other(page: str, checkout: Path) -> None:
    assert checkout.is_dir()
    for line in commands_of(page):
        code = run(shlex.split(line, comments=True)[1:])
        assert code == ExitCode.MALFORMED if "broken.json" in line else code in {ExitCode.YES, ExitCode.NO}, line


@pytest.mark.parametrize("page", pages_with_programs())
def test_the_programs_of_a_page_run_one_after_the_other(page: str, checkout: Path) -> None:
    assert checkout.is_dir()
    names: dict[str, object] = {"__name__": "documentation"}
    for block in PYTHON.findall((ROOT / page).read_text()):
        exec(compile(block, page, "exec"), names)  # noqa: S102 - our own pages
