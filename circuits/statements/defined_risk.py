"""``defined_risk``: the collateral of a structure covers the most that it can lose at expiry, exactly.

    equity                                   cash + basket value
    payoff at 0 and at each strike           V_j * multiplier, see ``relations.payoff``
    beyond the last strike                   the payoff never falls

    equity * 10^6 + V_j * multiplier * (10^6 + buffer_ppm) >= 0 for every j,  equity >= 0,  last slope >= 0

which is ``equity >= max(0, -worst payoff) * (1 + buffer)``: ``margin.payoff.compute_max_loss`` of the payoff, premiums
being in the cash already. The loss is the same for the initial and the maintenance requirement, and it is that of the
worst price there is: a policy with a shock asks for a price that nobody names, and is refused.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from circuits.builder import Builder, Element, Uint
from circuits.gadgets.ranges import enforce_at_least_zero
from circuits.relations.commitment import hash_tagged
from circuits.relations.lock import value_basket
from circuits.relations.market import MarketSignals, open_market
from circuits.relations.payoff import Payoff, compute_payoff, declare_legs
from circuits.relations.policy import PolicySignals, enforce_least_basket, enforce_no_shock, open_policy
from circuits.relations.position import declare_secret, open_position
from circuits.relations.public_inputs import declare_public_inputs
from circuits.signal import Bounded
from circuits.statements.claim import Inputs, MarginClaim, market_inputs, prefixed
from circuits.statements.margin_statement import MarginStatement
from facts.bounds import MARKET_ID_BITS
from facts.market import MarketTier
from facts.structure import StructureBody
from facts.tags import Tag
from facts.tree import Path
from margin.bounds import MAX_LEGS, PPM


@dataclass(frozen=True)
class DefinedRisk(MarginStatement):
    """Up to eight legs of one expiry, backed by cash and ``locks`` locks."""

    name: ClassVar[str] = "defined_risk"

    def define(self, builder: Builder) -> None:
        """The text."""
        public = declare_public_inputs(builder, self.locks)
        policy = open_policy(builder, public.policy)
        enforce_no_shock(policy)
        secret = declare_secret(builder)

        with builder.scope("position"):
            market_id = builder.private("market_id", Uint(MARKET_ID_BITS), "the market that the legs are on")
            expiry = builder.private("expiry", Element(), "when all legs expire")
        legs = declare_legs(builder, MAX_LEGS)
        body = hash_tagged(builder, Tag.STRUCTURE, market_id, expiry, *(leg.element for leg in legs))
        cash = open_position(
            builder, Tag.POSITION_STRUCTURE, secret=secret, body=body, public=public, levels=self.book_levels
        )
        market = open_market(builder, market_id, public.market_root, self.market_levels)
        builder.enforce_equal(market.inverse, 0, rule="contract_is_linear")
        basket = value_basket(
            builder,
            secret=secret,
            currency=market.currency,
            public=public,
            lock_levels=self.lock_levels,
            market_levels=self.market_levels,
        )
        enforce_least_basket(policy, basket)
        enforce_loss_covered(cash + basket, compute_payoff(legs), market, policy)


def enforce_loss_covered(equity: Bounded, payoff: Payoff, market: MarketSignals, policy: PolicySignals) -> None:
    """Nowhere at expiry is more lost than the equity. Bad case: short by one money unit at one strike."""
    enforce_at_least_zero(equity, rule="equity_is_not_negative")
    enforce_at_least_zero(payoff.slope, rule="loss_is_limited")
    factor = market.multiplier * (PPM + policy.buffer_ppm)
    for value in payoff.vertices:
        enforce_at_least_zero(equity * PPM + value * factor, rule="equity_covers_worst_loss")


@dataclass(frozen=True, slots=True)
class DefinedRiskWitness:
    """All that a trader needs to know to make the proof."""

    claim: MarginClaim
    body: StructureBody = field(repr=False)
    market: MarketTier = field(repr=False)
    """Any tier of the market: it says what a tick is worth, in which currency."""
    market_path: Path = field(repr=False)


def inputs_for(witness: DefinedRiskWitness) -> Inputs:
    """The inputs of the statement by name."""
    body = witness.body
    inputs = witness.claim.inputs(witness.market_path.root)
    inputs |= prefixed("position", {"market_id": body.market_id, "expiry": body.expiry})
    for place, leg in enumerate(body.slots):
        inputs |= prefixed(f"leg[{place}]", leg)
    return inputs | prefixed("market", market_inputs(witness.market, witness.market_path))
