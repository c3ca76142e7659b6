"""Runs of a proof of solvency, from accounts to receipts: ``python -m benchmarks.solvency [--quick]``.

    size          how many constraints an account is
    throughput    constraints a second, of batches as a run proves them, on all cores; groth16py in turns within one run
    runs          more and more accounts: time, memory, what is published, its verification, a receipt and its check
    projection    what a run of 10^7 accounts would take on 100 such machines, by the largest run that was measured

Each step of a run is a process of its own, whose time and peak memory are its own. Accounts are those that ``ringfence
solvency generate`` makes. Keys are made for development before anything is timed.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.memory import peak_bytes
from benchmarks.measurement.peers import GROTH16PY, GROTH16PY_PROVES, Option, Turn, list_absent, python_program, running
from benchmarks.measurement.plot import plot_lines
from benchmarks.proving import Statement, make_statement
from circuits.catalogue import name_circuit
from circuits.statements.solvency import Solvency
from facts.solvency.receipt import render_receipt
from facts.solvency.totals import TotalMode
from margin.documents.reading import read_document
from prover.artifacts import Cache
from prover.publication import read_publication
from prover.solvency.batches import Batches, Shard
from prover.solvency.generating import Crowd
from prover.solvency.padding import BATCH, Padding
from prover.solvency.planning import Terms
from prover.solvency.prepared import Prepared
from prover.solvency.receipts import Receipts
from prover.solvency.run import Keys, Ledger, finish, list_statements, prepare, prove_batches
from prover.solvency.state import PROOFS, State
from prover.solvency.trial import FACTS, VENUE, write_trial
from prover.solvency.venue_document import read_venue
from prover.solvency.writing import write_accounts
from verifier.solvency.directory import Directory
from verifier.solvency.receipts import check_file
from verifier.solvency.verification import Trust, verify_run

ACCOUNTS, QUICK_ACCOUNTS, LARGE_ACCOUNTS = (1_000, 10_000), (64,), 100_000
BATCH_ACCOUNTS, QUICK_BATCH_ACCOUNTS = 64, 8
TURN_ACCOUNTS, QUICK_TURN_ACCOUNTS = 256, 64
TURNS, QUICK_TURNS = 5, 1
PEER_PROOFS, QUICK_PEER_PROOFS = 2, 1
"""In one turn of the other prover, which takes about as long as one of batches."""
RECEIPTS = 20
MOMENT = 1_800_000_000
MILLI, MEBIBYTE = 1_000, 1 << 20
GOAL_ACCOUNTS, MACHINES = 10_000_000, 100
PEER_STATEMENT = "batch"
OWN = "batches of a run, one on each core"
PEER_ALL, PEER_EACH = "groth16py, one proof on all cores", "groth16py, one proof on each core"
STATEMENTS = Option("statements", "RINGFENCE_STATEMENTS", f"a folder with {PEER_STATEMENT}.r1cs and .wtns")
ACCOUNT_FILE, STATE, PUBLISHED, RECEIPT_FILE = "accounts.ndjson", "state", "published", "receipt.json"

Speed = Callable[[], float]
"""Works for a while, and says how many constraints it proved a second."""


@dataclass(frozen=True)
class Size:
    """How large a statement is."""

    statement: str
    accounts: int
    constraints: int
    for_each: float


@dataclass(frozen=True)
class Throughput:
    """What one prover does."""

    prover: str
    constraints: int
    """Of one proof."""
    per_second: float
    fastest: float


@dataclass(frozen=True)
class Step:
    """What the process of one step needed."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Run:
    """A run from its accounts to a receipt; seconds, MiB of memory, bytes on the disk."""

    accounts: int
    batches: int
    prepare_seconds: float
    prove_seconds: float
    finish_seconds: float
    ms_for_each: float
    """Of all three."""
    peak_mib: float
    """Of whichever of the three took most."""
    state_bytes: int
    published_bytes: int
    verify_seconds: float
    verify_peak_mib: float
    receipt_bytes: int
    receipt_ms: float


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    given = parse_arguments()
    levels = len(oct(given.batch - 1)) - len("0o")
    sizes = [measure_size(Solvency(accounts=given.batch, debts=debts, levels=levels)) for debts in (0, 1)]
    with TemporaryDirectory(dir=given.folder) as folder:
        throughputs = measure_throughput(given, Path(folder) / "turns")
        runs = [measure_run(accounts, given, Path(folder) / str(accounts)) for accounts in given.accounts]
    projection = project(runs[-1], given.threads)
    report(sizes, throughputs, runs, list_absent(given, (GROTH16PY, STATEMENTS)))
    Console(width=120).print("\n".join(f"{name.replace('_', ' ')}: {value:,.1f}" for name, value in projection.items()))
    if given.json:
        document = {
            "machine": describe_machine(),
            "sizes": [asdict(it) for it in sizes],
            "throughput": [asdict(it) for it in throughputs],
            "runs": [asdict(it) for it in runs],
            "projection": projection,
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if given.plot:
        plot_runs(runs, given.plot)


def parse_arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solvency", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, in small batches, and one turn")
    parser.add_argument("--accounts", type=int, nargs="+", help="how many accounts the runs have, one run for each")
    parser.add_argument("--large", action="store_true", help=f"a run of {LARGE_ACCOUNTS:,} accounts as well")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="where the runs are made: a disk with room for them")
    parser.add_argument("--json", type=Path, help="where to write the results")
    parser.add_argument("--plot", type=Path, help="where to draw the time for each account")
    STATEMENTS.add_to(parser)
    GROTH16PY.add_to(parser)
    given = parser.parse_args()
    given.accounts = list(given.accounts or (QUICK_ACCOUNTS if given.quick else ACCOUNTS))
    given.accounts += [LARGE_ACCOUNTS] if given.large else []
    given.batch = QUICK_BATCH_ACCOUNTS if given.quick else BATCH_ACCOUNTS
    return given


