"""The walkthrough of the services, typed as it stands, against a verifier that the documented command started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.cli.sandbox.places import Sandbox
from tests.packaging.sources import REPOSITORY
from tests.ringfence.cli.trial import COMMAND, find_port, served

PAGE = REPOSITORY / "docs" / "services.md"
BLOCK = re.compile(r'^```console title="you"\n(.*?)^```', re.MULTILINE | re.DOTALL)
REFUSED = "# exit 1"
pytestmark = [pytest.mark.native, pytest.mark.slow]


def typed() -> list[str]:
    """What the page tells people to type, each line with the exit code that it has to have."""
    lines = [line.removeprefix("$ ") for block in BLOCK.findall(PAGE.read_text()) for line in block.splitlines()]
    commands = [line for line in lines if line.startswith(("ringfence ", "T="))]
    return [f"{line}\ntest $? -eq {int(line.endswith(REFUSED))} || exit 99" for line in commands]


def test_the_page_is_typed_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ringfence"
    program.write_text(f"#!{sys.executable}\n{COMMAND[-1]}\n")
    program.chmod(0o700)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    commands = typed()
    assert len(commands) > 20
    assert sum(REFUSED in each for each in commands) == 3

    def run_script(*lines: str) -> None:
        script = "\n".join(("set -x", *lines))
        ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)  # noqa: S603, S607, PLW1510
        assert ended.returncode == 0, ended.stderr

    run_script(f"ringfence sandbox trial --verifier 127.0.0.1:{find_port()}")
    with served(Sandbox(tmp_path / "trial"), "verifier"):
        run_script(*commands)
