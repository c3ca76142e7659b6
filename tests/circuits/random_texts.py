"""Texts drawn at random, with inputs for them."""

from dataclasses import dataclass
from typing import ClassVar

from hypothesis import strategies as st

from circuits.builder import Builder, Element, Flag, Uint
from circuits.errors import CircuitError
from circuits.gadgets.comparison import is_equal, is_less, maximum, positive_part
from circuits.gadgets.division import divide
from circuits.gadgets.ranges import enforce_at_most
from circuits.gadgets.selection import select
from circuits.gadgets.signed import Signed
from circuits.signal import Bit, Bounded, Signal
from circuits.statement import Statement
from tests.circuits.laboratory.system import Inputs

KINDS = ("add", "subtract", "multiply", "scale", "compare", "equal", "choose", "larger", "positive", "divide", "hash")
Step = tuple[str, int, int, int]


@dataclass(frozen=True)
class RandomText(Statement):
    """A few steps, each on what the steps before it made; a step that is refused is left out."""

    steps: tuple[Step, ...]
    limit: int
    name: ClassVar[str] = "random"

    @property
    def shape(self) -> dict[str, int]:
        """It has one shape."""
        return {}

    def define(self, builder: Builder) -> None:
        """Every value that comes out is bound to the only public input."""
        numbers: list[Bounded] = [
            builder.private("small", Uint(8), "a number"),
            builder.private("large", Uint(64), "a number"),
            builder.private("signed", Signed(16), "a number").value(),
        ]
        bits: list[Bit] = [builder.private("flag", Flag(), "a bit")]
        elements: list[Signal] = [builder.private("element", Element(), "any element")]
        result = builder.public("result", Element(), "H of all that was made")
        for place, step in enumerate(self.steps):
            try:
                take_step(step, place, numbers, bits, elements)
            except CircuitError:
                continue
        enforce_at_most(numbers[0], self.limit, rule="small_within_limit")
        total: Signal = elements[0]
        for made in [*numbers, *bits, *elements[1:]]:
            total = builder.hash_inputs([total, made])
        builder.enforce_equal(total, result, rule="result_is_true")


def take_step(step: Step, place: int, numbers: list[Bounded], bits: list[Bit], elements: list[Signal]) -> None:  # noqa: C901
    """One step."""
    kind, first, second, third = step
    left, right = numbers[first % len(numbers)], numbers[second % len(numbers)]
    bit, element = bits[third % len(bits)], elements[third % len(elements)]
    match kind:
        case "add":
            numbers.append(left + right)
        case "subtract":
            numbers.append(left - right)
        case "multiply":
            numbers.append(left * right)
        case "scale":
            numbers.append(left * (third - 7) + second)
        case "compare":
            bits.append(is_less(left, right))
        case "equal":
            bits.append(is_equal(left, right))
        case "choose":
            numbers.append(select(bit, left, right))
        case "larger":
            numbers.append(maximum(left, right))
        case "positive":
            numbers.append(positive_part(left))
        case "divide":
            numbers += divide(positive_part(left), third + 1, rule=f"division_{place}")
        case _:
            elements.append(left.builder.hash_inputs([element, left]))


steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 9), st.integers(0, 15))
texts = st.builds(RandomText, st.lists(steps, max_size=6).map(tuple), st.sampled_from([0, 7, 254, 255]))
given_inputs: st.SearchStrategy[Inputs] = st.fixed_dictionaries(
    {
        "small": st.sampled_from([0, 1, 7, 8, 255]),
        "large": st.sampled_from([0, 1, 2**64 - 1]) | st.integers(0, 2**64 - 1),
        "signed": st.sampled_from([0, 1, 2**16 - 1]),
        "signed_negative": st.integers(0, 1),
        "flag": st.integers(0, 1),
        "element": st.integers(0, 2**253),
    }
)
