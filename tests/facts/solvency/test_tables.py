"""Tables follow from the leaves of a round, and whoever reads them need trust the root alone."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from facts.hash_list import hash_list
from facts.solvency.marks import (
    AssetLeaf,
    MarketLeaf,
    RoundLeaves,
    find_mark,
    hash_policies,
    make_tables,
    require_tables,
)
from facts.solvency.siblings import lead_up, siblings_of
from facts.solvency.tables_document import read_tables, render_tables
from facts.tags import Tag
from facts.tree import Tree, verify_path
from margin.basket import Asset, HaircutTier
from margin.bounds import COVER_SCALE
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.solvency.venue import (
    ASSET_TIERS,
    ASSETS,
    HEADER,
    LEAVES,
    MARKET_TIERS,
    MARKETS,
    ROUND,
    TABLES,
    market_tiers,
)


def test_tables_are_those_of_the_leaves() -> None:
    assert require_tables(HEADER, LEAVES) == TABLES
    assert [find_mark(tiers[0]) for tiers in MARKET_TIERS] == [6_500_000, 250_000, 6_500_000]
    assert TABLES.weights == (65 * 10**12 + 10**6, 25 * 10**12 - 75_000, -153_846_153_846 - 1234)
    assert TABLES.settlements == (0, 0, 1)
    assert hash_policies(LEAVES) == hash_list(Tag.POLICIES, [3, 2**240 + 7, 2**240 + 8, 2**240 + 9])


@pytest.mark.parametrize(("place", "decimals"), [(1, 8), (2, 18)])
def test_a_balance_covers_what_its_leaves_say(place: int, decimals: int) -> None:
    tiers = ASSET_TIERS[place]
    smallest = 10 ** (decimals - ASSETS[place].decimals)
    haircuts = tuple(HaircutTier(Fraction(tier.floor), Fraction(tier.haircut_ppm, 10**6)) for tier in tiers)
    asset = Asset(1, 0, Fraction(tiers[0].rate, 10**18), haircuts)
    for line in TABLES.haircuts[place]:
        for amount in (line.floor, line.floor + 1, (line.floor + min(line.ceiling, 10**12)) // 2):
            worth = asset.value(amount * smallest)
            assert worth - 2 - amount / COVER_SCALE <= Fraction(line.value(amount), COVER_SCALE) < worth + 1
            assert TABLES.prices[place] * amount >= COVER_SCALE * worth


def test_a_market_without_leaf_and_a_leaf_of_another_market_are_refused() -> None:
    first, second = LEAVES.markets[:2]
    fewer = replace(LEAVES, markets=LEAVES.markets[:2])
    assert refused(make_tables, MARKETS, ASSETS, fewer, 1) == (Reason.WRONG_COUNT, "markets")
    swapped = replace(LEAVES, markets=(second, first, LEAVES.markets[2]))
    assert refused(make_tables, MARKETS, ASSETS, swapped, 1) == (Reason.UNKNOWN_MARKET, "BTC-USDT")
    other = replace(first, tier=replace(first.tier, currency_id=2))
    moved = replace(LEAVES, markets=(other, *LEAVES.markets[1:]))
    assert refused(make_tables, MARKETS, ASSETS, moved, 1) == (Reason.UNKNOWN_MARKET, "BTC-USDT")
    uneven = replace(first.tier, high_price=first.tier.high_price + 1)
    assert refused(find_mark, uneven) == (Reason.NOT_ON_GRID, "mark")


@pytest.mark.parametrize("kept", [(), (0,), (1, 2), (0, 2), (2, 1, 0)])
def test_no_tier_of_an_asset_may_be_left_out(kept: tuple[int, ...]) -> None:
    bitcoin = tuple(LEAVES.assets[1][place] for place in kept)
    leaves = replace(LEAVES, assets=(LEAVES.assets[0], bitcoin, LEAVES.assets[2]))
    assert refused(make_tables, MARKETS, ASSETS, leaves, 1) == (Reason.TIERS_DISCONTINUOUS, "BTC")


def test_the_tiers_of_an_asset_have_one_rate() -> None:
    first, second, third = LEAVES.assets[1]
    dearer = replace(second, tier=replace(second.tier, rate=second.tier.rate + 1))
    leaves = replace(LEAVES, assets=(LEAVES.assets[0], (first, dearer, third), LEAVES.assets[2]))
    assert refused(make_tables, MARKETS, ASSETS, leaves, 1) == (Reason.TIERS_DISCONTINUOUS, "BTC")


def test_assets_are_those_of_the_list_in_the_currency_of_the_cover() -> None:
    assert refused(make_tables, MARKETS, ASSETS, LEAVES, 2) == (Reason.UNKNOWN_ASSET, "USDT")
    swapped = replace(LEAVES, assets=LEAVES.assets[::-1])
    assert refused(make_tables, MARKETS, ASSETS, swapped, 1) == (Reason.UNKNOWN_ASSET, "USDT")
    without = tuple(replace(asset, source=None) for asset in ASSETS)
    assert refused(make_tables, MARKETS, without, LEAVES, 1) == (Reason.NOT_APPLICABLE, "USDT")
    assert make_tables(MARKETS, without, replace(LEAVES, assets=())).lends is False


def test_a_leaf_that_is_not_in_the_round_is_refused() -> None:
    forged = market_tiers(7, MARKET_TIERS[0][0].contract, 6_600_000, -1_000_000, 1)[0]
    path = lead_up(0, LEAVES.markets[0].path.index, siblings_of(LEAVES.markets[0].path))
    leaves = replace(LEAVES, markets=(MarketLeaf(forged, path), *LEAVES.markets[1:]))
    assert refused(require_tables, HEADER, leaves) == (Reason.NOT_IN_TREE, "markets[0].levels[0]")
    moved = AssetLeaf(LEAVES.assets[1][0].tier, LEAVES.assets[1][1].path)
    leaves = replace(LEAVES, assets=(LEAVES.assets[0], (moved, *LEAVES.assets[1][1:]), LEAVES.assets[2]))
    assert refused(require_tables, HEADER, leaves) == (Reason.NOT_IN_TREE, "assets[1].tiers[0].levels[0]")
    assert refused(require_tables, replace(HEADER, price_root=5), LEAVES) == (Reason.NOT_IN_TREE, "markets[0].root")


@pytest.mark.parametrize("name", ["tables", "policy"])
def test_a_header_of_other_tables_is_refused(name: str) -> None:
    changes: dict[str, Any] = {name: 5}
    assert refused(require_tables, replace(HEADER, **changes), LEAVES) == (Reason.CONFLICTING_FIELDS, name)


# --- Documents ---------------------------------------------------------------------------------------


def test_a_tables_document_is_read_back() -> None:
    content = json.loads(render_tables(LEAVES))
    assert read_tables(content) == LEAVES
    assert require_tables(HEADER, read_tables(content)) == TABLES
    assert read_tables(json.loads(render_tables(RoundLeaves((), ())))) == RoundLeaves((), ())


@pytest.mark.parametrize(
    ("path", "value", "reason", "field"),
    [
        ("format", "other", Reason.NOT_A_CHOICE, "format"),
        ("extra", 1, Reason.UNKNOWN_FIELD, "extra"),
        ("assets", None, Reason.MISSING_FIELD, "assets"),
        ("assets", {}, Reason.NOT_A_LIST, "assets"),
        ("assets.0", 5, Reason.NOT_A_LIST, "assets[0].tiers"),
        ("assets.0.0.tier.rate", "1e9", Reason.NOT_AN_INTEGER, "assets[0].tiers[0].tier.rate"),
        ("markets.0.tier", None, Reason.MISSING_FIELD, "markets[0].tier.kind"),
        ("markets.0.tier.low_price", "007", Reason.NOT_AN_INTEGER, "markets[0].tier.low_price"),
        ("markets.0.tier.low_price", "0", Reason.OUT_OF_BOUNDS, "markets[0].tier.low_price"),
        ("markets.0.tier.funding_index", "-0", Reason.NOT_AN_INTEGER, "markets[0].tier.funding_index"),
        ("markets.0.tier.multiplier", "9" * 900, Reason.NOT_AN_INTEGER, "markets[0].tier.multiplier"),
        ("markets.0.tier.initial.basis", "other", Reason.NOT_A_CHOICE, "markets[0].tier.initial.basis"),
        ("markets.0.index", 4096, Reason.OUT_OF_BOUNDS, "markets[0].index"),
        ("markets.0.siblings", "", Reason.NOT_READABLE, "markets[0].siblings"),
        ("markets.0.siblings", 5, Reason.NOT_READABLE, "markets[0].siblings"),
        ("markets.0.siblings", "\u00e9" * 1196, Reason.NOT_READABLE, "markets[0].siblings"),
        ("markets.0.siblings", "/" * 1194 + "8=", Reason.OUT_OF_BOUNDS, "markets[0].siblings"),
        ("markets.0.siblings", "A" * 1194 + "B=", Reason.NOT_READABLE, "markets[0].siblings"),
    ],
)
def test_a_document_that_says_something_else_is_refused(path: str, value: object, reason: Reason, field: str) -> None:
    content = json.loads(render_tables(LEAVES))
    *outer, last = path.split(".")
    place = content
    for name in outer:
        place = place[int(name)] if name.isdecimal() else place[name]
    if value is None:
        del place[last]
    else:
        place[int(last) if last.isdecimal() else last] = value
    assert refused(read_tables, content) == (reason, field)


def test_siblings_lead_back_to_their_path() -> None:
    tree = Tree(3, range(1, 300))
    for index in (0, 7, 8, 299, 511):
        path = tree.path(index)
        again = lead_up(tree.leaf(index), index, siblings_of(path))
        assert again == path
        verify_path(again, tree.leaf(index), tree.root)
    assert ROUND.root == LEAVES.markets[0].path.root
