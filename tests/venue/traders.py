"""What the owners of a venue do all day, by a seed: every kind of change, some at the very edge of what is allowed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from random import Random
from typing import Final

from margin.requirement import RequirementKind, compute_requirement
from margin.sizing import compute_minimum_cash
from tests.venue.ledger import LONG, SHORT, Ledger, Row, Wish, carry_out, equity
from tests.venue.markets import BITCOIN, DOLLAR, DOLLAR_UNIT, ETHER, MARKETS, Round

Wishes = tuple[Wish, ...]

DOLLARS_WORTH: Final = {DOLLAR: DOLLAR_UNIT, BITCOIN: 1_700, ETHER: 33_000}
"""Money units of each currency that are about one dollar."""


def needs(row: Row, kind: RequirementKind, now: Round) -> Fraction:
    """What is required of a position, as ``margin`` says."""
    market = MARKETS[row.market]
    return compute_requirement(market.policy, row.position(), market.state(*now.of(row.market)), kind).total


def excess(row: Row, kind: RequirementKind, now: Round) -> Fraction:
    """Equity beyond a requirement."""
    return equity(row, *now.of(row.market)) - needs(row, kind, now)


def is_breached(row: Row, now: Round) -> bool:
    """Whether the venue has to step in."""
    return excess(row, RequirementKind.MAINTENANCE, now) < 0


def least_cash(row: Row, kind: RequirementKind, now: Round) -> int:
    """The least whole cash with which a position is sufficient."""
    market = MARKETS[row.market]
    least = compute_minimum_cash(market.policy, row.position(), market.state(*now.of(row.market)), kind)
    assert least is not None
    return ceil(least)


def spare_cash(row: Row, now: Round) -> int:
    """The most that can be taken out of a position."""
    return row.cash - least_cash(row, RequirementKind.INITIAL, now)


@dataclass(slots=True)
class Traders:
    """The owners of a ledger, who act on it as a seed says."""

    random: Random
    ledger: Ledger
    owners: int
    turn: int = 0
    """Which kind of change comes next."""

    # --- The evening before --------------------------------------------------------------------------

    def arrive(self, count: int, evenings: tuple[Round, ...]) -> None:
        """Owners bring money and open so many positions, at prices of different hours."""
        for owner in range(self.owners):
            for currency, dollar in DOLLARS_WORTH.items():
                self.ledger.wallets[owner, currency] = self.random.randint(100, 400_000) * dollar
        while len(self.ledger.rows) < count:
            owner, hour = self.random.randrange(self.owners), self.random.choice(evenings)
            wishes = (self.begin(owner, self.random.choice(tuple(MARKETS)), hour),)
            if self.is_allowed(owner, wishes, hour):
                self.ledger.change(owner, wishes, hour)

    def begin(self, owner: int, market: int, now: Round) -> Wish:
        """A position of up to some hundred thousand dollars, with the initial requirement or several times of it."""
        lots = self.random.randint(1, self.random.choice((20, 200, 3_000)))
        side = self.random.choice((LONG, SHORT))
        wish = Wish(self.next_position(owner), lots, 0, market, side)
        bare = carry_out(None, wish, now).row
        assert bare is not None
        least = least_cash(bare, RequirementKind.INITIAL, now) - bare.cash
        more = self.random.choice((0, 1, *(least * times for times in range(1, 16))))
        return replace(wish, brought=max(1, least) + more)

    def next_position(self, owner: int) -> int:
        """A number that the owner never used."""
        return 1 + max((position for of, position in self.ledger.born if of == owner), default=0)

    # --- The day -------------------------------------------------------------------------------------

    def act(self, count: int, now: Round) -> Iterator[tuple[int, Wishes]]:
        """So many changes, all kinds in turn. What an owner wants is drawn from the ledger as it is by then."""
        kinds = (
            *(self.top_up, self.withdraw, self.withdraw_all, self.move, self.close_some, self.close_all),
            *(self.open, self.open_two, self.increase, self.settle, self.close_and_top_up, self.replace_position),
        )
        for _ in range(count):
            wanted = self.want(kinds[self.turn % len(kinds)], now)
            self.turn += 1
            if wanted is not None:
                yield wanted

    def want(self, kind: Callable[[int, Round], Wishes | None], now: Round) -> tuple[int, Wishes] | None:
        """The wish of some owner who can have it; none where nobody is found."""
        for _ in range(200):
            owner = self.random.randrange(self.owners)
            wishes = kind(owner, now)
            if wishes is not None and self.is_allowed(owner, wishes, now):
                return owner, wishes
        return None

    def is_allowed(self, owner: int, wishes: Wishes, now: Round) -> bool:
        """Whether what comes out is sufficient and paid for."""
        outcomes = []
        for wish in wishes:
            row = self.ledger.rows.get((owner, wish.position))
            if (
                row is not None
                and wish.lots == 0
                and equity(row, *now.of(row.market)) < needs(row, RequirementKind.MAINTENANCE, now)
            ):
                return False
            outcome = carry_out(row, wish, now)
            outcomes.append(outcome)
            if outcome.row is None and outcome.brought > 0:
                return False  # what ends has to pay for itself
            if outcome.row is None:
                continue
            took = row is None or wish.lots > row.size or (wish.brought or 0) < 0
            kind = RequirementKind.INITIAL if took else RequirementKind.MAINTENANCE
            if excess(outcome.row, kind, now) < 0:
                return False
        (currency,) = {MARKETS[self.market_of(owner, wish)].currency for wish in wishes}
        return sum(outcome.brought for outcome in outcomes) <= self.ledger.wallets[owner, currency]

    def market_of(self, owner: int, wish: Wish) -> int:
        """The market of a position that is there or begins."""
        row = self.ledger.rows.get((owner, wish.position))
        return wish.market if row is None else row.market

    def pick(self, owner: int, count: int = 1) -> list[tuple[int, Row]]:
        """Different positions of an owner that settle in one currency; fewer where there are fewer."""
        held = list(self.ledger.positions_of(owner))
        self.random.shuffle(held)
        alike = [each for each in held if each[1].currency == held[0][1].currency]
        return alike[:count]

    def top_up(self, owner: int, now: Round) -> Wishes | None:  # noqa: ARG002
        """Bring cash."""
        return (
            tuple(Wish(position, row.size, 1 + self.random.randrange(row.entry)) for position, row in self.pick(owner))
            or None
        )

    def settle(self, owner: int, now: Round) -> Wishes | None:  # noqa: ARG002
        """Pay the funding of one or two positions and nothing else."""
        return tuple(Wish(position, row.size, 0) for position, row in self.pick(owner, 2)) or None

    def withdraw(self, owner: int, now: Round) -> Wishes | None:
        """Take some of what is spare."""
        return (
            tuple(
                Wish(position, row.size, -self.random.randint(1, spare))
                for position, row in self.pick(owner)
                if (spare := spare_cash(row, now)) > 0
            )
            or None
        )

    def withdraw_all(self, owner: int, now: Round) -> Wishes | None:
        """Take all that is spare, to the unit."""
        return (
            tuple(
                Wish(position, row.size, -spare)
                for position, row in self.pick(owner)
                if (spare := spare_cash(row, now)) > 0
            )
            or None
        )

    def move(self, owner: int, now: Round) -> Wishes | None:
        """Bring what is spare in one silo to another."""
        pair = self.pick(owner, 2)
        if len(pair) < 2 or (spare := spare_cash(pair[0][1], now)) <= 0:
            return None
        amount = self.random.choice((spare, self.random.randint(1, spare)))
        return tuple(
            Wish(position, row.size, sign * amount) for sign, (position, row) in zip((-1, 1), pair, strict=True)
        )

    def close_some(self, owner: int, now: Round) -> Wishes | None:  # noqa: ARG002
        """Close some lots."""
        return (
            tuple(
                Wish(position, self.random.randrange(1, row.size), 0)
                for position, row in self.pick(owner)
                if row.size > 1
            )
            or None
        )

    def close_all(self, owner: int, now: Round) -> Wishes | None:  # noqa: ARG002
        """End one or two positions."""
        return tuple(Wish(position, 0, None) for position, _ in self.pick(owner, self.random.choice((1, 2)))) or None

    def open(self, owner: int, now: Round) -> Wishes | None:
        """Begin a position."""
        return (self.begin(owner, self.random.choice(tuple(MARKETS)), now),)

    def open_two(self, owner: int, now: Round) -> Wishes | None:
        """Begin two, in the two markets that settle in dollars."""
        first = self.begin(owner, 1, now)
        second = self.begin(owner, 2, now)
        return first, replace(second, position=first.position + 1)

    def increase(self, owner: int, now: Round) -> Wishes | None:  # noqa: ARG002
        """Add lots, and cash for them."""
        return (
            tuple(
                Wish(position, row.size + self.random.randint(1, row.size), row.entry // self.random.choice((2, 5, 10)))
                for position, row in self.pick(owner)
            )
            or None
        )

    def close_and_top_up(self, owner: int, now: Round) -> Wishes | None:
        """End one position, and put all that comes out of it into another."""
        pair = self.pick(owner, 2)
        if len(pair) < 2:
            return None
        (gone, old), (kept, row) = pair
        outcome = carry_out(old, Wish(gone, 0, None), now)
        return (Wish(gone, 0, None), Wish(kept, row.size, -outcome.brought)) if outcome.brought <= 0 else None

    def replace_position(self, owner: int, now: Round) -> Wishes | None:
        """End one position and begin another in the same market."""
        return next(
            ((Wish(position, 0, None), self.begin(owner, row.market, now)) for position, row in self.pick(owner)), None
        )

    def rescue(self, owner: int, position: int, now: Round) -> Wishes | None:
        """Bring just enough for a breached position not to be liquidated, to the unit."""
        row = self.ledger.rows[owner, position]
        missing = least_cash(row, RequirementKind.MAINTENANCE, now) - row.cash
        wishes = (Wish(position, row.size, missing),)
        return wishes if missing > 0 and self.is_allowed(owner, wishes, now) else None
