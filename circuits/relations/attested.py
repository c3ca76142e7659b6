"""Numbers that somebody with a key vouches for: they are parts of a leaf whose root the verifier knows.

Whoever signs a root says what its leaves are made of, and the prover can't choose another number than the leaf has: a
range check of it would prove nothing that the hash does not. This holds for a number that is an input of a leaf's hash
by itself. A number that shares an element with others (a packing) is range-checked, because the prover could choose
how the element falls apart.
"""

from circuits.builder import Builder
from circuits.signal import Bounded, Signal


class Attested:
    """An input of so many bits without a constraint of its own; to be hashed into a leaf as it stands."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def admit(self, builder: Builder, name: str, meaning: str, size: int, *, public: bool) -> list[Bounded]:
        """Nothing to hold: the leaf does."""
        declared = builder.engine.declare(name, size, self.bits, public=public, meaning=meaning)
        return [Bounded(builder, expression, 0, (1 << self.bits) - 1) for expression in declared]


def narrow_attested(value: Signal, low: int, high: int) -> Bounded:
    """``value`` as a number whose leaf is only ever made of numbers from ``low`` to ``high``."""
    return Bounded(value.builder, value.expression, low, high)
