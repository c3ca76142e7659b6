"""The steps of the demo; each computes what it shows, through the same functions as every other command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from margin.amounts import Rounding, render_exact
from margin.batch import available_backends
from margin.deleverage import find_least_close, liquidate, search_least_close
from margin.documents.position_document import PositionDocument, read_position
from margin.documents.published import find_policy, load_policy
from margin.documents.structure_document import read_structure
from margin.documents.units import Units
from margin.errors import RejectedError
from margin.evaluation import evaluate_position
from margin.payoff import Measure, Unlimited, compute_max_gain, compute_max_loss, find_break_evens
from margin.policy import LiquidationRule, MarketPolicy
from margin.position import MarketState, Position
from margin.recognition import name_structure
from margin.stress import stress_position
from margin.transition import top_up, withdraw
from ringfence.cli.commands.doctor import measure_speed
from ringfence.cli.terminal import Cell

VENUES = (
    ("bybit-linear", "BTCUSDT"),
    ("binance-usdm", "BTCUSDT"),
    ("kucoin-2025", "XBTUSDTM"),
    ("hyperliquid", "BTC"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it shows, in words and in numbers."""

    title: str
    told: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def as_records(self) -> list[dict[str, Cell]]:
        """The rows by column, for a program."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def read_long(policy: str, market: str, **holding: str) -> PositionDocument:
    """One bitcoin bought at 60,000 under a venue's rules."""
    position = {"side": "long", "entry_price": "60000", "size": "1", "leverage": "10", **holding}
    document = {"policy": policy, "market": market, "position": position, "prices": {"mark": "60000"}}
    return read_position(document, lambda name: find_policy(name, Path()))


def compare_venues() -> Step:
    """The same position under four venues' published rules."""
    rows = []
    for name, market in VENUES:
        policy = load_policy(name)
        size = Fraction(1) / policy.markets[market].units.contract_size
        document = read_long(name, market, size=str(size))
        evaluation = evaluate_position(document.market.policy, document.position, document.state)
        units, terms = document.market.units, document.market.policy
        rows.append(
            [
                policy.venue,
                terms.basis.value,
                terms.table.rule.value,
                units.round_money(evaluation.maintenance.total, Rounding.UP),
                units.round_price(evaluation.liquidation.price, document.position.side)
                if evaluation.liquidation
                else None,
            ]
        )
    told = (
        "Long 1 BTC at 60,000 with 6,000 of its own margin. Venues differ in which notional a requirement is taken of, "
        "in how tiers add up and in what is counted into it, so the same position ends at four different prices."
    )
    return Step(
        "One position, four venues", told, ["venue", "basis", "tiers", "maintenance", "liquidation price"], rows
    )


