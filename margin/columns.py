"""Columns: many positions, and what is said of each, as contiguous little-endian bytes.

A million positions are seven buffers and not a million objects. The same layout goes to the native
core, to a file or into shared memory; a row becomes an object only when somebody looks at it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from fractions import Fraction
from typing import ClassVar, Self

from margin.basket import Asset, HaircutTier, Holding, basket_value
from margin.bounds import PPM
from margin.contracts import Side
from margin.errors import InternalError, MalformedError, MarginError, MisuseError, Reason
from margin.position import Position

Buffer = bytes | bytearray | memoryview

SIDES: Mapping[int, Side] = {1: Side.LONG, 2: Side.SHORT}
"""The codes of the side column; 0 is none, so that a column that nobody filled is refused."""

SIDE_CODES: Mapping[Side, int] = {side: code for code, side in SIDES.items()}

STATUS_REASONS = (None, Reason.NOT_A_CHOICE, Reason.OUT_OF_BOUNDS, Reason.OUTSIDE_TABLE)
"""The codes of the status column: 0 is evaluated, the others say why the row was refused."""

VALUED_BASKET = "basket"
"""The asset that a basket is held in once it has been valued: see ``VALUED_BASKET_ASSETS``."""

VALUED_BASKET_ASSETS: Mapping[str, Asset] = {
    VALUED_BASKET: Asset(1, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(0)),))
}
"""Money as an asset, worth one money unit each and whole: what makes a basket's value a holding again."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the bytes of a cell, and whether a cell has a sign."""

    name: str
    width: int
    signed: bool = False

    def encode(self, value: int) -> bytes:
        """The bytes of a cell; a number that is too large for it is refused."""
        try:
            return value.to_bytes(self.width, "little", signed=self.signed)
        except OverflowError:
            sign = "signed" if self.signed else "unsigned"
            expected = f"a {sign} number of {8 * self.width} bits"
            raise MalformedError(Reason.OUT_OF_BOUNDS, self.name, found=value, expected=expected) from None

    def decode(self, buffer: Buffer, row: int) -> int:
        """The number in a cell."""
        return int.from_bytes(buffer[row * self.width : (row + 1) * self.width], "little", signed=self.signed)


class Columns:
    """Buffers of one length, one for each column of a layout."""

    layout: ClassVar[tuple[Column, ...]]
    __slots__ = ("buffers",)

    def __init__(self, rows: int = 0) -> None:
        """So many rows of zeros."""
        self.buffers: tuple[Buffer, ...] = tuple(bytearray(rows * column.width) for column in self.layout)

    @classmethod
    def from_buffers(cls, buffers: Mapping[str, Buffer]) -> Self:
        """Columns over buffers that exist already, by name; nothing is copied and nothing can be appended."""
        names = [column.name for column in cls.layout]
        if sorted(buffers) != sorted(names):
            raise MalformedError(
                Reason.MISSING_FIELD, "columns", found=sorted(buffers), expected=f"exactly {', '.join(names)}"
            )
        views = tuple(memoryview(buffers[name]).toreadonly().cast("B") for name in names)
        rows = len(views[0]) // cls.layout[0].width
        for column, view in zip(cls.layout, views, strict=True):
            if len(view) != rows * column.width:
                expected = f"{rows} rows of {column.width} bytes"
                raise MalformedError(Reason.WRONG_COUNT, column.name, found=len(view), expected=expected)
        columns = cls()
        columns.buffers = views
        return columns

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.buffers[0]) // self.layout[0].width

    @property
    def size_in_bytes(self) -> int:
        """What the buffers take."""
        return sum(len(buffer) for buffer in self.buffers)

    def column(self, name: str) -> memoryview:
        """The bytes of one column, to read."""
        for column, buffer in zip(self.layout, self.buffers, strict=True):
            if column.name == name:
                return memoryview(buffer).toreadonly()
        raise MisuseError(
            Reason.UNKNOWN_FIELD, "column", found=name, expected=f"one of {', '.join(c.name for c in self.layout)}"
        )

    def slices(self, start: int, stop: int) -> list[memoryview]:
        """The rows from ``start`` up to ``stop`` of every column, without a copy."""
        return [
            memoryview(buffer)[start * column.width : stop * column.width]
            for column, buffer in zip(self.layout, self.buffers, strict=True)
        ]

    def cells(self, row: int) -> tuple[int, ...]:
        """The numbers of one row, in the order of the layout."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        return tuple(column.decode(buffer, row) for column, buffer in zip(self.layout, self.buffers, strict=True))

    def append_cells(self, cells: Iterable[int]) -> None:
        """One more row; all of it or, where a number does not fit its cell, nothing."""
        encoded = [column.encode(value) for column, value in zip(self.layout, cells, strict=True)]
        for buffer, cell in zip(self.growing_buffers(), encoded, strict=True):
            buffer.extend(cell)

    def extend(self, other: Self) -> None:
        """All rows of ``other``, after the rows that are here."""
        for buffer, more in zip(self.growing_buffers(), other.buffers, strict=True):
            buffer.extend(more)

    def growing_buffers(self) -> tuple[bytearray, ...]:
        """The buffers, where they are this object's own."""
        own = tuple(buffer for buffer in self.buffers if isinstance(buffer, bytearray))
        if len(own) != len(self.layout):
            raise MisuseError(
                Reason.NOT_APPLICABLE, "columns", found="buffers of somebody else", expected="columns that can grow"
            )
        return own


