"""Statements from a document to a proof: ``python -m benchmarks.statements [--quick]``.

For each shape: how long compiling takes and with how much memory, then, with everything loaded, what each step of a
proof takes.

    inputs      from the text of a document to the elements of the inputs, paths at hand: all that is Python
    witness     the witness program alone, which a proof contains
    proof       one native call, from the elements of the inputs to a proof that was checked

``--groth16py`` names a Python interpreter that has groth16py, which proves from the same key and the same witness in
turns with this package.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.memory import forget_peak, peak_bytes
from benchmarks.measurement.peers import GROTH16PY, GROTH16PY_PROVES, Turn, python_program, running, timed
from circuits.artifact import Artifact, write_artifact
from circuits.catalogue import find_statement, name_circuit
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from facts.demand import Demand, read_demand
from facts.elements import draw_element
from margin.documents.reading import parse_json, parse_toml
from prover.artifacts import Cache
from prover.development import DEMAND_TEXT, commit_for_development
from prover.proving import Prover
from prover.publication import Publication
from prover.request import Request, read_request
from prover.wallet import KeptPosition, Secrets
from prover.witness import Situation
from snark.r1cs.program.execution import encode_inputs
from snark.r1cs.wtns_file import write_wtns

RUNS, QUICK_RUNS = 20, 3
LOCKS = (0, 1, 4)
MILLI, MEGABYTE = 1000, 2**20
EXAMPLES = Path(__file__).parents[1] / "examples"
STRUCTURES = ("iron-condor.json", "delta-hedged-strangle.json")


@dataclass(frozen=True)
class Case:
    """A committed position among facts, as its owner's process has it ready."""

    text: bytes
    statement: Statement
    situation: Situation

    def assemble(self, prover: Prover) -> bytearray:
        """From the text of the document to the elements of the inputs."""
        request = read(self.text)
        request.require_committed(self.situation.kept)
        return encode_inputs(prover.program.inputs, request.subject.assemble(self.situation))

    @property
    def inputs(self) -> Inputs:
        """The inputs by name."""
        return read(self.text).subject.assemble(self.situation)


@dataclass
class Measurement:
    """What one statement needed; times in milliseconds."""

    statement: str
    constraints: int
    compile_seconds: float
    compile_megabytes: float
    prove_megabytes: float = 0
    milliseconds: Mapping[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    given = parse_arguments()
    texts = [write_perpetual(locks) for locks in ((0,) if given.quick else LOCKS)]
    texts += [] if given.quick else [(EXAMPLES / name).read_bytes() for name in STRUCTURES]
    with TemporaryDirectory() as folder:
        measurements = [measure(make_case(text), Path(folder), given) for text in texts]
    report(measurements)
    if given.json:
        results = {"machine": describe_machine(), "statements": [vars(each) for each in measurements]}
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer runs, and the smallest statement alone")
    GROTH16PY.add_to(parser)
    parser.add_argument("--json", type=Path, help="where to write the results")
    return parser.parse_args()


def write_perpetual(locks: int) -> bytes:
    """A short that is backed by so many locks."""
    return json.dumps(
        {
            "policy": "hyperliquid",
            "market": "ETH",
            "position": {
                "side": "short",
                "size": "10",
                "entry_price": "3000",
                "cash": "5000",
                "basket": [{"asset": f"COIN{place}", "amount": "0.05"} for place in range(locks)],
            },
            "prices": {
                "mark": "3050",
                "assets": {
                    f"COIN{place}": {"price": "60000", "decimals": 8, "haircut": "10%"} for place in range(locks)
                },
            },
        }
    ).encode()


def make_case(text: bytes) -> Case:
    """The position of a document, committed."""
    key, demand = Secrets(), read_demand(parse_toml(DEMAND_TEXT.encode()))
    kept, published = commit(read(text), key, demand)
    assert_built(published)
    situation = Situation(key.key, kept, published, demand)
    return Case(text, find_statement(read(text).subject.statement, f"locks={len(kept.locks)}"), situation)


def read(text: bytes) -> Request:
    """A document as it comes."""
    return read_request(parse_json(text), EXAMPLES)


def commit(request: Request, key: Secrets, demand: Demand) -> tuple[KeptPosition, Publication]:
    """Commit among others' positions."""
    return commit_for_development(request, key, Publication([draw_element() for _ in range(1000)]), demand)


def assert_built(published: Publication) -> None:
    """Hash the trees before anything is timed: paths are at hand."""
    _ = published.roots


def measure(case: Case, folder: Path, given: argparse.Namespace) -> Measurement:
    """Compile, make a key, then take turns; the first turn is not counted."""
    forget_peak()
    begin = time.perf_counter()
    artifact = write_artifact(case.statement, folder / "circuits" / name_circuit(case.statement))
    seconds, compiled = time.perf_counter() - begin, peak_bytes() / MEGABYTE
    counts = artifact.interface.counts
    found = Measurement(artifact.interface.name, counts.constraints, seconds, compiled)
    zkey = Cache(folder).development_key(artifact)
    forget_peak()
    prover = Prover.open(artifact, zkey, allow_development_keys=True)
    turns: dict[str, list[float]] = {}
    with ExitStack() as stack:
        steps = dict(own_steps(case, prover))
        if given.groth16py:
            witness = write_witness(case, artifact, folder / "witness.wtns")
            steps["groth16py"] = stack.enter_context(
                running(python_program(GROTH16PY_PROVES, given.groth16py, zkey, witness))
            )
        for _ in range((QUICK_RUNS if given.quick else RUNS) + 1):
            for name, turn in steps.items():
                turns.setdefault(name, []).append(turn())
    found.prove_megabytes = peak_bytes() / MEGABYTE
    found.milliseconds = {name: median(times[1:]) for name, times in turns.items()}
    return found


def own_steps(case: Case, prover: Prover) -> Iterator[tuple[str, Turn]]:
    """Every step of a proof by itself."""
    inputs, elements = case.inputs, case.assemble(prover)
    yield "inputs", timed(lambda: case.assemble(prover))
    yield "witness", timed(lambda: prover.program.engine.execute(elements))
    yield "proof", timed(lambda: prover.prove(inputs))


def write_witness(case: Case, artifact: Artifact, path: Path) -> Path:
    """The witness in a file, as others take it."""
    wires = artifact.load_program().execute(case.inputs)
    write_wtns(path, [int.from_bytes(wires[at : at + 32], "little") for at in range(0, len(wires), 32)])
    return path


def report(measurements: list[Measurement]) -> None:
    """A table; the total is what a trader waits for."""
    names = ["inputs", "witness", "proof", *sorted({"groth16py"} & measurements[0].milliseconds.keys())]
    columns = ["statement", "constraints", "compile s", "compile MB", *(f"{name} ms" for name in names)]
    table = Table(*columns, "total ms", "prove MB")
    for each in measurements:
        times = [f"{each.milliseconds[name]:.2f}" for name in names]
        total = f"{each.milliseconds['inputs'] + each.milliseconds['proof']:.2f}"
        compiled = [f"{each.compile_seconds:.2f}", f"{each.compile_megabytes:.0f}"]
        row = [each.statement, f"{each.constraints:,}", *compiled, *times, total, f"{each.prove_megabytes:.0f}"]
        table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
