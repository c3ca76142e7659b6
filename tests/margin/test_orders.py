"""Resting orders reserve what their fill would need, the worse side counts, and offsetting orders reserve nothing."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import floor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, Reason, RejectedError
from margin.orders import (
    Order,
    OrderPricing,
    OrderTerms,
    RestingOrders,
    TurnRule,
    compute_order_margin,
    expose,
    require_order_margin,
)
from margin.policy import Basis, FeeBasis, MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierRule, TierTable
from tests.margin.strategies import Case, bulk_cases

PUBLISHED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "published_orders.toml").read_text("utf-8"))
INITIAL = RequirementKind.INITIAL
ALL_TERMS = tuple(OrderTerms(*choice) for choice in product(OrderPricing, TurnRule, (False, True)))
BINANCE = OrderTerms(OrderPricing.LIMIT, TurnRule.NETTED, open_loss=True)
VEGA_ISOLATED = OrderTerms(OrderPricing.LIMIT, TurnRule.SEPARATE, open_loss=False)
VEGA_CROSS = OrderTerms(OrderPricing.MARK, TurnRule.NETTED, open_loss=False)


def policy_of(rate: str, **choices: Any) -> MarketPolicy:  # noqa: ANN401 - any field of a policy
    tier = Tier(Fraction(0), Fraction(rate), Fraction(rate) / 2, max_leverage=Fraction(20), amount=None)
    table = TierTable((tier,), TierRule.STEP, TierRule.STEP, cap=choices.pop("cap", None))
    return MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.MARK, Basis.MARK, **choices)


def signed_position(lots: int, price: int, leverage: Fraction | None = None) -> Position:
    side = Side.LONG if lots > 0 else Side.SHORT
    return Position(side, abs(lots), Fraction(abs(lots) * price), Fraction(0), leverage=leverage)


def signed_order(lots: int, price: Fraction | int) -> Order:
    return Order(Side.LONG if lots > 0 else Side.SHORT, abs(lots), Fraction(price))


# --- Published ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_binance_reserves_initial_margin_and_open_loss(side: Side) -> None:
    """One lot is one coin and a money unit is a cent."""
    row = PUBLISHED["binance"]
    order = Order(side, 1, Fraction(row["order_price"]) * 100)
    resting = RestingOrders((order,), BINANCE, leverage=Fraction(row["leverage"]))
    found = compute_order_margin(policy_of("0.01"), None, MarketState(Fraction(row["mark"]) * 100), resting)
    assert found.side is side
    assert floor(found.exposure_requirement) == Fraction(row["initial_margin"]) * 100
    assert found.open_loss == Fraction(row[f"open_loss_{side.name.lower()}"]) * 100
    assert found.total == found.exposure_requirement + found.open_loss


@pytest.mark.parametrize("row", PUBLISHED["vega_isolated"], ids=lambda row: row["name"])
def test_vega_reserves_limit_price_times_size_of_what_does_not_offset(row: dict[str, Any]) -> None:
    position = signed_position(row["position"], row["mark"], leverage=1 / Fraction(row["margin_factor"]))
    resting = RestingOrders(tuple(signed_order(*order) for order in row["orders"]), VEGA_ISOLATED)
    found = compute_order_margin(policy_of("0.1"), position, MarketState(Fraction(row["mark"])), resting)
    assert found.margin == Fraction(row["margin"])


def test_vega_takes_the_riskiest_exposure_at_the_mark() -> None:
    row = PUBLISHED["vega_cross"]
    orders = (signed_order(row["buys"], row["mark"]), signed_order(-row["sells"], row["mark"]))
    position = signed_position(row["position"], row["mark"])
    resting = RestingOrders(orders, VEGA_CROSS)
    found = compute_order_margin(policy_of(row["risk_factor"]), position, MarketState(Fraction(row["mark"])), resting)
    assert found.side is Side.LONG
    assert found.margin == Fraction(row["order_margin"])


# --- Exposure -----------------------------------------------------------------------------------


@given(
    st.integers(-20, 20),
    st.lists(st.tuples(st.integers(-15, 15).filter(bool), st.integers(1, 9)), max_size=6),
)
def test_an_exposure_is_what_filling_one_lot_after_another_leaves(held: int, lots: list[tuple[int, int]]) -> None:
    orders = [signed_order(*each) for each in lots]
    for side in Side:
        fills = sorted(
            (price for size, price in lots if size * side.sign > 0 for _ in range(abs(size))),
            key=lambda p: -side.sign * p,
        )
        against = max(0, -held * side.sign)
        exposure = expose(signed_position(held, 5) if held else None, orders, side)
        assert [order.price for order in exposure.added for _ in range(order.lots)] == fills[against:]
        assert exposure.size == max(0, held * side.sign) + len(fills[against:])


# --- Properties on random positions -------------------------------------------------------------


def ordered_cases(count: int, seed: int) -> Iterator[tuple[Case, tuple[Order, ...]]]:
    """Cases with some orders on both sides, around the mark, and no fee that depends on the equity."""
    for number, plain in enumerate(bulk_cases(count, seed=seed)):
        basis = (
            FeeBasis.MARK if plain.policy.closing_fee_basis is FeeBasis.BANKRUPTCY else plain.policy.closing_fee_basis
        )
        case = replace(plain, policy=replace(plain.policy, closing_fee_basis=basis))
        yield (
            case,
            tuple(
                Order(side, 1 + (number * step) % 17, case.market.mark * (94 + (number * step) % 13) / 100)
                for step, side in ((1, Side.LONG), (2, Side.SHORT), (3, Side.LONG), (5, Side.SHORT))
            ),
        )


def test_the_worse_side_counts_in_any_order_of_the_orders() -> None:
    for number, (case, orders) in enumerate(ordered_cases(100, seed=61)):
        terms = ALL_TERMS[number % len(ALL_TERMS)]

        def margin(some: tuple[Order, ...], case: Case = case, terms: OrderTerms = terms) -> Fraction:
            resting = RestingOrders(some, terms)
            return compute_order_margin(case.policy, case.position, case.market, resting).margin

        sides = [margin(tuple(order for order in orders if order.side is side)) for side in Side]
        assert margin(orders) == margin(orders[::-1]) == max(sides)
        assert margin(orders[:1]) <= margin(orders[:3])


def test_offsetting_orders_reserve_nothing() -> None:
    for number, (case, _) in enumerate(ordered_cases(150, seed=62)):
        order = Order(case.position.side.opposite, 1 + number % case.position.size, case.market.mark)
        resting = RestingOrders((order,), ALL_TERMS[number % len(ALL_TERMS)])
        found = compute_order_margin(case.policy, case.position, case.market, resting)
        assert found.margin == 0
        assert found.total == case.requirement(INITIAL)


def filled(case: Case, orders: tuple[Order, ...]) -> Case:
    """The case with its own side's orders filled at their prices."""
    own = [order for order in orders if order.side is case.position.side]
    opened = sum(order.lots * case.policy.contract.lot_value(order.price) for order in own)
    position = replace(
        case.position,
        size=case.position.size + sum(order.lots for order in own),
        entry_notional=case.position.entry_notional + opened,
        cash=case.position.cash - case.equity_parts().funding_owed,
        funding_index=case.market.funding_index,
    )
    return replace(case, position=position)


