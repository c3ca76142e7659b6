"""How a breached position is made smaller: partial liquidation, and auto-deleverage behind it.

With n of its lots left a position has, inside one tier, an equity and a requirement that are straight
lines over n:

    equity(n)      = equity - (size - n) * cost         what closing the others cost
    margin(n)      = rate * n * w - amount              w = entry or mark value of a lot, by the basis
    closing fee(n) = fee * n * value, or fee * max(0, n * mark value - slope * equity(n))

so the greatest n that restores the target is found tier by tier, from the top, without a search. A
marginal table by size fits as well: its rate falls with amount / n, and n * w * (rate - amount / n) is
straight. The fee at the bankruptcy price is the greater of two lines, as is an initial margin that the
trader's own leverage and the table both ask for; all lines must hold.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from margin.amounts import render_exact
from margin.bounds import require_integer, require_size
from margin.errors import MisuseError, Reason, RejectedError
from margin.policy import Basis, FeeBasis, LiquidationRule, LiquidationTarget, MarketPolicy
from margin.position import MarketState, Position, compute_equity, compute_notional
from margin.requirement import (
    RequirementKind,
    bankruptcy_notional,
    basis_notional,
    basis_of,
    compute_requirement,
    counts_closing_fee,
    table_lines,
)
from margin.sizing import lot_measure
from margin.transition import (
    Flow,
    Party,
    Transition,
    close_out,
    conclude,
    equity_of,
    hand_back,
    realise,
    remain,
    require_liquidatable,
    require_lots,
)


@dataclass(frozen=True, slots=True)
class LotLine:
    """An amount of money over the number of lots that are left: ``fixed + each * n``."""

    fixed: Fraction
    each: Fraction

    def at(self, lots: int) -> Fraction:
        """The amount with ``lots`` left."""
        return self.fixed + self.each * lots

    def plus(self, other: "LotLine") -> "LotLine":
        """The sum of two lines."""
        return LotLine(self.fixed + other.fixed, self.each + other.each)

    def times(self, factor: Fraction) -> "LotLine":
        """The line scaled."""
        return LotLine(self.fixed * factor, self.each * factor)


FLAT = LotLine(Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class Execution:
    """How the lots of a liquidation are closed.

    At ``price``, or at the position's own valuation of the mark where there is none, with or without
    the closing fee on top of the penalty.
    """

    price: Fraction | None = None
    closing_fee: bool = True

    def price_for(self, policy: MarketPolicy, position: Position, market: MarketState) -> Fraction:
        """The price at which lots of ``position`` are closed."""
        return market.price_for(position.side, policy.price_rule) if self.price is None else self.price

    def fee_rate(self, policy: MarketPolicy) -> Fraction:
        """The fee on the notional that is closed."""
        return policy.closing_fee_rate if self.closing_fee else Fraction(0)


AT_MARK = Execution()


# --- How many lots ------------------------------------------------------------------------------


def plan_liquidation(
    policy: MarketPolicy, position: Position, market: MarketState, execution: Execution = AT_MARK
) -> int:
    """How many lots of a breached position are closed at once, by the policy's rule."""
    require_liquidatable(policy, position, market)
    match policy.liquidation.rule:
        case LiquidationRule.FULL:
            return position.size
        case LiquidationRule.LEAST:
            return find_least_close(policy, position, market, execution)
        case LiquidationRule.FRACTION:
            return close_fraction(policy, position, market)
        case LiquidationRule.TIERS_DOWN:
            return close_down_tiers(policy, position, market)


def close_fraction(policy: MarketPolicy, position: Position, market: MarketState) -> int:
    """A fixed share, rounded up, of a position above the threshold; all of one at or below it."""
    notional = compute_notional(policy.contract, position, market, policy.price_rule)
    if notional <= policy.liquidation.fraction_threshold:
        return position.size
    return ceil(policy.liquidation.fraction * position.size)


def close_down_tiers(policy: MarketPolicy, position: Position, market: MarketState) -> int:
    """As many lots as lead to the top of the tier so many below.

    All of them where there is no such tier, where not one lot fits into it, and where the equity would
    not even meet the requirement at the rate of the lowest tier.
    """
    requirement = compute_requirement(policy, position, market, RequirementKind.MAINTENANCE)
    target = requirement.tier - policy.liquidation.tiers_down
    lowest = table_lines(policy, position, RequirementKind.MAINTENANCE)[0][0].at(requirement.notional)
    if target < 0 or equity_of(policy, position, market) < requirement.total - requirement.margin + lowest:
        return position.size
    top = policy.table.floors[target + 1]
    per_lot = tier_measure_of_lot(policy, position, market, RequirementKind.MAINTENANCE)
    return position.size - floor(top / per_lot)


