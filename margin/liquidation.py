"""Where a position ends: liquidation price, bankruptcy price, and who pays beyond it.

The liquidation price is exact. Going from the current mark in the losing direction, it is the first
mark price at which equity falls below the maintenance requirement. Over the notional N

    health(N) = backing + slope * (N - entry) - requirement(N)

is a straight line inside each tier, so the first crossing is either the root of one line or, in a
step table, the cliff at a floor, where the requirement jumps. ``slope`` is +1 where the trader
loses as N falls (linear long, inverse short) and -1 where he loses as N rises.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from margin.bounds import require_money_at_least_zero
from margin.errors import MisuseError, Reason
from margin.policy import MarketPolicy, PriceRule
from margin.position import Equity, MarketState, Position, compute_equity, compute_notional
from margin.requirement import (
    Piece,
    RequirementKind,
    bankruptcy_notional,
    compute_requirement,
    requirement_pieces,
)
from margin.tiers import Line


class LiquidationCause(Enum):
    """What happens to a position at its liquidation price."""

    ROOT = "root"
    """Equity meets the requirement there, inside a tier."""

    CLIFF = "cliff"
    """The requirement of a step table jumps there."""

    NOW = "now"
    """Equity is below the requirement at the current mark already."""


@dataclass(frozen=True, slots=True)
class LiquidationPrice:
    """The mark price in ticks, exact, and what happens there."""

    price: Fraction
    cause: LiquidationCause


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the requirement, walked from ``near`` to ``far`` (None: without end)."""

    near: Fraction
    far: Fraction | None
    line: Line


def compute_liquidation_price(policy: MarketPolicy, position: Position, market: MarketState) -> LiquidationPrice | None:
    """The liquidation price, or None where no mark price above zero liquidates the position."""
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    start = compute_notional(policy.contract, position, market, policy.price_rule)
    found = first_breach(policy, position, equity, start)
    if found is None:
        return None
    notional, cause = found
    if cause is LiquidationCause.NOW:
        return LiquidationPrice(market.mark, cause)
    return LiquidationPrice(mark_at_notional(policy, position, market, notional), cause)


def first_breach(
    policy: MarketPolicy, position: Position, equity: Equity, start: Fraction
) -> tuple[Fraction, LiquidationCause] | None:
    """The first notional from ``start`` in the losing direction beyond which health is negative."""
    slope = policy.contract.notional_slope(position.side)
    backing = equity.total - equity.pnl - slope * position.entry_notional
    pieces = requirement_pieces(policy, position, equity, RequirementKind.MAINTENANCE)
    if start <= pieces[0].low:
        require_whole_table(pieces)

    def health(line: Line, notional: Fraction) -> Fraction:
        return backing + slope * notional - line.at(notional)

    for index, segment in enumerate(walk(pieces, start, slope)):
        entering = health(segment.line, segment.near)
        if entering < 0:
            return segment.near, LiquidationCause.CLIFF if index else LiquidationCause.NOW
        fall = 1 - slope * segment.line.rate
        if fall <= 0:
            continue
        root = segment.near - slope * entering / fall
        if segment.far is None or slope * (root - segment.far) > 0:
            return root, LiquidationCause.ROOT
    if slope > 0:
        require_whole_table(pieces)
    return None


def walk(pieces: tuple[Piece, ...], start: Fraction, slope: int) -> Iterator[Segment]:
    """The pieces that the notional passes through from ``start``: downwards for slope +1, else upwards.

    A floor belongs to the tier below it, so on the way up the first piece may be a single point.
    """
    if slope > 0:
        for piece in reversed(pieces):
            if piece.low < start:
                near = start if piece.high is None else min(start, piece.high)
                yield Segment(near, piece.low, piece.lines[0])
    else:
        for piece in pieces:
            if piece.high is None or start <= piece.high:
                yield Segment(max(start, piece.low), piece.high, piece.lines[0])


def require_whole_table(pieces: tuple[Piece, ...]) -> None:
    """A walk that ends at the floor of a partial table has no answer."""
    if pieces[0].low > 0:
        raise MisuseError(
            Reason.OUTSIDE_TABLE,
            "tiers[0].floor",
            found=pieces[0].low,
            expected="0: the liquidation price lies below the first floor of this table",
        )


def mark_at_notional(policy: MarketPolicy, position: Position, market: MarketState, notional: Fraction) -> Fraction:
    """The mark at which the position is valued at ``notional``: the price rule turned around."""
    price = policy.contract.price_of_lot_value(notional / position.size)
    return price + position.side.sign * market.confidence if policy.price_rule is PriceRule.ADVERSE else price


def compute_bankruptcy_price(policy: MarketPolicy, position: Position, market: MarketState) -> Fraction | None:
    """The mark price at which equity = 0, or None where there is none above zero."""
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    notional = bankruptcy_notional(policy, position, equity)
    if notional <= 0:
        return None
    price = mark_at_notional(policy, position, market, notional)
    return price if price > 0 else None


def is_liquidatable(policy: MarketPolicy, position: Position, market: MarketState) -> bool:
    """Whether equity is below the maintenance requirement at the mark."""
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    return equity.total < compute_requirement(policy, position, market, RequirementKind.MAINTENANCE).total


@dataclass(frozen=True, slots=True)
class Closeout:
    """Who gets and who pays what when a whole position is closed at an execution price.

    equity at the execution = returned + fee + penalty - gap, and gap = insurance + uncovered.
    """

    equity: Fraction
    fee: Fraction
    penalty: Fraction
    returned: Fraction
    bankruptcy_gap: Fraction
    insurance_draw: Fraction
    uncovered: Fraction


def compute_closeout(
    policy: MarketPolicy, position: Position, market: MarketState, execution_price: Fraction, insurance_fund: Fraction
) -> Closeout:
    """Close the whole position at ``execution_price``; fee and penalty are paid only out of what is left.

    The bankruptcy gap is what is missing when execution is worse than the bankruptcy price. The fund
    pays it as far as it can; what stays uncovered is met by auto-deleverage.
    """
    require_money_at_least_zero(insurance_fund, "insurance_fund")
    held = compute_equity(policy.contract, position, market, policy.price_rule)
    notional = policy.contract.notional(position.size, execution_price)
    equity = held.total - held.pnl + policy.contract.pnl(position.side, position.entry_notional, notional)
    left = max(equity, Fraction(0))
    fee = min(left, policy.closing_fee_rate * notional)
    penalty = min(left - fee, policy.liquidation.penalty_rate * notional)
    gap = max(-equity, Fraction(0))
    draw = min(gap, insurance_fund)
    return Closeout(equity, fee, penalty, left - fee - penalty, gap, draw, gap - draw)
