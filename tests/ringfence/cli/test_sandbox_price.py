"""The price of a market moves in the folder of facts, and nothing else does."""

import json
from pathlib import Path

import pytest

from facts.demand import read_demand
from facts.market import MarketTier
from facts.roots import read_roots
from margin.documents.reading import parse_toml, read_document
from prover.development import DEMAND_TEXT, commit_for_development
from prover.publication import ROOTS, Publication, read_publication, write_publication
from prover.request import read_request_file
from prover.wallet import Secrets
from ringfence.cli.entry import run
from tests.packaging.sources import REPOSITORY

SERVICES = REPOSITORY / "examples" / "services"
OTHER = REPOSITORY / "examples" / "short-inverse.json"


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """Two positions in two markets."""
    demand, owner, published = read_demand(parse_toml(DEMAND_TEXT.encode())), Secrets(), Publication()
    for document in (OTHER, SERVICES / "bob.json"):
        _, published = commit_for_development(read_request_file(document), owner, published, demand)
    write_publication(tmp_path / "facts", published)
    return tmp_path / "facts"


def tiers_of(facts: Path, document: Path) -> tuple[list[MarketTier], list[object]]:
    """The tiers of the document's market, and everything else of the round."""
    market_id = read_request_file(document).subject.facts()[0].market_id  # type: ignore[union-attr]
    found = read_publication(facts).facts
    mine = [each for each in found if isinstance(each, MarketTier) and each.market_id == market_id]
    return mine, [each for each in found if each not in mine]


def test_one_market_is_valued_anew(facts: Path) -> None:
    before, others = tiers_of(facts, SERVICES / "bob.json")
    book = (facts / "book.json").read_bytes()
    assert run(["sandbox", "price", str(facts.parent), str(SERVICES / "bob.json"), "57000"]) == 0
    after, others_after = tiers_of(facts, SERVICES / "bob.json")
    assert len(after) == len(before)
    assert {(each.low_price, each.high_price) for each in after} == {(5_700_000, 5_700_000)}
    assert [each.maintenance for each in after] == [each.maintenance for each in before]
    assert others_after == others
    assert (facts / "book.json").read_bytes() == book
    assert read_roots(read_document(facts / ROOTS)) == read_publication(facts).roots


def test_a_document_by_itself_names_its_market_too(facts: Path, tmp_path: Path) -> None:
    position = tmp_path / "position.json"
    position.write_text(json.dumps(json.loads((SERVICES / "bob.json").read_text())["position"]))
    assert run(["sandbox", "price", str(facts.parent), str(position), "58000"]) == 0
    after, _ = tiers_of(facts, SERVICES / "bob.json")
    assert {each.low_price for each in after} == {5_800_000}


@pytest.mark.parametrize(
    ("document", "mark", "reason", "code"),
    [
        ("long-btc.json", "much", "NOT_A_DECIMAL", 3),
        ("iron-condor.json", "57000", "UNKNOWN_FIELD", 3),
        ("proving/request.json", "3000", "UNKNOWN_MARKET", 2),
        ("services/bob.json", "57000.001", "NOT_ON_GRID", 3),
        ("services/bob.json", "much", "NOT_A_DECIMAL", 3),
        ("short-inverse.json", "0", "OUT_OF_BOUNDS", 3),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    facts: Path, document: str, mark: str, reason: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {each.name: each.read_bytes() for each in facts.iterdir()}
    assert run(["sandbox", "price", str(facts.parent), str(REPOSITORY / "examples" / document), mark, "--json"]) == code
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == reason
    assert {each.name: each.read_bytes() for each in facts.iterdir()} == before
