"""Sums: what all parts of a run add up to, committed before the challenge and opened in the statement of the total.

    sums = hash of the list: salt; for each asset its balances; its debts; for each market what is counted; gaps; lots
           of both sides; for each tier of each asset its uses; for each asset the uses of its price; what is owed of
           it; what gaps there are in it

Places beyond the tables hold zeros. Uses are there only where the shape has tiers. In 1e-6 units

    owed6 = 10^6 * balances + counted of the markets that settle in the asset         gaps6 = gaps of those markets
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from facts.elements import draw_element
from facts.hash_list import hash_list
from facts.solvency.account import AccountPart
from facts.solvency.shape import AccountShape, TotalShape
from facts.solvency.tables import Tables
from facts.tags import Tag
from margin.solvency import add_gaps, add_owed


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a run for the shape of its total, zeros in places that are not used."""

    salt: int = field(repr=False)
    balances: tuple[int, ...] = field(repr=False)
    debts: tuple[int, ...] = field(repr=False)
    counted: tuple[int, ...] = field(repr=False)
    gaps: tuple[int, ...] = field(repr=False)
    lots: tuple[int, ...] = field(repr=False)
    haircut_uses: tuple[int, ...] = field(repr=False)
    """Tier by tier of the first asset, then of the next."""
    price_uses: tuple[int, ...] = field(repr=False)
    owed6: tuple[int, ...] = field(repr=False)
    gaps6: tuple[int, ...] = field(repr=False)

    @property
    def elements(self) -> tuple[int, ...]:
        """The list that is hashed."""
        markets = *self.counted, *self.gaps, *self.lots
        uses = *self.haircut_uses, *self.price_uses
        return (self.salt, *self.balances, *self.debts, *markets, *uses, *self.owed6, *self.gaps6)

    def commit(self) -> int:
        """What the challenge is drawn from, and the public input of the total."""
        return hash_list(Tag.SUMS, self.elements)


class RunningSums:
    """Sums while parts stream by; what is counted in two processes is merged."""

    def __init__(self, tables: Tables) -> None:
        """All zeros."""
        self.tables = tables
        markets, assets = len(tables.markets), tables.assets
        self.balances, self.debts = [0] * assets, [0] * assets
        self.counted, self.gaps, self.lots = [0] * markets, [0] * markets, [0] * markets
        self.haircut_uses = [[0] * len(lines) for lines in tables.haircuts]
        self.price_uses = [0] * len(tables.prices)

    def add(self, part: AccountPart, shape: AccountShape, times: int = 1) -> None:
        """Count a part; a padding of which there are many, as often as it is there."""
        for position in part.positions:
            self.counted[position.market] += times * position.counted
            self.gaps[position.market] += times * position.gap
            self.lots[position.market] += times * position.size
        for balance in part.balances:
            self.balances[balance.asset] += times * balance.amount
        for debt in part.debts:
            self.debts[debt.asset] += times * debt.amount
        if part.cover is not None:
            self._add_uses(part, shape, times)

    def _add_uses(self, part: AccountPart, shape: AccountShape, times: int) -> None:
        """One use for each place of a shape with debts."""
        amounts = [(balance.asset, balance.amount) for balance in part.balances]
        for asset, amount in (*amounts, *[(0, 0)] * (shape.balances - len(amounts))):
            lines = self.tables.haircuts[asset]
            tier = next(place for place, line in enumerate(lines) if line.holds_for(amount))
            self.haircut_uses[asset][tier] += times
        owed = [debt.asset for debt in part.debts]
        for asset in (*owed, *[0] * (shape.debts - len(owed))):
            self.price_uses[asset] += times

    def merge(self, other: "RunningSums") -> None:
        """Add what another process counted."""
        for mine, theirs in zip(self.columns(), other.columns(), strict=True):
            mine[:] = [one + two for one, two in zip(mine, theirs, strict=True)]

    def columns(self) -> Iterator[list[int]]:
        """Every list of sums, each as it stands."""
        yield from (self.balances, self.debts, self.counted, self.gaps, self.lots)
        yield from self.haircut_uses
        yield self.price_uses

    def restore(self, columns: Iterable[Iterable[int]]) -> None:
        """The columns that somebody kept."""
        for mine, kept in zip(self.columns(), columns, strict=True):
            mine[:] = kept

    @property
    def owed6(self) -> list[int]:
        """What is owed of each asset."""
        return add_owed(self.balances, self.counted, self.tables.settlements)

    @property
    def gaps6(self) -> list[int]:
        """What gaps there are in each asset."""
        return add_gaps(self.tables.assets, self.gaps, self.tables.settlements)

    def close(self, shape: TotalShape, salt: int | None = None) -> Sums:
        """The sums in the places of a shape, under a salt that is drawn unless it is given."""
        markets, assets, tiers = shape.markets, shape.assets, shape.tiers
        uses = [number for row in self.haircut_uses for number in fill(row, tiers)]
        return Sums(
            draw_element() if salt is None else salt,
            fill(self.balances, assets),
            fill(self.debts, assets),
            fill(self.counted, markets),
            fill(self.gaps, markets),
            fill(self.lots, markets),
            fill(uses, assets * tiers),
            fill(self.price_uses, assets if tiers else 0),
            fill(self.owed6, assets),
            fill(self.gaps6, assets),
        )


def fill(numbers: list[int], length: int) -> tuple[int, ...]:
    """Numbers, and zeros in the places after them."""
    return (*numbers, *[0] * (length - len(numbers)))
