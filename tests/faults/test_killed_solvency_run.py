"""A proof of solvency that is killed while it counts and while it proves goes on where it was, to the same result.

The real command runs in a process of its own and is killed with SIGKILL: when it has begun, when it has read all
accounts, and in the middle of its proofs. What it comes to is held against a run of the same seed that nobody
stopped. ``RINGFENCE_SOLVENCY_ACCOUNTS`` says how many accounts a run has, 2,000 where nothing is said, in batches of 64
as a venue has them; a few hundred in batches of eight are quick. With every test run some dozens of accounts are killed
once, where runs are tested.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from facts.solvency.published import BATCHES, HEADER, TABLES, TOTAL
from prover.artifacts import CACHE_VARIABLE
from prover.solvency.part_file import PARTS
from prover.solvency.state import LOCK, PROOFS, ROOTS, RUN, RUNNING, SUMS
from ringfence.cli.entry import run
from tests.packaging.sources import REPOSITORY
from tests.prover.proofs import working_in

pytestmark = [pytest.mark.native, pytest.mark.slow]

FIXED: Final = (f"*/{HEADER}", 1)
"""What a command puts in its place when everything is fixed that proofs will be about."""
ACCOUNTS: Final = int(os.environ.get("RINGFENCE_SOLVENCY_ACCOUNTS", "2000"))
FEW: Final = 240
POLL_SECONDS: Final = 0.002
DEADLINE_SECONDS: Final = 900 + ACCOUNTS / 10


@dataclass(frozen=True)
class Venue:
    """A folder in which commands run as they would for a venue."""

    folder: Path
    cache: Path

    def run(self, *words: str) -> dict[str, Any]:
        """A command to its good end; what it wrote."""
        with working_in(self.folder, self.cache), patch("sys.stdout", StringIO()) as told:
            ended = run(["solvency", *words, "--json"])
        assert ended == 0, told.getvalue()
        content: dict[str, Any] = json.loads(told.getvalue())
        return content

    def kill(self, reached: Callable[[], bool], latest: tuple[str, int], *words: str) -> None:
        """A command in a process of its own, which is killed as soon as a moment is reached, or dies at the latest."""
        environment = {**os.environ, CACHE_VARIABLE: str(self.cache), "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-m", "tests.faults.dying_run", latest[0], str(latest[1]), "solvency", *words]
        with (self.folder / "told").open("wb") as told:
            process = subprocess.Popen(  # noqa: S603 - this interpreter
                [*command, "--json"], cwd=self.folder, env=environment, stdout=told, stderr=told, start_new_session=True
            )
        begun = time.monotonic()
        while process.poll() is None and not reached():
            assert time.monotonic() - begun < DEADLINE_SECONDS, "the moment never came"
            time.sleep(POLL_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, (self.folder / "told").read_text(encoding="utf-8")


@dataclass(frozen=True)
class State:
    """The private state of a run, as far as it tells how far the run is."""

    folder: Path

    @property
    def is_begun(self) -> bool:
        """Its seed is drawn."""
        return (self.folder / RUN).exists()

    @property
    def is_fixed(self) -> bool:
        """Everything is that proofs will be about."""
        return (self.folder / HEADER).exists()

    def proofs(self) -> dict[str, bytes]:
        """Those that are there."""
        return {path.name: path.read_bytes() for path in (self.folder / PROOFS).rglob("*.proof")}

    @property
    def has_counted(self) -> bool:
        """All accounts were read, and their parts lie in their order."""
        return (self.folder / PARTS).exists()

    def has_proofs(self, count: int) -> bool:
        """So many, at least."""
        return sum(1 for _ in (self.folder / PROOFS).rglob("*.proof")) >= count


@pytest.mark.parametrize(
    ("accounts", "batch"),
    [
        pytest.param(FEW, 8, id=f"{FEW}"),
        pytest.param(ACCOUNTS, 64, id=f"{ACCOUNTS}"),
    ],
)
def test_a_run_that_is_killed_comes_to_the_same(accounts: int, batch: int, tmp_path: Path, circuit_cache: Path) -> None:
    venue, state = Venue(tmp_path, circuit_cache), State(tmp_path / "state")
    given = ("--accounts", "given/accounts.ndjson")
    made_up = () if accounts > FEW else ("--no-debts",)
    venue.run("generate", "--accounts", str(accounts), "--out", given[1], "--batch", str(batch), *made_up)
    prove = ("prove", *given, "--out", "out", "--state", "state", "--development")
    if accounts > FEW:
        venue.kill(lambda: state.is_begun, FIXED, *prove)
        assert not state.is_fixed
        venue.kill(lambda: state.has_counted or state.is_fixed, ("*.proof", 1), *prove)
    third = accounts // batch // 3
    venue.kill(lambda: state.has_proofs(third), ("*.proof", 2 * third), *prove)
    proved = state.proofs()
    assert not (tmp_path / "out").exists()

    told = venue.run(*prove)
    assert 0 < told["proved"] == told["batches"] - len(proved)
    assert proved.items() <= state.proofs().items(), "a proof that was there is kept"
    assert venue.run("verify", "out", "--development")["root"] == told["root"]
    require_unstopped(venue, told)


def require_unstopped(venue: Venue, told: dict[str, Any]) -> None:
    """A run of the same seed that is never stopped fixes the same header, root, sums and running states."""
    stopped, whole = venue.folder / "state", venue.folder / "whole"
    whole.mkdir(mode=0o700)
    (whole / LOCK).touch()
    shutil.copy(stopped / RUN, whole / RUN)
    fixed = venue.run("prove", "--accounts", "given/accounts.ndjson", "--state", "whole", "--prepare")
    assert (fixed["header"], fixed["root"]) == (told["header"], told["root"])
    for name in (HEADER, TABLES, ROOTS, RUNNING, SUMS):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    out = venue.folder / "out"
    assert (out / HEADER).read_bytes() == (whole / HEADER).read_bytes()
    assert len((out / BATCHES).read_text().splitlines()) == fixed["batches"]
    assert json.loads((out / TOTAL).read_text())["root"] == fixed["root"]
