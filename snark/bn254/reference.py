"""The curve as py_ecc computes it: slow, readable, and written by others than the native module.

This is the only module that knows py_ecc, which raises the interpreter's recursion limit a hundredfold when it is
imported: a hostile JSON document could then run a parser through the end of the stack. The limit is put back.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Final, TypeVar

RECURSION_LIMIT: Final = sys.getrecursionlimit()

# ruff: noqa: E402 -- the limit is read before py_ecc changes it
from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.fields import optimized_bn128_FQ12 as FQ12
from py_ecc.optimized_bn128.optimized_curve import (
    Z1,
    Z2,
    add,
    b,
    b2,
    double,
    is_inf,
    is_on_curve,
    multiply,
    normalize,
)
from py_ecc.optimized_bn128.optimized_pairing import pairing

from snark.bn254.backend import BackendName, TargetElement
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER, PAIRING_EXPONENT
from snark.bn254.encoding import require_scalar
from snark.bn254.points import G1_INFINITY, G2_INFINITY, G1Point, G2Point
from snark.errors import Reason, RejectedError

sys.setrecursionlimit(RECURSION_LIMIT)

JacobianG1 = tuple[FQ, FQ, FQ]
JacobianG2 = tuple[FQ2, FQ2, FQ2]
Jacobian = TypeVar("Jacobian", JacobianG1, JacobianG2)

HARD_EXPONENT: Final = (FIELD_MODULUS**4 - FIELD_MODULUS**2 + 1) // GROUP_ORDER
SIXTH_ROOT: Final = pow(82, (FIELD_MODULUS - 1) // 6, FIELD_MODULUS)
"""``w^(p^2) = w (w^6)^((p^2 - 1) / 6)``, where ``w^6 = 9 + i`` has the norm 82: so w times this root of unity."""


class ReferenceCurve:
    """The operations of py_ecc behind the checks that it leaves to its caller."""

    name = BackendName.REFERENCE
    threads: int | None = 1

    def add_g1(self, left: G1Point, right: G1Point) -> G1Point:
        """``left + right``."""
        return from_g1(add(to_g1(left, "left"), to_g1(right, "right")))

    def multiply_g1(self, point: G1Point, scalar: int) -> G1Point:
        """``[scalar] point``."""
        return from_g1(multiply(to_g1(point, "point"), require_scalar(scalar, "factor")))

    def add_g2(self, left: G2Point, right: G2Point) -> G2Point:
        """``left + right``."""
        return from_g2(add(to_g2(left, "left"), to_g2(right, "right")))

    def multiply_g2(self, point: G2Point, scalar: int) -> G2Point:
        """``[scalar] point``."""
        return from_g2(multiply(to_g2(point, "point"), require_scalar(scalar, "factor")))

    def require_g1(self, point: G1Point, field: str) -> None:
        """Refuse infinity and what is off the curve."""
        require_finite(point, field)
        to_g1(point, field)

    def require_g2(self, point: G2Point, field: str) -> None:
        """Refuse infinity, what is off the twist, and what is outside the subgroup of order r."""
        require_finite(point, field)
        to_g2(point, field)

    def is_pairing_product_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Whether ``e(P_1, Q_1) e(P_2, Q_2) ... = 1``: the loops are multiplied, and exponentiated once."""
        for index, (p, q) in enumerate(pairs):
            to_g2(q, f"pairs[{index}][1]")
            to_g1(p, f"pairs[{index}][0]")
        product: FQ12 = reduce(lambda left, right: left * right, (run_loop(p, q) for p, q in pairs), FQ12.one())
        return bool(exponentiate(product) == FQ12.one())

    def compute_pairing(self, p: G1Point, q: G2Point) -> TargetElement:
        """``e(P, Q)`` to the power ``PAIRING_EXPONENT``."""
        to_g2(q, "pairs[0][1]")
        to_g1(p, "pairs[0][0]")
        return to_tower(exponentiate(run_loop(p, q)) ** PAIRING_EXPONENT)


def require_finite(point: G1Point | G2Point, field: str) -> None:
    """Refuse infinity."""
    if point.infinity:
        raise RejectedError(Reason.V14_INFINITY, field, found="the point at infinity", expected="another point")


