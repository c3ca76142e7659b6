"""Ceremonies step by step, beside snarkjs: ``python -m benchmarks.ceremony [--quick]``.

Both tools take each step from the same files, one right after the other, so that what else the machine does hits both
alike; the ratio is what is compared. Without ``--circuits`` the second phase is that of mixed circuits; a folder
given there holds ``NAME.r1cs`` as circom writes them. snarkjs is a program, found where ``make interop`` installs it or
where ``--snarkjs`` says; its figures include starting it.
"""

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.mixed_circuit import write_mixed_circuit
from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from snark.groth16.ceremony.key_contribution import contribute_to_key
from snark.groth16.ceremony.key_setup import make_initial_key, set_up_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.ptau_contribution import begin_ptau, contribute_to_ptau, prepare_ptau
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.r1cs_file import read_r1cs

POWERS, QUICK_POWERS = (10, 12, 14), (8,)
INSTALLED = Path(__file__).parent.parent / "tests" / "interop" / "node_modules" / ".bin" / "snarkjs"


@dataclass(frozen=True)
class Step:
    """One step of a ceremony: how each tool takes it, and how many points it is about."""

    name: str
    points: int
    own: Callable[[], object]
    snarkjs: list[str]


@dataclass(frozen=True)
class Measurement:
    """What one step took, in seconds."""

    ceremony: str
    step: str
    points: int
    own: float
    snarkjs: float | None


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    given = parse_arguments()
    curve = choose_curve(BackendName.NATIVE, threads=given.threads)
    measurements: list[Measurement] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for power in given.powers or (QUICK_POWERS if given.quick else POWERS):
            steps = list_first_phase(power, folder, curve)
            measurements += measure(f"powers of tau, 2^{power}", steps, given.snarkjs)
            for circuit in list_circuits(given.circuits, power, folder):
                measurements += measure(circuit.stem, list_second_phase(circuit, power, folder, curve), given.snarkjs)
    report(measurements)
    if given.json:
        results = {"machine": describe_machine(), "threads": given.threads}
        results |= {"ceremony": [asdict(measurement) for measurement in measurements]}
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a small ceremony")
    parser.add_argument("--powers", type=int, nargs="*", help="sizes of the first phase, as powers of two")
    parser.add_argument("--circuits", type=Path, help="a folder with NAME.r1cs, for the powers that they fit into")
    parser.add_argument("--snarkjs", type=Path, default=INSTALLED if INSTALLED.exists() else None)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, help="where to write the results")
    return parser.parse_args()


def list_circuits(circuits: Path | None, power: int, folder: Path) -> Iterator[Path]:
    """Circuits that these powers are enough for."""
    most = power - (power > 14)  # noqa: PLR2004 -- snarkjs reads a point further than there are, beyond 2^14
    if circuits is None:
        circuit = folder / f"mixed-{most}.r1cs"
        write_mixed_circuit(2**most - 4, circuit, circuit.with_suffix(".wtns"))
        yield circuit
        return
    for path in sorted(circuits.glob("*.r1cs")):
        header = read_r1cs(path).header
        if (header.constraints + header.public).bit_length() == most:
            yield path


def list_first_phase(power: int, folder: Path, curve: CurveBackend) -> Iterator[Step]:
    """One contribution, its Lagrange form, and the check of both."""
    before, after, prepared = (folder / f"{stage}-{power}.ptau" for stage in ("new", "contributed", "prepared"))
    theirs = str(folder / "theirs.ptau")
    begin_ptau(power, before)
    yield Step(
        "contribute",
        5 << power,
        lambda: contribute_to_ptau(read_ptau(before), after, "Ada", curve),
        ["powersoftau", "contribute", str(before), theirs, "--name=Ada", "-e=not secret"],
    )
    yield Step(
        "prepare",
        10 << power,
        lambda: prepare_ptau(read_ptau(after), prepared, curve),
        ["powersoftau", "prepare", "phase2", str(after), theirs],
    )
    yield Step(
        "verify",
        15 << power,
        lambda: require_ptau(read_ptau(prepared), curve),
        ["powersoftau", "verify", str(prepared)],
    )


def list_second_phase(circuit: Path, power: int, folder: Path, curve: CurveBackend) -> Iterator[Step]:
    """The set-up, one contribution, and the check of both."""
    powers, first, second = (folder / f"prepared-{power}.ptau", folder / "0.zkey", folder / "1.zkey")
    theirs = str(folder / "theirs.zkey")
    yield Step(
        "set up",
        5 << power,
        lambda: set_up_key(read_r1cs(circuit), read_ptau(powers), first, curve),
        ["groth16", "setup", str(circuit), str(powers), theirs],
    )
    key = read_zkey(first)
    yield Step(
        "contribute",
        len(key.c) + len(key.h),
        lambda: contribute_to_key(read_zkey(first), second, "Grace", curve),
        ["zkey", "contribute", str(first), theirs, "--name=Grace", "-e=not secret"],
    )

    def verify() -> None:
        initial = make_initial_key(read_r1cs(circuit), read_ptau(powers), curve)
        require_key(read_zkey(second), initial, curve)

    yield Step("verify", 7 << power, verify, ["zkey", "verify", str(circuit), str(powers), str(second)])


def measure(ceremony: str, steps: Iterator[Step], snarkjs: Path | None) -> Iterator[Measurement]:
    """Each step by both tools in turn."""
    for step in steps:
        own = take_time(step.own)
        theirs = None if snarkjs is None else take_time(partial(run_snarkjs, snarkjs, step.snarkjs))
        yield Measurement(ceremony, step.name, step.points, own, theirs)


def take_time(work: Callable[[], object]) -> float:
    """Its seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def run_snarkjs(program: Path, arguments: list[str]) -> None:
    """One step by snarkjs, which has to succeed."""
    subprocess.run([program, *arguments], check=True, capture_output=True)  # noqa: S603 -- the caller names it


def report(measurements: list[Measurement]) -> None:
    """A table."""
    table = Table("ceremony", "step", "seconds", "snarkjs", "times faster")
    for it in measurements:
        theirs = ("-", "-") if it.snarkjs is None else (f"{it.snarkjs:.2f}", f"{it.snarkjs / it.own:.1f}")
        table.add_row(it.ceremony, it.step, f"{it.own:.2f}", *theirs)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
