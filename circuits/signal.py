"""Signals: what a statement's text computes with. What is known of a signal's range is its type.

    Signal     any element of the field
    Bounded    an integer from ``low`` to ``high``, which constraints hold it to
    Bit        0 or 1

Sums, differences and products of bounded signals are bounded by interval arithmetic; one whose interval the
field can't hold is an error when the circuit is built, with the line that did it. An integer v stands for the
element v mod r, and no two integers of an interval share an element because every interval lies within
[-(r-1)/2, (r-1)/2].
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, Self, overload

from circuits.errors import CircuitError
from snark.bn254.constants import GROUP_ORDER

if TYPE_CHECKING:
    from circuits.builder import Builder

HALF: Final = (GROUP_ORDER - 1) // 2


class Expression(Protocol):
    """A signal's value, or which wires it is made of: its engine knows which of the two. It is linear."""

    def __add__(self, other: Self, /) -> Self: ...

    def __sub__(self, other: Self, /) -> Self: ...

    def __mul__(self, factor: int, /) -> Self: ...


class Signal:
    """Any element of the field."""

    __slots__ = ("builder", "expression")

    def __init__(self, builder: "Builder", expression: Expression) -> None:
        self.builder = builder
        self.expression = expression

    def __add__(self, other: "Signal | int") -> "Signal":
        return Signal(self.builder, self.expression + self.builder.expression_of(other))

    def __radd__(self, other: int) -> "Signal":
        return self + other

    def __sub__(self, other: "Signal | int") -> "Signal":
        return Signal(self.builder, self.expression - self.builder.expression_of(other))

    def __rsub__(self, other: int) -> "Signal":
        return Signal(self.builder, self.builder.expression_of(other) - self.expression)

    def __mul__(self, other: "Signal | int") -> "Signal":
        if isinstance(other, int):
            return Signal(self.builder, self.expression * other)
        return Signal(self.builder, self.builder.engine.multiply(self.expression, other.expression))

    def __rmul__(self, other: int) -> "Signal":
        return self * other

    def __neg__(self) -> "Signal":
        return self * -1

    def __eq__(self, other: object) -> NoReturn:
        raise CircuitError("two signals compared in Python", "enforce_equal, or is_equal for a bit")

    def __bool__(self) -> NoReturn:
        raise CircuitError("a signal as a condition in Python", "select, with a Bit")

    __hash__ = None  # type: ignore[assignment]


class Bounded(Signal):
    """An integer from ``low`` to ``high``: constraints hold it there, or it was computed from such."""

    __slots__ = ("high", "low")

    def __init__(self, builder: "Builder", expression: Expression, low: int, high: int) -> None:
        if low < -HALF or high > HALF:
            found = f"a number of {max(abs(low), abs(high)).bit_length()} bits and a sign"
            raise CircuitError(found, f"at most {HALF.bit_length()} bits, or the field wraps around")
        super().__init__(builder, expression)
        self.low = low
        self.high = high
        builder.engine.witness_range(expression, low, high)

    @property
    def bits(self) -> int:
        """How many bits hold the greatest value."""
        return self.high.bit_length()

    @overload
    def __add__(self, other: "Bounded | int") -> "Bounded": ...
    @overload
    def __add__(self, other: Signal) -> Signal: ...
    def __add__(self, other: Signal | int) -> Signal:
        """An exact sum."""
        if isinstance(other, int):
            return Bounded(
                self.builder,
                self.expression + self.builder.expression_of(other),
                self.low + other,
                self.high + other,
            )
        if not isinstance(other, Bounded):
            return super().__add__(other)
        return Bounded(self.builder, self.expression + other.expression, self.low + other.low, self.high + other.high)

    def __radd__(self, other: int) -> "Bounded":
        return self + other

    @overload
    def __sub__(self, other: "Bounded | int") -> "Bounded": ...
    @overload
    def __sub__(self, other: Signal) -> Signal: ...
    def __sub__(self, other: Signal | int) -> Signal:
        """An exact difference."""
        if isinstance(other, int):
            return self + -other
        if not isinstance(other, Bounded):
            return super().__sub__(other)
        return Bounded(self.builder, self.expression - other.expression, self.low - other.high, self.high - other.low)

    def __rsub__(self, other: int) -> "Bounded":
        return -self + other

    @overload
    def __mul__(self, other: "Bounded | int") -> "Bounded": ...
    @overload
    def __mul__(self, other: Signal) -> Signal: ...
    def __mul__(self, other: Signal | int) -> Signal:
        """An exact product: free with a number, one constraint with a signal."""
        if isinstance(other, int):
            low, high = sorted((self.low * other, self.high * other))
            return Bounded(self.builder, self.expression * other, low, high)
        if not isinstance(other, Bounded):
            return super().__mul__(other)
        corners = [left * right for left in (self.low, self.high) for right in (other.low, other.high)]
        require_product_in_field(corners)
        product = self.builder.engine.multiply(self.expression, other.expression)
        return Bounded(self.builder, product, min(corners), max(corners))

    def __rmul__(self, other: int) -> "Bounded":
        return self * other

    def __neg__(self) -> "Bounded":
        return self * -1


class Bit(Bounded):
    """0 or 1."""

    __slots__ = ()

    def __init__(self, builder: "Builder", expression: Expression) -> None:
        super().__init__(builder, expression, 0, 1)

    def negated(self) -> "Bit":
        """1 - bit."""
        return Bit(self.builder, self.builder.expression_of(1) - self.expression)


def require_product_in_field(corners: list[int]) -> None:
    """A product is refused before there is a constraint for it."""
    if min(corners) < -HALF or max(corners) > HALF:
        found = f"a product of {max(map(abs, corners)).bit_length()} bits and a sign"
        raise CircuitError(found, f"at most {HALF.bit_length()} bits, or the field wraps around")


def sum_signals(signals: Iterable[Bounded]) -> Bounded:
    """The sum of at least one bounded signal."""
    first, *others = signals
    for other in others:
        first = first + other
    return first
