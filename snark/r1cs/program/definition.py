"""A witness program as what it says, apart from how it is written or executed."""

from dataclasses import dataclass
from typing import Final

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MalformedError, Reason
from snark.r1cs.program.operations import Instruction

ANY_ELEMENT_BITS: Final = 254
"""The bound of an input that may be any element: it has to be below r."""


@dataclass(frozen=True, slots=True)
class Input:
    """A named input: ``size`` elements, each below ``2^bits``."""

    name: str
    size: int
    bits: int

    @property
    def bound(self) -> int:
        """What each element has to be below."""
        return GROUP_ORDER if self.bits == ANY_ELEMENT_BITS else 1 << self.bits

    def refuse_element(self, place: int) -> MalformedError:
        """An element that is too large; what it is stays with its owner."""
        field = f"inputs.{self.name}" if self.size == 1 else f"inputs.{self.name}[{place}]"
        bound = "r" if self.bits == ANY_ELEMENT_BITS else f"2^{self.bits}"
        expected = f"a number from 0 to below {bound}"
        return MalformedError(Reason.W23_INPUT_OUT_OF_BOUNDS, field, found="a number outside", expected=expected)


@dataclass(frozen=True, slots=True)
class WitnessProgram:
    """Cell 0 holds one, the inputs follow in order, and then every instruction writes the next free cells."""

    made_for: bytes
    """The SHA-256 of what the wires belong to: a constraint system's file, say."""
    inputs: tuple[Input, ...]
    constants: tuple[int, ...]
    tables: tuple[tuple[int, ...], ...]
    """Each entry is the number of a constant."""
    rules: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    wires: tuple[int, ...]
    """The cell of each wire: one, outputs, public inputs, private inputs, internals, as in ``.wtns``."""
    outputs: int
    public_inputs: int

    @property
    def input_cells(self) -> int:
        """How many elements the inputs have together."""
        return sum(given.size for given in self.inputs)

    @property
    def cells(self) -> int:
        """How many cells an execution fills."""
        return 1 + self.input_cells + sum(instruction.cells for instruction in self.instructions)
