"""The same text in exact integers that never wrap: no number leaves the interval of its type.

For honest inputs, and with all inputs at 0 and at their greatest. Those break rules, which stops nobody here: what
comes after a broken rule proves nothing about intervals any more, and is left out.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

from circuits.builder import Builder
from circuits.engine import IntegerEngine, number
from circuits.signal import HALF, Expression
from circuits.statement import Statement
from snark.bn254.constants import GROUP_ORDER
from snark.errors import InternalError, Reason
from snark.r1cs.program.definition import ANY_ELEMENT_BITS
from tests.circuits.laboratory.system import Inputs


class ExactEngine(IntegerEngine):
    """Numbers as they are; without inputs every one of them is 0, or the greatest that there is."""

    def __init__(self, inputs: Inputs | None = None, *, greatest: bool = False) -> None:
        super().__init__(inputs or {})
        self.given = inputs is not None
        self.greatest = greatest
        self.spoilt = False
        self.widest = 0

    def declare(self, name: str, size: int, bits: int, *, public: bool, meaning: str) -> tuple[int, ...]:
        """What is given, or the greatest that the declaration admits, or 0."""
        if self.given:
            return super().declare(name, size, bits, public=public, meaning=meaning)
        greatest = GROUP_ORDER - 1 if bits == ANY_ELEMENT_BITS else (1 << bits) - 1
        return (greatest if self.greatest else 0,) * size

    def multiply(self, left: Expression, right: Expression) -> int:
        """The exact product, a whole number where it is one again."""
        product = Fraction(number(left) * number(right))
        return product.numerator if product.denominator == 1 else cast("int", product)

    def enforce_product(self, left: Expression, right: Expression, product: Expression, rule: str | None) -> None:  # noqa: ARG002
        """A rule that is broken spoils what follows."""
        self.spoilt = self.spoilt or bool((number(left) * number(right) - number(product)) % GROUP_ORDER)

    def enforce_zero(self, value: Expression, rule: str | None) -> None:  # noqa: ARG002
        """A rule that is broken spoils what follows."""
        self.spoilt = self.spoilt or bool(number(value) % GROUP_ORDER)

    def compute_digits(self, value: Expression, count: int, rule: str) -> tuple[int, ...]:  # noqa: ARG002
        """The lowest bits; a range that is broken spoils what follows."""
        whole = number(value)
        self.spoilt = self.spoilt or bool(whole >> count)
        return tuple(whole >> place & 1 for place in range(count))

    def compute_inverse_or_zero(self, value: Expression) -> int:
        """The exact inverse: what multiplies it is its own number."""
        whole = number(value)
        return cast("int", Fraction(1, whole)) if whole else 0

    def compute_division(self, dividend: Expression, divisor: Expression, rule: str) -> tuple[int, int]:  # noqa: ARG002
        """A division by 0 spoils what follows."""
        self.spoilt = self.spoilt or not number(divisor)
        return divmod(number(dividend), number(divisor) or 1)

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        """Within its interval, which is within half the field."""
        self.widest = max(self.widest, high.bit_length(), (-low).bit_length())
        if not -HALF <= low <= high <= HALF or not (self.spoilt or low <= number(value) <= high):
            raise InternalError(Reason.OUT_OF_BOUNDS, "range", found="a number outside", expected="one in its interval")


def measure_widest(statement: Statement, honest: Sequence[Inputs]) -> int:
    """The bits of the widest number of a text, which keeps its intervals for all of these and at both extremes."""
    engines = [ExactEngine(), ExactEngine(greatest=True), *map(ExactEngine, honest)]
    for engine in engines:
        statement.define(Builder(engine))
    return max(engine.widest for engine in engines)
