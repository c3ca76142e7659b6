"""A constraint system of any size whose witness is mixed as real ones are: three values of five are bits.

Rows come in fives: three say ``b b = b`` of a bit, two say ``(s + b) s = t`` along a chain of values without a pattern.
The circuits that provers are compared on have 56 and 60 percent of bits and next to nothing else that is small.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

LABEL_BYTES = 8
BITS, FIVE = 3, 5
ONE, LAST = 0, 1
"""The wires of the constant and of the public value, which the chain ends in; those of the rows follow."""
UNIT = (1).to_bytes(FIELD_BYTES, "little")

Row = tuple[tuple[int, ...], int, int, int]
"""The wires that are added up in the first factor, the second factor, the product, and the product's value."""


def write_mixed_circuit(rows: int, constraints: Path, witness: Path, start: int = 3) -> None:
    """The two files, as circom would write them."""
    wires = [1, 0, start]
    content = []
    for left, right, product, value in walk_rows(rows, start):
        content.append(encode_sum(*left) + encode_sum(right) + encode_sum(product))
        if product == LAST:
            wires[LAST] = value
        else:
            wires.append(value)
    count = len(wires)
    header = field_header() + struct.pack("<IIIIQI", count, 1, 0, count - 2, count, rows)
    constraints.write_bytes(container(b"r1cs", 1, [header, b"".join(content), bytes(LABEL_BYTES * count)]))
    body = b"".join(value.to_bytes(FIELD_BYTES, "little") for value in wires)
    witness.write_bytes(container(b"wtns", 2, [field_header() + struct.pack("<I", count), body]))


def walk_rows(rows: int, start: int) -> Iterator[Row]:
    """Each row after those that its wires come from; the last one makes the public value."""
    chain, bit = LAST + 1, ONE
    value, addend = start, 1
    for row in range(rows):
        fresh = LAST + 2 + row
        if row % FIVE < BITS and row < rows - 1:
            bit, addend = fresh, value >> row % FIVE & 1
            yield (bit,), bit, bit, addend
        else:
            value = (value + addend) * value % GROUP_ORDER
            chain_end = LAST if row == rows - 1 else fresh
            yield (chain, bit), chain, chain_end, value
            chain = chain_end


def field_header() -> bytes:
    """The modulus with its width."""
    return struct.pack("<I", FIELD_BYTES) + GROUP_ORDER.to_bytes(FIELD_BYTES, "little")


def encode_sum(*wires: int) -> bytes:
    """So many wires, each once."""
    terms = b"".join(struct.pack("<I", wire) + UNIT for wire in wires)
    return struct.pack("<I", len(wires)) + terms


def container(magic: bytes, version: int, sections: list[bytes]) -> bytes:
    """Sections numbered from one."""
    parts = [struct.pack("<IQ", kind, len(content)) + content for kind, content in enumerate(sections, start=1)]
    return magic + struct.pack("<II", version, len(parts)) + b"".join(parts)
