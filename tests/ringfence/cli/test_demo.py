"""The whole demo, as a newcomer runs it: what it comes to, that its page is current, and that nothing is left of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.entry import run
from ringfence.cli.story.recording import TIMES, compare_form
from ringfence.cli.story.telling import STEPS

pytestmark = [pytest.mark.native, pytest.mark.slow]

PAGE = Path(__file__).parents[3] / "docs" / "demo.md"
PATIENCE_SECONDS = 120
Told = Mapping[str, Any]


@pytest.fixture
def environment(tmp_path: Path, circuit_cache: Path) -> dict[str, str]:
    """A place for temporary folders that is the test's own, by which its processes are known."""
    return {**os.environ, "TMPDIR": str(tmp_path), "RINGFENCE_CACHE": str(circuit_cache), "COLUMNS": "80"}


def command(*options: str) -> list[str]:
    """The demo, as a program of its own."""
    return [sys.executable, "-P", "-c", "from ringfence.cli.entry import main; main()", "demo", *options]


def list_processes(folder: Path) -> list[str]:
    """What runs on the folder of a test."""
    listed = subprocess.run(["ps", "-axww", "-o", "args"], capture_output=True, text=True, check=True)  # noqa: S607
    return [line for line in listed.stdout.splitlines() if str(folder) in line]


def run_demo(environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """The demo from its beginning to its end."""
    return subprocess.run(  # noqa: S603 - this interpreter
        command(*options), env=environment, capture_output=True, text=True, check=False
    )


def wait_until_alone(folder: Path) -> list[str]:
    """What still runs after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := list_processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.fixture
def begun(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A demo whose servers run, at its second step."""
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command("--json"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        assert demo.stdout is not None
        try:
            assert json.loads(demo.stdout.readline())["number"] == 1
            yield demo
        finally:
            demo.kill()


def test_it_comes_to_what_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    page = tmp_path / "demo.md"
    done = run_demo(environment, "--json", "--record", str(page))
    assert (done.returncode, done.stderr) == (0, "")
    *steps, end = map(json.loads, done.stdout.splitlines())
    assert [each["name"] for each in steps] == [each.__name__ for each in STEPS]
    read: dict[str, Told] = {each["name"]: each["read"] for each in steps}
    assert read["open_position"]["positions"] == 10_000
    assert list(read["prove_position"]["public_inputs"]) == [
        *("book_root", "market_root", "lock_root", "position_tag", "nullifier[0]", "context", "policy")
    ]
    assert read["accept"] == {"state": "accepted", "log_size": 1}
    assert read["refuse_replay"] == {"same_acceptance": True, "log_size": 1, "refused": "NULLIFIER_SPENT", "step": 8}
    fallen = read["let_price_fall"]
    assert fallen["distances"] == sorted(set(fallen["distances"]), reverse=True)
    assert fallen["below"] == sorted(set(fallen["below"]))
    assert fallen["event"] == "refresh"
    refused = read["refuse_below"]
    assert (refused["rule"], refused["covered"]) == ("equity_covers_requirement", False)
    assert read["top_up"]["held"] == 2
    assert read["liquidate"] == {"closed": "24.807", "left": "375.193", "penalty": "48.00", "covered_after": True}
    assert read["release"] == {"state": "released", "left": 2, "held": 0}
    assert read["check_log"] == {"first": 1, "newest": 5, "locks": 2, "transitions": 1, "live": 0}
    assert read["check_offline"] == {"before": "valid", "after": "WRONG_STATE", "forged": "WRONG_SIGNATURE"}
    assert end["name"] == "end"
    assert list_processes(tmp_path) == []
    assert list(tmp_path.glob("ringfence-demo-*")) == []
    assert compare_form(page.read_text()) == compare_form(PAGE.read_text()), "ringfence demo --record docs/demo.md"
    assert TIMES in PAGE.read_text()


def test_what_is_kept_can_be_used(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "trial"
    told = run_demo(environment, "--keep", str(folder))
    assert f"ringfence verifier serve --config {folder}/verifier.toml" in told.stdout
    assert run(["attestation", "check", f"{folder}/alice.json", "--anchor", f"{folder}/clients/anchor.json"]) == 1
    assert "WRONG_STATE" in capsys.readouterr().err
    again = run_demo(environment, "--keep", str(folder))
    assert (again.returncode, "something that is there" in again.stderr) == (2, True)


def test_an_interrupt_leaves_nothing(begun: subprocess.Popen[str], tmp_path: Path) -> None:
    assert len(list_processes(tmp_path)) >= 2
    begun.send_signal(signal.SIGINT)
    assert begun.wait(PATIENCE_SECONDS) == 130
    assert list_processes(tmp_path) == []
    assert list(tmp_path.glob("ringfence-demo-*")) == []


def test_a_kill_leaves_nothing_that_runs(begun: subprocess.Popen[str], tmp_path: Path) -> None:
    assert len(list_processes(tmp_path)) >= 2
    begun.kill()
    assert wait_until_alone(tmp_path) == []
