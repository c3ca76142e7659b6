"""What the programs of ``examples/services`` say to what is wrong; what they do is typed with docs/services.md."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.sources import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "services"
pytestmark = pytest.mark.slow


def play(program: str, *words: object, code: int = 0) -> str:
    """What a program says, run as anybody would run it."""
    command = [sys.executable, str(EXAMPLES / f"{program}.py"), *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)  # noqa: S603
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def test_a_file_that_is_no_claim_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.claim"
    broken.write_bytes(b"\xff")
    assert "NOT_READABLE" in play("exchange", tmp_path, "verify", broken, code=1)


@pytest.mark.parametrize("program", ["trader", "bridge", "exchange", "relayer"])
def test_a_program_says_what_it_does(program: str) -> None:
    assert "TRIAL" in play(program, "--help")