@pytest.mark.parametrize(
    ("basis", "pricing"), [(Basis.MARK, OrderPricing.MARK), (Basis.ENTRY, OrderPricing.LIMIT)], ids=["mark", "entry"]
)
def test_what_is_reserved_is_enough_when_all_orders_fill(basis: Basis, pricing: OrderPricing) -> None:
    terms, tight = OrderTerms(pricing, TurnRule.NETTED, open_loss=True), 0
    for plain, both in ordered_cases(150, seed=63):
        orders = tuple(order for order in both if order.side is plain.position.side)
        fee_basis = FeeBasis.MARK if basis is Basis.MARK else FeeBasis.ENTRY
        case = replace(plain, policy=replace(plain.policy, initial_basis=basis, closing_fee_basis=fee_basis))
        found = compute_order_margin(case.policy, case.position, case.market, RestingOrders(orders, terms))
        after = filled(case.with_excess(INITIAL, found.margin), orders).excess(INITIAL)
        assert after >= 0
        contract, mark = case.policy.contract, case.market.price_for(case.position.side, case.policy.price_rule)
        gains = [
            contract.pnl(case.position.side, contract.lot_value(o.price), contract.lot_value(mark)) for o in orders
        ]
        if max(gains) <= 0:
            tight += 1
            assert after == 0
    assert tight >= 15


def test_position_and_orders_must_be_covered_to_the_hair() -> None:
    for number, (case, orders) in enumerate(ordered_cases(150, seed=64)):
        table = replace(
            case.policy.table, cap=None, tiers=tuple(replace(t, max_leverage=None) for t in case.policy.table.tiers)
        )
        policy = replace(case.policy, table=table)
        resting = RestingOrders(orders, ALL_TERMS[number % len(ALL_TERMS)])
        needed = compute_order_margin(policy, case.position, case.market, resting)
        assert require_order_margin(policy, case.position, case.market, resting, needed.total) == needed
        with pytest.raises(RejectedError) as caught:
            require_order_margin(policy, case.position, case.market, resting, needed.total - Fraction(1, 8))
        assert caught.value.expected == "0.125 more, for position and orders"


@pytest.mark.parametrize(
    ("leverage", "lots", "reason"),
    [(Fraction(21), 1, Reason.LEVERAGE_TOO_HIGH), (None, 6, Reason.POSITION_TOO_LARGE)],
    ids=["leverage", "cap"],
)
def test_orders_that_could_break_a_limit_are_refused(leverage: Fraction | None, lots: int, reason: Reason) -> None:
    policy, position = policy_of("0.05", cap=Fraction(1000)), signed_position(5, 100, leverage)
    resting = RestingOrders((signed_order(lots, 100),), BINANCE)
    with pytest.raises(RejectedError) as caught:
        require_order_margin(policy, position, MarketState(Fraction(100)), resting, Fraction(10**6))
    assert caught.value.reason is reason
    smaller = RestingOrders((signed_order(5, 100),), BINANCE)
    require_order_margin(policy, signed_position(5, 100), MarketState(Fraction(100)), smaller, Fraction(50))


@settings(max_examples=30)
@given(st.integers(-3, 0))
def test_orders_have_lots_and_a_price(number: int) -> None:
    with pytest.raises(MalformedError):
        Order(Side.LONG, number, Fraction(1))
    with pytest.raises(MalformedError):
        Order(Side.LONG, 1, Fraction(number))
