"""The venues' option rules: what they publish, to the last digit, and what must hold for any of them."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.black76 import SECONDS_PER_YEAR, EuropeanOption, compute_value
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.options import (
    DeriveRule,
    OptionKind,
    OptionLeg,
    OptionMarket,
    OptionRule,
    Reference,
    Settlement,
    compute_leg_margin,
    compute_structure_margin,
)
from margin.options.derive_account import (
    AccountMargin,
    DepegRule,
    DeriveMarketRule,
    Expiry,
    MarketHolding,
    OracleRule,
    Perpetual,
    compute_account_margin,
)
from margin.options.orders import OrderTerms, compute_option_fee, compute_order_margin
from margin.options.registry import OPTION_RULES, build_option_rule, list_parameters
from margin.payoff import Leg, LegKind, Measure, Structure, Unlimited, compute_max_loss

F = Fraction
HERE = Path(__file__).parent
PUBLISHED = tomllib.loads((HERE / "published_options.toml").read_text())
VECTORS = json.loads((HERE / "derive_vectors.json").read_text())["vectors"]
CHOICES = {"settlement": Settlement, "reference": Reference}


def read_rule(name: str) -> OptionRule:
    """A rule of the table, built as a policy would build it."""
    written = {key: value for key, value in PUBLISHED["rules"][name].items() if key not in {"family", "source"}}
    parameters = {
        key: CHOICES[key](value) if key in CHOICES else value if isinstance(value, bool) else F(value)
        for key, value in written.items()
    }
    return build_option_rule(PUBLISHED["rules"][name]["family"], parameters)


def read_leg(row: Mapping[str, Any]) -> OptionLeg:
    """The leg that a row describes."""
    premium = F(row["premium"]) if "premium" in row else None
    return OptionLeg(
        OptionKind(row["kind"]),
        Side[row["side"].upper()],
        F(row["quantity"]),
        F(row["strike"]),
        F(row["mark"]),
        premium,
    )


def read_market(row: Mapping[str, Any]) -> OptionMarket:
    """The market that a row describes."""
    return OptionMarket(F(row["spot"]), F(row["forward"]) if "forward" in row else None)


def rows(kind: str) -> pytest.MarkDecorator:
    """One test for each row of a table."""
    return pytest.mark.parametrize("row", PUBLISHED[kind], ids=lambda row: row["id"])


def assert_published(row: Mapping[str, Any], field: str, found: Fraction) -> None:
    """``found`` is what the venue prints: exactly, or to the digits that it prints."""
    if field in row:
        assert (round(found, row["digits"]) if "digits" in row else found) == F(row[field]), field


@rows("legs")
def test_published_legs(row: Mapping[str, Any]) -> None:
    margin = compute_leg_margin(read_rule(row["rule"]), read_leg(row), read_market(row))
    assert_published(row, "initial", margin.initial)
    assert_published(row, "maintenance", margin.maintenance)


@rows("expiries")
def test_published_expiries(row: Mapping[str, Any]) -> None:
    margin = compute_structure_margin(read_rule(row["rule"]), tuple(map(read_leg, row["legs"])), read_market(row))
    assert_published(row, "initial", margin.initial)
    assert_published(row, "maintenance", margin.maintenance)
    steps = {term.name.replace(" ", "_"): term.amount for term in margin.terms}
    assert_published(row, "isolated_initial", steps["isolated_initial"])
    assert_published(row, "isolated_maintenance", steps["isolated_maintenance"])


@rows("orders")
def test_published_orders(row: Mapping[str, Any]) -> None:
    terms = OrderTerms(F(row["fee_rate"]), F(row["fee_cap"]), F(row["minimum_share"]))
    rule, order, market = read_rule(row["rule"]), read_leg(row), read_market(row)
    assert_published(row, "fee", compute_option_fee(terms, rule, order, market))
    assert_published(row, "amount", compute_order_margin(rule, terms, order, market).amount)


DEPEG = DepegRule(F("0.98"), F("1.2"))
DERIVE = read_rule("derive")
assert isinstance(DERIVE, DeriveRule)
MARKET_RULE = DeriveMarketRule(
    DERIVE, F("0.065"), F("0.05"), F("0.1"), F(1), OracleRule(F("0.4"), F("0.4"), F("0.4"), F("0.4"))
)


def read_account(vector: Mapping[str, Any]) -> AccountMargin:
    """Evaluate a published account; marks come from Black-76, as they do at the venue."""
    holdings = tuple(map(read_holding, vector["markets"]))
    return compute_account_margin(F(vector["cash"]), holdings, DEPEG, F(vector["stable_price"]))


def read_holding(row: Mapping[str, Any]) -> MarketHolding:
    """One market of a published account."""
    perpetual = read_perpetual(row["perpetual"]) if "perpetual" in row else None
    expiries = tuple(map(read_expiry, row.get("expiries", ())))
    return MarketHolding(
        MARKET_RULE, F(row["spot"]), F(row["spot_confidence"]), F(row.get("coins", "0")), perpetual, expiries
    )


def read_perpetual(row: Mapping[str, Any]) -> Perpetual:
    """A published perpetual; funding is owed on the rise of the index since entry."""
    size = F(row["size"])
    funding = -size * (F(row["index_now"]) - F(row["index_at_entry"]))
    side = Side.LONG if size > 0 else Side.SHORT
    return Perpetual(side, abs(size), F(row["entry_price"]), F(row["mark"]), funding, F(row["confidence"]))


def read_expiry(row: Mapping[str, Any]) -> Expiry:
    """A published expiry, its options marked with Black-76."""
    legs = tuple(mark_leg(row, *leg) for leg in row["legs"])
    return Expiry(legs, F(row["forward"]), F(row["confidence"]))


def mark_leg(row: Mapping[str, Any], kind: str, held: str, strike: str, volatility: str) -> OptionLeg:
    """An option at its Black-76 mark."""
    years = row["seconds"] / SECONDS_PER_YEAR
    option = EuropeanOption(OptionKind(kind), float(row["forward"]), float(strike), years, float(volatility))
    side = Side.LONG if F(held) > 0 else Side.SHORT
    return OptionLeg(option.kind, side, abs(F(held)), F(strike), F(compute_value(option)))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_published_derive_accounts(vector: Mapping[str, Any]) -> None:
    account = read_account(vector)
    for found, published in (
        (account.initial_excess, vector["initial"]),
        (account.maintenance_excess, vector["maintenance"]),
        (account.market_value, vector["market_value"]),
    ):
        assert abs(found - F(published)) <= F(1, 10**12) * max(F(1), abs(F(published)))


def test_all_published_derive_accounts_are_here() -> None:
    assert [vector["id"] for vector in VECTORS] == [f"Test{number}" for number in range(1, 29)]


def test_derive_perpetual_excess_is_exact() -> None:
    perpetual = Perpetual(Side.LONG, F(1), F(1535), F(1505), F(10))
    account = compute_account_margin(F(0), (MarketHolding(MARKET_RULE, F(1500), perpetual=perpetual),), DEPEG)
    assert (account.maintenance_excess, account.initial_excess) == (F("-95.25"), F("-117.825"))


def test_derive_contingencies_are_initial_only_and_start_below_their_thresholds() -> None:
    short = OptionLeg(OptionKind.CALL, Side.SHORT, F(2), F(1500), F(80))
    whole = MarketHolding(MARKET_RULE, F(1500), expiries=(Expiry((short,), F(1500)),))
    plain = compute_account_margin(F(0), (whole,), DEPEG)
    at_threshold = compute_account_margin(F(0), (replace(whole, spot_confidence=F("0.4")),), DEPEG, F("0.98"))
    assert plain == at_threshold
    doubtful = compute_account_margin(F(0), (replace(whole, spot_confidence=F("0.3")),), DEPEG)
    assert plain.initial_excess - doubtful.initial_excess == F("0.7") * F("0.4") * 1500 * 2
    fallen = compute_account_margin(F(0), (whole,), DEPEG, F("0.9"))
    assert plain.initial_excess - fallen.initial_excess == F("0.08") * F("1.2") * 1500 * 2
    assert {doubtful.maintenance_excess, fallen.maintenance_excess} == {plain.maintenance_excess}


def test_deribit_forms_in_coins_and_in_dollars() -> None:
    coins = build_option_rule("deribit", deribit_parameters(Settlement.COIN))
    dollars = build_option_rule("deribit", deribit_parameters(Settlement.QUOTE))
    put = OptionLeg(OptionKind.PUT, Side.SHORT, F(3), F(21000), F("0.06"))
    in_coins = compute_leg_margin(coins, put, OptionMarket(F(20000)))
    assert (in_coins.initial, in_coins.maintenance) == (3 * F("0.21"), 3 * F("0.135"))
    in_dollars = compute_leg_margin(dollars, replace(put, mark=F("0.06") * 20000), OptionMarket(F(20000)))
    assert (in_dollars.initial, in_dollars.maintenance) == (20000 * in_coins.initial, 20000 * in_coins.maintenance)


def test_deribit_put_that_is_worth_many_coins_needs_its_maintenance_to_open() -> None:
    put = OptionLeg(OptionKind.PUT, Side.SHORT, F(1), F(60000), F(5))
    market = OptionMarket(F(10000), F(10000))
    covered = build_option_rule("deribit", deribit_parameters(Settlement.COIN))
    margin = compute_leg_margin(covered, put, market)
    assert margin.initial == margin.maintenance == F("5.375")
    bare = build_option_rule("deribit", deribit_parameters(Settlement.COIN, covers=False))
    assert compute_leg_margin(bare, put, market).initial == F("5.15")


def test_gate_put_floor_grows_with_its_mark() -> None:
    gate = build_option_rule("gate", {"share": F("0.15"), "floor_share": F("0.1"), "maintenance_share": F("0.075")})
    put = OptionLeg(OptionKind.PUT, Side.SHORT, F("0.02"), F(112000), F(700))
    margin = compute_leg_margin(gate, put, OptionMarket(F(115000)))
    assert margin.initial == F("0.02") * (max(F(11570), F(17250) - 3000) + 700)
    assert margin.maintenance == F("0.02") * (F("0.075") * 115700 + 700)
    deep = compute_leg_margin(gate, replace(put, strike=F(180000), mark=F(65000)), OptionMarket(F(115000)))
    assert deep.initial == F("0.02") * (18000 + 65000)


def test_paradex_caps_a_put_by_its_strike() -> None:
    put = OptionLeg(OptionKind.PUT, Side.SHORT, F(1), F(9), F(1))
    margin = compute_leg_margin(read_rule("paradex"), put, OptionMarket(F(100)))
    assert (margin.initial, margin.maintenance) == (F("4.5"), F("4.5"))
    call = replace(put, kind=OptionKind.CALL, strike=F(190))
    assert compute_leg_margin(read_rule("paradex"), call, OptionMarket(F(100))).initial == 10


def test_a_sellers_order_sets_aside_the_least_of_the_venue() -> None:
    terms = OrderTerms(F("0.0002"), F("0.125"), F("0.1"))
    dear = OptionLeg(OptionKind.CALL, Side.SHORT, F(10), F(6000), F("0.0575"), F("0.15"))
    order = compute_order_margin(read_rule("okx_tier_2"), terms, dear, OptionMarket(F(5900), F(5900)))
    assert order.amount == 1


def test_a_sellers_order_counts_the_premium_it_brings() -> None:
    order = OptionLeg(OptionKind.CALL, Side.SHORT, F(2), F(31000), F(300), F(350))
    terms = OrderTerms(F("0.0003"), F("0.125"), F(0))
    margin = compute_order_margin(read_rule("bybit"), terms, order, OptionMarket(F(30000)))
    assert margin.amount == 2 * (4500 - 1000 + 350) + 2 * 9 - 2 * 350


def deribit_parameters(settlement: Settlement, *, covers: bool = True) -> dict[str, object]:
    """Deribit's published shares."""
    return {
        "share": F("0.15"),
        "floor_share": F("0.1"),
        "maintenance_share": F("0.075"),
        "settlement": settlement,
        "put_initial_covers_maintenance": covers,
        "reference": Reference.SPOT,
        "scale": F(1),
    }


