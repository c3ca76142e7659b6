"""The plain ledger by itself: no unit is made or lost, and what happens is what ``margin`` says, to the rounding."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Final

import pytest

from margin.deleverage import bankruptcy_trade_price, give_up_lots, liquidate
from margin.position import Position
from margin.transition import Party, close_lots, increase, round_against_trader, settle_funding, top_up
from tests.venue.day import Changed, Day, DaySize, Deleveraged, Liquidated, Published, Step, describe
from tests.venue.ledger import Row, Seized, Wish, equity
from tests.venue.markets import MARKETS, Round

LARGE: Final = DaySize(owners=330, positions=960, acts=60, fund=300, capital=960000)
SMALL: Final = DaySize(owners=90, positions=240, acts=24, fund=80, capital=240000)
SEED: Final = 1
ROUNDING: Final = 3
"""Money units that three roundings against the trader may cost: of the result, of the fee and of the penalty."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A step with the round that it is in, and what the venue has after it."""

    now: Round
    step: Step
    totals: Mapping[int, int]
    fund: Mapping[int, int]
    least: int
    """In any wallet."""


@cache
def live(size: DaySize, seed: int = SEED) -> tuple[Moment, ...]:
    """A whole day."""
    day = Day(size, seed)
    now, moments = day.rounds[0], []
    for step in day.run():
        now = step.now if isinstance(step, Published) else now
        ledger = day.ledger
        moments.append(Moment(now, step, ledger.totals(), dict(ledger.fund), min(ledger.wallets.values())))
    return tuple(moments)


@pytest.mark.parametrize(("size", "seed"), [(LARGE, SEED), (SMALL, SEED), (SMALL, SEED + 1)])
def test_no_step_makes_or_loses_a_unit(size: DaySize, seed: int) -> None:
    moments = live(size, seed)
    assert all(moment.totals == moments[0].totals for moment in moments)
    assert all(moment.least >= 0 and min(moment.fund.values()) >= 0 for moment in moments)


def test_everything_happens_on_the_large_day() -> None:
    kinds = Counter(describe(moment.step) for moment in live(LARGE))
    wanted = {
        *(
            "top up",
            "withdrawal",
            "move",
            "partial close",
            "close",
            "opening",
            "two openings",
            "increase",
            "settlement",
        ),
        *("close into another", "replacement", "partial liquidation", "whole liquidation", "bankruptcy", "deleverage"),
    }
    assert wanted <= set(kinds)
    assert sum(kinds.values()) > 300


def test_the_same_seed_gives_the_same_day() -> None:
    first = live(SMALL)
    assert list(Day(SMALL, SEED).run()) == [moment.step for moment in first]
    assert live(SMALL, SEED + 1) != first


def test_what_owners_do_is_what_margin_says() -> None:
    for moment in live(LARGE):
        if isinstance(moment.step, Changed):
            done = moment.step.done
            for wish, before, after in zip(done.wishes, done.before, done.after, strict=True):
                if before is not None:
                    compare_change(wish, before, after, moment.now)


def compare_change(wish: Wish, before: Row, after: Row | None, now: Round) -> None:
    """One position by the functions of ``margin``, and by the ledger."""
    market = MARKETS[before.market]
    state = market.state(*now.of(before.market))
    position = settle_funding(market.policy, before.position(), state).remaining()
    if wish.lots == 0:
        closed = close_lots(market.policy, position, state, before.size, state.mark)
        assert after is None
        assert wish.brought is None
        assert closed.paid_to(Party.TRADER) >= 0
        return
    brought = Fraction(wish.brought or 0)
    if wish.lots > before.size:
        position = increase(
            market.policy, position, state, wish.lots - before.size, state.mark, cash=brought
        ).remaining()
    elif brought > 0:
        position = top_up(market.policy, position, state, brought).remaining()
    elif brought < 0:
        position = replace(position, cash=position.cash + brought)
    if wish.lots < before.size:
        position = close_lots(market.policy, position, state, before.size - wish.lots, state.mark).remaining()
    compare(after, position)


def compare(row: Row | None, position: Position) -> None:
    """The same lots for the same entry, and no more cash, to the rounding, than ``margin`` leaves."""
    assert row is not None
    whole = round_against_trader(MARKETS[row.market].policy.contract, position)
    assert (row.size, Fraction(row.entry), row.index) == (whole.size, whole.entry_notional, whole.funding_index)
    assert 0 <= whole.cash - row.cash <= ROUNDING


def test_what_the_venue_does_is_what_margin_says() -> None:
    for moment in live(LARGE):
        if isinstance(moment.step, Liquidated):
            compare_liquidation(moment.step.seized, moment)
        if isinstance(moment.step, Deleveraged):
            compare_deleverage(moment.step, moment.now)


def compare_liquidation(seized: Seized, moment: Moment) -> None:
    """As many lots, and what is left or who is paid."""
    row = seized.before
    market = MARKETS[row.market]
    state = market.state(*moment.now.of(row.market))
    fund = moment.fund[row.currency] - seized.penalty + seized.drawn
    exact = liquidate(market.policy, row.position(), state, Fraction(fund))
    if exact.after is not None:
        compare(seized.after, exact.after)
        return
    assert seized.after is None
    assert 0 <= exact.paid_to(Party.TRADER) - seized.returned <= ROUNDING
    assert abs(exact.paid_to(Party.INSURANCE_FUND) - seized.penalty + seized.drawn) <= ROUNDING


def compare_deleverage(step: Deleveraged, now: Round) -> None:
    """Nothing is left of the bankrupt position, nobody else pays for it, and who took it over closed at its price."""
    row = step.gone.before
    market = MARKETS[row.market]
    state = market.state(*now.of(row.market))
    price = bankruptcy_trade_price(market.policy, row.position(), state)
    assert (step.gone.returned, step.gone.left, step.gone.after) == (0, 0, None)
    assert equity(row, *now.of(row.market)) < 0
    for place, (key, taken) in enumerate(step.taken.items()):
        assert step.queue[place] == key
        exact = give_up_lots(market.policy, taken.before.position(), state, taken.lots, price)
        if exact.after is None:
            assert 0 <= exact.paid_to(Party.TRADER) - taken.returned <= ROUNDING
        else:
            compare(taken.after, exact.after)
