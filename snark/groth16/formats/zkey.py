"""``.zkey``: a Groth16 proving key with the record of its ceremony, as snarkjs writes it.

In the symbols of the paper, with ``u_i, v_i, w_i`` the polynomials of wire i:

=============  ==========================================================================
ic             ``(beta u_i + alpha v_i + w_i)(tau) / gamma`` for the public wires and one
a, b_g1, b_g2  ``u_i(tau)`` and ``v_i(tau)`` for all wires
c              ``(beta u_i + alpha v_i + w_i)(tau) / delta`` for the private wires
h              ``L_(2i+1)(tau) / delta``, L the Lagrange basis of twice the domain
=============  ==========================================================================

With this h, the factors of the quotient are the values of ``u v - w`` on the odd points of twice the domain.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from snark.bn254.constants import FIELD_BYTES, FIELD_MODULUS, GROUP_ORDER
from snark.bn254.encoding import G1_BYTES, G2_BYTES
from snark.bn254.points import G1Point, G2Point
from snark.errors import MalformedError, Reason, RejectedError
from snark.groth16.formats.contribution import (
    LEAST_PROVENANCE_BYTES,
    Provenance,
    encode_provenance,
    read_provenance,
)
from snark.r1cs.column import Column, require_canonical_points, view_g1, view_g2
from snark.r1cs.container import Layout, Section, read_container, write_container
from snark.r1cs.elements import read_modulus, write_modulus
from snark.r1cs.r1cs_file import R1cs, out_of_range
from snark.r1cs.reading import U32, Reader, Source, iterate_records

PROTOCOL, HEADER, IC, COEFFICIENTS, A, B_G1, B_G2, C, H, CONTRIBUTIONS = range(1, 11)

LAYOUT: Final = Layout(
    magic=b"zkey",
    version=1,
    sections={
        PROTOCOL: "protocol",
        HEADER: "header",
        IC: "points ic",
        COEFFICIENTS: "coefficients",
        A: "points a",
        B_G1: "points b in G1",
        B_G2: "points b in G2",
        C: "points c",
        H: "points h",
        CONTRIBUTIONS: "contributions",
    },
)

ORDER_OF_SETUP: Final = (PROTOCOL, HEADER, COEFFICIENTS, IC, H, C, A, B_G1, B_G2, CONTRIBUTIONS)
"""In which order snarkjs writes a key that nobody has contributed to; afterwards they stand by number."""

GROTH16: Final = 1
OTHER_PROTOCOLS: Final = {2: "a PLONK key", 10: "an FFLONK key"}
HASH_BYTES: Final = 64
COUNTS: Final = struct.Struct("<III")
COEFFICIENT: Final = struct.Struct(f"<III{FIELD_BYTES}s")
LEAST_CONTRIBUTION_BYTES: Final = 3 * G1_BYTES + G2_BYTES + HASH_BYTES + LEAST_PROVENANCE_BYTES

MONTGOMERY_SQUARE_INVERSE: Final = pow(2, -512, GROUP_ORDER)
"""Coefficients are stored times 2^512 mod r: their Montgomery product with a plain value is in Montgomery form."""


class Coefficient(NamedTuple):
    """``value`` is what wire ``wire`` is multiplied with in row ``row`` of matrix A (0) or B (1)."""

    matrix: int
    row: int
    wire: int
    value: int


@dataclass(frozen=True, slots=True)
class ZkeyHeader:
    """The size of the circuit and the constants of the key; the points are Montgomery bytes, not yet checked."""

    variables: int
    public: int
    domain: int
    alpha_g1: bytes = field(repr=False)
    beta_g1: bytes = field(repr=False)
    beta_g2: bytes = field(repr=False)
    gamma_g2: bytes = field(repr=False)
    delta_g1: bytes = field(repr=False)
    delta_g2: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ZkeyContribution:
    """One step of the second phase: delta was multiplied by a secret x, and this shows that somebody knew it.

    ``spx = x sp`` in the second group, where ``sp`` is derived from the transcript, has the same ratio as ``sx = x s``
    in the first. The points are Montgomery bytes, not yet checked.
    """

    delta_after: bytes = field(repr=False)
    s: bytes = field(repr=False)
    sx: bytes = field(repr=False)
    spx: bytes = field(repr=False)
    transcript: bytes
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Zkey:
    """A proving key as a window on its file."""

    place: str
    order: tuple[int, ...]
    header: ZkeyHeader
    ic: Column[G1Point]
    coefficient_section: Section = field(repr=False)
    a: Column[G1Point]
    b_g1: Column[G1Point]
    b_g2: Column[G2Point]
    c: Column[G1Point]
    h: Column[G1Point]
    circuit_hash: bytes
    contributions: tuple[ZkeyContribution, ...]

    @property
    def coefficient_data(self) -> memoryview:
        """The coefficients as they stand: matrix, row and wire as u32, then the value times 2^512 mod r."""
        return self.coefficient_section.data[U32.size :]

    @property
    def coefficient_count(self) -> int:
        """How many coefficients A and B have."""
        return len(self.coefficient_data) // COEFFICIENT.size

    def iterate_coefficients(self) -> Iterator[Coefficient]:
        """The coefficients of A and B one after the other, each checked as it is read."""
        records = iterate_records(COEFFICIENT, self.coefficient_data)
        for index, (matrix, row, wire, raw) in enumerate(records):
            coefficient = Coefficient(matrix, row, wire, int.from_bytes(raw, "little"))
            place = f"{self.coefficient_section.place}[{index}]"
            for found, count, things in (
                (matrix, 2, "matrices"),
                (row, self.header.domain, "rows"),
                (wire, self.header.variables, "wires"),
            ):
                if found >= count:
                    raise out_of_range(place, found, count, things)
            if coefficient.value >= GROUP_ORDER:
                raise MalformedError(
                    Reason.F15_NOT_CANONICAL, place, found="a value that is not below r", expected="a number below r"
                )
            yield coefficient._replace(value=coefficient.value * MONTGOMERY_SQUARE_INVERSE % GROUP_ORDER)

    def require_well_formed(self) -> None:
        """Read everything once; whether points lie on their curves is for a backend to say."""
        for _ in self.iterate_coefficients():
            pass
        for points in (self.ic, self.a, self.b_g1, self.b_g2, self.c, self.h):
            require_canonical_points(points)


def read_zkey(source: Source) -> Zkey:
    """Open a proving key: sizes, constants and contributions are read now, points when they are asked for."""
    container = read_container(source, LAYOUT)
    require_groth16(container[PROTOCOL])
    header = read_header(container[HEADER])
    circuit_hash, contributions = read_contributions(container[CONTRIBUTIONS])
    wires, private = header.variables, header.variables - header.public - 1
    return Zkey(
        place=container.place,
        order=container.order,
        header=header,
        ic=view_points_g1(container[IC], header.public + 1, "public wires and one"),
        coefficient_section=require_coefficient_count(container[COEFFICIENTS]),
        a=view_points_g1(container[A], wires, "wires"),
        b_g1=view_points_g1(container[B_G1], wires, "wires"),
        b_g2=view_points_g2(container[B_G2], wires, "wires"),
        c=view_points_g1(container[C], private, "private wires"),
        h=view_points_g1(container[H], header.domain, "rows of the domain"),
        circuit_hash=circuit_hash,
        contributions=contributions,
    )


def require_groth16(section: Section) -> None:
    """The key is of this proof system."""
    reader = section.reader()
    protocol = reader.read_u32("protocol")
    reader.require_end()
    if protocol != GROTH16:
        found = OTHER_PROTOCOLS.get(protocol, f"protocol {protocol}")
        raise MalformedError(Reason.F12_FOREIGN_PROTOCOL, section.place, found=found, expected="1: a Groth16 key")


def read_header(section: Section) -> ZkeyHeader:
    """The moduli, the sizes and the constants."""
    reader = section.reader()
    read_modulus(reader, FIELD_MODULUS, "q")
    read_modulus(reader, GROUP_ORDER, "r")
    variables, public, domain = COUNTS.unpack(reader.take(COUNTS.size, "counts"))
    if variables <= public:
        raise MalformedError(
            Reason.F13_COUNTS_DISAGREE,
            f"{section.place}: number of variables",
            found=variables,
            expected=f"more than the {public} public ones",
        )
    if domain.bit_count() != 1 or domain <= public:
        raise MalformedError(
            Reason.F13_COUNTS_DISAGREE,
            f"{section.place}: size of the domain",
            found=domain,
            expected=f"a power of two above the {public} public variables",
        )
    header = ZkeyHeader(
        variables,
        public,
        domain,
        alpha_g1=reader.take_bytes(G1_BYTES, "alpha in G1"),
        beta_g1=reader.take_bytes(G1_BYTES, "beta in G1"),
        beta_g2=reader.take_bytes(G2_BYTES, "beta in G2"),
        gamma_g2=reader.take_bytes(G2_BYTES, "gamma in G2"),
        delta_g1=reader.take_bytes(G1_BYTES, "delta in G1"),
        delta_g2=reader.take_bytes(G2_BYTES, "delta in G2"),
    )
    reader.require_end()
    return header


def require_coefficient_count(section: Section) -> Section:
    """As many coefficients as are announced."""
    count = section.reader().read_u32("number of coefficients")
    section.require_size(U32.size + count * COEFFICIENT.size, f"{count} coefficients")
    return section


def view_points_g1(section: Section, count: int, things: str) -> Column[G1Point]:
    """The points of a section, as many as the header says."""
    return view_g1(section.require_size(count * G1_BYTES, f"a point for each of {count} {things}"), section.place)


def view_points_g2(section: Section, count: int, things: str) -> Column[G2Point]:
    """The points of a section, as many as the header says."""
    return view_g2(section.require_size(count * G2_BYTES, f"a point for each of {count} {things}"), section.place)


def read_contributions(section: Section) -> tuple[bytes, tuple[ZkeyContribution, ...]]:
    """The hash of the circuit that the ceremony is for, and the record of each contribution."""
    reader = section.reader()
    circuit_hash = reader.take_bytes(HASH_BYTES, "hash of the circuit")
    count = reader.read_count("number of contributions", least_bytes=LEAST_CONTRIBUTION_BYTES)
    contributions = tuple(read_contribution(reader, f"contribution {index + 1}") for index in range(count))
    reader.require_end()
    return circuit_hash, contributions


def read_contribution(reader: Reader, place: str) -> ZkeyContribution:
    """The record of one contribution."""
    return ZkeyContribution(
        delta_after=reader.take_bytes(G1_BYTES, f"{place}, delta"),
        s=reader.take_bytes(G1_BYTES, f"{place}, s"),
        sx=reader.take_bytes(G1_BYTES, f"{place}, sx"),
        spx=reader.take_bytes(G2_BYTES, f"{place}, spx"),
        transcript=reader.take_bytes(HASH_BYTES, f"{place}, transcript"),
        provenance=read_provenance(reader, place),
    )


def require_same_circuit(r1cs: R1cs, zkey: Zkey) -> None:
    """The sizes of a key are those of this constraint system; only the ceremony's check tells that it is the same."""
    header = r1cs.header
    rows = header.constraints + header.public + 1
    expected = (header.wires, header.public, 1 << max(1, (rows - 1).bit_length()))
    found = (zkey.header.variables, zkey.header.public, zkey.header.domain)
    if found != expected:
        raise RejectedError(
            Reason.F21_FILES_DISAGREE,
            f"{zkey.place}: variables, public, domain",
            found=found,
            expected=f"{expected}, the sizes of {r1cs.place}",
        )