def tier_measure_of_lot(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind
) -> Fraction:
    """By how much one lot of ``position`` raises what the table compares with its floors."""
    entry = position.entry_notional / position.size
    at_entry = basis_of(policy, kind) is Basis.ENTRY
    return lot_measure(policy, entry if at_entry else mark_lot_value(policy, position, market))


def require_straight(policy: MarketPolicy) -> None:
    """The closed form needs requirements that are straight lines over lots: rates that rise with size are not."""
    if policy.table.slope:
        raise MisuseError(
            Reason.NOT_APPLICABLE,
            "size_slope",
            found=render_exact(policy.table.slope),
            expected="0 for the least close",
        )


def find_least_close(
    policy: MarketPolicy, position: Position, market: MarketState, execution: Execution = AT_MARK
) -> int:
    """The least number of lots (at least 1) whose closing restores the target; all where none does.

    The target is (1 + buffer) times the maintenance requirement, or times the greater of both: a
    position that may still be liquidated is never called restored.
    """
    require_straight(policy)
    equity = equity_line(policy, position, market, execution)
    weight = -1 - policy.liquidation.buffer_rate
    for stretch in walk_stretches(policy, position, market):
        needs = requirement_lines(policy, position, market, equity, stretch)
        health = [equity.plus(need.times(weight)) for need in needs]
        left = greatest_at_least_zero(health, stretch.low, stretch.high)
        if left is not None:
            return position.size - left
    return position.size


def search_least_close(
    policy: MarketPolicy, position: Position, market: MarketState, execution: Execution = AT_MARK
) -> int:
    """The same number by trying: one lot, two lots, ... are closed for real until the target is met.

    It shares nothing with ``find_least_close`` but the rules of requirement and closing, and is here so
    that anyone can check a liquidation without following its algebra.
    """
    for lots in range(1, position.size):
        after = liquidate_lots(policy, position, market, lots, execution).after
        if after is not None and meets_target(policy, after, market):
            return lots
    return position.size


def meets_target(policy: MarketPolicy, position: Position, market: MarketState) -> bool:
    """Whether equity >= (1 + buffer) * each requirement of the liquidation target."""
    equity = equity_of(policy, position, market)
    needed = (compute_requirement(policy, position, market, kind).total for kind in target_kinds(policy))
    return all(equity >= (1 + policy.liquidation.buffer_rate) * need for need in needed)


def target_kinds(policy: MarketPolicy) -> tuple[RequirementKind, ...]:
    """The requirements that a partial liquidation restores."""
    if policy.liquidation.target is LiquidationTarget.INITIAL:
        return RequirementKind.MAINTENANCE, RequirementKind.INITIAL
    return (RequirementKind.MAINTENANCE,)


def equity_line(policy: MarketPolicy, position: Position, market: MarketState, execution: Execution) -> LotLine:
    """Equity over the lots left.

    A lot closed at u instead of its mark value v costs slope * (v - u), and penalty and fee on u. Those
    two are charged only as far as equity lasts; the line may ignore that, for no equity of zero is enough.
    """
    price = execution.price_for(policy, position, market)
    closed = policy.contract.lot_value(price)
    slope = policy.contract.notional_slope(position.side)
    slip = slope * (mark_lot_value(policy, position, market) - closed)
    cost = slip + (policy.liquidation.penalty_rate + execution.fee_rate(policy)) * closed
    return LotLine(equity_of(policy, position, market) - position.size * cost, cost)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The numbers of lots from ``low`` to ``high``, in which each requirement stays in one tier."""

    low: int
    high: int
    tiers: tuple[tuple[RequirementKind, int], ...]


def walk_stretches(policy: MarketPolicy, position: Position, market: MarketState) -> Iterator[Stretch]:
    """Every stretch of remainders, the largest first: the tiers of all requirements laid over each other."""
    kinds = target_kinds(policy)
    ends = {kind: tier_ends(policy, position, market, kind) for kind in kinds}
    start = max(end[0] for end in ends.values())
    cuts = sorted({cut for end in ends.values() for cut in end if start <= cut < position.size - 1})
    for low, high in reversed(tuple(pairwise([*cuts, position.size - 1]))):
        tiers = tuple((kind, bisect_left(ends[kind], high) - 1) for kind in kinds)
        yield Stretch(low + 1, high, tiers)
    if start > 0 and position.size > 1:
        raise MisuseError(
            Reason.OUTSIDE_TABLE,
            "tiers[0].floor",
            found=policy.table.floors[0],
            expected="0: no remainder above the first floor of this table is enough",
        )


def tier_ends(policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind) -> list[int]:
    """For each tier the greatest number of lots that is still below it."""
    per_lot = tier_measure_of_lot(policy, position, market, kind)
    return [floor(low / per_lot) for low in policy.table.floors]


def requirement_lines(
    policy: MarketPolicy, position: Position, market: MarketState, equity: LotLine, stretch: Stretch
) -> list[LotLine]:
    """The lines over the lots left whose greatest is the target requirement inside ``stretch``."""
    return [
        margin.plus(fee)
        for kind, tier in stretch.tiers
        for margin in margin_lines(policy, position, market, kind, tier)
        for fee in fee_lines(policy, position, market, kind, equity)
    ]


def margin_lines(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind, tier: int
) -> list[LotLine]:
    """Margin and slippage allowance inside ``tier``, read off the table's own lines at one and two lots."""

    def margins(lots: int) -> list[Fraction]:
        held = keep_lots(position, lots)
        mark = policy.contract.notional(lots, market.price_for(position.side, policy.price_rule))
        notional = basis_notional(policy, held, mark, kind)
        return [line.at(notional) + policy.slippage_rate * notional for line in table_lines(policy, held, kind)[tier]]

    return [LotLine(2 * one - two, two - one) for one, two in zip(margins(1), margins(2), strict=True)]


