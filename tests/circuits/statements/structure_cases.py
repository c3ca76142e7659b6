"""Structures on and around the least collateral that covers them, as ``margin`` judges them and as they are proven."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from circuits.statements.defined_risk import DefinedRisk, DefinedRiskWitness, inputs_for
from facts.market import MarketTier, quantise_market
from facts.market_root import MarketTree
from facts.policy import StatementPolicy
from facts.structure import StructureBody, quantise_structure
from facts.tags import Tag
from margin.bounds import MAX_LEGS, PPM
from margin.contracts import Contract, ContractKind, Side
from margin.payoff import Leg, LegKind, Measure, Structure, Unlimited, compute_max_loss
from margin.policy import Basis, MarketPolicy
from margin.position import MarketState
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierRule, TierTable
from tests.circuits.statements.claims import SHALLOW, Depths, make_claim
from tests.circuits.statements.judgements import Judgement
from tests.margin.strategies import Chooser, SeededChooser

MARKET_ID, CURRENCY_ID, EXPIRY = 9, 3, 1_800_000_000
SHAPE = DefinedRisk(book_levels=SHALLOW.book, market_levels=SHALLOW.market)


@dataclass(frozen=True, slots=True)
class StructureCase:
    """A structure with its cash, and what a verifier asks of it."""

    structure: Structure
    multiplier: int
    cash: int
    asked: StatementPolicy
    seed: int

    def max_loss(self) -> Fraction | Unlimited:
        """Money units, by ``margin``."""
        loss = compute_max_loss(self.structure, Measure.PAYOFF)
        return loss if isinstance(loss, Unlimited) else loss * self.multiplier

    def suffices(self) -> bool:
        """What ``margin`` says."""
        loss = self.max_loss()
        if isinstance(loss, Unlimited):
            return False
        return self.cash >= loss * (1 + Fraction(self.asked.buffer_ppm, PPM))

    def with_least_cash(self) -> "StructureCase":
        """The same with the least cash that suffices; where nothing does, with plenty."""
        loss = self.max_loss()
        if isinstance(loss, Unlimited):
            return replace(self, cash=2**60)
        return replace(self, cash=ceil(loss * (1 + Fraction(self.asked.buffer_ppm, PPM))))

    def judge(self) -> Iterator[Judgement]:
        """The least cash that suffices, and a unit less; nothing suffices where the loss has no limit."""
        least = self.with_least_cash()
        if isinstance(least.max_loss(), Unlimited):
            yield Judgement(inputs_for(least.witness()), ("loss_is_limited",))
            return
        below = replace(least, cash=least.cash - 1)
        assert least.suffices()
        assert not below.suffices()
        rule = "equity_is_not_negative" if below.cash < 0 else "equity_covers_worst_loss"
        yield Judgement(inputs_for(least.witness()))
        yield Judgement(inputs_for(below.witness()), (rule,))

    @property
    def body(self) -> StructureBody:
        """What is committed."""
        return quantise_structure(self.structure, market_id=MARKET_ID, expiry=EXPIRY)

    def tier(self) -> MarketTier:
        """A market that says what a tick is worth; its table is of no account."""
        rows = (Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),)
        table = TierTable(rows, TierRule.MARGINAL, TierRule.MARGINAL)
        policy = MarketPolicy(Contract(ContractKind.LINEAR, self.multiplier), table, Basis.MARK, Basis.MARK)
        tiers = quantise_market(
            policy, MarketState(Fraction(50)), market_id=MARKET_ID, currency_id=CURRENCY_ID, policy_hash=5
        )
        return tiers[0]

    def witness(self, depths: Depths = SHALLOW) -> DefinedRiskWitness:
        """What the trader knows."""
        tier, body = self.tier(), self.body
        round_ = MarketTree([tier], depths.market)
        claim = make_claim(
            SeededChooser(self.seed),
            kind=Tag.POSITION_STRUCTURE,
            body=body.encode(),
            cash=self.cash,
            policy=self.asked,
            market=round_,
            depths=depths,
        )
        return DefinedRiskWitness(claim, body, tier, round_.path(tier))


def choose_leg(choose: Chooser) -> Leg:
    """A leg with a strike that others are likely to share."""
    kind = choose.pick(tuple(LegKind))
    least = 0 if kind is LegKind.UNDERLYING else 1
    quantity, strike = Fraction(choose.integer(1, 3)), Fraction(choose.integer(least, 6) * 10 or least)
    return Leg(kind, choose.pick(tuple(Side)), quantity, strike)


def choose_structure_case(choose: Chooser) -> StructureCase:
    """Any mixture of legs; most that sold more calls than they hold buy them back, so that the loss is limited."""
    legs = [choose_leg(choose) for _ in range(choose.integer(1, MAX_LEGS - 1))]
    slope = sum((leg.signed_quantity for leg in legs if leg.kind is not LegKind.PUT), Fraction(0))
    if slope < 0 and choose.integer(0, 3):
        legs.append(Leg(LegKind.CALL, Side.LONG, -slope, Fraction(choose.integer(1, 70))))
    asked = StatementPolicy(choose.pick(tuple(RequirementKind)), 0, choose.pick((0, 1, 50_000)))
    return StructureCase(Structure(tuple(legs)), choose.integer(1, 1000), 0, asked, choose.integer(0, 2**32))


def judge_structures(count: int, seed: int) -> Iterator[Judgement]:
    """So many random structures."""
    choose = SeededChooser(seed)
    for _ in range(count):
        yield from choose_structure_case(choose).judge()
