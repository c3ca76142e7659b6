"""The three programs of ``examples/services`` against servers that the documented commands have started.

A trader proves and a bridge accepts on an attestation that it checks offline; the lock is refused a second time; the
price falls; one acceptance lapses and is seized, a top-up saves another, and a release frees the third.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from facts.attestation_document import read_attestation
from facts.log_entry import Event, State
from margin.documents.reading import read_document
from ringfence.cli.entry import run
from ringfence.cli.sandbox.places import Sandbox
from tests.packaging.sources import REPOSITORY
from tests.ringfence.cli.trial import find_port, published, served

EXAMPLES = REPOSITORY / "examples" / "services"
SHORT_SECONDS = 40
"""Alice's proof is good for so long."""
pytestmark = [pytest.mark.native, pytest.mark.slow]


@dataclass
class Players:
    """The programs, run as anybody would run them."""

    trial: Sandbox

    def play(self, program: str, *words: object, code: int = 0) -> str:
        command = [sys.executable, str(EXAMPLES / f"{program}.py"), str(self.trial.folder), *map(str, words)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=os.environ)  # noqa: S603
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout

    def attestation(self, name: str) -> Path:
        return self.trial.folder / "attestations" / f"{name}.json"

    def claim(self, name: str) -> Path:
        return self.attestation(name).with_suffix(".claim")


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Players]:
    """A sandbox whose servers serve and whose facts are signed again and again."""
    folder = tmp_path_factory.mktemp("services")
    addresses = [f"127.0.0.1:{find_port()}" for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("RINGFENCE_CACHE", str(folder / "cache"))
        named = ["--verifier", addresses[0], "--prover", addresses[1], "--json"]
        assert run(["sandbox", "make", str(folder / "trial"), *named]) == 0
        trial = Sandbox(folder / "trial")
        stack.enter_context(served(trial, "verifier"))
        stack.enter_context(published(trial))
        stack.enter_context(served(trial, "prover"))
        yield Players(trial)


def test_one_lapses_one_is_saved_and_one_is_freed(players: Players, capsys: pytest.CaptureFixture[str]) -> None:
    trial = players.trial
    # A trader proves; a bridge accepts on an attestation that it checks by itself.
    for name, more in {"alice": ("--seconds", SHORT_SECONDS), "bob": (), "carol": ()}.items():
        assert "accepted" in players.play("trader", "pledge", EXAMPLES / f"{name}.json", *more)
        assert "is accepted" in players.play("bridge", "check", players.attestation(name))
    # No lock twice: not by another proof of the same position, either.
    refused = players.play("trader", "pledge", EXAMPLES / "alice.json", code=1)
    assert "refused in step 8: NULLIFIER_SPENT" in refused
    # An exchange looks at all of them over one stream.
    for name in ("bob", "carol"):
        players.play("trader", "prove", name)
    claims = [players.claim(name) for name in ("bob", "carol")]
    assert "2 of 2 positions are solvent" in players.play("exchange", "verify", *claims)
    # The price falls, and nobody can prove what no longer is.
    assert run(["sandbox", "price", str(trial.folder), str(EXAMPLES / "alice.json"), "57000"]) == 0
    for name in ("alice", "bob"):
        assert "equity_covers_requirement" in players.play("trader", "refresh", name, code=1)
    # One more lock saves the second, and the third has enough without any.
    assert "locks held: 2" in players.play("trader", "top-up", EXAMPLES / "bob-more.json")
    assert "locks held: 0" in players.play("trader", "release", "carol")
    kept = {name: read_attestation(read_document(players.attestation(name))).attestation for name in ("bob", "carol")}
    assert (kept["bob"].event, kept["bob"].state, kept["bob"].revision) == (Event.REFRESH, State.REFRESHED, 1)
    assert (kept["carol"].state, len(kept["carol"].left)) == (State.RELEASED, 1)
    assert "is refreshed" in players.play("bridge", "check", players.attestation("bob"))
    assert "WRONG_STATE" in players.play("bridge", "check", players.attestation("carol"), code=1)
    # The first lapses, and the venue takes its lock by the release that was sealed for it.
    lapses_at = read_attestation(read_document(players.attestation("alice"))).attestation.lapses_at
    time.sleep(max(0, lapses_at + 2 - time.time()))
    assert "EXPIRED" in players.play("bridge", "check", players.attestation("alice"), code=1)
    assert "seized 1 lock" in players.play("exchange", "seize")
    players.play("exchange", "seize", code=1)
    # All of it is in the log, and the bridge is told all of it.
    capsys.readouterr()
    assert run(["log", "verify", "--config", str(trial.client_settings("venue")), "--json"]) == 0
    log = json.loads(capsys.readouterr().out)
    assert (log["size"], log["acceptances"], log["live"], log["locks"]) == (7, 3, 1, 4)


def test_what_a_program_is_told_wrongly_it_says(players: Players) -> None:
    broken = players.trial.folder / "broken.claim"
    broken.write_bytes(b"\xff")
    assert "NOT_READABLE" in players.play("exchange", "verify", broken, code=1)
    assert players.play("trader", "--help")