RULES: list[OptionRule] = [
    *(read_rule(name) for name in PUBLISHED["rules"]),
    build_option_rule("deribit", deribit_parameters(Settlement.QUOTE)),
    build_option_rule("gate", {"share": F("0.15"), "floor_share": F("0.1"), "maintenance_share": F("0.075")}),
]
amounts = st.fractions(1, 400, max_denominator=8)
option_legs = st.builds(
    OptionLeg,
    st.sampled_from(OptionKind),
    st.sampled_from(Side),
    st.integers(1, 5).map(Fraction),
    st.integers(20, 300).map(Fraction),
    st.fractions(0, 200, max_denominator=8),
    st.none() | amounts,
)
markets = amounts.map(lambda spot: OptionMarket(spot, spot * F(101, 100)))
any_rule = st.sampled_from(RULES)


@given(any_rule, option_legs, markets)
def test_initial_covers_maintenance_and_the_breakdown_ends_in_both(
    rule: OptionRule, leg: OptionLeg, market: OptionMarket
) -> None:
    margin = compute_leg_margin(rule, leg, market)
    if getattr(rule, "put_initial_covers_maintenance", True) or leg.is_call:
        assert margin.initial >= margin.maintenance >= 0
    last_two = [(term.name, term.amount) for term in margin.terms[-2:]]
    assert last_two == [("initial", margin.initial), ("maintenance", margin.maintenance)]


