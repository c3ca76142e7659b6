"""Netting sets as a trader writes them: instruments with their risk arrays, and who nets with whom.

    {"format": "ringfence.netting/1",
     "grid": {"price_range": "15%", "volatility_range": "25%"},
     "instruments": {
       "ETH-PERP":   {"kind": "linear", "price": "2000", "lot": "0.01"},
       "ETH-C-2000": {"kind": "call", "forward": "2000", "strike": "2000", "days": "30", "volatility": "60%",
                      "lot": "0.01"},
       "BTC-PERP":   {"kind": "array", "outcomes": ["0", "0", "3000", ...]}},
     "sets": [
       {"name": "ETH", "cash": "900", "value": "-137",
        "holdings": [{"instrument": "ETH-C-2000", "side": "short", "quantity": "1"},
                     {"instrument": "ETH-PERP", "side": "long", "quantity": "0.5"}]}],
     "offsets": [{"first": "ETH", "second": "BTC", "share": "50%"}]}

A risk array is the outcome of one lot held long in each scenario: written out (``outcomes`` in the
currency, ``outcomes_units`` in whole money units), or computed under the grid. Behind this edge all
of it is whole lots and whole money units. See ``netting.schema.json`` for every field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from margin.amounts import parse_decimal, render_exact
from margin.bounds import MAX_MONEY, MAX_SIZE, require_integer
from margin.contracts import Side
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from margin.netting import Offset, require_new, require_ordered
from margin.options import OptionKind
from margin.quantities import require_positive, require_share, require_signed
from margin.scenarios import (
    MAX_NODES,
    MAX_SECONDS,
    SECONDS_PER_DAY,
    Grid,
    Holding,
    Instrument,
    LinearContract,
    Move,
    OptionContract,
    TermScale,
    VolatilityShift,
    make_instrument,
    make_span_grid,
)

NETTING_FORMAT = "ringfence.netting/1"
MAX_SETS = 256
MONEY_UNIT = Fraction(1, 10**6)
ONE = Fraction(1)


class InstrumentKind(Enum):
    """How an instrument comes by its risk array."""

    LINEAR = "linear"
    """A coin, a future or a perpetual, under the grid."""

    CALL = "call"
    PUT = "put"
    ARRAY = "array"
    """Written out."""


@dataclass(frozen=True, slots=True)
class ListedInstrument:
    """A risk array, how much of the underlying its one lot is, and what the array was computed of, where it was."""

    instrument: Instrument
    lot: Fraction
    contract: LinearContract | OptionContract | None = None
    short_minimum: int = 0
    """What the document says that each lot sold adds; that of the array has what rounding adds besides."""


@dataclass(frozen=True, slots=True)
class WrittenSet:
    """A netting set: what it holds, the cash behind it, and what the holdings are worth now."""

    name: str
    positions: tuple[str, ...]
    holdings: tuple[Holding, ...]
    cash: Fraction
    value: Fraction

    @property
    def equity(self) -> Fraction:
        """What is held against the requirement: a risk array counts from the present value on."""
        return self.cash + self.value


@dataclass(frozen=True, slots=True)
class NettingDocument:
    """Netting sets with all that is needed to judge them."""

    label: str
    currency: str
    money_unit: Fraction
    grid: Grid | None
    instruments: Mapping[str, ListedInstrument]
    sets: tuple[WrittenSet, ...]
    offsets: tuple[Offset, ...]


def read_netting(content: object) -> NettingDocument:
    """A netting document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, NETTING_FORMAT)
        label = fields.text("label", "netting")
        currency = fields.text("currency", "quote")
        money_unit = require_positive(fields.decimal("money_unit", MONEY_UNIT), "money_unit")
        grid = read_grid(fields)
        instruments = read_instruments(fields, grid, money_unit)
        sets = read_sets(fields, instruments)
        offsets = tuple(read_offset(item) for item in fields.items("offsets"))
    require_ordered(offsets, {each.name for each in sets})
    return NettingDocument(label, currency, money_unit, grid, instruments, sets, offsets)


def read_grid(fields: Fields) -> Grid | None:
    """The scenarios: a range of prices and of volatilities (the 16 of SPAN), or every move by itself."""
    if not fields.has("grid"):
        fields.take("grid")
        return None
    with fields.inner("grid") as grid:
        grid.refuse_both("price_range", "moves")
        shift = grid.choice("shift", VolatilityShift, VolatilityShift.RELATIVE)
        term_scale = read_term_scale(grid)
        if grid.has("moves"):
            return Grid(tuple(read_move(item) for item in grid.items("moves", MAX_NODES)), shift, term_scale)
        grid.take("moves")
        return replace(read_span_grid(grid), shift=shift, term_scale=term_scale)


