"""What the text of a statement is written with: inputs, rules, products and hashes.

A text never knows which engine carries it out. ``enforce_*`` adds constraints; ``compute_*`` adds none: it finds a
value, and proves nothing of it until something is enforced. A rule is a name in the words of the domain, such as
``equity_covers_requirement``: the owner of a witness that breaks it is told this name and no number.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

from circuits.errors import CircuitError
from circuits.signal import Bit, Bounded, Expression, Signal
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.parameters import LARGEST_WIDTH
from snark.r1cs.program.definition import ANY_ELEMENT_BITS

MOST_BITS: Final = GROUP_ORDER.bit_length() - 1
"""So many bits have one meaning each: 2^253 < r."""


class Engine(Protocol):
    """What carries out a text: on plain integers, or as constraints with a witness program."""

    def declare(self, name: str, size: int, bits: int, *, public: bool, meaning: str) -> tuple[Expression, ...]:
        """An input of ``size`` elements, which the caller of the text provides."""

    def constant(self, value: int) -> Expression:
        """A number."""

    def multiply(self, left: Expression, right: Expression) -> Expression:
        """A new value, held to be the product."""

    def enforce_product(self, left: Expression, right: Expression, product: Expression, rule: str | None) -> None:
        """``left * right = product``. Without a rule: the hints make it so, and only constraints are needed."""

    def enforce_zero(self, value: Expression, rule: str | None) -> None:
        """``value = 0``."""

    def hash_inputs(self, inputs: Sequence[Expression]) -> Expression:
        """Poseidon, held."""

    def compute_digits(self, value: Expression, count: int, rule: str) -> tuple[Expression, ...]:
        """Hint: the bits, the lowest first; what they can't hold breaks the rule."""

    def compute_inverse_or_zero(self, value: Expression) -> Expression:
        """Hint: 1 / value, and 0 of 0."""

    def compute_fraction(self, numerator: Expression, denominator: Expression) -> Expression:
        """Hint: what the field has for numerator / denominator, and 0 where the denominator is 0."""

    def compute_division(self, dividend: Expression, divisor: Expression, rule: str) -> tuple[Expression, Expression]:
        """Hint: quotient and remainder of integers; a divisor of 0 breaks the rule."""

    def compute_less(self, left: Expression, right: Expression) -> Expression:
        """Hint: 1 if ``left < right`` as integers from 0 to r - 1."""

    def witness_range(self, value: Expression, low: int, high: int) -> None:
        """A place for an engine that knows values to notice that a range is wrong."""


Admitted = TypeVar("Admitted")


class Kind(Protocol[Admitted]):
    """The type of an input: how it is declared, and what holds it to its range."""

    def admit(self, builder: "Builder", name: str, meaning: str, size: int, *, public: bool) -> list[Admitted]:
        """Declare ``size`` inputs under one name and hold each to its range."""