@given(any_rule, option_legs, markets, st.integers(1, 9))
def test_margin_is_proportional_to_quantity(rule: OptionRule, leg: OptionLeg, market: OptionMarket, times: int) -> None:
    one = compute_leg_margin(rule, leg, market)
    many = compute_leg_margin(rule, replace(leg, quantity=times * leg.quantity), market)
    assert (many.initial, many.maintenance) == (times * one.initial, times * one.maintenance)


@given(any_rule, option_legs, markets, st.fractions(0, 20, max_denominator=4))
def test_a_dearer_option_never_needs_less(
    rule: OptionRule, leg: OptionLeg, market: OptionMarket, rise: Fraction
) -> None:
    before = compute_leg_margin(rule, leg, market)
    after = compute_leg_margin(rule, replace(leg, mark=leg.mark + rise), market)
    assert after.initial >= before.initial
    assert after.maintenance >= before.maintenance


@given(any_rule, option_legs, markets, st.fractions(F(1, 50), 50, max_denominator=50))
def test_rules_do_not_depend_on_the_money_unit(
    rule: OptionRule, leg: OptionLeg, market: OptionMarket, unit: Fraction
) -> None:
    if rule.settlement is Settlement.QUOTE:
        one = compute_leg_margin(rule, leg, market)
        premium = None if leg.premium is None else unit * leg.premium
        scaled_leg = replace(leg, strike=unit * leg.strike, mark=unit * leg.mark, premium=premium)
        assert market.forward is not None
        scaled = compute_leg_margin(rule, scaled_leg, OptionMarket(unit * market.spot, unit * market.forward))
        assert (scaled.initial, scaled.maintenance) == (unit * one.initial, unit * one.maintenance)


