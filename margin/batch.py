"""Whole columns of positions of one market, at one moment, under one policy.

Two backends with one interface. ``native`` evaluates millions of rows a second in exact integers;
``reference`` asks the functions of this package row by row, and every native result is tested to be
byte for byte the same. A bad row is refused by itself and neither stops nor poisons another.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from math import ceil, floor

from margin.batch_terms import BatchTerms, compile_terms
from margin.bounds import MAX_PRICE, require_integer
from margin.columns import (
    VALUED_BASKET_ASSETS,
    PositionColumns,
    PriceCause,
    ResultColumns,
    RowEvaluation,
    RowOutcome,
    RowRefusal,
    TickPrice,
    Verdict,
)
from margin.contracts import Side
from margin.errors import MarginError, MisuseError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.policy import MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind

BACKEND_VARIABLE = "RINGFENCE_BACKEND"
"""The environment variable that chooses the backend where the caller leaves the choice open."""

MAX_THREADS = 256
CHUNK_ROWS = 2**14
"""Rows of one native call: few megabytes of copies, few calls, and an interrupt is noticed in between."""


class Backend(StrEnum):
    """Who does the work."""

    AUTO = "auto"
    """``native`` where it is built and the policy is within its limits, else ``reference``."""

    NATIVE = "native"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the rows of a batch."""

    rows: int = 0
    refused: int = 0
    liquidatable: int = 0
    """Rows whose equity is below the maintenance requirement."""
    bankrupt: int = 0
    """Rows whose equity is below zero."""
    equity: int = 0
    """The equity of the other rows: an isolated account counts for no less than zero."""
    shortfall: int = 0
    """What the bankrupt rows lack."""

    def plus(self, other: "Totals") -> "Totals":
        """The totals of both."""
        return Totals(
            rows=self.rows + other.rows,
            refused=self.refused + other.refused,
            liquidatable=self.liquidatable + other.liquidatable,
            bankrupt=self.bankrupt + other.bankrupt,
            equity=self.equity + other.equity,
            shortfall=self.shortfall + other.shortfall,
        )


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcome of every row, in the order of the positions."""

    columns: ResultColumns
    totals: Totals
    backend: Backend

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.columns)

    def __getitem__(self, row: int) -> RowOutcome:
        """One row: evaluated or refused."""
        return self.columns.outcome(row)

    def __iter__(self) -> Iterator[RowOutcome]:
        """All rows, one after the other."""
        return self.columns.outcomes()


# --- Native ------------------------------------------------------------------------------------


EvaluateColumns = Callable[[BatchTerms, list[memoryview], list[memoryview]], tuple[int, int, int, int, int]]


def load_native() -> EvaluateColumns | None:
    """The native module's function; None where it was built without a Rust toolchain, or before it had one."""
    try:
        from margin._native import evaluate_columns  # noqa: PLC0415 - absent where there is no Rust
    except ImportError:
        return None
    return evaluate_columns


NATIVE = load_native()


