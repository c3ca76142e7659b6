"""A portfolio has one body: instruments by rising number, each once."""

import pytest

from facts.portfolio import PortfolioBody, PortfolioHolding
from margin.bounds import MAX_INSTRUMENTS
from margin.errors import Reason
from tests.facts.refusals import refused

ONE, TWO = PortfolioHolding(1, 5), PortfolioHolding(2, -7)


def test_places_without_a_holding_name_the_last_instrument() -> None:
    slots = PortfolioBody((ONE, TWO)).slots
    assert slots[:2] == (ONE.parts, TWO.parts)
    assert slots[2:] == ({"instrument_id": 2, "lots": 0, "side": 0},) * (MAX_INSTRUMENTS - 2)


def test_every_number_of_a_portfolio_counts() -> None:
    bodies = [
        PortfolioBody((ONE, TWO)),
        PortfolioBody((ONE,)),
        PortfolioBody((ONE, PortfolioHolding(2, 7))),
        PortfolioBody((ONE, PortfolioHolding(2, -8))),
        PortfolioBody((ONE, PortfolioHolding(3, -7))),
        PortfolioBody(tuple(PortfolioHolding(number, 1) for number in range(1, MAX_INSTRUMENTS + 1))),
    ]
    assert len({body.encode() for body in bodies}) == len(bodies)


@pytest.mark.parametrize("second", [PortfolioHolding(1, 9), PortfolioHolding(1, -5)])
def test_an_instrument_stands_once(second: PortfolioHolding) -> None:
    assert refused(PortfolioBody, (ONE, second)) == (Reason.DUPLICATE_FIELD, "holdings[1].instrument_id")
    assert refused(PortfolioBody, (TWO, ONE)) == (Reason.DUPLICATE_FIELD, "holdings[1].instrument_id")


@pytest.mark.parametrize(
    ("number", "lots", "field"),
    [(0, 1, "instrument_id"), (2**20, 1, "instrument_id"), (1, 0, "lots"), (1, 2**64, "lots")],
)
def test_the_bounds_of_a_holding(number: int, lots: int, field: str) -> None:
    assert refused(PortfolioHolding, number, lots) == (Reason.OUT_OF_BOUNDS, field)


def test_the_bounds_of_a_portfolio() -> None:
    assert refused(PortfolioBody, ()) == (Reason.WRONG_COUNT, "holdings")
    too_many = tuple(PortfolioHolding(number, 1) for number in range(1, MAX_INSTRUMENTS + 2))
    assert refused(PortfolioBody, too_many) == (Reason.WRONG_COUNT, "holdings")
