"""Each gadget in the laboratory: both sides of its boundaries, every wire altered, every constraint deleted."""

from collections.abc import Callable

import pytest

from circuits.builder import Builder, Element, Flag, Uint
from circuits.errors import CircuitError
from circuits.gadgets.comparison import is_at_least_zero
from circuits.gadgets.division import divide
from circuits.gadgets.lookup import deduct_slices, find_row
from circuits.gadgets.packing import pack
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_between, enforce_fits
from circuits.gadgets.selection import enforce_one_hot, pick
from circuits.recording import RecordingEngine
from circuits.signal import HALF, Bounded
from tests.circuits.gadgets.specimens import GADGETS
from tests.circuits.laboratory.examination import examine


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "compute_root" else []) for name in GADGETS]
)
def test_a_gadget_proves_what_it_says(name: str) -> None:
    report = examine(GADGETS[name])
    assert report.deletions is not None
    assert not report.deletions.unnoticed


def test_slices_are_deducted_so_that_nothing_jumps() -> None:
    floors, rates = [0, 50, 120], [10, 20, 50]
    deducted = deduct_slices(floors, rates)
    assert deducted == [0, 500, 4100]
    for row in (1, 2):
        below, above = (rates[each] * floors[row] - deducted[each] for each in (row - 1, row))
        assert below == above


def uint(builder: Builder, bits: int, name: str = "number") -> Bounded:
    return builder.private(name, Uint(bits), "a number")


REFUSED: dict[str, Callable[[Builder], object]] = {
    "bits with two meanings": lambda b: enforce_fits(b.private("x", Element(), "any"), 254, rule="fits"),
    "a comparison that could wrap": lambda b: is_at_least_zero(uint(b, 252) - uint(b, 252, "other")),
    "negatives that bits could hold": lambda b: enforce_at_least_zero(
        Bounded(b, uint(b, 8).expression, -HALF, HALF), rule="positive"
    ),
    "a gap that could wrap below": lambda b: enforce_between(
        b.private("low", Element(), "any"), uint(b, 8) - (HALF - 7), b.private("high", Element(), "any"), 4, rule="in"
    ),
    "a gap that could wrap above": lambda b: enforce_between(
        b.private("low", Element(), "any"), uint(b, 8) + (HALF - 260), b.private("high", Element(), "any"), 4, rule="in"
    ),
    "a dividend that may be negative": lambda b: divide(uint(b, 8) - 1, 7, rule="by"),
    "a divisor that may be negative": lambda b: divide(uint(b, 8), uint(b, 8, "other") - 1, rule="by"),
    "a divisor that is always 0": lambda b: divide(uint(b, 8), 0, rule="by"),
    "a quotient that could wrap": lambda b: divide(uint(b, 250), uint(b, 10, "other"), rule="by"),
    "a value wider than its place": lambda b: pack([(uint(b, 9), 8)]),
    "a negative value in a packing": lambda b: pack([(uint(b, 8) - 1, 8)]),
    "more than an element holds": lambda b: pack([(uint(b, 128), 128), (uint(b, 126, "other"), 126)]),
    "bits for another number of values": lambda b: pick(
        enforce_one_hot(b.private_list("hot", Flag(), 3, "bits"), rule="one"), [b.constant(1)] * 2
    ),
    "floors that do not rise": lambda b: find_row(uint(b, 8), [0, 9, 9], 20, rule="tier"),
    "a table for negative values": lambda b: find_row(uint(b, 8) - 1, [0, 9], 20, rule="tier"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_not_be_sound_is_refused_when_it_is_built(name: str) -> None:
    with pytest.raises(CircuitError) as refusal:
        REFUSED[name](Builder(RecordingEngine()))
    assert refusal.value.field.startswith("test_gadgets.py:")
