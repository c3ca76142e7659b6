"""``perp``: one isolated perpetual or future has enough equity, by the rules of its market and a verifier's policy.

    price      the low one for a long, the high one for a short, moved against the position by the shock
    notional   size * multiplier * price, or size * multiplier / price of an inverse contract
    equity     cash + basket + slope * (notional - entry) - funding owed
    proven     equity >= requirement * (1 + buffer), basket >= least basket value

Every amount stands over one denominator, so that nothing is rounded but what ``margin`` rounds:

    linear     notional = size * multiplier * price6 / 10^6          price6 = price * (10^6 -+ shock)
    inverse    notional = size * multiplier * 10^6 / price6

The tier that is opened holds for the notional that its requirement is taken of, the mark's or the entry's, and in it

    requirement * 10^6 = rate * basis - deduction + fee * charged

with the fee charged on the notional of the mark, of the entry, or of bankruptcy, which is where equity would be zero:
max(0, entry - slope * (cash + basket - funding owed)).

What the prover chooses: the position among those of the book, the tier among those of the round, the locks among those
of the chains. Owner, body and cash are fixed by the position's hash, terms and rates by the tier's, and the tier by the
notional that it must hold for. No hint is free: quotient and remainder of the funding and the bits of every comparison
are held by the gadget that asks for them.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from circuits.builder import Builder
from circuits.gadgets.comparison import enforce_nonzero, positive_part
from circuits.gadgets.division import divide_up
from circuits.gadgets.packing import PackedNumbers, declare_packed
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_less, limit_to
from circuits.gadgets.selection import either, select, swap
from circuits.gadgets.signed import with_sign
from circuits.relations.coverage import enforce_covers
from circuits.relations.lock import value_basket
from circuits.relations.market import MarketSignals, open_market
from circuits.relations.policy import enforce_least_basket, open_policy
from circuits.relations.position import declare_secret, open_position
from circuits.relations.public_inputs import declare_public_inputs
from circuits.signal import Bit, Bounded
from circuits.statements.claim import Inputs, MarginClaim, market_inputs, prefixed
from circuits.statements.margin_statement import MarginStatement
from facts.market import MarketTier
from facts.packing import PERP_BODY
from facts.tags import Tag
from facts.tree import Path
from margin.bounds import FUNDING_SCALE, MAX_MONEY, PPM

BODY_MEANINGS: Final = {
    "side": "1 if the position is short",
    "size": "how many lots",
    "entry_notional": "what they were opened for, in money units",
    "funding_magnitude": "the funding index that is settled, in 1e-6 money units",
    "funding_sign": "1 if that index is below zero",
    "market_id": "the market",
}


@dataclass(frozen=True)
class Perp(MarginStatement):
    """One isolated perpetual or future, linear or inverse, long or short, in any tier."""

    name: ClassVar[str] = "perp"

    def define(self, builder: Builder) -> None:
        """The position, its market and its basket are opened; then its equity is compared with its requirement."""
        public = declare_public_inputs(builder, self.locks)
        policy = open_policy(builder, public.policy)
        secret = declare_secret(builder)
        body = declare_body(builder)
        cash = open_position(
            builder, Tag.POSITION_PERP, secret=secret, body=body.element, public=public, levels=self.book_levels
        )
        market = open_market(builder, body["market_id"], public.market_root, self.market_levels)
        basket = value_basket(
            builder,
            secret=secret,
            currency=market.currency,
            public=public,
            lock_levels=self.lock_levels,
            market_levels=self.market_levels,
        )
        enforce_least_basket(policy, basket)
        terms = market.requirement(policy.maintenance)
        worth = value_position(body, market, policy.shock_ppm, terms.bit("on_entry"))
        backing = cash + basket - compute_funding_owed(body, market.funding_index())
        requirement = compute_requirement(worth, body["entry_notional"], backing, terms)
        enforce_covers(worth.equity(backing) * PPM, requirement, policy.buffer_ppm)


def declare_body(builder: Builder) -> PackedNumbers:
    """What is committed of the position. Nothing can be opened for nothing: size and entry are above zero."""
    with builder.scope("position"):
        body = declare_packed(builder, PERP_BODY, BODY_MEANINGS)
        enforce_nonzero(body["size"], rule="size_above_zero")
        enforce_nonzero(body["entry_notional"], rule="entry_above_zero")
    return body


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """A position at the shocked price; notional and entry are over ``denominator``."""

    denominator: Bounded
    notional: Bounded
    entry: Bounded
    falling: Bit
    """1 where equity falls as the notional grows: a linear short, an inverse long."""

    def equity(self, backing: Bounded) -> Bounded:
        """``backing + slope * (notional - entry)``, over the denominator."""
        return backing * self.denominator + with_sign(self.falling, self.notional - self.entry)


def value_position(body: PackedNumbers, market: MarketSignals, shock_ppm: Bounded, on_entry: Bit) -> Worth:
    """The position at the shocked price, in the tier that was opened."""
    short = body.bit("side")
    price = select(short, market.high_price, market.low_price)
    enforce_nonzero(price, rule="price_above_zero")
    price6 = price * (with_sign(short.negated(), shock_ppm) + PPM)
    denominator, factor = swap(market.inverse, price.builder.constant(PPM), price6)
    notional = body["size"] * market.multiplier * factor
    notional = enforce_tier(market, body["entry_notional"], notional, denominator, on_entry)
    return Worth(denominator, notional, body["entry_notional"] * denominator, either(short, market.inverse))


def enforce_tier(
    market: MarketSignals, entry: Bounded, notional: Bounded, denominator: Bounded, on_entry: Bit
) -> Bounded:
    """The tier holds for the notional that its requirement is taken of; what comes back is the mark notional.

        basis mark     floor * denominator < notional <= ceiling * denominator
        basis entry    floor < entry <= ceiling, and the mark notional is money: notional <= 2^100 * denominator

    Both ends are needed: a marginal table is convex, so that the line of any other tier asks for less. One comparison
    of each width serves both bases.
    """
    most = select(on_entry, entry.builder.constant(MAX_MONEY), market.ceiling)
    limited = limit_to(notional, most * denominator, rule="notional_at_most_ceiling")
    enforce_at_least_zero(on_entry * (market.ceiling - entry), rule="entry_at_most_ceiling")
    measured = select(on_entry, entry, limited)
    unit = select(on_entry, entry.builder.constant(1), denominator)
    enforce_less(market.floor * unit, measured, rule="basis_above_floor")
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


@dataclass(frozen=True, slots=True)
class PerpWitness:
    """All that a trader needs to know to make the proof."""

    claim: MarginClaim
    market: MarketTier = field(repr=False)
    """The tier that holds for the notional which the requirement is taken of, after the shock."""
    market_path: Path = field(repr=False)


def inputs_for(witness: PerpWitness) -> Inputs:
    """The inputs of the statement by name."""
    claim, market = witness.claim, witness.market
    inputs = claim.inputs(witness.market_path.root)
    inputs |= prefixed("position", PERP_BODY.decode(claim.position.body))
    return inputs | prefixed("market", market_inputs(market, witness.market_path))
