"""How long a proof takes to verify, alone and in a batch: ``python -m benchmarks.verifying [--quick]``.

It is measured beside its peers: all verify the same proofs under the same key, in turns, so that what else the machine
does falls on each alike; the figure is the median over the turns. Neither reading nor preparing the key is counted.
``groth16py`` (arkworks) is measured where it is installed, snarkjs where ``--snarkjs`` names its folder in a
``node_modules``.
"""

import argparse
import json
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from snark.bn254.backend import BackendName, is_native_built
from snark.groth16.batch import Claim, verify_batch
from snark.groth16.equation import COEFFICIENT_BYTES, PreparedClaim, choose_equation
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.formats.verification_key import format_verifying_key
from snark.groth16.verify import verify_proof
from tests.snark.groth16.simulator import Simulator

INPUTS = (3, 26)
"""As many public inputs as the smaller and the larger of the circuits that provers are compared on."""
BATCH, QUICK_BATCH = 1_024, 64
TURNS, QUICK_TURNS = 21, 3
BATCH_LABEL = "ringfence native, batch"
TABLE_WIDTH = 100

SNARKJS = """
import { readFileSync } from 'node:fs';
const [snarkjs, folder, turns] = process.argv.slice(2);
const { groth16 } = await import(snarkjs + '/main.js');
const [key, inputs, proof] = ['key', 'public', 'proof'].map(n => JSON.parse(readFileSync(`${folder}/${n}.json`)));
const times = [];
for (let turn = 0; turn < Number(turns) + 2; turn++) {
    const start = process.hrtime.bigint();
    if (!await groth16.verify(key, inputs, proof)) process.exit(1);
    times.push(Number(process.hrtime.bigint() - start) / 1e9);
}
console.log(JSON.stringify(times.slice(2)));
process.exit(0);
"""


@dataclass(frozen=True)
class Contestant:
    """Somebody who verifies: ``run`` verifies ``proofs`` proofs, ``calls`` times in each of the first ``turns``."""

    label: str
    run: Callable[[], object]
    proofs: int = 1
    calls: int = 1
    turns: int = TURNS


@dataclass(frozen=True)
class Measurement:
    """What one proof took, in milliseconds: the median over the turns, and the extremes."""

    contestant: str
    inputs: int
    proofs: int
    median_ms: float
    least_ms: float
    most_ms: float


@dataclass(frozen=True)
class Statements:
    """The same key and proofs for everyone."""

    simulator: Simulator
    claims: Sequence[Claim]

    @classmethod
    def of(cls, inputs: int, count: int) -> "Statements":
        """So many different statements with random inputs."""
        simulator = Simulator.of(inputs)
        statements = [tuple(secrets.randbits(253) for _ in range(inputs)) for _ in range(count)]
        return cls(simulator, [Claim(simulator.key, values, simulator.prove(values)) for values in statements])


def list_contestants(statements: Statements, batch: int) -> list[Contestant]:
    """Everyone who is here."""
    first, key = statements.claims[0], statements.simulator.key
    contestants = []

    def reference() -> None:
        verify(first, BackendName.REFERENCE)

    if is_native_built():
        contestants += [
            Contestant("ringfence native", lambda: verify(first, BackendName.NATIVE), calls=10),
            Contestant(
                BATCH_LABEL, lambda: verify_batch(statements.claims[:batch], backend=BackendName.NATIVE), proofs=batch
            ),
            Contestant("ringfence native, equation alone", equation_alone(statements.claims[:batch]), proofs=batch),
        ]
    if find_spec("groth16py") is not None:
        groth16py = import_module("groth16py")
        peer = groth16py.Verifier(groth16py.VerifyingKey.from_snarkjs(format_verifying_key(key)))
        calldata, values = first.unverified_proof.encode(), list(first.unverified_inputs)
        contestants.append(Contestant("groth16py (arkworks)", lambda: require(peer.verify(calldata, values)), calls=10))
    contestants.append(Contestant("py_ecc (ringfence reference)", reference, turns=QUICK_TURNS))
    return contestants


def verify(claim: Claim, backend: BackendName) -> None:
    """One proof through the public interface."""
    verify_proof(claim.key, claim.unverified_inputs, claim.unverified_proof, backend=backend)


