"""Accounts as a venue's ledger has them: names instead of numbers of things, whole numbers, no rounding anywhere.

    account      the venue's own name of the account; nobody else ever sees it
    positions    market, side, size (lots), entry_notional and cash (money units), funding_index (at the entry)
    balances     asset, amount
    debts        asset, amount

An amount counts the asset's smallest accounted unit. A number is written as an integer or as a string of its digits,
because what reads JSON elsewhere may not keep more than 53 bits of one.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from margin.bounds import MAX_ACCOUNT_AMOUNT, MAX_FUNDING_INDEX, MAX_MONEY, MAX_SIZE
from margin.contracts import Side
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from margin.solvency import HeldPosition

LONGEST_NAME: Final = 64
MOST_HOLDINGS: Final = 1024
"""Positions, balances or debts of one account."""
NAME: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
DIGITS: Final = re.compile(r"-?(0|[1-9][0-9]{0,39})", re.ASCII)
SIDES: Final = {"long": Side.LONG, "short": Side.SHORT}


@dataclass(frozen=True, slots=True)
class NamedPosition:
    """An isolated position as it stands in the ledger."""

    market: str
    held: HeldPosition


@dataclass(frozen=True, slots=True)
class HeldAmount:
    """So much of an asset, held or owed."""

    asset: str
    amount: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account."""

    account: str = field(repr=False)
    positions: tuple[NamedPosition, ...] = ()
    balances: tuple[HeldAmount, ...] = ()
    debts: tuple[HeldAmount, ...] = ()

    def __post_init__(self) -> None:
        for name in ("balances", "debts"):
            seen: set[str] = set()
            for place, held in enumerate(getattr(self, name)):
                if held.asset in seen:
                    expected = "each asset once"
                    raise MalformedError(
                        Reason.DUPLICATE_FIELD, f"{name}[{place}].asset", found=held.asset, expected=expected
                    )
                seen.add(held.asset)


def read_record(content: object) -> AccountRecord:
    """An account from the object that stands for it."""
    with Fields(content) as fields:
        return AccountRecord(
            account=read_name(fields, "account"),
            positions=tuple(map(read_position, fields.items("positions", MOST_HOLDINGS))),
            balances=tuple(map(read_amount, fields.items("balances", MOST_HOLDINGS))),
            debts=tuple(map(read_amount, fields.items("debts", MOST_HOLDINGS))),
        )


def read_position(fields: Fields) -> NamedPosition:
    """One isolated position."""
    with fields:
        held = HeldPosition(
            side=read_side(fields),
            size=read_whole(fields, "size", 0, MAX_SIZE, "lots"),
            entry_notional=read_whole(fields, "entry_notional", 0, MAX_MONEY, "money units"),
            cash=read_whole(fields, "cash", -MAX_MONEY, MAX_MONEY, "money units"),
            funding_index=read_whole(
                fields, "funding_index", -MAX_FUNDING_INDEX, MAX_FUNDING_INDEX, "1e-6 money units per lot"
            ),
        )
        return NamedPosition(read_name(fields, "market"), held)


def read_amount(fields: Fields) -> HeldAmount:
    """One balance or debt."""
    with fields:
        return HeldAmount(
            read_name(fields, "asset"),
            read_whole(fields, "amount", 0, MAX_ACCOUNT_AMOUNT, "smallest units of the asset"),
        )


def read_name(fields: Fields, name: str) -> str:
    """The name of something: printable and without spaces, so that two names that look alike are one."""
    value = fields.take_required(name, "a name")
    if not isinstance(value, str) or not NAME.fullmatch(value):
        expected = f"1 to {LONGEST_NAME} printable letters of ASCII, no spaces"
        raise MalformedError(Reason.NOT_READABLE, name, found=value, expected=expected)
    return value


def read_side(fields: Fields) -> Side:
    """Long or short."""
    value = fields.take_required("side", "long or short")
    if not isinstance(value, str) or value not in SIDES:
        raise MalformedError(Reason.NOT_A_CHOICE, "side", found=value, expected="long or short")
    return SIDES[value]


def read_whole(fields: Fields, name: str, low: int, high: int, what: str) -> int:
    """A whole number within its bounds, in any of its spellings."""
    number = whole_of(fields.take_required(name, f"a whole number: {what}"))
    if number is None:
        expected = f"a whole number of {what}, as an integer or a string of digits"
        raise MalformedError(Reason.NOT_AN_INTEGER, name, found="something else", expected=expected)
    if not low <= number <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=number, expected=f"{what} in [{low}, {high}]")
    return number


def whole_of(value: object) -> int | None:
    """The whole number of a value as JSON, CSV and Parquet have it, if it is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return int(value) if DIGITS.fullmatch(value) and value != "-0" else None
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return None
