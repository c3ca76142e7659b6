"""Plain integers: a text carried out as a reader would, which stops at the first rule that is broken."""

from collections.abc import Mapping, Sequence
from typing import cast

from circuits.builder import Engine
from circuits.errors import BrokenRuleError
from circuits.signal import HALF, Expression
from snark.bn254.constants import GROUP_ORDER
from snark.errors import InternalError, Reason
from snark.poseidon.hashing import Poseidon, choose_poseidon
from snark.r1cs.program.definition import Input
from snark.r1cs.program.execution import Given, elements_of


class IntegerEngine(Engine):
    """Values are integers modulo r."""

    def __init__(self, inputs: Mapping[str, Given], poseidon: Poseidon | None = None) -> None:
        self.inputs = inputs
        self.poseidon = poseidon or choose_poseidon()
        self.public: list[int] = []

    def declare(self, name: str, size: int, bits: int, *, public: bool, meaning: str) -> tuple[int, ...]:  # noqa: ARG002
        """The given values, each within its bound."""
        declared = Input(name, size, bits)
        values = tuple(elements_of(declared, self.inputs))
        for place, value in enumerate(values):
            if not 0 <= value < declared.bound:
                raise declared.refuse_element(place)
        if public:
            self.public += values
        return values

    def constant(self, value: int) -> int:
        """The number itself."""
        return value

    def multiply(self, left: Expression, right: Expression) -> int:
        """The product."""
        return number(left) * number(right) % GROUP_ORDER

    def enforce_product(self, left: Expression, right: Expression, product: Expression, rule: str | None) -> None:
        """Stop unless it is the product."""
        if (number(left) * number(right) - number(product)) % GROUP_ORDER:
            raise broken(rule)

    def enforce_zero(self, value: Expression, rule: str | None) -> None:
        """Stop unless it is zero."""
        if number(value) % GROUP_ORDER:
            raise broken(rule)

    def hash_inputs(self, inputs: Sequence[Expression]) -> int:
        """The hash."""
        return self.poseidon.hash_inputs([number(each) % GROUP_ORDER for each in inputs])

    def compute_digits(self, value: Expression, count: int, rule: str) -> tuple[int, ...]:
        """The bits."""
        whole = number(value) % GROUP_ORDER
        if whole >> count:
            raise broken(rule)
        return tuple(whole >> place & 1 for place in range(count))

    def compute_inverse_or_zero(self, value: Expression) -> int:
        """1 / value."""
        whole = number(value) % GROUP_ORDER
        return pow(whole, -1, GROUP_ORDER) if whole else 0

    def compute_fraction(self, numerator: Expression, denominator: Expression) -> int:
        """numerator / denominator, of the field."""
        whole = number(denominator) % GROUP_ORDER
        return number(numerator) * pow(whole, -1, GROUP_ORDER) % GROUP_ORDER if whole else 0

    def compute_division(self, dividend: Expression, divisor: Expression, rule: str) -> tuple[int, int]:
        """Quotient and remainder."""
        if number(divisor) % GROUP_ORDER == 0:
            raise broken(rule)
        return divmod(number(dividend) % GROUP_ORDER, number(divisor) % GROUP_ORDER)

    def compute_less(self, left: Expression, right: Expression) -> int:
        """The comparison."""
        return int(number(left) % GROUP_ORDER < number(right) % GROUP_ORDER)

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        """A value outside the interval of its type: the rules for intervals, or a gadget, are wrong."""
        if not low <= signed(number(value)) <= high:
            raise InternalError(Reason.OUT_OF_BOUNDS, "range", found="a value outside", expected="a value inside")


def number(expression: Expression) -> int:
    """In this engine every expression is an integer."""
    return cast("int", expression)


def signed(value: int) -> int:
    """The integer nearest to zero that stands for this element."""
    value %= GROUP_ORDER
    return value - GROUP_ORDER if value > HALF else value


def broken(rule: str | None) -> BrokenRuleError | InternalError:
    """A rule that the inputs break; what has no rule holds by construction."""
    if rule is None:
        return InternalError(Reason.OUT_OF_BOUNDS, "hint", found="a hint that is wrong", expected="one that holds")
    return BrokenRuleError(rule)
