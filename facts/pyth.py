"""Prices as Pyth's web services give them: price, confidence, exponent and publish time.

    {"parsed": [{"id": "e62d...", "price": {"price": "6140993501000", "conf": "3287868567", "expo": -8,
                 "publish_time": 1714746101}, "ema_price": {...}, "metadata": {...}}], "binary": {...}}

    value = price * 10^expo

The parsed part carries no signature: who reads it vouches for where it came from, by signing the report that it goes
into. The moving average, the metadata and the binary part are not read, and every other field is refused.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from facts.moments import MOMENT_BITS
from facts.observation import Observation
from margin.documents.reading import MAX_DOCUMENT_BYTES, Fields, parse_json
from margin.errors import MalformedError, Reason, RejectedError

MAX_PRICES: Final = 512
MAX_EXPONENT: Final = 18
PRICE_BITS: Final = 63
CONFIDENCE_BITS: Final = 64
FEED_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PythPrice:
    """One price as it was written."""

    feed_id: str
    price: int
    confidence: int
    exponent: int
    publish_time: int

    def observe(self) -> Observation:
        """The exact price."""
        unit = Fraction(10) ** self.exponent
        return Observation(self.feed_id, self.price * unit, self.confidence * unit, self.publish_time)


def read_pyth_update(data: bytes) -> tuple[PythPrice, ...]:
    """The prices of an answer, checked to the last field."""
    if len(data) > MAX_DOCUMENT_BYTES:
        found, expected = f"{len(data)} bytes", f"at most {MAX_DOCUMENT_BYTES} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "document", found=found, expected=expected)
    with Fields(parse_json(data)) as fields:
        fields.take("binary")
        prices = tuple(read_pyth_price(each) for each in fields.items("parsed", MAX_PRICES))
    ids = [price.feed_id for price in prices]
    if len(set(ids)) != len(ids):
        raise MalformedError(Reason.DUPLICATE_FIELD, "parsed", found="a feed twice", expected="each feed once")
    return prices


def read_pyth_price(fields: Fields) -> PythPrice:
    """One feed of an answer."""
    with fields:
        feed_id = fields.text("id").removeprefix("0x")
        if not FEED_ID.fullmatch(feed_id):
            expected = "64 lower-case hexadecimal digits"
            raise MalformedError(Reason.NOT_READABLE, "id", found=feed_id, expected=expected)
        for unread in ("ema_price", "metadata"):
            fields.take(unread)
        with fields.inner("price") as price:
            return PythPrice(
                feed_id,
                read_count(price, "price", 1, PRICE_BITS),
                read_count(price, "conf", 0, CONFIDENCE_BITS),
                price.integer("expo", -MAX_EXPONENT, MAX_EXPONENT),
                price.integer("publish_time", 1, 2**MOMENT_BITS - 1),
            )


def read_count(fields: Fields, name: str, low: int, bits: int) -> int:
    """A number as decimal digits in quotes, in its one spelling."""
    text = fields.text(name)
    if not DIGITS.fullmatch(text):
        raise MalformedError(Reason.NOT_AN_INTEGER, name, found=text, expected="decimal digits in quotes")
    if not low <= int(text) < 2**bits:
        expected = f"at least {low}, below 2^{bits}"
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=text, expected=expected)
    return int(text)


def observe_pyth(data: bytes, feed_id: str) -> Observation:
    """The price of one feed in an answer."""
    for price in read_pyth_update(data):
        if price.feed_id == feed_id:
            return price.observe()
    raise RejectedError(Reason.UNKNOWN_FEED, "feed", found="other feeds", expected=feed_id)
