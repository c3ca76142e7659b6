"""From recorded steps to the witness program that the native core executes."""

from collections.abc import Iterator, Sequence

from circuits.combination import ONE as ONE_WIRE
from circuits.combination import Combination
from circuits.recording import Recording, Step, Task
from snark.r1cs.program.assembler import ONE, Assembler, Cell
from snark.r1cs.program.definition import WitnessProgram


class Assembly:
    """Knows the cell of every wire, and of every combination that was needed as a value."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.assembler = Assembler()
        self.cells: dict[int, Cell] = {ONE_WIRE: ONE}
        self.sums: dict[object, Cell] = {}

    def run(self, made_for: bytes, wires: Sequence[int], public: int) -> WitnessProgram:
        """The whole program; ``wires`` are those that are left, in their order, of which the first are public."""
        for declared in self.recording.declarations:
            cells = self.assembler.declare_inputs(declared.name, declared.size, declared.bits)
            self.cells.update(zip(declared.wires, cells, strict=True))
        for step in self.recording.steps:
            self.take(step)
        cells_of_wires = [self.cells[wire] for wire in wires]
        return self.assembler.finish(
            made_for=made_for, public_inputs=cells_of_wires[:public], internals=cells_of_wires[public:]
        )

    def take(self, step: Step) -> None:
        """One step."""
        if step.task is Task.HASH:
            self.take_hash(step)
            return
        operands = [self.cell_of(operand) for operand in step.operands]
        self.cells.update(zip(step.wires, self.emit(step, operands), strict=True))

    def emit(self, step: Step, operands: list[Cell]) -> tuple[Cell, ...]:
        """The instruction of a step, and the cells that it writes."""
        assembler, rule = self.assembler, step.rule or ""
        match step.task:
            case Task.MULTIPLY:
                return (assembler.multiply(*operands),)
            case Task.DIGITS:
                return assembler.split_digits(*operands, count=len(step.wires), rule=rule)
            case Task.INVERSE_OR_ZERO | Task.FRACTION:
                inverse = assembler.invert_or_zero(operands[-1])
                return (assembler.multiply(operands[0], inverse) if step.task is Task.FRACTION else inverse,)
            case Task.DIVIDE:
                return assembler.divide(*operands, rule=rule)
            case Task.LESS:
                return (assembler.compare_less(*operands),)
            case Task.ASSERT_PRODUCT:
                assembler.assert_product(*operands, rule=rule)
            case _:
                assembler.assert_equal(operands[0], assembler.constant(0), rule=rule)
        return ()

    def take_hash(self, step: Step) -> None:
        """A traced permutation, whose result needs no sum of S-boxes."""
        *state, result = step.operands
        traced = self.assembler.trace_permutation([self.cell_of(operand) for operand in state])
        for wire, cell in zip(step.wires, cells_of(traced.sboxes), strict=True):
            if wire != ONE_WIRE:
                self.cells[wire] = cell
        self.sums[result.key] = traced.state[0]

    def cell_of(self, value: Combination) -> Cell:
        """Where the value of a combination is; it is worked out once."""
        if value.constant is not None:
            return self.assembler.constant(value.constant)
        if len(value.terms) == 1:
            ((wire, factor),) = value.terms.items()
            if factor == 1:
                return self.cells[wire]
        key = value.key
        if key not in self.sums:
            terms = [(factor, self.cells[wire]) for wire, factor in value.terms.items() if wire != ONE_WIRE]
            self.sums[key] = self.assembler.combine(terms, value.terms.get(ONE_WIRE, 0))
        return self.sums[key]


def cells_of(sboxes: Sequence[Sequence[Cell]]) -> Iterator[Cell]:
    """All powers in their order."""
    for sbox in sboxes:
        yield from sbox
