"""Witness programs of every operation, drawn at random, with inputs for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER
from snark.r1cs.program.assembler import ONE, Assembler, Cell
from snark.r1cs.program.definition import WitnessProgram

BOUNDARIES = (
    0,
    1,
    2,
    3,
    255,
    2**64 - 1,
    2**64,
    2**128,
    2**253,
    (GROUP_ORDER - 1) // 2,
    GROUP_ORDER - 2,
    GROUP_ORDER - 1,
)

numbers = st.one_of(st.sampled_from(BOUNDARIES), st.integers(0, 300), st.integers(0, GROUP_ORDER - 1))


@dataclass(frozen=True, slots=True)
class Case:
    """A program and what it is given."""

    program: WitnessProgram
    inputs: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A program in the making, and what may go into its next step."""

    assembler: Assembler
    draw: st.DrawFn
    cells: list[Cell]

    def one(self) -> Cell:
        return self.draw(st.sampled_from(self.cells))

    def few(self, least: int, most: int) -> list[Cell]:
        return self.draw(st.lists(st.sampled_from(self.cells), min_size=least, max_size=most))

    def number(self) -> int:
        return self.draw(numbers)

    def rule(self) -> str:
        return f"rule_{self.draw(st.integers(0, 5))}"

    def small(self) -> Cell:
        """Something to count with, mostly within what is counted."""
        return self.draw(st.sampled_from([self.assembler.constant(0), self.one()]))

    def digits(self) -> tuple[Cell, ...]:
        width = self.draw(st.integers(1, 64))
        count = self.draw(st.sampled_from([256 // width, self.draw(st.integers(1, 256 // width))]))
        return self.assembler.split_digits(self.one(), width=width, count=count, rule=self.rule())

    def trace(self) -> tuple[Cell, ...]:
        permuted = self.assembler.trace_permutation(self.few(2, 4))
        return (*permuted.sboxes[self.draw(st.integers(0, len(permuted.sboxes) - 1))], *permuted.state)

    def product(self) -> None:
        left, right = self.one(), self.one()
        product = self.draw(st.sampled_from([self.assembler.multiply(left, right), self.one()]))
        self.assembler.assert_product(left, right, product, rule=self.rule())

    def equality(self) -> None:
        cell = self.one()
        self.assembler.assert_equal(cell, self.draw(st.sampled_from([cell, self.one()])), rule=self.rule())


Made = Cell | Sequence[Cell] | None

STEPS: tuple[Callable[[Drawing], Made], ...] = (
    lambda d: d.assembler.constant(d.number()),
    lambda d: d.assembler.add(d.one(), d.one()),
    lambda d: d.assembler.subtract(d.one(), d.one()),
    lambda d: d.assembler.multiply(d.one(), d.one()),
    lambda d: d.assembler.invert(d.one(), rule=d.rule()),
    lambda d: d.assembler.invert_or_zero(d.one()),
    lambda d: d.assembler.combine([(d.number(), cell) for cell in d.few(1, 6)], d.number()),
    lambda d: d.assembler.select(d.one(), d.one(), d.one()),
    lambda d: d.assembler.compare_less(d.one(), d.one()),
    lambda d: d.assembler.compare_equal(d.one(), d.one()),
    lambda d: d.assembler.compare_zero(d.one()),
    lambda d: d.assembler.take_minimum(d.one(), d.one()),
    lambda d: d.assembler.take_maximum(d.one(), d.one()),
    lambda d: d.assembler.divide(d.one(), d.one(), rule=d.rule()),
    lambda d: d.assembler.look_up([d.number(), d.number()], d.small(), rule=d.rule()),
    lambda d: d.assembler.pick(d.few(1, 4), d.small(), rule=d.rule()),
    lambda d: d.assembler.permute(d.few(2, 17)),
    Drawing.digits,
    Drawing.trace,
    Drawing.product,
    Drawing.equality,
    lambda d: d.assembler.assert_less(d.one(), d.one(), rule=d.rule()),
    lambda d: d.assembler.assert_fits(d.one(), d.draw(st.integers(1, 253)), rule=d.rule()),
    lambda d: d.assembler.assert_nonzero(d.one(), rule=d.rule()),
)
"""One more operation over what there is."""


def flatten(made: Made) -> Sequence[Cell]:
    """The cells of a step that makes one, several or none."""
    return () if made is None else (made,) if isinstance(made, int) else made


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A program of up to a dozen steps over up to three inputs."""
    assembler = Assembler()
    inputs: dict[str, list[int]] = {}
    cells: list[Cell] = [ONE]
    for name in ("first", "second", "third")[: draw(st.integers(0, 3))]:
        size, bits = draw(st.integers(1, 3)), draw(st.sampled_from([1, 8, 64, 128, 253, 254]))
        cells += assembler.declare_inputs(name, size, bits)
        elements = numbers.map((1 << bits).__rmod__)
        inputs[name] = draw(st.lists(elements, min_size=size, max_size=size))
    for _ in range(draw(st.integers(0, 12))):
        cells += flatten(draw(st.sampled_from(STEPS))(Drawing(assembler, draw, cells)))
    chosen = st.lists(st.sampled_from(cells), max_size=6)
    program = assembler.finish(
        made_for=draw(st.binary(min_size=32, max_size=32)),
        outputs=draw(chosen),
        public_inputs=draw(chosen),
        private_inputs=draw(chosen),
        internals=draw(st.permutations(cells)),
    )
    return Case(program, inputs)
