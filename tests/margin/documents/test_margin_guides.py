"""The guides of options, structures and scenarios: each command runs, and its report holds what the page shows."""

import json
import re
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

ROOT = Path(__file__).parents[3]
PAGES = ("options", "structures", "scenarios")
EXAMPLE = re.compile(r"^```sh\nringfence ([^\n]+)\n```$.*?^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def require_part(shown: object, told: object, path: str = "") -> None:
    """What is shown is in what is told: the fields of an object, the items of a list, else the value."""
    if isinstance(shown, dict):
        assert isinstance(told, dict), path
        for name, value in shown.items():
            require_part(value, told[name], f"{path}.{name}")
    elif isinstance(shown, list):
        assert isinstance(told, list), path
        assert len(shown) == len(told), path
        for index, value in enumerate(shown):
            require_part(value, told[index], f"{path}[{index}]")
    else:
        assert shown == told, path


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_page_runs_and_tells_what_is_shown(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    found = EXAMPLE.findall((ROOT / "docs" / "margin" / f"{page}.md").read_text(encoding="utf-8"))
    assert len(found) == 1
    [(command, shown)] = found
    assert run(command.split()) == ExitCode.YES
    assert capsys.readouterr().out
    assert run([*command.split(), "--json"]) == ExitCode.YES
    require_part(json.loads(shown), json.loads(capsys.readouterr().out))
