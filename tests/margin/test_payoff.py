"""Payoffs at expiry: closed-form extremes and roots against brute force, and the names of structures."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.payoff import (
    Extreme,
    Leg,
    LegKind,
    Measure,
    PriceRange,
    Structure,
    Unlimited,
    choose_prices,
    compute_max_gain,
    compute_max_loss,
    compute_outcome,
    draw_curve,
    find_best,
    find_break_evens,
    find_worst,
    future_leg,
    spot_leg,
)
from margin.recognition import NAMES, name_structure

F = Fraction
CALL, PUT, UNDERLYING = LegKind.CALL, LegKind.PUT, LegKind.UNDERLYING
HIGHEST_STRIKE = 12
GRID = [F(n, 4) for n in range(4 * (HIGHEST_STRIKE + 6))]


def structure(*legs: tuple[LegKind, int, int, int]) -> Structure:
    """A structure from (kind, quantity held, strike, premium)."""
    return Structure(
        tuple(
            Leg(kind, Side.LONG if held > 0 else Side.SHORT, F(abs(held)), F(strike), F(premium))
            for kind, held, strike, premium in legs
        )
    )


legs = st.builds(
    Leg,
    st.sampled_from([CALL, PUT, UNDERLYING]),
    st.sampled_from(Side),
    st.integers(1, 4).map(Fraction),
    st.integers(1, HIGHEST_STRIKE).map(Fraction),
    st.integers(0, 5).map(Fraction),
)
structures = st.lists(legs, min_size=1, max_size=MAX_LEGS).map(lambda drawn: Structure(tuple(drawn)))
measures = st.sampled_from(Measure)


def expire_by_hand(whole: Structure, price: Fraction, measure: Measure) -> Fraction:
    """The definition, leg by leg, written without the module under test."""
    total = F(0)
    for leg in whole.legs:
        paid = leg.premium if measure is Measure.PROFIT else F(0)
        if leg.kind is CALL:
            each = price - leg.strike if price > leg.strike else F(0)
        elif leg.kind is PUT:
            each = leg.strike - price if price < leg.strike else F(0)
        else:
            each = price - leg.strike
        total += (each - paid) * leg.quantity * (1 if leg.side is Side.LONG else -1)
    return total


@given(structures, measures, st.fractions(0, 40, max_denominator=7))
def test_outcome_and_curve_are_the_definition(whole: Structure, measure: Measure, price: Fraction) -> None:
    expected = expire_by_hand(whole, price, measure)
    assert compute_outcome(whole, price, measure) == expected
    assert draw_curve(whole.legs, measure).value_at(price) == expected


@given(structures, measures)
def test_worst_is_the_least_on_a_grid_or_falls_without_end(whole: Structure, measure: Measure) -> None:
    worst = find_worst(whole, measure)
    outcomes = [expire_by_hand(whole, price, measure) for price in GRID]
    if isinstance(worst, Unlimited):
        far, farther = (expire_by_hand(whole, F(price), measure) for price in (10**6, 10**6 + 1))
        assert farther - far == -worst.slope < 0
        assert compute_max_loss(whole, measure) == worst
    else:
        assert worst.value == min(outcomes)
        assert compute_max_loss(whole, measure) == max(F(0), -min(outcomes))
        assert expire_by_hand(whole, F(10**6), measure) >= worst.value


@given(structures, st.lists(st.fractions(0, 40, max_denominator=7), max_size=3))
def test_prices_to_look_at_have_all_that_was_given_with_room_on_both_sides(
    whole: Structure, others: list[Fraction]
) -> None:
    curve = draw_curve(whole.legs, Measure.PAYOFF)
    prices = choose_prices(curve, others)
    given = {*others, *(vertex.price for vertex in curve.vertices if vertex.price > 0)}
    assert prices == sorted(set(prices))
    assert given <= set(prices)
    assert prices[-1] > max(given, default=F(0))
    assert prices[0] == 0 or prices[0] < min(given, default=prices[1])
    assert prices[0] >= 0


@given(structures, measures)
def test_best_mirrors_worst(whole: Structure, measure: Measure) -> None:
    mirrored = Structure(
        tuple(Leg(leg.kind, leg.side.opposite, leg.quantity, leg.strike, leg.premium) for leg in whole.legs)
    )
    best, worst = find_best(whole, measure), find_worst(mirrored, measure)
    assert compute_max_gain(whole, measure) == compute_max_loss(mirrored, measure)
    if isinstance(best, Extreme) and isinstance(worst, Extreme):
        assert (best.value, best.prices) == (-worst.value, worst.prices)
    else:
        assert best == worst


@given(structures, measures)
def test_prices_of_the_worst_are_exactly_those_that_give_it(whole: Structure, measure: Measure) -> None:
    worst = find_worst(whole, measure)
    if isinstance(worst, Extreme):
        for price in GRID:
            assert lies_in(price, worst.prices) == (expire_by_hand(whole, price, measure) == worst.value)


@given(structures, measures)
def test_break_evens_are_all_roots(whole: Structure, measure: Measure) -> None:
    roots = find_break_evens(whole, measure)
    for low, high in roots:
        assert expire_by_hand(whole, low, measure) == 0
        assert expire_by_hand(whole, low + 10**6 if high is None else high, measure) == 0
    for price in GRID:
        assert lies_in(price, roots) == (expire_by_hand(whole, price, measure) == 0)
    signs = [(price, expire_by_hand(whole, price, measure)) for price in [*GRID, F(10**6)]]
    for (left, before), (right, after) in pairwise(signs):
        if before * after < 0:
            assert any(left < root.low < right for root in roots)


@given(structures, measures)
def test_ranges_are_disjoint_and_rise(whole: Structure, measure: Measure) -> None:
    for left, right in pairwise(find_break_evens(whole, measure)):
        assert left.high is not None
        assert left.low <= left.high < right.low


def lies_in(price: Fraction, ranges: tuple[PriceRange, ...]) -> bool:
    """Whether ``price`` is in one of ``ranges``."""
    return any(low <= price and (high is None or price <= high) for low, high in ranges)


def test_iron_condor_by_hand() -> None:
    condor = structure((PUT, 1, 90, 1), (PUT, -1, 95, 3), (CALL, -1, 105, 3), (CALL, 1, 110, 1))
    assert find_worst(condor, Measure.PROFIT) == Extreme(F(-1), (PriceRange(F(0), F(90)), PriceRange(F(110), None)))
    assert compute_max_loss(condor, Measure.PAYOFF) == 5
    assert compute_max_gain(condor, Measure.PROFIT) == 4
    assert find_break_evens(condor) == (PriceRange(F(91), F(91)), PriceRange(F(109), F(109)))


def test_covered_call_by_hand() -> None:
    covered = Structure((spot_leg(Side.LONG, F(1), F(100)), Leg(CALL, Side.SHORT, F(1), F(110), F(4))))
    assert compute_max_loss(covered, Measure.PROFIT) == 96
    assert compute_max_loss(covered, Measure.PAYOFF) == 0
    assert compute_max_gain(covered, Measure.PROFIT) == 14
    assert find_break_evens(covered) == (PriceRange(F(96), F(96)),)


def test_naked_call_is_unlimited_not_a_number() -> None:
    naked = structure((CALL, -3, 100, 5))
    assert compute_max_loss(naked, Measure.PROFIT) == Unlimited(F(3))
    assert compute_max_gain(naked, Measure.PROFIT) == 15


def test_short_future_is_unlimited_above_and_bounded_below() -> None:
    short = Structure((future_leg(Side.SHORT, F(2), F(50)),))
    assert find_worst(short, Measure.PAYOFF) == Unlimited(F(2))
    assert find_best(short, Measure.PAYOFF) == Extreme(F(100), (PriceRange(F(0), F(0)),))


def test_a_structure_that_nets_to_nothing_breaks_even_everywhere() -> None:
    flat = structure((CALL, 1, 100, 5), (CALL, -1, 100, 5))
    assert find_break_evens(flat) == (PriceRange(F(0), None),)
    assert name_structure(flat) == "flat"


NAMED = [
    ([(CALL, 1, 10), (CALL, -1, 12)], "bull call spread"),
    ([(CALL, -2, 10), (CALL, 2, 12)], "bear call spread"),
    ([(PUT, 1, 10), (PUT, -1, 12)], "bull put spread"),
    ([(PUT, -1, 10), (PUT, 1, 12)], "bear put spread"),
    ([(PUT, 3, 8), (PUT, -3, 9), (CALL, -3, 11), (CALL, 3, 12)], "iron condor"),
    ([(CALL, 1, 12), (PUT, 1, 8), (CALL, -1, 10), (PUT, -1, 10)], "iron butterfly"),
    ([(CALL, 1, 12), (PUT, 1, 9), (CALL, -1, 10), (PUT, -1, 10)], "broken-wing iron butterfly"),
    ([(CALL, 1, 8), (CALL, -2, 10), (CALL, 1, 12)], "long call butterfly"),
    ([(CALL, 1, 8), (CALL, -2, 10), (CALL, 1, 13)], "broken-wing long call butterfly"),
    ([(CALL, 1, 10), (PUT, 1, 10)], "long straddle"),
    ([(CALL, -1, 12), (PUT, -1, 8)], "short strangle"),
    ([(UNDERLYING, 1, 10), (CALL, -1, 12)], "covered call"),
    ([(UNDERLYING, 1, 10), (CALL, -1, 12), (PUT, 1, 8)], "collar"),
    ([(UNDERLYING, -1, 10), (CALL, 2, 10)], "delta-hedged structure of 1 option leg"),
    ([(CALL, 1, 10), (CALL, -3, 12)], "structure of 2 option legs"),
]


@pytest.mark.parametrize(("parts", "name"), NAMED)
def test_names(parts: list[tuple[LegKind, int, int]], name: str) -> None:
    assert name_structure(structure(*((*part, 0) for part in parts))) == name
    assert name_structure(structure(*((*part, 0) for part in reversed(parts)))) == name


def test_a_name_does_not_depend_on_how_a_leg_is_split() -> None:
    split = structure((CALL, 1, 8, 1), (CALL, -1, 10, 2), (CALL, -1, 10, 3), (CALL, 1, 12, 1))
    assert name_structure(split) == "long call butterfly"


def test_every_pattern_of_the_table_is_found_by_a_structure_of_that_pattern() -> None:
    for pattern, name in NAMES.items():
        assert name_structure(read_pattern(pattern)) == name


def read_pattern(pattern: str) -> Structure:
    """A structure that is written as ``pattern``, its strikes 10 apart."""
    kinds = {"C": CALL, "P": PUT, "U": UNDERLYING}
    parts: list[tuple[LegKind, int, int, int]] = []
    strike, sign, ratio = 10, 1, 1
    for letter in pattern:
        if letter == "<":
            strike += 10
        elif letter in "+-":
            sign, ratio = (1 if letter == "+" else -1), 1
        elif letter.isdigit():
            ratio = int(letter)
        elif letter in kinds:
            parts.append((kinds[letter], sign * ratio, strike, 0))
    return structure(*parts)


any_leg: Any = Leg
any_structure: Any = Structure


@pytest.mark.parametrize(
    ("build", "field", "reason"),
    [
        (lambda: any_leg(CALL, Side.LONG, F(0), F(1)), "quantity", Reason.OUT_OF_BOUNDS),
        (lambda: any_leg(CALL, Side.LONG, F(1), F(0)), "strike", Reason.OUT_OF_BOUNDS),
        (lambda: any_leg(UNDERLYING, Side.LONG, F(1), F(-1)), "strike", Reason.OUT_OF_BOUNDS),
        (lambda: any_leg(PUT, Side.LONG, F(1), F(1), F(-1)), "premium", Reason.OUT_OF_BOUNDS),
        (lambda: any_leg(PUT, Side.LONG, 1.5, F(1)), "quantity", Reason.NOT_A_DECIMAL),
        (lambda: any_leg(PUT, Side.LONG, 1, F(1)), "quantity", Reason.NOT_A_DECIMAL),
        (lambda: any_leg(PUT, 1, F(1), F(1)), "side", Reason.NOT_A_CHOICE),
        (lambda: any_leg("put", Side.LONG, F(1), F(1)), "kind", Reason.NOT_A_CHOICE),
        (lambda: any_leg(CALL, Side.LONG, F(10**40), F(1)), "quantity", Reason.OUT_OF_BOUNDS),
        (lambda: any_structure(()), "legs", Reason.WRONG_COUNT),
        (lambda: any_structure((any_leg(CALL, Side.LONG, F(1), F(1)),) * (MAX_LEGS + 1)), "legs", Reason.WRONG_COUNT),
        (lambda: any_structure([any_leg(CALL, Side.LONG, F(1), F(1))]), "legs", Reason.NOT_A_LIST),
        (lambda: any_structure((None,)), "legs[0]", Reason.NOT_AN_OBJECT),
        (lambda: compute_outcome(structure((CALL, 1, 1, 0)), F(-1), Measure.PAYOFF), "price", Reason.OUT_OF_BOUNDS),
    ],
)
def test_bad_input_is_named(build: Callable[[], object], field: str, reason: Reason) -> None:
    with pytest.raises(MalformedError) as refusal:
        build()
    assert (refusal.value.field, refusal.value.reason) == (field, reason)
