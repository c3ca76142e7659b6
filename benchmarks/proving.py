"""Groth16 proofs from a ready witness, beside other provers: ``python -m benchmarks.proving [--quick]``.

Two tables. One has the statements of a folder, ``NAME.r1cs`` and ``NAME.wtns`` as circom writes them, where one is
given; the other has circuits of 2^10 to 2^20 constraints, whose time for each constraint should not rise. Provers take
turns within one run, so that what else the machine does hits all of them; medians are compared. All get the same key,
made here for development, and the same witness. Peers are measured where they are found: see
``benchmarks.measurement.peers``.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.mixed_circuit import write_mixed_circuit
from benchmarks.measurement.peers import (
    GROTH16PY,
    GROTH16PY_PROVES,
    INTEROP,
    MILLI,
    RAPIDSNARK,
    SNARKJS,
    Option,
    Turn,
    list_absent,
    own_python_program,
    python_program,
    running,
    snarkjs_program,
    timed,
    timed_by_processor,
)
from benchmarks.measurement.plot import plot_lines
from benchmarks.measurement.quotation import name_prover
from snark._native import make_development_key
from snark.bn254.backend import BackendName
from snark.groth16.prove import ProvingKey

RUNS, QUICK_RUNS, LEAST_RUNS = 20, 5, 5
TITLES = ("statements", "sizes")
LEAST_BITS, QUICK_BITS, MOST_BITS = 10, 12, 20
FEWER_RUNS_FROM_BITS = 13
"""From here on each size has half the turns of the one before."""
PEER_BITS = 16
"""Peers take part up to this size: beyond it one turn of theirs takes many seconds."""
REFERENCE_BITS, QUICK_REFERENCE_BITS, REFERENCE_RUNS = 6, 3, 1
"""The readable backend proves what is small."""
SPARE_ROWS = 4
"""A domain has a row for each public wire as well."""
OWN, OWN_THREAD, REFERENCE = "multiples", "multiples, one thread", "py_ecc (ringfence reference)"
OWN_PROCESSOR = "multiples, processor time of one thread"
PEERS = (GROTH16PY, SNARKJS, RAPIDSNARK)

SNARKJS_PROVES = """
const [key, witness] = given.map(path => new Uint8Array(readFileSync(path)));
const work = () => groth16.prove(key, witness);
"""

RAPIDSNARK_PROVES = """
import ctypes
library, long = ctypes.CDLL(sys.argv[3]), ctypes.c_ulonglong
key, witness = (open(path, "rb").read() for path in sys.argv[1:3])
made, complaint, size = ctypes.c_void_p(), ctypes.create_string_buffer(256), 2**16
proof, public = ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)
assert library.groth16_prover_create(ctypes.byref(made), key, long(len(key)), complaint, long(256)) == 0
def work():
    sizes = long(size), long(size)
    assert library.groth16_prover_prove(
        made, witness, long(len(witness)), proof, ctypes.byref(sizes[0]), public, ctypes.byref(sizes[1]),
        complaint, long(256),
    ) == 0
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

    @property
    def microseconds_per_row(self) -> float:
        """The median by the number of constraints."""
        return self.milliseconds * MILLI / self.rows


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    given = parse_arguments()
    measured = {}
    if "statements" in given.only and given.statements:
        measured["statements"] = measure_statements(given)
    if "sizes" in given.only:
        measured["sizes"] = measure_reference(given) + measure_sizes(given)
    for title, measurements in measured.items():
        report(title, measurements, list_absent(given, PEERS))
        if given.json:
            save(title, measurements, given.json)
    if given.plot and "sizes" in measured:
        plot_sizes(measured["sizes"], given.plot)


def parse_arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proving", description=__doc__)
    parser.add_argument(
        "--only", choices=TITLES, nargs="+", default=TITLES, help="which tables; the others stay as saved"
    )
    parser.add_argument("--quick", action="store_true", help=f"fewer turns, and circuits up to 2^{QUICK_BITS}")
    parser.add_argument("--most-bits", type=int, default=MOST_BITS, help="the largest circuit, as a power of two")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="where to write the results")
    parser.add_argument("--plot", type=Path, help="where to draw the time for each constraint")
    Option("statements", "RINGFENCE_STATEMENTS", "a folder with NAME.r1cs and NAME.wtns").add_to(parser)
    GROTH16PY.add_to(parser)
    RAPIDSNARK.add_to(parser)
    SNARKJS.add_to(parser, INTEROP)
    return parser.parse_args()


# --- What is proved ------------------------------------------------------------------------------


def measure_statements(given: argparse.Namespace) -> list[Measurement]:
    """The statements of a folder, by all provers."""
    measurements = []
    for constraints in sorted(given.statements.glob("*.r1cs"), key=lambda path: path.stat().st_size):
        with TemporaryDirectory() as folder:
            statement = make_statement(constraints, constraints.with_suffix(".wtns"), Path(folder))
            provers = own_provers(statement, given.threads)
            measurements += measure(statement, provers, peers(statement, given), QUICK_RUNS if given.quick else RUNS)
    return measurements


def measure_sizes(given: argparse.Namespace) -> list[Measurement]:
    """Circuits of all sizes, by the prover as it is used."""
    measurements = []
    for bits in range(LEAST_BITS, min(QUICK_BITS if given.quick else MOST_BITS, given.most_bits) + 1):
        runs = QUICK_RUNS if given.quick else max(LEAST_RUNS, RUNS >> max(0, bits + 1 - FEWER_RUNS_FROM_BITS))
        with TemporaryDirectory() as folder:
            statement = make_circuit(bits, Path(folder))
            others = peers(statement, given) if bits <= PEER_BITS else {}
            measurements += measure(statement, default_provers(statement, given.threads), others, runs)
    return measurements


