"""Liquidation and bankruptcy prices hold exactly what their words say, on every combination of rules."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given

from margin.contracts import Contract, ContractKind, Side
from margin.errors import MisuseError, Reason
from margin.liquidation import (
    LiquidationCause,
    compute_bankruptcy_price,
    compute_closeout,
    compute_liquidation_price,
    is_liquidatable,
)
from margin.policy import Basis, MarketPolicy, PriceRule
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind, compute_requirement
from margin.tiers import Tier, TierRule, TierTable
from tests.margin.strategies import Case, Standing, bulk_cases, cases, common_cases

MAINTENANCE = RequirementKind.MAINTENANCE
HAIR = Fraction(1, 10**15)
"""Less than the distance between any two floors, roots or marks of a generated case."""
GRID = 6
CASES = 10_000


def health(case: Case, mark: Fraction) -> Fraction:
    """Equity less maintenance requirement at a mark."""
    market = case.market.at_mark(mark)
    equity = compute_equity(case.policy.contract, case.position, market, case.policy.price_rule).total
    return equity - compute_requirement(case.policy, case.position, market, MAINTENANCE).total


def lowest_mark(case: Case) -> Fraction:
    """The mark at and below which the position has no price: zero, or what the confidence interval takes away."""
    adverse_long = case.policy.price_rule is PriceRule.ADVERSE and case.position.side is Side.LONG
    return case.market.confidence if adverse_long else Fraction(0)


def check_liquidation(case: Case) -> str:
    """Hold one case to the definition; returns what kind of case it was."""
    found = compute_liquidation_price(case.policy, case.position, case.market)
    mark, losing = case.market.mark, -case.position.side.sign
    if found is None:
        floor = lowest_mark(case)
        far = floor + HAIR if losing < 0 else mark * 10**9
        walked = [mark + (far - mark) * step / GRID for step in range(GRID + 1)]
        assert all(health(case, at) >= 0 for at in walked)
        return "none"
    if found.cause is LiquidationCause.NOW:
        assert found.price == mark
        assert health(case, mark) < 0
        return "now"
    assert losing * (found.price - mark) >= 0
    walked = [mark + (found.price - mark) * step / GRID for step in range(GRID)]
    assert all(health(case, at) >= 0 for at in walked if at > lowest_mark(case))
    assert health(case, found.price) >= 0
    assert health(case, found.price + losing * HAIR) < 0
    if found.cause is LiquidationCause.ROOT:
        assert health(case, found.price) == 0
    return str(found.cause.value)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))])
def test_liquidation_price_is_the_first_breach_on_ten_thousand_positions(seed: int) -> None:
    seen = Counter(check_liquidation(case) for case in bulk_cases(CASES // 10, seed=seed))
    assert seen.total() == CASES // 10
    assert min(seen[kind] for kind in ("root", "now", "none")) >= CASES // 200


@pytest.mark.parametrize("seed", [17, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(11, 17))])
def test_liquidation_price_is_the_first_breach_at_the_floors_of_the_table(seed: int) -> None:
    seen = Counter(check_liquidation(case) for case in bulk_cases(400, seed=seed, standings=(Standing.ENDS_AT_FLOOR,)))
    assert seen["cliff"] >= 1


@given(cases())
def test_liquidation_price_is_the_first_breach(case: Case) -> None:
    check_liquidation(case)


def test_one_tick_to_either_side() -> None:
    checked = 0
    for case in common_cases(400):
        found = compute_liquidation_price(case.policy, case.position, case.market)
        if found is None or found.cause is LiquidationCause.NOW:
            continue
        losing = -case.position.side.sign
        safe, lost = found.price - losing, found.price + losing
        tiers = {tier_at(case, price) for price in (found.price, lost) if price > lowest_mark(case)}
        if losing * (safe - case.market.mark) >= 0:
            assert health(case, safe) >= 0
        if lost > lowest_mark(case) and (len(tiers) == 1 or case.policy.table.rule is TierRule.MARGINAL):
            assert health(case, lost) < 0
            checked += 1
    assert checked > 100


def tier_at(case: Case, mark: Fraction) -> int:
    """The tier that the requirement is taken from at a mark."""
    return compute_requirement(case.policy, case.position, case.market.at_mark(mark), MAINTENANCE).tier


def test_equity_is_zero_at_the_bankruptcy_price() -> None:
    found_some = 0
    for case in common_cases(400):
        price = compute_bankruptcy_price(case.policy, case.position, case.market)
        if price is None:
            continue
        if price > lowest_mark(case):
            found_some += 1
            market = case.market.at_mark(price)
            assert compute_equity(case.policy.contract, case.position, market, case.policy.price_rule).total == 0
    assert found_some > 100


def test_bankruptcy_lies_at_or_beyond_liquidation() -> None:
    for case in common_cases(400):
        liquidation = compute_liquidation_price(case.policy, case.position, case.market)
        bankruptcy = compute_bankruptcy_price(case.policy, case.position, case.market)
        if liquidation is None or bankruptcy is None or liquidation.cause is LiquidationCause.NOW:
            continue
        assert case.position.side.sign * (liquidation.price - bankruptcy) >= 0


def test_more_cash_never_brings_liquidation_nearer() -> None:
    for case in common_cases(400):
        nearer = compute_liquidation_price(case.policy, case.position, case.market)
        richer = case.with_cash(case.position.cash + 7)
        further = compute_liquidation_price(richer.policy, richer.position, richer.market)
        if further is not None and nearer is not None:
            assert case.position.side.sign * (nearer.price - further.price) >= 0
        if nearer is None:
            assert further is None


def test_liquidatable_exactly_when_below_the_requirement() -> None:
    for case in common_cases(400):
        assert is_liquidatable(case.policy, case.position, case.market) == (case.excess(MAINTENANCE) < 0)


def test_closeout_conserves_money_and_the_fund_pays_the_gap() -> None:
    for case in common_cases(400):
        for share in (Fraction(1, 2), Fraction(1), Fraction(3, 2)):
            fund = Fraction(100)
            close = compute_closeout(case.policy, case.position, case.market, case.market.mark * share, fund)
            assert close.equity == close.returned + close.fee + close.penalty - close.bankruptcy_gap
            assert close.bankruptcy_gap == close.insurance_draw + close.uncovered
            assert min(close.returned, close.fee, close.penalty, close.insurance_draw, close.uncovered) >= 0
            assert close.insurance_draw <= fund
            assert close.bankruptcy_gap == 0 or close.returned == close.fee == close.penalty == 0


def table(*tiers: tuple[int, str, int | None], rule: TierRule = TierRule.MARGINAL) -> TierTable:
    """A table of (floor, maintenance rate, published amount)."""
    rows = tuple(
        Tier(Fraction(floor), Fraction(rate), Fraction(rate), amount=None if amount is None else Fraction(amount))
        for floor, rate, amount in tiers
    )
    return TierTable(rows, rule, rule)


def linear(tiers: TierTable, basis: Basis = Basis.MARK) -> MarketPolicy:
    """A linear market of one money unit for one lot and tick."""
    return MarketPolicy(Contract(ContractKind.LINEAR, 1), tiers, basis, basis)


def test_cliff_of_a_step_table_is_where_a_short_ends() -> None:
    policy = linear(table((0, "1/100", None), (2000, "1/2", None), rule=TierRule.STEP))
    short = Position(Side.SHORT, 10, Fraction(1000), Fraction(1500))
    found = compute_liquidation_price(policy, short, MarketState(Fraction(100)))
    assert found is not None
    assert (found.price, found.cause) == (Fraction(200), LiquidationCause.CLIFF)


def test_a_long_backed_by_its_whole_notional_is_never_liquidated() -> None:
    policy = linear(table((0, "1/100", None)))
    backed = Position(Side.LONG, 10, Fraction(1000), Fraction(1000))
    assert compute_liquidation_price(policy, backed, MarketState(Fraction(100))) is None
    one_short = Position(Side.LONG, 10, Fraction(1000), Fraction(999))
    found = compute_liquidation_price(policy, one_short, MarketState(Fraction(100)))
    assert found is not None
    assert found.price == Fraction(1, 10) / (1 - Fraction(1, 100))


def test_an_inverse_short_backed_by_its_coins_is_never_liquidated() -> None:
    policy = MarketPolicy(Contract(ContractKind.INVERSE, 10_000), table((0, "1/100", None)), Basis.MARK, Basis.MARK)
    backed = Position(Side.SHORT, 10, Fraction(1000), Fraction(1000))
    assert compute_liquidation_price(policy, backed, MarketState(Fraction(100))) is None


def test_adverse_prices_bring_liquidation_nearer_by_the_confidence_interval() -> None:
    tiers = table((0, "1/100", None))
    sure = MarketPolicy(Contract(ContractKind.LINEAR, 1), tiers, Basis.MARK, Basis.MARK)
    unsure = MarketPolicy(Contract(ContractKind.LINEAR, 1), tiers, Basis.MARK, Basis.MARK, PriceRule.ADVERSE)
    long, market = Position(Side.LONG, 10, Fraction(1000), Fraction(500)), MarketState(Fraction(100), Fraction(3))
    near, far = (compute_liquidation_price(policy, long, market) for policy in (unsure, sure))
    assert near is not None
    assert far is not None
    assert near.price == far.price + 3


def test_liquidation_price_is_the_first_breach_where_rates_rise_with_size() -> None:
    for case in common_cases(500):
        table = replace(case.policy.table, slope=Fraction(1, 2000))
        check_liquidation(replace(case, policy=replace(case.policy, table=table)))


def test_a_partial_table_answers_inside_itself_and_refuses_outside() -> None:
    policy = linear(table((1000, "1/10", 60)))
    position = Position(Side.LONG, 20, Fraction(2000), Fraction(500))
    found = compute_liquidation_price(policy, position, MarketState(Fraction(100)))
    assert found is not None
    assert found.price == Fraction(1440, 18)
    with pytest.raises(MisuseError) as refused:
        compute_liquidation_price(
            policy, Position(Side.LONG, 20, Fraction(2000), Fraction(1500)), MarketState(Fraction(100))
        )
    assert refused.value.reason is Reason.OUTSIDE_TABLE
    with pytest.raises(MisuseError):
        compute_liquidation_price(
            policy, Position(Side.LONG, 10, Fraction(1000), Fraction(500)), MarketState(Fraction(100))
        )
