"""Hashes and witnesses in a second: ``python -m benchmarks.witnesses [--quick]``.

Poseidon over many rows, and the witness of a statement like that of an isolated position, once and in batches: four
ranges, a dozen products, one range of 151 bits and one commitment of six inputs, about 840 wires each. Every figure is
processor time of one thread, the median of its repeats, so that other programs count for little.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from snark.bn254.backend import BackendName, is_native_built
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import encode_scalars
from snark.poseidon.hashing import choose_poseidon
from snark.r1cs.program.assembler import Assembler, Cell
from snark.r1cs.program.definition import WitnessProgram
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import encode_inputs, load_program

WIDTHS = (3, 9, 17)
BATCHES = (1, 24, 240)
NATIVE_ROWS, REFERENCE_ROWS = 4000, 8
REPEATS, QUICK_REPEATS = 20, 3
TABLE_WIDTH = 112

POSITION_BITS = {"side": 1, "size": 64, "entry": 64, "collateral": 96, "funding": 95, "blinding": 254}
FACTS_BITS = {"mark": 64, "rate_ppm": 20}
PPM = 10**6
MARGIN_BITS = 151


@dataclass(frozen=True)
class Measurement:
    """What one thing took, for each of so many."""

    subject: str
    backend: str
    count: int
    microseconds: float
    file_bytes: int = 0
    load_milliseconds: float = 0.0


def take_seconds(work: Callable[[], object], repeats: int) -> float:
    """The processor time of one run: the median of so many."""
    seconds = []
    for _ in range(repeats):
        start = time.thread_time()
        work()
        seconds.append(time.thread_time() - start)
    return median(seconds)


def assemble_positions(count: int) -> WitnessProgram:
    """The statement for so many positions under one mark."""
    assembler = Assembler()
    positions = [
        {name: assembler.declare_input(f"{name}[{number}]", bits) for name, bits in POSITION_BITS.items()}
        for number in range(count)
    ]
    facts = {name: assembler.declare_input(name, bits) for name, bits in FACTS_BITS.items()}
    secrets = [cell for position in positions for cell in position.values()]
    commitments, internals = [], []
    for position in positions:
        commitment, wires = add_position(assembler, position, facts)
        commitments.append(commitment)
        internals += wires
    return assembler.finish(
        made_for=bytes(32),
        outputs=commitments,
        public_inputs=list(facts.values()),
        private_inputs=secrets,
        internals=internals,
    )


def add_position(assembler: Assembler, position: dict[str, Cell], facts: dict[str, Cell]) -> tuple[Cell, list[Cell]]:
    """One position: its commitment, and every wire inside."""
    wires: list[Cell] = []
    for name in ("size", "entry", "collateral", "funding"):
        wires += assembler.split_digits(position[name], count=POSITION_BITS[name], rule=f"{name}_is_in_range")
    notional = assembler.multiply(position["size"], facts["mark"])
    cost = assembler.multiply(position["size"], position["entry"])
    side = assembler.combine([(2, position["side"])], -1)
    profit = assembler.multiply(side, assembler.subtract(notional, cost))
    need = assembler.multiply(notional, facts["rate_ppm"])
    equity = [(PPM, position["collateral"]), (PPM, profit), (-PPM, position["funding"]), (-1, need)]
    wires += [notional, cost, profit, need]
    wires += assembler.split_digits(assembler.combine(equity), count=MARGIN_BITS, rule="equity_covers_requirement")
    committed = assembler.trace_permutation([assembler.constant(0), *position.values()])
    wires += [power for sbox in committed.sboxes for power in sbox]
    return committed.state[0], wires


def choose_inputs(count: int) -> dict[str, int]:
    """Positions that are well collateralised."""
    inputs = {"mark": 60_000, "rate_ppm": 5000}
    for number in range(count):
        values = (number % 2, PPM + number, 59_000 + number, 10**12, number, pow(3, number + 100, GROUP_ORDER))
        inputs |= {f"{name}[{number}]": value for name, value in zip(POSITION_BITS, values, strict=True)}
    return inputs


def measure_hash(backend: BackendName, width: int, repeats: int) -> Measurement:
    """Many rows on one thread."""
    count = NATIVE_ROWS if backend is BackendName.NATIVE else REFERENCE_ROWS
    rows = encode_scalars([pow(7, number, GROUP_ORDER) for number in range(count * (width - 1))])
    poseidon = choose_poseidon(backend)
    poseidon.hash_many(width, rows, 1)  # draws the parameters
    seconds = take_seconds(lambda: poseidon.hash_many(width, rows, 1), repeats)
    return Measurement(f"Poseidon of {width - 1}", backend, count, round(seconds / count * PPM, 2))


def measure_program(backend: BackendName, positions: int, repeats: int) -> Measurement:
    """One execution, from encoded elements to all wires."""
    data = encode_program(assemble_positions(positions))
    start = time.thread_time()
    program = load_program(data, backend)
    load = time.thread_time() - start
    elements = encode_inputs(program.inputs, choose_inputs(positions))
    program.engine.execute(elements)  # draws the parameters
    seconds = take_seconds(lambda: program.engine.execute(elements), repeats)
    label = f"witness of {positions}, {program.wires:,} wires"
    return Measurement(label, backend, 1, round(seconds * PPM, 1), len(data), round(load * 1000, 2))


def measure_all(repeats: int) -> Iterator[Measurement]:
    """Everything, on each backend that is here."""
    backends = [BackendName.NATIVE] if is_native_built() else []
    for backend in (BackendName.REFERENCE, *backends):
        tries = repeats if backend is BackendName.NATIVE else 1
        for width in WIDTHS:
            yield measure_hash(backend, width, tries)
        for positions in BATCHES:
            yield measure_program(backend, positions, tries)


def draw_table(machine: dict[str, str | int | float], measurements: list[Measurement]) -> Table:
    """A line for each measurement, with its speed against the reference."""
    caption = ", ".join(f"{name} {value}" for name, value in machine.items())
    table = Table(title="Hashes and witnesses, one thread", caption=caption)
    for name in ("subject", "backend", "us", "in a second", "ratio", "file bytes", "load ms"):
        table.add_column(name, justify="left" if name in {"subject", "backend"} else "right", no_wrap=True)
    reference = {each.subject: each.microseconds for each in measurements if each.backend == BackendName.REFERENCE}
    for each in measurements:
        table.add_row(
            each.subject,
            each.backend,
            f"{each.microseconds:,.1f}",
            f"{PPM / each.microseconds:,.0f}",
            f"{reference[each.subject] / each.microseconds:,.0f}",
            f"{each.file_bytes:,}" if each.file_bytes else "",
            f"{each.load_milliseconds:.2f}" if each.file_bytes else "",
        )
    return table


def main() -> None:
    """Measure, print the table and, where asked, save it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.witnesses", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: a check that it works")
    parser.add_argument("--json", type=Path, help="save the figures to this file")
    arguments = parser.parse_args()
    machine = describe_machine()
    measurements = list(measure_all(QUICK_REPEATS if arguments.quick else REPEATS))
    Console(width=max(TABLE_WIDTH, Console().width)).print(draw_table(machine, measurements))
    if arguments.json:
        saved = {"machine": machine, "measurements": [asdict(each) for each in measurements]}
        arguments.json.write_text(json.dumps(saved, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
