"""A policy and a market in integers over one common scale: what the native core computes with.

The scale is the least common denominator of every rate and every tier's deduction, so that a
requirement is an integer over it. Floors, cap and prices are whole numbers themselves. A policy that
whole numbers can't say is refused here and evaluated by the reference alone.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, lcm

from margin.bounds import MAX_PRICE, PPM
from margin.contracts import Side
from margin.errors import MalformedError, MisuseError, Reason
from margin.policy import MarketPolicy, PriceRule
from margin.position import MarketState
from margin.tiers import TierRule, TierTable, deductions

MAX_SCALE = 2**40
"""The largest scale for which the native arithmetic is proved not to overflow."""

MAX_SIDE_PRICE = 2**65 - 1
"""The largest price that it values a side at: mark + confidence, each below 2^64."""


@dataclass(frozen=True, slots=True)
class TierTerms:
    """One tier, its rates and amounts over the common scale; amounts as bytes, for they may have 140 bits."""

    floor: int
    initial_rate: int
    initial_amount: bytes
    maintenance_rate: int
    maintenance_amount: bytes
    max_leverage_ppm: int


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What all rows share, in integers: the native module reads these attributes by name."""

    contract: str
    multiplier: int
    basis: str
    initial_basis: str
    measure: str
    scale: int
    fee_rate: int
    fee_basis: str
    fee_scope: str
    slippage_rate: int
    size_slope: int
    tiers: tuple[TierTerms, ...]
    cap: int | None
    mark: int
    long_price: int | None
    short_price: int | None
    """What a side is valued at; None where the confidence takes it to zero and its rows are refused."""
    shift: int
    """The confidence where prices are adverse, else 0: the distance from a side's price to the mark."""
    funding_index: int


def compile_terms(policy: MarketPolicy, market: MarketState) -> BatchTerms:
    """``policy`` and ``market`` over one common scale, or a refusal where whole numbers can't say them."""
    table = policy.table
    initial_amounts = table_amounts(table, table.initial_rule, [t.initial_rate for t in table.tiers], Fraction(0))
    maintenance_amounts = table_amounts(
        table, table.rule, [t.maintenance_rate for t in table.tiers], table.first_amount
    )
    fractions = (policy.closing_fee_rate, policy.slippage_rate, table.slope, *initial_amounts, *maintenance_amounts)
    scale = lcm(table.rate_scale, *(fraction.denominator for fraction in fractions))
    if scale > MAX_SCALE:
        raise refuse_terms("policy", scale, "rates over a common denominator of 2^40 at most")

    def scaled(fraction: Fraction) -> int:
        return (fraction * scale).numerator

    return BatchTerms(
        contract=policy.contract.kind.value,
        multiplier=policy.contract.multiplier,
        basis=policy.basis.value,
        initial_basis=policy.initial_basis.value,
        measure=table.measure.value,
        scale=scale,
        fee_rate=scaled(policy.closing_fee_rate),
        fee_basis=policy.closing_fee_basis.value,
        fee_scope=policy.closing_fee_scope.value,
        slippage_rate=scaled(policy.slippage_rate),
        size_slope=scaled(table.slope),
        tiers=tuple(
            TierTerms(
                floor=require_whole(tier.floor, "tiers.floor"),
                initial_rate=scaled(tier.initial_rate),
                initial_amount=scaled(initial).to_bytes(32, "little"),
                maintenance_rate=scaled(tier.maintenance_rate),
                maintenance_amount=scaled(maintenance).to_bytes(32, "little"),
                max_leverage_ppm=MAX_PRICE if tier.max_leverage is None else floor(tier.max_leverage * PPM),
            )
            for tier, initial, maintenance in zip(table.tiers, initial_amounts, maintenance_amounts, strict=True)
        ),
        cap=None if table.cap is None else require_whole(table.cap, "cap"),
        mark=require_whole(market.mark, "mark"),
        long_price=side_price(policy, market, Side.LONG),
        short_price=side_price(policy, market, Side.SHORT),
        shift=require_whole(market.confidence, "confidence") if policy.price_rule is PriceRule.ADVERSE else 0,
        funding_index=market.funding_index,
    )


def table_amounts(table: TierTable, rule: TierRule, rates: list[Fraction], first: Fraction) -> list[Fraction]:
    """What each tier deducts: nothing in a step table."""
    return [Fraction(0)] * len(rates) if rule is TierRule.STEP else deductions(table.floors, rates, first)


def side_price(policy: MarketPolicy, market: MarketState, side: Side) -> int | None:
    """What positions of ``side`` are valued at, if they are."""
    try:
        price = market.price_for(side, policy.price_rule)
    except MalformedError:
        return None
    if price > MAX_SIDE_PRICE:
        raise refuse_terms("confidence", market.confidence, "a price and confidence of 2^64 ticks at most")
    return require_whole(price, "confidence")


def require_whole(value: Fraction, field: str) -> int:
    """Ticks, floors and the cap are whole, or the native core does not know them."""
    if value.denominator != 1:
        raise refuse_terms(field, value, "a whole number")
    return value.numerator


def refuse_terms(field: str, found: object, expected: str) -> MisuseError:
    """The error of a policy or a market that only the reference backend evaluates."""
    return MisuseError(Reason.NOT_APPLICABLE, field, found=found, expected=f"{expected}, for the native backend")
