"""From a venue's document and a round of prices to a run that is only short of its accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from facts.asset import AssetTier, name_asset
from facts.market import MarketTier
from facts.market_root import MarketTree
from facts.solvency.header import AccountClass, Header, ListedAsset, ListedMarket
from facts.solvency.marks import AssetLeaf, MarketLeaf, RoundLeaves, hash_policies, make_tables
from facts.solvency.tables import Tables
from facts.solvency.totals import TotalMode
from margin.errors import MisuseError, Reason
from prover.solvency.padding import Padding
from prover.solvency.parts import Listing, Splitter
from prover.solvency.prepared import Prepared
from prover.solvency.preparing import Plan
from prover.solvency.state import Run, State
from prover.solvency.venue_document import VenueDocument


@dataclass(frozen=True)
class Terms:
    """What a run is about, whoever has an account."""

    document: VenueDocument
    round: MarketTree
    mode: TotalMode
    padding: Padding

    @cached_property
    def leaves(self) -> RoundLeaves:
        """The leaves of the round that the tables are made of."""
        markets = tuple(find_market(each, self.round) for each in self.document.markets)
        currency = self.document.cover_currency_id
        if currency is None:
            return RoundLeaves(markets)
        return RoundLeaves(markets, tuple(find_asset(each, currency, self.round) for each in self.document.assets))

    @cached_property
    def tables(self) -> Tables:
        """At what everything is counted."""
        document = self.document
        return make_tables(document.markets, document.assets, self.leaves, document.cover_currency_id)

    def header(self, run: Run, classes: Sequence[AccountClass]) -> Header:
        """The header of a run with so many batches."""
        document = self.document
        return Header(
            venue=document.venue,
            time=run.time,
            price_root=self.round.root,
            policy=hash_policies(self.leaves),
            salt=run.salt,
            assets=document.assets,
            markets=document.markets,
            cover_currency_id=document.cover_currency_id,
            tables=self.tables.commit(document.total),
            total=document.total,
            mode=self.mode,
            levels=document.levels,
            classes=tuple(classes),
        )

    def plan(self, state: State, run: Run) -> Plan:
        """What is to be prepared."""
        document = self.document
        listing = Listing(document.markets, document.assets, self.tables)

        def close(classes: Sequence[AccountClass]) -> Prepared:
            return Prepared(state, run.seed, self.header(run, classes), self.tables)

        return Plan(
            Splitter(document.shapes, listing),
            document.shapes,
            document.accounts,
            document.levels,
            self.padding,
            self.leaves,
            close,
        )


def find_market(listed: ListedMarket, tree: MarketTree) -> MarketLeaf:
    """One leaf of a market: all have the same prices."""
    for fact in tree.facts:
        if isinstance(fact, MarketTier) and fact.market_id == listed.market_id:
            return MarketLeaf(fact, tree.path(fact))
    found, expected = f"no leaf of market {listed.market_id}", "a market of the round"
    raise MisuseError(Reason.UNKNOWN_MARKET, listed.name, found=found, expected=expected)


def find_asset(listed: ListedAsset, currency_id: int, tree: MarketTree) -> tuple[AssetLeaf, ...]:
    """All leaves of an asset, from the lowest tier on."""
    if listed.source is None:
        expected = "a source, because accounts of this venue may have debts"
        raise MisuseError(Reason.MISSING_FIELD, listed.name, found="none", expected=expected)
    wanted = name_asset(listed.source.asset), currency_id
    tiers = [f for f in tree.facts if isinstance(f, AssetTier) and (f.asset, f.currency_id) == wanted]
    if not tiers:
        found, expected = f"no leaf of {listed.source.asset}", "an asset of the round"
        raise MisuseError(Reason.UNKNOWN_ASSET, listed.name, found=found, expected=expected)
    return tuple(AssetLeaf(tier, tree.path(tier)) for tier in sorted(tiers, key=lambda tier: tier.floor))
