"""Choices: one of several values, by bits that are held to be bits."""

from collections.abc import Sequence
from typing import overload

from circuits.errors import CircuitError
from circuits.signal import Bit, Bounded, Signal, sum_signals


@overload
def select(chooser: Bit, one: Bit, zero: Bit) -> Bit: ...
@overload
def select(chooser: Bit, one: Bounded, zero: Bounded) -> Bounded: ...
@overload
def select(chooser: Bit, one: Signal, zero: Signal) -> Signal: ...
def select(chooser: Bit, one: Signal, zero: Signal) -> Signal:
    """``one`` where the chooser is 1, ``zero`` where it is 0: ``zero + chooser * (one - zero)``, one constraint."""
    difference = Signal(one.builder, (one - zero).expression)
    chosen = Signal(chooser.builder, chooser.expression) * difference + zero
    if isinstance(one, Bit) and isinstance(zero, Bit):
        return Bit(chosen.builder, chosen.expression)
    if isinstance(one, Bounded) and isinstance(zero, Bounded):
        return Bounded(chosen.builder, chosen.expression, min(one.low, zero.low), max(one.high, zero.high))
    return chosen


def swap(chooser: Bit, left: Bounded, right: Bounded) -> tuple[Bounded, Bounded]:
    """``(left, right)`` where the chooser is 0, ``(right, left)`` where it is 1: one constraint for both."""
    moved = Signal(chooser.builder, chooser.expression) * Signal(left.builder, (right - left).expression)
    low, high = min(left.low, right.low), max(left.high, right.high)
    first, second = left.expression + moved.expression, right.expression - moved.expression
    return Bounded(left.builder, first, low, high), Bounded(left.builder, second, low, high)


def either(left: Bit, right: Bit) -> Bit:
    """1 if exactly one of them is 1: ``left + right - 2 * left * right``."""
    return Bit(left.builder, (left + right - 2 * (left * right)).expression)


def both(left: Bit, right: Bit) -> Bit:
    """1 if both are 1: their product."""
    return Bit(left.builder, (left * right).expression)


class OneHot(tuple[Bit, ...]):
    """Bits of which exactly one is 1: ``enforce_one_hot`` makes them."""

    __slots__ = ()


def enforce_one_hot(bits: Sequence[Bit], *, rule: str) -> OneHot:
    """Exactly one of the bits is 1: their sum is 1, which is linear. Bad cases: none, or two."""
    first = bits[0]
    first.builder.enforce_equal(sum_signals(bits), 1, rule=rule)
    return OneHot(bits)


def pick(hot: OneHot, values: Sequence[Bounded]) -> Bounded:
    """The value whose bit is 1: ``sum(bit_i * value_i)``, one constraint for each value and none for a number."""
    if len(hot) != len(values):
        raise CircuitError(f"{len(hot)} bits for {len(values)} values", "a bit for each")
    terms = [
        Signal(bit.builder, bit.expression) * Signal(bit.builder, value.expression)
        for bit, value in zip(hot, values, strict=True)
    ]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return Bounded(
        total.builder, total.expression, min(value.low for value in values), max(value.high for value in values)
    )
