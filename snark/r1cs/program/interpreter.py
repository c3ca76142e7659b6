"""Execution as a reader would do it by hand; the native executor is held to this one."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.bn254.encoding import encode_scalars
from snark.errors import MalformedError, Reason, RejectedError
from snark.poseidon.reference import trace_permutation
from snark.r1cs.program.definition import WitnessProgram
from snark.r1cs.program.operations import Instruction, Operation


class BrokenRuleError(Exception):
    """An instruction found that its rule does not hold."""


Step = Callable[..., tuple[int, ...]]
"""What an operation without a list makes of the values of its cells, and of its other numbers as they are."""


def demand(holds: bool) -> None:  # noqa: FBT001 -- it is the whole question
    """Go on only if the rule holds."""
    if not holds:
        raise BrokenRuleError


def invert(value: int) -> tuple[int, ...]:
    """1 / x."""
    demand(value != 0)
    return (pow(value, -1, GROUP_ORDER),)


def split_digits(value: int, width: int, count: int) -> tuple[int, ...]:
    """Digits of ``width`` bits, the lowest first."""
    demand(value >> width * count == 0)
    return tuple(value >> width * place & ((1 << width) - 1) for place in range(count))


def divide(dividend: int, divisor: int) -> tuple[int, ...]:
    """Quotient and remainder of integers."""
    demand(divisor != 0)
    return divmod(dividend, divisor)


def select(chooser: int, one: int, zero: int) -> tuple[int, ...]:
    """The formula that the constraint has, also where the chooser is neither one nor zero."""
    return ((zero + chooser * (one - zero)) % GROUP_ORDER,)


def asserting(holds: Callable[..., bool]) -> Step:
    """A step that only demands."""

    def step(*values: int) -> tuple[int, ...]:
        demand(holds(*values))
        return ()

    return step


STEPS: Final[dict[Operation, Step]] = {
    Operation.ADD: lambda x, y: ((x + y) % GROUP_ORDER,),
    Operation.SUBTRACT: lambda x, y: ((x - y) % GROUP_ORDER,),
    Operation.MULTIPLY: lambda x, y: (x * y % GROUP_ORDER,),
    Operation.INVERSE: invert,
    Operation.INVERSE_OR_ZERO: lambda x: invert(x) if x else (0,),
    Operation.SELECT: select,
    Operation.DIGITS: split_digits,
    Operation.LESS: lambda x, y: (int(x < y),),
    Operation.EQUAL: lambda x, y: (int(x == y),),
    Operation.IS_ZERO: lambda x: (int(x == 0),),
    Operation.MINIMUM: lambda x, y: (min(x, y),),
    Operation.MAXIMUM: lambda x, y: (max(x, y),),
    Operation.DIVIDE: divide,
    Operation.ASSERT_EQUAL: asserting(lambda x, y: x == y),
    Operation.ASSERT_LESS: asserting(lambda x, y: x < y),
    Operation.ASSERT_FITS: asserting(lambda x, width: x >> width == 0),
    Operation.ASSERT_NONZERO: asserting(lambda x: x != 0),
    Operation.ASSERT_PRODUCT: asserting(lambda x, y, z: x * y % GROUP_ORDER == z),
}

CELLS_FIRST: Final = {Operation.DIGITS: 1, Operation.ASSERT_FITS: 1}
"""How many of the operands are cells, where it is not all of them; a rule stands last and is neither."""

BREAKABLE: Final = frozenset(
    {Operation.INVERSE, Operation.DIGITS, Operation.DIVIDE}
    | {operation for operation in STEPS if operation >= Operation.ASSERT_EQUAL}
)


def execute(program: WitnessProgram, elements: bytes) -> bytearray:
    """The value of every wire, given the elements of all inputs in order: 32 canonical little-endian bytes each."""
    cells = [1, *read_inputs(program, elements)]
    for instruction in program.instructions:
        try:
            cells += perform(program, instruction, cells)
        except BrokenRuleError:
            rule = program.rules[rule_of(instruction)]
            raise RejectedError(
                Reason.W30_RULE_BROKEN, rule, found="inputs that break it", expected="inputs that keep it"
            ) from None
    return bytearray(encode_scalars([cells[cell] for cell in program.wires]))


def read_inputs(program: WitnessProgram, elements: bytes) -> list[int]:
    """Every element of every input, each within its bound."""
    length = program.input_cells * FIELD_BYTES
    if len(elements) != length:
        found = f"{len(elements)} bytes"
        raise MalformedError(Reason.W22_INPUT_SIZE, "inputs", found=found, expected=f"{length} bytes")
    values = (
        int.from_bytes(elements[start : start + FIELD_BYTES], "little") for start in range(0, length, FIELD_BYTES)
    )
    cells = []
    for given in program.inputs:
        for place in range(given.size):
            value = next(values)
            if value >= given.bound:
                raise given.refuse_element(place)
            cells.append(value)
    return cells


def rule_of(instruction: Instruction) -> int:
    """The rule that an instruction can break."""
    place = 1 if instruction.operation is Operation.PICK else -1
    return instruction.operands[place]


def perform(program: WitnessProgram, instruction: Instruction, cells: Sequence[int]) -> tuple[int, ...]:
    """What the instruction writes."""
    operation, operands = instruction.operation, instruction.operands
    match operation:
        case Operation.CONSTANT:
            return (program.constants[operands[0]],)
        case Operation.LINEAR:
            constant, *terms = operands
            factors = (program.constants[term] for term in terms[::2])
            products = map(int.__mul__, factors, (cells[term] for term in terms[1::2]))
            return ((program.constants[constant] + sum(products)) % GROUP_ORDER,)
        case Operation.LOOKUP:
            table, place, _ = operands
            return (program.constants[entry_of(program.tables[table], cells[place])],)
        case Operation.PICK:
            place, _, *choices = operands
            return (cells[entry_of(choices, cells[place])],)
        case Operation.PERMUTE | Operation.PERMUTE_TRACED:
            trace = trace_permutation([cells[operand] for operand in operands])
            inside = trace.sboxes if operation is Operation.PERMUTE_TRACED else ()
            return (*chain.from_iterable(inside), *trace.state)
        case _:
            return STEPS[operation](*values_of(instruction, cells))


def entry_of(entries: Sequence[int], place: int) -> int:
    """The entry with this number."""
    demand(place < len(entries))
    return entries[place]


def values_of(instruction: Instruction, cells: Sequence[int]) -> list[int]:
    """What the operands stand for, without the rule."""
    operation = instruction.operation
    operands = instruction.operands[:-1] if operation in BREAKABLE else instruction.operands
    referring = CELLS_FIRST.get(operation, len(operands))
    return [cells[operand] for operand in operands[:referring]] + list(operands[referring:])
