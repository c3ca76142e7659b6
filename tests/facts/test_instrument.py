"""An instrument's leaf holds each of its outcomes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.instrument import InstrumentFact, commit_instrument, quantise_instrument
from facts.packing import OUTCOME_BIAS, OUTCOMES
from margin.errors import Reason
from margin.scenarios import Instrument
from tests.facts.refusals import refused

INSTRUMENT = Instrument("a call", tuple(range(-8, 8)), 3)
FACT = quantise_instrument(INSTRUMENT, instrument_id=9, currency_id=2)


@given(st.tuples(*[st.integers(-(2**61), 2**61 - 1)] * 16))
def test_outcomes_come_back(outcomes: tuple[int, ...]) -> None:
    words = replace(FACT, outcomes=outcomes).encode_outcomes()
    parts = [part for word in words for part in OUTCOMES.decode(word).values()]
    assert len(words) == 4
    assert tuple(part - OUTCOME_BIAS for part in parts) == outcomes


def test_every_number_counts() -> None:
    leaves = {commit_instrument(FACT)}
    leaves |= {commit_instrument(replace(FACT, instrument_id=5)), commit_instrument(replace(FACT, currency_id=5))}
    leaves.add(commit_instrument(replace(FACT, short_minimum=4)))
    for index in range(16):
        outcomes = tuple(outcome + (place == index) for place, outcome in enumerate(FACT.outcomes))
        leaves.add(commit_instrument(replace(FACT, outcomes=outcomes)))
    assert len(leaves) == 20


@pytest.mark.parametrize(
    ("field", "bad"),
    [("instrument_id", 0), ("instrument_id", 2**20), ("currency_id", 0), ("short_minimum", 2**64)],
)
def test_the_bounds_of_a_leaf(field: str, bad: int) -> None:
    assert refused(replace, FACT, **{field: bad}) == (Reason.OUT_OF_BOUNDS, field)


@pytest.mark.parametrize("bad", [2**61, -(2**61) - 1])
def test_an_outcome_has_sixty_two_bits(bad: int) -> None:
    outcomes = (0, bad, *(0,) * 14)
    assert refused(InstrumentFact, 1, 1, outcomes, 0) == (Reason.OUT_OF_BOUNDS, "outcomes[1]")


def test_there_are_sixteen_scenarios() -> None:
    short = Instrument("a put", (1, 2, 3))
    assert refused(quantise_instrument, short, instrument_id=1, currency_id=1) == (Reason.WRONG_COUNT, "outcomes")
