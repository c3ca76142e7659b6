"""Exact fractions at the door: what a quantity, a price or an amount of an option may be.

Options live beside the integer world of lots and ticks: their rules are homogeneous, so any one
money unit does, and the numbers are fractions. A float is refused here and nowhere later.
"""

from enum import Enum
from fractions import Fraction
from typing import TypeVar

from margin.bounds import MAX_MONEY, MONEY_BITS, require_rate
from margin.errors import MalformedError, Reason

Choice = TypeVar("Choice", bound=Enum)
Member = TypeVar("Member")


def require_signed(value: object, field: str) -> Fraction:
    """``value`` as an exact number of either sign, at most 2^100 in size.

    An int is refused with the floats: two of them divide into a float, unseen.
    """
    if not isinstance(value, Fraction):
        raise MalformedError(Reason.NOT_A_DECIMAL, field, found=value, expected="an exact fraction")
    if abs(value) > MAX_MONEY:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"at most 2^{MONEY_BITS} in size")
    return value


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


def require_share(value: object, field: str) -> Fraction:
    """An exact share of something: between 0 and 100 %."""
    return require_rate(require_signed(value, field), field)


def require_scale(value: object, field: str) -> Fraction:
    """An exact factor that may only enlarge: between 1 and 10."""
    return require_rate(require_signed(value, field), field, low=Fraction(1), high=Fraction(10))


def require_at_most(value: Fraction, field: str, limit: Fraction, limit_field: str) -> Fraction:
    """``value`` no greater than ``limit``, which another field sets."""
    if value > limit:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"at most the {limit_field}, {limit}")
    return value


def require_flag(value: object, field: str) -> bool:
    """``value`` as a plain yes or no."""
    if not isinstance(value, bool):
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=value, expected="true or false")
    return value


def require_tuple(value: object, member: type[Member], field: str) -> tuple[Member, ...]:
    """``value`` as a tuple of ``member`` and nothing else, so that it can't change after it was checked."""
    if not isinstance(value, tuple):
        raise MalformedError(Reason.NOT_A_LIST, field, found=value, expected=f"a tuple of {member.__name__}")
    for index, item in enumerate(value):
        if not isinstance(item, member):
            raise MalformedError(Reason.NOT_AN_OBJECT, f"{field}[{index}]", found=item, expected=f"a {member.__name__}")
    return value
