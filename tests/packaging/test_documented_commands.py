"""What README and docs tell people to type is typed here."""

import re
import shlex
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documented_commands() -> list[str]:
    """Every line after a prompt that runs ``ringfence``."""
    lines = (line for page in PAGES for block in CONSOLE.findall(page.read_text()) for line in block.splitlines())
    return sorted({line.removeprefix("$ ").strip() for line in lines if line.startswith("$ ringfence ")})


def documented_programs() -> list[str]:
    """Every Python block."""
    return [block for page in PAGES for block in PYTHON.findall(page.read_text())]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples in it, to write into."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    broken = '{"market": {"kind": "linear", "basis": "mark", "tiers": [{"maintenance": "101%"}]}, "position": '
    broken += '{"side": "long", "size": "1", "entry_price": "1", "cash": "1"}}'
    (tmp_path / "broken.json").write_text(broken)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", documented_commands())
def test_a_documented_command_runs(line: str, checkout: Path) -> None:
    assert checkout.is_dir()
    code = run(shlex.split(line, comments=True)[1:])
    assert code == ExitCode.MALFORMED if "broken.json" in line else code in {ExitCode.YES, ExitCode.NO}


@pytest.mark.parametrize("program", documented_programs())
def test_a_documented_program_runs(program: str, checkout: Path) -> None:
    assert checkout.is_dir()
    exec(compile(program, "documentation", "exec"), {"__name__": "documentation"})  # noqa: S102 - our own pages
