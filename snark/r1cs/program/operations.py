"""What a witness program can do: every operation with what it takes and how many cells it writes.

==================  ==========================================  ====================================================
operation           takes                                       writes
==================  ==========================================  ====================================================
CONSTANT            c                                           c
ADD                 x, y                                        x + y
SUBTRACT            x, y                                        x - y
MULTIPLY            x, y                                        x * y
INVERSE             x, rule                                     1 / x; zero breaks the rule
INVERSE_OR_ZERO     x                                           1 / x, of zero zero
LINEAR              c, then pairs of c_i, x_i                   c + sum(c_i * x_i)
SELECT              s, x, y                                     y + s * (x - y): x for one, y for zero
DIGITS              x, width, count, rule                       count digits of so many bits, the lowest first; what is
                                                                left over breaks the rule
LESS                x, y                                        1 if x < y, else 0
EQUAL               x, y                                        1 if x = y, else 0
IS_ZERO             x                                           1 if x = 0, else 0
MINIMUM             x, y                                        the smaller
MAXIMUM             x, y                                        the larger
DIVIDE              x, y, rule                                  quotient and remainder; division by zero breaks the rule
LOOKUP              table, x, rule                              the entry number x; none there breaks the rule
PICK                x, rule, then cells                         cell number x of these; none there breaks the rule
PERMUTE             2 to 17 cells                               as many: Poseidon's permutation of them
PERMUTE_TRACED      2 to 17 cells                               of each S-box x^2, x^4, x^5, then the permuted state
ASSERT_EQUAL        x, y, rule                                  nothing; breaks the rule unless x = y
ASSERT_LESS         x, y, rule                                  nothing; unless x < y
ASSERT_FITS         x, width, rule                              nothing; unless x < 2^width
ASSERT_NONZERO      x, rule                                     nothing; unless x is not 0
ASSERT_PRODUCT      x, y, z, rule                               nothing; unless x * y = z
==================  ==========================================  ====================================================

Sums and products are of the field; order, digits and division are of the integers from 0 to r - 1 that stand for its
elements. What is not a sum or a product is a hint: the constraints have to hold it, the program only finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from snark.poseidon.parameters import LARGEST_WIDTH, SMALLEST_WIDTH, sboxes_of


class Operation(IntEnum):
    """The operations by the byte that stands for them."""

    CONSTANT = 0x01
    ADD = 0x02
    SUBTRACT = 0x03
    MULTIPLY = 0x04
    INVERSE = 0x05
    INVERSE_OR_ZERO = 0x06
    LINEAR = 0x07
    SELECT = 0x08
    DIGITS = 0x10
    LESS = 0x11
    EQUAL = 0x12
    IS_ZERO = 0x13
    MINIMUM = 0x14
    MAXIMUM = 0x15
    DIVIDE = 0x16
    LOOKUP = 0x20
    PICK = 0x21
    PERMUTE = 0x30
    PERMUTE_TRACED = 0x31
    ASSERT_EQUAL = 0x40
    ASSERT_LESS = 0x41
    ASSERT_FITS = 0x42
    ASSERT_NONZERO = 0x43
    ASSERT_PRODUCT = 0x44


class Operand(StrEnum):
    """What one number after an operation means."""

    CELL = "cell"
    CONSTANT = "constant"
    TABLE = "table"
    RULE = "rule"
    WIDTH = "width"
    COUNT = "count"


class Signature(NamedTuple):
    """The operands that are always there, and what is repeated after them, if anything is."""

    fixed: tuple[Operand, ...]
    repeated: tuple[Operand, ...] = ()


CELL, RULE = Operand.CELL, Operand.RULE

SIGNATURES: Final = {
    Operation.CONSTANT: Signature((Operand.CONSTANT,)),
    Operation.ADD: Signature((CELL, CELL)),
    Operation.SUBTRACT: Signature((CELL, CELL)),
    Operation.MULTIPLY: Signature((CELL, CELL)),
    Operation.INVERSE: Signature((CELL, RULE)),
    Operation.INVERSE_OR_ZERO: Signature((CELL,)),
    Operation.LINEAR: Signature((Operand.CONSTANT,), (Operand.CONSTANT, CELL)),
    Operation.SELECT: Signature((CELL, CELL, CELL)),
    Operation.DIGITS: Signature((CELL, Operand.WIDTH, Operand.COUNT, RULE)),
    Operation.LESS: Signature((CELL, CELL)),
    Operation.EQUAL: Signature((CELL, CELL)),
    Operation.IS_ZERO: Signature((CELL,)),
    Operation.MINIMUM: Signature((CELL, CELL)),
    Operation.MAXIMUM: Signature((CELL, CELL)),
    Operation.DIVIDE: Signature((CELL, CELL, RULE)),
    Operation.LOOKUP: Signature((Operand.TABLE, CELL, RULE)),
    Operation.PICK: Signature((CELL, RULE), (CELL,)),
    Operation.PERMUTE: Signature((), (CELL,)),
    Operation.PERMUTE_TRACED: Signature((), (CELL,)),
    Operation.ASSERT_EQUAL: Signature((CELL, CELL, RULE)),
    Operation.ASSERT_LESS: Signature((CELL, CELL, RULE)),
    Operation.ASSERT_FITS: Signature((CELL, Operand.WIDTH, RULE)),
    Operation.ASSERT_NONZERO: Signature((CELL, RULE)),
    Operation.ASSERT_PRODUCT: Signature((CELL, CELL, CELL, RULE)),
}


def kinds_of(operation: Operation, operands: int) -> tuple[Operand, ...]:
    """What each of so many operands means."""
    fixed, repeated = SIGNATURES[operation]
    return fixed + repeated * ((operands - len(fixed)) // len(repeated)) if repeated else fixed


CELLS_OF_SBOX: Final = 3

LARGEST_DIGIT_BITS: Final = 64
LARGEST_DIGITS_BITS: Final = 256
"""All digits together: four of 64 bits hold any element."""
LARGEST_FITTING_BITS: Final = 253
"""Every element fits 254 bits, so that to assert it says nothing."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An operation with its operands, the repeated ones flat at the end; cells by their absolute number."""

    operation: Operation
    operands: tuple[int, ...]

    @property
    def cells(self) -> int:
        """How many cells it writes."""
        match self.operation:
            case Operation.DIGITS:
                return self.operands[2]
            case Operation.DIVIDE:
                return 2
            case Operation.PERMUTE:
                return len(self.operands)
            case Operation.PERMUTE_TRACED:
                return CELLS_OF_SBOX * sboxes_of(len(self.operands)) + len(self.operands)
            case operation:
                return 0 if operation >= Operation.ASSERT_EQUAL else 1

    @property
    def is_within_bounds(self) -> bool:
        """Whether its widths and counts are what the operation can do."""
        return are_within_bounds(self.operation, self.operands)


def are_within_bounds(operation: Operation, operands: Sequence[int]) -> bool:
    """Whether widths and counts are what the operation can do."""
    match operation:
        case Operation.DIGITS:
            _, width, count, _ = operands
            return 1 <= width <= LARGEST_DIGIT_BITS and count >= 1 and width * count <= LARGEST_DIGITS_BITS
        case Operation.ASSERT_FITS:
            return 1 <= operands[1] <= LARGEST_FITTING_BITS
        case Operation.PERMUTE | Operation.PERMUTE_TRACED:
            return SMALLEST_WIDTH <= len(operands) <= LARGEST_WIDTH
        case Operation.LINEAR:
            return len(operands) > 1
        case Operation.PICK:
            return len(operands) > 2  # noqa: PLR2004 -- the number and the rule
        case _:
            return True