class PositionColumns(Columns):
    """Isolated positions of one market. Money in money units, leverage in millionths with 0 for none set."""

    layout = (
        Column("side", 1),
        Column("size", 8),
        Column("entry_notional", 16),
        Column("cash", 16, signed=True),
        Column("basket_value", 16),
        Column("funding_index", 16, signed=True),
        Column("leverage_ppm", 8),
    )
    __slots__ = ()

    @classmethod
    def from_positions(cls, positions: Iterable[Position], assets: Mapping[str, Asset] | None = None) -> Self:
        """The columns of ``positions``, their baskets valued by ``assets``."""
        columns = cls()
        for row, position in enumerate(positions):
            try:
                columns.append_position(position, assets or {})
            except MarginError as error:
                raise error.under(f"[{row}]") from None
        return columns

    def append_position(self, position: Position, assets: Mapping[str, Asset]) -> None:
        """One position; amounts that are no whole number of money units have no place in a column."""
        leverage = position.leverage or Fraction(0)
        self.append(
            side=position.side,
            size=position.size,
            entry_notional=require_whole(position.entry_notional, "entry_notional"),
            cash=require_whole(position.cash, "cash"),
            basket_value=basket_value(position.basket, assets),
            funding_index=position.funding_index,
            leverage_ppm=require_whole(leverage * PPM, "leverage"),
        )

    def append(
        self,
        *,
        side: Side,
        size: int,
        entry_notional: int,
        cash: int,
        basket_value: int = 0,
        funding_index: int = 0,
        leverage_ppm: int = 0,
    ) -> None:
        """One row, checked only for fitting its cells: what it says is judged when it is evaluated."""
        self.append_cells((SIDE_CODES[side], size, entry_notional, cash, basket_value, funding_index, leverage_ppm))

    def position(self, row: int) -> Position:
        """One row as a position, or the error that says what is wrong with it.

        Its basket holds ``VALUED_BASKET_ASSETS``: put these into the market state to evaluate it.
        """
        side, size, entry_notional, cash, value, funding_index, leverage_ppm = self.cells(row)
        if side not in SIDES:
            raise MalformedError(
                Reason.NOT_A_CHOICE, "side", found=side, expected=f"one of {', '.join(map(str, SIDES))}"
            )
        return Position(
            side=SIDES[side],
            size=size,
            entry_notional=Fraction(entry_notional),
            cash=Fraction(cash),
            funding_index=funding_index,
            leverage=Fraction(leverage_ppm, PPM) if leverage_ppm else None,
            basket=(Holding(VALUED_BASKET, value),),
        )


def require_whole(value: Fraction, field: str) -> int:
    """A column holds whole numbers; nothing is rounded on the way in."""
    if value.denominator != 1:
        raise MalformedError(Reason.NOT_AN_INTEGER, field, found=value, expected="a whole number of its unit")
    return value.numerator


class PriceCause(IntEnum):
    """What is at a price, or why there is none."""

    NONE = 0
    """No mark price above zero does it."""

    ROOT = 1
    """Equity meets the requirement (for a bankruptcy price: zero) there."""

    CLIFF = 2
    """The requirement of a step table jumps there."""

    NOW = 3
    """Equity is below the requirement at the mark already."""

    OUTSIDE_TABLE = 4
    """The price lies below the first floor of a partial table, which says nothing of it."""

    ABOVE_BOUND = 5
    """There is one, but above 2^64 - 1 ticks, which no mark may have."""


