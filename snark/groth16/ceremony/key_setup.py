"""The key that a ceremony's second phase begins with: a circuit over powers of tau, with gamma = delta = 1.

Wire i has the polynomials ``u_i = sum_c A[c,i] L_c`` (and v_i, w_i of B and C), where L is the Lagrange basis of the
domain. The rows behind the constraints hold ``wire * 0 = 0`` for the constant one and each public wire, so that their
u_i are linearly independent: without them public inputs could be exchanged for others.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_g2, encode_g1, encode_g1_evm, encode_g2, encode_g2_evm
from snark.bn254.points import G1, G1_INFINITY, G2, G2_INFINITY, G1Point, G2Point
from snark.errors import MisuseError, Reason
from snark.groth16.formats.ptau import (
    LAGRANGE_ALPHA_TAU_G1,
    LAGRANGE_BETA_TAU_G1,
    LAGRANGE_TAU_G1,
    Ptau,
)
from snark.groth16.formats.zkey import (
    COEFFICIENTS,
    HASH_BYTES,
    ORDER_OF_SETUP,
    Coefficient,
    Zkey,
    ZkeyHeader,
    encode_coefficient,
    write_zkey,
)
from snark.r1cs.column import Column, view_g1, view_g2
from snark.r1cs.container import Section
from snark.r1cs.r1cs_file import Combination, R1cs
from snark.r1cs.reading import U32

Row = list[tuple[int, int]]
"""A sparse combination: an item of a column, and how many times."""

POINTS_OF_A_HASH: Final = 1 << 14
"""snarkjs hashes h in runs of so many points, the last of them whole: beyond one run it reads further than h goes."""


@dataclass(slots=True)
class WireRows:
    """For each wire, which rows of A, B and C it stands in, and how many times."""

    a: list[Row]
    b: list[Row]
    c: list[Row]
    coefficients: list[Coefficient] = field(default_factory=list)


def set_up_key(r1cs: R1cs, ptau: Ptau, path: Path, curve: CurveBackend) -> bytes:
    """Write the key that nobody has contributed to; returns the hash of the circuit. Anyone can forge with this key."""
    key = make_initial_key(r1cs, ptau, curve)
    write_zkey(path, key)
    return key.circuit_hash


def make_initial_key(r1cs: R1cs, ptau: Ptau, curve: CurveBackend) -> Zkey:
    """The same, held in memory: what a verifier compares a key with."""
    power = require_domain(r1cs, ptau)
    rows = collect_rows(r1cs)
    public, wires = r1cs.header.public, r1cs.header.wires
    tau = ptau.lagrange_g1(LAGRANGE_TAU_G1, power)
    alpha_tau = ptau.lagrange_g1(LAGRANGE_ALPHA_TAU_G1, power)
    beta_tau = ptau.lagrange_g1(LAGRANGE_BETA_TAU_G1, power)
    sums = [
        combine_rows_g1([(beta_tau, rows.a[wire]), (alpha_tau, rows.b[wire]), (tau, rows.c[wire])], curve)
        for wire in range(wires)
    ]
    ic, c = sums[: public + 1], sums[public + 1 :]
    a = [combine_rows_g1([(tau, row)], curve) for row in rows.a]
    b_g1 = [combine_rows_g1([(tau, row)], curve) for row in rows.b]
    tau_g2 = ptau.lagrange_g2(power)
    b_g2 = [combine_rows_g2(tau_g2, row, curve) for row in rows.b]
    in_double = ptau.lagrange_g1(LAGRANGE_TAU_G1, power + 1)
    header = ZkeyHeader(
        variables=wires,
        public=public,
        domain=1 << power,
        alpha_g1=ptau.alpha_tau_g1.raw(0),
        beta_g1=ptau.beta_tau_g1.raw(0),
        beta_g2=ptau.beta_g2,
        gamma_g2=encode_g2(G2),
        delta_g1=encode_g1(G1),
        delta_g2=encode_g2(G2),
    )
    place = f"the set-up of {r1cs.place} over {ptau.place}"
    key = Zkey(
        place=place,
        order=ORDER_OF_SETUP,
        header=header,
        ic=hold_g1(ic, f"{place}: ic"),
        coefficient_section=encode_coefficients(rows.coefficients, place),
        a=hold_g1(a, f"{place}: a"),
        b_g1=hold_g1(b_g1, f"{place}: b in G1"),
        b_g2=view_g2(memoryview(b"".join(map(encode_g2, b_g2))), f"{place}: b in G2"),
        c=hold_g1(c, f"{place}: c"),
        h=view_g1(memoryview(b"".join(map(in_double.raw, range(1, len(in_double), 2)))), f"{place}: h"),
        circuit_hash=bytes(HASH_BYTES),
        contributions=(),
    )
    return replace(key, circuit_hash=hash_circuit(key, ptau, curve))


def require_domain(r1cs: R1cs, ptau: Ptau) -> int:
    """The power of the circuit's domain, for which there have to be enough powers of tau."""
    ptau.require_prepared()
    rows = r1cs.header.constraints + r1cs.header.public + 1
    power = max(1, (rows - 1).bit_length())
    most = ptau.power - ((1 << ptau.power) > POINTS_OF_A_HASH)
    if power > most:
        raise MisuseError(
            Reason.NOT_APPLICABLE,
            ptau.place,
            found=f"power {ptau.power}, good for {most}",
            expected=f"{power} at least",
        )
    return power


