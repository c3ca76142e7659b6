"""A constraint system of any size: each wire is the square of the one before, the last one is public."""

import struct
from itertools import pairwise
from pathlib import Path

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

LABEL_BYTES = 8


def write_square_chain(rows: int, constraints: Path, witness: Path, start: int = 3) -> None:
    """The two files, as circom would write them."""
    values = [start]
    for _ in range(rows):
        values.append(values[-1] ** 2 % GROUP_ORDER)
    # Wire 1 is the public one: the last of the chain.
    wires = [1, values[-1], *values[:-1]]
    chain = [*range(2, len(wires)), 1]
    count = len(wires)
    header = field_header() + struct.pack("<IIIIQI", count, 1, 0, count - 2, count, rows)
    squares = b"".join(encode_term(this) + encode_term(this) + encode_term(after) for this, after in pairwise(chain))
    constraints.write_bytes(container(b"r1cs", 1, [header, squares, bytes(LABEL_BYTES * count)]))
    body = b"".join(value.to_bytes(FIELD_BYTES, "little") for value in wires)
    witness.write_bytes(container(b"wtns", 2, [field_header() + struct.pack("<I", count), body]))


def field_header() -> bytes:
    """The modulus with its width."""
    return struct.pack("<I", FIELD_BYTES) + GROUP_ORDER.to_bytes(FIELD_BYTES, "little")


def encode_term(wire: int) -> bytes:
    """One wire, once."""
    return struct.pack("<II", 1, wire) + (1).to_bytes(FIELD_BYTES, "little")


def container(magic: bytes, version: int, sections: list[bytes]) -> bytes:
    """Sections numbered from one."""
    parts = [struct.pack("<IQ", kind, len(content)) + content for kind, content in enumerate(sections, start=1)]
    return magic + struct.pack("<II", version, len(parts)) + b"".join(parts)
