"""A round's leaves say what its prices say, and nothing that nobody declared."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from facts.asset import quantise_asset_tiers
from facts.bounds import NO_CEILING
from facts.feed import FeedPrice
from facts.instrument import InstrumentFact
from facts.market import MarketTier, RequirementTerms
from facts.market_root import Fact
from facts.policy_version import PolicySchedule
from facts.round_leaves import AssetListing, Listings, MarketListing, require_leaves
from margin.basket import Asset, HaircutTier
from margin.contracts import Contract, ContractKind
from margin.errors import Reason
from margin.policy import Basis, FeeBasis, PriceRule
from tests.facts.refusals import refused
from tests.facts.specimens import BITCOIN, ETHER, NOW, POLICY, PRICES

NEXT = replace(POLICY, version=2, policy_hash=99, active_from=NOW + 100, grace_seconds=50)
SCHEDULES = {7: PolicySchedule((POLICY, NEXT)), 8: PolicySchedule((replace(POLICY, market_id=8),))}
COIN, DOLLAR = 501, 502
UNIT = Fraction(1, 10**8)
LISTINGS = Listings.of(
    [MarketListing(BITCOIN, 7, PriceRule.ADVERSE), MarketListing(ETHER, 8, PriceRule.MID)],
    [AssetListing(COIN, 1, UNIT, ETHER), AssetListing(DOLLAR, 1, Fraction(1))],
)
TERMS = RequirementTerms(10_000, 0, 0, Basis.MARK, FeeBasis.MARK)
FIRST = MarketTier(
    market_id=7,
    currency_id=1,
    contract=Contract(ContractKind.LINEAR, 1),
    low_price=PRICES[0].low,
    high_price=PRICES[0].high,
    funding_index=0,
    floor=0,
    ceiling=10**12,
    initial=TERMS,
    maintenance=TERMS,
    policy_hash=POLICY.policy_hash,
)
SECOND = replace(FIRST, floor=10**12, ceiling=NO_CEILING)
OTHER = replace(FIRST, market_id=8, low_price=PRICES[1].price, high_price=PRICES[1].price)
HAIRCUTS = [HaircutTier(Fraction(0), Fraction(1, 10)), HaircutTier(Fraction(10**9), Fraction(1, 5))]
ASSET = Asset(PRICES[1].price, PRICES[1].confidence, UNIT, tuple(HAIRCUTS))
COINS = quantise_asset_tiers(ASSET, asset_id=COIN, currency_id=1)
DOLLARS = quantise_asset_tiers(
    Asset(1, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(0)),)),
    asset_id=DOLLAR,
    currency_id=1,
)
LEAVES: tuple[Fact, ...] = (FIRST, SECOND, OTHER, *COINS, *DOLLARS)


def require(leaves: Sequence[Fact] = LEAVES, prices: Sequence[FeedPrice] = PRICES, moment: int = NOW) -> None:
    require_leaves(leaves, prices, LISTINGS, SCHEDULES, moment)


def with_leaf(old: Fact, new: Fact) -> tuple[Fact, ...]:
    return tuple(new if leaf == old else leaf for leaf in LEAVES)


def test_leaves_of_the_same_prices_agree_whatever_else_is_there() -> None:
    require()
    require((*LEAVES, InstrumentFact(1, 1, (0,) * 16, 0)))


@pytest.mark.parametrize("leaf", [FIRST, SECOND, OTHER], ids=["first tier", "second tier", "another market"])
@pytest.mark.parametrize("side", ["low_price", "high_price"])
@pytest.mark.parametrize("by", [-1, 1])
def test_o2_one_tick_beside_the_price_is_refused(leaf: MarketTier, side: str, by: int) -> None:
    low = leaf.low_price + by * (side == "low_price")
    high = leaf.high_price + by * (side == "high_price")
    if low > high:
        return
    moved = replace(leaf, low_price=low, high_price=high)
    assert refused(require, with_leaf(leaf, moved)) == (Reason.CONFLICTING_FIELDS, f"markets[{leaf.market_id}].{side}")


def test_o2_the_price_rule_is_the_one_that_was_declared() -> None:
    narrow = replace(FIRST, low_price=PRICES[0].price, high_price=PRICES[0].price)
    assert refused(require, with_leaf(FIRST, narrow))[0] is Reason.CONFLICTING_FIELDS
    wide = replace(OTHER, low_price=PRICES[1].low, high_price=PRICES[1].high)
    assert refused(require, with_leaf(OTHER, wide))[0] is Reason.CONFLICTING_FIELDS


@pytest.mark.parametrize("by", [-1, 1])
def test_o2_an_asset_is_valued_where_its_feed_says(by: int) -> None:
    for leaf in (*COINS, *DOLLARS):
        moved = replace(leaf, rate=leaf.rate + by)
        assert refused(require, with_leaf(leaf, moved)) == (Reason.CONFLICTING_FIELDS, "asset.rate")


def test_o2_what_nobody_declared_is_refused() -> None:
    assert refused(require, (*LEAVES, replace(FIRST, market_id=9))) == (Reason.UNKNOWN_MARKET, "market_id")
    assert refused(require, (*LEAVES, replace(COINS[0], asset=503))) == (Reason.UNKNOWN_ASSET, "asset")
    assert refused(require, (*LEAVES, replace(COINS[0], currency_id=2))) == (Reason.UNKNOWN_ASSET, "asset")


def test_o2_what_is_missing_is_refused() -> None:
    assert refused(require, (FIRST, SECOND)) == (Reason.NOT_IN_TREE, "markets[8]")
    assert refused(require, LEAVES, PRICES[:1]) == (Reason.MISSING_PRICE, ETHER)


def test_a_policy_is_good_from_its_moment_and_for_its_grace() -> None:
    following = tuple(
        replace(leaf, policy_hash=NEXT.policy_hash) if isinstance(leaf, MarketTier) and leaf.market_id == 7 else leaf
        for leaf in LEAVES
    )
    assert refused(require, following, moment=NOW + 99) == (Reason.WRONG_POLICY, "policy_hash")
    for moment in (NOW + 100, NOW + 149):
        require(following, moment=moment)
        require(moment=moment)
    assert refused(require, moment=NOW + 150) == (Reason.WRONG_POLICY, "policy_hash")
    assert refused(require, moment=POLICY.active_from - 1) == (Reason.NOT_ACTIVE, "version")


def test_the_tiers_of_a_market_are_of_one_policy() -> None:
    mixed = with_leaf(SECOND, replace(SECOND, policy_hash=NEXT.policy_hash))
    assert refused(require, mixed, moment=NOW + 120) == (Reason.WRONG_POLICY, "markets[7].policy_hash")


def test_a_market_without_an_announced_policy_is_refused() -> None:
    refusal = refused(require_leaves, LEAVES, PRICES, LISTINGS, {7: SCHEDULES[7]}, NOW)
    assert refusal == (Reason.UNKNOWN_POLICY, "markets[8]")


def test_nothing_is_listed_twice() -> None:
    market, asset = LISTINGS.markets[7], LISTINGS.assets[COIN, 1]
    assert refused(Listings.of, [market, replace(market, feed=ETHER)], ()) == (Reason.DUPLICATE_FIELD, "market")
    assert refused(Listings.of, (), [asset, replace(asset, feed=None)]) == (Reason.DUPLICATE_FIELD, "asset")
    assert LISTINGS.feeds == {BITCOIN, ETHER}
