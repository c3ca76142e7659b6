"""The front end's own tools, where they are on this machine."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from tests.packaging.sources import REPOSITORY

FRONT: Final = REPOSITORY / "console"
TOOLS: Final = FRONT / "node_modules"

needs_tools = pytest.mark.skipif(
    shutil.which("node") is None or not TOOLS.is_dir(),
    reason="what builds the pages of the console is not here: node, npm, make console",
)


def tool(name: str) -> str:
    """A program that npm has installed."""
    return str(TOOLS / ".bin" / name)


@cache
def build_folder() -> TemporaryDirectory[str]:
    """Where this process keeps what it built, which another one may be building, too; it goes with the process."""
    return TemporaryDirectory(prefix="console-")


@cache
def bundle(program: str) -> Path:
    """A program of ``console/test`` and the sources that it asks, as one file that node runs."""
    path = Path(build_folder().name) / f"{program}.mjs"
    options = ["--bundle", "--platform=node", "--format=esm", "--log-level=error", f"--outfile={path}"]
    subprocess.run([tool("esbuild"), f"test/{program}.mjs", *options], cwd=FRONT, check=True)  # noqa: S603 - a tool of this project
    return path


def ask_sources(program: str, cases: object) -> Any:  # noqa: ANN401 - JSON there and back
    """What the browser's own code makes of cases, by a program of ``console/test``."""
    command = ["node", str(bundle(program))]
    ran = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)  # noqa: S603 - of this project
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
