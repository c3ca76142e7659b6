"""A trial in a browser: real servers, real proofs, and a click through every page."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from facts.public_inputs import input_names
from ringfence.cli.bridging.programs import find_port
from ringfence.cli.claim_folder import read_claim_folder
from ringfence.cli.entry import run
from ringfence.cli.sandbox.places import Sandbox
from ringfence.client.verifier import encode_claim
from ringfence.console.application import MOST_ROWS
from tests.console.browser import drive, needs_browser, require_usable
from tests.console.front import needs_tools
from tests.console.opened import Opened, opened, started
from tests.packaging.sources import REPOSITORY
from tests.ringfence.cli.trial import published, served
from tests.verifier.claims import Watch
from tests.verifier.running import BRIDGE, READER, Running, Trial

pytestmark = [
    needs_tools,
    needs_browser,
    pytest.mark.native,
    pytest.mark.slow,
]


ACCEPT_SECONDS = 0.5
FIRST = 2001


@dataclass(frozen=True)
class Pledged:
    """A trial in which collateral was pledged, and where its verifier shows its metrics."""

    trial: Sandbox
    metrics: str


@pytest.fixture(scope="module")
def pledged(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Pledged]:
    """Verifier, prover and publisher, and two positions that are pledged, one of them twice."""
    folder = tmp_path_factory.mktemp("browsing")
    *addresses, metrics = (f"127.0.0.1:{find_port()}" for _ in range(3))
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("RINGFENCE_CACHE", str(circuit_cache))
        named = [
            "--statement",
            "perp-k1",
            "--statement",
            "release",
            "--verifier",
            addresses[0],
            "--prover",
            addresses[1],
        ]
        assert run(["sandbox", str(folder / "sandbox"), *named, "--json"]) == 0
        sandbox = Sandbox(folder / "sandbox")
        stack.enter_context(served(sandbox, "verifier", "--set", f"metrics.address={metrics}"))
        stack.enter_context(served(sandbox, "prover"))
        stack.enter_context(published(sandbox))
        trade(sandbox, "pledge", "examples/services/bob.json")
        trade(sandbox, "refresh", "bob")
        trade(sandbox, "pledge", "examples/services/bob.json", code=1)
        trade(sandbox, "pledge", "examples/services/alice.json")
        yield Pledged(sandbox, metrics)


def trade(sandbox: Sandbox, *words: str, code: int = 0) -> None:
    """The trader of the examples."""
    command = [sys.executable, "examples/services/trader.py", str(sandbox.folder), *words]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603 - of this project
    assert ran.returncode == code, ran.stdout + ran.stderr


def open_console(pledged: Pledged, folder: Path, *options: str) -> AbstractContextManager[Opened]:
    """The command, for whoever may read, with heads of its own."""
    trial = pledged.trial
    given = ("--config", str(trial.client_settings("reader")), "--anchor", str(trial.anchor))
    heads = ("--set", f"trust.heads={folder / 'heads'}")
    return started(folder / "console.log", *given, *heads, "--listen", "127.0.0.1:0", *options)


def test_every_page_is_clicked_through(pledged: Pledged, tmp_path: Path) -> None:
    with open_console(pledged, tmp_path, "--metrics", pledged.metrics) as console:
        seen = visit(console, "first", tmp_path)
        assert seen["rows"] == 2
        assert "The lock was used before" in seen["refusal"]
        assert [event.lower() for event in seen["events"]] == ["accept", "refresh"]
        trade(pledged.trial, "refresh", "alice")
        assert visit(console, "again", tmp_path)["steps"] >= 1
        visit(console, "forked", tmp_path)


def visit(console: Opened, kind: str, folder: Path) -> Any:  # noqa: ANN401 - JSON
    """One visit, by an address that nobody used, in a browser that remembers the one before."""
    return drive("visit", console.addresses[-1], folder / "profile", kind)


def test_an_attestation_is_checked_in_the_browser_and_by_whoever_gets_the_file(
    pledged: Pledged, tmp_path: Path
) -> None:
    trial = pledged.trial
    given = ("--config", str(trial.client_settings("venue")), "--anchor", str(trial.anchor))
    with started(tmp_path / "console.log", *given, "--listen", "127.0.0.1:0", "--metrics", pledged.metrics) as console:
        seen = visit(console, "attested", tmp_path)
    assert seen["chain"].startswith("\u2713 0x")
    assert run(["attestation", "check", str(tmp_path / "profile" / seen["file"]), "--anchor", str(trial.anchor)]) == 0


# --- A proof that is dropped on a page -------------------------------------------------------------------


@pytest.fixture
def proved(pledged: Pledged, tmp_path: Path) -> Path:
    """Two proofs by the commands, the one under a key that the verifier of the trial allows, the other not."""
    assert pledged.trial.folder.is_dir()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("of nobody\n", encoding="utf-8")
    passphrase.chmod(0o600)
    about = [
        "--passphrase-file",
        str(passphrase),
        "--wallet",
        str(tmp_path / "wallet"),
        "--facts",
        str(tmp_path / "facts"),
    ]
    for name, document in (("mine", "proving/request.json"), ("other", "short-inverse.json")):
        file = str(REPOSITORY / "examples" / document)
        assert run(["commit", file, *about, "--json"]) == 0
        given = ["--input", file, *about, "--development", "--output", str(tmp_path / name), "--json"]
        assert run(["prove", "perp", *given]) == 0
    return tmp_path


def test_a_proof_that_is_dropped_is_checked_by_the_browser_alone(pledged: Pledged, proved: Path) -> None:
    with open_console(pledged, proved) as console:
        claim = read_claim_folder(proved / "mine", proved / "facts" / "demand.toml")
        file = proved / "mine.claim"
        file.write_bytes(encode_claim(claim).SerializeToString())
        foreign = str(proved / "other" / "verification_key.json")
        seen = drive("drop", console.addresses[-1], proved / "profile", str(proved / "mine"), str(file), foreign)
    assert seen["inputs"] == list(input_names(1))
    assert "for development" in seen["answer"]
    assert "covers its maintenance requirement" in seen["answer"]
    assert len(seen["reasons"]) == 15


# --- Everybody can use it --------------------------------------------------------------------------------

PAGES = (
    ("#/", "Freshness of roots"),
    ("#/acceptances", "The one that changed last first"),
    ("#/log", "Signed note"),
    ("#/check", "Pinned keys"),
)
"""Every page, and by what it is known to be there: a page more is a line more."""


def audit(console: Opened, folder: Path, *more: tuple[str, str]) -> None:
    """Everybody can use all of them."""
    require_usable(console.addresses[-1], folder / "audited", [*PAGES, *more])


def test_everybody_can_use_every_page_while_things_go_on(tmp_path: Path) -> None:
    """With as many acceptances on a page as there is room for, and more coming in."""
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db"), metrics=True).serving() as running:
        accepted = running.answer(running.accept(running.claim(1001, 1002))).acceptance.id
        for number in range(FIRST, FIRST + MOST_ROWS):
            running.answer(running.accept(running.claim(number, tag=number)))
        metrics = f"127.0.0.1:{running.verifier.server.metrics_port}"
        with opened(running, BRIDGE, "--metrics", metrics) as console, accepting(running):
            console.hear("log")
            audit(console, tmp_path, (f"#/acceptances/{accepted}", "What happened"))


@contextmanager
def accepting(running: Running) -> Iterator[None]:
    """Lock after lock is taken as collateral."""
    over = Event()

    def accept() -> None:
        for number in count(FIRST + MOST_ROWS):
            running.answer(running.accept(running.claim(number, tag=number)))
            if over.wait(ACCEPT_SECONDS):
                return

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(accept)
        try:
            yield
        finally:
            over.set()
            done.result()


def test_everybody_can_use_pages_on_which_nothing_is(tmp_path: Path) -> None:
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db")).serving() as running, opened(running, READER) as console:
        audit(console, tmp_path)
