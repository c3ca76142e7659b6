"""Whole columns of positions of one market, at one moment, under one policy.

Two backends with one interface. ``native`` evaluates millions of rows a second in exact integers;
``reference`` asks the functions of this package row by row, and every native result is tested to be
byte for byte the same. A bad row is refused by itself and neither stops nor poisons another.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor, lcm

from margin.bounds import MAX_PRICE, PPM, require_integer
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
    require_whole,
)
from margin.contracts import Side
from margin.errors import MarginError, MisuseError, Reason
from margin.liquidation import compute_bankruptcy_price, compute_liquidation_price
from margin.policy import MarketPolicy, PriceRule
from margin.position import MarketState, Position, compute_equity, compute_notional
from margin.requirement import RequirementKind, compute_requirement, tier_measure
from margin.tiers import TierRule, TierTable, deductions

try:
    from margin._native import evaluate_columns
except ImportError:  # built without a Rust toolchain
    evaluate_columns = None

BACKEND_VARIABLE = "RINGFENCE_BACKEND"
"""The environment variable that chooses the backend where the caller leaves the choice open."""

MAX_THREADS = 256
CHUNK_ROWS = 2**14
"""Rows of one native call: few megabytes of copies, few calls, and an interrupt is noticed in between."""

MAX_NATIVE_SCALE = 2**40
"""The largest common denominator of rates and amounts for which the native arithmetic is proved not to overflow."""


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
        return Totals(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


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
    if chosen is Backend.NATIVE:
        return evaluate_natively(compile_terms(policy, market), positions, threads)
    return evaluate_by_reference(policy, market, positions)


# --- Which backend -----------------------------------------------------------------------------


def available_backends() -> tuple[Backend, ...]:
    """The backends that work here, fastest first."""
    return (Backend.REFERENCE,) if evaluate_columns is None else (Backend.NATIVE, Backend.REFERENCE)


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


# --- Native ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TierTerms:
    """One tier, its rates and amounts over the common scale; amounts as bytes, for they may have 140 bits."""

    floor: int
    initial_rate: int
    initial_amount: bytes
    maintenance_rate: int
    maintenance_amount: bytes
    max_leverage_ppm: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What all rows share, in integers: the native module reads these attributes by name."""

    contract: str
    multiplier: int
    basis: str
    measure: str
    scale: int
    fee_rate: int
    fee_basis: str
    fee_scope: str
    slippage_rate: int
    tiers: tuple[TierTerms, ...]
    cap: int | None
    mark: int
    long_price: int
    short_price: int
    shift: int
    """The confidence where prices are adverse, else 0: the distance from a side's price to the mark."""
    funding_index: int


def compile_terms(policy: MarketPolicy, market: MarketState) -> Terms:
    """``policy`` and ``market`` over one common scale, or a refusal where whole numbers can't say them."""
    table = policy.table
    initial_amounts = table_amounts(table, table.initial_rule, [t.initial_rate for t in table.tiers], Fraction(0))
    maintenance_amounts = table_amounts(
        table, table.rule, [t.maintenance_rate for t in table.tiers], table.first_amount
    )
    fractions = (policy.closing_fee_rate, policy.slippage_rate, *initial_amounts, *maintenance_amounts)
    scale = lcm(table.rate_scale, *(fraction.denominator for fraction in fractions))
    if scale > MAX_NATIVE_SCALE:
        raise refuse_natively("policy", scale, "rates over a common denominator of 2^40 at most")

    def scaled(fraction: Fraction) -> int:
        return (fraction * scale).numerator

    return Terms(
        contract=policy.contract.kind.value,
        multiplier=policy.contract.multiplier,
        basis=policy.basis.value,
        measure=table.measure.value,
        scale=scale,
        fee_rate=scaled(policy.closing_fee_rate),
        fee_basis=policy.closing_fee_basis.value,
        fee_scope=policy.closing_fee_scope.value,
        slippage_rate=scaled(policy.slippage_rate),
        tiers=tuple(
            TierTerms(
                floor=whole_natively(tier.floor, "tiers.floor"),
                initial_rate=scaled(tier.initial_rate),
                initial_amount=scaled(initial).to_bytes(32, "little"),
                maintenance_rate=scaled(tier.maintenance_rate),
                maintenance_amount=scaled(maintenance).to_bytes(32, "little"),
                max_leverage_ppm=MAX_PRICE if tier.max_leverage is None else floor(tier.max_leverage * PPM),
            )
            for tier, initial, maintenance in zip(table.tiers, initial_amounts, maintenance_amounts, strict=True)
        ),
        cap=None if table.cap is None else whole_natively(table.cap, "cap"),
        mark=whole_natively(market.mark, "mark"),
        long_price=whole_natively(market.price_for(Side.LONG, policy.price_rule), "confidence"),
        short_price=whole_natively(market.price_for(Side.SHORT, policy.price_rule), "confidence"),
        shift=whole_natively(market.confidence, "confidence") if policy.price_rule is PriceRule.ADVERSE else 0,
        funding_index=market.funding_index,
    )


