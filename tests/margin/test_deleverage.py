"""Partial liquidation closes the least that is enough; auto-deleverage takes from the front and loses nothing."""

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from margin.contracts import Contract, ContractKind, Side
from margin.deleverage import (
    AT_MARK,
    Candidate,
    Deleveraging,
    Execution,
    PnlBasis,
    bankruptcy_trade_price,
    close_down_tiers,
    deleverage,
    find_least_close,
    is_fair_deleverage,
    liquidate,
    liquidate_lots,
    meets_target,
    plan_deleverage,
    plan_liquidation,
    rank_candidates,
    score_candidate,
    search_least_close,
)
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from margin.liquidation import is_liquidatable
from margin.policy import (
    Basis,
    FeeBasis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    LiquidationTerms,
    MarketPolicy,
    PriceRule,
)
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from margin.transition import Party, Transition
from tests.margin.strategies import (
    BREACHED_STANDINGS,
    Case,
    SeededChooser,
    bulk_cases,
    cases,
    choose_case,
    common_cases,
)

PUBLISHED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "published_reductions.toml").read_text("utf-8"))
MAINTENANCE = RequirementKind.MAINTENANCE
LINEAR = Contract(ContractKind.LINEAR, 1)


def execution_of(case: Case, number: int) -> Execution:
    """One of four ways in which lots are closed."""
    return (
        AT_MARK,
        Execution(closing_fee=False),
        Execution(price=case.market.mark * Fraction(19, 20)),
        Execution(price=case.market.mark * Fraction(21, 20), closing_fee=False),
    )[number % 4]


def breached_cases(count: int, seed: int | None = None) -> list[Case]:
    """Cases that may be liquidated: those that tests have in common, or others."""
    standings = BREACHED_STANDINGS
    drawn = (
        common_cases(count, standings=standings) if seed is None else bulk_cases(count, seed=seed, standings=standings)
    )
    return [case for case in drawn if case.excess(MAINTENANCE) < 0]


# --- The least close ----------------------------------------------------------------------------


def check_least_close(case: Case, execution: Execution) -> int:
    """The closed form agrees with closing lot after lot; returns how many lots stay."""
    closed = find_least_close(case.policy, case.position, case.market, execution)
    assert closed == search_least_close(case.policy, case.position, case.market, execution)
    return case.position.size - closed


def test_the_closed_form_finds_what_the_search_finds() -> None:
    seen: Counter[tuple[object, ...]] = Counter()
    for number, case in enumerate(breached_cases(300)):
        if check_least_close(case, execution_of(case, number)):
            policy, target = case.policy, case.policy.liquidation.target
            seen[policy.contract.kind, case.position.side, policy.basis, policy.price_rule] += 1
            seen[policy.table.rule, policy.table.measure, policy.initial_basis, target] += 1
            seen[policy.closing_fee_basis, policy.table.initial_rule, policy.closing_fee_scope] += 1
    assert set(product(ContractKind, Side, Basis, PriceRule)) <= set(seen)
    assert set(product(TierRule, TierMeasure, Basis, LiquidationTarget)) <= set(seen)
    assert set(product(FeeBasis, TierRule, FeeScope)) <= set(seen)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50, 60))
def test_the_closed_form_finds_what_the_search_finds_on_ten_thousand_positions(seed: int) -> None:
    for number, case in enumerate(breached_cases(1000, seed=seed)):
        check_least_close(case, execution_of(case, number))


@given(cases(standings=BREACHED_STANDINGS), st.integers(0, 3))
def test_the_closed_form_finds_what_the_search_finds_however_it_is_shrunk(case: Case, number: int) -> None:
    assume(case.excess(MAINTENANCE) < 0)
    check_least_close(case, execution_of(case, number))


def answer_of(find: Callable[[MarketPolicy, Position, MarketState], int], case: Case) -> int | Reason:
    """How many lots ``find`` closes, or why it does not say."""
    try:
        return find(case.policy, case.position, case.market)
    except MisuseError as refused:
        return refused.reason


def test_a_partial_table_answers_or_refuses_as_the_search_does() -> None:
    choose, seen = SeededChooser(43), Counter[str]()
    for _ in range(500):
        try:
            case = choose_case(choose, partial_tables=True, standings=BREACHED_STANDINGS)
            breached = case.policy.table.floors[0] > 0 and case.excess(MAINTENANCE) < 0
        except MisuseError:
            continue
        if breached:
            answers = [answer_of(find, case) for find in (find_least_close, search_least_close)]
            assert answers[0] == answers[1]
            seen[type(answers[0]).__name__] += 1
    assert min(seen["int"], seen["Reason"]) >= 10


