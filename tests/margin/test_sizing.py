"""The greatest size, the least collateral and the leverage limit are exactly that."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.basket import Asset, HaircutTier, Holding
from margin.bounds import MAX_MONEY
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from margin.sizing import (
    compute_leverage_limit,
    compute_maximum_size,
    compute_minimum_cash,
    compute_minimum_equity,
    is_openable,
    tabulate_leverage_limits,
)
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from tests.margin.strategies import Case, SeededChooser, choose_case, common_cases

HAIR = Fraction(1, 10**9)
BEYOND = 15
"""How many sizes above the greatest are tried."""

COINEX = (
    (0, "0.005", 100),
    (20, "0.01", 50),
    (50, "0.015", 30),
    (100, "0.02", 20),
    (200, "0.025", 15),
    (500, "0.03", 10),
)
"""CoinEx BTCUSDT: floor in coins, maintenance rate, greatest leverage; the last tier ends at 1,000."""


def step_policy(rows: tuple[tuple[int, str, int], ...], cap: int | None) -> MarketPolicy:
    tiers = tuple(Tier(Fraction(low), Fraction(1, most), Fraction(rate), Fraction(most)) for low, rate, most in rows)
    limit = None if cap is None else Fraction(cap)
    table = TierTable(tiers, TierRule.STEP, TierRule.STEP, TierMeasure.SIZE, limit)
    return MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.MARK, Basis.MARK)


# --- Maximum size -------------------------------------------------------------------------------


def openings(case: Case, number: int) -> tuple[Fraction, Fraction]:
    """Cash for some tens of lots, and a price near the mark."""
    price = case.market.mark * Fraction((100, 99, 101, 100, 60, 140)[number % 6], 100)
    return Fraction(number % 40) * case.policy.contract.lot_value(case.market.mark) * Fraction(number % 7, 8), price


def position_of(case: Case, size: int, cash: Fraction, price: Fraction) -> Position:
    held = case.position
    entry = size * case.policy.contract.lot_value(price)
    return Position(held.side, size, entry, cash, case.market.funding_index, held.leverage, held.basket)


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_size_up_to_the_greatest_opens_and_none_above_it(count: int) -> None:
    bounded, refused = 0, 0
    for number, case in enumerate(common_cases(count)):
        cash, price = openings(case, number)
        held = case.position
        greatest = compute_maximum_size(
            case.policy, held.side, case.market, cash=cash, price=price, leverage=held.leverage, basket=held.basket
        )
        if greatest > 400:
            continue
        bounded += greatest > 0
        refused += greatest == 0
        for size in range(1, greatest + BEYOND):
            opens = is_openable(case.policy, position_of(case, size, cash, price), case.market)
            assert opens is (size <= greatest), (size, greatest)
    assert bounded >= count // 4
    assert refused >= count // 10


def test_the_greatest_size_by_hand() -> None:
    """CoinEx at 100 a coin asks 1 a coin up to 20 and 2 for each of more: 40 of cash opens 20, 42 opens 21."""
    policy, market = step_policy(COINEX, 1000), MarketState(Fraction(100))

    def greatest(cash: int, leverage: int | None = None) -> int:
        chosen = None if leverage is None else Fraction(leverage)
        return compute_maximum_size(
            policy, Side.LONG, market, cash=Fraction(cash), price=Fraction(100), leverage=chosen
        )

    assert greatest(0) == 0
    assert greatest(15) == 15
    assert greatest(40) == 20
    assert greatest(42) == 21
    assert greatest(10**6) == 1000
    assert greatest(10**6, leverage=50) == 50
    assert greatest(10**6, leverage=51) == 20
    assert greatest(10**6, leverage=101) == 0
    assert greatest(600, leverage=20) == 120


def test_a_price_worse_than_the_mark_costs_size() -> None:
    policy, market = step_policy(((0, "0.05", 10),), None), MarketState(Fraction(100))
    sizes = [
        compute_maximum_size(policy, Side.SHORT, market, cash=Fraction(1000), price=Fraction(price))
        for price in (110, 101, 100, 99, 90)
    ]
    assert sizes[1:] == [111, 100, 90, 50]
    assert sizes[0] == 2**64 - 1


def test_a_basket_opens_what_it_counts_for() -> None:
    asset = Asset(100, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(1, 2)),))
    market = MarketState(Fraction(100), assets={"COIN": asset})
    policy, basket = step_policy(((0, "0.05", 10),), None), (Holding("COIN", 3),)
    assert compute_maximum_size(policy, Side.LONG, market, cash=Fraction(0), price=Fraction(100), basket=basket) == 15


@pytest.mark.parametrize("price", [1, 100, 2**63])
@pytest.mark.parametrize("kind", ContractKind)
@pytest.mark.parametrize("fee_basis", FeeBasis)
def test_no_size_leaves_the_bounds(kind: ContractKind, price: int, fee_basis: FeeBasis) -> None:
    """At the highest rates that there are, and with up to all the money that there may be."""
    table = TierTable((Tier(Fraction(0), Fraction(1), Fraction(1)),), TierRule.STEP, TierRule.STEP)
    policy = MarketPolicy(
        Contract(kind, 2**63),
        table,
        Basis.MARK,
        Basis.MARK,
        closing_fee_rate=Fraction(1),
        closing_fee_basis=fee_basis,
        closing_fee_scope=FeeScope.BOTH,
        slippage_rate=Fraction(1),
    )
    for cash in (Fraction(MAX_MONEY), Fraction(MAX_MONEY // 8)):
        for side in Side:
            greatest = compute_maximum_size(
                policy, side, MarketState(Fraction(price)), cash=cash, price=Fraction(price) * 2
            )
            assert 0 <= greatest < 2**64


def test_cash_for_an_opening_is_not_negative() -> None:
    with pytest.raises(MalformedError):
        compute_maximum_size(
            step_policy(COINEX, None), Side.LONG, MarketState(Fraction(100)), cash=Fraction(-1), price=Fraction(100)
        )


def test_a_partial_table_gives_no_size_below_its_start() -> None:
    policy, market = step_policy(((20, "0.01", 50),), None), MarketState(Fraction(100))
    assert compute_maximum_size(policy, Side.LONG, market, cash=Fraction(42), price=Fraction(100)) == 21
    with pytest.raises(MisuseError) as caught:
        compute_maximum_size(policy, Side.LONG, market, cash=Fraction(41), price=Fraction(100))
    assert caught.value.reason is Reason.OUTSIDE_TABLE


def test_the_start_of_a_partial_table_is_measured_as_the_initial_requirement_is() -> None:
    """From an entry notional above 1,000 on, 11 lots at 100; at the mark of 90 those are only 990."""
    tier = Tier(Fraction(1000), Fraction("0.1"), Fraction("0.05"))
    table = TierTable((tier,), TierRule.STEP, TierRule.STEP)
    policy = MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.MARK, Basis.ENTRY)
    market = MarketState(Fraction(90))
    assert compute_maximum_size(policy, Side.LONG, market, cash=Fraction(220), price=Fraction(100)) == 11


def test_sizes_of_partial_tables_have_no_gap_either() -> None:
    choose, checked = SeededChooser(72), 0
    for number in range(150):
        try:
            case = choose_case(choose, partial_tables=True)
        except MisuseError:
            continue
        if case.policy.table.floors[0] == 0:
            continue
        cash, price = openings(case, number)
        try:
            greatest = compute_maximum_size(case.policy, case.position.side, case.market, cash=cash, price=price)
        except MisuseError:
            continue
        if greatest > 400:
            continue
        checked += 1
        for size in range(1, greatest + BEYOND):
            plain = replace(position_of(case, size, cash, price), leverage=None, basket=())
            try:
                assert is_openable(case.policy, plain, case.market) is (size <= greatest)
            except MisuseError:
                assert size < greatest
    assert checked >= 5


# --- Minimum collateral -------------------------------------------------------------------------


def test_the_least_cash_meets_the_requirement_and_a_hair_less_does_not() -> None:
    for case in common_cases(200):
        for kind in RequirementKind:
            least = compute_minimum_cash(case.policy, case.position, case.market, kind)
            assert least is not None
            assert case.with_cash(least).excess(kind) == 0
            assert case.with_cash(least - HAIR).excess(kind) < 0
            needed = compute_minimum_equity(case.policy, case.position, case.market, kind)
            assert case.with_cash(least).equity() == needed


def test_no_equity_pays_a_fee_of_everything() -> None:
    """At 100 % a short's bankruptcy notional grows by what is paid in, and the fee with it."""
    policy = replace(
        step_policy(((0, "0.05", 10),), None),
        closing_fee_rate=Fraction(1),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
        closing_fee_scope=FeeScope.BOTH,
    )
    short = Position(Side.SHORT, 1, Fraction(100), Fraction(10**6))
    market = MarketState(Fraction(100))
    for kind in RequirementKind:
        assert compute_minimum_cash(policy, short, market, kind) is None
        assert compute_minimum_cash(policy, replace(short, side=Side.LONG), market, kind) is not None


