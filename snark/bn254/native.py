"""The curve as the native module computes it."""

from collections.abc import Sequence

from snark import _native
from snark.bn254.backend import BackendName, TargetElement
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2, encode_scalar, split
from snark.bn254.points import G1Point, G2Point


class NativeCurve:
    """Points cross as in ``.zkey``; the interpreter lock is released meanwhile."""

    name = BackendName.NATIVE

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    def add_g1(self, left: G1Point, right: G1Point) -> G1Point:
        """``left + right``."""
        return decode_g1(_native.g1_add(encode_g1(left), encode_g1(right)))

    def multiply_g1(self, point: G1Point, scalar: int) -> G1Point:
        """``[scalar] point``."""
        return decode_g1(_native.g1_multiply(encode_g1(point), encode_scalar(scalar)))

    def add_g2(self, left: G2Point, right: G2Point) -> G2Point:
        """``left + right``."""
        return decode_g2(_native.g2_add(encode_g2(left), encode_g2(right)))

    def multiply_g2(self, point: G2Point, scalar: int) -> G2Point:
        """``[scalar] point``."""
        return decode_g2(_native.g2_multiply(encode_g2(point), encode_scalar(scalar)))

    def require_g1(self, point: G1Point, field: str) -> None:
        """Refuse infinity and what is off the curve."""
        _native.require_g1(encode_g1(point), field)

    def require_g2(self, point: G2Point, field: str) -> None:
        """Refuse infinity, what is off the twist, and what is outside the subgroup of order r."""
        _native.require_g2(encode_g2(point), field)

    def is_pairing_product_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Whether ``e(P_1, Q_1) e(P_2, Q_2) ... = 1``."""
        return _native.pairing_product_is_one(b"".join(encode_g1(p) + encode_g2(q) for p, q in pairs))

    def compute_pairing(self, p: G1Point, q: G2Point) -> TargetElement:
        """``e(P, Q)`` to the power ``PAIRING_EXPONENT``."""
        numbers = split(_native.pairing(encode_g1(p) + encode_g2(q)))
        return tuple(int.from_bytes(number, "big") for number in numbers)


def make_curve(threads: int | None) -> NativeCurve:
    """With so many threads for whole columns."""
    return NativeCurve(threads)
