"""What a venue owes: every isolated position counted at no less than zero, every balance whole, every debt covered.

Whole numbers alone. A position's equity is counted in *fine* units, 1e-6 of a unit, in which funding needs no rounding:

    equity6 = 10^6 * equity = quote6 + side * size * weight
    quote6  = 10^6 * (cash - side * k * entry notional) + side * size * funding index at entry
    weight  = k * value6 - funding index now
    value6  = 10^6 * multiplier * mark              linear,  k = +1
              round(10^6 * multiplier / mark)       inverse, k = -1

The quote is what the holder knows, the weight is public and the same for both sides of a market, so that what longs
gain shorts lose to the last digit. Then

    counted = max(0, equity6)      what is owed for the position
    gap     = max(0, -equity6)     what it lost beyond its own collateral, and the insurance fund bears

A position's loss stays inside its fence: it lowers nothing else that is owed. A debt lowers what is owed of its asset,
so that it has to be covered by the balances beside it after their haircuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from margin.bounds import (
    COVER_PRICE_BITS,
    COVER_SCALE,
    FINE_SCALE,
    INTERCEPT_BITS,
    MAX_ACCOUNT_AMOUNT,
    MAX_MONEY,
    MAX_SIZE,
    require_funding_index,
    require_integer,
    require_price,
)
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from margin.position import Position

# --- Positions ---------------------------------------------------------------------------------------


def kind_sign(kind: ContractKind) -> int:
    """``k``: whether a long gains (+1) or loses (-1) as the notional grows."""
    return 1 if kind is ContractKind.LINEAR else -1


def value_lot(contract: Contract, mark: int) -> int:
    """``value6``: a lot at the one mark of its market, to the nearest fine unit, half a one upwards."""
    require_price(mark, "mark")
    exact = FINE_SCALE * contract.lot_value(Fraction(mark))
    return floor(exact + Fraction(1, 2))


def weigh_lot(contract: Contract, mark: int, funding_index: int) -> int:
    """``weight``: by how much a lot held long moves the equity of its position, in fine units."""
    return kind_sign(contract.kind) * value_lot(contract, mark) - require_funding_index(funding_index)


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """An isolated position in the numbers that its holder knows, whole money units; without lots it only holds cash."""

    side: Side = field(repr=False)
    size: int = field(repr=False)
    entry_notional: int = field(repr=False)
    cash: int = field(repr=False)
    funding_index: int = field(repr=False)

    def __post_init__(self) -> None:
        require_integer(self.size, "size", 0, MAX_SIZE, "lots")
        require_integer(self.entry_notional, "entry_notional", 0, MAX_MONEY, "money units")
        require_integer(self.cash, "cash", -MAX_MONEY, MAX_MONEY, "money units")
        require_funding_index(self.funding_index)

    @classmethod
    def of(cls, position: Position) -> "HeldPosition":
        """A position of whole money units without a basket."""
        if position.basket:
            expected = "none: a venue owes what it holds itself"
            raise MisuseError(Reason.NOT_APPLICABLE, "basket", found="a basket", expected=expected)
        entry = require_whole_money(position.entry_notional, "entry_notional")
        cash = require_whole_money(position.cash, "cash")
        return cls(position.side, position.size, entry, cash, position.funding_index)

    def quote(self, kind: ContractKind) -> int:
        """``quote6``: all of its equity that the mark and the funding of now don't move."""
        money = self.cash - self.side.sign * kind_sign(kind) * self.entry_notional
        return FINE_SCALE * money + self.side.sign * self.size * self.funding_index

    def equity(self, kind: ContractKind, weight: int) -> int:
        """``equity6``."""
        return find_equity(self.quote(kind), self.side, self.size, weight)


def find_equity(quote6: int, side: Side, size: int, weight: int) -> int:
    """``equity6``."""
    return quote6 + side.sign * size * weight


def count_equity(equity6: int) -> int:
    """What is owed for a position: never less than nothing."""
    return max(0, equity6)


def count_gap(equity6: int) -> int:
    """What a position lost beyond its own collateral."""
    return max(0, -equity6)