@dataclass(frozen=True, slots=True)
class TickPrice:
    """A mark price in whole ticks, rounded against the trader: up for longs, down for shorts."""

    cause: PriceCause
    ticks: int | None = None


class Verdict(IntFlag):
    """The yes-or-no answers of a row, decided exactly and never from rounded numbers."""

    COVERS_INITIAL = 1
    COVERS_MAINTENANCE = 2
    WITHIN_CAP = 4
    LEVERAGE_ALLOWED = 8


@dataclass(frozen=True, slots=True)
class RowEvaluation:
    """What is said of one position: equity rounded down, notional and requirements rounded up."""

    equity: int
    notional: int
    initial: int
    maintenance: int
    verdict: Verdict
    liquidation: TickPrice
    bankruptcy: TickPrice

    @property
    def covers_initial(self) -> bool:
        """Whether equity is at least the initial requirement."""
        return Verdict.COVERS_INITIAL in self.verdict

    @property
    def covers_maintenance(self) -> bool:
        """Whether equity is at least the maintenance requirement."""
        return Verdict.COVERS_MAINTENANCE in self.verdict

    @property
    def within_cap(self) -> bool:
        """Whether the position is no larger than the venue allows."""
        return Verdict.WITHIN_CAP in self.verdict

    @property
    def leverage_allowed(self) -> bool:
        """Whether the leverage that is set, if any, is no more than the position's tier allows."""
        return Verdict.LEVERAGE_ALLOWED in self.verdict


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """A row of which nothing is said; ``PositionColumns.position`` or the reference engine says more."""

    reason: Reason


RowOutcome = RowEvaluation | RowRefusal


class ResultColumns(Columns):
    """What is said of each position. Every cell of a refused row but its status is zero."""

    layout = (
        Column("status", 1),
        Column("verdict", 1),
        Column("equity", 16, signed=True),
        Column("notional", 16),
        Column("initial", 16),
        Column("maintenance", 16),
        Column("liquidation_cause", 1),
        Column("liquidation_ticks", 8),
        Column("bankruptcy_cause", 1),
        Column("bankruptcy_ticks", 8),
    )
    __slots__ = ()

    def append_outcome(self, outcome: RowOutcome) -> None:
        """One row as its cells."""
        if isinstance(outcome, RowRefusal):
            self.append_cells((status_code(outcome.reason), *(0 for _ in self.layout[1:])))
            return
        prices = (outcome.liquidation, outcome.bankruptcy)
        self.append_cells(
            (
                0,
                outcome.verdict,
                outcome.equity,
                outcome.notional,
                outcome.initial,
                outcome.maintenance,
                *(cell for price in prices for cell in (price.cause, price.ticks or 0)),
            )
        )

    def outcome(self, row: int) -> RowOutcome:
        """One row as an object."""
        status, verdict, equity, notional, initial, maintenance, *prices = self.cells(row)
        reason = STATUS_REASONS[status]
        if reason is not None:
            return RowRefusal(reason)
        return RowEvaluation(
            equity=equity,
            notional=notional,
            initial=initial,
            maintenance=maintenance,
            verdict=Verdict(verdict),
            liquidation=tick_price(*prices[:2]),
            bankruptcy=tick_price(*prices[2:]),
        )

    def outcomes(self) -> Iterator[RowOutcome]:
        """Every row, one after the other."""
        return (self.outcome(row) for row in range(len(self)))


PRICED_CAUSES = frozenset({PriceCause.ROOT, PriceCause.CLIFF, PriceCause.NOW})
"""The causes that come with a number of ticks."""


def tick_price(cause: int, ticks: int) -> TickPrice:
    """A price as its two cells have it."""
    known = PriceCause(cause)
    return TickPrice(known, ticks if known in PRICED_CAUSES else None)


def status_code(reason: Reason) -> int:
    """The code of a reason for which rows are refused; there are no others."""
    if reason not in STATUS_REASONS:
        raise InternalError(Reason.BROKEN_INVARIANT, "status", found=reason, expected="a reason that refuses a row")
    return STATUS_REASONS.index(reason)
