"""The trader's page as it is run: the real command, a browser, and a real proof that a verifier takes."""

import json
import re
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from prover.wallet import Wallet
from ringfence.cli.entry import run
from tests.console.browser import drive, needs_browser, require_usable
from tests.console.front import needs_tools
from tests.console.opened import SECONDS, Opened, started
from tests.packaging.sources import REPOSITORY
from tests.prover.proofs import Desk, document

pytestmark = pytest.mark.native
PAGE = REPOSITORY / "docs" / "trader-page.md"
TYPED = re.compile(r"^\$ ringfence (prover serve --set .*)$", re.MULTILINE)
HERE = ("--set", "listen.address=127.0.0.1:0", "--set", "pace.notice_milliseconds=0", "--set", "proving.threads=1")
PLACES = [
    ("#/", "Committed, by their names"),
    ("#/positions/bob", "Equity against requirement", "What will be revealed", "It holds:"),
    ("#/positions/sunk", "The position is under water", "What will be revealed", "No proof can be made of it"),
    ("#/proofs", "The newest first"),
    ("#/check", "No proof yet.", "for development: proves nothing to others"),
]
"""Every page, with words of each answer that it is drawn from: it is there whole when all of them are."""
BOB = REPOSITORY / "examples" / "services" / "bob.json"


@pytest.fixture
def desk(tmp_path: Path, circuit_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RINGFENCE_CACHE", str(circuit_cache))
    return Desk(tmp_path, circuit_cache)


@contextmanager
def served(desk: Desk, *statements: str) -> Iterator[Opened]:
    """What its page in the documentation types, at addresses that are free, until it has ended with the exit code 0."""
    (typed,) = TYPED.findall(PAGE.read_text(encoding="utf-8"))
    words = [word.replace("127.0.0.1:8450", "127.0.0.1:0") for word in shlex.split(typed)]
    options = (*HERE, "--set", f"proving.development={','.join(statements)}")
    with started(desk.folder / "prover.log", *options, command=words, folder=desk.folder) as found:
        yield found


def commit(desk: Desk, name: str, content: object) -> None:
    """As ``ringfence commit`` does it."""
    file = desk.folder / f"{name}.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    desk.run("commit", file.name, "--name", name, *desk.passphrase)


@needs_tools
@needs_browser
@pytest.mark.slow
def test_a_trader_looks_wonders_and_proves(desk: Desk, tmp_path: Path) -> None:
    commit(desk, "bob", json.loads(BOB.read_text(encoding="utf-8")))
    sunk = document(cash="3000", entry_price="64000") | {"prices": {"mark": "60000", "confidence": "10"}}
    del sunk["position"]["leverage"]
    commit(desk, "sunk", sunk)
    with served(desk, "perp-k0", "perp-k1") as page:
        seen = drive("trader", page.addresses[-1], tmp_path / "profile", str(tmp_path))
        require_usable(page.addresses[-1], tmp_path / "other", PLACES)
        told = page.told.read_text(encoding="utf-8")
    assert seen["liquidation"] == "57\u202f269.08"
    assert seen["revealed"] == [
        *("book_root", "market_root", "lock_root", "position_tag", "nullifier[0]", "context", "policy")
    ]
    assert seen["hidden"] == ["secret", "position", "lock[0]", "market"]
    with ZipFile(tmp_path / "claim.zip") as archive:
        archive.extractall(tmp_path)
    verified = desk.verify("claim", "--demand", "claim/demand.json")
    assert verified["valid"] is True
    assert [f"{int(value):064x}" for value in verified["revealed"].values()] == seen["values"]
    secrets = Wallet.open(tmp_path / "ringfence.wallet", "a passphrase of the tests").secrets
    hidden = [secrets.key, *(each.committed.salt for each in secrets.positions.values())]
    hidden += [lock.salt for each in secrets.positions.values() for lock in each.locks]
    for secret in hidden:
        for text in (str(secret), f"{secret:x}"):
            assert text not in seen["told"]
            assert text not in told


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_page_and_service_end_together(desk: Desk, number: int) -> None:
    commit(desk, "one", document())
    with served(desk, "perp-k0") as page:
        assert page.get("/").status == 200
        assert page.get("/api/positions").status == 401
        page.process.send_signal(number)
        assert page.process.wait(SECONDS) == 0
        with pytest.raises(ConnectionError):
            page.get("/")


def test_a_page_that_others_could_reach_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("0.0.0.0:8450", "192.0.2.1:8450", "unix:page.sock"):
        assert run(["prover", "serve", "--page", address]) == 2
        assert "page.address" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
