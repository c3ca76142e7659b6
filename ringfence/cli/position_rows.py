"""Rows of a CSV table, judged together: rows of one market and moment go to the batch engine at once.

Amounts that are not whole money units are rounded against the trader first, as they would be for a
commitment; every yes or no is decided exactly.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from margin.amounts import count_steps, parse_decimal, render_exact, render_steps
from margin.batch import evaluate_batch
from margin.bounds import MAX_MONEY, MAX_SIZE
from margin.columns import PositionColumns, RowEvaluation, RowRefusal
from margin.contracts import ContractKind, Side
from margin.documents.policy_document import Market
from margin.documents.position_document import build_position, read_written
from margin.documents.published import find_policy
from margin.documents.reading import Fields
from margin.errors import MalformedError, MarginError, Reason
from margin.position import MarketState, Position
from margin.transition import round_against_trader

POSITION_COLUMNS = (
    "side",
    "size",
    "entry_price",
    "entry_notional",
    "cash",
    "extra_margin",
    "funding_owed",
    "leverage",
)
COLUMNS = ("label", "policy", "market", "mark", "confidence", *POSITION_COLUMNS)
"""Every column that a table may have; an empty cell is a missing field."""

EXACT_COLUMNS = ("entry_notional", "extra_margin", "funding_owed", "leverage")
"""The columns that send a row the exact way."""

SIDES = {"long": Side.LONG, "short": Side.SHORT}

Cells = Mapping[str, str]
RowResult = dict[str, object]


@dataclass(frozen=True, slots=True)
class Moment:
    """What rows must share to be judged together: market and prices."""

    policy: str
    market: str
    mark: str
    confidence: str


@dataclass(slots=True)
class Group:
    """Rows of one moment, and the decimals of their units where these are powers of ten."""

    market: Market
    state: MarketState
    tick_digits: int | None = None
    lot_digits: int | None = None
    money_digits: int | None = None
    lines: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    positions: PositionColumns = field(default_factory=PositionColumns)

    def __post_init__(self) -> None:
        """Find the decimals once for all rows."""
        units = self.market.units
        self.tick_digits, self.lot_digits, self.money_digits = (
            power_of_ten(unit) for unit in (units.tick, units.lot, units.money_unit)
        )


class RowJudge:
    """Judges blocks of rows; markets are looked up once."""

    def __init__(self, folder: Path, defaults: Mapping[str, str | None]) -> None:
        self.folder = folder
        self.defaults = defaults
        self.moments: dict[Moment, tuple[Market, MarketState]] = {}

    def judge(self, rows: Iterable[tuple[int, Cells]]) -> list[tuple[int, RowResult | MarginError]]:
        """Every row with its result or its error, in the order they came."""
        groups: dict[Moment, Group] = {}
        results: list[tuple[int, RowResult | MarginError]] = []
        for line, cells in rows:
            try:
                self.place(groups, line, cells)
            except MarginError as error:
                results.append((line, error))
        for group in groups.values():
            results.extend(judge_group(group))
        return sorted(results, key=lambda result: result[0])

    def place(self, groups: dict[Moment, Group], line: int, cells: Cells) -> None:
        """Put a row with the others of its moment."""
        moment = Moment(
            policy=self.cell(cells, "policy"),
            market=self.cell(cells, "market"),
            mark=self.cell(cells, "mark"),
            confidence=cells.get("confidence") or "0",
        )
        if moment not in self.moments:
            self.moments[moment] = self.open_moment(moment)
        market, state = self.moments[moment]
        group = groups.get(moment) or groups.setdefault(moment, Group(market, state))
        if not append_plain_row(group, cells):
            position = round_against_trader(market.policy.contract, read_row(cells, market, state))
            group.positions.append_position(position, {})
        group.lines.append(line)
        group.labels.append(cells.get("label") or "")

    def cell(self, cells: Cells, name: str) -> str:
        """A cell that every row needs, or the default that was given for the table."""
        value = cells.get(name) or self.defaults.get(name)
        if not value:
            raise MalformedError(
                Reason.MISSING_FIELD, name, found="an empty cell", expected=f"a value, or --{name} for the whole table"
            )
        return value

    def open_moment(self, moment: Moment) -> tuple[Market, MarketState]:
        """The market and the prices that a moment names."""
        market = find_policy(moment.policy, self.folder).market(moment.market)
        mark = market.units.grid_ticks(parse_decimal(moment.mark, "mark"), "mark")
        confidence = market.units.grid_ticks(parse_decimal(moment.confidence, "confidence"), "confidence")
        return market, MarketState(mark, confidence)


def power_of_ten(unit: Fraction) -> int | None:
    """The d of a unit of 10^-d."""
    digits = len(str(unit.denominator)) - 1
    return digits if unit == Fraction(1, 10**digits) else None


def append_plain_row(group: Group, cells: Cells) -> bool:
    """Put a plain row straight into the columns, in integers; False where it takes the exact way instead.

    Plain is a linear position whose cells are whole ticks, lots and money units: nothing to round, and
    the same numbers as the exact way, many times faster. Whatever is not plain, or wrong, is left to
    the exact way and its errors.
    """
    units = group.market.units
    plain = group.tick_digits is not None and group.lot_digits is not None and group.money_digits is not None
    if not plain or units.kind is not ContractKind.LINEAR or any(cells.get(name) for name in EXACT_COLUMNS):
        return False
    side = SIDES.get(cells.get("side") or "")
    size = count_steps(cells.get("size") or "", group.lot_digits or 0)
    price = count_steps(cells.get("entry_price") or "", group.tick_digits or 0)
    cash = count_steps(cells.get("cash") or "", group.money_digits or 0)
    if side is None or size is None or price is None or cash is None:
        return False
    entry = size * price * units.contract.multiplier
    if not (0 < size <= MAX_SIZE and 0 < entry <= MAX_MONEY and abs(cash) <= MAX_MONEY):
        return False
    group.positions.append(side=side, size=size, entry_notional=entry, cash=cash)
    return True


def read_row(cells: Cells, market: Market, state: MarketState) -> Position:
    """One row as a position, by the rules of documents."""
    written = read_written(Fields({name: cells[name] for name in POSITION_COLUMNS if cells.get(name)}, "position"))
    position, _ = build_position(written, market, state, {})
    return position


def judge_group(group: Group) -> Iterator[tuple[int, RowResult | MarginError]]:
    """The results of rows that share a moment."""
    result = evaluate_batch(group.market.policy, group.state, group.positions)
    for line, label, outcome in zip(group.lines, group.labels, result, strict=True):
        if isinstance(outcome, RowRefusal):
            yield (
                line,
                MalformedError(
                    outcome.reason, "row", found=label or "a position", expected="a position within its table's bounds"
                ),
            )
        else:
            yield line, report_row(line, label, group, outcome)


def report_row(line: int, label: str, group: Group, outcome: RowEvaluation) -> RowResult:
    """One row's numbers in the units of the document, rounded against the trader."""
    liquidation, bankruptcy = outcome.liquidation, outcome.bankruptcy
    return {
        "line": line,
        "label": label,
        "covers_initial": outcome.covers_initial,
        "covers_maintenance": outcome.covers_maintenance,
        "currency": group.market.units.currency,
        "notional": show_money(group, outcome.notional),
        "equity": show_money(group, outcome.equity),
        "initial": show_money(group, outcome.initial),
        "maintenance": show_money(group, outcome.maintenance),
        "liquidation_price": show_ticks(group, liquidation.ticks),
        "liquidation_cause": liquidation.cause.name.lower(),
        "bankruptcy_price": show_ticks(group, bankruptcy.ticks),
    }


def show_money(group: Group, units: int) -> str:
    """Money units as an amount of the settlement currency."""
    if group.money_digits is None:
        return render_exact(units * group.market.units.money_unit)
    return render_steps(units, group.money_digits)


def show_ticks(group: Group, ticks: int | None) -> str | None:
    """Ticks as a price, where there is one."""
    if ticks is None:
        return None
    if group.tick_digits is None:
        return render_exact(ticks * group.market.units.tick)
    return render_steps(ticks, group.tick_digits)
