"""Numbers and points that follow from a hash, as snarkjs derives them.

A hash seeds ChaCha20; its stream is cut into field elements, which are taken as Montgomery forms, and into points: x,
one bit for the larger or smaller y, and for the second group a multiplication by the cofactor.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import Final

from snark.bn254.constants import CURVE_CONSTANT, FIELD_MODULUS, GROUP_ORDER, TWIST_CONSTANT
from snark.bn254.encoding import (
    add_pairs,
    encode_g1_evm,
    is_larger,
    is_larger_pair,
    multiply_pairs,
    square_root,
    square_root_of_pair,
)
from snark.bn254.points import G2_INFINITY, Fp2, G1Point, G2Point

WORD_MASK: Final = 2**32 - 1
FIELD_MASK: Final = 2**254 - 1
WORDS_OF_FIELD: Final = 4
SEED: Final = struct.Struct(">8I")
SIGMA: Final = struct.unpack("<4I", b"expand 32-byte k")
DOUBLE_ROUNDS: Final = 10
QUARTERS: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip

TWIST_COFACTOR: Final = 2 * FIELD_MODULUS - GROUP_ORDER
"""The twist has ``r (2p - r)`` points."""


class ChaCha20:
    """The stream of ChaCha20 as words, from a seed of 32 bytes, without a nonce."""

    def __init__(self, seed: bytes) -> None:
        self.words = iterate_stream(SEED.unpack(seed))

    def next_u32(self) -> int:
        """The next word."""
        return next(self.words)

    def next_u64(self) -> int:
        """The next two words, the higher one first."""
        return self.next_u32() << 32 | self.next_u32()

    def next_bit(self) -> bool:
        """The lowest bit of the next word."""
        return bool(self.next_u32() & 1)

    def next_field(self, modulus: int) -> int:
        """The next number below a modulus, taken out of its Montgomery form."""
        while True:
            value = sum(self.next_u64() << 64 * index for index in range(WORDS_OF_FIELD)) & FIELD_MASK
            if value < modulus:
                return value * pow(2, -256, modulus) % modulus

    def next_scalar(self) -> int:
        """The next scalar."""
        return self.next_field(GROUP_ORDER)

    def next_g1(self) -> G1Point:
        """The next point of the first group."""
        while True:
            x, larger = self.next_field(FIELD_MODULUS), self.next_bit()
            y = square_root((x**3 + CURVE_CONSTANT) % FIELD_MODULUS)
            if y is not None:
                return G1Point(x, y if is_larger(y) == larger else -y % FIELD_MODULUS)

    def next_g2(self) -> G2Point:
        """The next point of the second group."""
        while True:
            x, larger = (self.next_field(FIELD_MODULUS), self.next_field(FIELD_MODULUS)), self.next_bit()
            y = square_root_of_pair(add_pairs(multiply_pairs(multiply_pairs(x, x), x), TWIST_CONSTANT))
            if y is not None:
                point = G2Point(x, y)
                return multiply_on_twist(point if is_larger_pair(y) == larger else -point, TWIST_COFACTOR)


def iterate_stream(seed: tuple[int, ...]) -> Iterator[int]:
    """The words of ChaCha20, block after block."""
    counter = 0
    while True:
        state = (*SIGMA, *seed, *(counter >> 32 * index & WORD_MASK for index in range(4)))
        block = list(state)
        for _ in range(DOUBLE_ROUNDS):
            for quarter in QUARTERS:
                turn_quarter(block, *quarter)
        yield from ((mixed + word) & WORD_MASK for mixed, word in zip(block, state, strict=True))
        counter += 1


def turn_quarter(v: list[int], a: int, b: int, c: int, d: int) -> None:
    """The quarter round of ChaCha."""
    for sum_of, by, turned, left in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        v[sum_of] = (v[sum_of] + v[by]) & WORD_MASK
        word = v[turned] ^ v[sum_of]
        v[turned] = (word << left | word >> (32 - left)) & WORD_MASK


def hash_to_g2(digest: bytes) -> G2Point:
    """The point of the second group that a hash names; nobody knows its logarithm."""
    return ChaCha20(digest[: SEED.size]).next_g2()


def derive_phase1_point(personalization: int, challenge: bytes, s: G1Point, sx: G1Point) -> G2Point:
    """The point that a contributor to the first phase multiplies by the secret: 0 for tau, 1 for alpha, 2 for beta."""
    hashed = bytes([personalization]) + challenge + encode_g1_evm(s) + encode_g1_evm(sx)
    return hash_to_g2(hashlib.blake2b(hashed).digest())


def stretch_beacon(beacon: bytes, exponent: int) -> bytes:
    """The seed that a beacon names: ``2^exponent`` iterations of SHA-256."""
    digest = beacon
    for _ in range(1 << exponent):
        digest = hashlib.sha256(digest).digest()
    return digest


# --- The group law of the twist, for points outside the subgroup -------------------------------------


def multiply_on_twist(point: G2Point, factor: int) -> G2Point:
    """``factor * point`` for any point of the twist; backends take factors below r and points of order r alone."""
    result = G2_INFINITY
    for bit in f"{factor:b}":
        result = add_on_twist(result, result)
        if bit == "1":
            result = add_on_twist(result, point)
    return result


def add_on_twist(left: G2Point, right: G2Point) -> G2Point:
    """The chord, or where the points are the same the tangent."""
    if left.infinity:
        return right
    if right.infinity:
        return left
    if left.x == right.x and left.y != right.y:
        return G2_INFINITY
    slope = tangent(left) if left.x == right.x else chord(left, right)
    x = subtract_pairs(multiply_pairs(slope, slope), add_pairs(left.x, right.x))
    return G2Point(x, subtract_pairs(multiply_pairs(slope, subtract_pairs(left.x, x)), left.y))


def tangent(point: G2Point) -> Fp2:
    """``3 x^2 / 2 y``; no point of the twist has order two, so that y is never zero."""
    square = multiply_pairs(point.x, point.x)
    return multiply_pairs(multiply_pairs((3, 0), square), invert_pair(add_pairs(point.y, point.y)))


def chord(left: G2Point, right: G2Point) -> Fp2:
    """``(y2 - y1) / (x2 - x1)``."""
    return multiply_pairs(subtract_pairs(right.y, left.y), invert_pair(subtract_pairs(right.x, left.x)))


def subtract_pairs(left: Fp2, right: Fp2) -> Fp2:
    """The difference in F_p[i]."""
    return (left[0] - right[0]) % FIELD_MODULUS, (left[1] - right[1]) % FIELD_MODULUS


def invert_pair(pair: Fp2) -> Fp2:
    """``1 / (a + bi) = (a - bi) / (a^2 + b^2)``."""
    a, b = pair
    norm = pow(a * a + b * b, -1, FIELD_MODULUS)
    return a * norm % FIELD_MODULUS, -b * norm % FIELD_MODULUS