def require_whole_money(value: Fraction, field: str) -> int:
    """An amount of whole money units."""
    if value.denominator != 1:
        raise MisuseError(Reason.NOT_ON_GRID, field, found="a part of one", expected="whole money units")
    return value.numerator


# --- Totals ------------------------------------------------------------------------------------------


def add_owed(balances: Sequence[int], counted: Sequence[int], settlements: Sequence[int]) -> list[int]:
    """``owed6`` of each asset: its balances, and what is counted in the markets that settle in it."""
    return settle([FINE_SCALE * balance for balance in balances], counted, settlements)


def add_gaps(assets: int, gaps: Sequence[int], settlements: Sequence[int]) -> list[int]:
    """``gaps6`` of each asset: what the insurance fund bears in the markets that settle in it."""
    return settle([0] * assets, gaps, settlements)


def settle(of_assets: list[int], of_markets: Sequence[int], settlements: Sequence[int]) -> list[int]:
    """Fine units of assets with those of the markets that settle in them."""
    for asset, number in zip(settlements, of_markets, strict=True):
        of_assets[asset] += number
    return of_assets


# --- Debts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HaircutLine:
    """What balances of an asset cover in one tier: ``slope * amount + intercept``, below the ceiling."""

    slope: int
    """In 1e-12 money units for one unit of the asset."""
    intercept: int
    """In 1e-12 money units."""
    floor: int
    ceiling: int

    def __post_init__(self) -> None:
        require_integer(self.slope, "slope", 0, 2**COVER_PRICE_BITS - 1, "1e-12 money units")
        require_integer(self.intercept, "intercept", 0, 2**INTERCEPT_BITS - 1, "1e-12 money units")
        require_integer(self.floor, "floor", 0, MAX_ACCOUNT_AMOUNT, "units")
        require_integer(self.ceiling, "ceiling", self.floor + 1, MAX_ACCOUNT_AMOUNT + 1, "units above the floor")

    def holds_for(self, amount: int) -> bool:
        """Whether this is the tier of an amount."""
        return self.floor <= amount < self.ceiling

    def value(self, amount: int) -> int:
        """What an amount covers, in 1e-12 money units."""
        return self.slope * amount + self.intercept


@dataclass(frozen=True, slots=True)
class HaircutTerms:
    """One tier of haircuts as it is published: it holds for values in ``(floor, ceiling]``, in money units."""

    haircut_rate: Fraction
    add_back: Fraction
    floor: Fraction
    ceiling: Fraction | None


def draw_lines(worth: Fraction, tiers: Sequence[HaircutTerms]) -> tuple[HaircutLine, ...]:
    """The lines of an asset, a unit of which is worth so many money units; rounded so that less is covered, never more.

    A tier in which no whole amount lies is left out, as is one beyond the largest amount of an account.
    """
    lines = []
    for tier in tiers:
        first, end = first_amount(worth, tier.floor), MAX_ACCOUNT_AMOUNT + 1
        if tier.ceiling is not None:
            end = min(end, first_amount(worth, tier.ceiling))
        if first < end:
            slope = floor(worth * (1 - tier.haircut_rate) * COVER_SCALE)
            lines.append(HaircutLine(slope, floor(tier.add_back * COVER_SCALE), first, end))
    return tuple(lines)


def first_amount(worth: Fraction, value: Fraction) -> int:
    """The least amount that is worth more than a value; of nothing, no amount at all."""
    return floor(value / worth) + 1 if value else 0


def price_debt(worth: Fraction) -> int:
    """What a unit of debt asks for, in 1e-12 money units, upwards."""
    return ceil(worth * COVER_SCALE)


def find_line(lines: Sequence[HaircutLine], amount: int) -> HaircutLine:
    """The line of an amount."""
    for line in lines:
        if line.holds_for(amount):
            return line
    raise MalformedError(Reason.OUTSIDE_TABLE, "amount", found="an amount in no tier", expected="one within the tiers")


def require_cover(covered: int, asked: int) -> None:
    """Balances cover debts, both in 1e-12 money units."""
    if covered < asked:
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN, "debts", found="too little cover", expected="balances that cover all debts"
        )