def collect_rows(r1cs: R1cs) -> WireRows:
    """Turn constraints into columns, and list the coefficients as a prover reads them."""
    wires = r1cs.header.wires
    rows = WireRows([[] for _ in range(wires)], [[] for _ in range(wires)], [[] for _ in range(wires)])
    for number, constraint in enumerate(r1cs.iterate_constraints()):
        for matrix, (column, side) in enumerate(zip((rows.a, rows.b, rows.c), constraint, strict=True)):
            add_side(column, number, side)
            if column is not rows.c:
                rows.coefficients += (Coefficient(matrix, number, wire, value) for wire, value in side)
    for wire in range(r1cs.header.public + 1):
        row = r1cs.header.constraints + wire
        rows.a[wire].append((row, 1))
        rows.coefficients.append(Coefficient(0, row, wire, 1))
    return rows


def add_side(column: list[Row], number: int, side: Combination) -> None:
    """One side of one constraint."""
    for wire, value in side:
        column[wire].append((number, value))


def combine_rows_g1(parts: Sequence[tuple[Column[G1Point], Row]], curve: CurveBackend) -> G1Point:
    """``sum(value * point)`` over rows of several columns."""
    total = G1_INFINITY
    for points, row in parts:
        for index, value in row:
            total = curve.add_g1(total, multiply_g1(points[index], value, curve))
    return total


def multiply_g1(point: G1Point, value: int, curve: CurveBackend) -> G1Point:
    """``value * point``: most values of a circuit are one or minus one."""
    if value in {1, GROUP_ORDER - 1}:
        return point if value == 1 else -point
    return curve.multiply_g1(point, value)


def combine_rows_g2(points: Column[G2Point], row: Row, curve: CurveBackend) -> G2Point:
    """``sum(value * point)`` over a row."""
    total = G2_INFINITY
    for index, value in row:
        point = points[index]
        multiple = point if value == 1 else -point if value == GROUP_ORDER - 1 else curve.multiply_g2(point, value)
        total = curve.add_g2(total, multiple)
    return total


def hold_g1(points: Iterable[G1Point], place: str) -> Column[G1Point]:
    """Points as a section holds them."""
    return view_g1(memoryview(b"".join(map(encode_g1, points))), place)


def encode_coefficients(coefficients: Sequence[Coefficient], place: str) -> Section:
    """The coefficients as their section holds them."""
    content = U32.pack(len(coefficients)) + b"".join(map(encode_coefficient, coefficients))
    return Section(COEFFICIENTS, memoryview(content), f"{place}: coefficients")


# --- The hash of the circuit -------------------------------------------------------------------------


def hash_circuit(key: Zkey, ptau: Ptau, curve: CurveBackend) -> bytes:
    """The hash of everything in a key that a contribution leaves alone, as snarkjs takes it."""
    header = key.header
    hasher = hashlib.blake2b()
    hasher.update(encode_g1_evm(ptau.alpha_tau_g1[0]) + encode_g1_evm(ptau.beta_tau_g1[0]))
    hasher.update(encode_g2_evm(decode_g2(ptau.beta_g2)))
    hasher.update(encode_g2_evm(G2) + encode_g1_evm(G1) + encode_g2_evm(G2))
    hash_points(hasher, len(key.ic), map(encode_g1_evm, key.ic))
    hash_points(hasher, header.domain - 1, map(encode_g1_evm, iterate_quotient(ptau, header.domain, curve)))
    for points in (key.c, key.a, key.b_g1):
        hash_points(hasher, len(points), map(encode_g1_evm, points))
    hash_points(hasher, len(key.b_g2), map(encode_g2_evm, key.b_g2))
    return hasher.digest()


def hash_points(hasher: "hashlib.blake2b", count: int, points: Iterable[bytes]) -> None:
    """A number of points and the points, uncompressed."""
    hasher.update(count.to_bytes(4, "big"))
    for point in points:
        hasher.update(point)


def iterate_quotient(ptau: Ptau, domain: int, curve: CurveBackend) -> Iterator[G1Point]:
    """``tau^i Z(tau)`` with ``Z = x^domain - 1``: h in the basis of powers, without delta."""
    count = domain if domain > POINTS_OF_A_HASH else domain - 1
    for index in range(count):
        yield curve.add_g1(ptau.tau_g1[index + domain], -ptau.tau_g1[index])