def to_g1(point: G1Point, field: str) -> JacobianG1:
    """The point as py_ecc has it, which has to be on the curve."""
    if point.infinity:
        return Z1
    jacobian = (FQ(point.x), FQ(point.y), FQ.one())
    if not is_on_curve(jacobian, b):
        raise RejectedError(Reason.V15_OFF_CURVE, field, found="a point off the curve", expected="a point of the curve")
    return jacobian


def to_g2(point: G2Point, field: str) -> JacobianG2:
    """The point as py_ecc has it, which has to be on the twist and of order r."""
    jacobian = to_twist(point, field)
    if not has_order_r(point):
        found, expected = "a point outside the subgroup", "a point of order r"
        raise RejectedError(Reason.V16_OUTSIDE_SUBGROUP, field, found=found, expected=expected)
    return jacobian


@lru_cache(maxsize=256)
def has_order_r(point: G2Point) -> bool:
    """Whether r times this point of the twist is infinity; those of a key are asked about again and again."""
    return is_inf(multiply(to_twist(point, "point"), GROUP_ORDER))


@lru_cache(maxsize=256)
def run_loop(p: G1Point, q: G2Point) -> FQ12:
    """Miller's loop of points that were looked at; that of the points of a key is asked for with every proof."""
    return pairing(to_g2(q, "q"), to_g1(p, "p"), final_exponentiate=False)


def exponentiate(value: FQ12) -> FQ12:
    """``value^((p^12 - 1) / r)``, factor by factor: ``(p^6 - 1) (p^2 + 1) ((p^4 - p^2 + 1) / r)``.

    The powers p^6 and p^2 only turn the coefficients of w^k: by -1 and by the root of unity, k times.
    """
    unitary = turn(value, -1) / value
    return (turn(unitary, SIXTH_ROOT) * unitary) ** HARD_EXPONENT


def turn(value: FQ12, root: int) -> FQ12:
    """With ``root * w`` in place of w."""
    return FQ12([int(number) * pow(root, power, FIELD_MODULUS) for power, number in enumerate(value.coeffs)])


def to_twist(point: G2Point, field: str) -> JacobianG2:
    """The point as py_ecc has it, which has to be on the twist."""
    if point.infinity:
        return Z2
    jacobian = (FQ2(point.x), FQ2(point.y), FQ2.one())
    if not is_on_curve(jacobian, b2):
        raise RejectedError(Reason.V15_OFF_CURVE, field, found="a point off the curve", expected="a point of the curve")
    return jacobian


def from_g1(jacobian: JacobianG1) -> G1Point:
    """The point as this package has it."""
    if is_inf(jacobian):
        return G1_INFINITY
    x, y = normalize(jacobian)
    return G1Point(int(x), int(y))


def from_g2(jacobian: JacobianG2) -> G2Point:
    """The point as this package has it."""
    if is_inf(jacobian):
        return G2_INFINITY
    (x0, x1), (y0, y1) = (coordinate.coeffs for coordinate in normalize(jacobian))
    return G2Point((int(x0), int(x1)), (int(y0), int(y1)))


def to_tower(value: FQ12) -> TargetElement:
    """From powers of w with w^12 = 18 w^6 - 82, where w^6 = 9 + i, to pairs in the order w^0, w^2, w^4, w, w^3, w^5."""
    numbers = [int(number) for number in value.coeffs]
    pairs = [(FQ(numbers[k] + 9 * numbers[k + 6]), FQ(numbers[k + 6])) for k in (0, 2, 4, 1, 3, 5)]
    return tuple(int(number) for pair in pairs for number in pair)


def sum_of_multiples(zero: Jacobian, points: Sequence[Jacobian], factors: Sequence[int]) -> Jacobian:
    """``factors[0] points[0] + factors[1] points[1] + ...``, one bit of all factors after the other."""
    total = zero
    for place in reversed(range(max(factors, default=0).bit_length())):
        total = double(total)
        for point, factor in zip(points, factors, strict=True):
            if factor >> place & 1:
                total = add(total, point)
    return total


def sum_of_multiples_g1(points: Sequence[JacobianG1], factors: Sequence[int]) -> G1Point:
    """The sum in the first group."""
    return from_g1(sum_of_multiples(Z1, points, factors))


def sum_of_multiples_g2(points: Sequence[JacobianG2], factors: Sequence[int]) -> G2Point:
    """The sum in the second group."""
    return from_g2(sum_of_multiples(Z2, points, factors))


CURVE: Final = ReferenceCurve()


def make_curve(_threads: int | None) -> ReferenceCurve:
    """One thread is all that there is."""
    return CURVE
