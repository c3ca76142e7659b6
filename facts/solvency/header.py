"""The header of a run: everything public that its proofs are about, in the one spelling that its hash is taken of.

    header = SHA-256(canonical JSON) >> 8        canonical: keys sorted, no spaces, ASCII

    {"assets": [{"currency_id": 1, "decimals": 6, "name": "USDT"}, {"decimals": 8, "name": "BTC"}],
     "classes": [{"accounts": 64, "batches": 157, "shape": "p2-b4-d0"}], "format": "ringfence.solvency/1", "levels": 2,
     "markets": [{"kind": "linear", "market_id": 7, "name": "BTC-USDT", "settlement": "USDT"}], "mode": "shown",
     "policy": "...", "price_root": "...", "salt": "...", "tables": "...", "time": 1800000000,
     "total": {"assets": 8, "markets": 32, "tiers": 0}, "venue": "venue.example"}

Assets and markets are named elsewhere by their place here. An asset with a ``currency_id`` is the currency that markets
settle in, counted in money units: 6 decimals for linear contracts, 8 for inverse ones. Elements are decimal texts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from facts.bounds import CURRENCY_ID_BITS, MARKET_ID_BITS, require_currency_id, require_market_id
from facts.canonical import require_digest, require_label
from facts.committee_document import read_digest
from facts.elements import require_element, truncate_digest
from facts.moments import MOMENT_BITS, require_moment
from facts.roots import read_element
from facts.solvency.account import MOST_CLASSES
from facts.solvency.shape import MOST_ASSETS, MOST_MARKETS, MOST_TIERS, BatchShape, TotalShape, shape_of_name
from facts.solvency.totals import TotalMode
from facts.tree import ARITY, INDEX_BITS, MAX_LEVELS
from margin.bounds import PARTS_BITS, require_integer
from margin.contracts import ContractKind
from margin.documents.reading import Fields, parse_json
from margin.errors import MalformedError, Reason

HEADER_FORMAT: Final = "ringfence.solvency/1"
MOST_DECIMALS: Final = 18
DECIMALS_OF_MONEY: Final = {ContractKind.LINEAR: 6, ContractKind.INVERSE: 8}
MOST_BATCHES: Final = 2**PARTS_BITS


@dataclass(frozen=True, slots=True)
class CoverSource:
    """Where haircuts and the price of an asset come from: its leaves in the market root."""

    asset: str
    """The name whose element the leaves hold, such as ``eip155:1/slip44:60``."""
    decimals: int
    """Of the smallest units that the leaves count."""

    def __post_init__(self) -> None:
        require_label(self.asset, "asset")
        require_integer(self.decimals, "decimals", 0, 2 * MOST_DECIMALS, "decimals")


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """An asset in which holders have balances."""

    name: str
    decimals: int
    """An amount counts units of 10^-decimals."""
    currency_id: int | None = None
    """Where markets settle in it."""
    source: CoverSource | None = None
    """Where parts may have debts."""

    def __post_init__(self) -> None:
        require_label(self.name, "name")
        require_integer(self.decimals, "decimals", 0, MOST_DECIMALS, "decimals")
        if self.currency_id is not None:
            require_currency_id(self.currency_id)


@dataclass(frozen=True, slots=True)
class ListedMarket:
    """A market in which holders have isolated positions."""

    name: str
    market_id: int
    """In the leaves of the market root."""
    kind: ContractKind
    settlement: int
    """The place of the asset that it settles in."""

    def __post_init__(self) -> None:
        require_label(self.name, "name")
        require_market_id(self.market_id)


@dataclass(frozen=True, slots=True)
class AccountClass:
    """Batches of one shape; classes stand in the tree one after the other."""

    shape: BatchShape
    batches: int

    def __post_init__(self) -> None:
        require_integer(self.batches, "batches", 1, MOST_BATCHES, "batches")


@dataclass(frozen=True)
class Header:
    """What a run is about."""

    venue: str
    time: int
    """The moment of which the accounts are."""
    price_root: int
    """The market root of the round whose marks are counted at."""
    policy: int
    """The hash of the policies of all markets, as their leaves name them."""
    salt: bytes
    """What numbers of parts are hashed with; another one for each run."""
    assets: tuple[ListedAsset, ...]
    markets: tuple[ListedMarket, ...]
    cover_currency_id: int | None
    """In whose money debts are covered; none where nobody may borrow."""
    tables: int
    total: TotalShape
    mode: TotalMode
    levels: int
    """Of the tree under one batch."""
    classes: tuple[AccountClass, ...]

    def __post_init__(self) -> None:
        require_label(self.venue, "venue")
        require_moment(self.time, "time")
        require_digest(self.salt, "salt")
        for name in ("price_root", "policy", "tables"):
            require_element(getattr(self, name), name)
        require_assets(self)
        require_markets(self)
        require_classes(self)
        require_lending(self)

    @property
    def lends(self) -> bool:
        """Whether parts of some class may have debts."""
        return any(each.shape.account.debts for each in self.classes)

    @property
    def batches(self) -> int:
        """Of all classes."""
        return sum(each.batches for each in self.classes)

    @property
    def tree_levels(self) -> int:
        """Of the whole tree: that of a batch, and as many on top as hold all batches."""
        levels = self.levels
        while self.batches > 1 << INDEX_BITS * (levels - self.levels):
            levels += 1
        return levels

    def class_of(self, batch: int) -> tuple[int, AccountClass]:
        """Which class a batch is of, and its place."""
        first = 0
        for place, each in enumerate(self.classes):
            if batch < first + each.batches:
                return place, each
            first += each.batches
        raise MalformedError(Reason.OUT_OF_BOUNDS, "batch", found=batch, expected=f"below {first}")

    def encode(self) -> bytes:
        """The canonical bytes."""
        return json.dumps(self.describe(), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")

    @cached_property
    def hash(self) -> int:
        """The element that the challenge is drawn from."""
        return truncate_digest(sha256(self.encode()).digest())

    def describe(self) -> dict[str, object]:
        """The document."""
        lending = {} if self.cover_currency_id is None else {"cover_currency_id": self.cover_currency_id}
        return {
            "format": HEADER_FORMAT,
            "venue": self.venue,
            "time": self.time,
            "price_root": str(self.price_root),
            "policy": str(self.policy),
            "salt": self.salt.hex(),
            "assets": [describe_asset(asset) for asset in self.assets],
            "markets": [describe_market(market, self.assets) for market in self.markets],
            "tables": str(self.tables),
            "total": {"markets": self.total.markets, "assets": self.total.assets, "tiers": self.total.tiers},
            "mode": self.mode.value,
            "levels": self.levels,
            "classes": [describe_class(each) for each in self.classes],
            **lending,
        }


# --- What goes together ------------------------------------------------------------------------------


def require_once(values: Iterable[object], field: str) -> None:
    """No two of a list are the same."""
    seen = set()
    for place, value in enumerate(values):
        if value in seen:
            raise MalformedError(Reason.DUPLICATE_FIELD, f"{field}[{place}]", found=value, expected="each once")
        seen.add(value)


def require_assets(header: Header) -> None:
    """As many assets as there is room for, each name and each currency once."""
    require_integer(len(header.assets), "assets", 1, header.total.assets, "assets")
    require_once((asset.name for asset in header.assets), "assets")
    currencies = (asset.currency_id for asset in header.assets if asset.currency_id is not None)
    require_once(currencies, "assets.currency_id")


def require_markets(header: Header) -> None:
    """As many markets as there is room for, each once, and each settled in money units of a currency."""
    require_integer(len(header.markets), "markets", 0, header.total.markets, "markets")
    require_once((market.name for market in header.markets), "markets")
    require_once((market.market_id for market in header.markets), "markets.market_id")
    for place, market in enumerate(header.markets):
        name = f"markets[{place}].settlement"
        if not 0 <= market.settlement < len(header.assets):
            raise MalformedError(Reason.UNKNOWN_ASSET, name, found=market.settlement, expected="an asset of the list")
        asset, wanted = header.assets[market.settlement], DECIMALS_OF_MONEY[market.kind]
        if asset.currency_id is None or asset.decimals != wanted:
            expected = f"a currency with {wanted} decimals, the money unit of {market.kind.value} contracts"
            raise MalformedError(Reason.WRONG_UNIT, name, found=asset.name, expected=expected)


def require_classes(header: Header) -> None:
    """Classes of different shapes over trees of one height, and no more parts than totals have room for."""
    require_integer(len(header.classes), "classes", 1, MOST_CLASSES, "classes")
    require_once((each.shape.account.name for each in header.classes), "classes")
    for place, each in enumerate(header.classes):
        if each.shape.levels != header.levels:
            found, expected = each.shape.levels, f"{header.levels}, as all batches have"
            raise MalformedError(Reason.CONFLICTING_FIELDS, f"classes[{place}].levels", found=found, expected=expected)
    parts = sum(each.batches * each.shape.accounts for each in header.classes)
    require_integer(parts, "classes", 1, 2**PARTS_BITS, "parts of accounts")
    require_integer(header.tree_levels, "levels", 1, MAX_LEVELS, "levels of the whole tree")


def require_lending(header: Header) -> None:
    """Where parts may have debts, every asset has haircuts and a price in one currency; elsewhere none has."""
    wanted = "a source of haircuts and price where parts have debts, and nowhere else"
    for place, asset in enumerate(header.assets):
        if (asset.source is not None) != header.lends:
            found = "none" if asset.source is None else "one"
            raise MalformedError(Reason.CONFLICTING_FIELDS, f"assets[{place}].source", found=found, expected=wanted)
    if (header.cover_currency_id is not None) != header.lends or (header.total.tiers > 0) != header.lends:
        expected = "cover_currency_id and tiers where parts have debts, and nowhere else"
        raise MalformedError(Reason.CONFLICTING_FIELDS, "cover_currency_id", found=header.lends, expected=expected)
    if header.cover_currency_id is not None:
        require_currency_id(header.cover_currency_id)


# --- Documents ---------------------------------------------------------------------------------------


def describe_asset(asset: ListedAsset) -> dict[str, object]:
    """An asset in the document."""
    currency = {} if asset.currency_id is None else {"currency_id": asset.currency_id}
    source = asset.source
    given = {} if source is None else {"source": {"asset": source.asset, "decimals": source.decimals}}
    return {"name": asset.name, "decimals": asset.decimals, **currency, **given}


def describe_market(market: ListedMarket, assets: tuple[ListedAsset, ...]) -> dict[str, object]:
    """A market in the document."""
    settlement = assets[market.settlement].name
    kind = market.kind.value
    return {"name": market.name, "market_id": market.market_id, "kind": kind, "settlement": settlement}


def describe_class(each: AccountClass) -> dict[str, object]:
    """A class in the document."""
    return {"shape": each.shape.account.name, "accounts": each.shape.accounts, "batches": each.batches}


def decode_header(data: bytes) -> Header:
    """The header of canonical bytes; any other spelling of it is refused."""
    header = read_header(parse_json(data))
    if header.encode() != data:
        expected = "canonical JSON: keys sorted, no spaces, ASCII"
        raise MalformedError(Reason.NOT_READABLE, "header", found="another spelling", expected=expected)
    return header


def read_header(content: object) -> Header:
    """A header document, checked to the last field."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != HEADER_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{HEADER_FORMAT}"')
        assets = tuple(read_asset(each) for each in fields.items("assets", MOST_ASSETS))
        places = {asset.name: place for place, asset in enumerate(assets)}
        markets = tuple(read_market(each, places) for each in fields.items("markets", MOST_MARKETS))
        levels = fields.integer("levels", 1, MAX_LEVELS)
        cover = (
            fields.integer("cover_currency_id", 1, 2**CURRENCY_ID_BITS - 1) if fields.has("cover_currency_id") else None
        )
        return Header(
            venue=fields.text("venue"),
            time=fields.integer("time", 1, 2**MOMENT_BITS - 1),
            price_root=read_element(fields, "price_root"),
            policy=read_element(fields, "policy"),
            salt=read_digest(fields, "salt"),
            assets=assets,
            markets=markets,
            cover_currency_id=cover,
            tables=read_element(fields, "tables"),
            total=read_total(fields.inner("total")),
            mode=fields.choice("mode", TotalMode),
            levels=levels,
            classes=tuple(read_class(each, levels) for each in fields.items("classes", MOST_CLASSES)),
        )


