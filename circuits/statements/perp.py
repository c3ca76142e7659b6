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
from typing import ClassVar

from circuits.builder import Builder
from circuits.gadgets.comparison import enforce_nonzero
from circuits.gadgets.packing import PackedNumbers, declare_packed
from circuits.gadgets.signed import with_sign
from circuits.relations.coverage import enforce_covers
from circuits.relations.lock import value_basket
from circuits.relations.market import MarketSignals, open_market
from circuits.relations.perpetual import (
    BODY_MEANINGS,
    Lots,
    compute_funding_owed,
    compute_requirement,
    value_position,
)
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
from margin.bounds import PPM


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
        lots = Lots.of(body)
        price6 = move_price(lots.short, market, policy.shock_ppm)
        worth = value_position(lots, market, price6, PPM, terms.bit("on_entry"))
        backing = cash + basket - compute_funding_owed(body, market.funding_index())
        requirement = compute_requirement(worth, lots.entry_notional, backing, terms)
        enforce_covers(worth.equity(backing) * PPM, requirement, policy.buffer_ppm)


def declare_body(builder: Builder) -> PackedNumbers:
    """What is committed of the position. Nothing can be opened for nothing: size and entry are above zero."""
    with builder.scope("position"):
        body = declare_packed(builder, PERP_BODY, BODY_MEANINGS)
        enforce_nonzero(body["size"], rule="size_above_zero")
        enforce_nonzero(body["entry_notional"], rule="entry_above_zero")
    return body


def move_price(short: Bit, market: MarketSignals, shock_ppm: Bounded) -> Bounded:
    """The price of the position's side in 1e-6 of a tick, moved against the position by the shock."""
    return market.price_for(short) * (with_sign(short.negated(), shock_ppm) + PPM)


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
