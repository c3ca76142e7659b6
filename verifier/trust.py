"""Whom a verifier believes, and how long: the document that whoever runs it writes once and answers for.

    format = "ringfence.trust/1"

    [governance]
    digest = "5f1c..."                      the pin: SHA-256 of the committee below
    [governance.committee]                  as a committee document has it

    [book]                                  the one venue whose positions count
    venue = "venue.example"
    max_age_seconds = 3600

    [market]                                the one oracle whose prices count
    oracle = "prices.example"
    max_age_seconds = 60

    [[feeds]]                               what a price has to keep
    name = "market:BTC-USD"
    max_age_seconds = 30
    max_confidence = "0.2%"
    max_deviation = "5%"
    max_spread = "1%"

    [[chains]]                              where locks are, and each chain's leaf in the tree of all of them
    chain_id = 1
    slot = 0
    max_age_seconds = 600

Everybody else is appointed by governance. ``markets`` and ``assets`` say which feed prices which leaf, for members of
the oracle. See ``trust.schema.json`` for every field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from facts.asset import name_asset
from facts.bounds import CHAIN_ID_BITS, CURRENCY_ID_BITS, MARKET_ID_BITS, require_chain_id
from facts.canonical import require_label
from facts.committee import Committee
from facts.committee_document import read_committee_fields, read_digest
from facts.demand import read_ppm
from facts.feed import MAX_FEEDS, FeedRule, Rules
from facts.lock_root import MAX_CHAINS, require_slot
from facts.moments import MAX_SPAN_SECONDS
from facts.roster import Roster
from facts.round_leaves import AssetListing, Listings, MarketListing
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from margin.policy import PriceRule
from verifier.freshness import AgeLimit

TRUST_FORMAT: Final = "ringfence.trust/1"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain with locks, its leaf in the tree of all chains, and how old the word of its watchers may be."""

    chain_id: int
    slot: int
    limit: AgeLimit

    def __post_init__(self) -> None:
        require_chain_id(self.chain_id)
        require_slot(self.slot)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes."""

    governance: Committee
    digest: bytes
    """The pin."""
    venue: str
    book_limit: AgeLimit
    oracle: str
    round_limit: AgeLimit
    rules: Rules
    chains: Mapping[int, Chain]
    """By their number."""
    listings: Listings

    def __post_init__(self) -> None:
        require_label(self.venue, "book.venue")
        require_label(self.oracle, "market.oracle")
        if not self.rules:
            raise MalformedError(Reason.WRONG_COUNT, "feeds", found="none", expected="at least one feed")
        for feed in self.listings.feeds - set(self.rules):
            raise MalformedError(Reason.UNKNOWN_FEED, "feed", found=feed, expected="a feed that has a rule")

    @property
    def roster(self) -> Roster:
        """The roster that everything begins with; refused where the committee is not the one that is pinned."""
        return Roster.start(self.governance, self.digest)


def read_trust(content: object) -> Trust:
    """A trust document, checked to the last field."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != TRUST_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{TRUST_FORMAT}"')
        with fields.inner("governance") as pinned:
            digest = read_digest(pinned, "digest")
            with pinned.inner("committee") as committee:
                governance = read_committee_fields(committee)
        with fields.inner("book") as book:
            venue, book_limit = book.text("venue"), read_limit(book)
        with fields.inner("market") as market:
            oracle, round_limit = market.text("oracle"), read_limit(market)
        rules = read_rules(fields.items("feeds", MAX_FEEDS))
        chains = read_chains(fields.items("chains", MAX_CHAINS))
        listings = Listings.of(map(read_market, fields.items("markets")), map(read_asset, fields.items("assets")))
    trust = Trust(governance, digest, venue, book_limit, oracle, round_limit, rules, chains, listings)
    trust.roster  # noqa: B018 - what is pinned is looked at before anybody relies on it
    return trust


def read_limit(fields: Fields) -> AgeLimit:
    """How old a fact may be, and how far ahead the clocks of its signers."""
    return AgeLimit(read_span(fields, "max_age_seconds"), read_span(fields, "max_ahead_seconds", 0))


def read_span(fields: Fields, name: str, default: int | None = None) -> int:
    """A length of time in seconds."""
    return fields.integer(name, 0, MAX_SPAN_SECONDS, default)


def read_rules(feeds: Iterable[Fields]) -> Rules:
    """The rule of each feed."""
    rules: dict[str, FeedRule] = {}
    for fields in feeds:
        with fields:
            name = require_label(fields.text("name"), "name")
            require_once(name, rules, "name")
            rules[name] = FeedRule(
                max_age_seconds=read_span(fields, "max_age_seconds"),
                max_confidence_ppm=read_share(fields, "max_confidence"),
                max_deviation_ppm=read_share(fields, "max_deviation"),
                max_spread_ppm=read_share(fields, "max_spread"),
                max_ahead_seconds=read_span(fields, "max_ahead_seconds", 0),
            )
    return rules


def read_share(fields: Fields, name: str) -> int:
    """A rate in whole ppm that has to be said."""
    if not fields.has(name):
        fields.take_required(name, 'a rate, like "0.5%"')
    return read_ppm(fields, name)


def read_chains(listed: Iterable[Fields]) -> Mapping[int, Chain]:
    """The chains, each with a slot of its own."""
    chains: dict[int, Chain] = {}
    for fields in listed:
        with fields:
            chain_id = fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1)
            slot = fields.integer("slot", 0, MAX_CHAINS - 1)
            require_once(chain_id, chains, "chain_id")
            require_once(slot, {chain.slot for chain in chains.values()}, "slot")
            chains[chain_id] = Chain(chain_id, slot, read_limit(fields))
    return chains


def read_market(fields: Fields) -> MarketListing:
    """Which feed prices a market."""
    with fields:
        market_id = fields.integer("market_id", 1, 2**MARKET_ID_BITS - 1)
        return MarketListing(fields.text("feed"), market_id, fields.choice("price_rule", PriceRule))


def read_asset(fields: Fields) -> AssetListing:
    """Which feed prices an asset, if any does."""
    with fields:
        return AssetListing(
            asset=name_asset(fields.text("asset")),
            currency_id=fields.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1),
            unit_value=fields.decimal("unit_value"),
            feed=fields.text("feed") if fields.has("feed") else None,
        )


def require_once(value: object, known: Iterable[object], field: str) -> None:
    """Nothing is said twice."""
    if value in set(known):
        raise MalformedError(Reason.DUPLICATE_FIELD, field, found=value, expected="each once")
