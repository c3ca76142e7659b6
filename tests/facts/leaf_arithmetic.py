"""The arithmetic of statements over the numbers of leaves, written out once more and apart from ``margin``.

Everything is multiplied by the denominator of the notional, so that all of it is in integers, as in a circuit.
"""

from dataclasses import dataclass
from fractions import Fraction

from facts.asset import AssetTier
from facts.market import MarketTier
from margin.contracts import ContractKind, Side
from margin.policy import Basis, FeeBasis
from margin.position import Position
from margin.requirement import RequirementKind


@dataclass(frozen=True)
class Valued:
    """A position at its price, times ``den``."""

    den: int
    mark: int
    entry: int
    slope: int
    backing: int
    """cash + basket - funding owed."""

    @property
    def equity(self) -> int:
        """backing + pnl."""
        return self.backing + self.slope * (self.mark - self.entry)

    @property
    def bankruptcy(self) -> int:
        """The notional at which equity is zero, or zero."""
        return max(0, self.entry - self.slope * self.backing)


def value(tier: MarketTier, position: Position, basket: int) -> Valued:
    """Notional, slope and backing of a position."""
    price6 = tier.price_for(position.side) * 10**6
    inverse = tier.contract.kind is ContractKind.INVERSE
    factor = position.size * tier.contract.multiplier
    mark, den = (factor * 10**6, price6) if inverse else (factor * price6, 10**6)
    side = 1 if position.side is Side.LONG else -1
    numerator = side * position.size * (tier.funding_index - position.funding_index)
    owed = (numerator + 10**6 - 1) // 10**6
    backing = int(position.cash) + basket - owed
    return Valued(den, mark, int(position.entry_notional) * den, -side if inverse else side, backing * den)


def requirement_in(tier: MarketTier, position: Position, kind: RequirementKind, basket: int) -> Fraction | None:
    """What the leaf asks for; None where it is not the leaf of the position's tier."""
    terms, at = tier.requirement(kind), value(tier, position, basket)
    taken_of = at.entry if terms.basis is Basis.ENTRY else at.mark
    if not tier.floor * at.den < taken_of <= tier.ceiling * at.den:
        return None
    fee_of = {FeeBasis.MARK: at.mark, FeeBasis.ENTRY: at.entry, FeeBasis.BANKRUPTCY: at.bankruptcy}[terms.fee_basis]
    total = terms.rate_ppm * taken_of - terms.deduction * at.den + terms.fee_ppm * fee_of
    return Fraction(total, 10**6 * at.den)


def value_in(tier: AssetTier, amount: int) -> int | None:
    """What an amount counts for by the leaf; None where it is not the leaf of its tier."""
    gross18 = amount * tier.rate
    low, high = tier.floor * 10**18, tier.ceiling * 10**18
    if not (low < gross18 <= high or gross18 == low == 0):
        return None
    return (gross18 * (10**6 - tier.haircut_ppm) + tier.add_back * 10**18) // 10**24
