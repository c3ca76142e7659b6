"""Groth16 proofs from a ready witness, beside other provers: ``python -m benchmarks.proving [--quick]``.

Provers take turns within one run, so that what else the machine does hits all of them; medians are
compared. Without ``--statements`` the statements are chains of squares; a folder given there holds
``NAME.r1cs`` and ``NAME.wtns`` as circom writes them. All provers get the same key, made here for
development, and the same witness.

Peers are no dependencies: groth16py is found by the interpreter of ``--groth16py`` (a path to a Python that has it),
rapidsnark as the shared library of ``--rapidsnark``.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.square_chain import write_square_chain
from snark._native import make_development_key
from snark.groth16.prove import ProvingKey

RUNS, QUICK_RUNS = 20, 5
CHAIN_BITS, QUICK_CHAIN_BITS = (10, 12, 14, 16), (10, 12)
MILLI = 1000

Prover = Callable[[], float]
"""Makes one proof and returns how many milliseconds it took."""

GROTH16PY = """
import groth16py
key = groth16py.import_zkey(sys.argv[1])
key = key[0] if isinstance(key, tuple) else key
def prove():
    groth16py.prove_wtns(key, sys.argv[2])
"""

RAPIDSNARK = """
import ctypes
library, long = ctypes.CDLL(sys.argv[3]), ctypes.c_ulonglong
key, witness = (open(path, "rb").read() for path in sys.argv[1:3])
made, complaint, size = ctypes.c_void_p(), ctypes.create_string_buffer(256), 2**16
proof, public = ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)
assert library.groth16_prover_create(ctypes.byref(made), key, long(len(key)), complaint, long(256)) == 0
def prove():
    sizes = long(size), long(size)
    assert library.groth16_prover_prove(
        made, witness, long(len(witness)), proof, ctypes.byref(sizes[0]), public, ctypes.byref(sizes[1]),
        complaint, long(256),
    ) == 0
"""

TURNS = """
for _ in sys.stdin:
    begin = time.perf_counter()
    prove()
    print((time.perf_counter() - begin) * 1000, flush=True)