def table_amounts(table: TierTable, rule: TierRule, rates: list[Fraction], first: Fraction) -> list[Fraction]:
    """What each tier deducts: nothing in a step table."""
    return [Fraction(0)] * len(rates) if rule is TierRule.STEP else deductions(table.floors, rates, first)


def whole_natively(value: Fraction, field: str) -> int:
    """The native arithmetic is of whole ticks and whole floors."""
    if value.denominator != 1:
        raise refuse_natively(field, value, "a whole number")
    return value.numerator


def refuse_natively(field: str, found: object, expected: str) -> MisuseError:
    """The error of a policy or a market that only the reference backend evaluates."""
    return MisuseError(Reason.NOT_APPLICABLE, field, found=found, expected=f"{expected}, for the native backend")


def evaluate_natively(terms: Terms, positions: PositionColumns, threads: int) -> BatchResult:
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
    return BatchResult(columns, sum_totals(chunks), Backend.NATIVE)


def sum_totals(parts: list[Totals]) -> Totals:
    """The totals of all parts."""
    total = Totals()
    for part in parts:
        total = total.plus(part)
    return total


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
    equity = compute_equity(policy.contract, position, market, policy.price_rule).total
    initial = compute_requirement(policy, position, market, RequirementKind.INITIAL)
    maintenance = compute_requirement(policy, position, market, RequirementKind.MAINTENANCE)
    measure = tier_measure(policy, position.size, initial.notional)
    allowed = policy.table.tiers[initial.tier].max_leverage
    answers = {
        Verdict.COVERS_INITIAL: equity >= initial.total,
        Verdict.COVERS_MAINTENANCE: equity >= maintenance.total,
        Verdict.WITHIN_CAP: policy.table.cap is None or measure <= policy.table.cap,
        Verdict.LEVERAGE_ALLOWED: position.leverage is None or allowed is None or position.leverage <= allowed,
    }
    return RowEvaluation(
        equity=floor(equity),
        notional=ceil(compute_notional(policy.contract, position, market, policy.price_rule)),
        initial=ceil(initial.total),
        maintenance=ceil(maintenance.total),
        verdict=Verdict(sum(verdict for verdict, holds in answers.items() if holds)),
        liquidation=find_liquidation(policy, position, market),
        bankruptcy=round_price(
            position.side, PriceCause.ROOT, compute_bankruptcy_price(policy, position, market)
        ),
    )


def find_liquidation(policy: MarketPolicy, position: Position, market: MarketState) -> TickPrice:
    """The liquidation price in ticks; one that a partial table can't tell is no reason to refuse the row."""
    try:
        found = compute_liquidation_price(policy, position, market)
    except MisuseError as error:
        if error.reason is Reason.OUTSIDE_TABLE:
            return TickPrice(PriceCause.OUTSIDE_TABLE)
        raise
    if found is None:
        return TickPrice(PriceCause.NONE)
    return round_price(position.side, PriceCause[found.cause.name], found.price)


def round_price(side: Side, cause: PriceCause, price: Fraction | None) -> TickPrice:
    """A price in whole ticks: up for longs, down for shorts, so that it is reached no later than said."""
    if price is None or price <= 0:
        return TickPrice(PriceCause.NONE)
    ticks = ceil(price) if side is Side.LONG else floor(price)
    return TickPrice(cause, ticks) if ticks <= MAX_PRICE else TickPrice(PriceCause.ABOVE_BOUND)