@given(st.lists(option_legs, min_size=1, max_size=6).map(tuple), markets)
def test_derive_takes_the_lesser_and_a_bounded_expiry_never_needs_more_than_it_can_lose(
    legs: tuple[OptionLeg, ...], market: OptionMarket
) -> None:
    margin = compute_structure_margin(DERIVE, legs, market)
    assert 0 <= margin.maintenance <= margin.initial <= sum(leg.initial for leg in margin.legs)
    loss = compute_max_loss(Structure(tuple(leg.as_payoff_leg() for leg in legs)), Measure.PAYOFF)
    if isinstance(loss, Unlimited):
        assert sum(leg.signed_quantity for leg in legs if leg.is_call) == -loss.slope
    else:
        assert margin.initial <= loss


@given(st.lists(option_legs, min_size=1, max_size=4).map(tuple), markets, any_rule)
def test_without_relief_a_structure_is_the_sum_of_its_legs(
    legs: tuple[OptionLeg, ...], market: OptionMarket, rule: OptionRule
) -> None:
    whole = compute_structure_margin(rule, legs, market)
    if not isinstance(rule, DeriveRule):
        assert whole.initial == sum(compute_leg_margin(rule, leg, market).initial for leg in legs)
        assert whole.maintenance == sum(compute_leg_margin(rule, leg, market).maintenance for leg in legs)