def test_what_stays_of_a_least_close_is_restored_and_one_lot_more_is_not() -> None:
    for case in breached_cases(300):
        policy, position, market = case.policy, case.position, case.market
        closed = find_least_close(policy, position, market)
        if closed < position.size:
            after = liquidate_lots(policy, position, market, closed).after
            assert after is not None
            assert meets_target(policy, after, market)
            assert not is_liquidatable(policy, after, market)
        if closed > 1:
            larger = liquidate_lots(policy, position, market, closed - 1).after
            assert larger is not None
            assert not meets_target(policy, larger, market)


def test_no_fee_is_owed_where_no_price_is_a_bankruptcy() -> None:
    """Equity of 1,270 on 10 lots worth 1,000 that need 150 each: 8 may stay, though 9 would with a fee below zero."""
    policy = replace(
        drift_policy(Fraction(1), Fraction(0)),
        slippage_rate=Fraction(1, 2),
        closing_fee_rate=Fraction(1, 2),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
    )
    position, free = Position(Side.LONG, 10, Fraction(1000), Fraction(1270)), Execution(closing_fee=False)
    assert find_least_close(policy, position, MarketState(Fraction(100)), free) == 2
    assert search_least_close(policy, position, MarketState(Fraction(100)), free) == 2


# --- Drift's closed formula ---------------------------------------------------------------------


def drift_policy(margin_ratio: Fraction, penalty: Fraction, buffer_rate: Fraction = Fraction(0)) -> MarketPolicy:
    """Drift in these words: one rate of the mark notional; both fees are a penalty on what is closed."""
    table = TierTable((Tier(Fraction(0), margin_ratio, margin_ratio),), TierRule.STEP, TierRule.STEP)
    terms = LiquidationTerms(LiquidationRule.LEAST, penalty, buffer_rate=buffer_rate)
    return MarketPolicy(LINEAR, table, Basis.MARK, Basis.MARK, liquidation=terms)


def short_by(policy: MarketPolicy, size: int, price: int, shortage: Fraction) -> Case:
    """A long of ``size`` lots whose equity is ``shortage`` below (1 + buffer) * requirement."""
    position = Position(Side.LONG, size, Fraction(size * price), Fraction(0))
    case = Case(policy, position, MarketState(Fraction(price)))
    needed = case.requirement(MAINTENANCE) * (1 + policy.liquidation.buffer_rate)
    return case.with_cash(needed - shortage - case.equity())


@pytest.mark.parametrize("row", PUBLISHED["drift"], ids=lambda row: row["name"])
def test_drift_publishes_the_same_size(row: dict[str, str]) -> None:
    lots_of_a_base_unit = 10**9
    penalty = Fraction(row["liquidation_fee"]) + Fraction(row["insurance_fee"])
    policy = drift_policy(Fraction(row["margin_ratio"]), penalty)
    shortage = Fraction(row["shortage"]) * lots_of_a_base_unit
    case = short_by(policy, 5 * lots_of_a_base_unit, int(row["price"]), shortage)
    expected = ceil(Fraction(row["base"]) * lots_of_a_base_unit)
    assert plan_liquidation(case.policy, case.position, case.market) == expected


@settings(max_examples=150, deadline=None)
@example(ratio=50, fees=(25, 25), worth=(10, 100), share=500, buffer_percent=0)
@given(
    ratio=st.integers(1, 500),
    fees=st.tuples(st.integers(0, 100), st.integers(0, 100)),
    worth=st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)),
    share=st.integers(1, 999),
    buffer_percent=st.integers(0, 100),
)
def test_drifts_formula_is_a_special_case(
    ratio: int, fees: tuple[int, int], worth: tuple[int, int], share: int, buffer_percent: int
) -> None:
    """With the buffer added to the margin ratio, as Drift does, and all lots where the fees reach that."""
    margin_ratio, penalty, (size, price) = Fraction(ratio, 1000), Fraction(sum(fees), 1000), worth
    policy = drift_policy(margin_ratio, penalty, Fraction(buffer_percent, 100))
    buffered = margin_ratio * (1 + policy.liquidation.buffer_rate)
    shortage = (buffered - margin_ratio) * size * price + Fraction(share, 1000) * margin_ratio * size * price
    case = short_by(policy, size, price, shortage)
    expected = size if buffered <= penalty else min(size, ceil(shortage / (price * (buffered - penalty))))
    assert plan_liquidation(policy, case.position, case.market) == expected


