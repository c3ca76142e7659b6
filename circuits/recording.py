"""A text as constraints, together with the steps that find the value of each wire."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple, cast

from circuits.builder import Engine
from circuits.combination import ONE, Combination
from circuits.errors import CircuitError, find_line
from circuits.permutation import CONSTANT, Sum, draw_template
from circuits.signal import Expression
from snark.bn254.constants import GROUP_ORDER

ZERO: Final = Combination({})


class Task(Enum):
    """What a step of the witness program does."""

    MULTIPLY = auto()
    DIGITS = auto()
    INVERSE_OR_ZERO = auto()
    FRACTION = auto()
    DIVIDE = auto()
    LESS = auto()
    HASH = auto()
    ASSERT_PRODUCT = auto()
    ASSERT_ZERO = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it reads, the wires that it finds, and the rule that it can break."""

    task: Task
    operands: tuple[Combination, ...]
    wires: tuple[int, ...] = ()
    rule: str | None = None


class Declaration(NamedTuple):
    """An input as the text declares it."""

    name: str
    size: int
    bits: int
    public: bool
    meaning: str
    wires: tuple[int, ...]
    line: str


class Constraint(NamedTuple):
    """``left * right = product``, and where the text asks for it."""

    left: Combination
    right: Combination
    product: Combination
    rule: str | None
    line: str


@dataclass(slots=True)
class Recording:
    """Everything that a text says."""

    declarations: list[Declaration] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=lambda: [""])
    """Where each wire comes from; wire 0 is the constant one."""


