"""Signed numbers from outside: a sign and a magnitude."""

from circuits.builder import Builder, Flag, Uint
from circuits.signal import Bit, Bounded


class SignedMagnitude:
    """``negative`` and ``magnitude``; as they stand in what is hashed, and as one number."""

    def __init__(self, negative: Bit, magnitude: Bounded) -> None:
        self.negative = negative
        self.magnitude = magnitude

    def value(self) -> Bounded:
        """``magnitude - 2 * negative * magnitude``: one constraint. Negative zero is zero."""
        return with_sign(self.negative, self.magnitude)


def with_sign(negative: Bit, value: Bounded) -> Bounded:
    """``-value`` where the bit is 1, else ``value``: one constraint."""
    turned = value - 2 * (negative * value)
    largest = max(abs(value.low), abs(value.high))
    return Bounded(value.builder, turned.expression, -largest, largest)


class Signed:
    """An input of a sign and so many bits: declared as ``name`` and ``name_negative``."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def admit(self, builder: Builder, name: str, meaning: str, size: int, *, public: bool) -> list[SignedMagnitude]:
        """Hold the magnitude to its bits and the sign to one."""
        negatives = Flag().admit(builder, f"{name}_negative", f"1 if negative: {meaning}", size, public=public)
        magnitudes = Uint(self.bits).admit(builder, name, meaning, size, public=public)
        return [SignedMagnitude(*pair) for pair in zip(negatives, magnitudes, strict=True)]
