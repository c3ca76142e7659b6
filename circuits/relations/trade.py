"""Lots that are bought or sold at an attested price, and what that makes of size, entry and cash.

    price     the high one for whoever buys (opens a long, closes a short), the low one for whoever sells
    value     lots * multiplier * price, or lots * multiplier / price of an inverse contract
    added     entry' = entry + ceil(value)
    closed    entry' = ceil(entry * size' / size)
    settled   ceil(slope * traded) - slope * (entry' - entry)            traded = value if lots are added, else -value

``settled`` is what the position's cash loses to the rest of the market, beside funding. It is what ``margin`` realises,
rounded against the trader: the entry up, and the cash down by no more than a unit beyond what the entry gave.
"""

from dataclasses import dataclass

from circuits.builder import Builder, Flag, Uint
from circuits.gadgets.comparison import enforce_nonzero
from circuits.gadgets.division import divide
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_at_most, enforce_fits
from circuits.gadgets.selection import either, select, swap
from circuits.gadgets.signed import with_sign
from circuits.relations.market import MarketSignals
from circuits.relations.perpetual import Lots
from circuits.signal import Bit, Bounded
from margin.bounds import MONEY_BITS, PPM, SIZE_BITS


@dataclass(frozen=True, slots=True, eq=False)
class Trade:
    """What became of a position's lots; value over ``denominator``."""

    adds: Bit
    """1 if lots are added; a trade of none may say either."""
    after: Lots
    settled: Bounded
    value: Bounded
    denominator: Bounded

    def enforce_fee(self, fee: Bounded, fee_ppm: Bounded) -> None:
        """Whoever closes pays at least the market's closing fee: ``fee >= fee_ppm * value / 10^6``."""
        least = fee_ppm * (self.adds.negated() * self.value)
        enforce_at_most(least, fee * PPM * self.denominator, rule="fee_covers_closing_fee")


def trade_lots(builder: Builder, before: Lots, present: Bit, market: MarketSignals) -> Trade:
    """Any number of lots, added or closed; ``present`` is 1 where there is a position before."""
    lots = builder.private("lots", Uint(SIZE_BITS), "how many lots are bought or sold")
    adds = builder.private("adds", Flag(), "1 if they are added, 0 if they are closed")
    moved = before.size + with_sign(adds.negated(), lots)
    size = enforce_fits(moved, SIZE_BITS, rule="no_more_is_closed_than_there_is")
    price = select(either(adds, before.short), market.high_price, market.low_price)
    enforce_nonzero(price, rule="traded_price_above_zero")
    denominator, factor = swap(market.inverse, builder.constant(1), price)
    value = lots * market.multiplier * factor
    whole, rest = divide(value, denominator, rule="value_rounds", most_bits=MONEY_BITS)
    up = declare_rounding(builder, rest)
    entry = declare_entry(before, present, size, adds=adds, value=whole + up)
    gains = either(adds, either(before.short, market.inverse))
    traded = with_sign(gains.negated(), whole + gains * up)
    settled = traded - with_sign(either(before.short, market.inverse), entry - before.entry_notional)
    return Trade(adds, Lots(before.short, size, entry), settled, value, denominator)


def declare_rounding(builder: Builder, rest: Bounded) -> Bit:
    """What has to be added to round up: nothing to a value that is whole, and a unit to any other."""
    up = builder.private("rounds", Flag(), "1 if the value of the lots is no whole number of money units")
    builder.enforce_product(up.negated(), rest, 0, rule="what_is_left_rounds_up")
    enforce_nonzero(rest + up.negated(), rule="what_is_whole_does_not_round")
    return up


def declare_entry(before: Lots, present: Bit, size: Bounded, *, adds: Bit, value: Bounded) -> Bounded:
    """What the lots that are held now were opened for, rounded up.

    The share that stays is ``0 <= size * entry' - entry * size' < size``, and nothing of nothing.
    """
    builder = size.builder
    entry = builder.private("entry_after", Uint(MONEY_BITS), "what the lots that are held afterwards were opened for")
    grown = entry - before.entry_notional - value
    builder.enforce_product(adds, grown, 0, rule="entry_grows_by_value")
    share = adds.negated() * (before.size * entry - before.entry_notional * size)
    excess = enforce_fits(share, SIZE_BITS, rule="entry_keeps_its_share")
    enforce_at_least_zero(before.size - present - excess, rule="entry_rounds_up_to_the_next")
    return entry
