"""Perpetuals on and around every boundary, as ``margin`` judges them and as the statement proves them.

A case is what ``tests.margin.strategies`` draws, brought onto the grid of facts: policies as leaves express them, whole
entry notionals, whole marks. ``margin`` judges the very same numbers, at the shocked price of the position's side.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from circuits.statements.perp import PerpWitness
from facts.asset import AssetTier, quantise_asset, quantise_asset_tiers
from facts.commitments import PerpetualBody
from facts.market import MarketTier, quantise_market, quantise_policy
from facts.market_root import MarketTree, pick_fact
from facts.policy import StatementPolicy
from facts.tags import Tag
from margin.basket import Holding, basket_value
from margin.bounds import MAX_MULTIPLIER, PPM
from margin.contracts import Contract, ContractKind
from margin.errors import MarginError, Reason
from margin.policy import MarketPolicy
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind, basis_notional, compute_requirement
from margin.tiers import TierMeasure
from tests.circuits.statements.claims import SHALLOW, Depths, make_claim
from tests.margin.strategies import (
    Chooser,
    SeededChooser,
    choose_contract,
    choose_market,
    choose_policy,
    choose_position,
    choose_table,
)

MARKET_ID, CURRENCY_ID, POLICY_HASH = 7, 3, 11
ASSET_IDS = {"COIN": 101, "DUST": 102}


@dataclass(frozen=True, slots=True)
class PerpCase:
    """A position in a market, and what a verifier asks of it."""

    policy: MarketPolicy
    """As leaves express it."""
    position: Position
    market: MarketState
    """As attested: unshocked, with its confidence, its assets as leaves express them."""
    asked: StatementPolicy
    seed: int
    """Of the trader's secrets and of the places in trees."""

    # --- As margin judges it -------------------------------------------------------------------------

    def shocked(self) -> tuple[MarketPolicy, MarketState]:
        """The price of the position's side after the shock, with nothing left to move it."""
        price = self.market.price_for(self.position.side, self.policy.price_rule)
        moved = price * (1 - self.position.side.sign * Fraction(self.asked.shock_ppm, PPM))
        return self.policy, replace(self.market, mark=moved, confidence=Fraction(0))

    def basis_notional(self) -> Fraction:
        """What the tier is chosen by."""
        policy, market = self.shocked()
        notional = policy.contract.notional(self.position.size, market.mark)
        return basis_notional(policy, self.position, notional, self.asked.requirement)

    def basket(self) -> int:
        """What the locks count for."""
        return basket_value(self.position.basket, self.market.assets)

    def excess(self) -> Fraction:
        """Equity beyond the requirement and its buffer."""
        policy, market = self.shocked()
        equity = compute_equity(policy.contract, self.position, market, policy.price_rule).total
        requirement = compute_requirement(policy, self.position, market, self.asked.requirement).total
        return equity - requirement * (1 + Fraction(self.asked.buffer_ppm, PPM))

    def with_cash(self, cash: int) -> "PerpCase":
        """The same case with other cash."""
        return replace(self, position=replace(self.position, cash=Fraction(cash)))

    def with_least_cash(self) -> "PerpCase":
        """The same case with the least whole cash that suffices.

        The excess is a straight line over the cash save for one kink, where a closing fee at the bankruptcy price ends,
        so that a few steps along the line arrive.
        """
        case = self
        while step := case.missing_cash():
            case = case.with_cash(case.position.cash.numerator + step)
        return case

    def missing_cash(self) -> int:
        """How much more would be just enough if the excess were a straight line."""
        here, there = self.excess(), self.with_cash(self.position.cash.numerator + 1).excess()
        return ceil(-here / (there - here))

    # --- As a trader proves it -----------------------------------------------------------------------

    def tiers(self) -> tuple[MarketTier, ...]:
        """The leaves of the market."""
        return quantise_market(
            self.policy, self.market, market_id=MARKET_ID, currency_id=CURRENCY_ID, policy_hash=POLICY_HASH
        )

    def asset_tiers(self) -> tuple[AssetTier, ...]:
        """The leaves of all assets."""
        return tuple(
            tier
            for name, asset in self.market.assets.items()
            for tier in quantise_asset_tiers(asset, asset_id=ASSET_IDS[name], currency_id=CURRENCY_ID)
        )

    def tree(self, depths: Depths = SHALLOW) -> MarketTree:
        """The oracle round."""
        return MarketTree([*self.tiers(), *self.asset_tiers()], depths.market)

    def opened_tier(self) -> MarketTier:
        """The tier that holds."""
        notional = self.basis_notional()
        return pick_fact(self.tiers(), lambda tier: tier.holds_for(notional), "market", Reason.UNKNOWN_MARKET)

    def witness(self, depths: Depths = SHALLOW, tier: MarketTier | None = None) -> PerpWitness:
        """What the trader knows, with the tier that holds or another one."""
        round_ = self.tree(depths)
        opened = tier or self.opened_tier()
        claim = make_claim(
            SeededChooser(self.seed),
            kind=Tag.POSITION_PERP,
            body=PerpetualBody.of(self.position, MARKET_ID).encode(),
            cash=self.position.cash.numerator,
            policy=self.asked,
            holdings=[self.holding(round_, each) for each in self.position.basket],
            market=round_,
            depths=depths,
        )
        return PerpWitness(claim, opened, round_.path(opened))

    @staticmethod
    def holding(tree: MarketTree, held: Holding) -> tuple[AssetTier, int]:
        """The haircut tier of a holding."""
        return tree.asset_tier(ASSET_IDS[held.asset], CURRENCY_ID, held.amount), held.amount


