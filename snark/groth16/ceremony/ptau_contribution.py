"""The first phase: an accumulator of ones, contributions to it, and its Lagrange form for the second phase.

A contribution multiplies ``tau^i`` by ``t^i``, ``alpha tau^i`` by ``a t^i`` and ``beta tau^i`` by ``b t^i`` with its
secrets t, a and b.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.bn254.encoding import encode_g1, encode_g2, is_larger, is_larger_pair
from snark.bn254.points import G1, G1_INFINITY, G2, G1Point, G2Point
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.blake2b import ResumableBlake2b
from snark.groth16.ceremony.derivation import ChaCha20, stretch_beacon
from snark.groth16.ceremony.lagrange import root_of_unity
from snark.groth16.ceremony.phase1_transcript import (
    Knowledge,
    derive_keys,
    hash_challenge,
    hash_first_challenge,
    hash_response,
)
from snark.groth16.ceremony.provenance import draw_stream, name_beacon, name_person
from snark.groth16.formats.contribution import Provenance
from snark.groth16.formats.ptau import (
    ALPHA_TAU_G1,
    BETA_G2,
    BETA_TAU_G1,
    CONTRIBUTIONS,
    GREATEST_POWER,
    HASH_BYTES,
    HEADER,
    LAGRANGE,
    LAGRANGE_ALPHA_TAU_G1,
    LAGRANGE_BETA_TAU_G1,
    LAGRANGE_TAU_G1,
    LAGRANGE_TAU_G2,
    TAU_G1,
    TAU_G2,
    Ptau,
    PtauContribution,
    RatioKey,
    count_points,
    write_ptau,
)
from snark.r1cs.column import Column, view_g1, view_g2

Point = TypeVar("Point", G1Point, G2Point)

ORDER_OF_POWERS = (HEADER, TAU_G1, TAU_G2, ALPHA_TAU_G1, BETA_TAU_G1, BETA_G2, CONTRIBUTIONS)


def begin_ptau(power: int, path: Path) -> None:
    """Write powers of one: what the first contribution is made on."""
    if not 1 <= power <= GREATEST_POWER:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "power", found=power, expected=f"1 to {GREATEST_POWER}")
    counts = count_points(power)
    g1 = {
        kind: view_g1(memoryview(encode_g1(G1) * counts[kind]), "ones") for kind in (TAU_G1, ALPHA_TAU_G1, BETA_TAU_G1)
    }
    g2 = {kind: view_g2(memoryview(encode_g2(G2) * counts[kind]), "ones") for kind in (TAU_G2, BETA_G2)}
    write_ptau(path, Ptau(str(path), ORDER_OF_POWERS, power, power, g1, g2, ()))


def contribute_to_ptau(ptau: Ptau, path: Path, name: str, curve: CurveBackend) -> bytes:
    """Write the powers with one more contribution; returns the hash of the response, for the contributor to publish."""
    return apply_secrets(ptau, path, name_person(name), draw_stream(), curve)


def close_ptau_with_beacon(
    ptau: Ptau, path: Path, beacon: bytes, exponent: int, curve: CurveBackend, *, name: str | None = None
) -> bytes:
    """Write the powers with a last contribution whose secrets a public value names that nobody could foresee."""
    return apply_secrets(ptau, path, name_beacon(beacon, exponent, name), stretch_beacon(beacon, exponent), curve)


def apply_secrets(ptau: Ptau, path: Path, provenance: Provenance, stream: ChaCha20, curve: CurveBackend) -> bytes:
    """Draw secrets from a stream, prove that they are known, and apply them."""
    require_whole(ptau)
    challenge = (
        ptau.contributions[-1].next_challenge if ptau.contributions else hash_first_challenge(ptau.ceremony_power)
    )
    (tau, alpha, beta), keys = derive_keys(stream, challenge, curve)
    g1 = {
        TAU_G1: multiply_powers_g1(ptau.tau_g1, 1, tau, curve),
        ALPHA_TAU_G1: multiply_powers_g1(ptau.alpha_tau_g1, alpha, tau, curve),
        BETA_TAU_G1: multiply_powers_g1(ptau.beta_tau_g1, beta, tau, curve),
    }
    g2 = {
        TAU_G2: multiply_powers_g2(ptau.tau_g2, 1, tau, curve),
        BETA_G2: multiply_powers_g2(ptau.g2[BETA_G2], beta, tau, curve),
    }
    after = Ptau(str(path), ORDER_OF_POWERS, ptau.power, ptau.ceremony_power, g1, g2, ())
    hasher = ResumableBlake2b().update(challenge)
    for point in iterate_compressed(after):
        hasher.update(point)
    unchallenged = describe_contribution(after, keys, hasher.state(), provenance)
    response_hash = hash_response(unchallenged, "contribution")
    contribution = replace(unchallenged, next_challenge=hash_challenge(after, response_hash))
    write_ptau(path, replace(after, contributions=(*ptau.contributions, contribution)))
    return response_hash


def require_whole(ptau: Ptau) -> None:
    """A file that was cut down can't be continued: its challenge is the hash of the larger one."""
    if ptau.power != ptau.ceremony_power:
        expected = f"the whole file, of power {ptau.ceremony_power}"
        raise MisuseError(Reason.NOT_APPLICABLE, ptau.place, found=f"power {ptau.power}", expected=expected)


