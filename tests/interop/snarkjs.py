"""The real snarkjs, as a program beside ours."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

PROGRAM: Final = Path(__file__).parent / "node_modules" / ".bin" / "snarkjs"

needs_snarkjs = pytest.mark.skipif(
    not PROGRAM.exists() or shutil.which("node") is None,
    reason="snarkjs is not installed: nothing is compared with it (make interop)",
)


def run_snarkjs(*arguments: str | Path, expected: int = 0) -> str:
    """What snarkjs says; colours are taken out."""
    done = subprocess.run(  # noqa: S603 -- the program that make interop installed
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300
    )
    text = done.stdout + done.stderr
    assert done.returncode == expected, f"snarkjs {' '.join(map(str, arguments))}: exit {done.returncode}\n{text}"
    return text