def approach_boundary() -> Step:
    """One tick to either side of the exact liquidation price."""
    document = read_long("binance-usdm", "BTCUSDT")
    policy, position, state, units = document.market.policy, document.position, document.state, document.market.units
    found = evaluate_position(policy, position, state).liquidation
    ends = found.price if found else state.mark
    last_safe = Fraction(-(-ends.numerator // ends.denominator))
    rows = []
    for name, mark in (
        ("a tick safe", last_safe + 1),
        ("the last safe tick", last_safe),
        ("a tick beyond", last_safe - 1),
    ):
        evaluation = evaluate_position(policy, position, state.at_mark(mark))
        equity, required = evaluation.equity.total, evaluation.maintenance.total
        rows.append(
            [name, units.show_price(mark), units.show_money(equity), units.show_money(required), equity >= required]
        )
    told = (
        f"The liquidation price is the fraction {ends * units.tick} and not a rounded guess: "
        "equity covers the requirement on its one side and not on the other."
    )
    return Step("Exactly where it ends", told, ["mark is", "price", "equity", "maintenance", "covered"], rows)


def shock_price() -> Step:
    """What falls of the price do."""
    document = read_long("binance-usdm", "BTCUSDT")
    policy, units = document.market.policy, document.market.units
    shocks = [Fraction(-percent, 100) for percent in (0, 2, 5, 9, 10, 12)]
    rows = [
        [
            f"{int(each.shock * 100)} %",
            units.show_price(each.mark),
            units.show_money(each.evaluation.equity.total),
            units.show_money(each.evaluation.maintenance.total),
            each.evaluation.equity.total >= each.evaluation.maintenance.total,
        ]
        for each in stress_position(policy, document.position, document.state, shocks)
    ]
    told = (
        "Equity falls with the price, the requirement hardly does. Nothing but this position's own margin is touched."
    )
    return Step("The price falls", told, ["move", "mark", "equity", "maintenance", "covered"], rows)


def move_collateral() -> Step:
    """A top-up moves the end away; a withdrawal must leave the initial requirement."""
    document = read_long("binance-usdm", "BTCUSDT")
    policy, state, units, side = document.market.policy, document.state, document.market.units, document.position.side
    rows: list[list[Cell]] = []

    def tell(name: str, position: Position) -> None:
        found = evaluate_position(policy, position, state).liquidation
        rows.append(
            [name, units.show_money(position.cash), units.round_price(found.price, side) if found else None, "done"]
        )

    tell("as opened", document.position)
    richer = top_up(policy, document.position, state, units.money(Fraction(3000), "amount")).remaining()
    tell("after a top-up of 3,000", richer)
    try:
        withdraw(policy, richer, state, units.money(Fraction(5000), "amount"))
    except RejectedError as refused:
        rows.append(["a withdrawal of 5,000", units.show_money(richer.cash), None, f"refused: {refused.reason.value}"])
    told = "More margin moves the liquidation price away. What is taken out again must leave the initial requirement."
    return Step("Top up, and try to take too much back", told, ["what", "margin", "liquidation price", "answer"], rows)


def liquidate_partly() -> Step:
    """The least number of lots that restores the requirement."""
    document = read_long("binance-usdm", "BTCUSDT")
    units = document.market.units
    terms = replace(document.market.policy.liquidation, rule=LiquidationRule.LEAST, penalty_rate=Fraction(1, 1000))
    policy = replace(document.market.policy, liquidation=terms)
    state = document.state.at_mark(units.ticks(Fraction(54150)))
    lots = find_least_close(policy, document.position, state)
    searched = search_least_close(policy, document.position, state)
    after = liquidate(policy, document.position, state, Fraction(0)).after
    rows: list[list[Cell]] = [["before", document.position.size, *judge(policy, document.position, state, units)]]
    if after is not None:
        rows.append(["after", after.size, *judge(policy, after, state, units)])
    told = (
        f"At 54,150 the position is below its maintenance requirement. Closing {lots} of {document.position.size} lots "
        f"is enough and one lot less is not: the closed form and a search over every number of lots ({searched}) agree."
    )
    return Step("Liquidate no more than is needed", told, ["when", "lots", "equity", "maintenance", "covered"], rows)


def hold_condor() -> Step:
    """A structure whose worst loss is known."""
    legs = [
        {"kind": "put", "side": "long", "quantity": "1", "strike": "50000", "premium": "400"},
        {"kind": "put", "side": "short", "quantity": "1", "strike": "55000", "premium": "1100"},
        {"kind": "call", "side": "short", "quantity": "1", "strike": "65000", "premium": "1200"},
        {"kind": "call", "side": "long", "quantity": "1", "strike": "70000", "premium": "450"},
    ]
    structure = read_structure({"legs": legs}, lambda name: find_policy(name, Path())).structure
    levels = [render_exact(each.low) for each in find_break_evens(structure)]
    rows: list[list[Cell]] = [
        ["is known as", name_structure(structure)],
        ["can lose at most", show_amount(compute_max_loss(structure, Measure.PROFIT))],
        ["can gain at most", show_amount(compute_max_gain(structure, Measure.PROFIT))],
        ["breaks even at", " and ".join(levels)],
    ]
    told = "Four options that expire together. The worst loss is exact: at zero, at every strike, and beyond the last."
    return Step("A structure with a known worst loss", told, ["it", ""], rows)


def show_amount(amount: Fraction | Unlimited) -> str:
    """An amount, or the word for no bound."""
    return "unlimited" if isinstance(amount, Unlimited) else render_exact(amount)


def run_backends() -> Step:
    """How fast whole books are evaluated."""
    rows = [[backend.value, f"{measure_speed(backend):,}"] for backend in available_backends()]
    told = "Whole books are evaluated in columns; every backend gives the same integers."
    return Step("A whole book", told, ["backend", "positions/s on one core"], rows)


def judge(policy: MarketPolicy, position: Position, state: MarketState, units: Units) -> list[Cell]:
    """Equity, requirement, and whether the one covers the other."""
    evaluation = evaluate_position(policy, position, state)
    equity, required = evaluation.equity.total, evaluation.maintenance.total
    return [units.round_money(equity, Rounding.DOWN), units.round_money(required, Rounding.UP), equity >= required]


STEPS: tuple[Callable[[], Step], ...] = (
    compare_venues,
    approach_boundary,
    shock_price,
    move_collateral,
    liquidate_partly,
    hold_condor,
    run_backends,
)