def evaluate_natively(
    evaluate_columns: EvaluateColumns, terms: BatchTerms, positions: PositionColumns, threads: int
) -> BatchResult:
    """Chunk by chunk into result columns that are laid out beforehand."""
    columns = ResultColumns(len(positions))

    def evaluate_chunk(start: int) -> Totals:
        stop = min(start + CHUNK_ROWS, len(positions))
        counts = evaluate_columns(terms, positions.slices(start, stop), columns.slices(start, stop))
        return Totals(stop - start, *counts)

    starts = range(0, len(positions), CHUNK_ROWS)
    if threads == 1:
        chunks = [evaluate_chunk(start) for start in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            chunks = list(pool.map(evaluate_chunk, starts))
    return BatchResult(columns, reduce(Totals.plus, chunks, Totals()), Backend.NATIVE)


# --- Reference ---------------------------------------------------------------------------------


def evaluate_by_reference(policy: MarketPolicy, market: MarketState, positions: PositionColumns) -> BatchResult:
    """Row by row, with the functions of this package."""
    columns = ResultColumns()
    holding_baskets = replace(market, assets=VALUED_BASKET_ASSETS)
    totals = Totals()
    for row in range(len(positions)):
        outcome = evaluate_row(policy, holding_baskets, positions, row)
        columns.append_outcome(outcome)
        totals = totals.plus(count_outcome(outcome))
    return BatchResult(columns, totals, Backend.REFERENCE)


def count_outcome(outcome: RowOutcome) -> Totals:
    """The totals of one row."""
    if isinstance(outcome, RowRefusal):
        return Totals(rows=1, refused=1)
    return Totals(
        rows=1,
        liquidatable=0 if outcome.covers_maintenance else 1,
        bankrupt=1 if outcome.equity < 0 else 0,
        equity=max(outcome.equity, 0),
        shortfall=max(-outcome.equity, 0),
    )


def evaluate_row(policy: MarketPolicy, market: MarketState, positions: PositionColumns, row: int) -> RowOutcome:
    """One row, or the reason for which it is refused."""
    try:
        return evaluate_exactly(policy, positions.position(row), market)
    except MarginError as error:
        return RowRefusal(error.reason)


def evaluate_exactly(policy: MarketPolicy, position: Position, market: MarketState) -> RowEvaluation:
    """One position, rounded against the trader only after everything is decided."""
    exact = evaluate_position(policy, position, market)
    limit = exact.leverage_limit
    answers = {
        Verdict.COVERS_INITIAL: exact.covers(RequirementKind.INITIAL),
        Verdict.COVERS_MAINTENANCE: exact.covers(RequirementKind.MAINTENANCE),
        Verdict.WITHIN_CAP: exact.within_cap,
        Verdict.LEVERAGE_ALLOWED: position.leverage is None or limit is None or position.leverage <= limit,
    }
    return RowEvaluation(
        equity=floor(exact.equity.total),
        notional=ceil(exact.mark_notional),
        initial=ceil(exact.initial.total),
        maintenance=ceil(exact.maintenance.total),
        verdict=Verdict(sum(verdict for verdict, holds in answers.items() if holds)),
        liquidation=round_liquidation(position.side, exact),
        bankruptcy=round_price(position.side, PriceCause.ROOT, exact.bankruptcy_price),
    )


def round_liquidation(side: Side, exact: Evaluation) -> TickPrice:
    """The liquidation price in ticks, or why there is none."""
    if exact.liquidation_outside_table:
        return TickPrice(PriceCause.OUTSIDE_TABLE)
    if exact.liquidation is None:
        return TickPrice(PriceCause.NONE)
    return round_price(side, PriceCause[exact.liquidation.cause.name], exact.liquidation.price)


def round_price(side: Side, cause: PriceCause, price: Fraction | None) -> TickPrice:
    """A price in whole ticks: up for longs, down for shorts, so that it is reached no later than said."""
    if price is None or price <= 0:
        return TickPrice(PriceCause.NONE)
    ticks = ceil(price) if side is Side.LONG else floor(price)
    return TickPrice(cause, ticks) if ticks <= MAX_PRICE else TickPrice(PriceCause.ABOVE_BOUND)


# --- Which backend -----------------------------------------------------------------------------


def available_backends() -> tuple[Backend, ...]:
    """The backends that work here, fastest first."""
    return (Backend.REFERENCE,) if NATIVE is None else (Backend.NATIVE, Backend.REFERENCE)


def choose_backend(policy: MarketPolicy, market: MarketState, backend: Backend | str) -> Backend:
    """The backend asked for, or the fastest that is right here; a choice that can't be honoured is refused."""
    wanted = read_backend(backend, "backend")
    if wanted is Backend.AUTO:
        wanted = read_backend(os.environ.get(BACKEND_VARIABLE, Backend.AUTO), BACKEND_VARIABLE)
    available = available_backends()
    if wanted is Backend.AUTO:
        return Backend.NATIVE if Backend.NATIVE in available and has_native_terms(policy, market) else Backend.REFERENCE
    if wanted not in available:
        raise MisuseError(
            Reason.BACKEND_MISSING, "backend", found=wanted.value, expected=f"one of {', '.join(available)}"
        )
    return wanted


def read_backend(name: str, field: str) -> Backend:
    """A backend by name."""
    if name not in list(Backend):
        raise MisuseError(Reason.NOT_A_CHOICE, field, found=name, expected=f"one of {', '.join(Backend)}")
    return Backend(name)


def has_native_terms(policy: MarketPolicy, market: MarketState) -> bool:
    """Whether the native arithmetic holds for ``policy`` at ``market``."""
    try:
        compile_terms(policy, market)
    except MisuseError:
        return False
    return True


def evaluate_batch(
    policy: MarketPolicy,
    market: MarketState,
    positions: PositionColumns,
    *,
    backend: Backend | str = Backend.AUTO,
    threads: int = 1,
) -> BatchResult:
    """Evaluate every position at ``market``.

    ``threads`` share the work of the native backend, which holds the interpreter lock only while it
    copies; the reference backend is plain Python and uses one.
    """
    require_integer(threads, "threads", 1, MAX_THREADS, "threads")
    chosen = choose_backend(policy, market, backend)
    if chosen is Backend.NATIVE and NATIVE is not None:
        return evaluate_natively(NATIVE, compile_terms(policy, market), positions, threads)
    return evaluate_by_reference(policy, market, positions)
