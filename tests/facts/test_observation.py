"""Exact prices become ticks; what does not fit widens the confidence, on both sides."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.observation import Observation, quantise_observation
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import NOW

TICK = Fraction(1, 100)


def observe(price: Fraction, confidence: Fraction) -> Observation:
    return Observation("a source", price, confidence, NOW)


@pytest.mark.parametrize(
    ("price", "confidence", "ticks", "around"),
    [
        ("65000", "6.5", 6_500_000, 650),
        ("65000.001", "0", 6_500_000, 1),
        ("65000.009", "0", 6_500_000, 1),
        ("65000", "0.001", 6_500_000, 1),
        ("65000.005", "0.01", 6_500_000, 2),
        ("65000.005", "0.005", 6_500_000, 1),
        ("65000", "0", 6_500_000, 0),
    ],
)
def test_ticks(price: str, confidence: str, ticks: int, around: int) -> None:
    found = quantise_observation(observe(Fraction(price), Fraction(confidence)), feed="f", tick=TICK)
    assert (found.price, found.confidence, found.observed_at) == (ticks, around, NOW)


@given(
    st.fractions(1, 10**6, max_denominator=10**9),
    st.fractions(0, Fraction(1, 2), max_denominator=10**9),
    st.sampled_from([Fraction(1, 100), Fraction(1, 2), Fraction(1, 3), Fraction(1, 10**8)]),
)
def test_nobody_gains_by_rounding(price: Fraction, confidence: Fraction, tick: Fraction) -> None:
    if price - confidence < 3 * tick:
        return
    found = quantise_observation(observe(price, confidence), feed="f", tick=tick)
    assert found.low * tick <= price - confidence
    assert found.high * tick >= price + confidence
    assert found.price * tick <= price < (found.price + 1) * tick
    assert found.confidence * tick < confidence + 2 * tick


def test_what_does_not_fit_is_refused() -> None:
    for price in (Fraction(1, 1000), Fraction(2**64)):
        refusal = refused(quantise_observation, observe(price, Fraction(0)), feed="f", tick=TICK)
        assert refusal == (Reason.OUT_OF_BOUNDS, "price")
    wide = observe(Fraction(1), Fraction(1))
    assert refused(quantise_observation, wide, feed="f", tick=TICK) == (Reason.CONFIDENCE_TOO_WIDE, "confidence")
    assert refused(quantise_observation, wide, feed="f", tick=Fraction(0)) == (Reason.OUT_OF_BOUNDS, "tick")


def test_a_source_says_something() -> None:
    assert refused(observe, Fraction(0), Fraction(0)) == (Reason.OUT_OF_BOUNDS, "price")
    assert refused(observe, Fraction(1), Fraction(-1)) == (Reason.OUT_OF_BOUNDS, "confidence")
    assert refused(Observation, "a source", Fraction(1), Fraction(0), 0) == (Reason.OUT_OF_BOUNDS, "observed_at")