def read_span_grid(fields: Fields) -> Grid:
    """The 16 scenarios of SPAN by their two ranges."""
    price_range = require_positive(fields.rate("price_range"), "price_range")
    volatility_range = require_share(fields.rate("volatility_range"), "volatility_range")
    multiple = require_positive(fields.decimal("extreme_multiple", Fraction(2)), "extreme_multiple")
    covered = require_share(fields.rate("covered", Fraction(35, 100)), "covered")
    if max(ONE, multiple) * price_range >= 1:
        raise MalformedError(
            Reason.OUT_OF_BOUNDS,
            "price_range",
            found=render_exact(price_range),
            expected=f"a share whose {render_exact(max(ONE, multiple))}-fold is below 100 %",
        )
    return make_span_grid(price_range, volatility_range, extreme_multiple=multiple, covered=covered)


def read_term_scale(fields: Fields) -> TermScale | None:
    """How much more volatility moves near expiry, where the grid says so."""
    if not fields.has("term_scale"):
        fields.take("term_scale")
        return None
    with fields.inner("term_scale") as scale:
        return TermScale(
            reference_days=scale.decimal("reference_days"),
            floor_days=scale.decimal("floor_days"),
            near_power=scale.rate("near_power"),
            far_power=scale.rate("far_power"),
        )


def read_move(fields: Fields) -> Move:
    """One scenario of a grid."""
    with fields:
        return Move(fields.rate("price"), fields.rate("volatility"), fields.rate("weight", ONE))


def read_instruments(fields: Fields, grid: Grid | None, money_unit: Fraction) -> dict[str, ListedInstrument]:
    """The instruments, all put through the same number of scenarios."""
    listed: dict[str, ListedInstrument] = {}
    scenarios = len(grid.moves) if grid else None
    for name, entry in fields.entries("instruments").items():
        with entry:
            listed[name] = read_instrument(name, entry, grid, money_unit)
            found = len(listed[name].instrument.outcomes)
            scenarios = scenarios or found
            if found != scenarios:
                raise MalformedError(
                    Reason.WRONG_COUNT, "outcomes", found=found, expected=f"{scenarios}, one for each scenario"
                )
    return listed


def read_instrument(name: str, fields: Fields, grid: Grid | None, money_unit: Fraction) -> ListedInstrument:
    """One instrument: its array as written, or computed under the grid and rounded against whoever holds it."""
    kind = fields.choice("kind", InstrumentKind)
    lot = require_positive(fields.decimal("lot", ONE), "lot")
    short_minimum = count_units(fields.decimal("short_minimum", Fraction(0)), money_unit, "short_minimum")
    require_integer(short_minimum, "short_minimum", 0, MAX_MONEY, "money units per lot sold")
    if kind is InstrumentKind.ARRAY:
        return ListedInstrument(Instrument(name, read_outcomes(fields, money_unit), short_minimum), lot)
    if grid is None:
        raise MalformedError(
            Reason.NOT_APPLICABLE, "kind", found=kind.value, expected='a grid to compute under, or kind "array"'
        )
    contract = read_contract(kind, fields, require_positive(lot / money_unit, "lot"))
    return ListedInstrument(make_instrument(name, contract, grid, short_minimum), lot, contract, short_minimum)


def read_contract(kind: InstrumentKind, fields: Fields, lot_value: Fraction) -> LinearContract | OptionContract:
    """What the outcomes are computed of."""
    if kind is InstrumentKind.LINEAR:
        return LinearContract(fields.decimal("price"), lot_value)
    return OptionContract(
        kind=OptionKind(kind.value),
        forward=fields.decimal("forward"),
        strike=fields.decimal("strike"),
        seconds=read_seconds(fields),
        volatility=fields.rate("volatility"),
        lot_value=lot_value,
    )


def read_seconds(fields: Fields) -> int:
    """The time to expiry in ``days``, or in ``years`` of 365 days; a part of a second is refused."""
    fields.refuse_both("days", "years")
    days = fields.decimal_or_none("days")
    years = fields.rate_or_none("years")
    if days is None and years is None:
        raise MalformedError(Reason.MISSING_FIELD, "days", found="nothing", expected="days or years to expiry")
    name = "days" if years is None else "years"
    seconds = (365 * years if years is not None else days or Fraction(0)) * SECONDS_PER_DAY
    if seconds.denominator != 1:
        raise MalformedError(
            Reason.NOT_ON_GRID, name, found=render_exact(seconds), expected="a whole number of seconds"
        )
    return require_integer(seconds.numerator, name, 0, MAX_SECONDS, "seconds to expiry")