def keep_lots(position: Position, lots: int) -> Position:
    """The position as if it had so many lots, opened at the same price."""
    return replace(position, size=lots, entry_notional=position.entry_notional * lots / position.size)


def fee_lines(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind, equity: LotLine
) -> list[LotLine]:
    """The closing fee of the lots left, by its basis.

    At the bankruptcy price the notional is where equity is zero, n * value - slope * equity(n): straight
    as the equity is, and no fee where there is no such price.
    """
    if not counts_closing_fee(policy, kind):
        return [FLAT]
    rate = policy.closing_fee_rate
    mark = mark_lot_value(policy, position, market)
    if policy.closing_fee_basis is FeeBasis.MARK:
        return [LotLine(Fraction(0), rate * mark)]
    if policy.closing_fee_basis is FeeBasis.ENTRY:
        return [LotLine(Fraction(0), rate * position.entry_notional / position.size)]
    slope = policy.contract.notional_slope(position.side)
    bankrupt_at = LotLine(Fraction(0), mark).plus(equity.times(Fraction(-slope)))
    return [FLAT, bankrupt_at.times(rate)]


def mark_lot_value(policy: MarketPolicy, position: Position, market: MarketState) -> Fraction:
    """What one lot of ``position`` is worth at the mark."""
    return policy.contract.lot_value(market.price_for(position.side, policy.price_rule))


def greatest_at_least_zero(lines: Sequence[LotLine], low: int, high: int) -> int | None:
    """The greatest integer n in [low, high] at which no line is below zero, if there is one."""
    for line in lines:
        if line.each > 0:
            low = max(low, ceil(-line.fixed / line.each))
        elif line.each < 0:
            high = min(high, floor(line.fixed / -line.each))
        elif line.fixed < 0:
            return None
    return high if low <= high else None


# --- Carrying it out ----------------------------------------------------------------------------


def liquidate(
    policy: MarketPolicy,
    position: Position,
    market: MarketState,
    insurance_fund: Fraction,
    execution: Execution = AT_MARK,
) -> Transition:
    """One step of liquidation by the policy's rule: some lots, or the whole position."""
    lots = plan_liquidation(policy, position, market, execution)
    if lots < position.size:
        return liquidate_lots(policy, position, market, lots, execution)
    price = execution.price_for(policy, position, market)
    return close_out(policy, position, market, price, insurance_fund, closing_fee=execution.closing_fee)


def liquidate_lots(
    policy: MarketPolicy, position: Position, market: MarketState, lots: int, execution: Execution = AT_MARK
) -> Transition:
    """Close some lots by force: fee and penalty on what is closed are paid only out of equity that is left."""
    require_integer(lots, "lots", 1, position.size - 1, "lots, fewer than all,")
    price = execution.price_for(policy, position, market)
    closed = policy.contract.notional(lots, price)
    flows = realise(policy, position, market, lots, price)
    left = max(Fraction(0), equity_of(policy, position, market) - sum(flow.net for flow in flows))
    fee = min(left, execution.fee_rate(policy) * closed)
    penalty = min(left - fee, policy.liquidation.penalty_rate * closed)
    flows = (*flows, Flow(Party.FEES, fee), Flow(Party.INSURANCE_FUND, penalty))
    return conclude(policy, market, position, remain(position, market, lots, flows), flows)


# --- Auto-deleverage ----------------------------------------------------------------------------


class PnlBasis(Enum):
    """What profit is measured against when positions are ranked."""

    ENTRY = "entry"
    """The entry notional (BitMEX, Bybit)."""

    MARK = "mark"
    """The mark notional (Binance)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A position that may be deleveraged, by its id."""

    position_id: str
    position: Position


