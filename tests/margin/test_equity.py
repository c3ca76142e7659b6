"""Equity and its parts: profit by kind and side, funding, baskets; each rounded against the trader."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.basket import Asset, HaircutTier, Holding, basket_value
from margin.bounds import MAX_FUNDING_INDEX, MAX_MONEY, MAX_SIZE
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, Reason
from margin.funding import funding_owed, index_step
from margin.policy import PriceRule
from margin.position import MarketState, Position, compute_equity

LINEAR, INVERSE = Contract(ContractKind.LINEAR, 100), Contract(ContractKind.INVERSE, 10**8)
sides = st.sampled_from(Side)
prices = st.integers(1, 10**6).map(Fraction)
indices = st.integers(-MAX_FUNDING_INDEX, MAX_FUNDING_INDEX)


@given(st.sampled_from([LINEAR, INVERSE]), st.integers(1, 10**6), prices, prices)
def test_what_a_long_gains_a_short_loses(contract: Contract, size: int, entry: Fraction, exit_price: Fraction) -> None:
    opened, now = contract.notional(size, entry), contract.notional(size, exit_price)
    long, short = (contract.pnl(side, opened, now) for side in (Side.LONG, Side.SHORT))
    assert long == -short
    assert (long > 0) == (exit_price > entry)


@given(prices)
def test_a_lot_value_gives_its_price_back(price: Fraction) -> None:
    for contract in (LINEAR, INVERSE):
        assert contract.price_of_lot_value(contract.lot_value(price)) == price


def test_a_notional_beyond_the_bound_is_refused() -> None:
    with pytest.raises(MalformedError) as refused:
        Contract(ContractKind.LINEAR, 2**64 - 1).notional(MAX_SIZE, Fraction(2))
    assert (refused.value.reason, refused.value.field) == (Reason.OUT_OF_BOUNDS, "notional")


@given(st.integers(1, MAX_SIZE), indices, indices)
def test_funding_never_gains_from_rounding(size: int, before: int, now: int) -> None:
    long, short = (funding_owed(side, size, before, now) for side in (Side.LONG, Side.SHORT))
    exact = Fraction(size * (now - before), 10**6)
    assert 0 <= long - exact < 1
    assert 0 <= short + exact < 1
    assert long + short in {0, 1}


@given(st.integers(1, MAX_SIZE), indices, indices, indices)
def test_settling_in_two_steps_never_owes_less(size: int, first: int, second: int, third: int) -> None:
    for side in Side:
        steps = funding_owed(side, size, first, second) + funding_owed(side, size, second, third)
        assert 0 <= steps - funding_owed(side, size, first, third) <= 1


@given(st.sampled_from([LINEAR, INVERSE]), prices, st.fractions(-1, 1))
def test_a_funding_step_charges_at_least_the_rate(contract: Contract, mark: Fraction, rate: Fraction) -> None:
    exact = contract.lot_value(mark) * rate * 10**6
    step = index_step(contract, mark, rate)
    assert abs(step) >= abs(exact)
    assert abs(step - exact) < 1


ASSET = Asset(
    price=2000,
    confidence=10,
    unit_value=Fraction(1, 100),
    haircuts=(HaircutTier(Fraction(0), Fraction(1, 10)), HaircutTier(Fraction(1000), Fraction(1, 2))),
)


def test_a_holding_is_valued_slice_by_slice_at_the_low_end() -> None:
    assert ASSET.value(10) == 179  # 10 * 1990 / 100 = 199, less a tenth, rounded down
    assert ASSET.value(100) == 900 + 495  # 1990: 1000 at 90 %, 990 at 50 %


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_is_never_worth_less_and_two_holdings_never_more_than_their_sum(one: int, other: int) -> None:
    assert ASSET.value(one + other) >= ASSET.value(one)
    apart = basket_value((Holding("A", one), Holding("A", other)), {"A": ASSET})
    assert ASSET.value(one + other) <= apart + 1


def test_a_basket_names_what_it_misses() -> None:
    with pytest.raises(MalformedError) as refused:
        basket_value((Holding("A", 1), Holding("B", 1)), {"A": ASSET})
    assert (refused.value.reason, refused.value.field) == (Reason.MISSING_PRICE, "basket[1].asset")
    with pytest.raises(MalformedError):
        basket_value((Holding("A", 1),) * 5, {"A": ASSET})


@given(sides, st.integers(1, 1000), st.integers(-1000, 1000), st.integers(0, 99))
def test_equity_is_the_sum_of_its_parts_at_the_price_of_its_side(side: Side, size: int, cash: int, doubt: int) -> None:
    position = Position(side, size, Fraction(size * 100 * 100), Fraction(cash), basket=(Holding("A", 7),))
    market = MarketState(Fraction(100), Fraction(doubt), 10**6, {"A": ASSET})
    equity = compute_equity(LINEAR, position, market, PriceRule.ADVERSE)
    assert equity.pnl == -doubt * size * 100
    assert equity.total == cash + ASSET.value(7) + equity.pnl - side.sign * size


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0),
        ("size", MAX_SIZE + 1),
        ("size", True),
        ("entry_notional", Fraction(0)),
        ("entry_notional", Fraction(-1)),
        ("cash", Fraction(MAX_MONEY + 1)),
        ("funding_index", MAX_FUNDING_INDEX + 1),
        ("leverage", Fraction(1, 2)),
        ("leverage", Fraction(1001)),
    ],
)
def test_a_position_beyond_the_bounds_is_refused(field: str, value: object) -> None:
    good: dict[str, object] = {"size": 1, "entry_notional": Fraction(1), "cash": Fraction(0)}
    with pytest.raises(MalformedError) as refused:
        Position(side=Side.LONG, **{**good, field: value})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_market_beyond_the_bounds_is_refused() -> None:
    for wrong in ((Fraction(0),), (Fraction(2**64),), (Fraction(1), Fraction(-1))):
        with pytest.raises(MalformedError):
            MarketState(*wrong)
    doubtful = MarketState(Fraction(10), Fraction(10))
    with pytest.raises(MalformedError):
        doubtful.price_for(Side.LONG, PriceRule.ADVERSE)
    assert doubtful.price_for(Side.SHORT, PriceRule.ADVERSE) == Fraction(20)