# --- The rules of venues ------------------------------------------------------------------------


def ruled(case: Case, rule: LiquidationRule) -> Case:
    """The case under another rule of liquidation."""
    return replace(case, policy=replace(case.policy, liquidation=LiquidationTerms(rule)))


def test_a_full_liquidation_closes_everything() -> None:
    case = ruled(breached_cases(9, seed=0)[0], LiquidationRule.FULL)
    assert plan_liquidation(case.policy, case.position, case.market) == case.position.size


@pytest.mark.parametrize(
    ("size", "closed"), [(1_000, 1_000), (1_001, 201), (1_005, 201), (1_006, 202), (10, 10)], ids=str
)
def test_a_fifth_is_closed_above_the_threshold_and_everything_at_it(size: int, closed: int) -> None:
    """Hyperliquid: 20 % of a position worth more than 100,000, rounded up to whole lots."""
    fifth = LiquidationTerms(LiquidationRule.FRACTION, fraction=Fraction(1, 5), fraction_threshold=Fraction(100_000))
    policy = replace(drift_policy(Fraction(1, 20), Fraction(0)), liquidation=fifth)
    case = short_by(policy, size, 100, Fraction(1))
    assert plan_liquidation(policy, case.position, case.market) == closed


def okx_case(held: int, equity_rate: str) -> Case:
    """OKX's published floors and highest rate over lower rates of 1 % and 1.5 %; equity as a part of the notional."""
    okx = PUBLISHED["okx"]
    rates = (Fraction("0.01"), Fraction("0.015"), Fraction(okx["maintenance"]))
    tiers = tuple(Tier(Fraction(floor), rate, rate) for floor, rate in zip(okx["floors"], rates, strict=True))
    policy = MarketPolicy(
        LINEAR,
        TierTable(tiers, TierRule.STEP, TierRule.STEP, TierMeasure.SIZE),
        Basis.MARK,
        Basis.MARK,
        liquidation=LiquidationTerms(LiquidationRule.TIERS_DOWN, tiers_down=okx["tiers_down"]),
    )
    cash = Fraction(equity_rate) * held * 100
    return Case(policy, Position(Side.LONG, held, Fraction(held * 100), cash), MarketState(Fraction(100)))


@pytest.mark.parametrize(
    ("held", "equity_rate", "closed"),
    [
        (PUBLISHED["okx"]["held"], "0.019", PUBLISHED["okx"]["closed"]),
        (PUBLISHED["okx"]["held"], "0.01", PUBLISHED["okx"]["closed"]),
        (PUBLISHED["okx"]["held"], "0.0099", PUBLISHED["okx"]["held"]),
        (12_000, "0.014", 12_000),
        (2_000, "0.009", 2_000),
    ],
    ids=["published", "at the lowest rate", "below the lowest rate", "tier two", "tier one"],
)
def test_okx_closes_down_two_tiers(held: int, equity_rate: str, closed: int) -> None:
    case = okx_case(held, equity_rate)
    assert plan_liquidation(case.policy, case.position, case.market) == closed


def tier_with(case: Case, size: int) -> int:
    """The tier in which so many lots of the position lie."""
    entry = case.position.entry_notional * size / case.position.size
    held = replace(case, position=replace(case.position, size=size, entry_notional=entry))
    if case.policy.table.measure is TierMeasure.SIZE:
        return case.policy.table.tier_index(Fraction(size))
    return case.policy.table.tier_index(entry if case.policy.basis is Basis.ENTRY else held.notional())


def test_closing_down_tiers_keeps_the_most_lots_that_the_lower_tier_takes() -> None:
    kept = 0
    for case in breached_cases(400):
        size = case.position.size
        left = size - close_down_tiers(case.policy, case.position, case.market)
        if left:
            kept += 1
            target = tier_with(case, size) - case.policy.liquidation.tiers_down
            assert tier_with(case, left) <= target < tier_with(case, left + 1)
    assert kept >= 20


def test_nobody_who_holds_the_requirement_is_reduced() -> None:
    case = short_by(drift_policy(Fraction(1, 10), Fraction(0)), 10, 100, Fraction(0))
    for rule in LiquidationRule:
        held = ruled(case, rule)
        with pytest.raises(RejectedError) as caught:
            plan_liquidation(held.policy, held.position, held.market)
        assert caught.value.reason is Reason.NOT_LIQUIDATABLE


