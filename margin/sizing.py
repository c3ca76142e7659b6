"""How large a position may be, with what leverage, and on how much collateral.

Three questions that turn the initial requirement around:

    minimum equity      the least equity that meets the requirement of a given position
    maximum size        the greatest number of lots that given collateral opens
    leverage limit      the greatest leverage that a given size may be set to
"""

from dataclasses import dataclass
from fractions import Fraction

from margin.basket import Holding, basket_value
from margin.bounds import MAX_MONEY, MAX_SIZE, require_money_at_least_zero, require_size
from margin.contracts import Side
from margin.errors import MisuseError, Reason, RejectedError
from margin.policy import Basis, FeeBasis, MarketPolicy
from margin.position import MarketState, Position, compute_equity, compute_notional
from margin.requirement import RequirementKind, compute_requirement, counts_closing_fee, require_leverage, tier_measure
from margin.tiers import TierMeasure

HEADROOM = 4
"""A requirement is at most 100 % each of margin, fee and allowance, and equity adds one more notional."""


def compute_minimum_equity(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind
) -> Fraction | None:
    """The least equity at which ``position`` meets its requirement, whatever equity it has now.

    It is the requirement itself, except where a closing fee is charged at the bankruptcy price: that
    fee is f * max(0, N - slope * equity), so the least equity solves

        equity = margin + slippage + f * (N - slope * equity)

    None where no equity is enough: a fee of 100 % on a position that loses as its notional rises.
    """
    requirement = compute_requirement(policy, position, market, kind)
    if not counts_bankruptcy_fee(policy, kind):
        return requirement.total
    without_fee = requirement.margin + requirement.slippage
    weight = 1 + policy.closing_fee_rate * policy.contract.notional_slope(position.side)
    if weight == 0:
        return None
    notional = compute_notional(policy.contract, position, market, policy.price_rule)
    return max(without_fee, (without_fee + policy.closing_fee_rate * notional) / weight)


def counts_bankruptcy_fee(policy: MarketPolicy, kind: RequirementKind) -> bool:
    """Whether the requirement contains a fee that depends on the equity itself."""
    return (
        counts_closing_fee(policy, kind)
        and policy.closing_fee_basis is FeeBasis.BANKRUPTCY
        and policy.closing_fee_rate > 0
    )


def compute_minimum_cash(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind
) -> Fraction | None:
    """The least cash with which ``position`` meets its requirement; its own cash is not looked at.

    Negative where basket and profit more than suffice, None where no cash is enough.
    """
    least = compute_minimum_equity(policy, position, market, kind)
    if least is None:
        return None
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    return least - (equity.total - position.cash)


def compute_maximum_size(
    policy: MarketPolicy,
    side: Side,
    market: MarketState,
    *,
    cash: Fraction,
    price: Fraction,
    leverage: Fraction | None = None,
    basket: tuple[Holding, ...] = (),
) -> int:
    """The greatest number of lots that ``cash`` and ``basket`` open at ``price``; 0 where not even one.

    The initial requirement, the table's cap and its leverage limits must hold. Sizes that hold are found
    by bisection, which is exact because they have no gap: if n lots hold, so does every m < n. Health is

        health(n) = collateral + n * gain - requirement(n)

    with a gain (or loss) per lot of a price better (or worse) than the mark. Each part of a requirement
    grows at least in proportion to n: a step rate never falls, a marginal table and a fee at the
    bankruptcy price are convex. So health(m) is at least the weighted mean of health(0) and health(n),
    and health(0) is not negative, because nothing but a fee on at most the collateral is due on 0 lots.
    Cap and leverage limits only tighten with size.
    """
    require_money_at_least_zero(cash, "cash")
    collateral = cash + basket_value(basket, market.assets)
    opened_at = policy.contract.lot_value(price)
    marked_at = policy.contract.lot_value(market.price_for(side, policy.price_rule))

    def holds(size: int) -> bool:
        position = Position(side, size, size * opened_at, cash, market.funding_index, leverage, basket)
        return is_openable(policy, position, market)

    measure = lot_measure(policy, opened_at if policy.initial_basis is Basis.ENTRY else marked_at)
    least = int(policy.table.tiers[0].floor // measure) + 1
    most = min(MAX_SIZE, int((MAX_MONEY - collateral) / (HEADROOM * max(opened_at, marked_at))))
    if least > most or not holds(least):
        require_known_below(policy, least)
        return 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if holds(middle) else (least, middle - 1)
    return least


def is_openable(policy: MarketPolicy, position: Position, market: MarketState) -> bool:
    """Whether ``position`` holds the initial requirement, the cap and the leverage limit of its tier."""
    try:
        require_leverage(policy, position, market)
    except RejectedError:
        return False
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    return equity.total >= compute_requirement(policy, position, market, RequirementKind.INITIAL).total


def require_known_below(policy: MarketPolicy, least: int) -> None:
    """Where a partial table's smallest size is too large already, smaller ones have no answer in it."""
    if least > 1:
        raise MisuseError(
            Reason.OUTSIDE_TABLE,
            "tiers[0].floor",
            found=policy.table.tiers[0].floor,
            expected=f"0: the largest size is below the {least} lots at which this table starts",
        )


def lot_measure(policy: MarketPolicy, lot_value: Fraction) -> Fraction:
    """By how much one lot worth ``lot_value`` raises what the table compares with its floors."""
    return Fraction(1) if policy.table.measure is TierMeasure.SIZE else lot_value


@dataclass(frozen=True, slots=True)
class LeverageLimit:
    """For ``low`` < measure <= ``high`` (None: no upper end) a leverage of at most ``leverage``."""

    low: Fraction
    high: Fraction | None
    leverage: Fraction


def tabulate_leverage_limits(policy: MarketPolicy) -> tuple[LeverageLimit, ...]:
    """The leverage limits of a table, tier by tier: as published, else one over the tier's initial rate."""
    tiers = policy.table.tiers
    highs = [*policy.table.floors[1:], policy.table.cap]
    return tuple(
        LeverageLimit(tier.floor, high, tier.max_leverage or 1 / tier.initial_rate)
        for tier, high in zip(tiers, highs, strict=True)
    )


def compute_leverage_limit(policy: MarketPolicy, size: int, price: Fraction) -> Fraction:
    """The greatest leverage that ``size`` lots worth ``price`` may be set to.

    Where the tier publishes none it is notional over the table's own initial margin: a setting beyond
    that changes nothing, because the larger of the two margins counts.
    """
    notional = policy.contract.notional(require_size(size), price)
    measure = tier_measure(policy, size, notional)
    policy.table.require_within_cap(measure, "size")
    index = policy.table.tier_index(measure)
    published = policy.table.tiers[index].max_leverage
    return published or notional / policy.table.initial_lines(size)[index].at(notional)
