"""Points of the twist outside the subgroup of order r, made from nothing but its equation."""

import sys
from enum import Enum
from functools import cache

RECURSION_LIMIT = sys.getrecursionlimit()

# ruff: noqa: E402 -- py_ecc raises the limit when it is imported: it is put back, as snark.bn254.reference does
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.optimized_bn128.optimized_curve import add, multiply

from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER, TWIST_CONSTANT
from snark.bn254.encoding import add_pairs, multiply_pairs, square_root_of_pair
from snark.bn254.points import Fp2, G2Point
from snark.bn254.reference import from_g2, to_g2, to_twist

sys.setrecursionlimit(RECURSION_LIMIT)

COFACTOR = 2 * FIELD_MODULUS - GROUP_ORDER
"""The twist has r (2p - r) points."""


class TwistTorsion(Enum):
    """What such a point's order has in common with the cofactor: all of it, or one of its small factors."""

    WHOLE = 0
    SMALL = 10069
    SECOND = 5864401

    def point(self) -> G2Point:
        """A point of this order (times r, of the whole twist)."""
        return find_point(self.value)

    def added_to(self, member: G2Point) -> G2Point:
        """A point that differs from one of the subgroup by one of this order."""
        return from_g2(add(to_g2(member, "member"), to_twist(self.point(), "torsion")))


@cache
def find_point(order: int) -> G2Point:
    """The first point of the twist, by x, that is left after multiplying away everything but ``order``."""
    x0 = 0
    while True:
        x0 += 1
        x: Fp2 = (x0, 1)
        y = square_root_of_pair(add_pairs(multiply_pairs(multiply_pairs(x, x), x), TWIST_CONSTANT))
        if y is None:
            continue
        point = (FQ2(x), FQ2(y), FQ2.one())
        factor = GROUP_ORDER * (COFACTOR // order) if order else 1
        found = from_g2(multiply(point, factor))
        if not found.infinity:
            return found
