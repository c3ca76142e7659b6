"""Netting sets after one move of all prices: revalued, and put through the scenarios of the grid from where they are.

    value     + sum of lots * what one lot gains by the move, each holding rounded against whoever holds it
    arrays    of the same contracts at the prices after the move, under the same grid

Volatility, time, cash and lots stay as they are. Only contracts can be moved: an array that was written out says what
is gained in its scenarios, and of no other move.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from margin.documents.netting_document import ListedInstrument, NettingDocument, WrittenSet
from margin.errors import MisuseError, Reason
from margin.scenarios import Grid, Holding, Move, make_instrument
from margin.stress import require_shock


@dataclass(frozen=True, slots=True)
class MovedInstrument:
    """An instrument after a move."""

    listed: ListedInstrument
    gain: Fraction
    """What one lot held long has gained by it, in money units."""


def move_netting(document: NettingDocument, share: Fraction) -> NettingDocument:
    """The document after every price has moved by ``share`` of itself."""
    require_shock(share)
    if (name := find_written(document)) is not None:
        expected = "contracts with prices: a risk array that was written out is not for others"
        raise MisuseError(Reason.NOT_APPLICABLE, f"instruments.{name}", found="a written array", expected=expected)
    moved = move_instruments(document.instruments, document.grid, share)
    return replace(
        document,
        instruments={**document.instruments, **{name: each.listed for name, each in moved.items()}},
        sets=tuple(move_set(written, moved, document.money_unit) for written in document.sets),
    )


def find_written(document: NettingDocument) -> str | None:
    """An instrument that a set holds and of which no price is known that could move."""
    names = (held.instrument.name for written in document.sets for held in written.holdings)
    return next((name for name in names if document.instruments[name].contract is None), None)


def move_instruments(
    listed: Mapping[str, ListedInstrument], grid: Grid | None, share: Fraction
) -> dict[str, MovedInstrument]:
    """Those that are contracts, at their prices after the move."""
    moved = {}
    for name, each in listed.items():
        if grid is not None and each.contract is not None:
            contract = each.contract.moved(share)
            array = make_instrument(name, contract, grid, each.short_minimum)
            gain = each.contract.outcome(grid, Move(share, Fraction(0)))
            moved[name] = MovedInstrument(replace(each, instrument=array, contract=contract), gain)
    return moved


def move_set(written: WrittenSet, moved: Mapping[str, MovedInstrument], money_unit: Fraction) -> WrittenSet:
    """A set whose holdings are worth what they are after the move."""
    gained = sum(floor(each.lots * moved[each.instrument.name].gain) for each in written.holdings)
    holdings = tuple(Holding(moved[each.instrument.name].listed.instrument, each.lots) for each in written.holdings)
    return replace(written, holdings=holdings, value=written.value + gained * money_unit)
