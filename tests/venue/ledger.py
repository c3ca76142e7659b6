"""The plain ledger of a venue: dictionaries of integers that know nothing of commitments, circuits and proofs.

What a change does to the numbers is written here in integers once more, from the rules alone, so that it can disagree
with what was proven. Rounding is against the trader:

    funding     owed = ceil(side * size * (index now - index) / 10^6)
    worth       of n lots at the mark: n * multiplier * mark, or n * multiplier / mark of an inverse contract
    entry       of what stays: ceil(entry * left / size); of lots that are added: ceil(worth)
    fee         ceil(worth of the closed * fee / 10^6)
    cash        floor(cash - owed + slope * (worth - entry that goes, or comes)) - fee + what is brought

Where the venue closes lots by force, their worth is rounded to a whole unit first, against the trader, and there is a

    penalty     ceil(worth of the closed * penalty / 10^6)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor

from margin.contracts import ContractKind, Side
from margin.position import Position
from tests.venue.markets import CURRENCIES, MARKETS, PPM, Round

Key = tuple[int, int]
"""An owner, and which of the owner's positions."""
LONG, SHORT = 1, -1


@dataclass(frozen=True, slots=True)
class Row:
    """One isolated position, in integers."""

    market: int
    side: int
    size: int
    entry: int
    index: int
    cash: int

    @property
    def currency(self) -> int:
        """What it is settled in."""
        return MARKETS[self.market].currency

    @property
    def slope(self) -> int:
        """+1 where its profit grows with its worth."""
        is_linear = MARKETS[self.market].policy.contract.kind is ContractKind.LINEAR
        return self.side if is_linear else -self.side

    def position(self) -> Position:
        """The same as ``margin`` has it."""
        side = Side.LONG if self.side == LONG else Side.SHORT
        return Position(side, self.size, Fraction(self.entry), Fraction(self.cash), self.index)


@dataclass(frozen=True, slots=True)
class Flows:
    """What a change paid, to the unit."""

    paid_in: int = 0
    """From the owner's wallet."""
    paid_out: int = 0
    fees: int = 0
    settled: int = 0
    """Funding and realised profit, with the rest of the market; above zero where the position pays."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner wants of one position: so many lots afterwards, and so much cash brought (or taken out).

    ``brought`` None is for one that ends: all its cash is taken out. ``market`` and ``side`` are for one that begins.
    """

    position: int
    lots: int
    brought: int | None
    market: int = 0
    side: int = LONG


@dataclass(frozen=True, slots=True)
class Seized:
    """What became of a position of which lots were closed by force."""

    before: Row
    after: Row | None
    lots: int
    settled: int
    fee: int = 0
    penalty: int = 0
    drawn: int = 0
    """From the insurance fund."""
    returned: int = 0
    """To the owner, of a position that ended."""

    @property
    def left(self) -> int:
        """What the position had before fee and penalty; below zero where the fund pays."""
        return self.before.cash - self.settled


@dataclass(frozen=True, slots=True)
class Done:
    """A change as the ledger carried it out: each position before and after, in the order of the wishes."""

    owner: int
    wishes: tuple[Wish, ...]
    before: tuple[Row | None, ...]
    after: tuple[Row | None, ...]
    flows: Flows


def worth(market: int, lots: int, mark: int) -> Fraction:
    """Money units of so many lots, exactly."""
    contract = MARKETS[market].policy.contract
    by = Fraction(mark) if contract.kind is ContractKind.LINEAR else Fraction(1, mark)
    return lots * contract.multiplier * by


def owed(row: Row, index: int) -> int:
    """The funding that a position owes."""
    return ceil(Fraction(row.side * row.size * (index - row.index), PPM))


def equity(row: Row, mark: int, index: int) -> Fraction:
    """What a position is worth to its owner."""
    return row.cash + row.slope * (worth(row.market, row.size, mark) - row.entry) - owed(row, index)


def fee_of(market: int, lots: int, mark: int) -> int:
    """The closing fee of so many lots."""
    return ceil(worth(market, lots, mark) * MARKETS[market].policy.closing_fee_rate)


