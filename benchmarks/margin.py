"""Positions evaluated in a second by the batch engine: ``python -m benchmarks.margin [--quick]``.

Every measurement runs in a process of its own, so that its peak memory is its own, and says the best
of its repeats. Positions are all different; their notionals spread over five decades and so over all tiers.
The reference is measured on fewer of them, since what one row costs it does not depend on their number.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.memory import forget_peak, peak_bytes
from margin.batch import Backend, available_backends, evaluate_batch
from margin.bounds import PPM
from margin.columns import PositionColumns
from margin.documents.published import load_policy
from margin.policy import MarketPolicy
from margin.position import MarketState

ROWS, QUICK_ROWS = 1_000_000, 100_000
REFERENCE_SHARE = 500
"""The reference is given one row for so many."""

BLOCK_ROWS = 2**14
MEBIBYTE = 2**20
TABLE_WIDTH = 112
CONFIDENCE = Fraction(1, 5000)


@dataclass(frozen=True)
class Workload:
    """A market as a venue publishes it, at a mark in its quote currency."""

    label: str
    policy: str
    market: str
    price: int

    def open(self) -> tuple[MarketPolicy, MarketState]:
        """The market's policy, and its state at the mark."""
        market = load_policy(self.policy).market(self.market)
        mark = market.units.grid_ticks(Fraction(self.price), "price")
        return market.policy, MarketState(mark, Fraction(round(mark * CONFIDENCE)), funding_index=5 * PPM)


WORKLOADS = (
    Workload("basis mark, marginal tiers", "binance-usdm", "BTCUSDT", 60_000),
    Workload("basis entry, closing fee", "bybit-linear", "BTCUSDT", 60_000),
    Workload("basis mark, step tiers", "coinex-2022", "BTCUSDT", 60_000),
    Workload("rates that rise with size", "deribit", "BTC_USDC-PERPETUAL", 60_000),
    Workload("inverse, tiers by size", "okx-inverse", "BTC-USD-SWAP", 60_000),
)


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    workload: Workload
    backend: Backend
    threads: int
    rows: int
    repeats: int


@dataclass(frozen=True)
class Measurement:
    """One backend on one workload. Memory in MiB: what the columns take, and what evaluating added at its peak."""

    workload: str
    market: str
    backend: str
    threads: int
    rows: int
    seconds: float
    positions_per_second: int
    column_mib: float
    added_peak_mib: float


def build_positions(policy: MarketPolicy, market: MarketState, rows: int) -> PositionColumns:
    """So many positions, the same ones every time, built block by block."""
    positions = PositionColumns()
    random = Random(1)  # noqa: S311 - test data, not a secret
    for start in range(0, rows, BLOCK_ROWS):
        positions.extend(build_block(policy, market, random, min(BLOCK_ROWS, rows - start)))
    return positions


def build_block(policy: MarketPolicy, market: MarketState, random: Random, rows: int) -> PositionColumns:
    """Some of the positions."""
    by_column = zip(*(choose_cells(policy, market, random) for _ in range(rows)), strict=True)
    layout = PositionColumns.layout
    return PositionColumns.from_buffers(
        {c.name: b"".join(map(c.encode, cells)) for c, cells in zip(layout, by_column, strict=True)}
    )


def choose_cells(policy: MarketPolicy, market: MarketState, random: Random) -> tuple[int, ...]:
    """One position: opened within 20 % of the mark, with half a percent to a third of that as its margin."""
    size = int(10 ** random.uniform(0, 5))
    entry = float(policy.contract.lot_value(market.mark)) * size * random.uniform(0.8, 1.2)
    cash = int(entry * random.uniform(0.005, 0.33))
    return (
        random.choice((1, 2)),
        size,
        max(1, int(entry)),
        cash,
        random.choice((0, 0, 0, cash // 2)),
        random.randrange(-PPM, 10 * PPM),
        random.choice((0, 5, 10, 20)) * PPM,
    )


def measure(plan: Plan) -> Measurement:
    """Time one backend, in the process that calls this; memory is that of the first evaluation."""
    policy, market = plan.workload.open()
    positions = build_positions(policy, market, plan.rows)
    seconds, added, column_bytes = [], 0, 0
    for repeat in range(plan.repeats):
        forget_peak()
        before, start = peak_bytes(), time.perf_counter()
        result = evaluate_batch(policy, market, positions, backend=plan.backend, threads=plan.threads)
        seconds.append(time.perf_counter() - start)
        if repeat == 0:
            added, column_bytes = peak_bytes() - before, positions.size_in_bytes + result.columns.size_in_bytes
        del result
    return Measurement(
        workload=plan.workload.label,
        market=f"{plan.workload.policy} {plan.workload.market}",
        backend=plan.backend.value,
        threads=plan.threads,
        rows=plan.rows,
        seconds=round(min(seconds), 6),
        positions_per_second=int(plan.rows / min(seconds)),
        column_mib=round(column_bytes / MEBIBYTE, 1),
        added_peak_mib=round(added / MEBIBYTE, 1),
    )


def list_plans(rows: int, repeats: int) -> Iterator[Plan]:
    """Every workload by every backend that is here, native on one core and on all."""
    for workload in WORKLOADS:
        yield Plan(workload, Backend.REFERENCE, 1, max(100, rows // REFERENCE_SHARE), repeats)
        if Backend.NATIVE in available_backends():
            for threads in sorted({1, os.cpu_count() or 1}):
                yield Plan(workload, Backend.NATIVE, threads, rows, repeats)


def draw_table(machine: dict[str, str | int | float], measurements: list[Measurement]) -> Table:
    """A line for each measurement, with its speed against the reference on the same workload."""
    caption = ", ".join(f"{name} {value}" for name, value in machine.items())
    table = Table(title="Positions evaluated by the batch engine", caption=caption)
    for name in ("workload", "backend", "rows", "seconds", "rows / s", "ratio", "columns MiB", "added MiB"):
        table.add_column(name, justify="left" if name in {"workload", "backend"} else "right", no_wrap=True)
    reference = {m.workload: m.positions_per_second for m in measurements if m.backend == Backend.REFERENCE}
    for each in measurements:
        table.add_row(
            each.workload if each.backend == Backend.REFERENCE else "",
            each.backend if each.threads == 1 else f"{each.backend} x {each.threads}",
            f"{each.rows:,}",
            f"{each.seconds:.3f}",
            f"{each.positions_per_second:,}",
            f"{each.positions_per_second / reference[each.workload]:,.0f}",
            f"{each.column_mib:,.0f}",
            f"{each.added_peak_mib:,.0f}",
            end_section=each is measurements[-1] or each.threads == os.cpu_count(),
        )
    return table


def main() -> None:
    """Measure, print the table and, where asked, save it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.margin", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, once: a check that it works")
    parser.add_argument("--rows", type=int, help=f"rows for the native backend, {ROWS:,} if not said")
    parser.add_argument("--json", type=Path, help="save the figures to this file")
    arguments = parser.parse_args()
    rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    plans = list(list_plans(rows, repeats=1 if arguments.quick else 5))
    machine = describe_machine()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as fresh:
        futures = [fresh.submit(measure, plan) for plan in plans]
        measurements = [future.result() for future in track(futures, "measuring", transient=True)]
    Console(width=max(TABLE_WIDTH, Console().width)).print(draw_table(machine, measurements))
    if arguments.json:
        saved = {"machine": machine, "measurements": [asdict(each) for each in measurements]}
        arguments.json.write_text(json.dumps(saved, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
