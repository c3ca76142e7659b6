"""What becomes of an isolated perpetual by lots, funding and money, in the whole units of its commitment.

    price      the high one for whoever buys (opens a long, closes a short), the low one for whoever sells
    value      lots * lot value at that price
    entry'     entry + ceil(value), or ceil(entry * size' / size) where lots are closed
    settled    funding owed + ceil(slope * traded) - slope * (entry' - entry)       traded = value, or -value if closed
    cash'      cash + brought - fee - settled

It is ``margin.transition`` with each flow in whole units, rounded against the trader: the venue that keeps a book and
the owner who proves a transition find the same leaf by it.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import Final

from facts.market import MarketTier
from facts.market_root import MarketTree, pick_fact
from margin.bounds import MAX_SIZE, PPM, require_integer
from margin.contracts import Side
from margin.errors import InternalError, MisuseError, Reason, RejectedError
from margin.funding import funding_owed
from margin.policy import Basis
from margin.position import Position
from margin.requirement import RequirementKind
from margin.transition import Party, Transition, round_against_trader

OWN_PARTIES: Final = frozenset({Party.TRADER, Party.SILO, Party.FUNDING_POOL, Party.MARKET, Party.FEES})
"""Whom an owner's own changes pay or are paid by; the others belong to liquidations and to baskets."""


@dataclass(frozen=True, slots=True)
class Change:
    """A position before and after (None: there is none), and the money that flowed."""

    side: Side = field(repr=False)
    before: Position | None = field(repr=False)
    after: Position | None = field(repr=False)
    brought: int = field(default=0, repr=False)
    """By the wallet or another silo; below zero where it is taken out."""
    fee: int = field(default=0, repr=False)
    settled: int = field(default=0, repr=False)
    """To the rest of the market; below zero where it pays."""

    def __post_init__(self) -> None:
        """Money is conserved to the unit."""
        if cash_of(self.before) + self.brought != cash_of(self.after) + self.fee + self.settled:
            expected = "the cash before and what was brought"
            raise InternalError(Reason.BROKEN_INVARIANT, "change", found="another sum", expected=expected)

    @property
    def lots(self) -> int:
        """How many are added; below zero where they are closed."""
        return size_of(self.after) - size_of(self.before)

    @property
    def requirement(self) -> RequirementKind:
        """The initial one where lots are added or money is taken out."""
        adds_risk = self.lots > 0 or self.brought < 0
        return RequirementKind.INITIAL if adds_risk else RequirementKind.MAINTENANCE

    def find_tier(self, markets: MarketTree, market_id: int) -> MarketTier:
        """The tier that holds for what remains; where nothing does, any tier of the market."""
        any_tier = find_market(markets, market_id)
        if self.after is None:
            return any_tier
        return markets.market_tier(market_id, measure_notional(any_tier, self.after, self.requirement))


@dataclass(frozen=True, slots=True)
class Trade:
    """What lots at the attested price make of size and entry, what they cost, and the funding that is settled."""

    size: int
    entry_notional: int
    settled: int
    least_fee: int


def trade_lots(market: MarketTier, side: Side, before: Position | None, lots: int) -> Trade:
    """Add lots (below zero: close them) after funding was settled."""
    contract = market.contract
    size = require_integer(size_of(before) + lots, "lots", 0, MAX_SIZE, "lots: no more are closed than there are")
    traded = value_of_lots(market, side, lots)
    opened = before.entry_notional if before else Fraction(0)
    grown = opened + traded if lots >= 0 else opened * size / size_of(before)
    entry = ceil(grown)
    slope = contract.notional_slope(side)
    realised = ceil(slope * traded) - slope * (entry - int(opened))
    fee_ppm = max(market.initial.fee_ppm, market.maintenance.fee_ppm)
    return Trade(size, entry, realised + owed_by(market, before), ceil(fee_ppm * max(Fraction(0), -traded) / PPM))


def value_of_lots(market: MarketTier, side: Side, lots: int) -> Fraction:
    """What lots are bought or sold for; below zero where they are closed."""
    return market.contract.lot_value(Fraction(price_of_trade(market, side, lots))) * lots


def price_of_trade(market: MarketTier, side: Side, lots: int) -> int:
    """The price that is worse for the trader: whoever buys pays the high one, whoever sells gets the low one."""
    buys = (lots > 0) is (side is Side.LONG)
    return market.high_price if buys else market.low_price