def equation_alone(claims: Sequence[Claim]) -> Callable[[], None]:
    """A batch without the checks that Python makes of it."""
    equation = choose_equation(BackendName.NATIVE)
    key = claims[0].key.prepare(BackendName.NATIVE)
    prepared = [PreparedClaim(key, tuple(claim.unverified_inputs), claim.unverified_proof) for claim in claims]

    def run() -> None:
        randomness = secrets.token_bytes(COEFFICIENT_BYTES * len(prepared))
        require(equation.check_together(prepared, randomness, 1).holds)

    return run


def require(valid: object) -> None:
    """A contestant that refuses a good proof has not verified it."""
    if valid is not True:
        raise SystemExit("a good proof was refused")


def measure(contestants: Sequence[Contestant], inputs: int, turns: int) -> list[Measurement]:
    """Everyone in turns."""
    seconds: dict[str, list[float]] = {each.label: [] for each in contestants}
    for each in contestants:
        each.run()
    for turn in range(turns):
        for each in (each for each in contestants if turn < each.turns):
            start = time.perf_counter()
            for _ in range(each.calls):
                each.run()
            seconds[each.label].append((time.perf_counter() - start) / each.calls / each.proofs)
    return [summarise(each.label, inputs, each.proofs, seconds[each.label]) for each in contestants]


def summarise(label: str, inputs: int, proofs: int, seconds: Sequence[float]) -> Measurement:
    """The median and the extremes, in milliseconds."""
    figures = (statistics.median(seconds), min(seconds), max(seconds))
    median, least, most = (round(1_000 * figure, 4) for figure in figures)
    return Measurement(label, inputs, proofs, median, least, most)


def measure_snarkjs(statements: Statements, inputs: int, folder: Path, turns: int) -> Measurement:
    """snarkjs in a process of its own, warm."""
    first = statements.claims[0]
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        (here / "verify.mjs").write_text(SNARKJS, encoding="utf-8")
        (here / "key.json").write_text(format_verifying_key(statements.simulator.key), encoding="utf-8")
        (here / "public.json").write_text(format_public(first.unverified_inputs), encoding="utf-8")
        (here / "proof.json").write_text(format_proof(first.unverified_proof), encoding="utf-8")
        command = ["node", str(here / "verify.mjs"), str(folder.resolve()), scratch, str(turns)]
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 -- what the caller named
    return summarise("snarkjs", inputs, 1, json.loads(told.stdout))


def draw_table(machine: dict[str, str | int | float], measurements: Sequence[Measurement]) -> Table:
    """A line for each measurement, with its time against a single native verification."""
    table = Table(title="Verifying Groth16 proofs, one core", caption=", ".join(f"{k} {v}" for k, v in machine.items()))
    for name in ("contestant", "inputs", "proofs", "ms per proof", "least", "most", "ratio"):
        table.add_column(name, justify="left" if name == "contestant" else "right", no_wrap=True)
    for each in measurements:
        first = next(other for other in measurements if other.inputs == each.inputs)
        ratio = each.median_ms / first.median_ms
        figures = (each.median_ms, each.least_ms, each.most_ms)
        row = (each.contestant, str(each.inputs), f"{each.proofs:,}", *(f"{figure:.3f}" for figure in figures))
        table.add_row(*row, f"{ratio:,.2f}")
    return table


def main() -> None:
    """Measure, print the table and, where asked, save it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifying", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TURNS} turns, batches of {QUICK_BATCH}")
    parser.add_argument("--snarkjs", type=Path, help="the folder of snarkjs in a node_modules")
    parser.add_argument("--json", type=Path, help="save the figures to this file")
    arguments = parser.parse_args()
    batch, turns = (QUICK_BATCH, QUICK_TURNS) if arguments.quick else (BATCH, TURNS)
    machine, measurements = describe_machine(), []
    for inputs in INPUTS:
        statements = Statements.of(inputs, batch)
        measurements += measure(list_contestants(statements, batch), inputs, turns)
        if arguments.snarkjs:
            measurements.append(measure_snarkjs(statements, inputs, arguments.snarkjs, turns))
    Console(width=max(TABLE_WIDTH, Console().width)).print(draw_table(machine, measurements))
    if arguments.json:
        saved = {"machine": machine, "measurements": [asdict(each) for each in measurements]}
        arguments.json.write_text(json.dumps(saved, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
