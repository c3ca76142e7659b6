"""Exact fractions at the door: what a quantity, a price or an amount of an option may be.

Options live beside the integer world of lots and ticks: their rules are homogeneous, so any one
money unit does, and the numbers are fractions. A float is refused here and nowhere later.
"""

from enum import Enum
from fractions import Fraction
from typing import TypeVar

from margin.bounds import MAX_MONEY, MONEY_BITS
from margin.errors import MalformedError, Reason

Choice = TypeVar("Choice", bound=Enum)


def require_signed(value: object, field: str) -> Fraction:
    """``value`` as an exact number of either sign, at most 2^100 in size; never a float or a bool."""
    if not isinstance(value, Fraction) and (not isinstance(value, int) or isinstance(value, bool)):
        raise MalformedError(Reason.NOT_A_DECIMAL, field, found=value, expected="an exact number: a fraction or an integer")
    if abs(value) > MAX_MONEY:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"at most 2^{MONEY_BITS} in size")
    return Fraction(value)


def require_at_least_zero(value: object, field: str) -> Fraction:
    """An exact number that may be zero but not negative: a mark, a premium, a share."""
    number = require_signed(value, field)
    if number < 0:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected="a number of at least 0")
    return number


def require_positive(value: object, field: str) -> Fraction:
    """An exact number above zero: a quantity, a strike, a spot price."""
    number = require_signed(value, field)
    if number <= 0:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected="a number above 0")
    return number


def require_choice(value: object, choices: type[Choice], field: str) -> Choice:
    """``value`` as a member of the enumeration ``choices``."""
    if not isinstance(value, choices):
        names = ", ".join(member.name for member in choices)
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=value, expected=f"one of {names}")
    return value
