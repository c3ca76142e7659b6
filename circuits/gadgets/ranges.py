"""Ranges: what makes an element an integer that can be compared.

    value in [0, 2^n)    value = sum(2^i * bit_i), every bit 0 or 1             n constraints
    value >= 0           of a value in [low, high]: high's bits hold it         bits(high) constraints

The second is sound because a negative value v is the element r + v, and r + low is beyond what the bits can hold;
that is checked when the circuit is built.
"""

from circuits.builder import MOST_BITS
from circuits.errors import CircuitError
from circuits.signal import HALF, Bounded, Signal
from snark.bn254.constants import GROUP_ORDER


def enforce_fits(value: Signal, bits: int, *, rule: str) -> Bounded:
    """``value`` as an integer of ``bits`` bits. Bad case: any element from 2^bits to r - 1."""
    value.builder.hold_digits(value, bits, rule=rule)
    return Bounded(value.builder, value.expression, 0, (1 << bits) - 1)


def enforce_at_least_zero(value: Bounded, *, rule: str) -> Bounded:
    """``value >= 0``. Free where its interval says so already. Bad case: -1, which is the element r - 1."""
    if value.low >= 0:
        return value
    bits = max(value.high, 0).bit_length()
    if bits > MOST_BITS or (1 << bits) > GROUP_ORDER + value.low:
        raise CircuitError(f"a value from {value.low} to {value.high}", "one whose negatives its bits can't hold")
    value.builder.hold_digits(value, bits, rule=rule)
    return Bounded(value.builder, value.expression, 0, max(value.high, 0))


def enforce_at_most(smaller: Bounded, larger: Bounded | int, *, rule: str) -> Bounded:
    """``smaller <= larger``; what comes back is ``larger - smaller``. Bad case: ``smaller = larger + 1``."""
    limit = smaller.builder.constant(larger) if isinstance(larger, int) else larger
    return enforce_at_least_zero(limit - smaller, rule=rule)


def enforce_less(smaller: Bounded, larger: Bounded | int, *, rule: str) -> Bounded:
    """``smaller < larger``; what comes back is ``larger - smaller - 1``. Bad case: two that are equal."""
    return enforce_at_most(smaller + 1, larger, rule=rule)


def limit_to(value: Bounded, limit: Bounded | int, *, rule: str) -> Bounded:
    """``value`` itself, which is at most ``limit``: its interval ends there from now on."""
    enforce_at_most(value, limit, rule=rule)
    high = limit if isinstance(limit, int) else limit.high
    return Bounded(value.builder, value.expression, value.low, min(value.high, high))


def narrow_implied(value: Bounded, low: int, high: int) -> Bounded:
    """``value`` with the interval that constraints elsewhere hold it to: the caller says which.

    Nothing is held here. It is for what follows from a range that was proved of a larger number, where the interval of
    the type is too coarse for the next product. The laboratory carries texts out in numbers that never wrap, and sees
    one that leaves such an interval while all rules are kept.
    """
    return Bounded(value.builder, value.expression, low, high)


def enforce_inside(low: Bounded, value: Bounded, high: Bounded, *, rule: str) -> Bounded:
    """``low < value <= high``; what comes back is ``value`` with the interval that follows.

    The upper end first, because it makes the second difference small. Bad cases: ``low``, and ``high + 1``.
    """
    limited = limit_to(value, high, rule=f"{rule}_at_most_high")
    enforce_less(low, limited, rule=f"{rule}_above_low")
    return Bounded(value.builder, value.expression, max(limited.low, low.low + 1), limited.high)


def enforce_between(low: Signal, value: Bounded, high: Signal, gap_bits: int, *, rule: str) -> None:
    """``low < value <= high`` where nothing is known of ``low`` and ``high``: two differences of ``gap_bits`` bits.

        value - low - 1 in [0, 2^n)        high - value in [0, 2^n)

    So ``low`` is an integer in [value - 2^n, value) and ``high`` one in [value, value + 2^n): the differences are
    their range check. Bad cases: ``value = low`` and ``value = high + 1``.
    """
    if max(value.high, -value.low) + (1 << gap_bits) > HALF:
        raise CircuitError(f"differences of {gap_bits} bits beside {value.bits}", "a sum within half the field")
    enforce_fits(value - low - 1, gap_bits, rule=f"{rule}_above_low")
    enforce_fits(high - value, gap_bits, rule=f"{rule}_at_most_high")
