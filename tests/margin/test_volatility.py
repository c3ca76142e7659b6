"""Requirements that follow volatility: outward rounding, up at once, down slowly."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.bounds import PPM
from margin.errors import MalformedError, Reason, RejectedError
from margin.volatility import DynamicRate, compute_returns_ppm, compute_sigma_ppm, compute_target_ppm

F = Fraction
series = st.lists(st.integers(1, 10**6), min_size=2, max_size=30).map(tuple)
rates = st.integers(0, PPM)
any_sigma: Any = compute_sigma_ppm


def test_returns_and_sigma_by_hand() -> None:
    assert compute_returns_ppm((1000, 1010, 1000)) == (10_000, 9_901)
    assert compute_sigma_ppm((1000, 1010, 1000)) == math.ceil(math.sqrt((10_000**2 + 9_901**2) / 2))
    assert compute_sigma_ppm((1000, 1010), horizon=4) == 20_000
    assert compute_sigma_ppm((7, 7, 7)) == 0


@given(series, st.integers(1, 50))
def test_sigma_is_the_root_mean_square_rounded_up(prices: tuple[int, ...], horizon: int) -> None:
    sigma = compute_sigma_ppm(prices, horizon)
    exact = [F(after - before, before) * PPM for before, after in pairwise(prices)]
    mean_square = horizon * sum(r * r for r in exact) / len(exact)
    assert sigma**2 >= mean_square
    looser = horizon * sum((abs(r) + 1) ** 2 for r in exact) / len(exact)
    assert max(0, sigma - 1) ** 2 <= looser + 1


@given(series)
def test_sigma_does_not_depend_on_the_size_of_a_tick(prices: tuple[int, ...]) -> None:
    assert compute_sigma_ppm(tuple(1000 * price for price in prices)) == compute_sigma_ppm(prices)


@given(rates, st.fractions(0, 20, max_denominator=9), st.integers(0, PPM))
def test_target_is_at_least_the_table_and_the_multiple(table: int, multiple: Fraction, sigma: int) -> None:
    target = compute_target_ppm(table, multiple, sigma)
    assert table <= target <= PPM
    assert target == PPM or target >= multiple * sigma
    assert target in {table, PPM} or target - multiple * sigma < 1


@given(rates, st.integers(1, PPM), st.lists(rates, min_size=1, max_size=12))
def test_up_at_once_down_slowly(start: int, loosening: int, targets: list[int]) -> None:
    state = DynamicRate(start, 0, loosening)
    for sequence, target in enumerate(targets, start=1):
        following = state.step(target, sequence)
        assert following.rate_ppm >= target
        assert following.rate_ppm >= state.rate_ppm - loosening
        assert following.rate_ppm == target or following.rate_ppm == state.rate_ppm - loosening
        if target >= state.rate_ppm:
            assert following.rate_ppm == target
        assert following.rate == F(following.rate_ppm, PPM)
        state = following


@given(rates, rates, st.integers(1, 10_000))
def test_a_calm_market_is_reached_in_the_end(start: int, target: int, loosening: int) -> None:
    rounds = max(1, -(-(start - target) // loosening))
    state = DynamicRate(start, 0, loosening)
    if rounds <= 200:
        for sequence in range(1, rounds + 1):
            state = state.step(target, sequence)
        assert state.rate_ppm == target


@given(rates, st.lists(rates, min_size=2, max_size=8), st.integers(1, PPM))
def test_missed_rounds_never_loosen(start: int, targets: list[int], loosening: int) -> None:
    patient = DynamicRate(start, 0, loosening)
    for sequence, target in enumerate(targets, start=1):
        patient = patient.step(target, sequence)
    hasty = DynamicRate(start, 0, loosening).step(targets[-1], len(targets))
    if all(target <= targets[-1] for target in targets):
        assert hasty.rate_ppm >= patient.rate_ppm


def test_a_round_comes_once() -> None:
    state = DynamicRate(5_000, 7, 100)
    for sequence in (7, 6, 0):
        with pytest.raises(RejectedError, match="sequence"):
            state.step(1, sequence)


@pytest.mark.parametrize(
    ("prices", "horizon", "field", "reason"),
    [
        ((5,), 1, "history", Reason.WRONG_COUNT),
        ([5, 6], 1, "history", Reason.NOT_A_LIST),
        ((5, 0), 1, "history[1]", Reason.OUT_OF_BOUNDS),
        ((5, -6), 1, "history[1]", Reason.OUT_OF_BOUNDS),
        ((5, 6.0), 1, "history[1]", Reason.NOT_AN_OBJECT),
        ((5, 6), 0, "horizon", Reason.OUT_OF_BOUNDS),
    ],
)
def test_bad_series_are_named(prices: object, horizon: int, field: str, reason: Reason) -> None:
    with pytest.raises(MalformedError) as refusal:
        any_sigma(prices, horizon)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_bad_states_are_named() -> None:
    for rate, sequence, loosening, field in (
        (PPM + 1, 0, 1, "rate_ppm"),
        (0, -1, 1, "sequence"),
        (0, 0, 0, "loosening_ppm"),
    ):
        with pytest.raises(MalformedError, match=field):
            DynamicRate(rate, sequence, loosening)
