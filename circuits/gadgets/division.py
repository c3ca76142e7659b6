"""Division of integers: quotient and remainder, both exact.

    dividend = quotient * divisor + remainder,  0 <= remainder < divisor

Both are hints; they are unique because quotient and remainder are held to ranges in which the right side can't wrap.
A bound on the remainder alone is a theft: with an unbounded quotient any remainder has one.
"""

from circuits.errors import CircuitError
from circuits.gadgets.ranges import enforce_at_most, enforce_fits
from circuits.signal import HALF, Bounded, Signal
from snark.bn254.constants import GROUP_ORDER


def divide(
    dividend: Bounded, divisor: Bounded | int, *, rule: str, most_bits: int | None = None
) -> tuple[Bounded, Bounded]:
    """Quotient and remainder of a dividend of at least 0 and a divisor above 0; a larger quotient is refused.

    A constant divisor costs ``bits(quotient) + 2 * bits(divisor - 1)`` constraints, a power of two the second part only
    once, a signal one more. Bad cases: a remainder as large as the divisor, a quotient that wraps, a divisor of 0
    (there is no remainder below it).
    """
    builder = dividend.builder
    by = builder.constant(divisor) if isinstance(divisor, int) else divisor
    if dividend.low < 0 or by.low < 0 or by.high < 1:
        raise CircuitError("a division of numbers that may be negative", "a dividend of at least 0, a divisor above 0")
    hints = builder.engine.compute_division(dividend.expression, by.expression, builder.name(rule))
    bits = (dividend.high // max(by.low, 1)).bit_length()
    bits = bits if most_bits is None else min(bits, most_bits)
    if ((1 << bits) + 1) * by.high > HALF:
        raise CircuitError(f"a quotient of {bits} bits by one of {by.bits}", "a product within half the field")
    quotient = enforce_fits(Signal(builder, hints[0]), bits, rule=f"{rule}_quotient")
    remainder = enforce_fits(Signal(builder, hints[1]), (by.high - 1).bit_length(), rule=f"{rule}_remainder")
    enforce_at_most(remainder + 1, by, rule=f"{rule}_remainder_below_divisor")
    builder.engine.enforce_zero((quotient * by + remainder - dividend).expression, None)
    return quotient, remainder


def divide_up(value: Bounded, divisor: int, *, rule: str) -> Bounded:
    """``ceil(value / divisor)`` of a signed value: what is owed is rounded up, what is received is rounded down.

    ceil(v / d) = m - floor((m * d - v) / d), with m so large that nothing is negative.
    """
    shift = max(0, -(-value.high // divisor))
    quotient, _ = divide(shift * divisor - value, divisor, rule=rule)
    return shift - quotient


def take_highest(value: Signal, low_bits: int, *, rule: str) -> Bounded:
    """The highest bits of an element, all but ``low_bits``: value = high * 2^low_bits + rest.

    The element has one spelling because high is below that of r: the sum is below r and can't wrap. An element whose
    highest bits are those of r is refused; there are fewer than 2^low_bits of them. Bad case: the spelling of v + r.
    """
    builder, limit = value.builder, GROUP_ORDER >> low_bits
    divisor = builder.engine.constant(1 << low_bits)
    hints = builder.engine.compute_division(value.expression, divisor, builder.name(rule))
    high = enforce_fits(Signal(builder, hints[0]), (limit - 1).bit_length(), rule=f"{rule}_high")
    rest = enforce_fits(Signal(builder, hints[1]), low_bits, rule=f"{rule}_rest")
    enforce_at_most(high, limit - 1, rule=f"{rule}_below_field")
    whole = Signal(builder, high.expression) * (1 << low_bits) + Signal(builder, rest.expression)
    builder.engine.enforce_zero((whole - value).expression, None)
    return high
