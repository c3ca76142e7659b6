"""How long a proof takes to verify, alone and in a batch: ``python -m benchmarks.verifying [--quick]``.

It is measured beside its peers: all verify the same proofs under the same key, in turns, so that what else the machine
does falls on each alike; the figure is the median over the turns. Neither reading nor preparing the key is counted.
Peers are measured where they are found: see ``benchmarks.measurement.peers``.
"""

import argparse
import json
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.peers import (
    GROTH16PY,
    INTEROP,
    MILLI,
    SNARKJS,
    Turn,
    list_absent,
    python_program,
    running,
    snarkjs_program,
)
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
CALLS = 10
"""One verification is too short to be measured alone."""
BATCH_LABEL = "ringfence native, batch"
TABLE_WIDTH = 100

PEERS = (GROTH16PY, SNARKJS)

SNARKJS_VERIFIES = """
const [key, inputs, proof] = given.map(path => JSON.parse(readFileSync(path)));
const work = async () => { if (!await groth16.verify(key, inputs, proof)) process.exit(1); };
"""

GROTH16PY_VERIFIES = """
import groth16py, json
key, inputs, proof = (open(path, encoding="utf-8").read() for path in sys.argv[1:4])
verifier = groth16py.Verifier(groth16py.VerifyingKey.from_snarkjs(key))
proof, inputs = bytes.fromhex(proof), [int(value) for value in json.loads(inputs)]
def work():
    assert verifier.verify(proof, inputs) is True
"""


@dataclass(frozen=True)
class Contestant:
    """Somebody who verifies: ``turn`` says how many milliseconds ``proofs`` proofs took, so many ``turns``."""

    label: str
    turn: Turn
    proofs: int = 1
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
    """Everyone of this package."""
    first, claims = statements.claims[0], statements.claims[:batch]
    others = cycle(statements.claims)  # the reference keeps the loops of points that it has seen

    def reference() -> None:
        verify(next(others), BackendName.REFERENCE)

    def together() -> None:
        verify_batch(claims, backend=BackendName.NATIVE)

    contestants = []
    if is_native_built():
        contestants += [
            Contestant("ringfence native", timed(lambda: verify(first, BackendName.NATIVE), CALLS)),
            Contestant(BATCH_LABEL, timed(together), proofs=batch),
            Contestant("ringfence native, equation alone", timed(equation_alone(claims)), proofs=batch),
        ]
    contestants.append(Contestant("py_ecc (ringfence reference)", timed(reference), turns=QUICK_TURNS))
    return contestants


def timed(work: Callable[[], object], calls: int = 1) -> Turn:
    """The milliseconds of one call, as the mean of so many."""

    def turn() -> float:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - start) / calls * MILLI

    return turn


def list_peers(statements: Statements, given: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """The command of each peer that is there."""
    first = statements.claims[0]
    key, inputs, proof, calldata = (folder / name for name in ("key.json", "public.json", "proof.json", "proof.hex"))
    key.write_text(format_verifying_key(statements.simulator.key), encoding="utf-8")
    inputs.write_text(format_public(first.unverified_inputs), encoding="utf-8")
    proof.write_text(format_proof(first.unverified_proof), encoding="utf-8")
    calldata.write_text(first.unverified_proof.encode().hex(), encoding="utf-8")
    commands = {}
    if given.groth16py:
        commands["groth16py (arkworks)"] = python_program(GROTH16PY_VERIFIES, given.groth16py, key, inputs, calldata)
    if given.snarkjs:
        commands["snarkjs"] = snarkjs_program(SNARKJS_VERIFIES, given.snarkjs, key, inputs, proof)
    return commands


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


def measure(statements: Statements, given: argparse.Namespace, inputs: int, batch: int) -> list[Measurement]:
    """Everyone in turns; the first turn is not counted."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        contestants = list_contestants(statements, batch)
        for name, command in list_peers(statements, given, Path(folder)).items():
            contestants.append(Contestant(name, stack.enter_context(running(command, CALLS))))
        figures: dict[str, list[float]] = {each.label: [] for each in contestants}
        for turn in range((QUICK_TURNS if given.quick else TURNS) + 1):
            for each in (each for each in contestants if turn <= each.turns):
                figures[each.label].append(each.turn() / each.proofs)
    return [summarise(each.label, inputs, each.proofs, figures[each.label][1:]) for each in contestants]


def summarise(label: str, inputs: int, proofs: int, milliseconds: Sequence[float]) -> Measurement:
    """The median and the extremes."""
    figures = (statistics.median(milliseconds), min(milliseconds), max(milliseconds))
    median, least, most = (round(figure, 4) for figure in figures)
    return Measurement(label, inputs, proofs, median, least, most)


def draw_table(measurements: Sequence[Measurement], caption: str) -> Table:
    """A line for each measurement, with its time against a single native verification."""
    table = Table(title="Verifying Groth16 proofs, one core", caption=caption)
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
    GROTH16PY.add_to(parser)
    SNARKJS.add_to(parser, INTEROP)
    parser.add_argument("--json", type=Path, help="save the figures to this file")
    arguments = parser.parse_args()
    batch, machine, measurements = QUICK_BATCH if arguments.quick else BATCH, describe_machine(), []
    for inputs in INPUTS:
        measurements += measure(Statements.of(inputs, batch), arguments, inputs, batch)
    caption = "; ".join(filter(None, [*(f"{k} {v}" for k, v in machine.items()), list_absent(arguments, PEERS)]))
    Console(width=max(TABLE_WIDTH, Console().width)).print(draw_table(measurements, caption))
    if arguments.json:
        saved = {"machine": machine, "measurements": [asdict(each) for each in measurements]}
        arguments.json.write_text(json.dumps(saved, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
