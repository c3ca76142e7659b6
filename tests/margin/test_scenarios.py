"""Scenario margin: rounding against both sides, the worst scenario, grids as data, greek bounds."""

import tomllib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.bounds import MAX_INSTRUMENTS, MAX_MONEY, SCENARIOS
from margin.errors import MalformedError, Reason, RejectedError
from margin.options import OptionKind
from margin.scenarios import (
    Exposure,
    Grid,
    Holding,
    Instrument,
    LinearContract,
    Move,
    OptionContract,
    TermScale,
    VolatilityShift,
    compute_delta_minimum,
    compute_hedged_exposure,
    compute_net_exposure,
    compute_scenario_margin,
    make_even_grid,
    make_instrument,
    make_span_grid,
    require_exposure_within,
    require_scenarios_covered,
)

F = Fraction
PARADEX = tomllib.loads((Path(__file__).parent / "published_grids.toml").read_text())["paradex"]
SPAN = make_span_grid(F("0.15"), F("0.25"))
DAY = 24 * 3600
any_instrument: Any = Instrument

shares = st.fractions(-F(1, 2), F(1, 2), max_denominator=20)
linear = st.builds(
    LinearContract, st.fractions(1, 500, max_denominator=9), st.fractions(F(1, 9), 1000, max_denominator=9)
)
options = st.builds(
    OptionContract,
    st.sampled_from(OptionKind),
    st.integers(50, 200).map(Fraction),
    st.integers(50, 200).map(Fraction),
    st.integers(0, 90 * DAY),
    st.fractions(0, 2, max_denominator=20),
    st.integers(1, 1000).map(Fraction),
)
contracts = st.one_of(linear, options)
lots = st.integers(-50, 50).filter(bool)


def test_span_grid_has_the_sixteen_scenarios() -> None:
    moves = SPAN.moves
    assert len(moves) == SCENARIOS
    assert [move.price for move in moves[:14:2]] == [
        F(sign * third, 20) for sign, third in ((0, 0), (1, 1), (-1, 1), (1, 2), (-1, 2), (1, 3), (-1, 3))
    ]
    assert all(moves[i].price == moves[i + 1].price for i in range(0, 14, 2))
    assert all(move.volatility == F("0.25") for move in moves[:14:2])
    assert all(move.volatility == -F("0.25") for move in moves[1:14:2])
    assert moves[14:] == (Move(F("0.3"), F(0), F("0.35")), Move(F("-0.3"), F(0), F("0.35")))


def test_even_grids_have_the_venues_sizes() -> None:
    by_three_percent = [F(3 * step, 100) for step in range(-5, 6)]
    assert len(make_even_grid(by_three_percent, [F(1, 3), F(0), F(-1, 4)]).moves) == 33
    assert len(make_even_grid([F(step, 20) for step in range(-4, 5)], [F(1, 4), F(0), F(-1, 4)]).moves) == 27


def test_future_by_hand() -> None:
    future = make_instrument("F", LinearContract(F(100), F(1000)), SPAN)
    assert future.outcomes[:8] == (0, 0, 5000, 5000, -5000, -5000, 10000, 10000)
    assert future.outcomes[14:] == (10500, -10500)
    assert future.short_minimum == 0
    margin = compute_scenario_margin((Holding(future, -2),))
    assert (margin.requirement, margin.worst, margin.worst_outcome) == (30000, 10, -30000)


def test_delta_hedge_needs_less_than_its_parts() -> None:
    day = 30 * DAY
    call = make_instrument("C", OptionContract(OptionKind.CALL, F(100), F(100), day, F("0.6"), F(10**6)), SPAN)
    future = make_instrument("F", LinearContract(F(100), F(10**5)), SPAN)
    hedged = compute_scenario_margin((Holding(call, -2), Holding(future, 11))).requirement
    parts = [compute_scenario_margin((Holding(call, -2),)), compute_scenario_margin((Holding(future, 11),))]
    assert hedged < min(part.requirement for part in parts)


@settings(max_examples=40)
@given(st.lists(st.tuples(contracts, lots), min_size=1, max_size=3), st.integers(0, 5))
def test_rounding_never_favours_the_trader_and_costs_at_most_two_units_a_lot(
    drawn: list[tuple[LinearContract | OptionContract, int]], minimum: int
) -> None:
    held = tuple(
        Holding(make_instrument(str(index), contract, SPAN, minimum), size)
        for index, (contract, size) in enumerate(drawn)
    )
    exact = [sum(size * contract.outcome(SPAN, move) for contract, size in drawn) for move in SPAN.moves]
    needed = max(F(0), -min(exact)) + minimum * sum(max(0, -size) for _, size in drawn)
    found = compute_scenario_margin(held).requirement
    assert needed <= found <= needed + 2 * sum(abs(size) for _, size in drawn)


arrays = st.lists(st.integers(-1000, 1000), min_size=4, max_size=4).map(tuple)


