"""Checks of whole sections by one random combination: a wrong point escapes with a chance of 2^-128.

With random r_i, ``sum(r_i P_i)`` and ``sum(r_i Q_i)`` have the ratio x when all ``Q_i = x P_i``, and otherwise hardly
ever. The factors are drawn when the check is made, so that whoever made the file can't have known them.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from snark.bn254.backend import CurveBackend
from snark.bn254.points import G1_INFINITY, G2_INFINITY, G1Point, G2Point
from snark.r1cs.column import Column

FACTOR_BITS: Final = 128


def draw_factors(count: int) -> list[int]:
    """Random factors that nobody can foresee."""
    return [secrets.randbits(FACTOR_BITS) for _ in range(count)]


def combine_g1(points: Column[G1Point], factors: Sequence[int], curve: CurveBackend) -> G1Point:
    """``sum(factor * point)``."""
    total = G1_INFINITY
    for point, factor in zip(points, factors, strict=True):
        total = curve.add_g1(total, curve.multiply_g1(point, factor))
    return total


def combine_g2(points: Column[G2Point], factors: Sequence[int], curve: CurveBackend) -> G2Point:
    """``sum(factor * point)``."""
    total = G2_INFINITY
    for point, factor in zip(points, factors, strict=True):
        total = curve.add_g2(total, curve.multiply_g2(point, factor))
    return total


def combine_two_g1(first: Column[G1Point], second: Column[G1Point], curve: CurveBackend) -> tuple[G1Point, G1Point]:
    """One random combination of two sections."""
    factors = draw_factors(len(first))
    return combine_g1(first, factors, curve), combine_g1(second, factors, curve)


def combine_neighbours_g1(points: Column[G1Point], curve: CurveBackend) -> tuple[G1Point, G1Point]:
    """One random combination of a row of powers, and the same of their successors."""
    return combine_two_g1(points[:-1], points[1:], curve)


def combine_neighbours_g2(points: Column[G2Point], curve: CurveBackend) -> tuple[G2Point, G2Point]:
    """One random combination of a row of powers, and the same of their successors."""
    factors = draw_factors(len(points) - 1)
    return combine_g2(points[:-1], factors, curve), combine_g2(points[1:], factors, curve)


def require_points_g1(points: Column[G1Point], curve: CurveBackend) -> None:
    """Every point of a section is on the curve; infinity is one where a polynomial vanishes."""
    for index, point in enumerate(points):
        if not point.infinity:
            curve.require_g1(point, f"{points.place}[{index}]")


def require_points_g2(points: Column[G2Point], curve: CurveBackend) -> None:
    """Every point of a section is on the twist and in the subgroup; infinity is one where a polynomial vanishes."""
    for index, point in enumerate(points):
        if not point.infinity:
            curve.require_g2(point, f"{points.place}[{index}]")
