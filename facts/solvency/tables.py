"""Tables: at what every position, balance and debt of a venue is counted, the same for all batches of a run.

    row of a market     weight of a lot, and the asset that the market settles in
    row of a haircut    slope, intercept, floor and ceiling of an asset's tier
    row of a price      what a unit of debt asks for

    tables = hash of the list: weight and settlement of each market, lines of each asset, prices of all assets

Places that a table has beyond its rows hold zeros. Haircuts and prices are there only where parts may have debts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from facts.bounds import LISTING_BITS
from facts.elements import require_bits
from facts.hash_list import hash_list
from facts.solvency.account import Balance, Cover, Debt
from facts.solvency.shape import LINE_NUMBERS, AccountShape, TotalShape
from facts.tags import Tag
from margin.bounds import COVER_PRICE_BITS, MAX_ACCOUNT_AMOUNT, WEIGHT_BITS, require_integer
from margin.errors import MalformedError, MisuseError, Reason
from margin.solvency import HaircutLine, find_line
from snark.bn254.constants import GROUP_ORDER


@dataclass(frozen=True, slots=True)
class MarketRow:
    """At what a lot of a market is counted, and in which asset."""

    weight: int
    """In fine units, of a lot held long."""
    settlement: int
    """The place of an asset."""

    def __post_init__(self) -> None:
        bound = 2**WEIGHT_BITS - 1
        require_integer(self.weight, "weight", -bound, bound, "1e-6 units for a lot")
        require_bits(self.settlement, "settlement", LISTING_BITS)


@dataclass(frozen=True)
class Tables:
    """The rows of all markets and assets, each at the place by which parts name it."""

    markets: tuple[MarketRow, ...]
    assets: int
    """How many there are."""
    haircuts: tuple[tuple[HaircutLine, ...], ...] = ()
    """For each asset its lines from an amount of nothing to the largest; none at all where nobody may borrow."""
    prices: tuple[int, ...] = ()
    """For each asset, in 1e-12 money units: above zero, or a debt would cost nothing."""

    def __post_init__(self) -> None:
        for place, row in enumerate(self.markets):
            if row.settlement >= self.assets:
                name, expected = f"markets[{place}].settlement", f"an asset below {self.assets}"
                raise MalformedError(Reason.UNKNOWN_ASSET, name, found=row.settlement, expected=expected)
        wanted = self.assets if self.haircuts or self.prices else 0
        for name in ("haircuts", "prices"):
            if len(getattr(self, name)) != wanted:
                found, expected = len(getattr(self, name)), f"one of each of {wanted} assets"
                raise MalformedError(Reason.WRONG_COUNT, name, found=found, expected=expected)
        for place, lines in enumerate(self.haircuts):
            require_every_amount(lines, f"haircuts[{place}]")
        for place, price in enumerate(self.prices):
            require_integer(price, f"prices[{place}]", 1, 2**COVER_PRICE_BITS - 1, "1e-12 money units")

    @property
    def lends(self) -> bool:
        """Whether parts may have debts."""
        return bool(self.prices)

    def elements(self, shape: TotalShape) -> list[int]:
        """The list that is hashed."""
        require_room(self, shape)
        listed = [number for row in self.markets for number in (row.weight % GROUP_ORDER, row.settlement)]
        listed += [0] * (2 * shape.markets - len(listed))
        if not shape.tiers:
            return listed
        for lines in (*self.haircuts, *[()] * (shape.assets - len(self.haircuts))):
            numbers = [number for line in lines for number in (line.slope, line.intercept, line.floor, line.ceiling)]
            listed += numbers + [0] * (LINE_NUMBERS * shape.tiers - len(numbers))
        return [*listed, *self.prices, *[0] * (shape.assets - len(self.prices))]

    def commit(self, shape: TotalShape) -> int:
        """The public input of the total."""
        return hash_list(Tag.TABLES, self.elements(shape))

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """Of each market."""
        return tuple(row.weight for row in self.markets)

    @cached_property
    def settlements(self) -> tuple[int, ...]:
        """Of each market, the place of an asset."""
        return tuple(row.settlement for row in self.markets)

    def cover(self, balances: Sequence[Balance], debts: Sequence[Debt], shape: AccountShape) -> Cover:
        """At what balances and debts are counted, a line or a price for each place of the shape."""
        if not self.lends:
            raise MisuseError(
                Reason.NOT_APPLICABLE, "debts", found="tables without prices", expected="a venue that lends"
            )
        amounts = [(balance.asset, balance.amount) for balance in balances]
        amounts += [(0, 0)] * (shape.balances - len(amounts))
        owed = [debt.asset for debt in debts]
        owed += [0] * (shape.debts - len(owed))
        lines = tuple(find_line(self.lines_of(asset), amount) for asset, amount in amounts)
        return Cover(lines, tuple(self.prices[self.require_asset(asset)] for asset in owed))

    def lines_of(self, asset: int) -> tuple[HaircutLine, ...]:
        """The haircuts of an asset."""
        return self.haircuts[self.require_asset(asset)]

    def require_asset(self, asset: int) -> int:
        """A place that holds an asset."""
        if asset >= self.assets:
            raise MisuseError(Reason.UNKNOWN_ASSET, "asset", found="another place", expected=f"below {self.assets}")
        return asset


def require_every_amount(lines: Sequence[HaircutLine], field: str) -> None:
    """Lines follow one another from nothing to the largest amount, so that every amount has one."""
    ends = [0, *(line.ceiling for line in lines)]
    if [line.floor for line in lines] != ends[:-1] or ends[-1] != MAX_ACCOUNT_AMOUNT + 1:
        expected = "lines that follow one another from 0 to 2^64"
        raise MalformedError(Reason.TIERS_DISCONTINUOUS, field, found="a gap or an overlap", expected=expected)


def require_room(tables: Tables, shape: TotalShape) -> None:
    """Tables fit the shape of the total."""
    tiers = max(map(len, tables.haircuts), default=0)
    for name, found, most in (
        ("markets", len(tables.markets), shape.markets),
        ("assets", tables.assets, shape.assets),
        ("haircuts", tiers, shape.tiers),
    ):
        if found > most:
            raise MisuseError(Reason.WRONG_COUNT, name, found=found, expected=f"at most {most}: another shape")
    if shape.tiers and not tables.lends:
        raise MisuseError(Reason.NOT_APPLICABLE, "tiers", found=shape.tiers, expected="none: nobody may borrow")
