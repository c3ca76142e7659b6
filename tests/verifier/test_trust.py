"""The document of whom a verifier believes, and of committees: every key, and nothing beside them."""

import json
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from facts.asset import name_asset
from facts.committee_document import describe_committee, read_committee
from margin.documents.reading import parse_toml, read_document
from margin.errors import MarginError, Reason
from margin.policy import PriceRule
from tests.facts.refusals import refused
from tests.facts.specimens import GOVERNANCE, ORACLE, REPORTERS, committee_of
from verifier.freshness import AgeLimit
from verifier.trust import read_trust

Content = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "examples" / "registry"
TRUST: Any = read_document(EXAMPLES / "trust.toml")
COMMITTEE: Any = read_document(EXAMPLES / "oracle.toml")


def schema_of(package: str, name: str) -> Content:
    content: Content = json.loads((resources.files(package) / name).read_text(encoding="utf-8"))
    return content


SCHEMAS = [
    schema_of("margin.documents", "policy.schema.json"),
    schema_of("facts", "committee.schema.json"),
    schema_of("verifier", "trust.schema.json"),
]
KNOWN: Registry[Any] = Registry().with_resources([(each["$id"], Resource.from_contents(each)) for each in SCHEMAS])
OF_COMMITTEES, OF_TRUST = (Draft202012Validator(each, registry=KNOWN) for each in SCHEMAS[1:])

Path_ = tuple[str | int, ...]


def altered(content: Any, path: Path_, value: object) -> Content:  # noqa: ANN401 - a document
    changed: Content = deepcopy(content)
    place: Any = changed
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def test_the_example_is_read_as_it_is_meant() -> None:
    trust = read_trust(TRUST)
    assert not list(OF_TRUST.iter_errors(TRUST))
    assert (trust.venue, trust.oracle) == ("venue.example", "prices.example")
    assert trust.book_limit == AgeLimit(3600, 5)
    assert trust.rules["market:BTC-USD"].max_deviation_ppm == 50_000
    assert {chain.chain_id: chain.slot for chain in trust.chains.values()} == {1: 0, 8453: 1}
    assert trust.chains[8453].limit == AgeLimit(300, 15)
    assert trust.listings.markets[1].price_rule is PriceRule.ADVERSE
    assert trust.listings.assets[name_asset("eip155:1/slip44:60"), 1].feed == "asset:ETH-USD"
    assert trust.roster.governance == "governance.example"


def test_a_committee_is_written_as_it_is_read() -> None:
    following = committee_of(ORACLE.purpose, ORACLE.scope, REPORTERS, 3, 4, after=ORACLE, active_from=2_000_000_000)
    for committee in (GOVERNANCE, ORACLE, following, read_committee(COMMITTEE)):
        content = describe_committee(committee)
        assert not list(OF_COMMITTEES.iter_errors(content))
        assert read_committee(json.loads(json.dumps(content))) == committee


BAD_COMMITTEES: list[tuple[Path_, object]] = [
    (("purpose",), "nobody"),
    (("scope",), "with a space"),
    (("scope",), None),
    (("threshold",), "2"),
    (("threshold",), True),
    (("quorum",), 65),
    (("epoch",), 0),
    (("predecessor",), "00"),
    (("active_from",), None),
    (("members",), []),
    (("members", 0, "key"), "AB" * 32),
    (("members", 0, "key"), None),
    (("members", 0, "valid_from"), 5),
    (("members", 0, "name"), "somebody"),
    (("extra",), 1),
    (("format",), "ringfence.committee/2"),
]
BAD_TRUST: list[tuple[Path_, object]] = [
    (("format",), None),
    (("format",), "ringfence.trust/2"),
    (("governance",), None),
    (("governance", "digest"), None),
    (("governance", "committee", "threshold"), None),
    (("book",), None),
    (("book", "venue"), None),
    (("book", "max_age_seconds"), None),
    (("book", "max_age_seconds"), -1),
    (("book", "max_age"), 5),
    (("market", "oracle"), ""),
    (("feeds",), None),
    (("feeds",), []),
    *(
        ((("feeds", 0, name), None))
        for name in ("name", "max_age_seconds", "max_confidence", "max_deviation", "max_spread")
    ),
    (("feeds", 0, "max_spread"), 0.5),
    (("feeds", 0, "tick"), "0.01"),
    (("chains", 0, "slot"), 64),
    (("chains", 0, "chain_id"), 0),
    (("chains", 0, "max_age_seconds"), None),
    (("markets", 0, "price_rule"), None),
    (("markets", 0, "price_rule"), "best"),
    (("markets", 0, "market_id"), 0),
    (("assets", 0, "unit_value"), 1),
    (("assets", 0, "currency_id"), None),
    (("watchers",), []),
]


@pytest.mark.parametrize(("path", "value"), BAD_COMMITTEES, ids=str)
def test_a_committee_that_says_too_little_or_too_much_is_refused(path: Path_, value: object) -> None:
    content = altered(COMMITTEE, path, value)
    assert list(OF_COMMITTEES.iter_errors(content))
    with pytest.raises(MarginError):
        read_committee(content)


@pytest.mark.parametrize(("path", "value"), BAD_TRUST, ids=str)
def test_trust_that_says_too_little_or_too_much_is_refused(path: Path_, value: object) -> None:
    content = altered(TRUST, path, value)
    assert list(OF_TRUST.iter_errors(content))
    with pytest.raises(MarginError):
        read_trust(content)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("governance", "digest"), "ab" * 32, Reason.WRONG_COMMITTEE),
        (("governance", "committee", "purpose"), "oracle", Reason.NOT_APPLICABLE),
        (("governance", "committee", "threshold"), 1, Reason.OUT_OF_BOUNDS),
        (("feeds", 1, "name"), "market:BTC-USD", Reason.DUPLICATE_FIELD),
        (("chains", 1, "slot"), 0, Reason.DUPLICATE_FIELD),
        (("chains", 1, "chain_id"), 1, Reason.DUPLICATE_FIELD),
        (("markets", 0, "feed"), "market:XRP-USD", Reason.UNKNOWN_FEED),
        (("assets", 0, "feed"), "asset:XRP-USD", Reason.UNKNOWN_FEED),
        (("assets", 0, "unit_value"), "0", Reason.OUT_OF_BOUNDS),
        (("feeds", 0, "max_spread"), "0.00001%", Reason.NOT_ON_GRID),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused(path: Path_, value: object, reason: Reason) -> None:
    assert refused(read_trust, altered(TRUST, path, value))[0] is reason


def test_one_market_and_one_asset_are_listed_once() -> None:
    for name in ("markets", "assets"):
        twice = altered(TRUST, (name,), TRUST[name] + TRUST[name][:1])
        assert refused(read_trust, twice)[0] is Reason.DUPLICATE_FIELD


def test_a_key_that_stands_twice_is_refused() -> None:
    text = (EXAMPLES / "trust.toml").read_text().replace("slot = 0", "slot = 0\nslot = 1")
    assert refused(parse_toml, text.encode())[0] is Reason.NOT_READABLE
