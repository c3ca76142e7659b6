"""A browser of this machine, and the programs that click through pages in it."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.console.front import FRONT
from tests.packaging.sources import REPOSITORY

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or ""
PICTURES: Final = "CONSOLE_PICTURES"
"""Where pictures of the pages go, if anywhere: docs/console, when they are to be taken anew."""

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine: apt install chromium")


def drive(program: str, address: str, profile: Path, *words: str, pictures: bool = True) -> Any:  # noqa: ANN401 - JSON
    """What a program of ``console/test`` saw at an address; it fails where something is not as it has to be."""
    folder = os.environ.get(PICTURES) if pictures else None
    given = [*words, *([str(REPOSITORY / folder)] if folder else [])]
    command = ["node", f"test/{program}.mjs", address, str(profile), CHROMIUM, *given]
    ran = subprocess.run(command, cwd=FRONT, capture_output=True, text=True, check=False)  # noqa: S603 - a tool of this project
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def require_usable(address: str, profile: Path, pages: Sequence[Sequence[str]]) -> None:
    """Everybody can use these pages; each is a place and texts, all of which are there when the page is there whole."""
    found = drive("audit", address, profile, json.dumps(pages), pictures=False)
    assert found == [], json.dumps(found, indent=1, ensure_ascii=False)
