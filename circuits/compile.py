"""From a text to its artifact: constraints, names, witness program, and what a caller has to know.

The same text gives the same bytes, on every machine: the hash of the constraint system's file is the circuit's
identity, which its witness program names.
"""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from circuits.assembly import Assembly
from circuits.builder import Builder
from circuits.combination import ONE
from circuits.elimination import Elimination, wires_of
from circuits.errors import CircuitError
from circuits.recording import Constraint, Declaration, Recording, RecordingEngine, Task
from circuits.statement import Statement
from snark.r1cs.program.definition import WitnessProgram
from snark.r1cs.r1cs_file import Constraint as FileConstraint
from snark.r1cs.r1cs_file import R1csHeader, write_r1cs
from snark.r1cs.sym_file import Symbol


@dataclass(frozen=True, slots=True)
class CompiledCircuit:
    """A statement of one shape, ready to be written."""

    statement: Statement
    declarations: tuple[Declaration, ...]
    constraints: tuple[Constraint, ...] = field(repr=False)
    wires: tuple[int, ...] = field(repr=False)
    """The recorded wires that are left, in the order of the files: one, public, private, all others."""
    header: R1csHeader
    recording: Recording = field(repr=False)

    def write_r1cs(self, path: Path) -> None:
        """The constraint system, as circom would write it."""
        write_r1cs(path, self.header, self.numbered_constraints(), range(self.header.wires))

    def numbered_constraints(self) -> Iterator[FileConstraint]:
        """The constraints with wires by their place in the files."""
        place_of = {wire: place for place, wire in enumerate(self.wires)}
        for constraint in self.constraints:
            sides = (constraint.left, constraint.right, constraint.product)
            left, right, product = (
                tuple(sorted((place_of[wire], factor) for wire, factor in side.terms.items())) for side in sides
            )
            yield FileConstraint(left, right, product)

    def symbols(self) -> Iterator[Symbol]:
        """Names: inputs by theirs, all else by the line of the text that made it."""
        place_of = {wire: place for place, wire in enumerate(self.wires)}
        names = {wire: name for declared in self.declarations for name, wire in named_wires(declared)}
        for wire in range(1, len(self.recording.lines)):
            place = place_of.get(wire)
            name = names.get(wire, f"{self.recording.lines[wire]}#{wire}")
            yield Symbol(wire, place, 0, f"main.{name}")

    def hash_circuit(self) -> bytes:
        """SHA-256 of the constraint system's file: the identity of the circuit."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "circuit.r1cs"
            self.write_r1cs(path)
            return sha256(path.read_bytes()).digest()

    def assemble(self, circuit_hash: bytes) -> WitnessProgram:
        """The program that finds the value of every wire."""
        return Assembly(self.recording).run(circuit_hash, self.wires[1:], self.header.public_inputs)


def compile_statement(statement: Statement) -> CompiledCircuit:
    """Record the text, refuse what is loose in it, and solve what is linear."""
    recording = record_statement(statement)
    require_nothing_loose(recording)
    public = tuple(wire for declared in recording.declarations if declared.public for wire in declared.wires)
    elimination = Elimination(recording.constraints, frozenset(public))
    constraints = elimination.run()
    left = {wire for constraint in constraints for wire in wires_of(constraint)}
    require_public_inputs_held(recording, left)
    private = [
        wire for declared in recording.declarations if not declared.public for wire in declared.wires if wire in left
    ]
    inputs = (ONE, *public, *private)
    wires = (*inputs, *sorted(left - set(inputs)))
    header = R1csHeader(
        wires=len(wires),
        outputs=0,
        public_inputs=len(public),
        private_inputs=len(private),
        labels=len(recording.lines),
        constraints=len(constraints),
    )
    return CompiledCircuit(statement, tuple(recording.declarations), constraints, wires, header, recording)


def record_statement(statement: Statement) -> Recording:
    """The text as constraints."""
    engine = RecordingEngine()
    statement.define(Builder(engine))
    return engine.recording


def require_nothing_loose(recording: Recording) -> None:
    """Every input stands in a constraint, and every value that was made is used by another one.

    An inverse is made by the constraint that uses it: that it exists is all that some rules ask.
    """
    uses = Counter(wire for constraint in recording.constraints for wire in wires_of(constraint))
    for declared in recording.declarations:
        for name, wire in named_wires(declared):
            if not uses[wire]:
                raise CircuitError(
                    f"input {name} without a constraint ({declared.line})", "every input in a constraint"
                )
    inputs = {wire for declared in recording.declarations for wire in declared.wires}
    inverses = {wire for step in recording.steps if step.task is Task.INVERSE_OR_ZERO for wire in step.wires}
    for wire in sorted(set(range(1, len(recording.lines))) - inputs):
        if uses[wire] < (1 if wire in inverses else 2):
            raise CircuitError(f"a signal that nothing uses ({recording.lines[wire]})", "no unused signal")


def require_public_inputs_held(recording: Recording, left: AbstractSet[int]) -> None:
    """A public input that was only set equal to something else is in no constraint in the end, and binds nothing."""
    for declared in recording.declarations:
        for name, wire in named_wires(declared) if declared.public else ():
            if wire not in left:
                found = f"public input {name} that no constraint holds ({declared.line})"
                raise CircuitError(found, "public inputs that constraints read")


def named_wires(declared: Declaration) -> Iterator[tuple[str, int]]:
    """Each wire of an input with its name."""
    for place, wire in enumerate(declared.wires):
        yield (declared.name if declared.size == 1 else f"{declared.name}[{place}]"), wire
