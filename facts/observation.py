"""What a member of an oracle committee read somewhere: an exact price and how sure its source is, and both in ticks.

    low  = floor((price - confidence) / tick)        high = ceil((price + confidence) / tick)
    price in ticks = floor(price / tick)             confidence in ticks: what covers both

Rounding only ever widens the confidence, so that it is against the trader on either side.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from facts.feed import FeedPrice
from facts.moments import require_moment
from margin.bounds import MAX_PRICE
from margin.errors import MalformedError, MisuseError, Reason, RejectedError


@dataclass(frozen=True, slots=True)
class Observation:
    """A price in units of the quote currency, as a source gave it."""

    source: str
    """What the source calls the feed."""
    price: Fraction
    confidence: Fraction
    observed_at: int

    def __post_init__(self) -> None:
        for name, value in (("price", self.price), ("confidence", self.confidence)):
            if value < 0 or (name == "price" and value == 0):
                expected = "above 0" if name == "price" else "at least 0"
                raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=value, expected=expected)
        require_moment(self.observed_at, "observed_at")


def quantise_observation(observation: Observation, *, feed: str, tick: Fraction) -> FeedPrice:
    """The observation as the price of a feed whose tick is so many units of the quote currency."""
    if tick <= 0:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "tick", found=tick, expected="above 0")
    price, confidence = observation.price / tick, observation.confidence / tick
    whole = floor(price)
    around = max(whole - floor(price - confidence), ceil(price + confidence) - whole)
    if not 1 <= whole <= MAX_PRICE:
        raise RejectedError(Reason.OUT_OF_BOUNDS, "price", found=whole, expected="ticks: at least 1, below 2^64")
    if around >= whole:
        found, expected = f"{around} of {whole} ticks", "less than the price"
        raise RejectedError(Reason.CONFIDENCE_TOO_WIDE, "confidence", found=found, expected=expected)
    return FeedPrice(feed, whole, around, observation.observed_at)
