"""What a trader asks for: reader and schema agree, and what can't be committed whole is rounded against them."""

import json
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from circuits.catalogue import list_circuits
from circuits.statement import Statement
from margin.documents.reading import read_document
from margin.errors import MarginError
from margin.evaluation import evaluate_position
from margin.requirement import RequirementKind
from prover.perpetual import Perpetual
from prover.request import DEVELOPMENT_CHAIN, read_request, read_request_file
from prover.rules import describe_rule
from tests.circuits.laboratory.outline import record_outline

EXAMPLES = Path(__file__).parents[2] / "examples"
Content = dict[str, Any]


def read_schema(package: str, name: str) -> Content:
    content: Content = json.loads((resources.files(package) / name).read_text(encoding="utf-8"))
    return content


SCHEMA = read_schema("prover", "request.schema.json")
OTHERS = [
    read_schema("margin.documents", "policy.schema.json"),
    *(read_schema("margin.documents", f"{kind}.schema.json") for kind in ("position", "structure", "netting")),
    read_schema("facts", "demand.schema.json"),
]
REGISTRY: Registry[Any] = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in OTHERS)
VALIDATOR = Draft202012Validator(SCHEMA, registry=REGISTRY)
PROVING = EXAMPLES / "proving"
REQUEST: Content = json.loads((PROVING / "request.json").read_text(encoding="utf-8"))

BOTH: list[tuple[list[str], object]] = [
    (["position"], None),
    (["position"], 7),
    (["position", "position", "size"], 10),
    (["name"], ""),
    (["nickname"], "x"),
    (["market_id"], 0),
    (["market_id"], 2**20),
    (["market_id"], "7"),
    (["currency_id"], 2**12),
    (["locks", "WBTC", "chain_id"], 0),
    (["locks", "WBTC", "chain_id"], None),
    (["locks", "WBTC", "asset"], None),
    (["locks", "WBTC", "amount"], "1"),
    (["locks"], []),
    (["demand"], 7),
    (["expires"], "2026-12-25"),
    (["demand"], {}),
]
READER: list[tuple[list[str], object]] = [
    (["locks", "WETH"], {"chain_id": 1, "asset": "x"}),
    (["position"], "nowhere.json"),
    (["expires"], "2026-12-25T08:00:00Z"),
    (["demand"], "nowhere.toml"),
]


def altered(path: list[str], value: object) -> Content:
    content = deepcopy(REQUEST)
    *parents, last = path
    place = content
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert not list(VALIDATOR.iter_errors(REQUEST))
    for name, field in SCHEMA["properties"].items():
        assert "description" in field or "$ref" in field, name


@pytest.mark.parametrize(("path", "value"), BOTH)
def test_schema_and_reader_refuse_the_same(path: list[str], value: object) -> None:
    content = altered(path, value)
    assert list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_request(content, PROVING)


@pytest.mark.parametrize(("path", "value"), READER)
def test_the_reader_refuses_what_no_schema_can_say(path: list[str], value: object) -> None:
    content = altered(path, value)
    assert not list(VALIDATOR.iter_errors(content))
    with pytest.raises(MarginError):
        read_request(content, PROVING)


def test_a_request_is_read() -> None:
    request = read_request_file(PROVING / "request.json")
    assert request.name == "hedge"
    assert request.place_of("WBTC").chain_id == 1
    assert request.demand is not None
    assert request.demand.margin_policy.shock_ppm == 20_000
    numbered = read_request({**REQUEST, "market_id": 7, "currency_id": 9}, PROVING).subject
    assert isinstance(numbered, Perpetual)
    assert (numbered.market_id, numbered.currency_id) == (7, 9)


def read_perpetual(path: Path) -> Perpetual:
    subject = read_request_file(path).subject
    assert isinstance(subject, Perpetual)
    return subject


def test_a_position_by_itself_is_a_request() -> None:
    request = read_request_file(EXAMPLES / "basket.json")
    assert request.name == "a short backed by a basket"
    assert request.demand is None
    assert request.place_of("WBTC").chain_id == DEVELOPMENT_CHAIN


def test_names_give_the_same_numbers_everywhere() -> None:
    one, two = (read_perpetual(EXAMPLES / name) for name in ("long-btc.json", "leveraged-btc.json"))
    assert (one.market_id, one.currency_id) == (two.market_id, two.currency_id)
    assert one.market_id != read_perpetual(EXAMPLES / "short-inverse.json").market_id


@pytest.mark.parametrize("price", ["50001", "49999.5", "33333"])
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("name", ["short-inverse.json", "long-btc.json"])
def test_what_is_committed_is_whole_and_never_better(name: str, side: str, price: str) -> None:
    content: Any = read_document(EXAMPLES / name)
    content["position"] |= {"side": side, "entry_price": price, "leverage": "7"}
    subject = Perpetual.read(content, EXAMPLES, None, None)
    assert subject.position.entry_notional.denominator == subject.position.cash.denominator == 1
    policy, state = subject.document.market.policy, subject.document.state
    whole, exact = (evaluate_position(policy, each, state) for each in (subject.position, subject.document.position))
    assert Fraction(0) <= exact.equity.total - whole.equity.total < 2
    assert whole.excess(RequirementKind.MAINTENANCE) <= exact.excess(RequirementKind.MAINTENANCE)


def shorten(statement: Statement) -> Statement:
    """As few as there can be of everything that there are many of, all of which have the same rules."""
    least = {"book_levels": 1, "market_levels": 2, "lock_levels": 3, "entries": 2}
    least |= dict.fromkeys(("accounts", "levels", "markets", "assets"), 1)
    return replace(statement, **{name: few for name, few in least.items() if name in statement.shape})  # type: ignore[type-var]  # every statement is a dataclass


def test_every_rule_has_words() -> None:
    statements = set(map(shorten, list_circuits().values()))
    rules = {step.rule for statement in statements for step in record_outline(statement).steps if step.rule}
    for rule in rules:
        assert "_" not in describe_rule(rule)
    assert describe_rule("lock[0].asset_tier.rate_fits_100_bits") == "rate is within its range (lock[0], asset tier)"