# --- Writing -----------------------------------------------------------------------------------


def write_zkey(path: Path, zkey: Zkey) -> None:
    """Write a proving key, its sections in the order that it names."""
    with write_container(path, LAYOUT) as writer:
        for kind in zkey.order:
            writer.add_section(kind, encode_section(zkey, kind))


def encode_section(zkey: Zkey, kind: int) -> bytes | memoryview:
    """The content of one section; long ones are windows on what is there."""
    if kind == PROTOCOL:
        return U32.pack(GROTH16)
    if kind == HEADER:
        return encode_header(zkey.header)
    if kind == COEFFICIENTS:
        return zkey.coefficient_section.data
    if kind == B_G2:
        return zkey.b_g2.data
    if kind == CONTRIBUTIONS:
        return encode_contributions(zkey.circuit_hash, zkey.contributions)
    return {IC: zkey.ic, A: zkey.a, B_G1: zkey.b_g1, C: zkey.c, H: zkey.h}[kind].data


def encode_header(header: ZkeyHeader) -> bytes:
    """The content of the header's section."""
    return b"".join(
        (
            write_modulus(FIELD_MODULUS),
            write_modulus(GROUP_ORDER),
            COUNTS.pack(header.variables, header.public, header.domain),
            header.alpha_g1,
            header.beta_g1,
            header.beta_g2,
            header.gamma_g2,
            header.delta_g1,
            header.delta_g2,
        )
    )


def encode_contributions(circuit_hash: bytes, contributions: tuple[ZkeyContribution, ...]) -> bytes:
    """The content of the contributions' section."""
    return circuit_hash + U32.pack(len(contributions)) + b"".join(map(encode_contribution, contributions))


def encode_contribution(contribution: ZkeyContribution) -> bytes:
    """The record of one contribution."""
    points = contribution.delta_after + contribution.s + contribution.sx + contribution.spx
    return points + contribution.transcript + encode_provenance(contribution.provenance)


def encode_coefficient(coefficient: Coefficient) -> bytes:
    """One coefficient as it stands in its section."""
    value = coefficient.value * pow(2, 512, GROUP_ORDER) % GROUP_ORDER
    return COEFFICIENT.pack(*coefficient[:3], value.to_bytes(FIELD_BYTES, "little"))