def choose_perp_case(choose: Chooser, locks: int) -> PerpCase:
    """A case with so many locks and the least cash that suffices; a draw that no leaf expresses is drawn again."""
    while True:
        try:
            case = draw_perp_case(choose, locks)
            case.opened_tier()
            return case.with_least_cash()
        except MarginError:
            continue


def draw_perp_case(choose: Chooser, locks: int) -> PerpCase:
    """Any choice, whether or not leaves can express it."""
    asked, market = choose_asked(choose), choose_market_of_facts(choose)
    contract = choose_contract_of_facts(choose, market, asked)
    position = choose_position_of_facts(choose, contract, market, locks)
    value = position.size * contract.lot_value(market.mark)

    def anchors(measure: TierMeasure) -> tuple[Fraction, ...]:  # noqa: ARG001 -- leaves tier by notional alone
        return (value, value / 2, position.entry_notional)

    table = replace(choose_table(choose, anchors), measure=TierMeasure.NOTIONAL)
    policy = quantise_policy(choose_policy(choose, contract, table))
    return PerpCase(policy, position, market, asked, choose.integer(0, 2**32))


def choose_market_of_facts(choose: Chooser) -> MarketState:
    """A market with a whole mark, of some hundred ticks or of very many, and assets that leaves express."""
    market, factor = choose_market(choose), choose.pick((1, 1, 10**6, 10**14))
    return replace(
        market,
        mark=Fraction(floor(market.mark) * factor),
        confidence=market.confidence * factor,
        funding_index=market.funding_index * choose.pick((1, 1, 10**9)),
        assets={name: quantise_asset(asset) for name, asset in market.assets.items()},
    )


def choose_contract_of_facts(choose: Chooser, market: MarketState, asked: StatementPolicy) -> Contract:
    """Small multipliers half of the time; else ones that make notionals so round that equity can equal requirement."""
    contract = choose_contract(choose)
    if choose.integer(0, 1):
        return contract
    price6 = int(market.mark) * (PPM + choose.pick((-1, 1)) * asked.shock_ppm)
    round_multiplier = 10**18 if contract.kind is ContractKind.LINEAR else 10**9 * price6
    return replace(contract, multiplier=min(round_multiplier, MAX_MULTIPLIER))


def choose_position_of_facts(choose: Chooser, contract: Contract, market: MarketState, locks: int) -> Position:
    """A position with a whole entry notional, of few lots or of very many, and a lock for each holding."""
    position, factor = choose_position(choose, contract, market), choose.pick((1, 1, 10**6, 10**12))
    names, amounts = tuple(market.assets), choose.pick((1, 1, 10**20))
    return replace(
        position,
        size=position.size * factor,
        entry_notional=Fraction(max(1, floor(position.entry_notional * factor))),
        leverage=None,
        basket=tuple(Holding(choose.pick(names), choose.integer(1, 100) * amounts) for _ in range(locks)),
    )


def choose_asked(choose: Chooser) -> StatementPolicy:
    """Either requirement, mostly with a shock or a buffer."""
    return StatementPolicy(
        choose.pick(tuple(RequirementKind)),
        shock_ppm=choose.pick((0, 0, 50_000, 500_000, choose.integer(0, PPM - 1))),
        buffer_ppm=choose.pick((0, 0, 100_000, choose.integer(0, 2**20 - 1))),
    )


def bulk_perp_cases(count: int, *, locks: int, seed: int = 0) -> Iterator[PerpCase]:
    """``count`` cases, the same for the same seed."""
    choose = SeededChooser(seed)
    return (choose_perp_case(choose, locks) for _ in range(count))


def with_asset_tier(witness: PerpWitness, tree: MarketTree, tier: AssetTier) -> PerpWitness:
    """The same witness with another haircut tier opened for its first lock."""
    first, *others = witness.claim.locks
    opening = replace(first, tier=tier, tier_path=tree.path(tier))
    return replace(witness, claim=replace(witness.claim, locks=(opening, *others)))
