"""Field elements and points as bytes, in each of the layouts that meet here.

=============  ==========================================================================================
montgomery     as in ``.zkey`` and ``.ptau``: affine, each coordinate times 2^256 mod p, little-endian
evm            as in EIP-196/197: affine, big-endian, of a pair the imaginary part first
arkworks       x alone, little-endian; of the last byte, bit 7 says that y is the larger root, bit 6 infinity
gnark          x alone, big-endian, imaginary part first; the top bits of the first byte are 10 for the smaller root,
               11 for the larger one, 01 for infinity
=============  ==========================================================================================

In the uncompressed layouts infinity is all zeros. The larger root is the one that is larger as a number; of a pair,
the imaginary part decides and then the real one. Reading is strict: every point has exactly one spelling in each
layout. What comes out of a reader is below p, but only a compressed point is known to be on its curve, and none to be
in the subgroup.
"""

from enum import StrEnum
from typing import Final, Literal

from snark.bn254.constants import CURVE_CONSTANT, FIELD_BYTES, FIELD_MODULUS, GROUP_ORDER, TWIST_CONSTANT
from snark.bn254.points import G1_INFINITY, G2_INFINITY, Fp2, G1Point, G2Point, require_coordinate
from snark.errors import MalformedError, Reason, RejectedError

Endianness = Literal["big", "little"]

G1_BYTES: Final = 2 * FIELD_BYTES
G2_BYTES: Final = 4 * FIELD_BYTES
G1_COMPRESSED_BYTES: Final = FIELD_BYTES
G2_COMPRESSED_BYTES: Final = 2 * FIELD_BYTES

MONTGOMERY_FACTOR: Final = 2**256 % FIELD_MODULUS
MONTGOMERY_INVERSE: Final = pow(MONTGOMERY_FACTOR, -1, FIELD_MODULUS)
HALF: Final = pow(2, -1, FIELD_MODULUS)


class CompressedLayout(StrEnum):
    """Whose compressed points these are."""

    ARKWORKS = "arkworks"
    GNARK = "gnark"


class Root(StrEnum):
    """Which of the two points with one x is meant, or neither."""

    SMALLER = "smaller"
    LARGER = "larger"
    INFINITY = "infinity"


GNARK_FLAGS: Final = {0b10: Root.SMALLER, 0b11: Root.LARGER, 0b01: Root.INFINITY}
ARKWORKS_FLAGS: Final = {0b00: Root.SMALLER, 0b10: Root.LARGER, 0b01: Root.INFINITY}


def require_length(data: bytes, length: int, field: str) -> None:
    """A layout has one length."""
    if len(data) != length:
        raise MalformedError(Reason.V01_NOT_READABLE, field, found=f"{len(data)} bytes", expected=f"{length} bytes")


def require_scalar(value: int, field: str) -> int:
    """A scalar has one name only: ``0 <= value < r``."""
    if not 0 <= value < GROUP_ORDER:
        raise RejectedError(Reason.V11_INPUT_OUT_OF_FIELD, field, found=value, expected="a number below r")
    return value


def encode_scalar(value: int, order: Endianness = "little") -> bytes:
    """A scalar as 32 canonical bytes."""
    return require_scalar(value, "scalar").to_bytes(FIELD_BYTES, order)


def decode_scalar(data: bytes, order: Endianness = "little", field: str = "scalar") -> int:
    """A scalar from 32 canonical bytes."""
    require_length(data, FIELD_BYTES, field)
    return require_scalar(int.from_bytes(data, order), field)


def encode_scalars(values: list[int] | tuple[int, ...]) -> bytes:
    """Scalars one after the other, as ``.wtns`` holds them and native calls take them."""
    return b"".join(map(encode_scalar, values))


def decode_scalars(data: bytes) -> tuple[int, ...]:
    """Scalars from the same bytes."""
    return tuple(map(decode_scalar, split(data)))


# --- Montgomery form: zkey, ptau, and native calls ---------------------------------------------------


def encode_g1(point: G1Point) -> bytes:
    """A point of the first group as ``.zkey`` and ``.ptau`` hold it."""
    return encode_montgomery(point.x) + encode_montgomery(point.y)


def encode_g2(point: G2Point) -> bytes:
    """A point of the second group as ``.zkey`` and ``.ptau`` hold it."""
    return b"".join(map(encode_montgomery, (*point.x, *point.y)))