@dataclass(slots=True)
class Ledger:
    """All of the venue's money and positions."""

    rows: dict[Key, Row] = field(default_factory=dict)
    wallets: dict[tuple[int, int], int] = field(default_factory=dict)
    """Owner and currency -> free money."""
    fees: dict[int, int] = field(default_factory=lambda: dict.fromkeys(CURRENCIES, 0))
    clearing: dict[int, int] = field(default_factory=lambda: dict.fromkeys(CURRENCIES, 0))
    """The rest of the market: receives losses and funding, pays profits."""
    fund: dict[int, int] = field(default_factory=lambda: dict.fromkeys(CURRENCIES, 0))
    """The insurance fund."""
    born: set[Key] = field(default_factory=set)
    """Every position that there ever was."""

    def total(self, currency: int) -> int:
        """All the money of a currency, wherever it is: what no change may change."""
        free = sum(amount for (_, of), amount in self.wallets.items() if of == currency)
        fenced = sum(row.cash for row in self.rows.values() if row.currency == currency)
        return free + fenced + self.fees[currency] + self.clearing[currency] + self.fund[currency]

    def totals(self) -> dict[int, int]:
        """The same of every currency."""
        return {currency: self.total(currency) for currency in CURRENCIES}

    def positions_of(self, owner: int) -> Iterator[tuple[int, Row]]:
        """An owner's positions."""
        return ((position, row) for (of, position), row in self.rows.items() if of == owner)

    # --- What owners do ------------------------------------------------------------------------------

    def change(self, owner: int, wishes: tuple[Wish, ...], now: Round) -> Done:
        """Carry out what an owner wants of one or two positions that settle in one currency."""
        before = tuple(self.rows.get((owner, wish.position)) for wish in wishes)
        outcomes = [carry_out(row, wish, now) for row, wish in zip(before, wishes, strict=True)]
        brought = sum(outcome.brought for outcome in outcomes)
        flows = Flows(
            paid_in=max(0, brought),
            paid_out=max(0, -brought),
            fees=sum(outcome.fee for outcome in outcomes),
            settled=sum(outcome.settled for outcome in outcomes),
        )
        (currency,) = {
            MARKETS[wish.market].currency if row is None else row.currency
            for row, wish in zip(before, wishes, strict=True)
        }
        self.wallets[owner, currency] = self.wallets.get((owner, currency), 0) - brought
        self.fees[currency] += flows.fees
        self.clearing[currency] += flows.settled
        for wish, outcome in zip(wishes, outcomes, strict=True):
            self.put(owner, wish.position, outcome.row)
        return Done(owner, wishes, before, tuple(outcome.row for outcome in outcomes), flows)

    # --- What the venue does -------------------------------------------------------------------------

    def liquidate(self, owner: int, position: int, lots: int, now: Round) -> Seized:
        """Close lots by force at the mark, some or all. What is missing at the end comes out of the insurance fund."""
        row = self.rows[owner, position]
        taken = seize(row, lots, now)
        gap = max(0, -taken.left)
        assert gap <= self.fund[row.currency], "what the fund can't pay is deleveraged"
        return self.book_seizure(owner, position, row, taken)

    def book_seizure(self, owner: int, position: int, row: Row, taken: Seized) -> Seized:
        """Write down who got and who paid what."""
        currency = row.currency
        self.clearing[currency] += taken.settled
        self.fees[currency] += taken.fee
        self.fund[currency] += taken.penalty - taken.drawn
        self.wallets[owner, currency] += taken.returned
        self.put(owner, position, taken.after)
        return taken

    def deleverage(self, bankrupt: Key, takers: Mapping[Key, int], now: Round) -> tuple[Seized, dict[Key, Seized]]:
        """Close a bankrupt position at the price at which nothing is left of it, against so many lots of others."""
        row = self.rows[bankrupt]
        assert sum(takers.values()) == row.size, "all lots are taken over"
        _, index = now.of(row.market)
        value = row.entry - row.slope * (row.cash - owed(row, index))
        gone = self.book_seizure(*bankrupt, row, give_up(row, row.size, Fraction(value), now))
        taken = {}
        for key, lots in takers.items():
            each = self.rows[key]
            assert (each.market, each.side) == (row.market, -row.side), "only the other side takes over"
            taken[key] = self.book_seizure(*key, each, give_up(each, lots, Fraction(value * lots, row.size), now))
        return gone, taken

    def put(self, owner: int, position: int, row: Row | None) -> None:
        """Write a position down, or strike it out. A number that was used is never used again."""
        key = owner, position
        if row is None:
            del self.rows[key]
            return
        assert key in self.rows or key not in self.born, "a position is born once"
        self.born.add(key)
        self.rows[key] = row


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one position."""

    row: Row | None
    brought: int
    fee: int
    settled: int


def carry_out(row: Row | None, wish: Wish, now: Round) -> Outcome:
    """One wish about one position."""
    if row is None:
        return begin(wish, now)
    mark, index = now.of(row.market)
    added = wish.lots - row.size
    entry = (
        ceil(Fraction(row.entry * wish.lots, row.size))
        if added <= 0
        else row.entry + ceil(worth(row.market, added, mark))
    )
    # What the market pays for the lots that go, or gets for those that come, beyond what the entry says of them.
    gain = row.slope * (worth(row.market, -added, mark) - (row.entry - entry))
    fee = fee_of(row.market, max(0, -added), mark)
    left = floor(row.cash - owed(row, index) + gain)
    settled = row.cash - left
    brought = fee - left if wish.brought is None else wish.brought
    cash = left - fee + brought
    if wish.lots == 0:
        assert cash == 0, "what ends leaves nothing behind"
        return Outcome(None, brought, fee, settled)
    return Outcome(replace(row, size=wish.lots, entry=entry, index=index, cash=cash), brought, fee, settled)


def seize(row: Row, lots: int, now: Round) -> Seized:
    """Close lots at the mark: of the last ones, fee and penalty are taken only as far as there is money for them."""
    policy, (mark, _) = MARKETS[row.market].policy, now.of(row.market)
    exact = worth(row.market, lots, mark)
    value = floor(exact) if row.slope == 1 else ceil(exact)
    taken = give_up(row, lots, Fraction(value), now)
    fee, penalty = ceil(value * policy.closing_fee_rate), ceil(value * policy.liquidation.penalty_rate)
    if taken.after is not None:
        return replace(taken, fee=fee, penalty=penalty, after=replace(taken.after, cash=taken.left - fee - penalty))
    fee = min(fee, max(0, taken.left))
    penalty = min(penalty, max(0, taken.left) - fee)
    return replace(taken, fee=fee, penalty=penalty, drawn=max(0, -taken.left), returned=taken.returned - fee - penalty)


def give_up(row: Row, lots: int, value: Fraction, now: Round) -> Seized:
    """Close lots for what they are worth to whoever takes them, without a fee."""
    _, index = now.of(row.market)
    size = row.size - lots
    entry = ceil(Fraction(row.entry * size, row.size))
    left = floor(row.cash - owed(row, index) + row.slope * (value - (row.entry - entry)))
    after = replace(row, size=size, entry=entry, index=index, cash=left) if size else None
    return Seized(row, after, lots, settled=row.cash - left, returned=0 if size else max(0, left))


def begin(wish: Wish, now: Round) -> Outcome:
    """A position that was not there."""
    mark, index = now.of(wish.market)
    exact = worth(wish.market, wish.lots, mark)
    assert wish.brought is not None
    opened = Row(wish.market, wish.side, wish.lots, ceil(exact), index, wish.brought)
    cash = floor(wish.brought + opened.slope * (opened.entry - exact))
    return Outcome(replace(opened, cash=cash), wish.brought, 0, wish.brought - cash)


def summarise(ledger: Ledger) -> Mapping[str, int]:
    """How many positions there are of each kind."""
    kinds = [f"market {row.market} {'long' if row.side == LONG else 'short'}" for row in ledger.rows.values()]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