def test_registry_names_every_family_and_its_parameters() -> None:
    assert sorted(OPTION_RULES) == ["bybit", "deribit", "derive", "gate", "paradex"]
    for family in OPTION_RULES.values():
        assert list_parameters(family) == tuple(field.name for field in fields(family))


BYBIT = {"share": F("0.15"), "floor_share": F("0.1"), "maintenance_share": F("0.03"), "liquidation_fee": F("0.002")}


@pytest.mark.parametrize(
    ("name", "parameters", "field", "reason"),
    [
        ("kraken", {}, "rule", Reason.NOT_A_CHOICE),
        ("bybit", BYBIT | {"fee": F(0)}, "fee", Reason.UNKNOWN_FIELD),
        ("bybit", {key: BYBIT[key] for key in ("share", "floor_share")}, "maintenance_share",
         Reason.MISSING_FIELD),
        ("bybit", BYBIT | {"share": F("1.01")}, "share", Reason.OUT_OF_BOUNDS),
        ("bybit", BYBIT | {"share": 0.15}, "share", Reason.NOT_A_DECIMAL),
        ("bybit", BYBIT | {"floor_share": F("0.2")}, "floor_share", Reason.OUT_OF_BOUNDS),
        ("bybit", BYBIT | {"maintenance_share": F("0.11")}, "maintenance_share", Reason.OUT_OF_BOUNDS),
        ("deribit", deribit_parameters(Settlement.COIN) | {"scale": F("0.9")}, "scale",
         Reason.OUT_OF_BOUNDS),
        ("deribit", deribit_parameters(Settlement.COIN) | {"settlement": "coin"}, "settlement",
         Reason.NOT_A_CHOICE),
        ("deribit", deribit_parameters(Settlement.COIN) | {"put_initial_covers_maintenance": 1},
         "put_initial_covers_maintenance", Reason.NOT_A_CHOICE),
    ],
)  # fmt: skip
def test_bad_parameters_are_named(name: str, parameters: dict[str, object], field: str, reason: Reason) -> None:
    with pytest.raises(MalformedError) as refusal:
        build_option_rule(name, parameters)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_what_a_rule_can_not_do_without_is_asked_for() -> None:
    short = OptionLeg(OptionKind.CALL, Side.SHORT, F(1), F(100), F(1))
    with pytest.raises(MalformedError, match="forward"):
        compute_structure_margin(DERIVE, (short,), OptionMarket(F(100)))
    with pytest.raises(MalformedError, match="forward"):
        compute_leg_margin(read_rule("okx_tier_2"), short, OptionMarket(F(100)))
    with pytest.raises(MalformedError, match="premium"):
        compute_order_margin(DERIVE, OrderTerms(F(0), F(0), F(0)), short, OptionMarket(F(100)))
    with pytest.raises(MalformedError, match="legs"):
        compute_structure_margin(DERIVE, (), OptionMarket(F(100)))


def test_a_leg_as_payoff_keeps_its_terms() -> None:
    leg = OptionLeg(OptionKind.PUT, Side.SHORT, F(2), F(90), F(3), F(4)).as_payoff_leg()
    assert leg == Leg(LegKind.PUT, Side.SHORT, F(2), F(90), F(4))
