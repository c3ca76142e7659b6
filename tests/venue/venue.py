"""A venue over a day: the ledger goes first, the book follows with a proof of each step, and both are compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facts.liquidation import StatedLiquidation
from facts.transition import StatedTransition
from tests.venue.book import Book, Depths, Mirror
from tests.venue.day import Changed, Day, DaySize, Deleveraged, Liquidated, Published, Step
from tests.venue.ledger import Done, Key, Seized
from tests.venue.markets import Round
from tests.venue.proofs import Desk
from tests.venue.traders import is_breached


@dataclass(slots=True)
class Venue:
    """Both books of a venue."""

    day: Day
    book: Book
    mirror: Mirror
    now: Round

    @classmethod
    def open(cls, size: DaySize, seed: int, depths: Depths, desk: Desk, folder: Path) -> "Venue":
        """In the morning."""
        day = Day(size, seed)
        book = Book.open(day.ledger, depths, desk, folder / "book", seed)
        return cls(day, book, Mirror.of(book, day.ledger), day.rounds[0])

    def close(self) -> None:
        """Let go of the book's files."""
        self.book.tree.close()

    def live(self) -> Iterator[Step]:
        """The whole day, each step after it was proven and found the same."""
        totals = self.day.ledger.totals()
        for step in self.day.run():
            self.follow(step)
            self.mirror.require_equal(self.day.ledger, touched_by(step))
            assert self.day.ledger.totals() == totals
            yield step

    def follow(self, step: Step) -> None:
        """The same step on the book."""
        match step:
            case Published(now):
                self.now = now
                self.book.prices = now.tree(self.book.depths.market)
            case Changed(done):
                require_same_flows(self.book.change(done.owner, done.wishes), done)
            case Liquidated(key, seized):
                require_same_seizure(self.book.liquidate(key, seized.lots), seized)
            case Deleveraged(bankrupt, gone, queue, taken):
                assert queue[: len(taken)] == tuple(taken)
                self.book.deleverage(bankrupt, {key: each.lots for key, each in taken.items()})
                self.put({bankrupt: gone, **taken})

    def put(self, given_up: Mapping[Key, Seized]) -> None:
        """What an auto-deleverage leaves: its order is proven, and its leaves are the keeper's word."""
        self.book.rewrite({key: each.after for key, each in given_up.items()})
        for key, each in given_up.items():
            self.book.money.book_given_up(key[0], each.before.currency, each)

    def prove_margin(self, keys: Sequence[Key]) -> None:
        """Each of some positions holds what it has to, by the statement that a verifier of collateral takes."""
        for key in keys:
            self.book.prove_margin(key)

    def sound_positions(self) -> list[Key]:
        """All that are not breached."""
        return [key for key, row in self.day.ledger.rows.items() if not is_breached(row, self.now)]


def touched_by(step: Step) -> list[Key]:
    """Whose leaves a step changed."""
    match step:
        case Published():
            return []
        case Changed(done):
            return [(done.owner, wish.position) for wish in done.wishes]
        case Liquidated(key):
            return [key]
        case Deleveraged(bankrupt, _, _, taken):
            return [bankrupt, *taken]


def require_same_flows(stated: StatedTransition, done: Done) -> None:
    """What is stated beside the claim is what the ledger booked."""
    proven, booked = stated.flows, done.flows
    assert (proven.paid_in, proven.paid_out, proven.fees, proven.settled) == (
        booked.paid_in,
        booked.paid_out,
        booked.fees,
        booked.settled,
    )


def require_same_seizure(stated: StatedLiquidation, seized: Seized) -> None:
    """The same of a liquidation."""
    proven = stated.flows
    assert (proven.settled, proven.fee, proven.penalty) == (seized.settled, seized.fee, seized.penalty)
    assert (proven.returned, proven.gap) == (seized.returned, seized.drawn)
