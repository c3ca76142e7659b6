"""A day of a venue as a script: rounds of prices, what the venue has to do in each, and what owners do after it.

The script acts on the plain ledger alone, and says step by step what happened. The same seed gives the same day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from margin.deleverage import Candidate, PnlBasis, plan_deleverage, plan_liquidation, rank_candidates
from tests.venue.ledger import Done, Key, Ledger, Row, Seized, equity
from tests.venue.markets import CURRENCIES, MARKETS, Round, make_rounds
from tests.venue.traders import DOLLARS_WORTH, Traders, is_breached

EVENINGS: Final = 3
"""So many rounds lie before the day: positions were opened at their prices."""
RESCUED: Final = 5
"""One of so many breached positions is topped up in time."""


@dataclass(frozen=True, slots=True)
class DaySize:
    """How large a day is."""

    owners: int
    positions: int
    """Those that are there in the morning."""
    acts: int
    """What owners do in each round."""
    fund: int
    """Dollars' worth in the insurance fund of each currency."""
    capital: int
    """Dollars' worth of its own in each currency, with which the venue clears what others owe its holders."""


@dataclass(frozen=True, slots=True)
class Published:
    """A new oracle round."""

    now: Round


@dataclass(frozen=True, slots=True)
class Changed:
    """An owner changed one or two positions."""

    done: Done


@dataclass(frozen=True, slots=True)
class Liquidated:
    """The venue closed lots of a breached position."""

    key: Key
    seized: Seized


@dataclass(frozen=True, slots=True)
class Deleveraged:
    """A bankrupt position that the fund can't pay for was closed against others."""

    bankrupt: Key
    gone: Seized
    queue: tuple[Key, ...]
    """All who stand in the queue, the first first."""
    taken: Mapping[Key, Seized]


Step = Published | Changed | Liquidated | Deleveraged


@dataclass(slots=True)
class Day:
    """The venue in the morning."""

    size: DaySize
    seed: int = 1
    ledger: Ledger = field(default_factory=Ledger)
    random: Random = field(init=False)
    traders: Traders = field(init=False)
    rounds: tuple[Round, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - a script, not a secret
        self.traders = Traders(self.random, self.ledger, self.size.owners)
        self.rounds = tuple(make_rounds(self.random))
        self.traders.arrive(self.size.positions, self.rounds[:EVENINGS])
        for currency in CURRENCIES:
            self.ledger.fund[currency] += self.size.fund * DOLLARS_WORTH[currency]
            self.ledger.clearing[currency] += self.size.capital * DOLLARS_WORTH[currency]

    def run(self) -> Iterator[Step]:
        """Everything that happens, each step after the ledger has it."""
        for now in self.rounds[EVENINGS:]:
            yield Published(now)
            yield from self.step_in(now)
            for owner, wishes in self.traders.act(self.size.acts, now):
                yield Changed(self.ledger.change(owner, wishes, now))

    def step_in(self, now: Round) -> Iterator[Step]:
        """Whoever is breached is topped up in time, or liquidated, or deleveraged where the fund can't pay."""
        breached = [key for key, row in self.ledger.rows.items() if is_breached(row, now)]
        for key in breached:
            if key not in self.ledger.rows or not is_breached(self.ledger.rows[key], now):
                continue  # whoever was deleveraged may be well again
            wishes = self.traders.rescue(*key, now) if self.random.randrange(RESCUED) == 0 else None
            if wishes is not None:
                yield Changed(self.ledger.change(key[0], wishes, now))
            else:
                yield self.seize(key, now)

    def seize(self, key: Key, now: Round) -> Liquidated | Deleveraged:
        """Liquidate by the policy's rule as long as the fund can pay for the end of it."""
        row = self.ledger.rows[key]
        market = MARKETS[row.market]
        state = market.state(*now.of(row.market))
        if -equity(row, *now.of(row.market)) > self.ledger.fund[row.currency]:
            return self.deleverage(key, row, now)
        lots = plan_liquidation(market.policy, row.position(), state)
        return Liquidated(key, self.ledger.liquidate(*key, lots, now))

    def deleverage(self, key: Key, row: Row, now: Round) -> Deleveraged:
        """Close a position against the front of the queue."""
        market = MARKETS[row.market]
        others = {name_key(each): each for each, held in self.ledger.rows.items() if held.market == row.market}
        candidates = [Candidate(name, self.ledger.rows[each].position()) for name, each in others.items()]
        state = market.state(*now.of(row.market))
        queue = rank_candidates(market.policy, row.position(), candidates, state, PnlBasis.MARK)
        plan = plan_deleverage(queue, row.size)
        takers = {others[each.candidate.position_id]: each.lots for each in plan}
        gone, taken = self.ledger.deleverage(key, takers, now)
        return Deleveraged(key, gone, tuple(others[each.position_id] for each in queue), taken)


def name_key(key: Key) -> str:
    """A position's name in a queue, in which equal scores stand by name."""
    return f"{key[0]:06}/{key[1]:06}"


def describe(step: Step) -> str:
    """What kind of step it is."""
    match step:
        case Published():
            return "round"
        case Deleveraged():
            return "deleverage"
        case Liquidated(_, seized) if seized.after:
            return "partial liquidation"
        case Liquidated(_, seized):
            return "bankruptcy" if seized.drawn else "whole liquidation"
        case Changed(done):
            return describe_pair(done) if len(done.wishes) > 1 else describe_one(done)


def describe_pair(done: Done) -> str:
    """What kind of change of two positions it is."""
    are_there: tuple[bool, ...] = tuple(row is not None for row in (*done.before, *done.after))
    names: dict[tuple[bool, ...], str] = {
        (False, False, True, True): "two openings",
        (True, True, False, False): "close",
        (True, False, False, True): "replacement",
        (True, True, False, True): "close into another",
    }
    return names.get(are_there, "move" if done.wishes[0].brought else "settlement")


def describe_one(done: Done) -> str:
    """What kind of change of one position it is."""
    (old,), (new,), (wish,) = done.before, done.after, done.wishes
    if old is None or new is None:
        return "opening" if old is None else "close"
    if new.size != old.size:
        return "increase" if new.size > old.size else "partial close"
    return "settlement" if not wish.brought else "top up" if wish.brought > 0 else "withdrawal"
