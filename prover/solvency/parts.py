"""From an account of the ledger to its parts: names become places in the tables, and what one can't hold is several.

An account without debts fills as many parts of the first class as it needs. A debt stands in a part of a class that has
room for debts, beside balances that cover it after their haircuts: for the largest debt first, the smallest balance
that is enough, or else the largest and then what is left. What remains fills the free places of those parts, and then
parts of the first class.

A record of the file of parts, behind its number:

    account (length in 1 byte), part 4, parts of the account 4, counts of positions, balances and debts 3
    each position: side 1, market 2, size 9, entry notional 13, cash 14, funding index 9
    each balance and debt: asset 2, amount 8
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from facts.canonical import ByteReader
from facts.solvency.account import AccountPart, Balance, Debt, IsolatedPosition
from facts.solvency.header import ListedAsset, ListedMarket
from facts.solvency.shape import AccountShape
from facts.solvency.tables import Tables
from margin.contracts import Side
from margin.documents.reading import located
from margin.errors import MalformedError, Reason, RejectedError
from margin.solvency import HeldPosition, find_equity, find_line, require_cover
from prover.solvency.records import AccountRecord, HeldAmount, NamedPosition

POSITION_BYTES: Final = (9, 13, 14, 9)
"""Of size, entry notional, cash and funding index, each with its sign."""
AMOUNT_BYTES: Final = 8
PLACE_BYTES: Final = 2
PART_BYTES: Final = 4

PlacedPosition = tuple[int, HeldPosition]
"""A position by the place of its market."""


@dataclass(frozen=True)
class Listing:
    """What the names in accounts mean, and at what everything is counted."""

    markets: tuple[ListedMarket, ...]
    assets: tuple[ListedAsset, ...]
    tables: Tables

    @cached_property
    def market_places(self) -> dict[str, int]:
        """The place of each market."""
        return {market.name: place for place, market in enumerate(self.markets)}

    @cached_property
    def asset_places(self) -> dict[str, int]:
        """The place of each asset."""
        return {asset.name: place for place, asset in enumerate(self.assets)}

    def place_position(self, named: NamedPosition) -> PlacedPosition:
        """A position by the place of its market, and within the bounds of what can be counted."""
        places = self.market_places
        if named.market not in places:
            expected = f"one of {', '.join(places)}"
            raise MalformedError(Reason.UNKNOWN_MARKET, "market", found=named.market, expected=expected)
        placed = places[named.market], named.held
        self.count(placed)
        return placed

    def place_amount(self, held: HeldAmount) -> int:
        """The place of an asset."""
        places = self.asset_places
        if held.asset not in places:
            expected = f"one of {', '.join(places)}"
            raise MalformedError(Reason.UNKNOWN_ASSET, "asset", found=held.asset, expected=expected)
        return places[held.asset]

    def count(self, placed: PlacedPosition) -> IsolatedPosition:
        """A position as its leaf has it."""
        market, held = placed
        quote = held.quote(self.markets[market].kind)
        equity = find_equity(quote, held.side, held.size, self.tables.weights[market])
        return IsolatedPosition(market, held.side, held.size, quote, equity)

    def covered(self, balance: Balance) -> int:
        """What a balance covers, in 1e-12 money units."""
        return find_line(self.tables.lines_of(balance.asset), balance.amount).value(balance.amount)

    def asked(self, debt: Debt) -> int:
        """What a debt asks for, in 1e-12 money units."""
        return debt.amount * self.tables.prices[debt.asset]


@dataclass(slots=True)
class OpenPart:
    """A part of an account while it is filled, and as it lies on the disk."""

    place: int
    """Of its class."""
    account: str = field(repr=False, default="")
    """Nobody's, where it only fills up."""
    part: int = 0
    of: int = 1
    """So many parts has the account."""
    positions: list[PlacedPosition] = field(repr=False, default_factory=list)
    balances: list[Balance] = field(repr=False, default_factory=list)
    debts: list[Debt] = field(repr=False, default_factory=list)

    def seal(self, number: int, identity: int, salt: int, shape: AccountShape, listing: Listing) -> AccountPart:
        """The part as a leaf commits to it."""
        cover = listing.tables.cover(self.balances, self.debts, shape) if shape.debts else None
        counted = tuple(map(listing.count, self.positions))
        return AccountPart(identity, salt, number, counted, tuple(self.balances), tuple(self.debts), cover)

    def encode(self) -> bytes:
        """A record of the file of parts."""
        name = self.account.encode()
        counts = bytes((len(self.positions), len(self.balances), len(self.debts)))
        held = (*map(encode_position, self.positions), *map(encode_amount, (*self.balances, *self.debts)))
        parts = (number.to_bytes(PART_BYTES, "big") for number in (self.part, self.of))
        return b"".join((bytes((len(name),)), name, *parts, counts, *held))

    @classmethod
    def decode(cls, place: int, data: bytes) -> "OpenPart":
        """The part of a record."""
        reader = ByteReader(data)
        account = reader.take(reader.number("account", 1), "account").decode()
        part, of = reader.number("part", PART_BYTES), reader.number("of", PART_BYTES)
        positions, balances, debts = reader.take(3, "counts")
        opened = cls(
            place,
            account,
            part,
            of,
            [decode_position(reader) for _ in range(positions)],
            [Balance(*decode_amount(reader)) for _ in range(balances)],
            [Debt(*decode_amount(reader)) for _ in range(debts)],
        )
        reader.finish("part")
        return opened