def decode_g1(data: bytes, field: str = "point") -> G1Point:
    """A point of the first group from ``.zkey`` or ``.ptau``."""
    require_length(data, G1_BYTES, field)
    x, y = (decode_montgomery(part, field) for part in split(data))
    return G1Point(x, y, infinity=not any(data))


def decode_g2(data: bytes, field: str = "point") -> G2Point:
    """A point of the second group from ``.zkey`` or ``.ptau``."""
    require_length(data, G2_BYTES, field)
    x0, x1, y0, y1 = (decode_montgomery(part, field) for part in split(data))
    return G2Point((x0, x1), (y0, y1), infinity=not any(data))


def encode_montgomery(value: int) -> bytes:
    """``value * 2^256 mod p``, little-endian."""
    return (value * MONTGOMERY_FACTOR % FIELD_MODULUS).to_bytes(FIELD_BYTES, "little")


def decode_montgomery(data: bytes, field: str) -> int:
    """The number whose Montgomery form stands here; the form itself has to be below p."""
    return require_coordinate(int.from_bytes(data, "little"), field) * MONTGOMERY_INVERSE % FIELD_MODULUS


def split(data: bytes) -> list[bytes]:
    """Element by element."""
    return [data[start : start + FIELD_BYTES] for start in range(0, len(data), FIELD_BYTES)]


# --- EVM: EIP-196 and EIP-197 ------------------------------------------------------------------------


def encode_g1_evm(point: G1Point) -> bytes:
    """A point of the first group as the precompiles take it."""
    return point.x.to_bytes(FIELD_BYTES, "big") + point.y.to_bytes(FIELD_BYTES, "big")


def encode_g2_evm(point: G2Point) -> bytes:
    """A point of the second group as the precompiles take it: imaginary parts first."""
    (x0, x1), (y0, y1) = point.x, point.y
    return b"".join(part.to_bytes(FIELD_BYTES, "big") for part in (x1, x0, y1, y0))


def decode_g1_evm(data: bytes, field: str = "point") -> G1Point:
    """A point of the first group as the precompiles take it; all zeros are infinity."""
    require_length(data, G1_BYTES, field)
    x, y = (require_coordinate(int.from_bytes(part, "big"), field) for part in split(data))
    return G1Point(x, y, infinity=not any(data))


def decode_g2_evm(data: bytes, field: str = "point") -> G2Point:
    """A point of the second group as the precompiles take it; all zeros are infinity."""
    require_length(data, G2_BYTES, field)
    x1, x0, y1, y0 = (require_coordinate(int.from_bytes(part, "big"), field) for part in split(data))
    return G2Point((x0, x1), (y0, y1), infinity=not any(data))


# --- Compressed: one coordinate and which root -------------------------------------------------------


def compress_g1(point: G1Point, layout: CompressedLayout) -> bytes:
    """32 bytes."""
    return pack_flags(point.x.to_bytes(FIELD_BYTES, "big"), root_of(point, is_larger(point.y)), layout)


def compress_g2(point: G2Point, layout: CompressedLayout) -> bytes:
    """64 bytes."""
    packed = point.x[1].to_bytes(FIELD_BYTES, "big") + point.x[0].to_bytes(FIELD_BYTES, "big")
    return pack_flags(packed, root_of(point, is_larger_pair(point.y)), layout)


def decompress_g1(data: bytes, layout: CompressedLayout, field: str = "point") -> G1Point:
    """The point on the curve that these 32 bytes name."""
    require_length(data, G1_COMPRESSED_BYTES, field)
    packed, root = unpack_flags(data, layout, field)
    x = require_coordinate(int.from_bytes(packed, "big"), field)
    if root is Root.INFINITY:
        require_zero(packed, field)
        return G1_INFINITY
    y = square_root((x**3 + CURVE_CONSTANT) % FIELD_MODULUS)
    if y is None:
        raise off_curve(field)
    return G1Point(x, y if is_larger(y) == (root is Root.LARGER) else -y % FIELD_MODULUS)


