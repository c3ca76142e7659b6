"""Points and scalars as bytes: there and back in every layout, and one spelling in each."""

import random

import pytest

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import FIELD_MODULUS, G2_GENERATOR, GROUP_ORDER, TWIST_CONSTANT
from snark.bn254.encoding import (
    CompressedLayout,
    add_pairs,
    compress_g1,
    compress_g2,
    decode_g1,
    decode_g1_evm,
    decode_g2,
    decode_g2_evm,
    decode_scalar,
    decompress_g1,
    decompress_g2,
    encode_g1,
    encode_g1_evm,
    encode_g2,
    encode_g2_evm,
    encode_scalar,
    multiply_pairs,
    square_root_of_pair,
)
from snark.bn254.points import G1, G1_INFINITY, G2, G2_INFINITY, G1Point
from snark.errors import Reason, SnarkError
from tests.snark.groth16.simulator import times_g1, times_g2

CHOOSE = random.Random(254)  # noqa: S311 -- the same points every time
SCALARS = [CHOOSE.randrange(GROUP_ORDER) for _ in range(6)]
G1_POINTS = [G1, -G1, G1_INFINITY, *map(times_g1, SCALARS)]
G2_POINTS = [G2, -G2, G2_INFINITY, *map(times_g2, SCALARS)]


@pytest.mark.parametrize("point", G1_POINTS)
def test_g1_there_and_back(point: G1Point) -> None:
    assert decode_g1(encode_g1(point)) == point
    assert decode_g1_evm(encode_g1_evm(point)) == point
    for layout in CompressedLayout:
        assert decompress_g1(compress_g1(point, layout), layout) == point


def test_g2_there_and_back() -> None:
    for point in G2_POINTS:
        assert decode_g2(encode_g2(point)) == point
        assert decode_g2_evm(encode_g2_evm(point)) == point
        for layout in CompressedLayout:
            assert decompress_g2(compress_g2(point, layout), layout) == point


def test_montgomery_form_is_that_of_the_files() -> None:
    assert encode_g1(G1)[:32] == (2**256 % FIELD_MODULUS).to_bytes(32, "little")


def test_compressed_generators() -> None:
    """By hand from the two layouts: the generator is (1, 2), 2 is the smaller root, and p - 2 the larger."""
    assert compress_g1(G1, CompressedLayout.ARKWORKS) == b"\1" + bytes(31)
    assert compress_g1(-G1, CompressedLayout.ARKWORKS) == b"\1" + bytes(30) + b"\x80"
    assert compress_g1(G1_INFINITY, CompressedLayout.ARKWORKS) == bytes(31) + b"\x40"
    assert compress_g1(G1, CompressedLayout.GNARK) == b"\x80" + bytes(30) + b"\1"
    assert compress_g1(-G1, CompressedLayout.GNARK) == b"\xc0" + bytes(30) + b"\1"
    assert compress_g1(G1_INFINITY, CompressedLayout.GNARK) == b"\x40" + bytes(31)
    x1 = G2_GENERATOR[0][1].to_bytes(32, "big")
    assert compress_g2(G2, CompressedLayout.GNARK)[1:32] == x1[1:]


@pytest.mark.parametrize("layout", CompressedLayout)
def test_infinity_has_one_compressed_spelling(layout: CompressedLayout) -> None:
    spelling = bytearray(compress_g1(G1_INFINITY, layout))
    spelling[16] = 1
    with pytest.raises(SnarkError):
        decompress_g1(bytes(spelling), layout)


def test_flags_that_mean_nothing() -> None:
    for data, layout in ((bytes(32), CompressedLayout.GNARK), (bytes(31) + b"\xc0", CompressedLayout.ARKWORKS)):
        with pytest.raises(SnarkError) as caught:
            decompress_g1(data, layout)
        assert caught.value.reason is Reason.V01_NOT_READABLE


def test_an_x_of_no_point() -> None:
    """x = 4: 67 is no square mod p."""
    with pytest.raises(SnarkError) as caught:
        decompress_g1(b"\4" + bytes(31), CompressedLayout.ARKWORKS)
    assert caught.value.reason is Reason.V15_OFF_CURVE


def test_numbers_have_one_spelling() -> None:
    assert decode_scalar(encode_scalar(GROUP_ORDER - 1)) == GROUP_ORDER - 1
    for value in (GROUP_ORDER, 2**256 - 1):
        with pytest.raises(SnarkError):
            decode_scalar(value.to_bytes(32, "little"))
    with pytest.raises(SnarkError):
        decode_g1(FIELD_MODULUS.to_bytes(32, "little") + bytes(32))


def test_roots_of_pairs() -> None:
    for _ in range(50):
        pair = (CHOOSE.randrange(FIELD_MODULUS), CHOOSE.choice([0, 1, CHOOSE.randrange(FIELD_MODULUS)]))
        square = multiply_pairs(pair, pair)
        root = square_root_of_pair(square)
        assert root is not None
        assert multiply_pairs(root, root) == square
    assert square_root_of_pair((0, 0)) == (0, 0)
    assert square_root_of_pair((9, 1)) is None, "xi is no square, or the tower would be no field"


def test_the_twist_constant_is_three_over_xi() -> None:
    assert multiply_pairs(TWIST_CONSTANT, (9, 1)) == (3, 0)
    assert add_pairs(TWIST_CONSTANT, (0, 0)) == TWIST_CONSTANT


def test_arithmetic_refuses_what_is_off_the_curve(curve: CurveBackend) -> None:
    off = G1Point(1, 3)
    for act in (lambda: curve.add_g1(off, G1), lambda: curve.multiply_g1(off, 2), lambda: curve.require_g1(off, "x")):
        with pytest.raises(SnarkError) as caught:
            act()
        assert caught.value.reason is Reason.V15_OFF_CURVE
    with pytest.raises(SnarkError):
        curve.multiply_g1(G1, GROUP_ORDER)


def test_groups(curve: CurveBackend) -> None:
    assert curve.add_g1(G1, -G1) == G1_INFINITY
    assert curve.add_g2(G2, -G2) == G2_INFINITY
    assert curve.multiply_g1(G1, GROUP_ORDER - 1) == -G1
    assert curve.multiply_g2(G2, GROUP_ORDER - 1) == -G2
    assert curve.multiply_g1(G1, 0) == G1_INFINITY
    assert curve.add_g2(G2, curve.add_g2(G2, G2)) == curve.multiply_g2(G2, 3)


def test_the_pairing_is_bilinear(curve: CurveBackend) -> None:
    a, b = 31, 77
    left, right = curve.multiply_g1(G1, a), curve.multiply_g2(G2, b)
    assert curve.is_pairing_product_one([(left, right), (curve.multiply_g1(-G1, a * b), G2)])
    assert curve.is_pairing_product_one([(G1_INFINITY, G2), (G1, G2_INFINITY)])
    assert not curve.is_pairing_product_one([(left, right)])
