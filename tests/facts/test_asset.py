"""A haircut tier's leaf counts exactly what ``margin`` counts, of the asset as leaves express it."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.asset import AssetTier, quantise_asset, quantise_asset_tiers, read_asset
from margin.basket import Asset, HaircutTier
from margin.errors import Reason
from tests.facts.leaf_arithmetic import value_in
from tests.facts.refusals import refused
from tests.margin.strategies import SeededChooser, choose_asset

WEI = Fraction(1, 10**12)
ETHER = Asset(
    price=2500,
    confidence=7,
    unit_value=WEI,
    haircuts=(
        HaircutTier(Fraction(0), Fraction(1, 30)),
        HaircutTier(Fraction(3 * 10**9 + 1, 2), Fraction(1, 10)),
        HaircutTier(Fraction(10**12), Fraction(1)),
    ),
)


def make_tiers(asset: Asset) -> tuple[AssetTier, ...]:
    return quantise_asset_tiers(asset, asset_id=1, currency_id=1)


def check_value(asset: Asset, amount: int) -> None:
    """Exactly one leaf answers, with what the rounded asset counts for, and never more than the asset itself."""
    (answer,) = [found for tier in make_tiers(asset) if (found := value_in(tier, amount)) is not None]
    assert answer == quantise_asset(asset).value(amount)
    assert answer <= asset.value(amount)


@given(st.integers(0, 10**22))
def test_ether_counts_exactly(amount: int) -> None:
    check_value(ETHER, amount)


def test_random_assets_count_exactly_around_every_floor() -> None:
    choose = SeededChooser(0)
    for _ in range(300):
        asset = choose_asset(choose)
        rounded = quantise_asset(asset)
        for tier in rounded.haircuts:
            there = int(tier.floor / rounded.unit_value)
            for amount in (there - 1, there, there + 1, choose.integer(0, 2 * there + 100)):
                check_value(asset, max(0, amount))


def test_numbers_are_rounded_against_the_trader() -> None:
    first, second, last = make_tiers(ETHER)
    assert first.rate == 2493 * 10**6
    assert [tier.haircut_ppm for tier in (first, second, last)] == [33_334, 100_000, 10**6]
    assert [tier.floor for tier in (first, second, last)] == [0, 15 * 10**8, 10**12]
    assert [tier.ceiling for tier in (first, second, last)] == [15 * 10**8, 10**12, 2**100]
    assert first.add_back == 0
    assert second.add_back == 15 * 10**8 * (100_000 - 33_334)
    assert last.add_back == second.add_back + 10**12 * 900_000


def test_leaves_say_the_asset_that_they_were_made_of() -> None:
    choose = SeededChooser(1)
    for asset in (ETHER, *(choose_asset(choose) for _ in range(100))):
        rounded = quantise_asset(asset)
        assert read_asset(make_tiers(asset)[::-1]) == rounded


def test_rounding_twice_is_rounding_once() -> None:
    assert quantise_asset(quantise_asset(ETHER)) == quantise_asset(ETHER)


@pytest.mark.parametrize("unit_value", [Fraction(1, 10**22), Fraction(2**100, 10**18)])
def test_a_rate_that_no_leaf_holds_is_refused(unit_value: Fraction) -> None:
    assert refused(quantise_asset, replace(ETHER, unit_value=unit_value)) == (Reason.NOT_APPLICABLE, "unit_value")


def test_floors_that_fall_together_are_refused() -> None:
    haircuts = (HaircutTier(Fraction(0), Fraction(0)), HaircutTier(Fraction(1, 2), Fraction(1, 2)))
    assert refused(quantise_asset, replace(ETHER, haircuts=haircuts)) == (Reason.TIERS_UNSORTED, "haircuts[1]")


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("asset", 2**254),
        ("currency_id", 0),
        ("rate", 0),
        ("rate", 2**100),
        ("haircut_ppm", 10**6 + 1),
        ("add_back", 2**120),
        ("floor", -1),
        ("ceiling", 0),
    ],
)
def test_the_bounds_of_a_leaf(field: str, bad: int) -> None:
    assert refused(replace, make_tiers(ETHER)[0], **{field: bad}) == (Reason.OUT_OF_BOUNDS, field)