class RecordingEngine(Engine):
    """Values are combinations of wires."""

    def __init__(self) -> None:
        self.recording = Recording()
        self.products: dict[object, Combination] = {}
        self.hashes: dict[object, Combination] = {}

    # --- What comes in -------------------------------------------------------------------------------

    def declare(self, name: str, size: int, bits: int, *, public: bool, meaning: str) -> tuple[Combination, ...]:
        """A wire for each element."""
        if any(name == other.name for other in self.recording.declarations):
            raise CircuitError(f"two inputs {name}", "each its own name")
        wires = self.take_wires(size)
        self.recording.declarations.append(Declaration(name, size, bits, public, meaning, wires, find_line()))
        return tuple(map(Combination.of_wire, wires))

    def constant(self, value: int) -> Combination:
        """A number."""
        return Combination.of_constant(value)

    # --- What is held --------------------------------------------------------------------------------

    def multiply(self, left: Expression, right: Expression) -> Combination:
        """A wire for the product; the same for the same factors, and none where one is a number."""
        first, second = combination(left), combination(right)
        for factor, other in ((first, second), (second, first)):
            if factor.constant is not None:
                return other * factor.constant
        key = tuple(sorted((first.key, second.key)))
        if key not in self.products:
            (wire,) = self.take_wires(1)
            self.products[key] = Combination.of_wire(wire)
            self.hold(first, second, self.products[key], None)
            self.recording.steps.append(Step(Task.MULTIPLY, (first, second), (wire,)))
        return self.products[key]

    def enforce_product(self, left: Expression, right: Expression, product: Expression, rule: str | None) -> None:
        """A constraint."""
        first, second, third = combination(left), combination(right), combination(product)
        for factor, other in ((first, second), (second, first)):
            if factor.constant is not None:
                self.enforce_zero(other * factor.constant - third, rule)
                return
        self.hold(first, second, third, rule)
        if rule is not None:
            self.recording.steps.append(Step(Task.ASSERT_PRODUCT, (first, second, third), rule=rule))

    def enforce_zero(self, value: Expression, rule: str | None) -> None:
        """A linear constraint."""
        held = combination(value)
        if held.constant is not None:
            if held.constant:
                raise CircuitError(f"a rule that nothing keeps: {rule}", "a rule that depends on a signal")
            return
        self.hold(held, Combination.of_constant(1), ZERO, rule)
        if rule is not None:
            self.recording.steps.append(Step(Task.ASSERT_ZERO, (held,), rule=rule))

    def hash_inputs(self, inputs: Sequence[Expression]) -> Combination:
        """Three constraints for each S-box whose input is no number."""
        state = [ZERO, *map(combination, inputs)]
        key = tuple(each.key for each in state)
        if key not in self.hashes:
            self.hashes[key] = self.record_hash(state)
        return self.hashes[key]

    def record_hash(self, state: Sequence[Combination]) -> Combination:
        """Follow the template with wires."""
        template = draw_template(len(state))
        wires: list[int] = []
        outputs = [
            self.raise_to_fifth(value + Combination.of_constant(constant), wires)
            for value, constant in zip(state, template.first, strict=True)
        ]
        for sbox in template.sboxes:
            outputs.append(self.raise_to_fifth(combine(sbox, outputs), wires))
        result = combine(template.output, outputs)
        self.recording.steps.append(Step(Task.HASH, (*state, result), tuple(wires)))
        return result

    def raise_to_fifth(self, value: Combination, wires: list[int]) -> Combination:
        """``x^2, x^4, x^5``, of which the wires are kept; a number stays one and takes none (noted as wire 0)."""
        if value.constant is not None:
            wires += (ONE, ONE, ONE)
            return Combination.of_constant(pow(value.constant, 5, GROUP_ORDER))
        taken = self.take_wires(3)
        wires += taken
        square, fourth, fifth = map(Combination.of_wire, taken)
        self.hold(value, value, square, None)
        self.hold(square, square, fourth, None)
        self.hold(fourth, value, fifth, None)
        return fifth

    def hold(self, left: Combination, right: Combination, product: Combination, rule: str | None) -> None:
        """Write a constraint down."""
        self.recording.constraints.append(Constraint(left, right, product, rule, find_line()))

    # --- Hints ---------------------------------------------------------------------------------------

    def compute_digits(self, value: Expression, count: int, rule: str) -> tuple[Combination, ...]:
        """Bits that nothing holds yet."""
        return self.hint(Task.DIGITS, (value,), count, rule)

    def compute_inverse_or_zero(self, value: Expression) -> Combination:
        """An inverse that nothing holds yet; of a number it is a number."""
        known = combination(value).constant
        if known is not None:
            return Combination.of_constant(pow(known, -1, GROUP_ORDER) if known else 0)
        return self.hint(Task.INVERSE_OR_ZERO, (value,), 1)[0]

    def compute_fraction(self, numerator: Expression, denominator: Expression) -> Combination:
        """A fraction that nothing holds yet."""
        return self.hint(Task.FRACTION, (numerator, denominator), 1)[0]

    def compute_division(self, dividend: Expression, divisor: Expression, rule: str) -> tuple[Combination, Combination]:
        """A quotient and a remainder that nothing holds yet."""
        quotient, remainder = self.hint(Task.DIVIDE, (dividend, divisor), 2, rule)
        return quotient, remainder

    def compute_less(self, left: Expression, right: Expression) -> Combination:
        """A bit that nothing holds yet."""
        return self.hint(Task.LESS, (left, right), 1)[0]

    def hint(
        self, task: Task, operands: tuple[Expression, ...], count: int, rule: str | None = None
    ) -> tuple[Combination, ...]:
        """Wires that the program finds."""
        wires = self.take_wires(count)
        self.recording.steps.append(Step(task, tuple(map(combination, operands)), wires, rule))
        return tuple(map(Combination.of_wire, wires))

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        """No values here."""

    def take_wires(self, count: int) -> tuple[int, ...]:
        """New wires."""
        lines = self.recording.lines
        first = len(lines)
        lines += [find_line()] * count
        return tuple(range(first, first + count))


def combination(expression: Expression) -> Combination:
    """In this engine every expression is a combination."""
    return cast("Combination", expression)


def combine(total: Sum, outputs: Sequence[Combination]) -> Combination:
    """A template's sum with what its S-boxes came to."""
    parts = [(factor, outputs[place]) for place, factor in total.items() if place != CONSTANT]
    return Combination.sum_of([(total.get(CONSTANT, 0), Combination.of_constant(1)), *parts])