"""


@dataclass(frozen=True)
class Statement:
    """A key and a witness, in files."""

    name: str
    key: Path
    witness: Path
    rows: int


@dataclass(frozen=True)
class Measurement:
    """What one prover needed for one statement."""

    statement: str
    rows: int
    prover: str
    milliseconds: float
    fastest: float


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    given = parse_arguments()
    measurements = []
    with TemporaryDirectory() as folder:
        for statement in prepare_statements(given, Path(folder)):
            measurements += measure(statement, given)
    report(measurements)
    if given.json:
        results = {"machine": describe_machine(), "proving": [vars(measurement) for measurement in measurements]}
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer runs and smaller statements")
    parser.add_argument("--statements", type=Path, help="a folder with NAME.r1cs and NAME.wtns")
    parser.add_argument("--groth16py", type=Path, help="a Python interpreter that has groth16py")
    parser.add_argument("--rapidsnark", type=Path, help="librapidsnark.so")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="where to write the results")
    return parser.parse_args()


def prepare_statements(given: argparse.Namespace, folder: Path) -> Iterator[Statement]:
    """Each statement with a key of its own."""
    if given.statements:
        for constraints in sorted(given.statements.glob("*.r1cs"), key=lambda path: path.stat().st_size):
            yield make_statement(constraints, constraints.with_suffix(".wtns"), folder)
        return
    for bits in QUICK_CHAIN_BITS if given.quick else CHAIN_BITS:
        constraints, witness = folder / f"squares-{bits}.r1cs", folder / f"squares-{bits}.wtns"
        write_square_chain(2**bits - 4, constraints, witness)
        yield make_statement(constraints, witness, folder)


def make_statement(constraints: Path, witness: Path, folder: Path) -> Statement:
    """A statement with a development key in the folder."""
    content = constraints.read_bytes()
    key = folder / f"{constraints.stem}.zkey"
    key.write_bytes(make_development_key(content))
    return Statement(constraints.stem, key, witness, count_rows(content))


def count_rows(constraints: bytes) -> int:
    """The number of constraints, at the end of the header: its section need not be the first."""
    place = 12
    while (kind := int.from_bytes(constraints[place : place + 4], "little")) != 1:
        place += 12 + int.from_bytes(constraints[place + 4 : place + 12], "little")
        if place >= len(constraints):
            raise ValueError(kind)
    end = place + 12 + int.from_bytes(constraints[place + 4 : place + 12], "little")
    return int.from_bytes(constraints[end - 4 : end], "little")


def measure(statement: Statement, given: argparse.Namespace) -> list[Measurement]:
    """All provers in turn, so many times; the first turn is not counted."""
    with ExitStack() as stack:
        provers = dict(own_provers(statement, given.threads))
        for name, command in peers(given):
            provers[name] = stack.enter_context(peer(command, statement))
        turns: dict[str, list[float]] = {name: [] for name in provers}
        for _ in range((QUICK_RUNS if given.quick else RUNS) + 1):
            for name, prove in provers.items():
                turns[name].append(prove())
    return [
        Measurement(statement.name, statement.rows, name, median(times[1:]), min(times[1:]))
        for name, times in turns.items()
    ]


def own_provers(statement: Statement, threads: int) -> Iterator[tuple[str, Prover]]:
    """This package, with and without what makes it fast or safe."""
    witness = statement.witness.read_bytes()
    multiplied = ProvingKey.open(statement.key, tables="memory")
    bare = ProvingKey.open(statement.key, tables=None)
    portable = ProvingKey.open(statement.key, tables="memory", portable=True)
    yield "multiples", timed(lambda: multiplied.prove(witness, threads=threads, check=False))
    yield "multiples, checked", timed(lambda: multiplied.prove(witness, threads=threads))
    yield "multiples, one thread", timed(lambda: multiplied.prove(witness, threads=1, check=False))
    yield "no multiples", timed(lambda: bare.prove(witness, threads=threads, check=False))
    yield "multiples, portable", timed(lambda: portable.prove(witness, threads=threads, check=False))


def timed(prove: Callable[[], object]) -> Prover:
    """The same, returning its milliseconds."""

    def run() -> float:
        begin = time.perf_counter()
        prove()
        return (time.perf_counter() - begin) * MILLI

    return run


def peers(given: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Interpreter, program and what else the program wants, of each peer that is there."""
    if given.groth16py:
        yield "groth16py", [str(given.groth16py), GROTH16PY]
    if given.rapidsnark:
        yield "rapidsnark", [sys.executable, RAPIDSNARK, str(given.rapidsnark)]


@contextmanager
def peer(command: list[str], statement: Statement) -> Iterator[Prover]:
    """Another process, which proves once for each line that it is sent, and times itself."""
    interpreter, program, *others = command
    arguments = [str(statement.key), str(statement.witness), *others]
    words = [interpreter, "-c", f"import sys, time\n{program}\n{TURNS}", *arguments]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise RuntimeError
        asked, told = process.stdin, process.stdout

        def prove() -> float:
            print(file=asked, flush=True)
            return float(told.readline())

        yield prove
        asked.close()


def report(measurements: list[Measurement]) -> None:
    """A table; ratios are to the first row of each statement."""
    table = Table(
        "statement", "constraints", "prover", "median ms", "fastest ms", "µs per constraint", "times the first"
    )
    first: dict[str, float] = {}
    for it in measurements:
        first.setdefault(it.statement, it.milliseconds)
        table.add_row(
            it.statement,
            f"{it.rows:,}",
            it.prover,
            f"{it.milliseconds:.2f}",
            f"{it.fastest:.2f}",
            f"{it.milliseconds * MILLI / it.rows:.2f}",
            f"{it.milliseconds / first[it.statement]:.2f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
