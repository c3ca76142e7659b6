"""Rounding what a venue or an oracle says to what a leaf can hold: always against the trader, and only here.

Rates become whole ppm, upwards. Floors become whole money units, downwards, because rates and haircuts rise at a floor.
Deductions are never rounded: they follow from the rounded rates and floors, so that a rounded table is a table again.
"""

from fractions import Fraction
from math import ceil, floor

from margin.bounds import PPM
from margin.errors import MisuseError, Reason


def round_rate(rate: Fraction) -> Fraction:
    """The rate in whole ppm, upwards."""
    return Fraction(ceil(rate * PPM), PPM)


def round_floor(amount: Fraction) -> Fraction:
    """The amount in whole money units, downwards."""
    return Fraction(floor(amount))


def count_ppm(value: Fraction) -> int:
    """How many millionths a rate, or an amount of money, is; it was rounded to them before."""
    return require_whole(value * PPM, "ppm", "a whole number of millionths")


def require_whole(value: Fraction, field: str, expected: str) -> int:
    """``value`` where it is a whole number."""
    if value.denominator != 1:
        raise MisuseError(Reason.NOT_ON_GRID, field, found=value, expected=expected)
    return value.numerator
