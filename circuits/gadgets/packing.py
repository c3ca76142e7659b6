"""Several bounded numbers in one element, as what is hashed holds them.

element = sum(value_i * 2^(width_0 + ... + width_{i-1}))        free, and injective because every value keeps its width

Names and widths are those of a ``facts.packing.Packing``: what a party encodes and what a statement range-checks is one
table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from circuits.builder import MOST_BITS, Builder, Flag, Uint
from circuits.errors import CircuitError
from circuits.gadgets.selection import select
from circuits.signal import Bit, Bounded, Signal, sum_signals
from facts.packing import Packing

NOTHING: Final[Mapping[str, Bounded]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class PackedNumbers:
    """An element and the numbers that it holds."""

    element: Signal
    parts: Mapping[str, Bounded]

    def __getitem__(self, name: str) -> Bounded:
        """One of the numbers."""
        return self.parts[name]

    def bit(self, name: str) -> Bit:
        """One that is 0 or 1."""
        part = self.parts[name]
        if not isinstance(part, Bit):
            raise CircuitError(f"{name} as a bit, with {part.bits} of them", "a part of one bit")
        return part


def pack(parts: Sequence[tuple[Bounded, int]]) -> Signal:
    """Values with their widths, the first the lowest. A value that could be wider than its place is refused."""
    shift, packed = 0, parts[0][0].builder.element(0)
    for value, width in parts:
        if value.low < 0 or value.high >> width:
            raise CircuitError(
                f"a value from {value.low} to {value.high} in {width} bits", "a value that fits its place"
            )
        packed = packed + Signal(value.builder, value.expression) * (1 << shift)
        shift += width
    if shift > MOST_BITS:
        raise CircuitError(f"{shift} bits in one element", f"at most {MOST_BITS}")
    return packed


def declare_packed(
    builder: Builder, packing: Packing, meanings: Mapping[str, str], *, known: Mapping[str, Bounded] = NOTHING
) -> PackedNumbers:
    """A private input for each part, held to its width, and the element of them: one constraint for each bit.

    Parts that the statement has already (``known``) are taken as they are. Bad case: a part one bit too wide, which
    with its neighbour would give the same element.
    """
    parts = {
        name: known[name] if name in known else declare_part(builder, name, bits, meanings[name])
        for name, bits in packing.parts
    }
    return PackedNumbers(pack_parts(packing.parts, parts), parts)


def declare_part(builder: Builder, name: str, bits: int, meaning: str) -> Bounded:
    """One number, which is a bit where it has one."""
    return declare_column(builder, name, bits, meaning, 1)[0]


def declare_column(builder: Builder, name: str, bits: int, meaning: str, size: int) -> Sequence[Bounded]:
    """Numbers of one width under one name."""
    if bits == 1:
        return builder.private_list(name, Flag(), size, meaning)
    return builder.private_list(name, Uint(bits), size, meaning)


def declare_columns(
    builder: Builder, parts: Iterable[tuple[str, int]], meanings: Mapping[str, str], size: int
) -> list[Mapping[str, Bounded]]:
    """The same parts ``size`` times, each part a private list: the rows of these columns."""
    columns = {name: declare_column(builder, name, bits, meanings[name], size) for name, bits in parts}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def pack_parts(parts: Iterable[tuple[str, int]], numbers: Mapping[str, Bounded]) -> Signal:
    """The element of numbers by their names."""
    return pack([(numbers[name], bits) for name, bits in parts])


def select_packed(chooser: Bit, packing: Packing, one: PackedNumbers, zero: PackedNumbers) -> PackedNumbers:
    """The numbers of one of two elements: one constraint for each number."""
    parts = {name: select(chooser, one[name], zero[name]) for name in packing.widths}
    return PackedNumbers(pack([(parts[name], bits) for name, bits in packing.parts]), parts)


def unpack(element: Signal, packing: Packing, *, rule: str) -> PackedNumbers:
    """The parts of an element that is there already: its bits, grouped. Bad case: bits beyond the last part."""
    bits = element.builder.enforce_bits(element, packing.bits, rule=rule)
    parts: dict[str, Bounded] = {}
    place = 0
    for name, width in packing.parts:
        group = bits[place : place + width]
        parts[name] = group[0] if width == 1 else sum_signals([bit * (1 << power) for power, bit in enumerate(group)])
        place += width
    return PackedNumbers(element, parts)
