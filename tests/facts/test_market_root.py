"""One tree of markets, assets and instruments; one answer to each question."""

from dataclasses import replace
from fractions import Fraction

import pytest

from facts.asset import quantise_asset_tiers
from facts.instrument import quantise_instrument
from facts.market import quantise_market
from facts.market_root import Fact, MarketTree, commit_fact
from facts.tree import verify_path
from margin.basket import Asset, HaircutTier
from margin.documents.published import load_policy
from margin.errors import Reason
from margin.position import MarketState
from margin.scenarios import Instrument
from tests.facts.refusals import refused

MARKET = quantise_market(
    load_policy("binance-usdm").market("BTCUSDT").policy,
    MarketState(Fraction(10**7)),
    market_id=3,
    currency_id=1,
    policy_hash=1,
)
HAIRCUTS = (HaircutTier(Fraction(0), Fraction(1, 10)), HaircutTier(Fraction(1000), Fraction(1, 2)))
ASSET = quantise_asset_tiers(Asset(100, 1, Fraction(1, 10), HAIRCUTS), asset_id=8, currency_id=1)
INSTRUMENT = quantise_instrument(Instrument("a future", (5,) * 16), instrument_id=4, currency_id=1)
FACTS: tuple[Fact, ...] = (*MARKET, *ASSET, INSTRUMENT)
TREE = MarketTree(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_every_fact_is_a_leaf_of_the_one_tree(fact: Fact) -> None:
    path = TREE.path(fact)
    assert len(path.levels) == 4
    verify_path(path, commit_fact(fact), TREE.root)


def test_a_market_tier_is_found_by_its_notional() -> None:
    for below, tier in zip((None, *MARKET), MARKET, strict=False):
        assert TREE.market_tier(3, Fraction(tier.ceiling)) == tier
        assert TREE.market_tier(3, Fraction(tier.floor) + Fraction(1, 2)) == tier
        if below is not None:
            assert TREE.market_tier(3, Fraction(tier.floor)) == below
    assert refused(TREE.market_tier, 4, Fraction(1)) == (Reason.UNKNOWN_MARKET, "market")
    assert refused(TREE.market_tier, 3, Fraction(2**100 + 1)) == (Reason.OUTSIDE_TABLE, "market")


def test_an_asset_tier_is_found_by_its_amount() -> None:
    low, high = ASSET
    assert [TREE.asset_tier(8, 1, amount) for amount in (0, 1, 101, 102, 10**9)] == [low, low, low, high, high]
    assert refused(TREE.asset_tier, 9, 1, 5) == (Reason.UNKNOWN_ASSET, "asset")
    assert refused(TREE.asset_tier, 8, 2, 5) == (Reason.UNKNOWN_ASSET, "asset")


def test_an_instrument_is_found_by_its_number() -> None:
    assert TREE.instrument(4) == INSTRUMENT
    assert refused(TREE.instrument, 5) == (Reason.UNKNOWN_INSTRUMENT, "instrument")


@pytest.mark.parametrize("place", range(len(FACTS)))
def test_two_facts_for_one_question_are_refused(place: int) -> None:
    reason, _ = refused(MarketTree, (*FACTS, FACTS[place]))
    assert reason is Reason.DUPLICATE_FIELD


def test_tiers_that_overlap_are_refused() -> None:
    wider = replace(MARKET[0], ceiling=MARKET[0].ceiling + 1)
    assert refused(MarketTree, (wider, *MARKET[1:])) == (Reason.DUPLICATE_FIELD, "facts[1]")
    assert MarketTree((*MARKET, replace(wider, market_id=9))).root != TREE.root


def test_a_fact_of_another_round_has_no_path() -> None:
    assert refused(TREE.path, replace(MARKET[0], funding_index=1)) == (Reason.NOT_IN_TREE, "fact")


def test_there_is_room_for_a_whole_round() -> None:
    assert refused(MarketTree, FACTS, 1) == (Reason.OUT_OF_BOUNDS, "index")
