"""The key that a ceremony's second phase begins with: a circuit over powers of tau, with gamma = delta = 1.

Wire i has the polynomials ``u_i = sum_c A[c,i] L_c`` (and v_i, w_i of B and C), where L is the Lagrange basis of the
domain. The rows behind the constraints hold ``wire * 0 = 0`` for the constant one and each public wire, so that their
u_i are linearly independent: without them public inputs could be exchanged for others.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g2, encode_g1, encode_g1_evm, encode_g2, encode_g2_evm
from snark.bn254.points import G1, G2
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.bulk import Bulk, BulkGroup, MatrixColumn, Point, choose_bulk
from snark.groth16.ceremony.progress import Progress, Tally, cut_range, ignore_progress, iterate_chunks
from snark.groth16.ceremony.sections import require_points
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
    Zkey,
    ZkeyHeader,
    write_zkey,
)
from snark.r1cs.column import Column, view_g1, view_g2
from snark.r1cs.container import Section
from snark.r1cs.r1cs_file import R1cs

A, B, C = range(3)
WIRES_AT_ONCE: Final = 1 << 13

POINTS_OF_A_HASH: Final = 1 << 14
"""snarkjs hashes h in runs of so many points, the last of them whole: beyond one run it reads further than h goes."""


def set_up_key(r1cs: R1cs, ptau: Ptau, path: Path, curve: CurveBackend, progress: Progress = ignore_progress) -> bytes:
    """Write the key that nobody has contributed to; returns the hash of the circuit. Anyone can forge with this key."""
    key = make_initial_key(r1cs, ptau, curve, progress)
    write_zkey(path, key)
    return key.circuit_hash


def make_initial_key(r1cs: R1cs, ptau: Ptau, curve: CurveBackend, progress: Progress = ignore_progress) -> Zkey:
    """The same, held in memory: what a verifier compares a key with."""
    power, bulk = require_domain(r1cs, ptau), choose_bulk(curve)
    columns = bulk.read_columns(r1cs)
    public, wires = r1cs.header.public, r1cs.header.wires
    tally = Tally(progress, 4 * wires + (1 << power))
    require_points(ptau.lagrange_g2(power), bulk.g2, tally)
    tau, alpha_tau, beta_tau = (
        hold_column(ptau.lagrange_g1(kind, power))
        for kind in (LAGRANGE_TAU_G1, LAGRANGE_ALPHA_TAU_G1, LAGRANGE_BETA_TAU_G1)
    )

    def sum_wires(combine: Combine, *parts: MatrixColumn) -> bytes:
        return b"".join(iterate_sums(combine, parts, wires, tally))

    place = f"the set-up of {r1cs.place} over {ptau.place}"
    mixed = view_g1(memoryview(sum_wires(columns.combine_g1, (A, *beta_tau), (B, *alpha_tau), (C, *tau))), place)
    in_double = ptau.lagrange_g1(LAGRANGE_TAU_G1, power + 1)
    key = Zkey(
        place=place,
        order=ORDER_OF_SETUP,
        header=begin_header(r1cs, ptau, power),
        ic=view_g1(mixed[: public + 1].data, f"{place}: ic"),
        coefficient_section=Section(COEFFICIENTS, memoryview(columns.encode_coefficients()), f"{place}: coefficients"),
        a=view_g1(memoryview(sum_wires(columns.combine_g1, (A, *tau))), f"{place}: a"),
        b_g1=view_g1(memoryview(sum_wires(columns.combine_g1, (B, *tau))), f"{place}: b in G1"),
        b_g2=view_g2(
            memoryview(sum_wires(columns.combine_g2, (B, *hold_column(ptau.lagrange_g2(power))))), f"{place}: b in G2"
        ),
        c=view_g1(mixed[public + 1 :].data, f"{place}: c"),
        h=view_g1(memoryview(b"".join(map(in_double.raw, range(1, len(in_double), 2)))), f"{place}: h"),
        circuit_hash=bytes(HASH_BYTES),
        contributions=(),
    )
    return replace(key, circuit_hash=hash_circuit(key, ptau, bulk))


def begin_header(r1cs: R1cs, ptau: Ptau, power: int) -> ZkeyHeader:
    """The constants of a key, with gamma = delta = 1."""
    return ZkeyHeader(
        variables=r1cs.header.wires,
        public=r1cs.header.public,
        domain=1 << power,
        alpha_g1=ptau.alpha_tau_g1.raw(0),
        beta_g1=ptau.beta_tau_g1.raw(0),
        beta_g2=ptau.beta_g2,
        gamma_g2=encode_g2(G2),
        delta_g1=encode_g1(G1),
        delta_g2=encode_g2(G2),
    )


Combine = Callable[[Sequence[MatrixColumn], int, int], bytes]
"""The sums of some wires over some columns."""


def iterate_sums(combine: Combine, parts: Sequence[MatrixColumn], wires: int, tally: Tally) -> Iterator[bytes]:
    """The sums of all wires, a piece at a time."""
    for begin, end in cut_range(wires, WIRES_AT_ONCE):
        yield combine(parts, begin, end)
        tally.add(end - begin)


def hold_column(points: Column[Point]) -> tuple[bytes, str]:
    """The points of a column in memory, and what they are called."""
    return bytes(points.data), points.place


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


# --- The hash of the circuit -------------------------------------------------------------------------


def hash_circuit(key: Zkey, ptau: Ptau, bulk: Bulk) -> bytes:
    """The hash of everything in a key that a contribution leaves alone, as snarkjs takes it."""
    header = key.header
    hasher = hashlib.blake2b()
    hasher.update(encode_g1_evm(ptau.alpha_tau_g1[0]) + encode_g1_evm(ptau.beta_tau_g1[0]))
    hasher.update(encode_g2_evm(decode_g2(ptau.beta_g2)))
    hasher.update(encode_g2_evm(G2) + encode_g1_evm(G1) + encode_g2_evm(G2))
    hash_points(hasher, key.ic, bulk.g1)
    hasher.update(encode_count(header.domain - 1))
    for piece in iterate_quotient(ptau, header.domain, bulk):
        hasher.update(bulk.g1.encode_evm(piece, "h", 0))
    for points in (key.c, key.a, key.b_g1):
        hash_points(hasher, points, bulk.g1)
    hash_points(hasher, key.b_g2, bulk.g2)
    return hasher.digest()


def hash_points(hasher: "hashlib.blake2b", points: Column[Point], group: BulkGroup[Point]) -> None:
    """A number of points and the points, uncompressed."""
    hasher.update(encode_count(len(points)))
    for start, piece in iterate_chunks(points):
        hasher.update(group.encode_evm(piece, points.place, start))


def encode_count(count: int) -> bytes:
    """A number before what it counts."""
    return count.to_bytes(4, "big")


def iterate_quotient(ptau: Ptau, domain: int, bulk: Bulk) -> Iterator[bytes]:
    """``tau^i Z(tau)`` with ``Z = x^domain - 1``, in pieces: h in the basis of powers, without delta."""
    count = domain if domain > POINTS_OF_A_HASH else domain - 1
    for start, stop in cut_range(count):
        high, low = ptau.tau_g1[domain + start : domain + stop], ptau.tau_g1[start:stop]
        yield bulk.g1.subtract(high.data, low.data, ptau.tau_g1.place, start)
