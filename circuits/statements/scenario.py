"""``scenario``: the equity of a netting set covers its loss in each of 16 scenarios, and its short minimums.

    equity                       cash + basket value
    outcome of scenario i        S_i = sum of lots * outcome_i
    short minimums               M

    equity * 10^6 >= (M + max(0, -S_i)) * (10^6 + buffer_ppm) for every i

which is ``margin.scenarios.compute_scenario_margin`` of up to eight instruments: they net inside the set, and nothing
outside it counts. The scenarios are the moves; a policy with a shock on top of them is refused.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from circuits.builder import Builder
from circuits.gadgets.ranges import enforce_at_least_zero
from circuits.relations.instrument import (
    HoldingSignals,
    compute_outcomes,
    compute_short_minimums,
    enforce_one_currency,
    hash_portfolio,
    open_holding,
)
from circuits.relations.lock import value_basket
from circuits.relations.policy import PolicySignals, enforce_least_basket, enforce_no_shock, open_policy
from circuits.relations.position import declare_secret, open_position
from circuits.relations.public_inputs import PublicSignals, declare_public_inputs
from circuits.signal import Bounded
from circuits.statements.claim import Inputs, MarginClaim, children_of, prefixed
from circuits.statements.margin_statement import MarginStatement
from facts.instrument import InstrumentFact
from facts.packing import INSTRUMENT_TERMS, OUTCOMES
from facts.portfolio import PortfolioBody
from facts.tags import Tag
from facts.tree import Path
from margin.bounds import MAX_INSTRUMENTS, PPM


@dataclass(frozen=True)
class Scenario(MarginStatement):
    """Up to eight instruments as one netting set, backed by cash and ``locks`` locks."""

    name: ClassVar[str] = "scenario"

    def define(self, builder: Builder) -> None:
        """The text."""
        public = declare_public_inputs(builder, self.locks)
        policy = open_policy(builder, public.policy)
        enforce_no_shock(policy)
        secret = declare_secret(builder)
        holdings = self.open_holdings(builder, public)
        cash = open_position(
            builder,
            Tag.POSITION_PORTFOLIO,
            secret=secret,
            body=hash_portfolio(builder, holdings),
            public=public,
            levels=self.book_levels,
        )
        basket = value_basket(
            builder,
            secret=secret,
            currency=enforce_one_currency(holdings),
            public=public,
            lock_levels=self.lock_levels,
            market_levels=self.market_levels,
        )
        enforce_least_basket(policy, basket)
        enforce_scenarios_covered(cash + basket, holdings, policy)

    def open_holdings(self, builder: Builder, public: PublicSignals) -> list[HoldingSignals]:
        """All eight places."""
        holdings = []
        for place in range(MAX_INSTRUMENTS):
            with builder.scope(f"holding[{place}]"):
                holdings.append(open_holding(builder, public.market_root, self.market_levels))
        return holdings


def enforce_scenarios_covered(equity: Bounded, holdings: list[HoldingSignals], policy: PolicySignals) -> None:
    """Nothing is lost that the equity does not cover. Bad case: short by one money unit in one scenario."""
    factor = PPM + policy.buffer_ppm
    left = equity * PPM - compute_short_minimums(holdings) * factor
    enforce_at_least_zero(left, rule="equity_covers_short_minimums")
    for outcome in compute_outcomes(holdings):
        enforce_at_least_zero(left + outcome * factor, rule="equity_covers_scenario")


@dataclass(frozen=True, slots=True)
class ScenarioWitness:
    """All that a trader needs to know to make the proof."""

    claim: MarginClaim
    body: PortfolioBody = field(repr=False)
    instruments: tuple[tuple[InstrumentFact, Path], ...] = field(repr=False)
    """The instrument of each holding, with its path to the market root."""


def inputs_for(witness: ScenarioWitness) -> Inputs:
    """The inputs of the statement by name; places without a holding show the last instrument."""
    given = witness.instruments
    inputs = witness.claim.inputs(given[0][1].root)
    for place, slot in enumerate(witness.body.slots):
        instrument, path = given[min(place, len(given) - 1)]
        holding: Inputs = {"lots": slot["lots"], "side": slot["side"]}
        holding |= prefixed("instrument", instrument_inputs(instrument, path))
        inputs |= prefixed(f"holding[{place}]", holding)
    return inputs


def instrument_inputs(instrument: InstrumentFact, path: Path) -> Inputs:
    """The risk array of an instrument."""
    inputs: Inputs = {"path": children_of(path), **INSTRUMENT_TERMS.decode(instrument.encode_terms())}
    for place, word in enumerate(instrument.encode_outcomes()):
        inputs |= prefixed(f"outcomes[{place}]", OUTCOMES.decode(word))
    return inputs