# --- Leverage -----------------------------------------------------------------------------------


def test_leverage_limits_are_those_of_the_table() -> None:
    limits = tabulate_leverage_limits(step_policy(COINEX, 1000))
    assert [(int(limit.low), int(limit.leverage)) for limit in limits] == [(low, most) for low, _, most in COINEX]
    assert [limit.high for limit in limits] == [20, 50, 100, 200, 500, 1000]


@pytest.mark.parametrize(
    ("size", "leverage"), [(1, 100), (20, 100), (21, 50), (50, 50), (51, 30), (500, 15), (501, 10), (1000, 10)]
)
def test_the_leverage_limit_falls_at_each_floor(size: int, leverage: int) -> None:
    assert compute_leverage_limit(step_policy(COINEX, 1000), size, Fraction(100)) == leverage


def test_a_size_beyond_the_cap_has_no_leverage() -> None:
    with pytest.raises(RejectedError) as caught:
        compute_leverage_limit(step_policy(COINEX, 1000), 1001, Fraction(100))
    assert caught.value.reason is Reason.POSITION_TOO_LARGE


def test_without_a_published_limit_the_table_itself_is_one() -> None:
    tiers = (
        Tier(Fraction(0), Fraction("0.1"), Fraction("0.05")),
        Tier(Fraction(1000), Fraction("0.2"), Fraction("0.1")),
    )
    table = TierTable(tiers, TierRule.MARGINAL, TierRule.MARGINAL)
    policy = MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.MARK, Basis.MARK)
    assert compute_leverage_limit(policy, 10, Fraction(100)) == 10
    assert compute_leverage_limit(policy, 20, Fraction(100)) == Fraction(2000, 300)
    assert [limit.leverage for limit in tabulate_leverage_limits(policy)] == [10, 5]
