"""Markets as facts: one leaf for each tier of a market's table, with all that a statement reads of the market.

    H(tag, terms, funding, floor, ceiling, initial, maintenance, policy hash)

A tier holds for ``floor < notional <= ceiling``, so the leaf that a proof opens is the choice of the tier. In it, with
N the notional that the requirement is taken of and F the one that the closing fee is charged on,

    requirement * 10^6 = rate_ppm * N - deduction + fee_ppm * F

which is ``margin.requirement`` exactly, for the policy as ``quantise_policy`` rounds it.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final

from facts.bounds import NO_CEILING, require_currency_id, require_market_id, require_tier_bounds
from facts.commitments import hash_elements
from facts.elements import require_bits, require_element, require_range
from facts.packing import DEDUCTION_BITS, FUNDING, MARKET_TERMS, REQUIREMENT_TERMS, sign_parts
from facts.policy_commitment import quantise_liquidation
from facts.quantise import count_ppm, require_whole, round_floor, round_rate
from facts.tags import Tag
from margin.bounds import PPM, PRICE_BITS, require_funding_index
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MisuseError, Reason
from margin.policy import Basis, FeeBasis, MarketPolicy
from margin.position import MarketState
from margin.requirement import RequirementKind, basis_of, counts_closing_fee
from margin.tiers import Line, Tier, TierMeasure, TierTable

ANY_SIZE: Final = 1
"""The lines of a table by notional are the same for every size."""


@dataclass(frozen=True, slots=True)
class RequirementTerms:
    """One requirement in one tier; the deduction counts 1e-6 money units."""

    rate_ppm: int
    """Slippage included."""
    deduction: int
    fee_ppm: int
    """The closing fee; 0 where the scope leaves it out."""
    basis: Basis
    fee_basis: FeeBasis

    def __post_init__(self) -> None:
        require_range(self.rate_ppm, "rate_ppm", 0, PPM, "ppm: at most 10^6")
        require_bits(self.deduction, "deduction", DEDUCTION_BITS)
        require_range(self.fee_ppm, "fee_ppm", 0, PPM, "ppm: at most 10^6")

    def encode(self) -> int:
        """The requirement as one element."""
        return REQUIREMENT_TERMS.encode(self.parts)

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that the element holds, as a statement takes them."""
        return {
            "rate_ppm": self.rate_ppm,
            "deduction": self.deduction,
            "fee_ppm": self.fee_ppm,
            "on_entry": int(self.basis is Basis.ENTRY),
            "fee_on_entry": int(self.fee_basis is FeeBasis.ENTRY),
            "fee_on_bankruptcy": int(self.fee_basis is FeeBasis.BANKRUPTCY),
        }


@dataclass(frozen=True, slots=True)
class MarketTier:
    """One tier of a market at one moment."""

    market_id: int
    currency_id: int
    """Of the currency that the market settles in, and in which all of its money is."""
    contract: Contract
    low_price: int
    """Where longs are valued."""
    high_price: int
    """Where shorts are valued."""
    funding_index: int
    floor: int
    ceiling: int
    initial: RequirementTerms
    maintenance: RequirementTerms
    policy_hash: int

    def __post_init__(self) -> None:
        require_market_id(self.market_id)
        require_currency_id(self.currency_id)
        require_range(self.low_price, "low_price", 1, 2**PRICE_BITS - 1, "ticks: at least 1, below 2^64")
        highest = 2 ** (PRICE_BITS + 1) - 1
        require_range(self.high_price, "high_price", self.low_price, highest, "at least the low price, below 2^65")
        require_funding_index(self.funding_index)
        require_tier_bounds(self.floor, self.ceiling)
        require_element(self.policy_hash, "policy_hash")

    def requirement(self, kind: RequirementKind) -> RequirementTerms:
        """One of the two requirements."""
        return self.initial if kind is RequirementKind.INITIAL else self.maintenance

    def price_for(self, side: Side) -> int:
        """The price at which a position of ``side`` is valued."""
        return self.low_price if side is Side.LONG else self.high_price

    def holds_for(self, notional: Fraction) -> bool:
        """Whether this is the tier of a notional."""
        return self.floor < notional <= self.ceiling

    def encode_terms(self) -> int:
        """What the tiers of the market share, as one element."""
        return MARKET_TERMS.encode(self.terms_parts)

    @property
    def terms_parts(self) -> dict[str, int]:
        """The numbers that the element of the terms holds."""
        return {
            "market_id": self.market_id,
            "kind": int(self.contract.kind is ContractKind.INVERSE),
            "currency_id": self.currency_id,
            "multiplier": self.contract.multiplier,
            "low_price": self.low_price,
            "high_price": self.high_price,
        }

    def encode_funding(self) -> int:
        """The cumulative funding index as one element."""
        return FUNDING.encode(sign_parts(self.funding_index))


