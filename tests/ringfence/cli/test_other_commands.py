"""Policies, doctor, demo, versions and completion, as their user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from margin.batch import Backend, available_backends
from margin.documents.published import FOLDER, list_policies
from ringfence import __version__
from ringfence.cli.commands.demo_margin_steps import STEPS
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from snark.bn254.backend import is_native_built


def read_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, object]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_policies_are_listed_shown_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, listed = read_json(capsys, "policy", "list")
    assert code == ExitCode.YES
    assert isinstance(listed, list)
    assert [each["name"] for each in listed] == list(list_policies())
    code, shown = read_json(capsys, "policy", "show", "binance-usdm")
    assert isinstance(shown, dict)
    assert [tier["amount"] for tier in shown["markets"]["BTCUSDT"]["tiers"]][:4] == ["0", "50", "1300", "16300"]
    code, checked = read_json(capsys, "policy", "check", "binance-usdm")
    assert isinstance(checked, dict)
    assert (code, checked["digest"]) == (ExitCode.YES, shown["digest"])


@pytest.mark.parametrize("name", list_policies())
def test_every_policy_is_shown_to_a_person(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", name]) == ExitCode.YES
    assert name in capsys.readouterr().out


def test_a_policy_file_is_checked_to_its_last_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (FOLDER / "bybit-linear.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert run(["policy", "check", str(path)]) == ExitCode.YES
    capsys.readouterr()
    path.write_text(text.replace("basis", "bases", 1))
    code, document = read_json(capsys, "policy", "check", str(path))
    assert isinstance(document, dict)
    assert (code, document["error"]["field"].rsplit(".", 1)[-1]) == (ExitCode.MALFORMED, "basis")


def test_an_unknown_policy_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = read_json(capsys, "policy", "show", "nobody")
    assert isinstance(document, dict)
    assert (code, document["error"]["reason"]) == (ExitCode.MISUSE, "UNKNOWN_POLICY")


def test_doctor_tells_what_is_here_and_what_mends_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = read_json(capsys, "doctor")
    assert code == ExitCode.YES
    assert isinstance(report, dict)
    here = {"backends": Backend.NATIVE in available_backends(), "curves": is_native_built()}
    for kind, figure in (("backends", "positions_per_second"), ("curves", "pairings_per_second")):
        assert {each["name"]: each["present"] for each in report[kind]} == {"native": here[kind], "reference": True}
        assert all(each[figure] > 0 for each in report[kind] if each["present"])
    assert len(report["missing"]) == list(here.values()).count(False)
    assert all(each["mend"] for each in report["missing"])
    assert run(["doctor"]) == ExitCode.YES


def test_the_demo_of_the_rules_tells_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    code, steps = read_json(capsys, "demo", "--margin")
    assert code == ExitCode.YES
    assert isinstance(steps, list)
    assert len(steps) == len(STEPS)
    boundary = next(step for step in steps if step["step"] == "Exactly where it ends")
    assert [row["covered"] for row in boundary["rows"]] == [True, True, False]
    venues = next(step for step in steps if step["step"] == "One position, four venues")
    assert len({row["liquidation price"] for row in venues["rows"]}) == 4
    assert run(["demo", "--margin"]) == ExitCode.YES


def test_the_demo_on_chains_says_what_it_needs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, answer = read_json(capsys, "demo", "--chains")
    assert isinstance(answer, dict)
    error = answer["error"]
    assert (code, error["reason"], error["field"]) == (ExitCode.MISUSE, "BACKEND_MISSING", "node")
    assert "make contracts" in error["expected"]


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.YES
    assert capsys.readouterr().out == f"ringfence {__version__}\n"
    code, versions = read_json(capsys, "version")
    assert isinstance(versions, dict)
    assert (code, versions["ringfence"]) == (ExitCode.YES, __version__)


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.YES
    text = " ".join(capsys.readouterr().out.split())
    assert "0 yes, 1 a clear no, 2 misuse, 3 malformed input, 4 internal" in text


def test_the_shell_completes_names_of_policies() -> None:
    environment = {
        **os.environ,
        "_RINGFENCE_COMPLETE": "complete_bash",
        "COMP_WORDS": "ringfence policy show binance-u",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(  # noqa: S603
        [str(Path(sys.executable).parent / "ringfence")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [name for name in list_policies() if name.startswith("binance-u")]
