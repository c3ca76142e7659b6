"""``.r1cs``: a rank-1 constraint system as circom writes it.

Every constraint says ``a * b = c`` of three linear combinations of the wires. Wire 0 is the constant one; then come
the public outputs, the public inputs, the private inputs, and all that is computed from them.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.errors import MalformedError, MisuseError, Reason
from snark.r1cs.container import Container, Layout, Section, read_container, write_container
from snark.r1cs.elements import read_modulus, write_modulus
from snark.r1cs.reading import U32, U64, Reader, Source, iterate_records

HEADER, CONSTRAINTS, LABELS, GATE_LIST, GATE_USES = 1, 2, 3, 4, 5

LAYOUT: Final = Layout(
    magic=b"r1cs",
    version=1,
    sections={
        HEADER: "header",
        CONSTRAINTS: "constraints",
        LABELS: "labels of wires",
        GATE_LIST: "custom gates",
        GATE_USES: "uses of custom gates",
    },
    optional=frozenset({GATE_LIST, GATE_USES}),
    keeps_unknown=True,
)

ORDER_OF_CIRCOM: Final = (CONSTRAINTS, HEADER, LABELS)
"""In which order circom writes the sections; snarkjs writes header, constraints, labels."""

TERM: Final = struct.Struct(f"<I{FIELD_BYTES}s")
COUNTS: Final = struct.Struct("<IIIIQI")
LEAST_CONSTRAINT_BYTES: Final = 3 * U32.size
REMEMBERED_COEFFICIENTS: Final = 4096
"""Coefficients repeat: ones, minus ones, powers of two."""

Term = tuple[int, int]
"""A wire and its coefficient."""
Combination = tuple[Term, ...]


class Constraint(NamedTuple):
    """``a * b = c``, each a linear combination of wires."""

    a: Combination
    b: Combination
    c: Combination


@dataclass(frozen=True, slots=True)
class R1csHeader:
    """How much there is of everything."""

    wires: int
    outputs: int
    public_inputs: int
    private_inputs: int
    labels: int
    constraints: int

    @property
    def public(self) -> int:
        """The public values: outputs first, then inputs; the constant one is not counted."""
        return self.outputs + self.public_inputs


@dataclass(frozen=True, slots=True)
class R1cs:
    """A constraint system as a window on its file."""

    place: str
    header: R1csHeader
    order: tuple[int, ...]
    constraint_section: Section = field(repr=False)
    label_section: Section = field(repr=False)

    def iterate_constraints(self) -> Iterator[Constraint]:
        """The constraints one after the other, each checked as it is read; at the end nothing may be left."""
        terms = TermReader(self.constraint_section.reader(), self.header.wires)
        for index in range(self.header.constraints):
            yield Constraint(terms.read(index, "a"), terms.read(index, "b"), terms.read(index, "c"))
        terms.reader.require_end()

    def iterate_labels(self) -> Iterator[int]:
        """The label of each wire: its number in the ``.sym`` file."""
        for wire, (label,) in enumerate(iterate_records(U64, self.label_section.data)):
            if label >= self.header.labels:
                raise out_of_range(f"{self.label_section.place}: wire {wire}", label, self.header.labels, "labels")
            yield label

    def require_well_formed(self) -> None:
        """Read everything once."""
        for _ in self.iterate_constraints():
            pass
        for _ in self.iterate_labels():
            pass


class TermReader:
    """Reads linear combinations, and knows a coefficient that it has seen before."""

    def __init__(self, reader: Reader, wires: int) -> None:
        self.reader = reader
        self.wires = wires
        self.known: dict[bytes, int] = {}

    def read(self, constraint: int, side: str) -> Combination:
        """One linear combination: a number of terms, then each wire with its coefficient."""
        (count,) = U32.unpack(self.reader.take(U32.size, f"constraint {constraint}"))
        terms = self.reader.take(count * TERM.size, f"constraint {constraint}")
        known = self.known
        combination = tuple(
            (wire, known[raw] if raw in known else self.decode(raw, constraint))
            for wire, raw in TERM.iter_unpack(bytes(terms))  # a copy: see iterate_records
        )
        self.require_wires(combination, constraint, side)
        return combination

    def require_wires(self, combination: Combination, constraint: int, side: str) -> None:
        """Every wire is there, and stands once."""
        if not combination:
            return
        named = {wire for wire, _ in combination}
        place = f"{self.reader.place}: constraint {constraint}.{side}"
        if max(named) >= self.wires:
            raise out_of_range(place, max(named), self.wires, "wires")
        if len(named) < len(combination):
            raise MalformedError(
                Reason.F16_DUPLICATE_TERM,
                place,
                found=f"{len(combination)} terms with {len(named)} wires",
                expected="each wire once",
            )

    def decode(self, raw: bytes, constraint: int) -> int:
        """A coefficient below r."""
        value = int.from_bytes(raw, "little")
        if value >= GROUP_ORDER:
            raise MalformedError(
                Reason.F15_NOT_CANONICAL,
                f"{self.reader.place}: constraint {constraint}",
                found=f"a coefficient {value:#x}",
                expected="a number below r",
            )
        if len(self.known) < REMEMBERED_COEFFICIENTS:
            self.known[raw] = value
        return value


def out_of_range(place: str, found: int, count: int, things: str) -> MalformedError:
    """A number of something that there is not."""
    return MalformedError(
        Reason.F14_INDEX_OUT_OF_RANGE, place, found=found, expected=f"a number below {count}, the count of {things}"
    )


def read_r1cs(source: Source) -> R1cs:
    """Open a constraint system: its header is checked now, its constraints when they are iterated."""
    container = read_container(source, LAYOUT)
    header = read_header(container[HEADER])
    constraints = container[CONSTRAINTS]
    most = len(constraints.data) // LEAST_CONSTRAINT_BYTES
    if header.constraints > most:
        raise MalformedError(
            Reason.F10_SECTION_SIZE,
            constraints.place,
            found=f"{len(constraints.data)} bytes",
            expected=f"at least {header.constraints * LEAST_CONSTRAINT_BYTES}, for {header.constraints} constraints",
        )
    container[LABELS].require_size(header.wires * U64.size, f"a label for each of {header.wires} wires")
    require_no_custom_gates(container)
    return R1cs(container.place, header, container.order, constraints, container[LABELS])


def read_header(section: Section) -> R1csHeader:
    """The header, whose counts must agree with each other."""
    reader = section.reader()
    read_modulus(reader, GROUP_ORDER, "prime")
    header = R1csHeader(*COUNTS.unpack(reader.take(COUNTS.size, "counts")))
    reader.require_end()
    least = 1 + header.public + header.private_inputs
    if header.wires < least:
        raise MalformedError(
            Reason.F13_COUNTS_DISAGREE,
            f"{section.place}: number of wires",
            found=header.wires,
            expected=f"at least {least}: the constant one, {header.public} public and {header.private_inputs} private",
        )
    return header


def require_no_custom_gates(container: Container) -> None:
    """A custom gate is no constraint: a proof by Groth16 would not cover it."""
    for kind in (GATE_LIST, GATE_USES):
        if kind in container:
            reader = container[kind].reader()
            count = reader.read_u32("number of gates")
            if count:
                raise MalformedError(
                    Reason.F12_FOREIGN_PROTOCOL,
                    container[kind].place,
                    found=f"{count} custom gates",
                    expected="none: Groth16 proves constraints alone",
                )
            reader.require_end()


# --- Writing -----------------------------------------------------------------------------------


def write_r1cs(
    path: Path,
    header: R1csHeader,
    constraints: Iterable[Constraint],
    labels: Iterable[int],
    *,
    order: Sequence[int] = ORDER_OF_CIRCOM,
) -> None:
    """Write a constraint system; ``order`` is that of the sections, of which unknown ones are left out."""
    with write_container(path, LAYOUT) as writer:
        for kind in order:
            if kind not in LAYOUT.sections:
                continue
            with writer.section(kind) as file:
                if kind == HEADER:
                    file.write(encode_header(header))
                elif kind == CONSTRAINTS:
                    require_as_many(write_constraints(file, constraints), header.constraints, "constraints")
                elif kind == LABELS:
                    require_as_many(write_labels(file, labels), header.wires, "labels of wires")
                else:
                    file.write(U32.pack(0))


def encode_header(header: R1csHeader) -> bytes:
    """The content of the header's section."""
    counts = (header.wires, header.outputs, header.public_inputs, header.private_inputs)
    return write_modulus(GROUP_ORDER) + COUNTS.pack(*counts, header.labels, header.constraints)


def write_constraints(file: BinaryIO, constraints: Iterable[Constraint]) -> int:
    """Write constraints and count them."""
    count = 0
    for count, constraint in enumerate(constraints, start=1):  # noqa: B007 -- the last number is the count
        file.write(b"".join(map(encode_combination, constraint)))
    return count


def encode_combination(combination: Combination) -> bytes:
    """A number of terms, then each wire with its coefficient."""
    terms = (TERM.pack(wire, coefficient.to_bytes(FIELD_BYTES, "little")) for wire, coefficient in combination)
    return U32.pack(len(combination)) + b"".join(terms)


def write_labels(file: BinaryIO, labels: Iterable[int]) -> int:
    """Write labels and count them."""
    count = 0
    for count, label in enumerate(labels, start=1):  # noqa: B007 -- the last number is the count
        file.write(U64.pack(label))
    return count


def require_as_many(written: int, announced: int, things: str) -> None:
    """What the header announces is what was given."""
    if written != announced:
        raise MisuseError(Reason.WRONG_COUNT, things, found=written, expected=f"{announced}, as the header says")