def encode_position(placed: PlacedPosition) -> bytes:
    """One position of a record."""
    market, held = placed
    head = bytes((held.side is Side.SHORT,)) + market.to_bytes(PLACE_BYTES, "big")
    numbers = zip((held.size, held.entry_notional, held.cash, held.funding_index), POSITION_BYTES, strict=True)
    return head + b"".join(number.to_bytes(width, "big", signed=True) for number, width in numbers)


def decode_position(reader: ByteReader) -> PlacedPosition:
    """The same again."""
    side = Side.SHORT if reader.number("side", 1) else Side.LONG
    market = reader.number("market", PLACE_BYTES)
    numbers = (int.from_bytes(reader.take(width, "position"), "big", signed=True) for width in POSITION_BYTES)
    return market, HeldPosition(side, *numbers)


def encode_amount(held: Balance) -> bytes:
    """One balance or debt of a record."""
    return held.asset.to_bytes(PLACE_BYTES, "big") + held.amount.to_bytes(AMOUNT_BYTES, "big")


def decode_amount(reader: ByteReader) -> tuple[int, int]:
    """The same again."""
    return reader.number("asset", PLACE_BYTES), reader.number("amount", AMOUNT_BYTES)


# --- Splitting ---------------------------------------------------------------------------------------


class Splitter:
    """Cuts accounts into parts of the classes of a run."""

    def __init__(self, shapes: Sequence[AccountShape], listing: Listing) -> None:
        """The first class is for whatever has no debts; the first with room for debts is for those."""
        self._shapes = shapes
        self._listing = listing
        self._lending = next((place for place, shape in enumerate(shapes) if shape.debts), None)

    def split(self, record: AccountRecord) -> list[OpenPart]:
        """All parts of an account, and one of an account that holds nothing."""
        positions = [self._position(held, place) for place, held in enumerate(record.positions)]
        balances = list(self._amounts(record.balances, "balances", Balance))
        debts = list(self._amounts(record.debts, "debts", Debt))
        parts = self._borrow(balances, debts) if debts else []
        for part in parts:
            shape = self._shapes[part.place]
            move(positions, part.positions, shape.positions)
            move(balances, part.balances, shape.balances)
        while positions or balances or not parts:
            part, shape = OpenPart(0), self._shapes[0]
            move(positions, part.positions, shape.positions)
            move(balances, part.balances, shape.balances)
            parts.append(part)
        for place, part in enumerate(parts):
            part.account, part.part, part.of = record.account, place, len(parts)
        return parts

    def _position(self, named: NamedPosition, place: int) -> PlacedPosition:
        with located(f"positions[{place}]"):
            return self._listing.place_position(named)

    def _amounts(self, held: Sequence[HeldAmount], name: str, kind: type[Balance]) -> Iterator[Balance]:
        for place, each in enumerate(held):
            with located(f"{name}[{place}]"):
                asset = self._listing.place_amount(each)
            if each.amount:
                yield kind(asset, each.amount)

    def _borrow(self, balances: list[Balance], debts: list[Balance]) -> list[OpenPart]:
        """A part for every so many debts, with the balances that cover them."""
        if self._lending is None:
            expected = "accounts without debts, or a class with room for them (--class p2-b4-d1)"
            raise RejectedError(Reason.NOT_APPLICABLE, "debts", found="a debt", expected=expected)
        shape, parts = self._shapes[self._lending], []
        owed = sorted((Debt(each.asset, each.amount) for each in debts), key=self._listing.asked, reverse=True)
        for start in range(0, len(owed), shape.debts):
            part = OpenPart(self._lending, debts=owed[start : start + shape.debts])
            part.balances = self._choose(balances, sum(map(self._listing.asked, part.debts)), shape.balances)
            parts.append(part)
        return parts

    def _choose(self, balances: list[Balance], asked: int, room: int) -> list[Balance]:
        """Balances that cover what is asked for, taken out of those that there are."""
        chosen: list[Balance] = []
        while asked > 0 and balances and len(chosen) < room:
            enough = [each for each in balances if self._listing.covered(each) >= asked]
            best = min(enough, key=self._listing.covered) if enough else max(balances, key=self._listing.covered)
            balances.remove(best)
            chosen.append(best)
            asked -= self._listing.covered(best)
        require_cover(0, max(asked, 0))
        return chosen


def move(source: list, target: list, room: int) -> None:  # type: ignore[type-arg]
    """As much from the front of a list as another one has room for."""
    free = room - len(target)
    target.extend(source[:free])
    del source[:free]
