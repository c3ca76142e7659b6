"""Every change of a position conserves money to the last fraction and keeps the rule it is under."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.basket import Asset, HaircutTier, Holding
from margin.contracts import Contract, ContractKind, Side
from margin.errors import InternalError, MalformedError, Reason, RejectedError
from margin.liquidation import compute_closeout
from margin.policy import Basis, LiquidationTerms, MarketPolicy
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind, compute_requirement, require_leverage
from margin.tiers import Tier, TierRule, TierTable
from margin.transition import (
    Flow,
    Move,
    Party,
    Silo,
    Transition,
    close_lots,
    close_out,
    compute_withdrawable,
    improves,
    increase,
    move_collateral,
    round_against_trader,
    settle_funding,
    top_up,
    withdraw,
)
from tests.margin.strategies import HEALTHY_STANDINGS, Case, Standing, bulk_cases, cases, common_cases

INITIAL, MAINTENANCE = RequirementKind.INITIAL, RequirementKind.MAINTENANCE
HAIR = Fraction(1, 10**9)
PRICES = (Fraction(1), Fraction(97, 100), Fraction(21, 20))
"""Execution prices, as parts of the mark."""


def equity_of(case: Case, position: Position) -> Fraction:
    return replace(case, position=position).equity()


def policy_of(rate: str = "0.1", *, fee: str = "0", penalty: str = "0", rule: TierRule = TierRule.STEP) -> MarketPolicy:
    """A plain linear market: one tier, 1 money unit for one lot and tick."""
    tier = Tier(Fraction(0), Fraction(rate), Fraction(rate) / 2)
    return MarketPolicy(
        Contract(ContractKind.LINEAR, 1),
        TierTable((tier,), rule, rule),
        Basis.MARK,
        Basis.MARK,
        closing_fee_rate=Fraction(fee),
        liquidation=LiquidationTerms(penalty_rate=Fraction(penalty)),
    )


def long_of(size: int, entry_price: int, cash: int, index: int = 0) -> Position:
    return Position(Side.LONG, size, Fraction(size * entry_price), Fraction(cash), index)


def market_at(mark: int, index: int = 0) -> MarketState:
    return MarketState(Fraction(mark), funding_index=index)


# --- Conservation -------------------------------------------------------------------------------


def every_transition(case: Case, number: int) -> list[tuple[str, Transition]]:
    """What each function makes of the case, where its rule allows it."""
    policy, position, market = case.policy, case.position, case.market
    lots = 1 + number % position.size
    price = market.mark * PRICES[number % 3]
    attempts: dict[str, Callable[[], Transition]] = {
        "top_up": lambda: top_up(policy, position, market, Fraction(number + 1, 3)),
        "withdraw": lambda: withdraw(policy, position, market, compute_withdrawable(policy, position, market)),
        "settle": lambda: settle_funding(policy, position, market),
        "close": lambda: close_lots(policy, position, market, lots, price),
        "close_all": lambda: close_lots(policy, position, market, position.size, price),
        "increase": lambda: increase(policy, position, market, lots, price, cash=Fraction(100 * number)),
        "close_out": lambda: close_out(policy, position, market, price, Fraction(number)),
    }
    made = []
    for name, attempt in attempts.items():
        try:
            made.append((name, attempt()))
        except (RejectedError, MalformedError):
            continue
    return made


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_money_is_conserved_by_every_transition(count: int) -> None:
    seen: Counter[str] = Counter()
    for number, case in enumerate(common_cases(count)):
        for name, made in every_transition(case, number):
            seen[name] += 1
            after = equity_of(case, made.after) if made.after else Fraction(0)
            cash_after = made.after.cash if made.after else Fraction(0)
            assert case.equity() - after == sum(flow.cash - flow.claim for flow in made.flows)
            assert case.position.cash - cash_after == sum(flow.cash for flow in made.flows)
    assert min(seen.values()) >= count // 20
    assert len(seen) == 7


def test_only_the_trader_the_fee_and_the_execution_move_value_in_a_close() -> None:
    for number, case in enumerate(common_cases(200, standings=HEALTHY_STANDINGS)):
        for name, made in every_transition(case, number):
            for flow in made.flows:
                if flow.party is Party.FUNDING_POOL:
                    assert flow.net == 0
                if name == "settle":
                    assert made.equity_after == made.equity_before
                if flow.party is Party.MARKET and number % 3 == 0 and case.market.confidence == 0:
                    assert flow.net == 0


@pytest.mark.parametrize("field", ["cash", "equity"])
def test_a_ledger_that_does_not_balance_is_refused(field: str) -> None:
    made = settle_funding(policy_of(), long_of(3, 100, 50), market_at(100, 10**6))
    wrong = {
        "cash": lambda: replace(made, flows=()),
        "equity": lambda: replace(made, flows=(Flow(Party.FUNDING_POOL, Fraction(3), Fraction(2)),)),
    }
    with pytest.raises(InternalError) as caught:
        wrong[field]()
    assert (caught.value.reason, caught.value.field) == (Reason.BROKEN_INVARIANT, field)


# --- Collateral ---------------------------------------------------------------------------------


def test_top_up_raises_equity_by_exactly_the_amount() -> None:
    case = next(bulk_cases(1, seed=1))
    made = top_up(case.policy, case.position, case.market, Fraction(1, 7))
    assert made.after == replace(case.position, cash=case.position.cash + Fraction(1, 7))
    assert made.equity_after - made.equity_before == Fraction(1, 7)


@pytest.mark.parametrize("amount", [0, -1])
def test_amounts_must_be_above_zero(amount: int) -> None:
    held = (policy_of(), long_of(1, 100, 100), market_at(100))
    for change in (top_up, withdraw):
        with pytest.raises(MalformedError):
            change(*held, Fraction(amount))
    with pytest.raises(MalformedError):
        move_collateral(Silo(*held), Silo(*held), Fraction(amount))


def holds_after(case: Case, cash: Fraction) -> bool:
    """Whether a withdrawal that leaves ``cash`` is lawful, by the words of the rule."""
    left = case.with_cash(cash)
    needed = max(left.requirement(INITIAL), case.policy.withdrawal_floor_rate * left.notional())
    return left.equity() >= needed


def test_the_withdrawable_amount_is_the_most() -> None:
    allowed = 0
    for case in common_cases(300):
        most = compute_withdrawable(case.policy, case.position, case.market)
        assert most >= 0
        if most > 0:
            allowed += 1
            made = withdraw(case.policy, case.position, case.market, most)
            assert made.paid_to(Party.TRADER) == most
            assert holds_after(case, case.position.cash - most)
        assert not holds_after(case, case.position.cash - most - HAIR)
        with pytest.raises(RejectedError) as caught:
            withdraw(case.policy, case.position, case.market, most + HAIR)
        assert caught.value.reason is Reason.INSUFFICIENT_MARGIN
    assert allowed >= 60


@given(cases(standings=HEALTHY_STANDINGS), st.integers(0, 100))
def test_any_part_of_the_withdrawable_amount_may_be_taken(case: Case, percent: int) -> None:
    amount = compute_withdrawable(case.policy, case.position, case.market) * percent / 100
    if amount > 0:
        assert withdraw(case.policy, case.position, case.market, amount).equity_after == case.equity() - amount


def test_a_refused_withdrawal_says_the_most_and_the_difference() -> None:
    with pytest.raises(RejectedError) as caught:
        withdraw(policy_of(), long_of(10, 100, 250), market_at(100), Fraction("150.5"))
    assert caught.value.field == "amount"
    assert caught.value.found == "150.5"
    assert caught.value.expected == "at most 150, which is 0.5 less"


def test_the_withdrawal_floor_binds_where_it_is_above_the_initial_requirement() -> None:
    policy = replace(policy_of("0.02"), withdrawal_floor_rate=Fraction(1, 10))
    assert compute_withdrawable(policy, long_of(10, 100, 250), market_at(100)) == 150
    assert compute_withdrawable(policy_of("0.02"), long_of(10, 100, 250), market_at(100)) == 230


def test_collateral_moves_between_silos_and_nothing_else_changes() -> None:
    pairs = zip(common_cases(300, standings=HEALTHY_STANDINGS), bulk_cases(300, seed=25), strict=True)
    moved = 0
    for giver, taker in pairs:
        sender = Silo(giver.policy, giver.position, giver.market)
        receiver = Silo(taker.policy, taker.position, taker.market)
        most = compute_withdrawable(giver.policy, giver.position, giver.market)
        with pytest.raises(RejectedError):
            move_collateral(sender, receiver, most + HAIR)
        if most == 0:
            continue
        move = move_collateral(sender, receiver, most)
        assert move.sender.after is not None
        assert move.receiver.after is not None
        moved += 1
        assert replace(move.sender.after, cash=giver.position.cash) == giver.position
        assert replace(move.receiver.after, cash=taker.position.cash) == taker.position
        assert move.receiver.after.cash - taker.position.cash == most == giver.position.cash - move.sender.after.cash
        assert holds_after(giver, move.sender.after.cash)
    assert moved >= 100


def test_a_move_that_loses_money_on_the_way_is_refused() -> None:
    silo = Silo(policy_of(), long_of(1, 100, 100), market_at(100))
    move = move_collateral(silo, silo, Fraction(10))
    other = move_collateral(silo, silo, Fraction(9))
    with pytest.raises(InternalError):
        Move(move.sender, other.receiver)


# --- Funding ------------------------------------------------------------------------------------


def test_funding_is_settled_once_and_rounded_against_the_trader() -> None:
    policy, market = policy_of(), market_at(100, 333_333)
    made = settle_funding(policy, long_of(4, 100, 50), market)
    assert made.paid_to(Party.FUNDING_POOL) == 2
    assert made.after == Position(Side.LONG, 4, Fraction(400), Fraction(48), 333_333)
    assert settle_funding(policy, made.after, market).flows == ()
    short = replace(long_of(4, 100, 50), side=Side.SHORT)
    assert settle_funding(policy, short, market).paid_to(Party.FUNDING_POOL) == -1


# --- Lots ---------------------------------------------------------------------------------------


def test_a_partial_close_realises_its_share_of_the_profit() -> None:
    made = close_lots(policy_of(fee="0.01"), long_of(3, 100, 100), market_at(130), 2, Fraction(120))
    assert made.after == Position(Side.LONG, 1, Fraction(100), 100 + 40 - Fraction("2.4"))
    assert made.paid_to(Party.MARKET) == -40
    assert made.paid_to(Party.FEES) == Fraction("2.4")
    assert made.equity_before - made.equity_after == 20 + Fraction("2.4")


def test_the_remaining_entry_notional_is_exact() -> None:
    position = Position(Side.LONG, 7, Fraction(1000), Fraction(500))
    made = close_lots(policy_of(), position, market_at(140), 3, Fraction(140))
    assert made.after is not None
    assert made.after.entry_notional == Fraction(4000, 7)
    assert made.after.cash == 500 + 420 - Fraction(3000, 7)


def test_closing_in_two_steps_gives_what_closing_at_once_gives() -> None:
    compared = 0
    for case in common_cases(200, standings=HEALTHY_STANDINGS):
        policy, position, market = case.policy, case.position, case.market
        if position.size < 2:
            continue
        try:
            at_once = close_lots(policy, position, market, position.size, market.mark)
            half = close_lots(policy, position, market, position.size // 2, market.mark)
            assert half.after is not None
            rest = close_lots(policy, half.after, market, half.after.size, market.mark)
        except RejectedError:
            continue
        compared += 1
        assert rest.paid_to(Party.TRADER) == at_once.paid_to(Party.TRADER)
        assert half.paid_to(Party.FEES) + rest.paid_to(Party.FEES) == at_once.paid_to(Party.FEES)
    assert compared >= 100


def test_a_whole_close_hands_back_cash_and_basket() -> None:
    asset = Asset(100, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(1, 2)),))
    market = replace(market_at(110), assets={"COIN": asset})
    position = replace(long_of(2, 100, 30), basket=(Holding("COIN", 3),))
    made = close_lots(policy_of(), position, market, 2, Fraction(105))
    assert made.after is None
    assert made.paid_to(Party.TRADER) == 40
    assert made.equity_before == 30 + 20 + 150
    assert made.equity_after == 0


def test_a_whole_close_that_the_cash_does_not_pay_for_is_refused() -> None:
    with pytest.raises(RejectedError) as caught:
        close_lots(policy_of(), long_of(2, 100, 30), market_at(100), 2, Fraction(80))
    assert (caught.value.field, caught.value.expected) == ("cash", "10 more, to pay for the close")


def test_a_close_may_not_leave_a_position_worse_than_it_was() -> None:
    """Selling a third far below the mark leaves 60 of equity, 5 % of 2,000 are needed."""
    policy, position = policy_of("0.1"), long_of(30, 100, 560)
    with pytest.raises(RejectedError) as caught:
        close_lots(policy, position, market_at(100), 10, Fraction(50))
    assert (caught.value.found, caught.value.expected) == ("60", "40 more, to maintain the 20 lots that stay")
    breached = long_of(30, 100, 140)
    assert close_lots(policy, breached, market_at(100), 1, Fraction(100)).equity_after == 140


@pytest.mark.parametrize("lots", [0, 3, -1])
def test_only_lots_that_are_held_can_be_closed(lots: int) -> None:
    with pytest.raises(MalformedError) as caught:
        close_lots(policy_of(), long_of(2, 100, 100), market_at(100), lots, Fraction(100))
    assert caught.value.field == "lots"


def is_allowed_leverage(policy: MarketPolicy, position: Position, market: MarketState) -> bool:
    try:
        require_leverage(policy, position, market)
    except RejectedError:
        return False
    return True


def test_an_increase_must_hold_the_initial_requirement_to_the_hair() -> None:
    opened = 0
    for number, case in enumerate(common_cases(300)):
        policy, position, market = case.policy, case.position, case.market
        price = market.mark * PRICES[number % 3]
        added = policy.contract.notional(2, price)
        larger = replace(position, size=position.size + 2, entry_notional=position.entry_notional + added)
        if not is_allowed_leverage(policy, larger, market):
            with pytest.raises(RejectedError):
                increase(policy, position, market, 2, price, cash=Fraction(10**9))
            continue
        try:
            made = increase(policy, position, market, 2, price, cash=Fraction(0))
            least = Fraction(0)
        except RejectedError as refused:
            if "no cash" in refused.expected:
                continue
            least = Fraction(refused.expected.split()[0])
            made = increase(policy, position, market, 2, price, cash=least)
            with pytest.raises(RejectedError):
                increase(policy, position, market, 2, price, cash=least - HAIR)
        assert made.after is not None
        opened += least > 0
        after = replace(case, position=made.after)
        assert after.equity() >= after.requirement(INITIAL)
        assert made.after.size == position.size + 2
        assert made.after.entry_notional == position.entry_notional + added
    assert opened >= 150


def test_an_increase_at_a_price_worse_than_the_mark_loses_the_difference() -> None:
    made = increase(policy_of(), long_of(1, 100, 100), market_at(100), 2, Fraction(103), cash=Fraction(30))
    assert made.after == Position(Side.LONG, 3, Fraction(306), Fraction(130))
    assert made.equity_after - made.equity_before == 30 - 6


def test_no_increase_brings_negative_cash() -> None:
    with pytest.raises(MalformedError):
        increase(policy_of(), long_of(1, 100, 100), market_at(100), 1, Fraction(100), cash=Fraction(-1))


# --- Improvement --------------------------------------------------------------------------------


def test_improvement_is_health_or_a_better_ratio_of_a_smaller_position() -> None:
    seen: Counter[bool] = Counter()
    for number, case in enumerate(common_cases(300)):
        before, policy, market = case.position, case.policy, case.market
        size = 1 + number % (before.size + 1)
        entry = before.entry_notional * size / before.size
        after = replace(before, size=size, entry_notional=entry, cash=before.cash * (80 + number % 41) / 100)
        first, second = case, replace(case, position=after)
        healthy = second.excess(MAINTENANCE) >= 0
        ratios = [each.equity() / each.requirement(MAINTENANCE) for each in (first, second)]
        expected = healthy or (size <= before.size and ratios[1] >= ratios[0])
        assert improves(policy, before, after, market) is expected
        seen[expected] += 1
    assert min(seen.values()) >= 60


def test_turning_a_breached_position_around_is_no_improvement() -> None:
    before = long_of(10, 100, 40)
    turned = Position(Side.SHORT, 9, Fraction(900), Fraction(40))
    assert not improves(policy_of(), before, turned, market_at(100))


# --- Liquidation --------------------------------------------------------------------------------


def test_a_close_out_pays_everyone_what_the_closeout_says() -> None:
    seen: Counter[str] = Counter()
    breached = (Standing.BREACHED, Standing.BANKRUPT, Standing.BELOW_MAINTENANCE)
    for number, case in enumerate(common_cases(200, standings=breached)):
        if case.excess(MAINTENANCE) >= 0:
            continue
        policy, position, market = case.policy, case.position, case.market
        price, fund = market.mark * PRICES[number % 3], Fraction(number % 50)
        made = close_out(policy, position, market, price, fund)
        closeout = compute_closeout(policy, position, market, price, fund)
        assert made.after is None
        assert made.equity_before == case.equity()
        assert made.paid_to(Party.TRADER) == closeout.returned
        assert made.paid_to(Party.FEES) == closeout.fee
        assert made.paid_to(Party.INSURANCE_FUND) == closeout.penalty - closeout.insurance_draw
        assert made.paid_to(Party.COUNTERPARTIES) == -closeout.uncovered
        assert closeout.insurance_draw <= fund
        seen["gap" if closeout.bankruptcy_gap else "left"] += 1
        seen["uncovered"] += closeout.uncovered > 0
    assert min(seen.values()) >= 30


def test_a_close_out_by_hand() -> None:
    """10 lots bought at 100 with 100 of cash: 20 are left when sold at 92, 20 are missing when sold at 88."""
    policy = policy_of("0.2", fee="0.005", penalty="0.01")
    made = close_out(policy, long_of(10, 100, 100), market_at(97), Fraction(92), Fraction(0))
    assert made.paid_to(Party.FEES) == Fraction("4.6")
    assert made.paid_to(Party.INSURANCE_FUND) == Fraction("9.2")
    assert made.paid_to(Party.TRADER) == 20 - Fraction("13.8")
    worse = close_out(policy, long_of(10, 100, 100), market_at(97), Fraction(88), Fraction(5))
    assert worse.paid_to(Party.INSURANCE_FUND) == -5
    assert worse.paid_to(Party.COUNTERPARTIES) == -15


def test_nobody_who_holds_the_requirement_is_liquidated() -> None:
    with pytest.raises(RejectedError) as caught:
        close_out(policy_of(), long_of(10, 100, 50), market_at(100), Fraction(100), Fraction(0))
    assert caught.value.reason is Reason.NOT_LIQUIDATABLE
    assert close_out(policy_of(), long_of(10, 100, 49), market_at(100), Fraction(100), Fraction(0)).after is None


# --- Commitment ---------------------------------------------------------------------------------


def with_fractions(case: Case, number: int) -> Case:
    """The case with an entry notional and a cash that are no whole money units."""
    position = case.position
    entry = position.entry_notional + Fraction(number % 7, 7)
    return replace(case, position=replace(position, entry_notional=entry, cash=position.cash + Fraction(number % 5, 5)))


def test_no_rounding_of_a_position_favours_the_trader() -> None:
    for number, plain in enumerate(common_cases(300)):
        case = with_fractions(plain, number)
        position = round_against_trader(case.policy.contract, case.position)
        rounded = replace(case, position=position)
        assert position.entry_notional.denominator == position.cash.denominator == 1
        assert round_against_trader(case.policy.contract, position) == position
        assert 0 <= case.equity() - rounded.equity() < 1
        for kind in RequirementKind:
            assert rounded.excess(kind) <= case.excess(kind)
            margins = [
                compute_requirement(case.policy, each, case.market, kind).margin for each in (position, case.position)
            ]
            assert margins[0] >= margins[1]


def test_rounding_does_not_slip_under_a_floor() -> None:
    """A short entered at 1,000.5 is in the upper tier of a table on the entry basis, and stays there."""
    table = TierTable(
        (Tier(Fraction(0), Fraction("0.1"), Fraction("0.1")), Tier(Fraction(1000), Fraction("0.2"), Fraction("0.2"))),
        TierRule.STEP,
        TierRule.STEP,
    )
    policy = MarketPolicy(Contract(ContractKind.LINEAR, 1), table, Basis.ENTRY, Basis.ENTRY)
    short = Position(Side.SHORT, 10, Fraction("1000.5"), Fraction(300))
    rounded = round_against_trader(policy.contract, short)
    assert rounded.entry_notional == 1001
    assert rounded.cash == 299
    assert compute_requirement(policy, rounded, market_at(100), MAINTENANCE).tier == 1
    held = compute_equity(policy.contract, short, market_at(100), policy.price_rule).total
    assert compute_equity(policy.contract, rounded, market_at(100), policy.price_rule).total == held - Fraction("0.5")
