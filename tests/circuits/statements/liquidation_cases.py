"""Breached positions with what their venue closed, as ``margin`` plans it and as the statement proves it.

A case is what ``perp_cases`` draws, with the greatest cash that is a breach or less, and terms of liquidation that can
be proved. ``margin.deleverage`` says how many lots are closed, of the very same numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import ceil

from circuits.statements.claim import Inputs
from circuits.statements.liquidation import PROVABLE, LiquidationWitness, inputs_for, open_tiers
from facts.commitments import CommittedPosition, PerpetualBody, commit_position
from facts.liquidation import Reduction
from facts.market import MarketTier, quantise_market, quantise_policy
from facts.market_root import MarketTree
from facts.policy import StatementPolicy
from facts.policy_commitment import CommittedTerms, commit_policy
from facts.tags import Tag
from facts.tree import Tree
from margin.basket import Asset, HaircutTier, Holding
from margin.contracts import ContractKind
from margin.deleverage import Execution, liquidate_lots, plan_liquidation, target_kinds
from margin.errors import MarginError
from margin.liquidation import is_liquidatable
from margin.policy import Basis, FeeBasis, LiquidationRule, LiquidationTarget, LiquidationTerms, MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from margin.transition import Transition, close_out
from tests.circuits.statements.claims import BINDING, DOMAIN, SHALLOW, Depths, draw_element
from tests.circuits.statements.perp_cases import CURRENCY_ID, MARKET_ID, PerpCase, draw_perp_case
from tests.margin.strategies import Chooser, SeededChooser

DOCUMENT = 11
MONEY = "MONEY"
"""A basket that counts for as many money units as there are of it."""
MONEY_ASSET = Asset(1, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(0)),))
DENOMINATOR_BITS = 78
DEEP_FUND = Fraction(2**99)


@dataclass(frozen=True)
class LiquidationCase:
    """A position in a market, and how its venue executes."""

    policy: MarketPolicy
    """As leaves express it."""
    position: Position
    market: MarketState
    slippage: int
    charges_fee: bool
    seed: int

    # --- As margin judges it -------------------------------------------------------------------------

    @property
    def price(self) -> Fraction:
        """Where the position is valued."""
        return self.market.price_for(self.position.side, self.policy.price_rule)

    @property
    def execution(self) -> Execution:
        """At the stated price."""
        return Execution(self.price - self.position.side.sign * self.slippage, self.charges_fee)

    @property
    def is_breached(self) -> bool:
        """Whether it may be liquidated."""
        return is_liquidatable(self.policy, self.position, self.market)

    @cached_property
    def planned(self) -> int:
        """How many lots the policy closes."""
        return plan_liquidation(self.policy, self.position, self.market, self.execution)

    def transition(self) -> Transition:
        """What margin does, with an insurance fund that pays any gap."""
        price = self.execution.price_for(self.policy, self.position, self.market)
        if self.planned < self.position.size:
            return liquidate_lots(self.policy, self.position, self.market, self.planned, self.execution)
        return close_out(
            self.policy, self.position, self.market, price, DEEP_FUND, closing_fee=self.execution.closing_fee
        )

    def with_cash(self, cash: int) -> "LiquidationCase":
        """The same case with other cash."""
        return replace(self, position=replace(self.position, cash=Fraction(cash)))

    def at_boundary(self) -> "LiquidationCase":
        """The same case with the least whole cash that is no breach."""
        asked = StatementPolicy(RequirementKind.MAINTENANCE)
        # the price rule is in the mark already, so that the shocked market of a perp is this one
        moved = PerpCase(self.policy, self.position, self.market, asked, self.seed).with_least_cash()
        return self.with_cash(moved.position.cash.numerator)

    # --- As a venue proves it ------------------------------------------------------------------------

    @property
    def terms(self) -> CommittedTerms:
        """What the leaves commit to."""
        return CommittedTerms.of(self.policy)

    def tiers(self) -> tuple[MarketTier, ...]:
        """The leaves of the market."""
        named = commit_policy(DOCUMENT, self.terms)
        return quantise_market(
            self.policy, self.market, market_id=MARKET_ID, currency_id=CURRENCY_ID, policy_hash=named
        )

    def reduction(self, closed: int | None = None) -> Reduction:
        """What the venue closes: as planned, or another number of lots."""
        return Reduction(
            PerpetualBody.of(replace(self.position, basket=()), MARKET_ID),
            self.position.cash.numerator,
            self.tiers()[0],
            self.terms,
            self.planned if closed is None else closed,
            basket=sum(held.amount for held in self.position.basket),
            slippage=self.slippage,
            charges_fee=self.charges_fee,
        )

    def witness(self, closed: int | None = None, depths: Depths = SHALLOW) -> LiquidationWitness:
        """What the venue knows."""
        choose, reduction = SeededChooser(self.seed), self.reduction(closed)
        owner, position_id, salt, left_salt = (draw_element(choose) for _ in range(4))
        body = reduction.body.encode()
        position = CommittedPosition(Tag.POSITION_PERP, owner, position_id, body, reduction.cash, salt)
        place = choose.integer(0, 8**depths.book - 1)
        round_ = MarketTree(self.tiers(), depths.market)
        return LiquidationWitness(
            position,
            Tree(depths.book, {place: commit_position(position)}).path(place),
            reduction,
            *open_tiers(reduction, round_),
            document=DOCUMENT,
            domain=DOMAIN,
            binding=BINDING,
            salt=left_salt,
        )

    def inputs(self, closed: int | None = None, depths: Depths = SHALLOW) -> Inputs:
        """The inputs of the statement."""
        return inputs_for(self.witness(closed, depths))

    @property
    def is_provable(self) -> bool:
        """Within what the statement has room for, and of what its one tier answers for."""
        price, executed = int(self.price), int(self.price) - self.position.side.sign * self.slippage
        unit = price * executed if self.policy.contract.kind is ContractKind.INVERSE else 1
        fits = unit * (self.position.size if self.reads_entry else 1) <= 1 << DENOMINATOR_BITS
        asks_both = self.policy.liquidation.target is LiquidationTarget.INITIAL
        if not fits or (asks_both and self.policy.basis is not self.policy.initial_basis):
            return False
        some = self.planned < self.position.size
        return not (some and self.policy.liquidation.rule is LiquidationRule.FRACTION and self.ends_poor)

    @property
    def reads_entry(self) -> bool:
        """Whether the target of the least close is taken of a share of the entry, or a fee that it counts is."""
        if self.policy.liquidation.rule is not LiquidationRule.LEAST:
            return False
        tier = self.tiers()[0]
        asked = [tier.requirement(kind) for kind in target_kinds(self.policy)]
        return any(each.basis is Basis.ENTRY or each.fee_basis is FeeBasis.ENTRY for each in asked)

    @property
    def ends_poor(self) -> bool:
        """Whether equity does not pay fee and penalty whole."""
        return self.reduction().equity(self.position.size - self.planned) < 0


def choose_liquidation_case(choose: Chooser, rule: LiquidationRule) -> LiquidationCase:
    """A breached case by a rule; a draw that no leaf expresses, or that can't be proved, is drawn again."""
    while True:
        try:
            case = draw_liquidation_case(choose, rule)
            if case.is_breached and case.is_provable:
                case.witness()
                return case
        except (MarginError, ArithmeticError):
            continue


