"""Sets and sorted lists."""

from collections.abc import Sequence
from itertools import pairwise

from circuits.gadgets.ranges import enforce_at_most, enforce_fits, enforce_less
from circuits.signal import Bounded, Signal


def enforce_sorted(values: Sequence[Bounded], *, rule: str) -> None:
    """Each is at most the next. Bad case: one that is larger by 1 than the next."""
    for smaller, larger in pairwise(values):
        enforce_at_most(smaller, larger, rule=rule)


def enforce_unique(values: Sequence[Bounded], *, rule: str) -> None:
    """Each is less than the next, so that none stands twice. Bad case: two neighbours that are equal."""
    for smaller, larger in pairwise(values):
        enforce_less(smaller, larger, rule=rule)


def enforce_rising(before: Bounded, values: Sequence[Signal], *, step_bits: int, bits: int, rule: str) -> list[Bounded]:
    """Elements of which nothing is known as integers below 2^bits, each above the one before it, the first ``before``.

        value_i - value_{i-1} - 1 in [0, 2^step_bits)        last value in [0, 2^bits)

    A difference is the range check of the value that it leads to, and the last value ends them all: step_bits for each
    and bits once. Bad cases: two that are equal, a step of 2^step_bits + 1, a last value of 2^bits.
    """
    builder, reached = before.builder, before
    for value in values:
        enforce_fits(value - reached - 1, step_bits, rule=rule)
        low, high = reached.low + 1, reached.high + (1 << step_bits)
        reached = Bounded(builder, value.expression, low, high)
    enforce_fits(reached, bits, rule=f"{rule}_within_{bits}_bits")
    return [
        Bounded(builder, value.expression, before.low + place, (1 << bits) - 1) for place, value in enumerate(values, 1)
    ]
