"""Comparisons whose answer is a bit that the statement goes on with.

is_zero(x)       z with x * inverse = 1 - z and x * z = 0           2 constraints
is_less(x, y)    the top bit of x - y - 1 + 2^n, turned round       n + 1 constraints
"""

from circuits.builder import MOST_BITS
from circuits.errors import CircuitError
from circuits.gadgets.selection import select
from circuits.signal import Bit, Bounded, Signal


def is_zero(value: Signal) -> Bit:
    """1 if ``value`` is 0, else 0.

    With value = 0 the first constraint says z = 1; with any other value the second says z = 0. The inverse is a hint.
    """
    builder = value.builder
    inverse = Signal(builder, builder.engine.compute_inverse_or_zero(value.expression))
    zero = 1 - value * inverse
    builder.engine.enforce_product(value.expression, zero.expression, builder.engine.constant(0), None)
    return Bit(builder, zero.expression)


def is_equal(left: Signal, right: Signal) -> Bit:
    """1 if they are the same element."""
    return is_zero(left - right)


def enforce_nonzero(value: Signal, *, rule: str) -> None:
    """``value`` is not 0: it has an inverse. One constraint."""
    builder = value.builder
    inverse = Signal(builder, builder.engine.compute_inverse_or_zero(value.expression))
    builder.enforce_product(value, inverse, 1, rule=rule)


def is_at_least_zero(value: Bounded) -> Bit:
    """1 if ``value >= 0``: bit n of ``value + 2^n``, where n bits hold every value on either side."""
    bits = max(value.high, -value.low - 1, 0).bit_length()
    if bits + 1 > MOST_BITS:
        raise CircuitError(f"a comparison of {bits} bits", f"at most {MOST_BITS - 1}")
    return value.builder.enforce_bits(value + (1 << bits), bits + 1, rule="comparison_fits")[-1]


def is_less(left: Bounded, right: Bounded) -> Bit:
    """1 if ``left < right``."""
    return is_at_least_zero(right - left - 1)


def maximum(left: Bounded, right: Bounded) -> Bounded:
    """The larger of two."""
    larger = select(is_at_least_zero(left - right), left, right)
    return Bounded(larger.builder, larger.expression, max(left.low, right.low), max(left.high, right.high))


def positive_part(value: Bounded) -> Bounded:
    """``max(0, value)``: the value times the bit that it is at least 0."""
    if value.low >= 0:
        return value
    part = is_at_least_zero(value) * value
    return Bounded(part.builder, part.expression, 0, max(value.high, 0))