def read_asset(fields: Fields) -> ListedAsset:
    """An asset."""
    with fields:
        currency = fields.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1) if fields.has("currency_id") else None
        source = read_source(fields.inner("source")) if fields.has("source") else None
        return ListedAsset(fields.text("name"), fields.integer("decimals", 0, MOST_DECIMALS), currency, source)


def read_source(fields: Fields) -> CoverSource:
    """Where haircuts and price come from."""
    with fields:
        return CoverSource(fields.text("asset"), fields.integer("decimals", 0, 2 * MOST_DECIMALS))


def read_market(fields: Fields, places: Mapping[str, int]) -> ListedMarket:
    """A market; its settlement is the name of an asset."""
    with fields:
        settlement = fields.text("settlement")
        if settlement not in places:
            expected = "the name of an asset"
            raise MalformedError(Reason.UNKNOWN_ASSET, "settlement", found=settlement, expected=expected)
        market_id, kind = fields.integer("market_id", 1, 2**MARKET_ID_BITS - 1), fields.choice("kind", ContractKind)
        return ListedMarket(fields.text("name"), market_id, kind, places[settlement])


def read_total(fields: Fields) -> TotalShape:
    """The shape of the total."""
    with fields:
        bounds = (("markets", 1, MOST_MARKETS), ("assets", 1, MOST_ASSETS), ("tiers", 0, MOST_TIERS))
        return TotalShape(*(fields.integer(*each) for each in bounds))


def read_class(fields: Fields, levels: int) -> AccountClass:
    """A class of accounts."""
    with fields:
        account = shape_of_name(fields.text("shape"))
        accounts = fields.integer("accounts", 1, ARITY**levels)
        return AccountClass(BatchShape(account, accounts, levels), fields.integer("batches", 1, MOST_BATCHES))
