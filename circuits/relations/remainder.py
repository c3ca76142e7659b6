"""What is left of a position when lots are closed, and whether that is enough.

With n of its lots left, and C the notional of the others at the price of their execution, a position has

    equity(n)      = cash + basket - funding owed - slope * entry + slope * (n * value + C) - charges * C
    requirement(n) = rate * basis(n) - deduction + fee * charged(n)

which is ``margin.deleverage``'s straight line over lots, exact and before any flow is rounded. Every amount is over one
denominator, so that nothing is:

    linear     1           inverse     price * execution price         times the size, if a share of the entry is read

A requirement reads the share of the entry for its basis, or for the notional that its closing fee is charged on. The
denominator is at most 2^78, or there would be no room for the comparison: an inverse contract's two prices have at most
39 bits each, and where the entry is read the size takes its share of them.
"""

from dataclasses import dataclass
from typing import Final

from circuits.gadgets.comparison import positive_part
from circuits.gadgets.packing import PackedNumbers
from circuits.gadgets.ranges import limit_to, narrow_implied
from circuits.gadgets.selection import select, swap
from circuits.gadgets.signed import with_sign
from circuits.relations.market import MarketSignals
from circuits.relations.perpetual import Lots
from circuits.signal import Bit, Bounded
from margin.bounds import MAX_MONEY, PPM

DENOMINATOR_BITS: Final = 78
MOST: Final = MAX_MONEY << DENOMINATOR_BITS
"""The most that an amount of money is over the denominator."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What a lot is worth at the attested price and at the price of execution, over one denominator."""

    unit: Bounded
    """1, or the product of both prices: the denominator without the size."""
    denominator: Bounded
    value: Bounded
    closed_value: Bounded
    scale: Bounded
    """The size where the entry is read, else 1: what the denominator has beyond the unit."""

    @classmethod
    def of(cls, lots: Lots, market: MarketSignals, price: Bounded, executed: Bounded, reads_entry: Bit) -> "Prices":
        """The attested price and the price of execution as factors of a lot's value.

        The unit is at most the denominator, because a size is at least 1.
        """
        builder, inverse, multiplier = price.builder, market.inverse, market.multiplier
        one = builder.constant(1)
        exact_unit = select(inverse, price * executed, one)
        scale = select(reads_entry, lots.size, one)
        denominator = limit_to(exact_unit * scale, 1 << DENOMINATOR_BITS, rule="denominator_in_bounds")
        unit = narrow_implied(exact_unit, 0, 1 << DENOMINATOR_BITS)
        factor, closed_factor = swap(inverse, price, executed)
        return cls(unit, denominator, multiplier * factor, multiplier * closed_factor, scale)

    def notional(self, lots: Bounded, value: Bounded) -> Bounded:
        """Lots at a value, over the denominator.

        It is money, because all lots of the position at the price are, and because the notional that is settled is.
        """
        exact = narrow_implied(lots * value, 0, MOST)
        return narrow_implied(exact * self.scale, 0, MOST)


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """So many lots that are left, over the denominator."""

    notional: Bounded
    share: Bounded
    """Of the entry notional. It is exact where the size is in the denominator, and else nobody reads it."""
    closed: Bounded

    def with_another(self, value: Bounded, closed_value: Bounded, entry: Bounded) -> "Remainder":
        """The remainder with one lot more."""
        return Remainder(
            narrow_implied(self.notional + value, 0, MOST),
            self.share + entry,
            narrow_implied(self.closed - closed_value, 0, MOST),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Backing:
    """What a position has at any price: ``base`` is equity where the notional is 0, slope turned."""

    base: Bounded
    """cash + basket - funding owed - slope * entry."""
    falling: Bit
    charges_ppm: Bounded
    denominator: Bounded

    def equity6(self, left: Remainder) -> Bounded:
        """The equity of a remainder, in 1e-6 money units over the denominator."""
        gained = self.base * self.denominator + with_sign(self.falling, left.notional + left.closed)
        return gained * PPM - self.charges_ppm * left.closed

    def bankrupt6(self, left: Remainder, equity6: Bounded) -> Bounded:
        """The notional at which a remainder's equity is zero; 0 where none above zero is."""
        return positive_part(left.notional * PPM - with_sign(self.falling, equity6))


def compute_requirement12(terms: PackedNumbers, left: Remainder, bankrupt6: Bounded, denominator: Bounded) -> Bounded:
    """The requirement of a remainder in 1e-12 money units over the denominator."""
    basis = select(terms.bit("on_entry"), left.share, left.notional)
    charged = select(terms.bit("fee_on_entry"), left.share, left.notional) * PPM
    charged = select(terms.bit("fee_on_bankruptcy"), bankrupt6, charged)
    margin = terms["rate_ppm"] * basis - terms["deduction"] * denominator
    return margin * PPM + terms["fee_ppm"] * charged
