"""Exact numbers in and out: decimal strings to fractions, and back for a person to read.

Nothing here rounds by itself. A reader takes exactly what was written or refuses it; a writer is
told which way to round, and the way is always against the trader.
"""

import re
from enum import Enum
from fractions import Fraction
from math import ceil, floor

from margin.errors import MalformedError, Reason

DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?", re.ASCII)
RATIO = re.compile(r"(0|[1-9][0-9]{0,17})/([1-9][0-9]{0,17})", re.ASCII)
EXACT_DIGITS = 40


class Rounding(Enum):
    """Which way a number moves when it is shown."""

    DOWN = "down"
    UP = "up"


def parse_decimal(text: object, field: str) -> Fraction:
    """The exact value of a plain decimal string such as ``"-0.25"``.

    Refused: JSON numbers (a float has lost digits already), exponents, NaN, a leading plus or zero,
    white space, digits that are not ASCII, more than 40 digits on a side.
    """
    if not isinstance(text, str) or not DECIMAL.fullmatch(text):
        raise MalformedError(
            Reason.NOT_A_DECIMAL, field, found=text, expected='a plain decimal as a string, like "12.5"'
        )
    return Fraction(text)


def parse_rate(text: object, field: str) -> Fraction:
    """A rate as ``"0.5%"``, ``"5000ppm"``, ``"0.005"`` or ``"1/200"``, exactly."""
    if isinstance(text, str):
        if RATIO.fullmatch(text):
            return Fraction(text)
        for suffix, scale in (("%", 100), ("ppm", 10**6)):
            if text.endswith(suffix) and DECIMAL.fullmatch(text.removesuffix(suffix)):
                return Fraction(text.removesuffix(suffix)) / scale
        if DECIMAL.fullmatch(text):
            return Fraction(text)
    raise MalformedError(
        Reason.NOT_A_RATE, field, found=text, expected='a rate as a string: "0.5%", "5000ppm", "0.005" or "1/200"'
    )


def round_to(value: Fraction, unit: Fraction, rounding: Rounding) -> Fraction:
    """The nearest multiple of ``unit`` at or beyond ``value`` in the direction given."""
    steps = value / unit
    return (ceil(steps) if rounding is Rounding.UP else floor(steps)) * unit


def render_exact(value: Fraction) -> str:
    """``value`` without loss: a decimal where it ends within 40 digits, else ``numerator/denominator``."""
    digits = decimal_digits(value)
    return f"{value.numerator}/{value.denominator}" if digits is None else render_decimal(value, digits)


def render_rounded(value: Fraction, unit: Fraction, rounding: Rounding) -> str:
    """``value`` rounded to a multiple of ``unit``, as a decimal."""
    return render_exact(round_to(value, unit, rounding))


def decimal_digits(value: Fraction) -> int | None:
    """How many digits after the point write ``value`` exactly; None where no 40 digits can."""
    twos, rest = factor_out(value.denominator, 2)
    fives, rest = factor_out(rest, 5)
    digits = max(twos, fives)
    return digits if rest == 1 and digits <= EXACT_DIGITS else None


def factor_out(number: int, factor: int) -> tuple[int, int]:
    """(how often ``factor`` divides ``number``, what is left), looking no further than is of use."""
    count = 0
    while count <= EXACT_DIGITS and number % factor == 0:
        number //= factor
        count += 1
    return count, number


def count_steps(text: str, digits: int) -> int | None:
    """How many steps of 10^-digits a plain decimal string is; None where it is not, or is no such string.

    The same answer as ``parse_decimal(text) * 10**digits`` without a fraction: tables have millions of cells.
    """
    if not DECIMAL.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return int(whole + fraction.ljust(digits, "0")) if len(fraction) <= digits else None


def render_steps(steps: int, digits: int) -> str:
    """A number of steps of 10^-digits as a decimal with trailing zeros removed."""
    if not digits:
        return str(steps)
    sign = "-" if steps < 0 else ""
    text = str(abs(steps)).rjust(digits + 1, "0")
    whole, fraction = text[:-digits], text[-digits:].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def render_decimal(value: Fraction, digits: int) -> str:
    """``value``, a multiple of 10^-digits, with trailing zeros removed."""
    return render_steps((value * 10**digits).numerator, digits)