def describe_contribution(
    after: Ptau, keys: dict[str, Knowledge], state: bytes, provenance: Provenance
) -> PtauContribution:
    """The record of a contribution, its challenge still open."""
    tau_key, alpha_key, beta_key = (
        RatioKey(encode_g1(key.s), encode_g1(key.sx), encode_g2(key.spx)) for key in keys.values()
    )
    return PtauContribution(
        after.tau_g1.raw(1),
        after.tau_g2.raw(1),
        after.alpha_tau_g1.raw(0),
        after.beta_tau_g1.raw(0),
        after.beta_g2,
        tau_key,
        alpha_key,
        beta_key,
        hash_state=state,
        next_challenge=bytes(HASH_BYTES),
        provenance=provenance,
    )


def iterate_powers(first: int, ratio: int, count: int) -> Iterator[int]:
    """``first``, ``first ratio``, ``first ratio^2``, ..."""
    factor = first
    for _ in range(count):
        yield factor
        factor = factor * ratio % GROUP_ORDER


def multiply_powers_g1(points: Column[G1Point], first: int, ratio: int, curve: CurveBackend) -> Column[G1Point]:
    """Every point times its power."""
    pairs = zip(points, iterate_powers(first, ratio, len(points)), strict=True)
    return hold_g1((curve.multiply_g1(point, factor) for point, factor in pairs), points.place)


def multiply_powers_g2(points: Column[G2Point], first: int, ratio: int, curve: CurveBackend) -> Column[G2Point]:
    """Every point times its power."""
    pairs = zip(points, iterate_powers(first, ratio, len(points)), strict=True)
    return hold_g2((curve.multiply_g2(point, factor) for point, factor in pairs), points.place)


def hold_g1(points: Iterable[G1Point], place: str) -> Column[G1Point]:
    """Points as a section holds them."""
    return view_g1(memoryview(b"".join(map(encode_g1, points))), place)


def hold_g2(points: Iterable[G2Point], place: str) -> Column[G2Point]:
    """Points as a section holds them."""
    return view_g2(memoryview(b"".join(map(encode_g2, points))), place)


def iterate_compressed(ptau: Ptau) -> Iterator[bytes]:
    """The accumulator as a response holds it, in order, compressed."""
    yield from map(compress_g1, ptau.tau_g1)
    yield from map(compress_g2, ptau.tau_g2)
    yield from map(compress_g1, ptau.alpha_tau_g1)
    yield from map(compress_g1, ptau.beta_tau_g1)
    yield from map(compress_g2, ptau.g2[BETA_G2])


def compress_g1(point: G1Point) -> bytes:
    """x, big-endian; the top bit says that y is the larger root."""
    return mark_root(point.x.to_bytes(FIELD_BYTES, "big"), larger=is_larger(point.y))


def compress_g2(point: G2Point) -> bytes:
    """x, big-endian, imaginary part first; the top bit says that y is the larger root."""
    real, imaginary = point.x
    packed = imaginary.to_bytes(FIELD_BYTES, "big") + real.to_bytes(FIELD_BYTES, "big")
    return mark_root(packed, larger=is_larger_pair(point.y))


def mark_root(packed: bytes, *, larger: bool) -> bytes:
    """The layout of the responses of a first phase: neither arkworks' nor gnark's."""
    return bytes([packed[0] | larger << 7]) + packed[1:]


# --- The Lagrange form ------------------------------------------------------------------------------


def prepare_ptau(ptau: Ptau, path: Path, curve: CurveBackend) -> None:
    """Write the powers with their Lagrange sections, with which the second phase can begin."""
    g1, g2 = dict(ptau.g1), dict(ptau.g2)
    for powers_kind, kind, greatest in (
        (TAU_G1, LAGRANGE_TAU_G1, ptau.power + 1),
        (ALPHA_TAU_G1, LAGRANGE_ALPHA_TAU_G1, ptau.power),
        (BETA_TAU_G1, LAGRANGE_BETA_TAU_G1, ptau.power),
    ):
        powers = [*ptau.g1[powers_kind], G1_INFINITY]
        g1[kind] = hold_g1(
            iterate_domains(powers, greatest, curve.add_g1, curve.multiply_g1), ptau.g1[powers_kind].place
        )
    g2[LAGRANGE_TAU_G2] = hold_g2(
        iterate_domains(list(ptau.tau_g2), ptau.power, curve.add_g2, curve.multiply_g2), ptau.tau_g2.place
    )
    write_ptau(path, replace(ptau, order=(*ORDER_OF_POWERS, *LAGRANGE), g1=g1, g2=g2))


def iterate_domains(
    powers: list[Point],
    greatest: int,
    add: Callable[[Point, Point], Point],
    multiply: Callable[[Point, int], Point],
) -> Iterator[Point]:
    """``L_j(tau) = (1/m) sum_i w^(-ij) tau^i`` for every domain, the smallest first."""
    for power in range(greatest + 1):
        size = 1 << power
        share = pow(size, -1, GROUP_ORDER)
        inverse = pow(root_of_unity(power), -1, GROUP_ORDER)
        for point in transform_points(powers[:size], inverse, add, multiply):
            yield multiply(point, share)


def transform_points(
    points: list[Point],
    root: int,
    add: Callable[[Point, Point], Point],
    multiply: Callable[[Point, int], Point],
) -> list[Point]:
    """``sum_i root^(ij) points[i]`` for each j: the textbook's recursion."""
    if len(points) == 1:
        return points
    square = root * root % GROUP_ORDER
    even = transform_points(points[::2], square, add, multiply)
    odd = transform_points(points[1::2], square, add, multiply)
    turned = [multiply(point, factor) for point, factor in zip(odd, iterate_powers(1, root, len(odd)), strict=True)]
    low = [add(first, second) for first, second in zip(even, turned, strict=True)]
    high = [add(first, -second) for first, second in zip(even, turned, strict=True)]
    return low + high
