"""What a venue proves from its own documents: a position that it reduced, lots that it took in the order of a queue."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.statements.deleverage import Deleverage
from circuits.statements.liquidation import Liquidation
from facts.commitments import commit_position
from facts.demand import read_demand
from facts.demand_document import render_demand
from facts.position_opening import PositionOpening, read_opening
from margin.documents.reading import parse_json
from margin.errors import MarginError, Reason, RejectedError
from prover.deleverage import plan_deleverage, read_deleverage
from prover.development import commit_for_development
from prover.liquidation import LiquidationPlan, plan_for, read_liquidation
from prover.publication import Publication
from prover.request import read_request
from prover.succession import find_standing, learn
from prover.wallet import KeptPosition, Secrets, Standing
from tests.prover.proofs import document
from tests.prover.test_transition import WHERE, demand

OWNER = Secrets()


def venue(**positions: Mapping[str, object]) -> tuple[dict[str, KeptPosition], Publication]:
    """Positions of a book, at the prices of the last document."""
    kept, published = dict[str, KeptPosition](), Publication(list(range(1, 20)))
    for name, content in positions.items():
        text = json.dumps(content)
        made, published = commit_for_development(read_request(parse_json(text), None), OWNER, published, demand())
        kept[name] = replace(made, document=text)
    return kept, published


def at(mark: str, **position: object) -> dict[str, Any]:
    content = document(**position)
    content["prices"] = {"mark": mark}
    return content


def opening_of(kept: KeptPosition) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PositionOpening.of(kept.committed).render())
    return found


def liquidate(kept: KeptPosition, published: Publication, **more: object) -> LiquidationPlan:
    content = {"format": "ringfence.liquidation/1", "position": json.loads(kept.document), "opening": opening_of(kept)}
    return plan_for(read_liquidation({**content, **more}), published, WHERE)


def test_a_breached_position_is_closed_as_its_policy_plans() -> None:
    kept, published = venue(one=at("54200", cash="6000"))
    plan = liquidate(kept["one"], published)
    Liquidation().define(Builder(IntegerEngine(plan.inputs)))
    stated = plan.witness.stated()
    assert read_demand(parse_json(render_demand(plan.demand))) == plan.demand
    told = read_opening(parse_json(plan.opening.render()))
    assert told == plan.opening
    assert told.leaf == stated.leaf
    plan.book_change.require_applied(plan.witness.public_inputs().nullifiers, (stated.leaf,))
    after = Publication(plan.book_change.succeed(published.leaves), published.facts)
    found = find_standing(learn(kept["one"], told), after)
    assert found.standing in {Standing.CHANGED, Standing.CLOSED}
    if found.standing is Standing.CHANGED:
        assert commit_position(found.committed) == stated.leaf


def test_a_position_that_is_not_breached_is_not_liquidated() -> None:
    kept, published = venue(one=at("60000", cash="6000"))
    with pytest.raises(RejectedError) as error:
        liquidate(kept["one"], published)
    assert error.value.reason is Reason.NOT_LIQUIDATABLE


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"price": "60000"}, Reason.OUT_OF_BOUNDS),
        ({"price": "54100.001"}, Reason.NOT_ON_GRID),
        ({"size": "2"}, Reason.OUT_OF_BOUNDS),
        ({"size": "-1"}, Reason.OUT_OF_BOUNDS),
        ({"basket": "0.0000001"}, Reason.NOT_ON_GRID),
        ({"strange": "1"}, Reason.UNKNOWN_FIELD),
        ({"format": "ringfence.liquidation/2"}, Reason.NOT_A_CHOICE),
        ({"position": "long-btc.json"}, Reason.NOT_AN_OBJECT),
    ],
)
def test_documents_of_no_liquidation(more: dict[str, object], reason: Reason) -> None:
    kept, published = venue(one=at("54200", cash="6000"))
    with pytest.raises(MarginError) as error:
        liquidate(kept["one"], published, **more)
    assert error.value.reason is reason


def test_what_a_venue_told_of_another_position_is_not_learnt() -> None:
    kept, _ = venue(one=at("60000", cash="6000"), two=at("60000", cash="7000"))
    with pytest.raises(MarginError) as error:
        learn(kept["one"], PositionOpening.of(kept["two"].committed))
    assert error.value.reason is Reason.WRONG_POSITION
    told = replace(PositionOpening.of(kept["one"].committed), salt=7)
    once = learn(kept["one"], told)
    assert learn(once, told) == once
    assert len(once.successors) == 1


def test_lots_are_taken_from_the_front() -> None:
    """Shorts in profit, the better one first, against a long that is bankrupt."""
    kept, published = venue(
        first=at("50000", side="short", entry_price="70000", cash="7000", size="0.6"),
        second=at("50000", side="short", entry_price="60000", cash="30000", size="1"),
        bankrupt=at("50000", cash="6000", size="1"),
    )
    content: dict[str, Any] = {
        "format": "ringfence.deleverage/1",
        "basis": "entry",
        "bankrupt": {"opening": opening_of(kept["bankrupt"])},
        "queue": [{"opening": opening_of(kept[name])} for name in ("first", "second")],
    }
    statement = Deleverage(entries=3)
    plan = plan_deleverage(read_deleverage(content), statement, published, WHERE)
    statement.define(Builder(IntegerEngine(plan.inputs)))
    assert [one.taken for one in plan.witness.queue] == [600, 400, 0]
    assert read_demand(parse_json(render_demand(plan.demand))) == plan.demand
    with pytest.raises(MarginError):
        plan_deleverage(read_deleverage({**content, "queue": content["queue"][:1]}), statement, published, WHERE)
    with pytest.raises(MarginError):
        plan_deleverage(read_deleverage({**content, "queue": content["queue"] * 2}), statement, published, WHERE)


def test_nothing_of_a_plan_is_shown() -> None:
    kept, published = venue(one=at("54200", cash="6000"))
    plan = liquidate(kept["one"], published)
    told = repr(plan) + repr(plan.opening) + repr(plan.book_change)
    assert str(plan.witness.salt) not in told
    assert str(kept["one"].committed.body) not in told