def draw_liquidation_case(choose: Chooser, rule: LiquidationRule) -> LiquidationCase:
    """Any choice: the greatest cash that is a breach, or less of it, or so little that equity is below zero."""
    drawn = draw_perp_case(choose, 0)
    basket = choose.pick((0, 0, choose.integer(1, 10**6)))
    position = replace(drawn.position, basket=(Holding(MONEY, basket),) if basket else ())
    terms = LiquidationTerms(
        rule=rule,
        penalty_rate=Fraction(choose.pick((0, choose.integer(0, 300))), 10_000),
        target=choose.pick(tuple(LiquidationTarget)),
        buffer_rate=Fraction(choose.pick((0, 0, 20, choose.integer(0, 100))), 100),
        fraction=Fraction(choose.integer(1, 100), 100),
        fraction_threshold=Fraction(choose.pick((0, ceil(position.entry_notional), 10**9))),
    )
    policy = quantise_policy(replace(drawn.policy, liquidation=terms))
    market = replace(drawn.market, assets={MONEY: MONEY_ASSET})
    worst = min(1000, int(market.price_for(position.side, policy.price_rule)) - 1)
    slippage = choose.pick((0, 0, choose.integer(0, worst)))
    charged = bool(choose.integer(0, 1))
    case = LiquidationCase(policy, position, market, slippage, charged, choose.integer(0, 2**32)).at_boundary()
    least = case.position.cash.numerator
    depth = int(abs(position.entry_notional)) // 20 + 1
    return case.with_cash(least - choose.pick((1, choose.integer(1, depth), choose.integer(1, 40 * depth))))


def bulk_liquidation_cases(count: int, *, seed: int = 0) -> Iterator[LiquidationCase]:
    """``count`` cases of all rules that can be proved, the same for the same seed."""
    choose = SeededChooser(seed)
    return (choose_liquidation_case(choose, PROVABLE[number % len(PROVABLE)]) for number in range(count))
