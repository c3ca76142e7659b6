"""The other positions of the venue: made up by a hash, so that they are the same each time, and really committed to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final

from facts.commitments import CommittedPosition, PerpetualBody, encode_cash
from facts.elements import draw_element
from facts.tags import Tag
from margin.batch import evaluate_batch
from margin.columns import PositionColumns
from margin.contracts import Side
from margin.position import MarketState
from prover.perpetual import Perpetual
from ringfence.cli.story.position import View, write_position
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_many

OTHERS: Final = 9_999
"""With the one of the story there are ten thousand."""
MIDDLE: Final = 15_000
"""Ticks, around which they were opened."""
SPREAD: Final = 450
MOST_CONTRACTS: Final = 1_000
LEAST_LEVERAGE, MOST_LEVERAGE = 3, 15
COMMITTED: Final = 6
"""Elements in a commitment to a position, its tag among them."""


@dataclass(frozen=True, slots=True)
class Others:
    """Everybody else at the venue, which knows all of them."""

    view: View
    """For the market's rules and units."""
    columns: PositionColumns

    @classmethod
    def make_up(cls, view: View, count: int = OTHERS) -> "Others":
        """So many positions of one market."""
        columns = PositionColumns()
        for number in range(count):
            side, lots, entry, leverage = draw_position(number, view)
            notional = view.units.contract.notional(lots, entry).numerator
            columns.append(side=side, size=lots, entry_notional=notional, cash=notional // leverage)
        return cls(view, columns)

    def count_below(self, mark: str) -> int:
        """How many of them do not meet their maintenance requirement at a price."""
        state = MarketState(self.view.units.ticks(Fraction(mark)))
        return evaluate_batch(self.view.policy, state, self.columns).totals.liquidatable

    def commit(self) -> list[int]:
        """A leaf of the book for each, all hashed at once."""
        rows = b"".join(row for committed in self.list_committed() for row in write_row(committed))
        hashes = hash_many(COMMITTED + 1, rows)
        return [int.from_bytes(hashes[at : at + FIELD_BYTES], "little") for at in range(0, len(hashes), FIELD_BYTES)]

    def list_committed(self) -> Iterator[CommittedPosition]:
        """What opens each leaf; salts are drawn, as those of a real position."""
        market = Perpetual.read(write_position((), self.view.mark), None, None, None).market_id
        for row in range(len(self.columns)):
            position = self.columns.position(row)
            body = PerpetualBody.of(position, market).encode()
            cash = position.cash.numerator
            yield CommittedPosition(Tag.POSITION_PERP, draw_element(), draw_element(), body, cash)


def draw_position(number: int, view: View) -> tuple[Side, int, Fraction, int]:
    """Side, lots, entry price in ticks and leverage of a position that has a number."""
    digest = sha256(f"a position of the story: {number}".encode()).digest()
    first, second, third, fourth = (int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8))
    contracts = 1 + first % MOST_CONTRACTS
    entry = Fraction(MIDDLE - SPREAD + second % (2 * SPREAD + 1))
    leverage = LEAST_LEVERAGE + third % (MOST_LEVERAGE - LEAST_LEVERAGE + 1)
    side = Side.SHORT if fourth % 2 else Side.LONG
    return side, view.units.lots(Fraction(contracts), "size"), entry, leverage


def write_row(committed: CommittedPosition) -> Sequence[bytes]:
    """The elements of a commitment as rows of hashes are written; see ``commit_position``."""
    cash = encode_cash(committed.cash)
    elements = committed.kind, committed.owner, committed.position_id, committed.body, cash, committed.salt
    return [int(each).to_bytes(FIELD_BYTES, "little") for each in elements]