def owed_by(market: MarketTier, before: Position | None) -> int:
    """Funding up to now."""
    if before is None:
        return 0
    return funding_owed(before.side, before.size, before.funding_index, market.funding_index)


def change_position(
    market: MarketTier, side: Side, before: Position | None, *, lots: int = 0, brought: int = 0, fee: int | None = None
) -> Change:
    """Settle funding, add lots (below zero: close them), and bring money in (below zero: take it out).

    Where no fee is said it is the least that the market asks for.
    """
    trade = trade_lots(market, side, before, lots)
    fee = trade.least_fee if fee is None else fee
    cash = cash_of(before) + brought - fee - trade.settled
    if trade.size:
        entry = Fraction(trade.entry_notional)
        after = Position(side, trade.size, entry, Fraction(cash), market.funding_index)
        return Change(side, before, after, brought, fee, trade.settled)
    if cash:
        expected = "what is left of the cash, all of it: a position without lots has none"
        raise RejectedError(Reason.INSUFFICIENT_MARGIN, "brought", found="another amount", expected=expected)
    return Change(side, before, None, brought, fee, trade.settled)


def close_position(market: MarketTier, before: Position, *, fee: int | None = None) -> Change:
    """Close all lots, and take out what is left; where nothing is, bring what is missing."""
    trade = trade_lots(market, before.side, before, -before.size)
    fee = trade.least_fee if fee is None else fee
    left = cash_of(before) - fee - trade.settled
    return change_position(market, before.side, before, lots=-before.size, brought=-left, fee=fee)


def restate(market: MarketTier, transition: Transition) -> Change:
    """A transition of ``margin`` in whole units, with its funding settled; one at another price is refused."""
    before, after = transition.before, transition.after
    strangers = {flow.party for flow in transition.flows} - OWN_PARTIES
    if strangers:
        found = ", ".join(sorted(party.value for party in strangers))
        raise MisuseError(Reason.NOT_APPLICABLE, "flows", found=found, expected="what an owner changes by himself")
    fee = ceil(transition.paid_to(Party.FEES))
    if after is None:
        change = close_position(market, before, fee=fee)
        require_same_money(transition.paid_to(Party.TRADER), -change.brought)
        return change
    brought = -transition.paid_to(Party.TRADER) - transition.paid_to(Party.SILO)
    change = change_position(
        market, before.side, before, lots=after.size - before.size, brought=require_whole_money(brought), fee=fee
    )
    settled = replace(after, cash=after.cash - owed_by(market, after), funding_index=market.funding_index)
    wanted = round_against_trader(market.contract, settled)
    require_same_money(wanted.cash, cash_of(change.after))
    return change


def require_same_money(exact: Fraction, whole: int) -> None:
    """What whole flows leave is less than a unit for each of them below what exact ones do, and never above."""
    if not 0 <= exact - whole < len(OWN_PARTIES):
        expected = "a trade at the attested price"
        raise MisuseError(Reason.NOT_APPLICABLE, "transition", found="other money", expected=expected)


def require_whole_money(amount: Fraction) -> int:
    """Whole money units: a wallet pays no others."""
    if amount.denominator != 1:
        raise MisuseError(Reason.NOT_ON_GRID, "brought", found="a part of a unit", expected="whole money units")
    return amount.numerator


def find_market(markets: MarketTree, market_id: int) -> MarketTier:
    """One of the tiers of a market, for what all of them share."""
    known = [fact for fact in markets.facts if isinstance(fact, MarketTier) and fact.market_id == market_id]
    return pick_fact(known, lambda _: True, "market", Reason.UNKNOWN_MARKET)


def measure_notional(market: MarketTier, position: Position, kind: RequirementKind) -> Fraction:
    """The notional that a requirement is taken of: at entry, or at the price of the position's side."""
    if market.requirement(kind).basis is Basis.ENTRY:
        return position.entry_notional
    return market.contract.notional(position.size, Fraction(market.price_for(position.side)))


def size_of(position: Position | None) -> int:
    """No position has no lots."""
    return position.size if position else 0


def cash_of(position: Position | None) -> int:
    """No position has no cash; that of a committed one is whole."""
    if position is None:
        return 0
    return require_whole_money(position.cash)