def test_liquidation_repeated_ends_in_health_or_with_nothing_left() -> None:
    ended: Counter[str] = Counter()
    for case in breached_cases(400):
        position: Position | None = case.position
        while position is not None and is_liquidatable(case.policy, position, case.market):
            made = liquidate(case.policy, position, case.market, Fraction(0))
            assert made.before == position
            assert made.after is None or made.after.size < position.size
            position = made.after
        ended["healthy" if position else "gone"] += 1
    assert min(ended.values()) >= 40


def test_penalty_and_fee_of_a_partial_liquidation_by_hand() -> None:
    """Half of 10 lots at 100 is closed: 5 % penalty on 500 and 1 % fee, never more than what is left."""
    policy = replace(drift_policy(Fraction(1, 5), Fraction(1, 20)), closing_fee_rate=Fraction(1, 100))
    position = Position(Side.LONG, 10, Fraction(1000), Fraction(150))
    market = MarketState(Fraction(100))
    made = liquidate_lots(policy, position, market, 5)
    assert made.paid_to(Party.FEES) == 5
    assert made.paid_to(Party.INSURANCE_FUND) == 25
    assert made.after == Position(Side.LONG, 5, Fraction(500), Fraction(120))
    poor = liquidate_lots(policy, replace(position, cash=Fraction(12)), market, 5)
    assert (poor.paid_to(Party.FEES), poor.paid_to(Party.INSURANCE_FUND)) == (Fraction(5), Fraction(7))
    ruined = liquidate_lots(policy, replace(position, cash=Fraction(-3)), market, 5)
    assert ruined.equity_after == -3
    spared = liquidate_lots(policy, position, market, 5, Execution(closing_fee=False))
    assert spared.paid_to(Party.FEES) == 0


@pytest.mark.parametrize("lots", [0, 10])
def test_a_partial_liquidation_leaves_something(lots: int) -> None:
    case = short_by(drift_policy(Fraction(1, 10), Fraction(0)), 10, 100, Fraction(1))
    with pytest.raises(MalformedError):
        liquidate_lots(case.policy, case.position, case.market, lots)


def test_money_is_conserved_by_every_liquidation() -> None:
    for number, case in enumerate(breached_cases(400)):
        made = liquidate(case.policy, case.position, case.market, Fraction(number), execution_of(case, number))
        left = replace(case, position=made.after).equity() if made.after else Fraction(0)
        assert case.equity() - left == sum(flow.net for flow in made.flows)


# --- Auto-deleverage ----------------------------------------------------------------------------


def short_candidate(name: str, size: int, entry_price: int, cash: int) -> Candidate:
    return Candidate(name, Position(Side.SHORT, size, Fraction(size * entry_price), Fraction(cash)))


ADL_MARKET = MarketState(Fraction(90))
ADL_POLICY = drift_policy(Fraction(1, 10), Fraction(0))
BANKRUPT = Position(Side.LONG, 10, Fraction(1000), Fraction(50))
"""Bought 10 at 100 with 50: bankrupt at 95, worth -50 at 90."""


@pytest.mark.parametrize(
    ("candidate", "basis", "score"),
    [
        (short_candidate("profit", 10, 100, 50), PnlBasis.ENTRY, Fraction(1, 10) * 6),
        (short_candidate("profit", 10, 100, 50), PnlBasis.MARK, Fraction(1, 9) * 6),
        (short_candidate("loss", 10, 80, 400), PnlBasis.ENTRY, Fraction(-1, 8) / 3),
        (short_candidate("even", 10, 90, 100), PnlBasis.ENTRY, Fraction(0)),
    ],
    ids=["profit over entry", "profit over mark", "loss", "even"],
)
def test_the_score_is_profit_times_leverage_or_loss_over_leverage(
    candidate: Candidate, basis: PnlBasis, score: Fraction
) -> None:
    assert score_candidate(ADL_POLICY, candidate.position, ADL_MARKET, basis) == score


