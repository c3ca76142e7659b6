"""Checks of whole sections by one random combination: a wrong point escapes with a chance of 2^-128.

With random r_i, ``sum(r_i P_i)`` and ``sum(r_i Q_i)`` have the ratio x when all ``Q_i = x P_i``, and otherwise hardly
ever. The factors are drawn when the check is made, so that whoever made the file can't have known them.
"""

import secrets
from typing import Final

from snark.bn254.constants import FIELD_BYTES
from snark.groth16.ceremony.bulk import BulkGroup, Point
from snark.groth16.ceremony.progress import Tally, cut_range, iterate_chunks
from snark.r1cs.column import Column

FACTOR_BYTES: Final = 16


def draw_factors(count: int) -> bytes:
    """Random factors of 128 bits that nobody can foresee, as scalars of 32 bytes."""
    random, rest = secrets.token_bytes(FACTOR_BYTES * count), bytes(FIELD_BYTES - FACTOR_BYTES)
    return b"".join(random[at : at + FACTOR_BYTES] + rest for at in range(0, len(random), FACTOR_BYTES))


def combine(points: Column[Point], factors: bytes, group: BulkGroup[Point]) -> Point:
    """``sum(factor * point)``, a piece at a time."""
    total: Point | None = None
    for start, stop in cut_range(len(points)):
        piece = points[start:stop]
        part = group.combine(piece.data, factors[start * FIELD_BYTES : stop * FIELD_BYTES], piece.place)
        total = part if total is None else group.add(total, part)
    return group.combine(b"", b"", points.place) if total is None else total


def combine_two(
    first: Column[Point], second: Column[Point], group: BulkGroup[Point], tally: Tally
) -> tuple[Point, Point]:
    """One random combination of two sections."""
    factors = draw_factors(len(first))
    combined = combine(first, factors, group), combine(second, factors, group)
    tally.add(len(first))
    return combined


def combine_neighbours(points: Column[Point], group: BulkGroup[Point], tally: Tally) -> tuple[Point, Point]:
    """One random combination of a row of powers, and the same of their successors."""
    return combine_two(points[:-1], points[1:], group, tally)


def require_points(points: Column[Point], group: BulkGroup[Point], tally: Tally) -> None:
    """Every point of a section is on its curve and in its subgroup; infinity is one where a polynomial vanishes."""
    for start, piece in iterate_chunks(points):
        group.require_points(piece, points.place, start)
        tally.add(len(piece) // points.size)