def commit_market_tier(tier: MarketTier) -> int:
    """A leaf of the market tree."""
    return hash_elements(
        Tag.MARKET,
        terms=tier.encode_terms(),
        funding=tier.encode_funding(),
        floor=tier.floor,
        ceiling=tier.ceiling,
        initial=tier.initial.encode(),
        maintenance=tier.maintenance.encode(),
        policy_hash=tier.policy_hash,
    )


# --- From a policy to its tiers ----------------------------------------------------------------------


def quantise_market(
    policy: MarketPolicy, market: MarketState, *, market_id: int, currency_id: int, policy_hash: int
) -> tuple[MarketTier, ...]:
    """The leaves of a market, lowest tier first."""
    policy = quantise_policy(policy)
    low, high = (whole_price(policy, market, side) for side in (Side.LONG, Side.SHORT))
    table = policy.table
    floors = [require_whole(each, "floor", "whole money units") for each in table.floors]
    last = NO_CEILING if table.cap is None else require_whole(table.cap, "cap", "whole money units")
    initial = requirement_terms(policy, table.initial_lines(ANY_SIZE), RequirementKind.INITIAL)
    maintenance = requirement_terms(policy, table.maintenance_lines(ANY_SIZE), RequirementKind.MAINTENANCE)
    shared = (market_id, currency_id, policy.contract, low, high, market.funding_index)
    rows = zip(floors, [*floors[1:], last], initial, maintenance, strict=True)
    return tuple(MarketTier(*shared, *row, policy_hash) for row in rows)


def whole_price(policy: MarketPolicy, market: MarketState, side: Side) -> int:
    """The price of a side in whole ticks, as an attested mark is."""
    return require_whole(market.price_for(side, policy.price_rule), "mark", "a mark and a confidence of whole ticks")


def requirement_terms(
    policy: MarketPolicy, lines: tuple[Line, ...], kind: RequirementKind
) -> tuple[RequirementTerms, ...]:
    """The requirement of a kind in each tier."""
    fee_ppm = count_ppm(policy.closing_fee_rate) if counts_closing_fee(policy, kind) else 0
    fee_basis = policy.closing_fee_basis if fee_ppm else FeeBasis.MARK
    basis = basis_of(policy, kind)
    return tuple(
        RequirementTerms(count_ppm(line.rate), count_ppm(line.amount), fee_ppm, basis, fee_basis) for line in lines
    )


def quantise_policy(policy: MarketPolicy) -> MarketPolicy:
    """The policy that leaves express: rates in ppm with slippage among them, floors and threshold in money units.

    It asks for no less than the policy itself at any notional, and what can't be expressed is refused.
    """
    require_expressible(policy.table)
    table = quantise_table(policy.table, policy.slippage_rate)
    fee, liquidation = round_rate(policy.closing_fee_rate), quantise_liquidation(policy.liquidation)
    return replace(policy, table=table, closing_fee_rate=fee, slippage_rate=Fraction(0), liquidation=liquidation)


def require_expressible(table: TierTable) -> None:
    """A leaf is found by the notional, and its rates are the same for every size."""
    if table.measure is not TierMeasure.NOTIONAL:
        raise MisuseError(
            Reason.NOT_APPLICABLE,
            "measure",
            found=table.measure.value,
            expected="tiers by notional: a leaf holds no other",
        )
    if table.slope:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "size_slope", found=table.slope, expected="rates that are the same for every size"
        )


def quantise_table(table: TierTable, slippage: Fraction) -> TierTable:
    """The table with its numbers rounded and ``slippage`` in every rate."""
    tiers = tuple(quantise_tier(tier, slippage, f"tiers[{index}]") for index, tier in enumerate(table.tiers))
    first = replace(tiers[0], amount=first_amount(table, tiers[0]))
    cap = None if table.cap is None else min(round_floor(table.cap), Fraction(NO_CEILING))
    return replace(table, tiers=(first, *tiers[1:]), cap=cap)


def quantise_tier(tier: Tier, slippage: Fraction, path: str) -> Tier:
    """A row rounded, without the amount that was published beside it."""
    initial, maintenance = (round_rate(rate + slippage) for rate in (tier.initial_rate, tier.maintenance_rate))
    if initial > 1:
        raise MisuseError(
            Reason.NOT_APPLICABLE,
            f"{path}.initial",
            found=initial,
            expected="a rate that is at most 100 % with the slippage in it",
        )
    return replace(tier, floor=round_floor(tier.floor), initial_rate=initial, maintenance_rate=maintenance, amount=None)


def first_amount(table: TierTable, first: Tier) -> Fraction | None:
    """What the tiers below a partial table deduct: published, so rounded; less of it is against the trader."""
    published = table.tiers[0].amount
    if published is None:
        return None
    return min(Fraction(floor(published * PPM), PPM), first.maintenance_rate * first.floor)
