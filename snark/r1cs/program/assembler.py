"""Making witness programs: one method for each operation, which returns the cells that it writes.

    assembler = Assembler()
    x = assembler.declare_input("x", bits=64)
    bits = assembler.split_digits(x, count=64, rule="x_fits_64_bits")
    square = assembler.multiply(x, x)
    program = assembler.finish(made_for=digest, outputs=[square], internals=[x, *bits])

A compiler of circuits walks its constraints in the order in which it made them and calls this for each wire. Nothing
here is clever: equal constants share a cell and equal rules a name, and all else is done as it was asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, NewType

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MisuseError, Reason
from snark.poseidon.parameters import sboxes_of
from snark.r1cs.program.definition import ANY_ELEMENT_BITS, Input, WitnessProgram
from snark.r1cs.program.encoding import DIGEST_BYTES, LONGEST_NAME, MOST_CELLS, PRINTABLE
from snark.r1cs.program.operations import CELLS_OF_SBOX, Instruction, Operand, Operation, kinds_of

Cell = NewType("Cell", int)
"""Where a value will be when the program is executed."""

ONE: Final = Cell(0)


class SBoxCells(NamedTuple):
    """The powers inside one S-box, each a wire of its three constraints."""

    square: Cell
    fourth: Cell
    fifth: Cell


@dataclass(frozen=True, slots=True)
class PermutationCells:
    """A permutation of Poseidon with its S-boxes in the order of the rounds."""

    sboxes: tuple[SBoxCells, ...]
    state: tuple[Cell, ...]


class Assembler:
    """A program that grows by one instruction at a time."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.instructions: list[Instruction] = []
        self.constants: dict[int, int] = {}
        self.constant_cells: dict[int, Cell] = {1: ONE}
        self.tables: dict[tuple[int, ...], int] = {}
        self.rules: dict[str, int] = {}
        self.cells = 1

    # --- What comes from outside ---------------------------------------------------------------------

    def declare_inputs(self, name: str, size: int, bits: int = ANY_ELEMENT_BITS) -> tuple[Cell, ...]:
        """An input of ``size`` elements below ``2^bits``; 254 bits are any element."""
        if self.instructions:
            raise MisuseError(Reason.NOT_APPLICABLE, name, found="an input", expected="inputs before instructions")
        if any(name == other.name for other in self.inputs):
            raise MisuseError(Reason.NOT_APPLICABLE, name, found="a name that stands twice", expected="its own name")
        require_within(bits, 1, ANY_ELEMENT_BITS, f"{name}.bits")
        require_within(size, 1, MOST_CELLS - self.cells, f"{name}.size")
        self.inputs.append(Input(require_name(name), size, bits))
        return self.take_cells(size)

    def declare_input(self, name: str, bits: int = ANY_ELEMENT_BITS) -> Cell:
        """An input of one element."""
        return self.declare_inputs(name, 1, bits)[0]

    def constant(self, value: int) -> Cell:
        """A cell that holds this number, modulo r; the same cell whenever it is asked for."""
        value %= GROUP_ORDER
        if value not in self.constant_cells:
            self.constant_cells[value] = self.emit_one(Operation.CONSTANT, self.constant_number(value))
        return self.constant_cells[value]

    # --- The field -----------------------------------------------------------------------------------

    def add(self, left: Cell, right: Cell) -> Cell:
        """``left + right``."""
        return self.emit_one(Operation.ADD, left, right)

    def subtract(self, left: Cell, right: Cell) -> Cell:
        """``left - right``."""
        return self.emit_one(Operation.SUBTRACT, left, right)

    def multiply(self, left: Cell, right: Cell) -> Cell:
        """``left * right``."""
        return self.emit_one(Operation.MULTIPLY, left, right)

    def invert(self, value: Cell, *, rule: str) -> Cell:
        """``1 / value``; zero breaks the rule."""
        return self.emit_one(Operation.INVERSE, value, self.rule_number(rule))

    def invert_or_zero(self, value: Cell) -> Cell:
        """``1 / value``, and zero of zero: the hint that a test for zero needs."""
        return self.emit_one(Operation.INVERSE_OR_ZERO, value)

    def combine(self, terms: Iterable[tuple[int, Cell]], constant: int = 0) -> Cell:
        """``constant + sum(factor * cell)``: one instruction for a whole linear combination."""
        numbers = [number for factor, cell in terms for number in (self.constant_number(factor), cell)]
        if not numbers:
            return self.constant(constant)
        return self.emit_one(Operation.LINEAR, self.constant_number(constant), *numbers)

    def select(self, chooser: Cell, one: Cell, zero: Cell) -> Cell:
        """``one`` where the chooser is 1, ``zero`` where it is 0."""
        return self.emit_one(Operation.SELECT, chooser, one, zero)

    # --- Hints over integers -------------------------------------------------------------------------

    def split_digits(self, value: Cell, *, count: int, rule: str, width: int = 1) -> tuple[Cell, ...]:
        """``count`` digits of ``width`` bits, the lowest first; what does not fit them breaks the rule."""
        return self.emit(Operation.DIGITS, value, width, count, self.rule_number(rule))

    def compare_less(self, left: Cell, right: Cell) -> Cell:
        """1 if ``left < right``."""
        return self.emit_one(Operation.LESS, left, right)

    def compare_equal(self, left: Cell, right: Cell) -> Cell:
        """1 if they are equal."""
        return self.emit_one(Operation.EQUAL, left, right)

    def compare_zero(self, value: Cell) -> Cell:
        """1 if it is zero."""
        return self.emit_one(Operation.IS_ZERO, value)

    def take_minimum(self, left: Cell, right: Cell) -> Cell:
        """The smaller."""
        return self.emit_one(Operation.MINIMUM, left, right)

    def take_maximum(self, left: Cell, right: Cell) -> Cell:
        """The larger."""
        return self.emit_one(Operation.MAXIMUM, left, right)

    def divide(self, dividend: Cell, divisor: Cell, *, rule: str) -> tuple[Cell, Cell]:
        """Quotient and remainder; to divide by zero breaks the rule."""
        quotient, remainder = self.emit(Operation.DIVIDE, dividend, divisor, self.rule_number(rule))
        return quotient, remainder

    def look_up(self, table: Sequence[int], place: Cell, *, rule: str) -> Cell:
        """The entry of a fixed table; a place beyond it breaks the rule."""
        require_within(len(table), 1, MOST_CELLS, "table")
        entries = tuple(map(self.constant_number, table))
        number = self.tables.setdefault(entries, len(self.tables))
        return self.emit_one(Operation.LOOKUP, number, place, self.rule_number(rule))

    def pick(self, choices: Sequence[Cell], place: Cell, *, rule: str) -> Cell:
        """The choice with this number, counted from 0; a place beyond them breaks the rule."""
        return self.emit_one(Operation.PICK, place, self.rule_number(rule), *choices)

    # --- Poseidon ------------------------------------------------------------------------------------

    def permute(self, state: Sequence[Cell]) -> tuple[Cell, ...]:
        """The permuted state."""
        return self.emit(Operation.PERMUTE, *state)

    def hash_inputs(self, inputs: Sequence[Cell]) -> Cell:
        """The hash, where the constraints do not look inside."""
        return self.permute([self.constant(0), *inputs])[0]

    def trace_permutation(self, state: Sequence[Cell]) -> PermutationCells:
        """The permuted state, and every power inside that the constraints have a wire for."""
        cells = self.emit(Operation.PERMUTE_TRACED, *state)
        inside = CELLS_OF_SBOX * sboxes_of(len(state))
        return PermutationCells(tuple(SBoxCells(*powers) for powers in batched_cells(cells[:inside])), cells[inside:])

    # --- Rules ---------------------------------------------------------------------------------------

    def assert_equal(self, left: Cell, right: Cell, *, rule: str) -> None:
        """``left = right``, or there is no witness."""
        self.emit(Operation.ASSERT_EQUAL, left, right, self.rule_number(rule))

    def assert_less(self, left: Cell, right: Cell, *, rule: str) -> None:
        """``left < right``."""
        self.emit(Operation.ASSERT_LESS, left, right, self.rule_number(rule))

    def assert_fits(self, value: Cell, bits: int, *, rule: str) -> None:
        """``value < 2^bits``."""
        self.emit(Operation.ASSERT_FITS, value, bits, self.rule_number(rule))

    def assert_nonzero(self, value: Cell, *, rule: str) -> None:
        """``value`` is not 0."""
        self.emit(Operation.ASSERT_NONZERO, value, self.rule_number(rule))

    def assert_product(self, left: Cell, right: Cell, product: Cell, *, rule: str) -> None:
        """``left * right = product``: one constraint."""
        self.emit(Operation.ASSERT_PRODUCT, left, right, product, self.rule_number(rule))

    # --- Putting it together -------------------------------------------------------------------------

    def finish(
        self,
        *,
        made_for: bytes,
        outputs: Sequence[Cell] = (),
        public_inputs: Sequence[Cell] = (),
        private_inputs: Sequence[Cell] = (),
        internals: Sequence[Cell] = (),
    ) -> WitnessProgram:
        """The program, with its wires in the order of ``.wtns``; wire 0 is the constant one."""
        require_within(len(made_for), DIGEST_BYTES, DIGEST_BYTES, "made_for")
        wires = (ONE, *outputs, *public_inputs, *private_inputs, *internals)
        for cell in wires:
            require_within(cell, 0, self.cells - 1, "wires")
        return WitnessProgram(
            made_for=made_for,
            inputs=tuple(self.inputs),
            constants=tuple(self.constants),
            tables=tuple(self.tables),
            rules=tuple(self.rules),
            instructions=tuple(self.instructions),
            wires=wires,
            outputs=len(outputs),
            public_inputs=len(public_inputs),
        )

    def emit(self, operation: Operation, *operands: int) -> tuple[Cell, ...]:
        """Add an instruction, and return what it writes."""
        instruction = Instruction(operation, operands)
        if not instruction.is_within_bounds:
            expected = f"operands that {operation.name} can take"
            raise MisuseError(Reason.OUT_OF_BOUNDS, operation.name, found=operands, expected=expected)
        for kind, operand in zip(kinds_of(operation, len(operands)), operands, strict=True):
            if kind is Operand.CELL:
                require_within(operand, 0, self.cells - 1, operation.name)
        self.instructions.append(instruction)
        return self.take_cells(instruction.cells)

    def emit_one(self, operation: Operation, *operands: int) -> Cell:
        """Add an instruction that writes one cell."""
        return self.emit(operation, *operands)[0]

    def take_cells(self, count: int) -> tuple[Cell, ...]:
        """The next free cells."""
        first = self.cells
        self.cells = require_within(first + count, 1, MOST_CELLS, "cells")
        return tuple(map(Cell, range(first, self.cells)))

    def constant_number(self, value: int) -> int:
        """Where a constant stands in the program's pool."""
        return self.constants.setdefault(value % GROUP_ORDER, len(self.constants))

    def rule_number(self, rule: str) -> int:
        """Where a rule's name stands."""
        return self.rules.setdefault(require_name(rule), len(self.rules))


def batched_cells(cells: Sequence[Cell]) -> Iterable[Sequence[Cell]]:
    """Three by three."""
    return (cells[start : start + CELLS_OF_SBOX] for start in range(0, len(cells), CELLS_OF_SBOX))


def require_within(number: int, least: int, most: int, field: str) -> int:
    """A number that the format can hold."""
    if not least <= number <= most:
        raise MisuseError(Reason.OUT_OF_BOUNDS, field, found=number, expected=f"{least} to {most}")
    return number


def require_name(name: str) -> str:
    """A name that the format can hold."""
    if not (1 <= len(name) <= LONGEST_NAME and all(ord(character) in PRINTABLE for character in name)):
        expected = f"1 to {LONGEST_NAME} printable ASCII characters, no space"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "name", found=name, expected=expected)
    return name
