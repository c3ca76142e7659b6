"""The challenge: drawn when all leaves, tables and sums are fixed, and the inverses that are summed up under it.

    challenge X = H(tag, header, root, sums)        mixer Y = H(tag, X)

    lines += amount / (X - line)        line = kind * 2^12 + place of the asset or market
    rows  += times / (X - row)          row  = kind * 2^12 + place + Y * first number + Y^2 * second + ...

| kind | adds | to |
|---|---|---|
| 1, 2 | the amount of a balance, of a debt | lines |
| 3, 4 | what is counted of a position, its gap | lines |
| 5 | the lots of a position, of the row with its weight | rows |
| 6 | 1 for each balance of a shape with debts, of the row slope, intercept, floor, ceiling | rows |
| 7 | 1 for each debt of a shape with debts, of the row with its price | rows |

Sums of fractions with different poles are equal at a challenge that nobody could choose only where they are equal pole
by pole. So ``lines`` says what every asset and market adds up to, and ``rows`` that nothing was counted at numbers that
no table has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique

from facts.bounds import LISTING_BITS
from facts.commitments import hash_elements
from facts.solvency.account import AccountPart
from facts.solvency.shape import AccountShape
from facts.solvency.tables import Tables
from facts.tags import Tag
from margin.errors import MisuseError, Reason
from margin.solvency import HaircutLine
from snark.bn254.constants import GROUP_ORDER


@unique
class Pole(IntEnum):
    """What is added up, in the bits above a place."""

    BALANCE = 1
    DEBT = 2
    COUNTED = 3
    GAP = 4
    MARKET = 5
    HAIRCUT = 6
    PRICE = 7

    def at(self, place: int) -> int:
        """The number of a line, or what the number of a row begins with."""
        return self << LISTING_BITS | place


@dataclass(frozen=True, slots=True)
class Challenge:
    """The two points at which sums are compared."""

    challenge: int
    mixer: int

    def mix(self, pole: Pole, place: int, numbers: Sequence[int]) -> int:
        """The number of a row."""
        row, factor = pole.at(place), 1
        for number in numbers:
            factor = factor * self.mixer % GROUP_ORDER
            row += factor * number
        return row % GROUP_ORDER

    def invert(self, pole: int) -> int:
        """``1 / (X - pole)``."""
        difference = (self.challenge - pole) % GROUP_ORDER
        if not difference:
            expected = "another challenge: draw another salt for the sums"
            raise MisuseError(Reason.NOT_APPLICABLE, "challenge", found="a pole", expected=expected)
        return pow(difference, -1, GROUP_ORDER)


def draw_challenge(header: int, root: int, sums: int) -> Challenge:
    """The challenge of a run: nobody knows it before all three are fixed."""
    challenge = hash_elements(Tag.CHALLENGE, header=header, root=root, sums=sums)
    return Challenge(challenge, hash_elements(Tag.MIXER, challenge=challenge))


@dataclass(frozen=True)
class Inverses:
    """Every inverse that parts can need, computed once for a run."""

    balances: tuple[int, ...] = field(repr=False)
    debts: tuple[int, ...] = field(repr=False)
    counted: tuple[int, ...] = field(repr=False)
    gaps: tuple[int, ...] = field(repr=False)
    markets: tuple[int, ...] = field(repr=False)
    haircuts: tuple[dict[HaircutLine, int], ...] = field(repr=False)
    prices: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, challenge: Challenge, tables: Tables) -> "Inverses":
        """The inverses for the rows that there are."""
        markets, assets = range(len(tables.markets)), range(tables.assets)

        def lines(pole: Pole, places: range) -> tuple[int, ...]:
            return tuple(challenge.invert(pole.at(place)) for place in places)

        def row(pole: Pole, place: int, *numbers: int) -> int:
            return challenge.invert(challenge.mix(pole, place, numbers))

        return cls(
            lines(Pole.BALANCE, assets),
            lines(Pole.DEBT, assets),
            lines(Pole.COUNTED, markets),
            lines(Pole.GAP, markets),
            tuple(row(Pole.MARKET, place, weight) for place, weight in enumerate(tables.weights)),
            tuple(
                {
                    line: row(Pole.HAIRCUT, place, line.slope, line.intercept, line.floor, line.ceiling)
                    for line in lines_
                }
                for place, lines_ in enumerate(tables.haircuts)
            ),
            tuple(row(Pole.PRICE, place, price) for place, price in enumerate(tables.prices)),
        )

    def sum_part(self, part: AccountPart, shape: AccountShape) -> tuple[int, int]:
        """What a part adds to lines and rows, not reduced."""
        lines = rows = 0
        for position in part.positions:
            market = position.market
            if position.equity6 > 0:
                lines += position.equity6 * self.counted[market]
            elif position.equity6 < 0:
                lines -= position.equity6 * self.gaps[market]
            rows += position.size * self.markets[market]
        for balance in part.balances:
            lines += balance.amount * self.balances[balance.asset]
        for debt in part.debts:
            lines += debt.amount * self.debts[debt.asset]
        return lines, rows + self._sum_cover(part, shape)

    def _sum_cover(self, part: AccountPart, shape: AccountShape) -> int:
        """One for each place of a shape with debts."""
        if part.cover is None:
            return 0
        assets = [balance.asset for balance in part.balances]
        assets += [0] * (shape.balances - len(assets))
        owed = [debt.asset for debt in part.debts]
        owed += [0] * (shape.debts - len(owed))
        looked_up = sum(self.haircuts[asset][line] for asset, line in zip(assets, part.cover.lines, strict=True))
        return looked_up + sum(self.prices[asset] for asset in owed)
