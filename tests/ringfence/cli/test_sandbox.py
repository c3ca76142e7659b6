"""A trial from the first command to an acceptance that is checked offline: real processes, mutual TLS, real proofs."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from facts.anchor import read_anchor
from facts.demand import read_demand
from facts.log_entry import State
from margin.documents.reading import read_document
from ringfence.cli.bridging.programs import find_port
from ringfence.cli.connection import open_connection
from ringfence.cli.entry import run
from ringfence.cli.sandbox.places import Sandbox
from ringfence.client.connection import Connection
from ringfence.client.errors import StatusError
from ringfence.client.prover import ProofRequest, Prover
from ringfence.client.verifier import Verifier
from tests.packaging.sources import REPOSITORY
from tests.ringfence.cli.trial import served
from tests.serving.collector import collecting

pytestmark = [pytest.mark.native, pytest.mark.slow]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, circuit_cache: Path) -> Iterator[Sandbox]:
    """A sandbox."""
    folder = tmp_path_factory.mktemp("trial")
    addresses = [f"127.0.0.1:{find_port()}" for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGFENCE_CACHE", str(circuit_cache))
        named = ["--statement", "perp-k1", "--verifier", addresses[0], "--prover", addresses[1]]
        assert run(["sandbox", str(folder / "sandbox"), *named, "--json"]) == 0
        yield Sandbox(folder / "sandbox")


@contextmanager
def connected(trial: Sandbox, role: str) -> Iterator[Connection]:
    with open_connection(None, trial.client_settings(role), None) as connection:
        yield connection


def hedge() -> bytes:
    """The request of the examples, which locks a bitcoin on a chain of the sandbox."""
    request = json.loads((REPOSITORY / "examples/proving/request.json").read_text(encoding="utf-8"))
    del request["demand"]
    return json.dumps(request).encode()


def test_a_trial_from_nothing_to_an_acceptance(trial: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    anchor = read_anchor(read_document(trial.anchor))
    demand = read_demand(read_document(trial.facts / "demand.toml"))
    with ExitStack() as stack:
        for server in ("verifier", "prover"):
            stack.enter_context(served(trial, server))
        prover = stack.enter_context(connected(trial, "prover"))
        trader = stack.enter_context(connected(trial, "trader"))
        prover.ask(Prover().commit("hedge", hedge()))
        assert run(["sandbox", "publish", str(trial.folder)]) == 0
        claim = prover.ask(Prover().prove(ProofRequest("hedge", demand, "perp-k1")))
        assert trader.ask(Verifier(anchor).verify(claim)).is_for_development
        holding = trader.ask(Verifier(anchor).accept(claim))
        assert holding.acceptance.state is State.ACCEPTED
        anchor.verify(holding.signed, int(time.time()))
        assert trader.ask(Verifier(anchor).accept(claim)).id == holding.id
        with connected(trial, "oracle") as oracle, pytest.raises(StatusError):
            oracle.ask(Verifier(anchor).verify(claim))
    capsys.readouterr()
    store = ("--witness", str(trial.witness), "--keys", str(trial.verifier.keys.path), "--json")
    assert run(["store", "verify", str(trial.store), *store]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 1


def test_its_verifier_is_traced_where_it_is_told_to_be(trial: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        collecting() as collector,
        served(trial, "verifier", "--set", f"telemetry.endpoint=http://127.0.0.1:{collector.port}"),
    ):
        assert run(["sandbox", "publish", str(trial.folder), "--json"]) == 0
    roots = json.loads(capsys.readouterr().out)
    methods = Counter(span.name.rpartition("/")[2] for span in collector.spans)
    assert methods == {"PublishLockRoot": 2, "PublishMarketRoot": 1, "PublishBookRoot": 1}
    told = str(collector.requests)
    assert not any(root in told for root in roots.values())


def test_everything_in_it_is_its_owner_s_alone(trial: Sandbox) -> None:
    public = {trial.facts, trial.witness.parent}
    for path in trial.folder.rglob("*"):
        if path.is_file() and path.parent not in public:
            assert path.stat().st_mode & 0o077 == 0, path
    assert trial.folder.stat().st_mode & 0o077 == 0


def test_no_passphrase_stands_in_a_setting_or_opens_two_things(trial: Sandbox) -> None:
    passphrases = [path.read_text(encoding="utf-8").strip() for path in trial.folder.rglob("passphrase")]
    assert len(set(passphrases)) == len(passphrases) == 10
    for path in trial.folder.rglob("*"):
        if path.is_file() and path.name != "passphrase":
            content = path.read_bytes()
            assert not any(each.encode() in content for each in passphrases), path


def test_what_is_there_is_not_overwritten(trial: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "make", str(trial.folder), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "WRONG_FILE"


def test_a_statement_that_nobody_knows_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "make", str(tmp_path / "trial"), "--statement", "perp-k3", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "NOT_A_CHOICE"
    assert not (tmp_path / "trial").exists()


def test_what_was_interrupted_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        assert any((tmp_path / "trial").iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr("ringfence.cli.sandbox.making.make_keys", interrupt)
    assert run(["sandbox", "make", str(tmp_path / "trial")]) != 0
    assert not (tmp_path / "trial").exists()
