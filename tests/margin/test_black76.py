"""Black-76: parity, bounds, limits, derivatives against differences, and a value computed another way."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.black76 import EuropeanOption, compute_greeks, compute_value, normal_cdf
from margin.errors import MalformedError, Reason
from margin.options import OptionKind

CALL, PUT = OptionKind.CALL, OptionKind.PUT
any_option: Any = EuropeanOption

options = st.builds(
    EuropeanOption,
    st.sampled_from(OptionKind),
    st.floats(10.0, 1000.0),
    st.floats(10.0, 1000.0),
    st.floats(1e-4, 3.0),
    st.floats(0.02, 3.0),
    st.floats(0.5, 1.0),
)
WIDE = st.floats(1e-18, 1e18)
extreme_options = st.builds(
    EuropeanOption,
    st.sampled_from(OptionKind),
    WIDE,
    WIDE,
    st.floats(0.0, 1e3),
    st.floats(0.0, 1e3),
    st.floats(1e-9, 1.0),
)


def other_kind(option: EuropeanOption) -> EuropeanOption:
    """The put of a call, the call of a put."""
    return replace(option, kind=PUT if option.kind is CALL else CALL)


def integrate_value(option: EuropeanOption) -> float:
    """The value as the mean payoff over the lognormal distribution, by the midpoint rule: no closed form."""
    steps, width, total = 20_000, 12.0, 0.0
    for step in range(steps):
        x = -width + (step + 0.5) * 2 * width / steps
        price = option.forward * math.exp(option.deviation * x - 0.5 * option.deviation**2)
        gain = price - option.strike if option.kind is CALL else option.strike - price
        total += max(0.0, gain) * math.exp(-0.5 * x * x)
    return option.discount * total * 2 * width / steps / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("kind", OptionKind)
@pytest.mark.parametrize(("strike", "volatility"), [(100.0, 0.2), (60.0, 0.9), (180.0, 1.5), (101.0, 0.05)])
def test_value_is_the_mean_payoff(kind: OptionKind, strike: float, volatility: float) -> None:
    option = EuropeanOption(kind, 100.0, strike, 0.5, volatility, 0.97)
    assert compute_value(option) == pytest.approx(integrate_value(option), rel=1e-5, abs=1e-7)


@given(options)
def test_put_call_parity(option: EuropeanOption) -> None:
    call, put = (compute_value(replace(option, kind=kind)) for kind in (CALL, PUT))
    forward = option.discount * (option.forward - option.strike)
    assert call - put == pytest.approx(forward, rel=1e-12, abs=1e-12 * (option.forward + option.strike))


@given(extreme_options)
def test_value_is_finite_and_between_intrinsic_and_its_cap(option: EuropeanOption) -> None:
    value = compute_value(option)
    is_call = option.kind is CALL
    intrinsic = max(0.0, option.forward - option.strike if is_call else option.strike - option.forward)
    cap = option.forward if is_call else option.strike
    assert option.discount * intrinsic <= value <= option.discount * cap * (1 + 1e-12)


@given(options, st.floats(1.001, 2.0))
def test_value_rises_with_volatility_and_time(option: EuropeanOption, times: float) -> None:
    slack = 1e-13 * (option.forward + option.strike)
    assert compute_value(replace(option, volatility=option.volatility * times)) >= compute_value(option) - slack
    assert compute_value(replace(option, years=option.years * times)) >= compute_value(option) - slack


@given(options)
def test_greeks_are_the_differences_of_the_value(option: EuropeanOption) -> None:
    option = replace(option, years=max(option.years, 0.01), volatility=max(option.volatility, 0.1))
    greeks = compute_greeks(option)
    step = 1e-4 * option.forward * option.deviation
    up, down = (compute_value(replace(option, forward=option.forward + sign * step)) for sign in (1, -1))
    size = option.forward + option.strike
    assert greeks.delta == pytest.approx((up - down) / (2 * step), abs=1e-6)
    curvature = (up - 2 * compute_value(option) + down) / step**2
    assert greeks.gamma == pytest.approx(curvature, rel=1e-3, abs=1e-13 * size / step**2 + 1e-9)
    bump = 1e-4 * option.volatility
    higher, lower = (compute_value(replace(option, volatility=option.volatility + sign * bump)) for sign in (1, -1))
    assert greeks.vega == pytest.approx((higher - lower) / (2 * bump), rel=1e-5, abs=1e-10 * size / bump)


@given(options)
def test_call_and_put_share_gamma_and_vega_and_split_delta(option: EuropeanOption) -> None:
    one, other = compute_greeks(option), compute_greeks(other_kind(option))
    assert (one.gamma, one.vega) == (other.gamma, other.vega)
    assert abs(one.delta) + abs(other.delta) == pytest.approx(option.discount, rel=1e-12)


@pytest.mark.parametrize("years_and_volatility", [(0.0, 0.5), (0.5, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize(
    ("kind", "forward", "value", "delta"),
    [(CALL, 120.0, 20.0, 1.0), (CALL, 80.0, 0.0, 0.0), (PUT, 120.0, 0.0, 0.0), (PUT, 80.0, 20.0, -1.0)],
)
def test_at_expiry_only_the_intrinsic_value_is_left(
    years_and_volatility: tuple[float, float], kind: OptionKind, forward: float, value: float, delta: float
) -> None:
    option = EuropeanOption(kind, forward, 100.0, *years_and_volatility)
    greeks = compute_greeks(option)
    assert compute_value(option) == value
    assert (greeks.delta, greeks.gamma, greeks.vega) == (delta, 0.0, 0.0)


def test_at_expiry_and_at_the_strike_there_are_no_greeks() -> None:
    option = EuropeanOption(CALL, 100.0, 100.0, 0.0, 0.5)
    assert compute_value(option) == 0.0
    with pytest.raises(MalformedError, match="at the money"):
        compute_greeks(option)


def test_far_tails_keep_their_precision() -> None:
    assert normal_cdf(-38.0) == pytest.approx(2.885428360068e-316, rel=1e-6)
    deep = EuropeanOption(CALL, 1e6, 1.0, 0.1, 0.5)
    assert compute_value(deep) == 1e6 - 1.0
    assert compute_greeks(deep).delta == 1.0


def test_infinite_variance_is_the_forward() -> None:
    assert compute_value(EuropeanOption(CALL, 100.0, 50.0, 1e3, 1e3)) == 100.0
    assert compute_value(EuropeanOption(PUT, 100.0, 50.0, 1e3, 1e3)) == 50.0


@pytest.mark.parametrize("field", ["forward", "strike", "years", "volatility", "discount"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, Reason.NOT_A_DECIMAL),
        (math.inf, Reason.NOT_A_DECIMAL),
        (-1.0, Reason.OUT_OF_BOUNDS),
        (1e300, Reason.OUT_OF_BOUNDS),
        (1, Reason.NOT_A_DECIMAL),
        ("1", Reason.NOT_A_DECIMAL),
    ],
)
def test_what_is_no_number_is_refused(field: str, value: object, reason: Reason) -> None:
    numbers: dict[str, object] = {"forward": 1.0, "strike": 1.0, "years": 1.0, "volatility": 1.0, "discount": 1.0}
    with pytest.raises(MalformedError) as refusal:
        any_option(CALL, **numbers | {field: value})
    assert (refusal.value.field, refusal.value.reason) == (field, reason)
