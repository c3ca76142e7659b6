"""Executing a witness program with named inputs, on whichever backend there is.

    executable = load_program(data)
    wires = executable.execute({"x": 7, "path": [1, 2, 3]})

What comes back is a ``bytearray`` with 32 canonical little-endian bytes for each wire, as ``.wtns`` holds them: it can
be wiped when the proof is made. Python's own integers can not; whoever needs that gives encoded elements.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from snark.bn254.backend import BackendName, choose_name
from snark.bn254.constants import FIELD_BYTES
from snark.errors import MalformedError, Reason
from snark.r1cs.program.definition import Input
from snark.r1cs.program.encoding import decode_program
from snark.r1cs.program.interpreter import execute

Given = int | Sequence[int]


class Engine(Protocol):
    """A loaded program of one backend."""

    inputs: tuple[Input, ...]
    made_for: bytes
    wires: int
    outputs: int
    public_inputs: int

    def execute(self, elements: bytes | bytearray) -> bytearray:
        """All wires from the elements of all inputs: 32 canonical little-endian bytes each, in order."""


class ReferenceEngine:
    """The interpreter."""

    def __init__(self, data: bytes) -> None:
        self.program = decode_program(data)
        self.inputs = self.program.inputs
        self.made_for = self.program.made_for
        self.wires = len(self.program.wires)
        self.outputs = self.program.outputs
        self.public_inputs = self.program.public_inputs

    def execute(self, elements: bytes | bytearray) -> bytearray:
        """All wires from the elements of all inputs."""
        return execute(self.program, bytes(elements))


class NativeEngine:
    """The native executor: without the interpreter lock, its buffers wiped."""

    def __init__(self, data: bytes) -> None:
        from snark._native import WitnessProgram  # noqa: PLC0415 -- absent where it could not be built

        self.program = WitnessProgram(data)
        self.inputs = tuple(Input(*declared) for declared in self.program.inputs)
        self.made_for = self.program.made_for
        self.wires = self.program.wires
        self.outputs = self.program.outputs
        self.public_inputs = self.program.public_inputs

    def execute(self, elements: bytes | bytearray) -> bytearray:
        """All wires from the elements of all inputs."""
        wires = bytearray(self.wires * FIELD_BYTES)
        self.program.execute_into(elements, wires)
        return wires


class Executable:
    """A loaded program and its inputs by name."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.inputs = engine.inputs
        self.made_for = engine.made_for
        self.wires = engine.wires
        self.public_wires = engine.outputs + engine.public_inputs

    def execute(self, inputs: Mapping[str, Given]) -> bytearray:
        """The value of every wire; a broken rule is a ``RejectedError`` that names the rule and no value."""
        elements = encode_inputs(self.inputs, inputs)
        try:
            return self.engine.execute(elements)
        finally:
            elements[:] = bytes(len(elements))

    def public_signals(self, wires: bytes | bytearray) -> list[int]:
        """Outputs and public inputs, as a verifier takes them."""
        parts = (wires[place * FIELD_BYTES :][:FIELD_BYTES] for place in range(1, 1 + self.public_wires))
        return [int.from_bytes(part, "little") for part in parts]


def load_program(data: bytes, backend: BackendName | str = BackendName.AUTO) -> Executable:
    """A program that is checked completely, ready to be executed as often as needed, from any thread.

    Where the backend is left open, the environment decides, and else the fastest that is there.
    """
    chosen = choose_name(backend)
    return Executable(ReferenceEngine(data) if chosen is BackendName.REFERENCE else NativeEngine(data))


def encode_inputs(declared: Sequence[Input], given: Mapping[str, Given]) -> bytearray:
    """The elements of all inputs in the order of their declaration, each within its bound."""
    if unknown := given.keys() - {each.name for each in declared}:
        expected = "the inputs that the program declares"
        raise MalformedError(Reason.W21_INPUT_UNKNOWN, f"inputs.{min(unknown)}", found="an input", expected=expected)
    elements = bytearray(FIELD_BYTES * sum(each.size for each in declared))
    at = 0
    for each in declared:
        for place, value in enumerate(elements_of(each, given)):
            if not 0 <= value < each.bound:
                raise each.refuse_element(place)
            elements[at : at + FIELD_BYTES] = value.to_bytes(FIELD_BYTES, "little")
            at += FIELD_BYTES
    return elements


def elements_of(declared: Input, given: Mapping[str, Given]) -> Sequence[int]:
    """As many numbers as are declared; one number may stand by itself."""
    field = f"inputs.{declared.name}"
    if declared.name not in given:
        expected = f"{declared.size} elements"
        raise MalformedError(Reason.W20_INPUT_MISSING, field, found="nothing", expected=expected)
    value = given[declared.name]
    elements = [value] if isinstance(value, int) else value
    if len(elements) != declared.size:
        found = f"{len(elements)} elements"
        raise MalformedError(Reason.W22_INPUT_SIZE, field, found=found, expected=f"{declared.size} elements")
    return elements
