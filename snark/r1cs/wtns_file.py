"""``.wtns``: a witness, one value for each wire of a constraint system.

A witness is secret. No error, representation or log of it tells a value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.errors import MalformedError, Reason, RejectedError
from snark.r1cs.column import Column, view_scalars
from snark.r1cs.container import Layout, Section, read_container, write_container
from snark.r1cs.elements import read_modulus, require_canonical, write_modulus
from snark.r1cs.r1cs_file import R1cs
from snark.r1cs.reading import U32, Source

HEADER, VALUES = 1, 2

LAYOUT: Final = Layout(magic=b"wtns", version=2, sections={HEADER: "header", VALUES: "values"})


@dataclass(frozen=True, slots=True)
class Witness:
    """The values of all wires as a window on their file; the first is the constant one."""

    place: str
    values: Column[int]

    def __len__(self) -> int:
        return len(self.values)


def read_wtns(source: Source) -> Witness:
    """Open a witness; every value is canonical, and the first is one."""
    container = read_container(source, LAYOUT)
    count = read_header(container[HEADER])
    section = container[VALUES]
    data = section.require_size(count * FIELD_BYTES, f"{count} values")
    require_canonical(data, GROUP_ORDER, f"{section.place}: value")
    values = view_scalars(data, section.place)
    if not count or values[0] != 1:
        found = "another value" if count else "no value"
        raise MalformedError(Reason.F19_FIRST_VALUE, f"{section.place}: value[0]", found=found, expected="1")
    return Witness(container.place, values)


def read_header(section: Section) -> int:
    """The number of values."""
    reader = section.reader()
    read_modulus(reader, GROUP_ORDER, "prime")
    count = reader.read_u32("number of values")
    reader.require_end()
    return count


def write_wtns(path: Path, values: Column[int] | Iterable[int]) -> None:
    """Write a witness; the file can be read by its owner alone."""
    content = values.data if isinstance(values, Column) else b"".join(map(encode_value, values))
    with write_container(path, LAYOUT, secret=True) as writer:
        writer.add_section(HEADER, write_modulus(GROUP_ORDER) + U32.pack(len(content) // FIELD_BYTES))
        writer.add_section(VALUES, content)


def encode_value(value: int) -> bytes:
    """One value; a refusal does not tell it."""
    if not 0 <= value < GROUP_ORDER:
        raise MalformedError(Reason.F15_NOT_CANONICAL, "value", found="another number", expected="a number below r")
    return value.to_bytes(FIELD_BYTES, "little")


def require_fits(r1cs: R1cs, witness: Witness) -> None:
    """The witness has a value for each wire of this constraint system."""
    if len(witness) != r1cs.header.wires:
        raise RejectedError(
            Reason.F21_FILES_DISAGREE,
            f"{witness.place}: number of values",
            found=len(witness),
            expected=f"{r1cs.header.wires}, the wires of {r1cs.place}",
        )