def test_the_queue_starts_with_the_most_leveraged_profit_and_breaks_ties_by_id() -> None:
    candidates = [
        short_candidate("even", 10, 90, 100),
        short_candidate("b", 10, 100, 50),
        short_candidate("lossy", 10, 80, 400),
        short_candidate("a", 20, 100, 100),
        short_candidate("calm", 10, 100, 500),
        short_candidate("ruined", 10, 80, 50),
        Candidate("same side", BANKRUPT),
    ]
    for order in (candidates, candidates[::-1]):
        queue = rank_candidates(ADL_POLICY, BANKRUPT, order, ADL_MARKET, PnlBasis.ENTRY)
        assert [each.position_id for each in queue] == ["a", "b", "calm", "even", "lossy"]


def test_a_bankrupt_position_has_no_score() -> None:
    with pytest.raises(MisuseError):
        score_candidate(ADL_POLICY, BANKRUPT, ADL_MARKET, PnlBasis.ENTRY)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 20), max_size=8), st.integers(1, 100))
def test_a_plan_takes_exactly_the_lots_asked_for_from_the_front(sizes: list[int], lots: int) -> None:
    queue = [short_candidate(str(index), size, 100, 50) for index, size in enumerate(sizes)]
    if lots > sum(sizes):
        with pytest.raises(RejectedError) as caught:
            plan_deleverage(queue, lots)
        assert caught.value.expected.startswith(f"at most {sum(sizes)},")
        return
    plan = plan_deleverage(queue, lots)
    assert sum(each.lots for each in plan) == lots
    assert [each.candidate for each in plan] == queue[: len(plan)]
    assert all(each.lots == each.candidate.position.size for each in plan[:-1])
    assert 1 <= plan[-1].lots <= plan[-1].candidate.position.size


def net_of_trades(made: tuple[Transition, ...]) -> Fraction:
    """What all positions together lost in the trades."""
    return sum((flow.net for each in made for flow in each.flows if flow.party is Party.MARKET), Fraction(0))


def test_deleverage_closes_at_the_bankruptcy_price_by_hand() -> None:
    queue = (short_candidate("a", 4, 100, 50), short_candidate("b", 20, 100, 100))
    made = deleverage(ADL_POLICY, BANKRUPT, ADL_MARKET, plan_deleverage(queue, 10))
    assert bankruptcy_trade_price(ADL_POLICY, BANKRUPT, ADL_MARKET) == 95
    assert [each.after for each in made] == [
        None,
        None,
        Position(Side.SHORT, 14, Fraction(1400), Fraction(130)),
    ]
    assert made[1].paid_to(Party.TRADER) == 70
    assert net_of_trades(made) == 0


def test_deleverage_leaves_the_bankrupt_nothing_and_the_others_pay_for_it() -> None:
    done = 0
    for case in breached_cases(500):
        policy = replace(case.policy, price_rule=PriceRule.MID)
        position, market = case.position, case.market
        if case.equity() >= 0 or replace(case, policy=policy).excess(MAINTENANCE) >= 0:
            continue
        other = replace(position, side=position.side.opposite, size=position.size + 3, cash=Fraction(10**7))
        try:
            made = deleverage(policy, position, market, [Deleveraging(Candidate("other", other), position.size)])
        except MisuseError as refused:
            assert refused.reason is Reason.NOT_APPLICABLE  # noqa: PT017 - no price above zero bankrupts it
            continue
        done += 1
        assert made[0].after is None
        assert made[0].paid_to(Party.TRADER) == made[0].paid_to(Party.INSURANCE_FUND) == 0
        assert made[0].paid_to(Party.COUNTERPARTIES) == made[0].paid_to(Party.FEES) == 0
        assert net_of_trades(made) == 0
        assert made[1].equity_before - made[1].equity_after == -made[0].equity_before
    assert done >= 100


def test_a_deleverage_plan_must_be_for_all_lots() -> None:
    plan = plan_deleverage([short_candidate("a", 20, 100, 100)], 9)
    with pytest.raises(MisuseError) as caught:
        deleverage(ADL_POLICY, BANKRUPT, ADL_MARKET, plan)
    assert caught.value.reason is Reason.WRONG_COUNT


def test_exactly_one_payment_is_fair() -> None:
    """Of all whole payments for the lots that go, one keeps the ratio and would not with one unit less."""
    for left in range(1, 10):
        entry = BANKRUPT.entry_notional * left / BANKRUPT.size
        fair = [
            cash
            for cash in range(-200, 200)
            if is_fair_deleverage(ADL_POLICY, BANKRUPT, Position(Side.LONG, left, entry, Fraction(cash)), ADL_MARKET)
        ]
        assert fair == [ceil(Fraction(-50 * left, 10)) + 10 * left]
