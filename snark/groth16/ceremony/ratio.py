"""The one question of a ceremony: do two pairs of points, one in each group, have the same ratio?"""

from snark.bn254.backend import CurveBackend
from snark.bn254.points import G1Point, G2Point
from snark.errors import Reason, RejectedError


def require_same_ratio(
    curve: CurveBackend, first: tuple[G1Point, G1Point], second: tuple[G2Point, G2Point], reason: Reason, field: str
) -> None:
    """``first[1] = x first[0]`` and ``second[1] = x second[0]`` for one x that is not zero.

    ``e(first[0], second[1]) = e(first[1], second[0])``, and none of the four is infinity.
    """
    if any(point.infinity for point in (*first, *second)):
        raise RejectedError(reason, field, found="a point at infinity", expected="four points with one ratio")
    if not curve.is_pairing_product_one([(first[0], second[1]), (-first[1], second[0])]):
        raise RejectedError(reason, field, found="two ratios", expected="one ratio in both groups")
