"""Whether the leaves of a round hold the prices of the round: what a member asks of its own leaves before it signs.

    a market with the price rule "adverse"    low price = price - confidence      high price = price + confidence
    a market with the price rule "mid"        low price = high price = price
    an asset                                  rate = floor((price - confidence) * unit value * 10^18)

The prices are what a verifier can see and holds against its rules; the leaves are what a proof opens. Which feed prices
which market and asset is declared beforehand, and a leaf of a market or an asset that nobody declared is refused.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final

from facts.asset import UNITS_OF_A_RATE, AssetTier
from facts.bounds import require_currency_id, require_market_id
from facts.canonical import require_label
from facts.feed import FeedPrice
from facts.market import MarketTier
from facts.market_root import Fact
from facts.policy_version import PolicySchedule
from margin.errors import MalformedError, Reason, RejectedError
from margin.policy import PriceRule

ONE_TICK: Final = 1
"""The price of what has no feed: its unit value says all."""


@dataclass(frozen=True, slots=True)
class MarketListing:
    """Which feed a market is priced by, and how."""

    feed: str
    market_id: int
    price_rule: PriceRule

    def __post_init__(self) -> None:
        require_label(self.feed, "feed")
        require_market_id(self.market_id)


@dataclass(frozen=True, slots=True)
class AssetListing:
    """Which feed an asset is priced by in a currency; one without a feed is worth its unit value, always."""

    asset: int
    currency_id: int
    unit_value: Fraction
    """Money units for one smallest unit for one tick of the price."""
    feed: str | None = None

    def __post_init__(self) -> None:
        require_currency_id(self.currency_id)
        if self.feed is not None:
            require_label(self.feed, "feed")
        if self.unit_value <= 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "unit_value", found=self.unit_value, expected="above 0")


@dataclass(frozen=True, slots=True)
class Listings:
    """What the leaves of a round may be of."""

    markets: Mapping[int, MarketListing]
    assets: Mapping[tuple[int, int], AssetListing]

    @property
    def feeds(self) -> frozenset[str]:
        """Those that leaves are priced by."""
        assets = (asset.feed for asset in self.assets.values() if asset.feed is not None)
        return frozenset((*(market.feed for market in self.markets.values()), *assets))

    @classmethod
    def of(cls, markets: Iterable[MarketListing], assets: Iterable[AssetListing]) -> "Listings":
        """Each market, and each asset for each currency, once."""
        by_market: dict[int, MarketListing] = {}
        by_asset: dict[tuple[int, int], AssetListing] = {}
        for market in markets:
            require_new(market.market_id, by_market, "market")
            by_market[market.market_id] = market
        for asset in assets:
            require_new((asset.asset, asset.currency_id), by_asset, "asset")
            by_asset[asset.asset, asset.currency_id] = asset
        return cls(by_market, by_asset)


def require_leaves(
    facts: Sequence[Fact],
    prices: Sequence[FeedPrice],
    listings: Listings,
    schedules: Mapping[int, PolicySchedule],
    moment: int,
) -> None:
    """Raise unless every leaf has the price of its feed and every market a policy that is good at the moment."""
    known = {price.feed: price for price in prices}
    tiers = [fact for fact in facts if isinstance(fact, MarketTier)]
    for tier in tiers:
        require_market_price(tier, known, listings)
    for market_id in sorted({tier.market_id for tier in tiers}):
        require_one_policy([tier for tier in tiers if tier.market_id == market_id], schedules, moment)
    for fact in facts:
        if isinstance(fact, AssetTier):
            require_asset_price(fact, known, listings)
    missing = sorted(set(listings.markets) - {tier.market_id for tier in tiers})
    if missing:
        expected = "a leaf of every market that is listed"
        raise RejectedError(Reason.NOT_IN_TREE, name_market(missing[0]), found="no leaf", expected=expected)


def require_market_price(tier: MarketTier, prices: Mapping[str, FeedPrice], listings: Listings) -> None:
    """A tier of a market is valued where its feed says."""
    listing = listings.markets.get(tier.market_id)
    if listing is None:
        found, expected = tier.market_id, "a market that has a feed"
        raise RejectedError(Reason.UNKNOWN_MARKET, "market_id", found=found, expected=expected)
    price = find_price(listing.feed, prices)
    adverse = listing.price_rule is PriceRule.ADVERSE
    low, high = (price.low, price.high) if adverse else (price.price, price.price)
    require_equal(tier.low_price, low, f"{name_market(tier.market_id)}.low_price", listing.feed)
    require_equal(tier.high_price, high, f"{name_market(tier.market_id)}.high_price", listing.feed)


def require_one_policy(tiers: Sequence[MarketTier], schedules: Mapping[int, PolicySchedule], moment: int) -> None:
    """The tiers of a market are of one policy, which is good at a moment."""
    name, market_id = name_market(tiers[0].market_id), tiers[0].market_id
    if market_id not in schedules:
        expected = "a market whose policy governance has announced"
        raise RejectedError(Reason.UNKNOWN_POLICY, name, found="no policy", expected=expected)
    if len({tier.policy_hash for tier in tiers}) > 1:
        expected = "one policy for all tiers of a market"
        raise RejectedError(Reason.WRONG_POLICY, f"{name}.policy_hash", found="two", expected=expected)
    schedules[market_id].require_good(tiers[0].policy_hash, moment)


def require_asset_price(tier: AssetTier, prices: Mapping[str, FeedPrice], listings: Listings) -> None:
    """A tier of an asset is valued where its feed says."""
    listing = listings.assets.get((tier.asset, tier.currency_id))
    if listing is None:
        expected = "an asset that is listed for its currency"
        raise RejectedError(Reason.UNKNOWN_ASSET, "asset", found="another one", expected=expected)
    low = ONE_TICK if listing.feed is None else find_price(listing.feed, prices).low
    rate = floor(low * listing.unit_value * UNITS_OF_A_RATE)
    require_equal(tier.rate, rate, "asset.rate", listing.feed or "the unit value")


def find_price(feed: str, prices: Mapping[str, FeedPrice]) -> FeedPrice:
    """The price of a feed in the round."""
    if feed not in prices:
        raise RejectedError(Reason.MISSING_PRICE, feed, found="no price", expected="one of every feed")
    return prices[feed]


def require_equal(found: int, wanted: int, field: str, source: str) -> None:
    """The leaf says what the round says."""
    if found != wanted:
        expected = f"{wanted}, as {source} says"
        raise RejectedError(Reason.CONFLICTING_FIELDS, field, found=found, expected=expected)


def require_new(key: object, known: Collection[object], field: str) -> None:
    """Nothing is listed twice."""
    if key in known:
        raise MalformedError(Reason.DUPLICATE_FIELD, field, found="the same twice", expected="each once")


def name_market(market_id: int) -> str:
    """A market in an error."""
    return f"markets[{market_id}]"
