"""Tables from a round: what the leaves of the market root say a lot, a balance and a debt are counted at.

    mark      (low price + high price) / 2 of the market's leaves: the price between where longs and shorts are valued
    lines     the haircut tiers of an asset, from the first to the last
    price     what a unit is worth before haircuts

One leaf of a market is enough, for all of them have the same prices, funding and policy. Of an asset every tier is
needed. With the leaves come their paths, so that whoever trusts the root need not trust the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from facts.asset import UNITS_OF_A_RATE, AssetTier, commit_asset_tier, name_asset
from facts.bounds import NO_CEILING
from facts.hash_list import hash_list
from facts.market import MarketTier, commit_market_tier
from facts.solvency.header import Header, ListedAsset, ListedMarket
from facts.solvency.tables import MarketRow, Tables
from facts.tags import Tag
from facts.tree import Path, verify_path
from margin.bounds import PPM
from margin.errors import MalformedError, MarginError, MisuseError, Reason, RejectedError
from margin.solvency import HaircutTerms, draw_lines, price_debt, weigh_lot

ListedT = TypeVar("ListedT", ListedMarket, ListedAsset)
LeafT = TypeVar("LeafT")


@dataclass(frozen=True, slots=True)
class MarketLeaf:
    """A leaf of a market, and where it stands in the round."""

    tier: MarketTier
    path: Path


@dataclass(frozen=True, slots=True)
class AssetLeaf:
    """A leaf of an asset, and where it stands in the round."""

    tier: AssetTier
    path: Path


@dataclass(frozen=True, slots=True)
class RoundLeaves:
    """What tables are made of: a leaf of each market, and where parts may have debts all leaves of each asset."""

    markets: tuple[MarketLeaf, ...]
    assets: tuple[tuple[AssetLeaf, ...], ...] = ()


def make_tables(
    markets: Sequence[ListedMarket],
    assets: Sequence[ListedAsset],
    leaves: RoundLeaves,
    cover_currency_id: int | None = None,
) -> Tables:
    """The tables of a run, whose header does not have to be there yet."""
    rows = tuple(
        tabulate_market(listed, assets, leaf.tier) for listed, leaf in pair("markets", markets, leaves.markets)
    )
    if cover_currency_id is None:
        return Tables(rows, len(assets))
    worths = [
        worth_of_unit(listed, [leaf.tier for leaf in each], cover_currency_id)
        for listed, each in pair("assets", assets, leaves.assets)
    ]
    lines = (
        draw_lines(worth, [haircut_terms(leaf.tier) for leaf in each])
        for worth, each in zip(worths, leaves.assets, strict=True)
    )
    return Tables(rows, len(assets), tuple(lines), tuple(map(price_debt, worths)))


def hash_policies(leaves: RoundLeaves) -> int:
    """What names the policies of all markets, in their order."""
    return hash_list(Tag.POLICIES, [len(leaves.markets), *(leaf.tier.policy_hash for leaf in leaves.markets)])


def require_tables(header: Header, leaves: RoundLeaves) -> Tables:
    """The tables of a header, where they are those of the leaves and the leaves are of its price root."""
    for place, market in enumerate(leaves.markets):
        require_leaf(commit_market_tier(market.tier), market.path, header.price_root, f"markets[{place}]")
    for place, tiers in enumerate(leaves.assets):
        for number, asset in enumerate(tiers):
            name = f"assets[{place}].tiers[{number}]"
            require_leaf(commit_asset_tier(asset.tier), asset.path, header.price_root, name)
    tables = make_tables(header.markets, header.assets, leaves, header.cover_currency_id)
    for name, found in (("tables", tables.commit(header.total)), ("policy", hash_policies(leaves))):
        if found != getattr(header, name):
            expected = "that of the leaves of the round"
            raise RejectedError(Reason.CONFLICTING_FIELDS, name, found="another hash", expected=expected)
    return tables


# --- Markets -----------------------------------------------------------------------------------------


def tabulate_market(listed: ListedMarket, assets: Sequence[ListedAsset], tier: MarketTier) -> MarketRow:
    """The row of a market, whose leaf says what the list says of it."""
    currency = assets[listed.settlement].currency_id
    found = tier.market_id, tier.contract.kind, tier.currency_id
    if found != (listed.market_id, listed.kind, currency):
        expected = f"a leaf of market {listed.market_id}, {listed.kind.value}, settled in currency {currency}"
        raise RejectedError(Reason.UNKNOWN_MARKET, listed.name, found="another leaf", expected=expected)
    return MarketRow(weigh_lot(tier.contract, find_mark(tier), tier.funding_index), listed.settlement)


def find_mark(tier: MarketTier) -> int:
    """The one price of a market: the middle of where its two sides are valued."""
    both = tier.low_price + tier.high_price
    if both % 2:
        expected = "prices that lie as far above a mark as below it"
        raise MisuseError(Reason.NOT_ON_GRID, "mark", found=both, expected=expected)
    return both // 2


# --- Assets ------------------------------------------------------------------------------------------


def worth_of_unit(listed: ListedAsset, tiers: Sequence[AssetTier], currency_id: int) -> Fraction:
    """Money units of one unit that accounts count, from tiers that leave nothing out."""
    source = listed.source
    if source is None:
        expected = "a source of haircuts and price"
        raise MisuseError(Reason.NOT_APPLICABLE, listed.name, found="none", expected=expected)
    wanted = name_asset(source.asset), currency_id
    if any((tier.asset, tier.currency_id) != wanted for tier in tiers):
        expected = f"leaves of {source.asset} for currency {currency_id}"
        raise RejectedError(Reason.UNKNOWN_ASSET, listed.name, found="another leaf", expected=expected)
    require_all_tiers(tiers, listed.name)
    smallest = Fraction(10) ** (source.decimals - listed.decimals)
    return Fraction(tiers[0].rate, UNITS_OF_A_RATE) * smallest


def require_all_tiers(tiers: Sequence[AssetTier], name: str) -> None:
    """Tiers of one rate that follow one another from nothing to where money ends."""
    follow = all(below.ceiling == above.floor and below.rate == above.rate for below, above in pairwise(tiers))
    if not tiers or not follow or tiers[0].floor or tiers[-1].ceiling != NO_CEILING:
        expected = "all tiers of the asset, from the lowest on"
        raise RejectedError(Reason.TIERS_DISCONTINUOUS, name, found="a gap", expected=expected)


def haircut_terms(tier: AssetTier) -> HaircutTerms:
    """A tier as the rules of margin take it."""
    ceiling = None if tier.ceiling == NO_CEILING else Fraction(tier.ceiling)
    return HaircutTerms(Fraction(tier.haircut_ppm, PPM), Fraction(tier.add_back, PPM), Fraction(tier.floor), ceiling)


# --- Leaves ------------------------------------------------------------------------------------------


def require_leaf(leaf: int, path: Path, root: int, name: str) -> None:
    """A leaf is in the round."""
    try:
        verify_path(path, leaf, root)
    except MarginError as error:
        raise error.under(name) from None


def pair(name: str, listed: Sequence[ListedT], leaves: Sequence[LeafT]) -> list[tuple[ListedT, LeafT]]:
    """Each of a list with its leaf."""
    if len(listed) != len(leaves):
        raise MalformedError(Reason.WRONG_COUNT, name, found=len(leaves), expected=f"{len(listed)}, one for each")
    return list(zip(listed, leaves, strict=True))
