"""A policy that follows volatility: tightened by the series, loosened slowly, refused without it."""

from fractions import Fraction
from typing import Any

import pytest

from margin.documents.position_document import PositionDocument, read_position
from margin.documents.published import load_policy
from margin.errors import MarginError, Reason
from margin.evaluation import evaluate_position

CALM = ["20000", "20000", "20000"]
WILD = ["20000", "22000", "20000"]


def read(volatility: dict[str, Any] | None, **prices: Any) -> PositionDocument:  # noqa: ANN401 - a document
    market: dict[str, Any] = {
        "kind": "linear",
        "basis": "mark",
        "tier_rule": "marginal",
        "initial_rule": "step",
        "tiers": [
            {"floor": "0", "max_leverage": "50", "maintenance": "1%"},
            {"floor": "10000", "max_leverage": "20", "maintenance": "3%"},
        ],
    }
    if volatility is not None:
        market["volatility"] = volatility
    position = {"side": "long", "size": "1", "entry_price": "20000", "cash": "9000"}
    return read_position({"market": market, "position": position, "prices": {"mark": "20000", **prices}}, load_policy)


def maintenance(document: PositionDocument) -> Fraction:
    evaluation = evaluate_position(document.market.policy, document.position, document.state)
    return evaluation.maintenance.total * document.market.units.money_unit


def test_a_calm_series_leaves_the_table() -> None:
    assert maintenance(read({"multiple": "3"}, history=CALM)) == maintenance(read(None)) == 400


def test_a_wild_series_raises_every_tier() -> None:
    document = read({"multiple": "3"}, history=WILD)
    assert document.volatility_rate is not None
    assert document.volatility_rate > Fraction(28, 100)
    assert maintenance(document) == document.volatility_rate * 20_000


def test_a_rate_in_force_loosens_slowly() -> None:
    document = read({"multiple": "3", "loosening": "0.5%"}, history=CALM, rate_in_force="12%")
    assert document.volatility_rate == Fraction(115, 1000)


@pytest.mark.parametrize(
    ("volatility", "prices", "reason", "field"),
    [
        ({"multiple": "3"}, {}, Reason.MISSING_PRICE, "prices.history"),
        (None, {"history": WILD}, Reason.CONFLICTING_FIELDS, "prices.history"),
        ({"multiple": "3"}, {"history": ["20000"]}, Reason.WRONG_COUNT, "prices.history"),
        ({"multiple": "3"}, {"history": ["20000", "0"]}, Reason.OUT_OF_BOUNDS, "prices.history[1]"),
        ({"multiple": "3"}, {"history": ["20000", "1.001"]}, Reason.NOT_ON_GRID, "prices.history[1]"),
        ({"multiple": "-1"}, {"history": WILD}, Reason.OUT_OF_BOUNDS, "market.volatility.multiple"),
        ({"multiple": "1", "loosening": "0"}, {"history": WILD}, Reason.OUT_OF_BOUNDS, "market.volatility.loosening"),
    ],
)
def test_what_does_not_fit_is_refused(
    volatility: dict[str, Any] | None, prices: dict[str, Any], reason: Reason, field: str
) -> None:
    with pytest.raises(MarginError) as refused:
        read(volatility, **prices)
    assert (refused.value.reason, refused.value.field) == (reason, field)
