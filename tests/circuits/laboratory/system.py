"""A compiled circuit under examination: which wire stands in which constraint, and what a change of values breaks.

A constraint reads few wires of thousands, so that a changed wire touches few constraints: what it breaks is found
without evaluating all others again.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from circuits.builder import Builder
from circuits.combination import Combination
from circuits.compile import CompiledCircuit, compile_statement, named_wires
from circuits.elimination import Elimination, wires_of
from circuits.recording import Constraint, Recording, RecordingEngine, Task
from circuits.signal import Expression
from circuits.statement import Statement
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import Executable, Given, load_program

Inputs = Mapping[str, Given]
Values = dict[int, int]
"""The value of each wire, by its number in the recording."""
PLACE: Final = re.compile(r"\[\d+\]$")
INVERSE: Final = "inverse"
"""The label of inverses: where the number is 0, its inverse is multiplied with 0 and may be anything."""


class RangeRecorder(RecordingEngine):
    """Records a text, and the interval of every bounded value too."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges: dict[object, tuple[int, int]] = {}

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        """Keep the narrowest interval."""
        key = value.key  # type: ignore[attr-defined]  # an expression of a recording is a combination
        known_low, known_high = self.ranges.get(key, (low, high))
        self.ranges[key] = (max(low, known_low), min(high, known_high))


class System:
    """A statement with all that is made of it."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.circuit: CompiledCircuit = compile_statement(statement)
        self.constraints: Sequence[Constraint] = self.circuit.constraints
        self.wires: Sequence[int] = self.circuit.wires
        self.public: Sequence[int] = self.wires[1 : 1 + self.circuit.header.public_inputs]
        self.uses: dict[int, list[int]] = defaultdict(list)
        for place, constraint in enumerate(self.constraints):
            for wire in wires_of(constraint):
                self.uses[wire].append(place)

    @property
    def recording(self) -> Recording:
        """The text as it was recorded."""
        return self.circuit.recording

    @cached_property
    def ranges(self) -> dict[object, tuple[int, int]]:
        """The interval of each bounded value of the text."""
        engine = RangeRecorder()
        self.statement.define(Builder(engine))
        return engine.ranges

    @cached_property
    def recorded_places(self) -> tuple[int, ...]:
        """Where each constraint that is left stood in the recording."""
        elimination = Elimination(self.recording.constraints, frozenset(self.public))
        elimination.run()
        return tuple(elimination.constraints)

    @cached_property
    def circuit_hash(self) -> bytes:
        """The identity of the circuit."""
        return self.circuit.hash_circuit()

    @cached_property
    def program(self) -> Executable:
        """The witness program, on whichever backend there is."""
        return load_program(encode_program(self.circuit.assemble(self.circuit_hash)))

    @cached_property
    def input_names(self) -> dict[int, str]:
        """The wires of inputs by their names."""
        return {wire: name for declared in self.circuit.declarations for name, wire in named_wires(declared)}

    @cached_property
    def inverses(self) -> dict[int, Combination]:
        """The wires that hold an inverse, and of what."""
        steps = self.recording.steps
        return {step.wires[0]: step.operands[0] for step in steps if step.task is Task.INVERSE_OR_ZERO}

    @property
    def terms(self) -> int:
        """The non-zero terms of all sides of all constraints."""
        return sum(len(side.terms) for each in self.constraints for side in (each.left, each.right, each.product))

    def label_wire(self, wire: int) -> str:
        """An input by its name, without its place in a list; any other wire by the line of the text that made it."""
        if wire in self.inverses:
            return INVERSE
        name = self.input_names.get(wire)
        return self.recording.lines[wire] if name is None else PLACE.sub("", name)

    def label_constraint(self, place: int) -> str:
        """The rule that a constraint states, or the line of the text that asked for it."""
        constraint = self.constraints[place]
        return constraint.rule or constraint.line

    def find_witness(self, inputs: Inputs) -> Values:
        """What the witness program makes of the inputs."""
        data = self.program.execute(inputs)
        parts = (data[start : start + FIELD_BYTES] for start in range(0, len(data), FIELD_BYTES))
        return {wire: int.from_bytes(part, "little") for wire, part in zip(self.wires, parts, strict=True)}


def evaluate(side: Combination, values: Mapping[int, int]) -> int:
    """The value of one side of a constraint."""
    return sum(factor * values[wire] for wire, factor in side.terms.items()) % GROUP_ORDER


class Assignment:
    """Values for all wires, honest or not, with every side of every constraint."""

    def __init__(self, system: System, values: Values) -> None:
        self.system = system
        self.values = values
        self.sides = [
            (evaluate(each.left, values), evaluate(each.right, values), evaluate(each.product, values))
            for each in system.constraints
        ]

    def broken(self) -> list[int]:
        """The constraints that do not hold."""
        return [
            place for place, (left, right, product) in enumerate(self.sides) if (left * right - product) % GROUP_ORDER
        ]

    def changes_to(self, values: Values) -> dict[int, int]:
        """By how much other values differ, where they do."""
        return {wire: values[wire] - value for wire, value in self.values.items() if values[wire] != value}

    def sides_after(self, place: int, changes: Mapping[int, int]) -> tuple[int, int, int]:
        """The sides of one constraint when each wire named is larger by so much."""
        constraint = self.system.constraints[place]
        left, right, product = self.sides[place]
        for wire, change in changes.items():
            left += constraint.left.terms.get(wire, 0) * change
            right += constraint.right.terms.get(wire, 0) * change
            product += constraint.product.terms.get(wire, 0) * change
        return left, right, product

    def broken_after(self, changes: Mapping[int, int], most: int = 2) -> list[int]:
        """Which constraints break, of an assignment that satisfies all; no more than ``most`` are looked for."""
        found = []
        for place in self.places_of(changes):
            left, right, product = self.sides_after(place, changes)
            if (left * right - product) % GROUP_ORDER:
                found.append(place)
                if len(found) == most:
                    break
        return found

    def places_of(self, wires: Iterable[int]) -> Iterable[int]:
        """The constraints that read any of the wires."""
        first, *others = wires
        uses = self.system.uses
        return uses[first] if not others else dict.fromkeys(place for wire in (first, *others) for place in uses[wire])