def measure_size(statement: Solvency) -> Size:
    """The constraints of a batch."""
    constraints = Cache().artifact(statement).interface.counts.constraints
    return Size(name_circuit(statement), statement.accounts, constraints, constraints / statement.accounts)


# --- Throughput --------------------------------------------------------------------------------------


def measure_throughput(given: argparse.Namespace, folder: Path) -> list[Throughput]:
    """This prover and the other one in turns; the first turn is not counted."""
    accounts, turns = (QUICK_TURN_ACCOUNTS, QUICK_TURNS) if given.quick else (TURN_ACCOUNTS, TURNS)
    write_run(folder, accounts, given.batch)
    prepare_run(folder)
    with ExitStack() as stack:
        contestants = find_own(State.find(folder / STATE), given.threads)
        if given.groth16py and given.statements:
            contestants |= find_peers(given, folder, stack)
        speeds: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(turns + 1):
            for name, (_, speed) in contestants.items():
                speeds[name].append(speed())
    return [Throughput(name, contestants[name][0], median(found[1:]), max(found[1:])) for name, found in speeds.items()]


def find_own(state: State, threads: int) -> dict[str, tuple[int, Speed]]:
    """All batches of a run, again and again: from the parts of its accounts to files of proofs."""
    prepared, keys = Prepared.load(state), Keys(None, Cache())
    ((name, statement),) = [
        (each.shape.name, list_statements(prepared.header)[each.shape.name]) for each in prepared.header.classes
    ]
    batches = Batches(prepared, {name: keys.open(name, statement, threads=1)})
    rows = keys.find(name, statement)[0].interface.counts.constraints

    def prove() -> float:
        rmtree(state.folder / PROOFS)
        (state.folder / PROOFS).mkdir()
        begin = time.perf_counter()
        made = batches.prove_missing(Shard(), threads, be_silent)
        return made * rows / (time.perf_counter() - begin)

    return {OWN: (rows, prove)}


