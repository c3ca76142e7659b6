"""The prices that a member of an oracle saw, as it writes them down before it signs.

    format = "ringfence.prices/1"

    [[prices]]
    feed = "market:BTC-USD"
    price = 6500000
    confidence = 650
    observed_at = "2027-01-15T08:00:00Z"

Prices and confidences are in ticks. See ``prices.schema.json`` for every field.
"""

from typing import Final

from facts.demand import read_moment
from facts.feed import MAX_FEEDS, FeedPrice
from margin.bounds import MAX_PRICE
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

PRICES_FORMAT: Final = "ringfence.prices/1"


def read_prices(content: object) -> tuple[FeedPrice, ...]:
    """The prices of a document by rising name of their feed, checked to the last field."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != PRICES_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{PRICES_FORMAT}"')
        prices = [read_price(each) for each in fields.items("prices", MAX_FEEDS)]
    return tuple(sorted(prices, key=lambda price: price.feed))


def read_price(fields: Fields) -> FeedPrice:
    """The price of one feed."""
    with fields:
        return FeedPrice(
            fields.text("feed"),
            fields.integer("price", 1, MAX_PRICE),
            fields.integer("confidence", 0, MAX_PRICE),
            read_moment(fields, "observed_at"),
        )
