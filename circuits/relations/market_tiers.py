"""Several tiers of one market at one moment, and how the market liquidates.

    leaf        = H(tag, terms, funding, floor, ceiling, initial, maintenance, policy hash)        one for each tier
    policy hash = H(tag, document, terms of liquidation)

What the tiers share is there once: the market's terms, its funding, its policy, and of the maintenance requirement
before and after what differs between markets and not between tiers. Each leaf has a path of its own up to the last
node, and that node, whose children are the root's, is there once for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from circuits.builder import Builder, Element, Flag
from circuits.errors import CircuitError
from circuits.gadgets.membership import ARITY, compute_root, enforce_one_of
from circuits.gadgets.packing import PackedNumbers, declare_packed
from circuits.gadgets.selection import select
from circuits.relations.attested import Attested
from circuits.relations.commitment import hash_tagged
from circuits.relations.market import FUNDING_MEANINGS, TERMS_MEANINGS, MarketSignals
from circuits.signal import Bit, Bounded, Signal
from facts.packing import FUNDING, LIQUIDATION_TERMS, MARKET_TERMS, REQUIREMENT_TERMS
from facts.tags import Tag
from margin.bounds import MAX_MONEY

REQUIREMENT_MEANINGS: Final = {
    "rate_ppm": "what is required of the basis, in ppm",
    "deduction": "what the tiers below take off, in 1e-6 money units",
    "fee_ppm": "the closing fee that is counted into it",
    "on_entry": "1 if it is taken of the entry notional",
    "fee_on_entry": "1 if the fee is charged on the entry notional",
    "fee_on_bankruptcy": "1 if the fee is charged on the notional where equity is zero",
}
LIQUIDATION_MEANINGS: Final = {
    "rule": "how much is closed at once: 1 all, 2 the least that restores the target, 3 a fraction",
    "on_initial": "1 if the target is the greater of both requirements",
    "penalty_ppm": "the penalty on the notional that is closed",
    "buffer_ppm": "by how much the target exceeds the requirement",
    "fee_ppm": "the closing fee",
    "fraction_ppm": "the share that is closed of a position above the threshold",
    "threshold": "the notional up to which everything is closed",
    "tiers_down": "how many tiers are left behind, by a rule that this statement refuses",
}
LEAST_LEVELS: Final = 2
SHARED: Final = ("fee_ppm", "on_entry", "fee_on_entry", "fee_on_bankruptcy")
"""Parts of the maintenance requirement that are the same in the tiers before and after."""


@dataclass(frozen=True, slots=True, eq=False)
class TierSignals:
    """One tier: from where to where it holds, and what it requires."""

    floor: Bounded
    ceiling: Bounded
    maintenance: PackedNumbers
    initial: PackedNumbers


@dataclass(frozen=True, slots=True, eq=False)
class LackingTier:
    """The tier of a remainder that is too large, and the one requirement that it lacks."""

    floor: Bounded
    lacked: PackedNumbers


@dataclass(frozen=True, slots=True, eq=False)
class LiquidatingMarket:
    """A market in the tiers of a position before, after, and with one lot more than after."""

    before: MarketSignals
    maintenance: PackedNumbers
    """The requirement of ``before`` that was breached."""
    after: TierSignals
    more: LackingTier
    lacks_initial: Bit
    """1 if the initial requirement is what one lot more would lack."""
    liquidation: PackedNumbers


def open_liquidating_market(
    builder: Builder, market_id: Bounded, market_root: Signal, levels: int
) -> LiquidatingMarket:
    """Three tiers of the market of this number, which the oracle round has, and its terms of liquidation."""
    if levels < LEAST_LEVELS:
        raise CircuitError(f"a tree of {levels} levels", f"at least {LEAST_LEVELS}: below the node that tiers share")
    with builder.scope("market"):
        terms = declare_packed(builder, MARKET_TERMS, TERMS_MEANINGS, known={"market_id": market_id})
        with builder.scope("funding"):
            funding = declare_packed(builder, FUNDING, FUNDING_MEANINGS)
        document = builder.private("document", Element(), "the venue's published policy")
        with builder.scope("liquidation"):
            liquidation = declare_packed(builder, LIQUIDATION_TERMS, LIQUIDATION_MEANINGS)
        policy_hash = hash_tagged(builder, Tag.POLICY, document, liquidation.element)
        market = MarketLeaves(builder, terms.element, funding.element, policy_hash, levels)
        with builder.scope("before"):
            floor, ceiling = declare_ends(builder)
            maintenance = declare_requirement(builder, "maintenance")
            initial = builder.private("initial", Element(), "terms of the initial requirement, packed")
            market.add(floor, ceiling, initial, maintenance.element)
        after = market.open_tier("after", {name: maintenance[name] for name in SHARED})
        lacks_initial = builder.private("lacks_initial", Flag(), "1 if one lot more would lack the initial requirement")
        more = market.open_lacking_tier("more", lacks_initial)
        market.enforce_members(market_root)
    before = MarketSignals.of(
        terms, funding, floor=floor, ceiling=ceiling, initial=initial, maintenance=maintenance.element
    )
    return LiquidatingMarket(before, maintenance, after, more, lacks_initial, liquidation)


class MarketLeaves:
    """Leaves of one market, as they are opened, and their way up to the last node."""

    def __init__(self, builder: Builder, terms: Signal, funding: Signal, policy_hash: Signal, levels: int) -> None:
        self.builder = builder
        self.first = (terms, funding)
        self.policy_hash = policy_hash
        self.levels = levels
        self.reached: list[Signal] = []

    def open_tier(self, name: str, shared: Mapping[str, Bounded]) -> TierSignals:
        """A tier with both of its requirements; parts of maintenance that tiers share are those of the first one."""
        with self.builder.scope(name):
            floor, ceiling = declare_ends(self.builder)
            maintenance = declare_requirement(self.builder, "maintenance", shared)
            initial = declare_requirement(self.builder, "initial")
            self.add(floor, ceiling, initial.element, maintenance.element)
        return TierSignals(floor, ceiling, maintenance, initial)

    def open_lacking_tier(self, name: str, lacks_initial: Bit) -> LackingTier:
        """A tier of which one requirement is taken apart: chosen first."""
        with self.builder.scope(name):
            floor, ceiling = declare_ends(self.builder)
            lacked = declare_requirement(self.builder, "lacked")
            initial = self.builder.private("initial", Element(), "terms of the initial requirement, packed")
            maintenance = self.builder.private("maintenance", Element(), "terms of the maintenance requirement, packed")
            chosen = select(lacks_initial, initial, maintenance)
            self.builder.enforce_equal(chosen, lacked.element, rule="lacked_is_of_tier")
            self.add(floor, ceiling, initial, maintenance)
        return LackingTier(floor, lacked)

    def add(self, floor: Signal, ceiling: Signal, initial: Signal, maintenance: Signal) -> None:
        """The way of a leaf up to a child of the root; which one it is gets checked at the end."""
        inputs = (*self.first, floor, ceiling, initial, maintenance, self.policy_hash)
        leaf = hash_tagged(self.builder, Tag.MARKET, *inputs)
        self.reached.append(compute_root(self.builder, "path", leaf, self.levels - 1))

    def enforce_members(self, market_root: Signal) -> None:
        """Each way ends at one of the root's children."""
        top = self.builder.private_list("top", Element(), ARITY, "children of the root")
        for reached in self.reached:
            enforce_one_of(reached, top, rule="top_holds_tier")
        self.builder.enforce_equal(self.builder.hash_inputs(top), market_root, rule="market_in_round")


def declare_ends(builder: Builder) -> tuple[Bounded, Bounded]:
    """From where to where a tier holds."""
    bits = MAX_MONEY.bit_length()
    floor = builder.private("floor", Attested(bits), "the notional above which the tier holds")
    ceiling = builder.private("ceiling", Attested(bits), "the notional up to which it holds")
    return floor, ceiling


def declare_requirement(builder: Builder, name: str, known: Mapping[str, Bounded] | None = None) -> PackedNumbers:
    """One of the requirements of a tier."""
    with builder.scope(name):
        return declare_packed(builder, REQUIREMENT_TERMS, REQUIREMENT_MEANINGS, known=known or {})
