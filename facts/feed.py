"""Feeds: what an oracle is asked for, the price that it says, and the rule that such a price has to keep.

A price is in ticks, and its confidence says how far from it the true one may be: longs and collateral are valued at
``low = price - confidence``, shorts at ``high = price + confidence``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from facts.canonical import ByteReader, encode_label, encode_number, require_label
from facts.elements import require_bits, require_range
from facts.moments import require_moment, require_recent, require_span
from margin.bounds import PPM, PRICE_BITS, require_integer, require_price
from margin.errors import MalformedError, Reason, RejectedError

MAX_FEEDS: Final = 512
COUNT_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class FeedRule:
    """What a price of a feed has to keep to be believed."""

    max_age_seconds: int
    max_confidence_ppm: int
    """Of the price."""
    max_deviation_ppm: int
    """Of the price of the round before: what goes beyond it takes the quorum of the committee."""
    max_spread_ppm: int
    """Of the median: reports that are further from it do not agree with it."""
    max_ahead_seconds: int = 0
    """By so much the clocks of those who report may be ahead."""

    def __post_init__(self) -> None:
        require_span(self.max_age_seconds, "max_age_seconds")
        require_span(self.max_ahead_seconds, "max_ahead_seconds")
        for name in ("max_confidence_ppm", "max_deviation_ppm", "max_spread_ppm"):
            require_integer(getattr(self, name), name, 0, PPM, "ppm")


Rules = Mapping[str, FeedRule]
"""The rule of each feed; a feed without one is unknown."""


@dataclass(frozen=True, slots=True)
class FeedPrice:
    """A price in ticks at a moment."""

    feed: str
    price: int
    confidence: int
    observed_at: int

    def __post_init__(self) -> None:
        require_label(self.feed, "feed")
        require_price(self.price)
        require_bits(self.confidence, "confidence", PRICE_BITS)
        require_range(self.confidence, "confidence", 0, self.price - 1, "ticks below the price")
        require_moment(self.observed_at, "observed_at")

    @property
    def low(self) -> int:
        """Where longs and collateral are valued."""
        return self.price - self.confidence

    @property
    def high(self) -> int:
        """Where shorts are valued."""
        return self.price + self.confidence

    def encode(self) -> bytes:
        """The canonical bytes."""
        numbers = self.price, self.confidence, self.observed_at
        return encode_label(self.feed) + b"".join(map(encode_number, numbers))

    @classmethod
    def read(cls, reader: ByteReader) -> "FeedPrice":
        """The price at the front of canonical bytes."""
        feed = reader.label("feed")
        return cls(feed, *(reader.number(name) for name in ("price", "confidence", "observed_at")))


def encode_prices(prices: Sequence[FeedPrice]) -> bytes:
    """Prices with their count before them."""
    return encode_number(len(prices), COUNT_BYTES) + b"".join(price.encode() for price in prices)


def read_prices(reader: ByteReader) -> tuple[FeedPrice, ...]:
    """The prices at the front of canonical bytes."""
    count = reader.number("prices", COUNT_BYTES)
    require_integer(count, "prices", 1, MAX_FEEDS, "prices")
    return tuple(FeedPrice.read(reader) for _ in range(count))


def require_prices(prices: Sequence[FeedPrice]) -> None:
    """Some prices, by rising name of their feed, each feed once."""
    require_integer(len(prices), "prices", 1, MAX_FEEDS, "prices")
    for place, (before, after) in enumerate(pairwise(prices), start=1):
        if before.feed >= after.feed:
            name, expected = f"prices[{place}].feed", "feeds by rising name, each once"
            raise MalformedError(Reason.DUPLICATE_FIELD, name, found=after.feed, expected=expected)


def require_believable(price: FeedPrice, rules: Rules, moment: int) -> FeedRule:
    """The rule of a feed, where its price keeps it: known, recent, and sure enough of itself."""
    rule = rules.get(price.feed)
    if rule is None:
        raise RejectedError(Reason.UNKNOWN_FEED, "feed", found=price.feed, expected="a feed that has a rule")
    age, ahead = rule.max_age_seconds, rule.max_ahead_seconds
    name = f"{price.feed}.observed_at"
    require_recent(price.observed_at, moment, max_age_seconds=age, max_ahead_seconds=ahead, field=name)
    if price.confidence * PPM > price.price * rule.max_confidence_ppm:
        found, expected = f"{price.confidence} of {price.price}", f"at most {rule.max_confidence_ppm} ppm"
        raise RejectedError(Reason.CONFIDENCE_TOO_WIDE, f"{price.feed}.confidence", found=found, expected=expected)
    return rule


def is_within(price: int, reference: int, most_ppm: int) -> bool:
    """Whether a price is at most so far from another, as a part of that other."""
    return abs(price - reference) * PPM <= reference * most_ppm


def find_jumps(prices: Sequence[FeedPrice], before: Sequence[FeedPrice], rules: Rules) -> tuple[str, ...]:
    """The feeds that jumped since the round before; one that was not in it has nothing to be compared with."""
    known = {price.feed: price.price for price in before}
    return tuple(
        price.feed
        for price in prices
        if price.feed not in known or not is_within(price.price, known[price.feed], rules[price.feed].max_deviation_ppm)
    )