def find_peers(given: argparse.Namespace, folder: Path, stack: ExitStack) -> dict[str, tuple[int, Speed]]:
    """The other prover in both ways to keep all cores busy: each proof on all of them, and a process for each."""
    constraints = given.statements / f"{PEER_STATEMENT}.r1cs"
    statement = make_statement(constraints, constraints.with_suffix(".wtns"), folder)
    calls: int = QUICK_PEER_PROOFS if given.quick else PEER_PROOFS
    command = python_program(GROTH16PY_PROVES, given.groth16py, statement.key, statement.witness)
    alone = ["env", "RAYON_NUM_THREADS=1", *command]
    return {
        PEER_ALL: (statement.rows, together(statement, [stack.enter_context(running(command, calls))])),
        PEER_EACH: (
            statement.rows,
            together(statement, [stack.enter_context(running(alone, calls)) for _ in range(given.threads)]),
        ),
    }


def take_turn(turn: Turn) -> float:
    """Its milliseconds."""
    return turn()


def together(statement: Statement, turns: list[Turn]) -> Speed:
    """What processes that prove at the same time do together, by the slowest of them."""

    def prove() -> float:
        with ThreadPoolExecutor(len(turns)) as pool:
            slowest: float = max(pool.map(take_turn, turns))
        return len(turns) * statement.rows * MILLI / slowest

    return prove


# --- Runs --------------------------------------------------------------------------------------------


def measure_run(accounts: int, given: argparse.Namespace, folder: Path) -> Run:
    """All steps of a run, one process after the other."""
    write_run(folder, accounts, given.batch)
    prepared = alone(prepare_run, folder)
    make_keys(folder)
    proved, finished = alone(prove_run, folder, given.threads), alone(finish_run, folder, given.threads)
    verified = alone(verify_published, folder, given.threads)
    header = Prepared.load(State.find(folder / STATE)).header
    size, check_ms = measure_receipts(folder)
    seconds = sum(step.seconds for step in (prepared, proved, finished))
    run = Run(
        accounts=accounts,
        batches=header.batches,
        prepare_seconds=prepared.seconds,
        prove_seconds=proved.seconds,
        finish_seconds=finished.seconds,
        ms_for_each=seconds * MILLI / accounts,
        peak_mib=max(step.peak_mib for step in (prepared, proved, finished)),
        state_bytes=count_bytes(folder / STATE),
        published_bytes=count_bytes(folder / PUBLISHED),
        verify_seconds=verified.seconds,
        verify_peak_mib=verified.peak_mib,
        receipt_bytes=size,
        receipt_ms=check_ms,
    )
    rmtree(folder)
    return run


def alone(step: Callable[..., float], *arguments: object) -> Step:
    """A step in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(watch_step, step, arguments).result()


def watch_step(step: Callable[..., float], arguments: tuple[object, ...]) -> Step:
    """What a step takes, in its own process."""
    seconds = step(*arguments)
    return Step(seconds, peak_bytes() / MEBIBYTE)


def write_run(folder: Path, accounts: int, batch: int) -> None:
    """The inputs of a run."""
    folder.mkdir()
    write_trial(folder, batch, lends=False)
    write_accounts(folder / ACCOUNT_FILE, Crowd(accounts, seed=accounts, with_debts=False))


def prepare_run(folder: Path) -> float:
    """Read the accounts, and fix everything that proofs will be about."""
    document, published = read_venue(read_document(folder / VENUE)), read_publication(folder / FACTS)
    terms = Terms(document, published.round, TotalMode.SHOWN, Padding.parse(BATCH))
    state = State.open(folder / STATE)
    ledger = Ledger(folder / ACCOUNT_FILE, folder / VENUE)
    return seconds_of(lambda: prepare(state, ledger, terms, MOMENT, be_silent))


def make_keys(folder: Path) -> None:
    """Circuits and keys, in the cache of whoever measures."""
    keys = Keys(None, Cache())
    for name, statement in list_statements(Prepared.load(State.find(folder / STATE)).header).items():
        keys.find(name, statement)


def prove_run(folder: Path, threads: int) -> float:
    """Prove every batch, from the opening of the key on."""
    prepared, keys = Prepared.load(State.find(folder / STATE)), Keys(None, Cache())
    return seconds_of(lambda: prove_batches(prepared, keys, Shard(), threads, be_silent))


def finish_run(folder: Path, threads: int) -> float:
    """Prove the total, and publish."""
    prepared, keys = Prepared.load(State.find(folder / STATE)), Keys(None, Cache())
    return seconds_of(lambda: finish(prepared, keys, folder / PUBLISHED, threads))


def verify_published(folder: Path, threads: int) -> float:
    """Verify everything that was published, all proofs among it."""
    directory, trust = Directory(folder / PUBLISHED), Trust(allow_development_keys=True)
    return seconds_of(lambda: verify_run(directory, trust, threads))


def measure_receipts(folder: Path) -> tuple[int, float]:
    """The size of the largest receipt of some, and how long its holder needs to check one."""
    prepared, directory = Prepared.load(State.find(folder / STATE)), Directory(folder / PUBLISHED)
    file, sizes, times = folder / RECEIPT_FILE, [], []
    for _, receipt in zip(range(RECEIPTS), Receipts(prepared).make_all(), strict=False):
        file.write_text(render_receipt(receipt, prepared.header), encoding="utf-8")
        sizes.append(file.stat().st_size)
        times.append(seconds_of(lambda: check_file(file, directory)) * MILLI)
    return max(sizes), median(times)


def count_bytes(folder: Path) -> int:
    """What the files of a folder hold."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def be_silent(*_: object) -> None:
    """Nobody is told how far it is."""