@dataclass(frozen=True, slots=True)
class Deleveraging:
    """So many lots of a position are closed against a bankrupt one."""

    candidate: Candidate
    lots: int


def score_candidate(policy: MarketPolicy, position: Position, market: MarketState, basis: PnlBasis) -> Fraction:
    """How near the front of the queue a position stands.

        pnl ratio * leverage    in profit
        pnl ratio / leverage    in loss

    with the effective leverage notional / equity. A position without equity has none.
    """
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    if equity.total <= 0:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "equity", found=equity.total, expected="above 0: a bankrupt position is not ranked"
        )
    notional = compute_notional(policy.contract, position, market, policy.price_rule)
    ratio = equity.pnl / (position.entry_notional if basis is PnlBasis.ENTRY else notional)
    leverage = notional / equity.total
    return ratio * leverage if ratio > 0 else ratio / leverage


def rank_candidates(
    policy: MarketPolicy, bankrupt: Position, candidates: Sequence[Candidate], market: MarketState, basis: PnlBasis
) -> tuple[Candidate, ...]:
    """The queue against ``bankrupt``: opposite positions that have equity, highest score first, then by id."""
    queue = [
        each
        for each in candidates
        if each.position.side is bankrupt.side.opposite and equity_of(policy, each.position, market) > 0
    ]
    return tuple(
        sorted(queue, key=lambda each: (-score_candidate(policy, each.position, market, basis), each.position_id))
    )


def plan_deleverage(queue: Sequence[Candidate], lots: int) -> tuple[Deleveraging, ...]:
    """Take ``lots`` from the front of the queue: whole positions first, the last one as far as needed."""
    require_size(lots, "lots")
    plan, missing = [], lots
    for candidate in queue:
        taken = min(missing, candidate.position.size)
        if taken:
            plan.append(Deleveraging(candidate, taken))
        missing -= taken
    if missing:
        raise RejectedError(
            Reason.POSITION_TOO_LARGE, "lots", found=lots, expected=f"at most {lots - missing}, the lots in the queue"
        )
    return tuple(plan)


def bankruptcy_trade_price(policy: MarketPolicy, position: Position, market: MarketState) -> Fraction:
    """The trade price that closes ``position`` with nothing left and nothing missing.

    It is the bankruptcy price without the allowance of a price rule: trades are made at prices, not at
    one end of a confidence interval.
    """
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    notional = bankruptcy_notional(policy, position, equity)
    if notional <= 0:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "position", found=notional, expected="a position with a bankruptcy price above 0"
        )
    return policy.contract.price_of_lot_value(notional / position.size)


def deleverage(
    policy: MarketPolicy, bankrupt: Position, market: MarketState, plan: Sequence[Deleveraging]
) -> tuple[Transition, ...]:
    """Close ``bankrupt`` against the plan at its bankruptcy price; its transition is the first.

    No fee and no penalty is charged. What the bankrupt position loses beyond the mark is what the others
    give up of their profit.
    """
    closed = sum(each.lots for each in plan)
    if closed != bankrupt.size:
        raise MisuseError(Reason.WRONG_COUNT, "plan", found=closed, expected=f"all {bankrupt.size} lots")
    price = bankruptcy_trade_price(policy, bankrupt, market)
    return (
        close_out(policy, bankrupt, market, price, Fraction(0)),
        *(give_up_lots(policy, each.candidate.position, market, each.lots, price) for each in plan),
    )


def give_up_lots(
    policy: MarketPolicy, position: Position, market: MarketState, lots: int, price: Fraction
) -> Transition:
    """Close ``lots`` at ``price`` without a fee and without asking what requirement is left."""
    require_lots(lots, position)
    flows = realise(policy, position, market, lots, price)
    if lots == position.size:
        return conclude(policy, market, position, None, [*flows, hand_back(policy, position, market, flows)])
    return conclude(policy, market, position, remain(position, market, lots, flows), flows)


def is_fair_deleverage(
    policy: MarketPolicy, before: Position, after: Position, market: MarketState, unit: Fraction = Fraction(1)
) -> bool:
    """Whether a deleveraged position was given what it is due and not one ``unit`` of money more.

    StarkEx's fairness rule: equity / requirement may not fall, and would with one unit less. Written
    without a division:

        (equity_1 - unit) * requirement_0 < equity_0 * requirement_1 <= equity_1 * requirement_0
    """
    kind = RequirementKind.MAINTENANCE
    needed_before = compute_requirement(policy, before, market, kind).total
    due = equity_of(policy, before, market) * compute_requirement(policy, after, market, kind).total
    given = equity_of(policy, after, market)
    return (given - unit) * needed_before < due <= given * needed_before