def decompress_g2(data: bytes, layout: CompressedLayout, field: str = "point") -> G2Point:
    """The point on the twist that these 64 bytes name; its subgroup is not checked."""
    require_length(data, G2_COMPRESSED_BYTES, field)
    packed, root = unpack_flags(data, layout, field)
    x1, x0 = (require_coordinate(int.from_bytes(part, "big"), field) for part in split(packed))
    if root is Root.INFINITY:
        require_zero(packed, field)
        return G2_INFINITY
    y = square_root_of_pair(add_pairs(multiply_pairs(multiply_pairs((x0, x1), (x0, x1)), (x0, x1)), TWIST_CONSTANT))
    if y is None:
        raise off_curve(field)
    point = G2Point((x0, x1), y)
    return point if is_larger_pair(y) == (root is Root.LARGER) else -point


def off_curve(field: str) -> RejectedError:
    """No point of the curve has this x."""
    return RejectedError(Reason.V15_OFF_CURVE, field, found="an x of no point", expected="a point of the curve")


def require_zero(packed: bytes, field: str) -> None:
    """Infinity has one spelling."""
    if any(packed):
        raise MalformedError(Reason.V01_NOT_READABLE, field, found="infinity with an x", expected="zeros")


def root_of(point: G1Point | G2Point, larger: bool) -> Root:  # noqa: FBT001 -- it is the whole question
    """What the flags have to say of a point."""
    if point.infinity:
        return Root.INFINITY
    return Root.LARGER if larger else Root.SMALLER


def pack_flags(packed: bytes, root: Root, layout: CompressedLayout) -> bytes:
    """A big-endian x as the layout writes it; p has 254 bits, so that two are free."""
    flags = GNARK_FLAGS if layout is CompressedLayout.GNARK else ARKWORKS_FLAGS
    (bits,) = (bits for bits, meaning in flags.items() if meaning is root)
    flagged = bytes([packed[0] | bits << 6]) + packed[1:]
    return flagged if layout is CompressedLayout.GNARK else flagged[::-1]


def unpack_flags(data: bytes, layout: CompressedLayout, field: str) -> tuple[bytes, Root]:
    """The big-endian x without its flags, and what they say."""
    gnark = layout is CompressedLayout.GNARK
    flagged = data if gnark else data[::-1]
    root = (GNARK_FLAGS if gnark else ARKWORKS_FLAGS).get(flagged[0] >> 6)
    if root is None:
        raise MalformedError(
            Reason.V01_NOT_READABLE, field, found=f"flags {flagged[0] >> 6:02b}", expected=f"flags of {layout}"
        )
    return bytes([flagged[0] & 0x3F]) + flagged[1:], root


# --- The little arithmetic that roots need -----------------------------------------------------------


def is_larger(value: int) -> bool:
    """Whether ``value`` is the larger of itself and its negative; zero is not."""
    return value > FIELD_MODULUS // 2


def is_larger_pair(value: Fp2) -> bool:
    """The same of a pair: the imaginary part decides, then the real one."""
    real, imaginary = value
    return is_larger(imaginary) if imaginary else is_larger(real)


def square_root(square: int) -> int | None:
    """One of the roots in F_p: p = 3 (mod 4), so that it is a power."""
    root = pow(square, (FIELD_MODULUS + 1) // 4, FIELD_MODULUS)
    return root if root * root % FIELD_MODULUS == square else None


def square_root_of_pair(square: Fp2) -> Fp2 | None:
    """One of the roots in F_p[i], by the norm: of a + bi it is x + bi / 2x, where x^2 = (a +- sqrt(a^2 + b^2)) / 2."""
    a, b = square
    norm = square_root((a * a + b * b) % FIELD_MODULUS)
    if norm is None:
        return None
    for sign in (norm, -norm):
        x = square_root((a + sign) * HALF % FIELD_MODULUS)
        if x:
            return x, b * pow(2 * x, -1, FIELD_MODULUS) % FIELD_MODULUS
    imaginary = square_root(-a % FIELD_MODULUS)
    return None if imaginary is None else (0, imaginary)


def add_pairs(left: Fp2, right: Fp2) -> Fp2:
    """The sum in F_p[i]."""
    return (left[0] + right[0]) % FIELD_MODULUS, (left[1] + right[1]) % FIELD_MODULUS


def multiply_pairs(left: Fp2, right: Fp2) -> Fp2:
    """The product in F_p[i], where i^2 = -1."""
    (a, b), (c, d) = left, right
    return (a * c - b * d) % FIELD_MODULUS, (a * d + b * c) % FIELD_MODULUS
