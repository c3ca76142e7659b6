"""What becomes of a position in whole units is what ``margin`` does with it, rounded against the trader."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import pytest

from facts.commitments import PerpetualBody
from facts.market import MarketTier
from facts.position_change import (
    Change,
    cash_of,
    change_position,
    close_position,
    owed_by,
    price_of_trade,
    restate,
    value_of_lots,
)
from margin.contracts import Contract, ContractKind, Side
from margin.errors import InternalError, MarginError, Reason
from margin.policy import Basis, MarketPolicy, PriceRule
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierRule, TierTable
from margin.transition import (
    Party,
    Silo,
    close_lots,
    close_out,
    increase,
    move_collateral,
    round_against_trader,
    settle_funding,
    top_up,
    withdraw,
)
from tests.circuits.statements.transition_cases import PlaceCase, choose_place
from tests.facts.refusals import refused
from tests.margin.strategies import SeededChooser

PLENTY = Fraction(2**96)


def cases(count: int, seed: int) -> Iterator[tuple[SeededChooser, PlaceCase, MarketTier, Position]]:
    """Markets with a position that has money to spare."""
    choose = SeededChooser(seed)
    found = 0
    while found < count:
        with suppress(MarginError):
            place = choose_place(choose, 7)
            place = replace(place, policy=replace(place.policy, withdrawal_floor_rate=Fraction(0)))
            assert place.before is not None
            position = replace(place.before, cash=PLENTY)
            settle_funding(place.policy, position, place.market)
            found += 1
            yield choose, place, place.tiers()[0], position


def trading_price(place: PlaceCase, tier: MarketTier, lots: int) -> Fraction:
    return Fraction(price_of_trade(tier, place.side, lots))


def settled(place: PlaceCase, position: Position) -> Position:
    """Committed after its funding was settled: what a transition leaves."""
    after = settle_funding(place.policy, position, place.market).remaining()
    return round_against_trader(place.policy.contract, after)


def test_top_ups_withdrawals_and_funding_are_those_of_margin_to_the_unit() -> None:
    for choose, place, tier, position in cases(60, seed=1):
        amount = Fraction(choose.integer(1, 10**9))
        for transition in (
            top_up(place.policy, position, place.market, amount),
            withdraw(place.policy, position, place.market, amount),
            settle_funding(place.policy, position, place.market),
        ):
            change = restate(tier, transition)
            assert change.after == settled(place, transition.remaining())
            assert change.settled == owed_by(tier, position)
            assert change.fee == 0


def test_closes_are_those_of_margin_and_never_better() -> None:
    seen = set()
    for choose, place, tier, position in cases(150, seed=2):
        lots = choose.integer(1, position.size)
        try:
            transition = close_lots(place.policy, position, place.market, lots, trading_price(place, tier, -1))
        except MarginError:
            continue
        change = restate(tier, transition)
        exact = transition.after
        if exact is None:
            assert change.after is None
            lost = transition.paid_to(Party.TRADER) + change.brought
        else:
            wanted = round_against_trader(place.policy.contract, exact)
            assert change.after is not None
            assert change.after.entry_notional == wanted.entry_notional
            lost = wanted.cash - change.after.cash
        assert 0 <= lost < 3
        if place.policy.contract.kind is ContractKind.LINEAR and exact is not None:
            assert lost == 0
        seen.add((place.policy.contract.kind, place.side, exact is None))
    assert len(seen) >= 6


def test_increases_are_those_of_margin_and_never_better() -> None:
    seen = set()
    for choose, place, tier, position in cases(150, seed=3):
        lots, cash = choose.integer(1, position.size), Fraction(choose.integer(0, 10**9))
        price = trading_price(place, tier, lots)
        try:
            transition = increase(place.policy, position, place.market, lots, price, cash=cash)
        except MarginError:
            continue
        change = restate(tier, transition)
        wanted = round_against_trader(place.policy.contract, transition.remaining())
        assert change.after == wanted
        assert change.requirement is RequirementKind.INITIAL
        seen.add((place.policy.contract.kind, place.side))
    assert len(seen) == 4


def test_collateral_that_moves_is_brought_by_the_other_silo() -> None:
    (_, giver, tier, rich), (_, taker, other, poor) = cases(2, seed=4)
    move = move_collateral(Silo(giver.policy, rich, giver.market), Silo(taker.policy, poor, taker.market), Fraction(5))
    given, taken = restate(tier, move.sender), restate(other, move.receiver)
    assert (given.brought, taken.brought) == (-5, 5)
    assert (given.requirement, taken.requirement) == (RequirementKind.INITIAL, RequirementKind.MAINTENANCE)


def test_an_opening_is_worth_what_was_brought_less_the_spread() -> None:
    for choose, place, tier, position in cases(60, seed=5):
        lots = choose.integer(1, position.size)
        change = change_position(tier, place.side, None, lots=lots, brought=2**90)
        assert change.after is not None
        equity = compute_equity(place.policy.contract, change.after, place.market, place.policy.price_rule).total
        entry = value_of_lots(tier, place.side, lots)
        marked = place.policy.contract.notional(lots, Fraction(tier.price_for(place.side)))
        spread = place.policy.contract.notional_slope(place.side) * (marked - entry)
        assert spread <= 0
        assert 0 <= 2**90 + spread - equity < 2


def test_a_change_is_what_a_leaf_can_hold() -> None:
    for _, place, tier, position in cases(10, seed=6):
        change = change_position(tier, place.side, position, brought=1)
        assert change.after is not None
        PerpetualBody.of(change.after, 7)
        assert change.after.funding_index == tier.funding_index


# --- What is refused ---------------------------------------------------------------------------------


def simple() -> tuple[MarketTier, MarketPolicy, MarketState, Position]:
    """A linear market of one unit for a lot and a tick, with a confidence of 2 around 100."""
    table = TierTable((Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),), TierRule.STEP, TierRule.STEP, cap=None)
    policy = MarketPolicy(
        Contract(ContractKind.LINEAR, 1),
        table,
        Basis.MARK,
        Basis.MARK,
        price_rule=PriceRule.ADVERSE,
        closing_fee_rate=Fraction(1, 100),
    )
    state = MarketState(Fraction(100), Fraction(2))
    return tiers(policy, state)[0], policy, state, Position(Side.LONG, 10, Fraction(1000), Fraction(200))


def tiers(policy: MarketPolicy, state: MarketState) -> tuple[MarketTier, ...]:
    return PlaceCase(policy, state, 7, Side.LONG, None).tiers()


def test_the_numbers_of_a_simple_close() -> None:
    tier, _, _, position = simple()
    change = change_position(tier, Side.LONG, position, lots=-4)
    assert change.after == Position(Side.LONG, 6, Fraction(600), Fraction(200 - 4 - 8))
    assert (change.fee, change.settled, change.lots) == (4, 8, -4)
    closed = close_position(tier, position)
    assert (closed.fee, closed.settled, closed.brought) == (10, 20, -170)


def test_a_trade_at_another_price_is_none_of_these() -> None:
    tier, policy, state, position = simple()
    kind = close_lots(policy, position, state, 4, Fraction(105))
    assert refused(restate, tier, kind) == (Reason.NOT_APPLICABLE, "transition")


def test_a_liquidation_is_none_of_these() -> None:
    tier, policy, state, position = simple()
    ruined = close_out(policy, replace(position, cash=Fraction(0)), state, Fraction(98), Fraction(1000))
    assert refused(restate, tier, ruined) == (Reason.NOT_APPLICABLE, "flows")


def test_a_wallet_pays_whole_units() -> None:
    tier, policy, state, position = simple()
    assert refused(restate, tier, top_up(policy, position, state, Fraction(1, 2))) == (Reason.NOT_ON_GRID, "brought")


def test_no_more_lots_are_closed_than_there_are() -> None:
    tier, _, _, position = simple()
    assert refused(change_position, tier, Side.LONG, position, lots=-11) == (Reason.OUT_OF_BOUNDS, "lots")
    assert refused(change_position, tier, Side.LONG, None, lots=-1) == (Reason.OUT_OF_BOUNDS, "lots")


def test_cash_of_a_position_that_is_gone_goes_somewhere() -> None:
    tier, _, _, position = simple()
    assert refused(change_position, tier, Side.LONG, position, lots=-10) == (Reason.INSUFFICIENT_MARGIN, "brought")


def test_money_is_conserved_or_there_is_no_change() -> None:
    _, _, _, position = simple()
    with pytest.raises(InternalError):
        Change(Side.LONG, position, position, brought=1)
    assert cash_of(None) == 0
    assert cash_of(position) == position.cash