class Builder:
    """One run of a text through an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.path: tuple[str, ...] = ()
        self.known_digits: dict[tuple[object, int], tuple[Expression, ...]] = {}

    # --- Names ---------------------------------------------------------------------------------------

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Inputs and rules inside bear this name in front of theirs."""
        outer = self.path
        self.path = (*outer, name)
        try:
            yield
        finally:
            self.path = outer

    def name(self, name: str) -> str:
        """A name with the scopes it stands in."""
        return ".".join((*self.path, name))

    # --- What comes in -------------------------------------------------------------------------------

    def public(self, name: str, kind: Kind[Admitted], meaning: str) -> Admitted:
        """A public input; their order is that of the text."""
        return kind.admit(self, self.name(name), meaning, 1, public=True)[0]

    def public_list(self, name: str, kind: Kind[Admitted], size: int, meaning: str) -> list[Admitted]:
        """Several public inputs under one name."""
        return kind.admit(self, self.name(name), meaning, size, public=True)

    def private(self, name: str, kind: Kind[Admitted], meaning: str) -> Admitted:
        """A private input."""
        return kind.admit(self, self.name(name), meaning, 1, public=False)[0]

    def private_list(self, name: str, kind: Kind[Admitted], size: int, meaning: str) -> list[Admitted]:
        """Several private inputs under one name."""
        return kind.admit(self, self.name(name), meaning, size, public=False)

    def constant(self, value: int) -> Bounded:
        """A number as a signal."""
        return Bounded(self, self.engine.constant(value), value, value)

    def element(self, value: int) -> Signal:
        """An element of the field as a signal, where it is no number: a tag, say."""
        return Signal(self, self.engine.constant(value))

    def expression_of(self, value: Signal | int) -> Expression:
        """What an engine works with."""
        return self.engine.constant(value) if isinstance(value, int) else value.expression

    # --- What is held --------------------------------------------------------------------------------

    def enforce_equal(self, left: Signal, right: Signal | int, *, rule: str) -> None:
        """``left = right``: linear, so that it costs no constraint where a wire can be spared for it."""
        self.engine.enforce_zero((left - right).expression, self.name(rule))

    def enforce_product(self, left: Signal, right: Signal, product: Signal | int, *, rule: str) -> None:
        """``left * right = product``: one constraint and no new value."""
        held = self.expression_of(product)
        self.engine.enforce_product(left.expression, right.expression, held, self.name(rule))

    def enforce_bits(self, value: Signal, count: int, *, rule: str) -> list[Bit]:
        """``value`` is an integer of ``count`` bits, and these are they, the lowest first."""
        return [Bit(self, digit) for digit in self.hold_digits(value, count, rule=rule)]

    def hold_digits(self, value: Signal, count: int, *, rule: str) -> tuple[Expression, ...]:
        """The same for whoever needs the range and not the bits.

        value = sum(2^i * bit_i), bit_i * (bit_i - 1) = 0: ``count`` constraints, and one meaning because
        2^count < r. Asked for again, the same bits cost nothing.
        """
        if not 0 <= count <= MOST_BITS:
            raise CircuitError(f"{count} bits", f"at most {MOST_BITS}: more have two meanings in the field")
        key = (getattr(value.expression, "key", None), count)
        if key[0] is not None and key in self.known_digits:
            return self.known_digits[key]
        digits = self.engine.compute_digits(value.expression, count, self.name(rule)) if count else ()
        rest = value.expression
        for place, digit in enumerate(digits):
            self.hold_bit(digit)
            rest = rest - digit * (1 << place)
        self.engine.enforce_zero(rest, None if count else self.name(rule))
        self.known_digits[key] = digits
        return digits

    def hold_bit(self, expression: Expression) -> None:
        """``bit * (bit - 1) = 0``; the program's own bounds keep an honest witness to it."""
        less_one = expression + self.engine.constant(-1)
        self.engine.enforce_product(expression, less_one, self.engine.constant(0), None)

    def hash_inputs(self, inputs: Sequence[Signal]) -> Signal:
        """Poseidon of 1 to 16 elements, as circomlib has it."""
        if not 1 <= len(inputs) < LARGEST_WIDTH:
            raise CircuitError(f"{len(inputs)} inputs to a hash", f"1 to {LARGEST_WIDTH - 1}")
        return Signal(self, self.engine.hash_inputs([each.expression for each in inputs]))


class Element:
    """An input that may be any element of the field: a hash, a salt, a secret."""

    def admit(self, builder: Builder, name: str, meaning: str, size: int, *, public: bool) -> list[Signal]:
        """Nothing to hold."""
        declared = builder.engine.declare(name, size, ANY_ELEMENT_BITS, public=public, meaning=meaning)
        return [Signal(builder, expression) for expression in declared]


class Uint:
    """An input of so many bits: one constraint for each."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def admit(self, builder: Builder, name: str, meaning: str, size: int, *, public: bool) -> list[Bounded]:
        """Hold each to its bits."""
        declared = builder.engine.declare(name, size, self.bits, public=public, meaning=meaning)
        rule = f"{name.rpartition('.')[-1]}_fits_{self.bits}_bits"
        for expression in declared:
            builder.hold_digits(Signal(builder, expression), self.bits, rule=rule)
        return [Bounded(builder, expression, 0, (1 << self.bits) - 1) for expression in declared]


class Flag:
    """An input of 0 or 1."""

    def admit(self, builder: Builder, name: str, meaning: str, size: int, *, public: bool) -> list[Bit]:
        """Hold each to one bit."""
        declared = builder.engine.declare(name, size, 1, public=public, meaning=meaning)
        for expression in declared:
            builder.hold_bit(expression)
        return [Bit(builder, expression) for expression in declared]