# --- What is shown -----------------------------------------------------------------------------------


def project(run: Run, cores: int) -> dict[str, float]:
    """A run of so many accounts that proves on many machines; all else is done on one of them.

    What a run begins with is counted as if it grew with the accounts, so that times are rather too long: the larger the
    run that is measured, the less.
    """
    times = GOAL_ACCOUNTS / run.accounts
    prepared, finished = run.prepare_seconds * times, run.finish_seconds * times
    proved = run.prove_seconds * times / MACHINES
    return {
        "accounts": GOAL_ACCOUNTS,
        "machines": MACHINES,
        "cores_of_each": cores,
        "from_accounts": run.accounts,
        "prepare_seconds": prepared,
        "prove_seconds": proved,
        "finish_seconds": finished,
        "minutes": (prepared + proved + finished) / 60,
        "verify_seconds": run.verify_seconds * times,
        "published_mib": run.published_bytes * times / MEBIBYTE,
        "state_mib": run.state_bytes * times / MEBIBYTE,
    }


def report(sizes: list[Size], throughputs: list[Throughput], runs: list[Run], absent: str) -> None:
    """A table for each question."""
    console = Console(width=180)
    for title, rows in (("Sizes", sizes), ("Throughput", throughputs), ("Runs", runs)):
        console.print(draw(title, [asdict(it) for it in rows]))
    if throughputs[1:]:
        ratio = throughputs[0].per_second / max(it.per_second for it in throughputs[1:])
        console.print(f"{ratio:.2f} times the constraints a second of the faster way of the other prover")
    console.print(absent)


def draw(title: str, rows: list[dict[str, object]]) -> Table:
    """A row for each, with the names of what was measured."""
    table = Table(*(name.replace("_", " ") for name in rows[0]), title=title)
    for row in rows:
        table.add_row(*(spell(each) for each in row.values()))
    return table


def spell(value: object) -> str:
    """A cell."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def plot_runs(runs: list[Run], path: Path) -> None:
    """What an account takes in each step, for more and more of them."""
    lines: Mapping[str, Iterator[float]] = {
        "all of it": (it.ms_for_each for it in runs),
        "prove": (it.prove_seconds * MILLI / it.accounts for it in runs),
        "prepare": (it.prepare_seconds * MILLI / it.accounts for it in runs),
        "finish": (it.finish_seconds * MILLI / it.accounts for it in runs),
        "verify": (it.verify_seconds * MILLI / it.accounts for it in runs),
    }
    points = {name: [(it.accounts, each) for it, each in zip(runs, line, strict=True)] for name, line in lines.items()}
    plot_lines(
        points,
        path,
        title="A run of a proof of solvency, step by step",
        across="accounts",
        up="milliseconds an account",
    )


if __name__ == "__main__":
    main()