@given(st.lists(st.tuples(arrays, st.integers(0, 9), lots), min_size=1, max_size=MAX_INSTRUMENTS))
def test_requirement_is_the_worst_scenario_plus_short_minimums(drawn: list[tuple[Any, int, int]]) -> None:
    held = tuple(Holding(Instrument(str(i), array, low), size) for i, (array, low, size) in enumerate(drawn))
    margin = compute_scenario_margin(held)
    by_hand = [sum(size * array[node] for array, _, size in drawn) for node in range(4)]
    assert list(margin.outcomes) == by_hand
    assert margin.worst_outcome == min(by_hand)
    assert margin.requirement == max(0, *(-outcome for outcome in by_hand)) + sum(
        -size * low for _, low, size in drawn if size < 0
    )
    assert margin.requirement == margin.requirement_in(margin.worst) == max(map(margin.requirement_in, range(4)))
    losses = [margin.requirement_in(node) - margin.short_minimum for node in range(4)]
    assert losses == [max(0, -outcome) for outcome in by_hand]
    assert margin.requirement <= sum(compute_scenario_margin((one,)).requirement for one in held)
    require_scenarios_covered(margin.requirement, margin)
    with pytest.raises(RejectedError, match=f"scenario {margin.worst}"):
        require_scenarios_covered(margin.requirement - 1, margin)


def test_published_paradex_grid_is_expressible() -> None:
    term = TermScale(*(F(PARADEX[key]) for key in ("reference_days", "floor_days", "near_power", "far_power")))
    grid = Grid(tuple(Move(*map(F, move)) for move in PARADEX["moves"]), VolatilityShift.RELATIVE, term)
    assert len(grid.moves) == 24
    call = OptionContract(OptionKind.CALL, F(100), F(100), 30 * DAY, F("0.5"), F(10**6))
    assert grid.shock_volatility(0.5, grid.moves[0], 30.0) == pytest.approx(0.7)
    assert grid.shock_volatility(0.5, grid.moves[0], 0.0) == pytest.approx(0.5 * (1 + 0.4 * 30**0.3))
    assert grid.shock_volatility(0.5, grid.moves[0], 120.0) == pytest.approx(0.5 * (1 + 0.4 * 0.25**0.13))
    margin = compute_scenario_margin((Holding(make_instrument("C", call, grid), -1),))
    assert grid.moves[margin.worst].price > 0
    with pytest.raises(MalformedError, match="exactly 16"):
        make_instrument("C", call, grid).require_statement_size()


def test_volatility_moves_by_points_and_never_below_zero() -> None:
    grid = Grid((Move(F(0), F("0.4")), Move(F(0), F("-0.9"))), VolatilityShift.POINTS)
    assert grid.shock_volatility(0.5, grid.moves[0], 1.0) == pytest.approx(0.9)
    assert grid.shock_volatility(0.5, grid.moves[1], 1.0) == 0.0


def test_published_paradex_delta_minimum() -> None:
    row = PARADEX["delta_minimum"]
    exposures = tuple(Exposure(size, F(delta)) for size, delta in row["exposures"])
    assert compute_net_exposure(exposures) == F(row["net"])
    assert compute_hedged_exposure(exposures) == F(row["hedged"])
    shares = {key: F(row[key]) for key in ("net_share", "hedged_share")}
    assert compute_delta_minimum(exposures, F(row["spot"]), **shares) == 1400


@given(st.lists(st.tuples(lots, shares), max_size=5), st.fractions(0, 20, max_denominator=4))
def test_exposure_bound_is_on_the_size_of_the_net(drawn: list[tuple[int, Fraction]], limit: Fraction) -> None:
    exposures = tuple(Exposure(size, each) for size, each in drawn)
    net = sum((size * each for size, each in drawn), F(0))
    if abs(net) <= limit:
        require_exposure_within(exposures, limit)
    else:
        with pytest.raises(RejectedError, match="gamma"):
            require_exposure_within(exposures, limit, "gamma")


ARRAY = (0,) * SCENARIOS


@pytest.mark.parametrize(
    ("outcomes", "short_minimum", "field", "reason"),
    [
        ((), 0, "outcomes", Reason.WRONG_COUNT),
        ([0] * 16, 0, "outcomes", Reason.NOT_A_LIST),
        ((0, 1.0), 0, "outcomes[1]", Reason.NOT_AN_OBJECT),
        ((0, True), 0, "outcomes[1]", Reason.NOT_AN_INTEGER),
        ((MAX_MONEY + 1,), 0, "outcomes[0]", Reason.OUT_OF_BOUNDS),
        (ARRAY, -1, "short_minimum", Reason.OUT_OF_BOUNDS),
    ],
)
def test_bad_arrays_are_named(outcomes: object, short_minimum: int, field: str, reason: Reason) -> None:
    with pytest.raises(MalformedError) as refusal:
        any_instrument("X", outcomes, short_minimum)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_sets_that_can_not_be_are_named() -> None:
    one = Instrument("A", ARRAY).require_statement_size()
    many = tuple(Holding(replace(one, name=str(index)), 1) for index in range(MAX_INSTRUMENTS + 1))
    for holdings, field in (
        ((), "holdings"),
        (many, "holdings"),
        ((Holding(one, 1), Holding(one, 2)), r"holdings\[1\]"),
        ((Holding(one, 1), Holding(Instrument("B", (0,)), 2)), r"holdings\[1\].instrument.outcomes"),
    ):
        with pytest.raises(MalformedError, match=field):
            compute_scenario_margin(holdings)
    with pytest.raises(MalformedError, match="lots"):
        Holding(one, 0)
    with pytest.raises(MalformedError, match="price"):
        Move(F(-1), F(0))
    with pytest.raises(MalformedError, match="moves"):
        Grid(())
