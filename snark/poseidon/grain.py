"""The Grain LFSR in its self-shrinking mode, from which every parameter of Poseidon is drawn.

Nobody chose these numbers: whoever doubts them draws them again from the eighty bits that describe the instance
(Grassi, Khovratovich, Rechberger, Roy, Schofnegger: Poseidon, appendix E).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

STATE_BITS: Final = 80
TAPS: Final = (62, 51, 38, 23, 13, 0)
"""``b[i + 80] = b[i + 62] + b[i + 51] + b[i + 38] + b[i + 23] + b[i + 13] + b[i]`` over the field of two elements."""

STRIDE: Final = 16
"""The newest bit is made from bits at least eighteen old, so that two bytes are made in one step."""
MASK: Final = (1 << STRIDE) - 1

DISCARDED_BITS: Final = 160

PRIME_FIELD: Final = 1
POWER_SBOX: Final = 0


def describe_instance(field_bits: int, width: int, full_rounds: int, partial_rounds: int) -> list[int]:
    """The eighty bits that the register starts from: what is drawn depends on the whole instance."""
    parts = (
        (PRIME_FIELD, 2),
        (POWER_SBOX, 4),
        (field_bits, 12),
        (width, 12),
        (full_rounds, 10),
        (partial_rounds, 10),
        ((1 << 30) - 1, 30),
    )
    return [value >> place & 1 for value, length in parts for place in reversed(range(length))]


def register_bytes(start: list[int]) -> Iterator[int]:
    """The bits of the register after its start, eight at a time; the lowest bit of a byte comes first."""
    state = sum(bit << place for place, bit in enumerate(start))
    while True:
        fresh = 0
        for tap in TAPS:
            fresh ^= state >> tap
        fresh &= MASK
        state = state >> STRIDE | fresh << (STATE_BITS - STRIDE)
        yield fresh & 0xFF
        yield fresh >> 8


def shrink(byte: int) -> str:
    """Of each of four pairs of bits the second, where the first is one."""
    return "".join(str(byte >> place + 1 & 1) for place in (0, 2, 4, 6) if byte >> place & 1)


SHRUNK: Final = tuple(map(shrink, range(256)))


class Grain:
    """An endless draw of numbers for one instance of Poseidon."""

    def __init__(self, *, modulus: int, width: int, full_rounds: int, partial_rounds: int) -> None:
        self.modulus = modulus
        self.number_bits = modulus.bit_length()
        start = describe_instance(self.number_bits, width, full_rounds, partial_rounds)
        self.source = islice(register_bytes(start), DISCARDED_BITS // 8, None)
        self.bits = ""

    def draw_number(self) -> int:
        """As many bits as the modulus has, the highest first."""
        while len(self.bits) < self.number_bits:
            self.bits += SHRUNK[next(self.source)]
        drawn, self.bits = self.bits[: self.number_bits], self.bits[self.number_bits :]
        return int(drawn, 2)

    def draw_element(self) -> int:
        """A number below the modulus; what is not below is thrown away, so that all are equally likely."""
        while (number := self.draw_number()) >= self.modulus:
            pass
        return number