def read_outcomes(fields: Fields, money_unit: Fraction) -> tuple[int, ...]:
    """A risk array: decimals of the currency, or whole money units."""
    fields.refuse_both("outcomes", "outcomes_units")
    if fields.has("outcomes_units"):
        fields.take("outcomes")
        units = require_list(fields.take("outcomes_units"), "outcomes_units")
        return tuple(
            require_integer(each, f"outcomes_units[{index}]", -MAX_MONEY, MAX_MONEY, "money units per lot")
            for index, each in enumerate(units)
        )
    fields.take("outcomes_units")
    amounts = require_list(fields.take_required("outcomes", "the outcome of one lot in each scenario"), "outcomes")
    return tuple(
        count_units(parse_decimal(each, f"outcomes[{index}]"), money_unit, f"outcomes[{index}]")
        for index, each in enumerate(amounts)
    )


def require_list(value: object, field: str) -> list[object]:
    """A list that is not empty and no longer than a grid can be."""
    if not isinstance(value, list):
        raise MalformedError(Reason.NOT_A_LIST, field, found=value, expected="a list")
    if not 1 <= len(value) <= MAX_NODES:
        raise MalformedError(Reason.WRONG_COUNT, field, found=len(value), expected=f"1 to {MAX_NODES} outcomes")
    return value


def count_units(amount: Fraction, money_unit: Fraction, field: str) -> int:
    """An amount in money units; a part of one is refused."""
    units = amount / money_unit
    if units.denominator != 1:
        raise MalformedError(
            Reason.NOT_ON_GRID,
            field,
            found=render_exact(amount),
            expected=f"a multiple of the money unit {render_exact(money_unit)}",
        )
    return units.numerator


def read_sets(fields: Fields, instruments: Mapping[str, ListedInstrument]) -> tuple[WrittenSet, ...]:
    """The netting sets; every name and every position once."""
    names: set[str] = set()
    positions: set[str] = set()
    sets = []
    for item in fields.items("sets", MAX_SETS):
        with item:
            sets.append(read_set(item, instruments, positions))
            require_new(sets[-1].name, names, "name")
    if not sets:
        raise MalformedError(Reason.MISSING_FIELD, "sets", found="nothing", expected="at least one netting set")
    return tuple(sets)


def read_set(fields: Fields, instruments: Mapping[str, ListedInstrument], positions: set[str]) -> WrittenSet:
    """One netting set. Cash and value have no default: one that was forgotten would be the trader's gain."""
    name = fields.text("name")
    held = [read_holding(item, name, instruments, positions) for item in fields.items("holdings")]
    if not held:
        raise MalformedError(Reason.MISSING_FIELD, "holdings", found="nothing", expected="at least one holding")
    return WrittenSet(
        name=name,
        positions=tuple(position for position, _ in held),
        holdings=tuple(holding for _, holding in held),
        cash=require_signed(fields.decimal("cash"), "cash"),
        value=require_signed(fields.decimal("value"), "value"),
    )


def read_holding(
    fields: Fields, set_name: str, instruments: Mapping[str, ListedInstrument], positions: set[str]
) -> tuple[str, Holding]:
    """A holding and the name of its position, which no other set may hold."""
    with fields:
        name = fields.text("instrument")
        if name not in instruments:
            raise MalformedError(
                Reason.NOT_A_CHOICE, "instrument", found=name, expected=f"one of {', '.join(instruments) or 'none'}"
            )
        position = fields.text("position", f"{set_name}/{name}")
        require_new(position, positions, "position")
        side = fields.choice("side", Side)
        listed = instruments[name]
        lots = count_lots(fields.decimal("quantity"), listed.lot)
        return position, Holding(listed.instrument, side.sign * lots)


def count_lots(quantity: Fraction, lot: Fraction) -> int:
    """A quantity in lots; a part of a lot is refused."""
    lots = quantity / lot
    if lots.denominator != 1:
        raise MalformedError(
            Reason.NOT_ON_GRID,
            "quantity",
            found=render_exact(quantity),
            expected=f"a multiple of the lot {render_exact(lot)}",
        )
    return require_integer(lots.numerator, "quantity", 1, MAX_SIZE, "lots")


def read_offset(fields: Fields) -> Offset:
    """Two correlated sets, and the share of what they need against each other that is released."""
    with fields:
        return Offset(fields.text("first"), fields.text("second"), fields.rate("share"))
