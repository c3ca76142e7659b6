"""What a venue owes is what the rules of margin say of every position, without a digit lost."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.basket import Asset, HaircutTier, Holding
from margin.bounds import COVER_SCALE, FINE_SCALE, MAX_ACCOUNT_AMOUNT, MAX_FUNDING_INDEX
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MarginError, Reason
from margin.policy import PriceRule
from margin.position import MarketState, Position, compute_equity
from margin.solvency import (
    HaircutLine,
    HaircutTerms,
    HeldPosition,
    add_gaps,
    add_owed,
    count_equity,
    count_gap,
    draw_lines,
    find_line,
    first_amount,
    price_debt,
    require_cover,
    value_lot,
    weigh_lot,
)

indices = st.integers(-(10**12), 10**12)
positions = st.builds(
    Position,
    side=st.sampled_from(Side),
    size=st.integers(1, 10**12),
    entry_notional=st.integers(1, 10**18).map(Fraction),
    cash=st.integers(-(10**15), 10**15).map(Fraction),
    funding_index=indices,
)
multipliers, marks = st.integers(1, 10**9), st.integers(1, 10**9)


def refused(act: object, *given_values: object) -> Reason:
    with pytest.raises(MarginError) as caught:
        act(*given_values)  # type: ignore[operator]
    return caught.value.reason


def exact_equity(contract: Contract, position: Position, mark: int, funding_index: int) -> Fraction:
    """The equity of ``margin.position`` with funding that is not rounded."""
    rounded = compute_equity(
        contract, position, MarketState(Fraction(mark), funding_index=funding_index), PriceRule.MID
    )
    moved = position.side.sign * position.size * (funding_index - position.funding_index)
    exact = rounded.total + rounded.funding_owed - Fraction(moved, FINE_SCALE)
    assert 0 <= exact - rounded.total < 1
    return exact


@given(positions, multipliers, marks, indices)
def test_a_linear_position_is_counted_exactly(position: Position, multiplier: int, mark: int, index: int) -> None:
    contract = Contract(ContractKind.LINEAR, multiplier)
    equity = HeldPosition.of(position).equity(contract.kind, weigh_lot(contract, mark, index))
    assert equity == FINE_SCALE * exact_equity(contract, position, mark, index)


@given(positions, st.integers(1, 10**15), marks, indices)
def test_an_inverse_position_is_counted_to_half_a_fine_unit_for_each_lot(
    position: Position, multiplier: int, mark: int, index: int
) -> None:
    contract = Contract(ContractKind.INVERSE, multiplier)
    equity = HeldPosition.of(position).equity(contract.kind, weigh_lot(contract, mark, index))
    exact = FINE_SCALE * exact_equity(contract, position, mark, index)
    assert abs(equity - exact) <= Fraction(position.size, 2)


@given(positions, st.sampled_from(ContractKind), multipliers, marks, indices)
def test_what_longs_gain_shorts_lose(
    position: Position, kind: ContractKind, multiplier: int, mark: int, index: int
) -> None:
    weight = weigh_lot(Contract(kind, multiplier), mark, index)
    one = HeldPosition.of(position)
    other = replace(one, side=one.side.opposite)
    assert one.equity(kind, weight) + other.equity(kind, weight) == 2 * FINE_SCALE * one.cash


@given(st.integers(-(10**30), 10**30))
def test_a_loss_stays_inside_its_fence(equity6: int) -> None:
    assert count_equity(equity6) >= 0 <= count_gap(equity6)
    assert count_equity(equity6) - count_gap(equity6) == equity6


@pytest.mark.parametrize(
    ("multiplier", "mark", "value"),
    [(3, 2, 1_500_000), (1, 3, 333_333), (2, 3, 666_667), (1, 4 * 10**6, 0), (1, 2 * 10**6, 1)],
)
def test_an_inverse_lot_is_valued_to_the_nearest_and_half_upwards(multiplier: int, mark: int, value: int) -> None:
    assert value_lot(Contract(ContractKind.INVERSE, multiplier), mark) == value


def test_a_position_without_lots_holds_its_cash() -> None:
    held = HeldPosition(Side.SHORT, 0, 0, 7, MAX_FUNDING_INDEX)
    assert held.equity(ContractKind.LINEAR, 12345) == 7 * FINE_SCALE


def test_what_a_venue_does_not_owe_is_refused() -> None:
    position = Position(Side.LONG, 1, Fraction(5), Fraction(5))
    assert refused(HeldPosition.of, replace(position, basket=(Holding("ether", 1),))) is Reason.NOT_APPLICABLE
    assert refused(HeldPosition.of, replace(position, cash=Fraction(1, 2))) is Reason.NOT_ON_GRID
    assert refused(HeldPosition.of, replace(position, entry_notional=Fraction(1, 2))) is Reason.NOT_ON_GRID
    assert refused(HeldPosition, Side.LONG, -1, 1, 1, 1) is Reason.OUT_OF_BOUNDS
    assert refused(weigh_lot, Contract(ContractKind.LINEAR, 1), 0, 0) is Reason.OUT_OF_BOUNDS


def test_totals_settle_where_their_markets_do() -> None:
    assert add_owed([5, 0, 1], [7, 8, 9], [2, 0, 2]) == [5 * FINE_SCALE + 8, 0, FINE_SCALE + 16]
    assert add_gaps(3, [7, 8, 9], [2, 0, 2]) == [8, 0, 16]


# --- Debts -------------------------------------------------------------------------------------------

rates = st.lists(st.integers(0, 10**6), min_size=1, max_size=5).map(sorted)


@st.composite
def haircut_tables(draw: st.DrawFn) -> tuple[Fraction, tuple[HaircutTier, ...]]:
    """What a unit is worth, and tiers that rise."""
    levels = draw(rates)
    floors = sorted(draw(st.sets(st.integers(1, 10**15), min_size=len(levels) - 1, max_size=len(levels) - 1)))
    worth = draw(st.fractions(Fraction(1, 10**6), Fraction(10**4), max_denominator=10**6))
    tiers = zip([0, *floors], levels, strict=True)
    return worth, tuple(HaircutTier(Fraction(low), Fraction(rate, 10**6)) for low, rate in tiers)


def lines_of(worth: Fraction, tiers: tuple[HaircutTier, ...]) -> tuple[HaircutLine, ...]:
    """Lines with the add-backs that make the tiers continuous."""
    terms, add_back = [], Fraction(0)
    ceilings = [*(tier.floor for tier in tiers[1:]), None]
    for place, (tier, ceiling) in enumerate(zip(tiers, ceilings, strict=True)):
        if place:
            add_back += tier.floor * (tier.haircut_rate - tiers[place - 1].haircut_rate)
        terms.append(HaircutTerms(tier.haircut_rate, add_back, tier.floor, ceiling))
    return draw_lines(worth, terms)


@given(haircut_tables(), st.integers(0, MAX_ACCOUNT_AMOUNT))
def test_a_balance_covers_what_its_asset_counts_for_and_never_more(
    table: tuple[Fraction, tuple[HaircutTier, ...]], amount: int
) -> None:
    worth, tiers = table
    lines = lines_of(worth, tiers)
    line = find_line(lines, amount)
    exact = exact_cover(worth, tiers, amount)
    assert exact - amount - 1 < line.value(amount) <= exact
    assert floor(Fraction(line.value(amount), COVER_SCALE)) <= Asset(1, 0, worth, tiers).value(amount)
    assert all(line.value(amount) <= other.value(amount) + amount + 1 for other in lines)


def exact_cover(worth: Fraction, tiers: tuple[HaircutTier, ...], amount: int) -> Fraction:
    """Slice by slice, in 1e-12 money units."""
    gross, counted = amount * worth, Fraction(0)
    for place, tier in enumerate(tiers):
        top = gross if place + 1 == len(tiers) else min(gross, tiers[place + 1].floor)
        counted += max(Fraction(0), top - tier.floor) * (1 - tier.haircut_rate)
    return counted * COVER_SCALE


@given(haircut_tables())
def test_every_amount_has_one_line(table: tuple[Fraction, tuple[HaircutTier, ...]]) -> None:
    lines = lines_of(*table)
    assert [line.floor for line in lines] == [0, *(line.ceiling for line in lines[:-1])]
    assert lines[-1].ceiling == MAX_ACCOUNT_AMOUNT + 1
    for line in lines:
        assert find_line(lines, line.floor) is find_line(lines, line.ceiling - 1) is line


@given(st.fractions(Fraction(1, 10**9), Fraction(10**6)), st.integers(0, 10**9))
def test_the_first_amount_above_a_value_is_the_first(worth: Fraction, value: int) -> None:
    first = first_amount(worth, Fraction(value))
    assert (first * worth > value and (first - 1) * worth <= value) if value else first == 0


@given(st.fractions(Fraction(1, 10**20), Fraction(10**6)))
def test_a_debt_never_costs_nothing(worth: Fraction) -> None:
    price = price_debt(worth)
    assert price >= worth * COVER_SCALE > price - 1 >= 0


def test_tiers_in_which_no_amount_lies_are_left_out() -> None:
    dear = Fraction(10**20)
    terms = [
        HaircutTerms(Fraction(0), Fraction(0), Fraction(0), Fraction(5)),
        HaircutTerms(Fraction(1), Fraction(5), Fraction(5), None),
    ]
    assert [(line.floor, line.ceiling) for line in draw_lines(Fraction(1, 2), terms)] == [(0, 11), (11, 2**64)]
    assert [(line.floor, line.ceiling) for line in draw_lines(Fraction(10), terms)] == [(0, 1), (1, 2**64)]
    assert [line.ceiling for line in draw_lines(Fraction(1, 2**64), terms)] == [2**64]
    assert refused(draw_lines, dear, terms) is Reason.OUT_OF_BOUNDS


def test_cover_is_compared_to_the_last_digit() -> None:
    require_cover(5, 5)
    assert refused(require_cover, 4, 5) is Reason.INSUFFICIENT_MARGIN
    line = HaircutLine(3, 4, 5, 6)
    assert refused(find_line, [line], 6) is Reason.OUTSIDE_TABLE
    assert refused(find_line, [line], 4) is Reason.OUTSIDE_TABLE
    for bad in ((-1, 0, 0, 1), (2**96, 0, 0, 1), (0, 2**160, 0, 1), (0, 0, 1, 1), (0, 0, 0, 2**64 + 1)):
        assert refused(HaircutLine, *bad) is Reason.OUT_OF_BOUNDS