def measure_reference(given: argparse.Namespace) -> list[Measurement]:
    """A circuit that the readable backend can prove in seconds."""
    with TemporaryDirectory() as folder:
        statement = make_circuit(QUICK_REFERENCE_BITS if given.quick else REFERENCE_BITS, Path(folder))
        key = ProvingKey.open(statement.key, allow_development_keys=True, backend=BackendName.REFERENCE)
        witness = statement.witness.read_bytes()
        provers = default_provers(statement, given.threads)
        provers[REFERENCE] = timed(lambda: key.prove(witness, check=False))
        return measure(statement, provers, {}, REFERENCE_RUNS)


def make_circuit(bits: int, folder: Path) -> Statement:
    """A statement that fills a domain of ``2^bits`` rows."""
    constraints, witness = folder / f"mixed-{bits}.r1cs", folder / f"mixed-{bits}.wtns"
    write_mixed_circuit(2**bits - SPARE_ROWS, constraints, witness)
    return make_statement(constraints, witness, folder)


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


# --- Who proves ----------------------------------------------------------------------------------


def own_provers(statement: Statement, threads: int) -> dict[str, Turn]:
    """This package, with and without what makes it fast or safe."""
    witness = statement.witness.read_bytes()
    multiplied = ProvingKey.open(statement.key, allow_development_keys=True, tables="memory")
    bare = ProvingKey.open(statement.key, allow_development_keys=True, tables=None)
    portable = ProvingKey.open(statement.key, allow_development_keys=True, tables="memory", portable=True)
    return {
        OWN: timed(lambda: multiplied.prove(witness, threads=threads, check=False)),
        "multiples, checked": timed(lambda: multiplied.prove(witness, threads=threads)),
        OWN_THREAD: timed(lambda: multiplied.prove(witness, threads=1, check=False)),
        "no multiples": timed(lambda: bare.prove(witness, threads=threads, check=False)),
        "multiples, portable": timed(lambda: portable.prove(witness, threads=threads, check=False)),
    }


def default_provers(statement: Statement, threads: int) -> dict[str, Turn]:
    """This package with as many multiples as it makes where nothing is said."""
    witness = statement.witness.read_bytes()
    key = ProvingKey.open(statement.key, allow_development_keys=True, tables="memory")
    return {
        OWN: timed(lambda: key.prove(witness, threads=threads, check=False)),
        OWN_PROCESSOR: timed_by_processor(lambda: key.prove(witness, threads=1, check=False)),
    }


def peers(statement: Statement, given: argparse.Namespace) -> dict[str, list[str]]:
    """The command of each peer that is there."""
    files = (statement.key, statement.witness)
    commands = {}
    if given.groth16py:
        commands["groth16py"] = python_program(GROTH16PY_PROVES, given.groth16py, *files)
    if given.snarkjs:
        commands["snarkjs"] = snarkjs_program(SNARKJS_PROVES, given.snarkjs, *files)
    if given.rapidsnark:
        commands["rapidsnark"] = own_python_program(RAPIDSNARK_PROVES, *files, given.rapidsnark)
    return commands


def measure(
    statement: Statement, own: Mapping[str, Turn], others: Mapping[str, list[str]], runs: int
) -> list[Measurement]:
    """All provers in turn, so many times; the first turn is not counted."""
    with ExitStack() as stack:
        provers = dict(own) | {name: stack.enter_context(running(command)) for name, command in others.items()}
        turns: dict[str, list[float]] = {name: [] for name in provers}
        for _ in range(runs + 1):
            for name, prove in provers.items():
                turns[name].append(prove())
    return [
        Measurement(statement.name, statement.rows, name, median(times[1:]), min(times[1:]))
        for name, times in turns.items()
    ]


# --- What is shown -------------------------------------------------------------------------------


def report(title: str, measurements: Sequence[Measurement], caption: str) -> None:
    """A table; ratios are to the first row of each statement."""
    names = ("statement", "constraints", "prover", "median ms", "fastest ms", "µs per constraint", "times the first")
    table = Table(*names, title=f"Proving: {title}", caption=caption)
    first: dict[str, float] = {}
    for it in measurements:
        first.setdefault(it.statement, it.milliseconds)
        ratio = it.milliseconds / first[it.statement]
        figures = (it.milliseconds, it.fastest, it.microseconds_per_row, ratio)
        table.add_row(it.statement, f"{it.rows:,}", it.prover, *(f"{figure:,.2f}" for figure in figures))
    Console(width=120).print(table)


def save(title: str, measurements: Sequence[Measurement], path: Path) -> None:
    """Keep a table with the machine that it is from, beside what the file holds of the other one."""
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results[title] = {"machine": describe_machine(), "measurements": [vars(it) for it in measurements]}
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def plot_sizes(sizes: Sequence[Measurement], path: Path) -> None:
    """The time for each constraint, of every prover that took part."""
    plot_lines(
        {name_prover(name): list(points) for name, points in lines_of(sizes)},
        path,
        title="Time of a proof for each constraint, over the size of the circuit",
        across="constraints",
        up="microseconds for each constraint",
    )


def lines_of(sizes: Sequence[Measurement]) -> Iterator[tuple[str, Iterator[tuple[int, float]]]]:
    """The points of each prover, those of the reference left out: it has only one, far above all others."""
    for prover in dict.fromkeys(it.prover for it in sizes if it.prover != REFERENCE):
        own = [it for it in sizes if it.prover == prover and it.rows >= 2**LEAST_BITS - SPARE_ROWS]
        yield prover, ((it.rows, it.microseconds_per_row) for it in own)


if __name__ == "__main__":
    main()
