"""``.ptau``: powers of tau, what the first phase of a ceremony makes, as snarkjs writes it.

With ``n = 2^power``: ``tau^i`` for ``i <= 2n - 2`` in the first group; ``tau^i`` in the second, ``alpha tau^i`` and
``beta tau^i`` in the first for ``i < n``; ``beta`` in the second; and the record of each contribution. A file that is
prepared for the second phase also has the four rows in the Lagrange basis of every domain up to n (``tau`` in the first
group up to 2n), one after the other: that of the domain ``2^p`` begins at item ``2^p - 1``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from snark.bn254.constants import FIELD_MODULUS
from snark.bn254.encoding import G1_BYTES, G2_BYTES
from snark.bn254.points import G1Point, G2Point
from snark.errors import MalformedError, MisuseError, Reason
from snark.groth16.formats.contribution import (
    LEAST_PROVENANCE_BYTES,
    Provenance,
    encode_provenance,
    read_provenance,
)
from snark.r1cs.column import Column, require_canonical_points, view_g1, view_g2
from snark.r1cs.container import Container, Layout, Section, read_container, write_container
from snark.r1cs.elements import read_modulus, write_modulus
from snark.r1cs.reading import U32, Reader, Source

HEADER, TAU_G1, TAU_G2, ALPHA_TAU_G1, BETA_TAU_G1, BETA_G2, CONTRIBUTIONS = range(1, 8)
LAGRANGE_TAU_G1, LAGRANGE_TAU_G2, LAGRANGE_ALPHA_TAU_G1, LAGRANGE_BETA_TAU_G1 = range(12, 16)
LAGRANGE: Final = (LAGRANGE_TAU_G1, LAGRANGE_TAU_G2, LAGRANGE_ALPHA_TAU_G1, LAGRANGE_BETA_TAU_G1)

LAYOUT: Final = Layout(
    magic=b"ptau",
    version=1,
    sections={
        HEADER: "header",
        TAU_G1: "tau in G1",
        TAU_G2: "tau in G2",
        ALPHA_TAU_G1: "alpha tau in G1",
        BETA_TAU_G1: "beta tau in G1",
        BETA_G2: "beta in G2",
        CONTRIBUTIONS: "contributions",
        LAGRANGE_TAU_G1: "Lagrange tau in G1",
        LAGRANGE_TAU_G2: "Lagrange tau in G2",
        LAGRANGE_ALPHA_TAU_G1: "Lagrange alpha tau in G1",
        LAGRANGE_BETA_TAU_G1: "Lagrange beta tau in G1",
    },
    optional=frozenset(LAGRANGE),
)

GREATEST_POWER: Final = 28
"""The scalar field has roots of unity of order 2^28 and no more."""
HASH_BYTES: Final = 64
HASH_STATE_BYTES: Final = 216
"""A hash that has read the response but not its public key: 128 bytes of buffer, 64 of state, two counters, padding."""
PUBLIC_KEY_BYTES: Final = 6 * G1_BYTES + 3 * G2_BYTES
LEAST_CONTRIBUTION_BYTES: Final = (
    3 * G1_BYTES + 2 * G2_BYTES + PUBLIC_KEY_BYTES + HASH_STATE_BYTES + HASH_BYTES + LEAST_PROVENANCE_BYTES
)


@dataclass(frozen=True, slots=True)
class RatioKey:
    """Shows that somebody knew a secret x: ``sx = x s`` in the first group and ``spx = x sp`` in the second."""

    s: bytes = field(repr=False)
    sx: bytes = field(repr=False)
    spx: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PtauContribution:
    """One step of the first phase. Its points are Montgomery bytes, not yet checked."""

    tau_g1: bytes = field(repr=False)
    tau_g2: bytes = field(repr=False)
    alpha_g1: bytes = field(repr=False)
    beta_g1: bytes = field(repr=False)
    beta_g2: bytes = field(repr=False)
    tau_key: RatioKey
    alpha_key: RatioKey
    beta_key: RatioKey
    hash_state: bytes = field(repr=False)
    next_challenge: bytes
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Ptau:
    """Powers of tau as a window on their file."""

    place: str
    order: tuple[int, ...]
    power: int
    ceremony_power: int
    """The power of the ceremony, above ``power`` where the file was cut down to a smaller one."""
    g1: Mapping[int, Column[G1Point]]
    """By section; the Lagrange ones only where the file is prepared."""
    g2: Mapping[int, Column[G2Point]]
    contributions: tuple[PtauContribution, ...]

    @property
    def is_prepared(self) -> bool:
        """Whether the second phase can begin."""
        return LAGRANGE_TAU_G1 in self.g1

    @property
    def tau_g1(self) -> Column[G1Point]:
        """``tau^i`` in the first group."""
        return self.g1[TAU_G1]

    @property
    def tau_g2(self) -> Column[G2Point]:
        """``tau^i`` in the second group."""
        return self.g2[TAU_G2]

    @property
    def alpha_tau_g1(self) -> Column[G1Point]:
        """``alpha tau^i`` in the first group."""
        return self.g1[ALPHA_TAU_G1]

    @property
    def beta_tau_g1(self) -> Column[G1Point]:
        """``beta tau^i`` in the first group."""
        return self.g1[BETA_TAU_G1]

    @property
    def beta_g2(self) -> bytes:
        """``beta`` in the second group."""
        return self.g2[BETA_G2].raw(0)

    def lagrange_g1(self, kind: int, power: int) -> Column[G1Point]:
        """A section of the first group in the Lagrange basis of the domain ``2^power``."""
        self.require_prepared()
        return self.g1[kind][(1 << power) - 1 : (2 << power) - 1]

    def lagrange_g2(self, power: int) -> Column[G2Point]:
        """``tau`` of the second group in the Lagrange basis of the domain ``2^power``."""
        self.require_prepared()
        return self.g2[LAGRANGE_TAU_G2][(1 << power) - 1 : (2 << power) - 1]

    def require_prepared(self) -> None:
        """The file has the Lagrange sections."""
        if not self.is_prepared:
            raise MisuseError(
                Reason.NOT_APPLICABLE, self.place, found="powers alone", expected="a file prepared for the second phase"
            )

    def require_well_formed(self) -> None:
        """Every coordinate is below p; whether points lie on their curves is for a backend to say."""
        for g1 in self.g1.values():
            require_canonical_points(g1)
        for g2 in self.g2.values():
            require_canonical_points(g2)


def count_points(power: int) -> dict[int, int]:
    """How many points each section has."""
    size = 1 << power
    return {
        TAU_G1: 2 * size - 1,
        TAU_G2: size,
        ALPHA_TAU_G1: size,
        BETA_TAU_G1: size,
        BETA_G2: 1,
        LAGRANGE_TAU_G1: 4 * size - 1,
        LAGRANGE_TAU_G2: 2 * size - 1,
        LAGRANGE_ALPHA_TAU_G1: 2 * size - 1,
        LAGRANGE_BETA_TAU_G1: 2 * size - 1,
    }


IN_G2: Final = frozenset({TAU_G2, BETA_G2, LAGRANGE_TAU_G2})


def read_ptau(source: Source) -> Ptau:
    """Open powers of tau: sizes and contributions are read now, points when they are asked for."""
    container = read_container(source, LAYOUT)
    power, ceremony_power = read_header(container[HEADER])
    require_all_or_no_lagrange(container)
    g1: dict[int, Column[G1Point]] = {}
    g2: dict[int, Column[G2Point]] = {}
    for kind, count in count_points(power).items():
        if kind in container:
            section = container[kind]
            size = G2_BYTES if kind in IN_G2 else G1_BYTES
            data = section.require_size(count * size, f"{count} points, for the power {power}")
            if kind in IN_G2:
                g2[kind] = view_g2(data, section.place)
            else:
                g1[kind] = view_g1(data, section.place)
    contributions = read_contributions(container[CONTRIBUTIONS])
    return Ptau(container.place, container.order, power, ceremony_power, g1, g2, contributions)


def read_header(section: Section) -> tuple[int, int]:
    """The power of the file and that of its ceremony."""
    reader = section.reader()
    read_modulus(reader, FIELD_MODULUS, "q")
    power, ceremony_power = reader.read_u32("power"), reader.read_u32("power of the ceremony")
    reader.require_end()
    if not 1 <= power <= ceremony_power <= GREATEST_POWER:
        raise MalformedError(
            Reason.F13_COUNTS_DISAGREE,
            f"{section.place}: power, power of the ceremony",
            found=(power, ceremony_power),
            expected=f"1 <= power <= power of the ceremony <= {GREATEST_POWER}",
        )
    return power, ceremony_power


def require_all_or_no_lagrange(container: Container) -> None:
    """A file is prepared or it is not."""
    missing = [kind for kind in LAGRANGE if kind not in container]
    if missing and len(missing) < len(LAGRANGE):
        raise MalformedError(
            Reason.F09_MISSING_SECTION,
            container.place,
            found=f"Lagrange sections without {', '.join(map(str, missing))}",
            expected="all four, 12 to 15, or none",
        )


def read_contributions(section: Section) -> tuple[PtauContribution, ...]:
    """The record of each contribution."""
    reader = section.reader()
    count = reader.read_count("number of contributions", least_bytes=LEAST_CONTRIBUTION_BYTES)
    contributions = tuple(read_contribution(reader, f"contribution {index + 1}") for index in range(count))
    reader.require_end()
    return contributions


def read_contribution(reader: Reader, place: str) -> PtauContribution:
    """The record of one contribution."""
    tau_g1 = reader.take_bytes(G1_BYTES, f"{place}, tau in G1")
    tau_g2 = reader.take_bytes(G2_BYTES, f"{place}, tau in G2")
    alpha_g1 = reader.take_bytes(G1_BYTES, f"{place}, alpha in G1")
    beta_g1 = reader.take_bytes(G1_BYTES, f"{place}, beta in G1")
    beta_g2 = reader.take_bytes(G2_BYTES, f"{place}, beta in G2")
    in_g1 = [reader.take_bytes(G1_BYTES, f"{place}, key") for _ in range(6)]
    in_g2 = [reader.take_bytes(G2_BYTES, f"{place}, key") for _ in range(3)]
    tau_key, alpha_key, beta_key = map(RatioKey, in_g1[::2], in_g1[1::2], in_g2)
    return PtauContribution(
        tau_g1,
        tau_g2,
        alpha_g1,
        beta_g1,
        beta_g2,
        tau_key,
        alpha_key,
        beta_key,
        hash_state=reader.take_bytes(HASH_STATE_BYTES, f"{place}, state of the hash"),
        next_challenge=reader.take_bytes(HASH_BYTES, f"{place}, next challenge"),
        provenance=read_provenance(reader, place),
    )


# --- Writing -----------------------------------------------------------------------------------


def write_ptau(path: Path, ptau: Ptau) -> None:
    """Write powers of tau, the sections in the order that they name."""
    with write_container(path, LAYOUT) as writer:
        for kind in ptau.order:
            writer.add_section(kind, encode_section(ptau, kind))


def encode_section(ptau: Ptau, kind: int) -> bytes | memoryview:
    """The content of one section; long ones are windows on what is there."""
    if kind == HEADER:
        return write_modulus(FIELD_MODULUS) + U32.pack(ptau.power) + U32.pack(ptau.ceremony_power)
    if kind == CONTRIBUTIONS:
        return U32.pack(len(ptau.contributions)) + b"".join(map(encode_contribution, ptau.contributions))
    return ptau.g2[kind].data if kind in IN_G2 else ptau.g1[kind].data


def encode_contribution(contribution: PtauContribution) -> bytes:
    """The record of one contribution."""
    keys = (contribution.tau_key, contribution.alpha_key, contribution.beta_key)
    return b"".join(
        (
            contribution.tau_g1,
            contribution.tau_g2,
            contribution.alpha_g1,
            contribution.beta_g1,
            contribution.beta_g2,
            *(point for key in keys for point in (key.s, key.sx)),
            *(key.spx for key in keys),
            contribution.hash_state,
            contribution.next_challenge,
            encode_provenance(contribution.provenance),
        )
    )
