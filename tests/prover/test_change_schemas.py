"""The schemas of changes and what reads them say the same, of good documents and of bad ones."""

from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from facts.deleverage import StatedDeleverage
from facts.demand import Demand, read_demand
from facts.demand_document import render_demand
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.transition import Flows, StatedTransition
from margin.deleverage import PnlBasis
from margin.documents.reading import parse_json
from margin.errors import MarginError
from prover.deleverage import read_deleverage
from prover.liquidation import read_liquidation
from prover.transition_document import read_changes
from tests.prover.proofs import document
from tests.prover.test_request import OTHERS, SCHEMA, read_schema
from tests.prover.test_transition import demand
from tests.prover.test_venue_documents import at, opening_of, venue

Content = dict[str, Any]
DOCUMENTS = {kind: read_schema("prover", f"{kind}.schema.json") for kind in ("transition", "liquidation", "deleverage")}
SCHEMAS = (*OTHERS, SCHEMA, *DOCUMENTS.values())
REGISTRY: Registry[Any] = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in SCHEMAS)
DEMAND_SCHEMA = read_schema("facts", "demand.schema.json")

CHANGES: list[Content] = [
    {"position": "one", "change": "top_up", "amount": "1"},
    {"position": "one", "change": "withdraw", "amount": "0.5"},
    {"position": "one", "change": "settle"},
    {"position": "one", "change": "increase", "size": "1"},
    {"position": "one", "change": "increase", "size": "1", "amount": "5"},
    {"position": "one", "change": "close", "size": "1", "amount": "5", "fee": "0"},
    {"position": "one", "change": "close_all"},
    {"position": "one", "change": "close_all", "fee": "1"},
    {"position": "one", "change": "open", "document": document()},
    {"position": "one", "change": "move", "to": "two", "amount": "1"},
]
NO_CHANGES: list[Content] = [
    {},
    {"position": "one"},
    {"change": "settle"},
    {"position": "one", "change": "give"},
    {"position": "one", "change": "settle", "amount": "1"},
    {"position": "one", "change": "top_up", "amount": 1},
    {"position": "one", "change": "increase", "amount": "1"},
    {"position": "one", "change": "move", "to": "", "amount": "1"},
    {"position": "", "change": "settle"},
]


def accepts(kind: str, content: object) -> bool:
    return not list(Draft202012Validator(DOCUMENTS[kind], registry=REGISTRY).iter_errors(content))


@pytest.mark.parametrize("schema", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_the_schemas_are_such(schema: Content) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(map(str, [*change][1:])))
def test_changes_are_read_and_described(change: Content) -> None:
    content = {"format": "ringfence.transition/1", "changes": [change]}
    assert accepts("transition", content)
    assert len(read_changes(content)) == 1


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_is_no_change_is_none_for_both(change: Content) -> None:
    content = {"changes": [change]}
    assert not accepts("transition", content)
    with pytest.raises(MarginError):
        read_changes(content)


def test_documents_of_a_venue_are_read_and_described() -> None:
    kept, _ = venue(one=at("54200", cash="6000"), two=at("54200", side="short", cash="6000"))
    opening = opening_of(kept["one"])
    liquidation: Content = {
        "format": "ringfence.liquidation/1",
        "position": parse_json(kept["one"].document),
        "opening": opening,
        "size": "0.5",
        "price": "54000",
        "basket": "1",
        "closing_fee": False,
    }
    assert accepts("liquidation", liquidation)
    read_liquidation(liquidation)
    queue = [{"opening": opening_of(kept["two"]), "basket": "7"}]
    deleverage: Content = {"basis": "mark", "bankrupt": {"opening": opening}, "queue": queue}
    assert accepts("deleverage", deleverage)
    read_deleverage(deleverage)
    for kind, good in (("liquidation", liquidation), ("deleverage", deleverage)):
        for name in good.keys() - {"format"}:
            for value in (7, None):
                bad = deepcopy(good)
                bad[name] = value
                if value is None:
                    bad["unknown"] = bad.pop(name)
                assert not accepts(kind, bad), (kind, name)
                with pytest.raises(MarginError):
                    read_liquidation(bad) if kind == "liquidation" else read_deleverage(bad)


STATED: list[StatedTransition | StatedLiquidation | StatedDeleverage] = [
    StatedTransition((1, 2), Flows(840, 1, 2, 3, -4)),
    StatedLiquidation(1, LiquidationFlows(840, 1, 2, -3, 4, 5, 6, 7)),
    StatedDeleverage(PnlBasis.MARK, 1, (2, 3)),
]


@pytest.mark.parametrize("stated", STATED, ids=lambda stated: type(stated).__name__)
def test_what_is_stated_is_read_as_it_was_written(
    stated: StatedTransition | StatedLiquidation | StatedDeleverage,
) -> None:
    place = demand()
    said = Demand(stated, place.domain, place.binding)
    content: Content = parse_json(render_demand(said))  # type: ignore[assignment] # an object
    validator = Draft202012Validator(DEMAND_SCHEMA, registry=REGISTRY)
    assert not list(validator.iter_errors(content))
    assert read_demand(content) == said
    table = next(name for name in ("transition", "liquidation", "deleverage") if name in content)
    for name in content[table]:
        bad = deepcopy(content)
        bad[table]["strange"] = bad[table].pop(name)
        assert list(validator.iter_errors(bad))
        with pytest.raises(MarginError):
            read_demand(bad)
    both = {**content, "release": {"asset": "x", "amount": "1"}}
    assert list(validator.iter_errors(both))
    with pytest.raises(MarginError):
        read_demand(both)
