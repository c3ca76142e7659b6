"""A table with rising floors that the circuit holds: which of its rows a number falls into, and what the row says.

    floor_k < value <= floor_{k+1}

The rows are bits that a hint sets: one of them is 1, and the value lies between the floors of that one. Rows do not
overlap and leave nothing out, so that there is one such row for each value.

    step        requirement = rate_k * value
    marginal    requirement = rate_k * value - amount_k,  amount_k = amount_{k-1} + floor_k * (rate_k - rate_{k-1})
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from circuits.errors import CircuitError
from circuits.gadgets.ranges import enforce_at_most, enforce_less
from circuits.gadgets.selection import OneHot, pick
from circuits.signal import Bit, Bounded


def find_row(value: Bounded, floors: Sequence[int], ceiling: int, *, rule: str) -> OneHot:
    """The row of a value of at least 0: one constraint for each row, and two comparisons.

    Bad cases: the first floor, one more than the ceiling, and the row below or above the right one.
    """
    ends = [*floors, ceiling]
    if value.low < 0 or not floors or any(low >= high for low, high in pairwise(ends)):
        raise CircuitError(f"floors {ends} for a value from {value.low}", "floors that rise, a value of at least 0")
    builder = value.builder
    above = [builder.engine.compute_less(builder.expression_of(floor), value.expression) for floor in floors[1:]]
    reached = [builder.engine.constant(1), *above, builder.engine.constant(0)]
    rows = []
    for here, beyond in pairwise(reached):
        row = here - beyond
        builder.hold_bit(row)
        rows.append(Bit(builder, row))
    hot = OneHot(rows)
    enforce_less(look_up(hot, floors), value, rule=f"{rule}_above_floor")
    enforce_at_most(value, look_up(hot, ends[1:]), rule=f"{rule}_at_most_ceiling")
    return hot


def look_up(hot: OneHot, column: Sequence[int]) -> Bounded:
    """What the row says: free, because the table is made of numbers."""
    return pick(hot, [hot[0].builder.constant(number) for number in column])


def apply_step_rates(value: Bounded, hot: OneHot, rates: Sequence[int]) -> Bounded:
    """The whole value at the rate of its row."""
    return look_up(hot, rates) * value


def apply_marginal_rates(value: Bounded, hot: OneHot, floors: Sequence[int], rates: Sequence[int]) -> Bounded:
    """Each slice of the value at its own rate."""
    return look_up(hot, rates) * value - look_up(hot, deduct_slices(floors, rates))


def deduct_slices(floors: Sequence[int], rates: Sequence[int]) -> list[int]:
    """What each row deducts, so that the requirement has no jump."""
    steps = (floor * (rate - before) for floor, (before, rate) in zip(floors[1:], pairwise(rates), strict=True))
    return list(accumulate(steps, initial=0))
