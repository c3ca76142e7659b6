"""What is known of a signal's range: intervals hold exact integers, and what could wrap is refused with its line."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.builder import Builder, Element, Uint
from circuits.engine import IntegerEngine, signed
from circuits.errors import CircuitError
from circuits.recording import RecordingEngine
from circuits.signal import HALF, Bit, Bounded, Signal, sum_signals
from snark.bn254.constants import GROUP_ORDER
from snark.errors import InternalError

Term = tuple[int, int, int]
"""The lower end of an interval, its length, and where in it the value is, as a share of 1000."""
terms = st.tuples(st.integers(-(2**60), 2**60), st.integers(0, 2**60), st.integers(0, 1000))
operations = st.lists(st.tuples(st.sampled_from("+-*kn"), terms), max_size=3)


def bounded(builder: Builder, term: Term) -> tuple[Bounded, int]:
    """A signal and its exact value."""
    low, length, share = term
    value = low + length * share // 1000
    return Bounded(builder, builder.engine.constant(value), low, low + length), value


@given(terms, operations)
def test_intervals_hold_the_exact_integers(first: Term, steps: list[tuple[str, Term]]) -> None:
    builder = Builder(IntegerEngine({}))
    signal, value = bounded(builder, first)
    for operation, term in steps:
        other, number = bounded(builder, term)
        match operation:
            case "+":
                signal, value = signal + other, value + number
            case "-":
                signal, value = other - signal, number - value
            case "*":
                signal, value = signal * other, value * number
            case "k":
                signal, value = 3 - signal * number, 3 - value * number
            case _:
                signal, value = -signal, -value
        assert signal.low <= value <= signal.high
        assert signed(signal.expression) == value  # type: ignore[arg-type]  # this engine's expressions are integers


@given(terms, terms)
def test_intervals_are_no_wider_than_they_have_to_be(left: Term, right: Term) -> None:
    builder = Builder(IntegerEngine({}))
    (one, _), (two, _) = bounded(builder, left), bounded(builder, right)
    ends = [(a, b) for a in (one.low, one.high) for b in (two.low, two.high)]
    for signal, values in (
        (one + two, [a + b for a, b in ends]),
        (one - two, [a - b for a, b in ends]),
        (one * two, [a * b for a, b in ends]),
    ):
        assert (signal.low, signal.high) == (min(values), max(values))


def test_sums_and_negated_bits() -> None:
    builder = Builder(IntegerEngine({}))
    assert sum_signals([builder.constant(number) for number in (1, 2, 4)]).high == 7
    bit = Bit(builder, builder.engine.constant(1)).negated()
    assert (bit.low, bit.high, bit.expression) == (0, 1, 0)


def wide(builder: Builder, bits: int) -> Bounded:
    return builder.private(f"wide_{bits}", Uint(bits), "a number")


TOO_WIDE: dict[str, Callable[[Builder], object]] = {
    "an input": lambda b: wide(b, 253),
    "a sum": lambda b: wide(b, 252) + wide(b, 251) + wide(b, 250),
    "a difference": lambda b: -wide(b, 252) - wide(b, 251) - wide(b, 250),
    "a product": lambda b: wide(b, 127) * wide(b, 126),
    "a product with a number": lambda b: wide(b, 127) * 2**126,
    "a sum with a number": lambda b: wide(b, 8) + HALF,
    "bits": lambda b: b.enforce_bits(b.private("x", Element(), "any"), 254, rule="fits"),
}


@pytest.mark.parametrize("name", TOO_WIDE)
def test_what_could_wrap_is_refused_with_its_line(name: str) -> None:
    with pytest.raises(CircuitError) as refusal:
        TOO_WIDE[name](Builder(RecordingEngine()))
    line = TOO_WIDE[name].__code__.co_firstlineno
    assert refusal.value.field == f"test_signals.py:{line if name != 'an input' else wide.__code__.co_firstlineno + 1}"


def test_what_just_fits_is_accepted() -> None:
    builder = Builder(RecordingEngine())
    assert (wide(builder, 252) + (HALF - 2**252 + 1)).high == HALF
    assert (wide(builder, 126) * wide(builder, 125)).high < HALF


@pytest.mark.parametrize("compare", [lambda x: x == 1, lambda x: x != 1, bool, lambda x: x and 1])
def test_a_signal_is_no_python_value(compare: Callable[[Signal], object]) -> None:
    signal = Builder(RecordingEngine()).private("x", Element(), "any")
    with pytest.raises(CircuitError):
        compare(signal)
    with pytest.raises(TypeError):
        hash(signal)


def test_an_unbounded_partner_takes_the_bound_away() -> None:
    builder = Builder(RecordingEngine())
    element, number = builder.private("element", Element(), "any"), wide(builder, 8)
    for signal in (element + number, number + element, number - element, number * element, element * number):
        assert not isinstance(signal, Bounded)


def test_the_integer_engine_notices_a_false_interval() -> None:
    builder = Builder(IntegerEngine({"x": GROUP_ORDER - 1}))
    with pytest.raises(InternalError):
        Bounded(builder, builder.private("x", Element(), "minus one").expression, 0, 255)
