"""Rounds of a relayer, as metrics and ``--check`` tell of them."""

import json
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from chains.contracts import Complaint, RevertedError, name_refusal
from margin.errors import InternalError, MarginError, Reason, RejectedError
from ringfence.cli.entry import run
from ringfence.cli.relaying import Cargo, Round
from ringfence.cli.rounds import Rounds

SILENCE = InternalError(Reason.CHAIN_UNAVAILABLE, "endpoints[0]", found="no answer", expected="one")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def rounds(tmp_path: Path, registry: CollectorRegistry) -> Rounds:
    return Rounds.open(tmp_path / "status.json", registry)


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """Whatever is not 0, and when a round was over."""
    return {
        " ".join((each.name.removeprefix("ringfence_"), *each.labels.values())): each.value
        for family in registry.collect()
        for each in family.samples
        if each.value and not each.name.endswith("_created")
    }


def test_what_becomes_of_each_is_counted_with_the_reason(rounds: Rounds, registry: CollectorRegistry) -> None:
    rounds.count(Cargo.EXIT, "contested", "")
    rounds.count(Cargo.PAYMENT, "waiting", "RootUnripe")
    rounds.count(Cargo.PAYMENT, "waiting", "TOO_FEW_SIGNERS")
    assert samples(registry) == {
        "relayed_total exit contested": 1,
        "relayed_total payment waiting": 2,
        "relay_refusals_total payment RootUnripe": 1,
        "relay_refusals_total payment TOO_FEW_SIGNERS": 1,
    }


def test_a_round_in_which_an_escrow_did_not_answer_is_none(
    rounds: Rounds, registry: CollectorRegistry, tmp_path: Path
) -> None:
    rounds.ended(Round({Cargo.EXIT: 2}, SILENCE))
    assert samples(registry) == {"looks_total failed CHAIN_UNAVAILABLE": 1, "relay_waiting exit": 2}
    said = json.loads((tmp_path / "status.json").read_text())
    assert (said["ok"], said["alarm"], said["reason"]) == (False, False, "CHAIN_UNAVAILABLE")
    rounds.ended(Round({Cargo.EXIT: 0}, None))
    assert samples(registry).keys() == {"looks_total failed CHAIN_UNAVAILABLE", "looks_total ended ", "looked_at"}
    assert json.loads((tmp_path / "status.json").read_text())["ok"] is True


def test_without_a_file_nothing_is_written(registry: CollectorRegistry, tmp_path: Path) -> None:
    Rounds.open(None, registry).ended(Round({}, None))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (RevertedError.of("contest", Complaint("Paused", {"until": 7})), "Paused"),
        (RejectedError(Reason.TOO_FEW_SIGNERS, "signatures", found="1 of members", expected="2"), "TOO_FEW_SIGNERS"),
        (SILENCE, "CHAIN_UNAVAILABLE"),
    ],
)
def test_why_something_was_not_done_is_one_word(error: MarginError, name: str) -> None:
    assert name_refusal(error) == name


def test_whoever_says_nowhere_how_it_is_cannot_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = {"chain_id": 1, "contract": "0x" + "11" * 20}
    document = {
        "keys": "keys",
        "chains": [{"chain_id": 1, "endpoints": ["https://node.example/a-secret-key"]}],
        "escrows": [place | {"first_block": 7}],
        "observed": [place | {"parts": "parts"}],
    }
    (tmp_path / "relay.json").write_text(json.dumps(document))
    assert run(["relay", "--settings", str(tmp_path / "relay.json"), "--check", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert (said["reason"], said["field"]) == ("MISSING_FIELD", "status")
