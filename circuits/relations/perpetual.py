"""Perpetuals and futures, linear and inverse: what lots are worth at a price, and what is required of them.

    linear     notional = size * multiplier * price
    inverse    notional = size * multiplier / price
    equity     backing + slope * (notional - entry)

Every amount stands over one denominator, so that nothing is rounded but what ``margin`` rounds. A price counts parts
of a tick, ``unit`` of them:

    linear     numerator = size * multiplier * price     denominator = unit
    inverse    numerator = size * multiplier * unit      denominator = price

The tier that is opened holds for the notional that its requirement is taken of, the mark's or the entry's, and in it

    requirement * 10^6 = rate * basis - deduction + fee * charged

with the fee charged on the notional of the mark, of the entry, or of bankruptcy, which is where equity would be zero:
max(0, entry - slope * backing).
"""

from dataclasses import dataclass
from typing import Final

from circuits.gadgets.comparison import positive_part
from circuits.gadgets.division import divide_up
from circuits.gadgets.packing import PackedNumbers
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_at_most, limit_to
from circuits.gadgets.selection import either, select, swap
from circuits.gadgets.signed import with_sign
from circuits.relations.market import MarketSignals
from circuits.signal import Bit, Bounded
from margin.bounds import FUNDING_SCALE, MAX_MONEY

BODY_MEANINGS: Final = {
    "side": "1 if the position is short",
    "size": "how many lots",
    "entry_notional": "what they were opened for, in money units",
    "funding_magnitude": "the funding index that is settled, in 1e-6 money units",
    "funding_sign": "1 if that index is below zero",
    "market_id": "the market",
}


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """Lots of one side, and what they were opened for."""

    short: Bit
    size: Bounded
    entry_notional: Bounded

    @classmethod
    def of(cls, body: PackedNumbers) -> "Lots":
        """Those of a committed body."""
        return cls(body.bit("side"), body["size"], body["entry_notional"])


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """A position at a price; notional and entry are over ``denominator``."""

    denominator: Bounded
    notional: Bounded
    entry: Bounded
    falling: Bit
    """1 where equity falls as the notional grows: a linear short, an inverse long."""

    def equity(self, backing: Bounded) -> Bounded:
        """``backing + slope * (notional - entry)``, over the denominator."""
        return backing * self.denominator + with_sign(self.falling, self.notional - self.entry)


def value_position(
    lots: Lots, market: MarketSignals, price: Bounded, unit: int, on_entry: Bit, *, least: Bounded | int = 1
) -> Worth:
    """The position at ``price`` parts of a tick, ``unit`` to one, in the tier that was opened."""
    denominator, factor = swap(market.inverse, price.builder.constant(unit), price)
    notional = lots.size * market.multiplier * factor
    notional = enforce_tier(market, lots.entry_notional, notional, denominator, on_entry, least=least)
    return Worth(denominator, notional, lots.entry_notional * denominator, either(lots.short, market.inverse))


def enforce_tier(
    market: MarketSignals,
    entry: Bounded,
    notional: Bounded,
    denominator: Bounded,
    on_entry: Bit,
    *,
    least: Bounded | int,
) -> Bounded:
    """The tier holds for the notional that its requirement is taken of; what comes back is the mark notional.

        basis mark     floor * denominator < notional <= ceiling * denominator
        basis entry    floor < entry <= ceiling, and the mark notional is money: notional <= 2^100 * denominator

    Both ends are needed: a marginal table is convex, so that the line of any other tier asks for less. One comparison
    of each width serves both bases. The basis is at least ``least`` above the floor.
    """
    most = select(on_entry, entry.builder.constant(MAX_MONEY), market.ceiling)
    limited = limit_to(notional, most * denominator, rule="notional_at_most_ceiling")
    enforce_at_least_zero(on_entry * (market.ceiling - entry), rule="entry_at_most_ceiling")
    measured = select(on_entry, entry, limited)
    unit = select(on_entry, entry.builder.constant(1), denominator)
    enforce_at_most(market.floor * unit + least, measured, rule="basis_above_floor")
    return limited


def compute_funding_owed(body: PackedNumbers, index_now: Bounded) -> Bounded:
    """``ceil(side * size * (index now - index at entry) / 10^6)`` money units: longs pay while the index rises."""
    settled = with_sign(body.bit("funding_sign"), body["funding_magnitude"])
    exact = with_sign(body.bit("side"), body["size"] * (index_now - settled))
    return divide_up(exact, FUNDING_SCALE, rule="funding_rounds_up")


def compute_requirement(worth: Worth, entry: Bounded, backing: Bounded, terms: PackedNumbers) -> Bounded:
    """``rate * basis - deduction + fee * charged``, in 1e-6 money units over the denominator."""
    basis = select(terms.bit("on_entry"), worth.entry, worth.notional)
    bankruptcy = positive_part(entry - with_sign(worth.falling, backing)) * worth.denominator
    charged = select(terms.bit("fee_on_entry"), worth.entry, worth.notional)
    charged = select(terms.bit("fee_on_bankruptcy"), bankruptcy, charged)
    return terms["rate_ppm"] * basis - terms["deduction"] * worth.denominator + terms["fee_ppm"] * charged
