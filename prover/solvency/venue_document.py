"""What a venue's accounts refer to: its assets and markets, and the shape of the proofs that it publishes.

    format = "ringfence.venue/1"
    venue = "venue.example"
    cover_currency_id = 1                      in whose money debts are covered; left out where nobody may borrow

    [[assets]]
    name = "USDT"
    decimals = 6                               an amount counts units of 10^-decimals
    currency_id = 1                            where markets settle in it
    source = { asset = "...", decimals = 6 }   its leaves in the round, for haircuts and prices of debts

    [[markets]]
    name = "BTC-USDT"
    market_id = 1                              its leaves in the round, for mark and funding
    kind = "linear"
    settlement = "USDT"

    [proof]                                    all of it may be left out
    accounts = 64                              parts of accounts for each batch
    shapes = ["p2-b4-d0", "p2-b4-d1"]          the first for whatever has no debts
    markets = 64                               places of the tables; a market more needs no other key
    assets = 64
    tiers = 4

The order in which assets and markets stand is the one in which the tables have them.
"""

from dataclasses import dataclass
from typing import Final

from facts.bounds import CURRENCY_ID_BITS
from facts.solvency.header import ListedAsset, ListedMarket, read_asset, read_market
from facts.solvency.shape import (
    MOST_ASSETS,
    MOST_MARKETS,
    MOST_TIERS,
    AccountShape,
    TotalShape,
    shape_of_name,
)
from facts.tree import ARITY, MAX_LEVELS
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

VENUE_FORMAT: Final = "ringfence.venue/1"
ACCOUNTS: Final = 64
MOST_ACCOUNTS: Final = 512
"""In one batch: the circuit grows with them."""
LEAST_PLACES: Final = 64
"""As in the statements that the catalogue keeps."""
TIERS: Final = 4
BARE, LENDING = "p2-b4-d0", "p2-b4-d1"
MOST_SHAPES: Final = 8


@dataclass(frozen=True, slots=True)
class VenueDocument:
    """A venue as its runs describe it."""

    venue: str
    assets: tuple[ListedAsset, ...]
    markets: tuple[ListedMarket, ...]
    cover_currency_id: int | None
    accounts: int
    shapes: tuple[AccountShape, ...]
    total: TotalShape

    @property
    def levels(self) -> int:
        """Of the tree under a batch: as few as have room for it."""
        return next(levels for levels in range(1, MAX_LEVELS + 1) if ARITY**levels >= self.accounts)


def read_venue(content: object) -> VenueDocument:
    """A venue from its document; what goes together is checked by the header that is made of it."""
    with Fields(content) as fields:
        require_format(fields, VENUE_FORMAT)
        venue = fields.text("venue")
        lends = fields.has("cover_currency_id")
        cover = fields.integer("cover_currency_id", 1, 2**CURRENCY_ID_BITS - 1) if lends else None
        assets = tuple(map(read_asset, fields.items("assets", MOST_ASSETS)))
        places = {asset.name: place for place, asset in enumerate(assets)}
        markets = tuple(read_market(each, places) for each in fields.items("markets", MOST_MARKETS))
        with fields.inner("proof") as proof:
            accounts = proof.integer("accounts", 1, MOST_ACCOUNTS, default=ACCOUNTS)
            shapes = read_shapes(proof, lends=lends)
            total = TotalShape(
                proof.integer("markets", 1, MOST_MARKETS, default=round_places(len(markets))),
                proof.integer("assets", 1, MOST_ASSETS, default=round_places(len(assets))),
                proof.integer("tiers", 0, MOST_TIERS, default=TIERS if lends else 0),
            )
    return VenueDocument(venue, assets, markets, cover, accounts, shapes, total)


def read_shapes(fields: Fields, *, lends: bool) -> tuple[AccountShape, ...]:
    """The classes; without a word of them, one for accounts, and where somebody lends, one for those who borrow."""
    names = fields.take("shapes")
    if names is None:
        names = [BARE, LENDING] if lends else [BARE]
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_SHAPES or not all(isinstance(x, str) for x in names):
        expected = f"1 to {MOST_SHAPES} shapes, such as {BARE}"
        raise MalformedError(Reason.NOT_A_LIST, "shapes", found="something else", expected=expected)
    shapes = tuple(map(shape_of_name, names))
    if shapes[0].debts:
        raise MalformedError(
            Reason.OUT_OF_BOUNDS, "shapes[0]", found=names[0], expected="a shape without debts comes first"
        )
    return shapes


def round_places(count: int) -> int:
    """The next power of two: a market more does not at once need another key."""
    return max(LEAST_PLACES, 1 << (count - 1).bit_length() if count else 0)
