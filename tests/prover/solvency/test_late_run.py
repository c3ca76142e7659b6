"""A run that is killed, goes on, is shared among machines, refuses other inputs; and what is hidden in it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.catalogue import name_circuit
from facts.solvency.totals import TotalMode
from margin.documents.reading import read_document
from prover.publication import write_text
from prover.solvency.prepared import Prepared
from prover.solvency.run import list_statements
from prover.solvency.state import State
from tests.packaging.sources import REPOSITORY
from tests.prover.solvency.small_run import AT, ATTESTERS, SmallRun, make_venue, write_committee, write_facts

pytestmark = pytest.mark.native

COMMAND = [sys.executable, "-m", "tests.faults.dying_run"]
PATIENCE_SECONDS = 600


@contextmanager
def begun(small: SmallRun, latest: tuple[str, int], *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own, which dies at the latest before a file, and is killed at the end anyway."""
    arguments = ["solvency", "prove", "--accounts", "accounts.csv", "--out", "out", "--at", AT, "--development", *more]
    environment = {**os.environ, "RINGFENCE_CACHE": str(small.cache), "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [*COMMAND, latest[0], str(latest[1]), *arguments],
        cwd=small.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def count_proofs(small: SmallRun) -> int:
    return len(list((small.state / "proofs").glob("*/*.proof")))


def kill_after(small: SmallRun, proofs: int) -> None:
    """Kill the command as soon as so many proofs are there, and before there are three more."""
    with begun(small, ("*.proof", proofs + 3), "--threads", "1") as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.poll() is None and count_proofs(small) < proofs:
            assert time.monotonic() < deadline
            time.sleep(25)
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def read_totals(small: SmallRun) -> object:
    return json.loads((small.out / "total.json").read_text())["totals"]


def test_a_run_that_is_killed_goes_on_and_comes_to_the_same(small_run: SmallRun, tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    folder.mkdir()
    small = make_venue(folder, small_run.cache, 28)
    kill_after(small, 2)
    made = count_proofs(small)
    prepared = Prepared.load(State.find(small.state))
    header, root = prepared.header.hash, prepared.tree.root
    proofs = {path: path.read_bytes() for path in (small.state / "proofs").glob("*/*.proof")}
    assert not small.out.exists()
    told = small.prove()
    assert (told["header"], told["root"]) == (str(header), str(root))
    assert told["proved"] == prepared.header.batches - made > 0
    assert {path: path.read_bytes() for path in proofs} == proofs
    assert small.run("verify", "out", "--development")["root"] == str(root)
    again = small.prove()
    assert (again["proved"], again["root"], again["totals"]) == (0, told["root"], told["totals"])
    assert not list(small.state.glob(".*"))


@pytest.mark.slow
def test_a_run_that_is_killed_before_anything_is_fixed_begins_again(small_run: SmallRun, tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    folder.mkdir()
    small = make_venue(folder, small_run.cache, 60)
    with begun(small, ("*/header.json", 1)) as process:
        while process.poll() is None and not (small.state / "run.json").exists():
            time.sleep(25)
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    seed = json.loads((small.state / "run.json").read_text())["seed"]
    assert small.prove("--threads", 2)["batches"] == small.header.batches
    assert json.loads((small.state / "run.json").read_text())["seed"] == seed
    assert not list(small.state.glob("sorting.*"))


def test_machines_share_the_batches_of_a_run(small_run: SmallRun, tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    folder.mkdir()
    small = make_venue(folder, small_run.cache)
    told = small.run("prove", "--accounts", "accounts.csv", "--state", "out.state", "--prepare")
    assert "proved" not in told
    elsewhere = small.copy_all(tmp_path / "elsewhere")
    (elsewhere.folder / "accounts.csv").unlink()
    first = small.run("prove", "--state", "out.state", "--shard", "1/2", "--development")
    second = elsewhere.run("prove", "--state", "out.state", "--shard", "2/2", "--development")
    assert first["proved"] + second["proved"] == told["batches"]
    for path in (elsewhere.state / "proofs").glob("*/*.proof"):
        path.rename(small.state / "proofs" / path.parent.name / path.name)
    end = small.run("prove", "--state", "out.state", "--out", "out", "--development")
    assert (end["proved"], end["root"]) == (0, told["root"])
    assert small.run("verify", "out", "--development")["valid"]


OTHERS = {
    "accounts": lambda small: write_text(
        small.folder / "accounts.csv", (small.folder / "accounts.csv").read_text() + "u-x,balance,USDT,1,,,,,\n"
    ),
    "venue": lambda small: write_text(small.folder / "venue.toml", (small.folder / "venue.toml").read_text() + "\n"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_state_of_other_inputs_is_refused(small_run: SmallRun, tmp_path: Path, name: str) -> None:
    small = small_run.copy_all(tmp_path)
    OTHERS[name](small)
    assert small.prove(code=2)["error"]["field"] == f"state.{name}"


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--mode", "hidden", "state.mode"),
        ("--padding", "batch", "state.padding"),
        ("--at", "2027-01-15T08:00:01Z", "state.time"),
    ],
)
def test_a_state_of_other_settings_is_refused(
    small_run: SmallRun, tmp_path: Path, option: str, value: str, field: str
) -> None:
    small = small_run.copy_all(tmp_path)
    assert small.prove(option, value, code=2)["error"]["field"] == field


def test_a_directory_of_another_run_is_left_alone(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    (small.out / "header.json").write_text("{}")
    assert small.prove(code=2)["error"]["field"] == "out"
    assert (small.out / "header.json").read_text() == "{}"


def test_a_folder_of_something_else_is_no_state(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    (small.folder / "home").mkdir()
    (small.folder / "home" / "letter").write_text("dear")
    assert small.prove("--state", "home", code=2)["error"]["reason"] == "WRONG_STATE"
    assert small.prove("--state", "out/inside", code=2)["error"]["field"] == "--state"


def test_two_runs_never_share_a_state(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    with State.open(small.state).hold(alone=True):
        assert small.prove(code=2)["error"]["found"] == "one in use"
    with State.open(small.state).hold(alone=False), State.open(small.state).hold(alone=False):
        pass


def test_the_state_is_its_owners_alone(small_run: SmallRun) -> None:
    assert small_run.state.stat().st_mode & 0o777 == 0o700
    files = [path for path in small_run.state.iterdir() if path.is_file()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_nothing_of_an_account_is_published(small_run: SmallRun) -> None:
    published = b"".join(path.read_bytes() for path in small_run.out.rglob("*") if path.is_file())
    assert b"u-0000" not in published
    assert read_document(small_run.state / "run.json")["seed"].encode() not in published  # type: ignore[index]


def test_proofs_that_are_lost_are_missed_before_anything_is_published(small_run: SmallRun, tmp_path: Path) -> None:
    small = small_run.copy_all(tmp_path)
    lost = small.state / "proofs" / "000000" / "000000002.proof"
    lost.write_bytes(lost.read_bytes()[:-1])
    assert small.prove()["proved"] == 1
    assert small.run("verify", "out", "--development")["valid"]


def test_totals_can_be_hidden_behind_reserves(small_run: SmallRun, tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    folder.mkdir()
    small = make_venue(folder, small_run.cache)
    files = write_facts(folder, small_run.attest_enough())
    attesters = write_committee(folder, ATTESTERS)
    given = [item for path in files for item in ("--reserves", path)]
    short = small.prove("--mode", "hidden", code=1)
    assert short["error"]["reason"] == "INSUFFICIENT_MARGIN"
    told = small.prove("--mode", "hidden", *given, "--attesters", attesters)
    assert "totals" not in told
    assert "owed6" not in (small.out / "total.json").read_text()
    held = small.run("verify", "out", "--development", "--attesters", attesters)
    assert (held["mode"], held["covered"], held["reserves"]) == ("hidden", True, told["reserves"])
    for path in (small.out / "reserves").glob("USDT-*"):
        path.unlink()
    refused = small.run("verify", "out", "--development", "--attesters", attesters, code=1)
    assert refused["error"]["field"] == "step 8 reserves.reserves.USDT"


@pytest.mark.parametrize("mode", TotalMode)
def test_statements_have_the_names_of_the_catalogue(small_run: SmallRun, mode: TotalMode) -> None:
    for name, statement in list_statements(replace(small_run.header, mode=mode)).items():
        assert name_circuit(statement) == name


@pytest.mark.slow
def test_debts_are_covered_and_counted(small_run: SmallRun, tmp_path: Path) -> None:
    small = SmallRun(tmp_path, small_run.cache)
    small.run("generate", "--accounts", 200, "--out", "accounts.parquet", "--batch", 8)
    told = small.run("prove", "--accounts", "accounts.parquet", "--out", "out", "--development")
    assert float(told["totals"]["USDT"]["lent"]) > 0
    assert small.run("verify", "out", "--development")["totals"] == told["totals"]
