"""From a text to constraints: nothing loose, nothing twice, and what is linear costs nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.builder import Builder, Element, Flag, Uint
from circuits.combination import ONE, Combination
from circuits.compile import compile_statement
from circuits.elimination import Elimination, wires_of
from circuits.errors import CircuitError
from circuits.recording import ZERO, Constraint
from circuits.signal import Signal
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from snark.poseidon.parameters import sboxes_of
from tests.circuits.laboratory.system import Assignment, System, evaluate
from tests.circuits.laboratory.text import Text
from tests.snark.shared_vectors import VECTORS, needs_vectors

Define = Callable[[Builder], None]


def count(define: Define) -> int:
    return compile_statement(Text("counted", define)).header.constraints


def two(builder: Builder) -> tuple[Signal, Signal]:
    return builder.public("x", Element(), "any"), builder.public("y", Element(), "any")


# --- Nothing loose -------------------------------------------------------------------------------


def unused_input(builder: Builder) -> None:
    x, y = two(builder)
    builder.private("idle", Element(), "nobody reads it")
    builder.enforce_product(x, y, 6, rule="product")


def unused_public(builder: Builder) -> None:
    x, _ = two(builder)
    builder.enforce_product(x, x, 9, rule="square")


def unused_signal(builder: Builder) -> None:
    x, y = two(builder)
    builder.enforce_product(x, y, 6, rule="product")
    _ = (x + 1) * y


def public_input_that_vanishes(builder: Builder) -> None:
    x, y = two(builder)
    builder.enforce_product(x, x, 9, rule="square")
    builder.enforce_equal(y, builder.private("same", Element(), "the same"), rule="same")


def same_name(builder: Builder) -> None:
    two(builder)
    builder.private("x", Element(), "again")


def impossible(builder: Builder) -> None:
    two(builder)
    builder.enforce_equal(builder.element(3), 4, rule="three_is_four")


@pytest.mark.parametrize(
    ("define", "found", "line"),
    [
        (unused_input, "input idle without a constraint", 2),
        (unused_public, "input y without a constraint", None),
        (unused_signal, "a signal that nothing uses", 3),
        (public_input_that_vanishes, "public input y that no constraint holds", None),
        (same_name, "two inputs x", 2),
        (impossible, "three_is_four", 2),
    ],
)
def test_what_is_loose_is_refused(define: Define, found: str, line: int | None) -> None:
    with pytest.raises(CircuitError, match=found) as refusal:
        compile_statement(Text("loose", define))
    if line is not None:
        assert f"test_compile.py:{define.__code__.co_firstlineno + line}" in str(refusal.value)


def test_rules_and_inputs_bear_their_scopes() -> None:
    def define(builder: Builder) -> None:
        with builder.scope("lock"), builder.scope("first"):
            x = builder.public("amount", Uint(4), "a number")
            builder.enforce_product(x, x, 9, rule="is_three")

    system = System(Text("scoped", define))
    assert set(system.input_names.values()) == {"lock.first.amount"}
    rules = {step.rule for step in system.recording.steps}
    assert rules == {"lock.first.is_three", "lock.first.amount_fits_4_bits"}


# --- Nothing twice, and nothing for what is linear -----------------------------------------------


def test_linear_rules_cost_nothing() -> None:
    def linear(builder: Builder) -> None:
        x, y = two(builder)
        private = builder.private_list("parts", Element(), 4, "any")
        builder.enforce_equal(private[0] + 5 * private[1] - x, y * 3, rule="first")
        builder.enforce_equal(private[2] + private[3], private[0], rule="second")
        builder.enforce_product(private[1] * x, private[2] + y, private[3], rule="product")

    assert count(linear) == 2


def test_products_and_hashes_are_shared() -> None:
    def products(builder: Builder) -> None:
        x, y = two(builder)
        same = [x * y, y * x, (x + 0) * (y * 1)]
        builder.enforce_product(same[0] + 1, same[1] + same[2], 12, rule="product")

    def hashes(builder: Builder) -> None:
        x, y = two(builder)
        builder.enforce_equal(builder.hash_inputs([x]) + builder.hash_inputs([x]), y, rule="hash")

    assert count(products) == 2
    assert count(hashes) == 213


def test_a_product_with_a_number_is_free() -> None:
    def scaled(builder: Builder) -> None:
        x, y = two(builder)
        builder.enforce_product(builder.constant(3) * x + 7, y * builder.element(5), 12, rule="product")

    assert count(scaled) == 1


def test_bits_of_the_same_value_are_shared() -> None:
    def bits(builder: Builder) -> None:
        x, y = two(builder)
        builder.enforce_bits(x + y, 8, rule="sum_fits")
        builder.enforce_bits(y + x, 8, rule="sum_fits_again")

    assert count(bits) == 8


# --- Elimination keeps the solutions -------------------------------------------------------------

SMALL = st.integers(-3, 3)


@dataclass(frozen=True)
class Small:
    """A small system: each constraint as three rows of coefficients for one, and wires 1 to 5; some are linear."""

    rows: list[tuple[list[int], list[int], list[int]]]

    def constraints(self) -> list[Constraint]:
        return [
            Constraint(row(left), Combination.of_constant(1), ZERO, None, "")
            if not any(right)
            else Constraint(row(left), row(right), row(product), None, "")
            for left, right, product in self.rows
        ]


def row(numbers: list[int]) -> Combination:
    return Combination.sum_of(
        (number, Combination.of_wire(wire) if wire else Combination.of_constant(1))
        for wire, number in enumerate(numbers)
    )


rows = st.lists(SMALL, min_size=6, max_size=6)
linear_rows = st.tuples(rows, st.just([0] * 6), st.just([0] * 6))
systems = st.builds(Small, st.lists(linear_rows | st.tuples(rows, rows, rows), min_size=1, max_size=6))


def holds(constraints: list[Constraint], values: dict[int, int]) -> bool:
    return all(
        (evaluate(each.left, values) * evaluate(each.right, values) - evaluate(each.product, values)) % GROUP_ORDER == 0
        for each in constraints
    )


@settings(max_examples=100)
@given(systems, st.integers(0, 2**32))
def test_elimination_keeps_the_solutions(small: Small, seed: int) -> None:
    """Values of the wires that are left decide about the rest: both systems hold, or neither does."""
    before = small.constraints()
    linear = [each for each in before if each.right.constant == 1 and each.product is ZERO]
    chance = Random(seed)  # noqa: S311 -- no secret
    elimination = Elimination(before, frozenset({1}))
    after = list(elimination.run())
    assert not elimination.gone & {wire for each in after for wire in wires_of(each)}
    assert 1 not in elimination.gone
    values = {wire: chance.randrange(-2, 3) for wire in range(6)} | {ONE: 1}
    solved = solve_linear(linear, values, elimination.gone)
    assert holds(before, solved) == holds(after, solved)


def solve_linear(linear: list[Constraint], values: dict[int, int], gone: set[int]) -> dict[int, int]:
    """The values with those wires replaced that linear constraints decide, by Gauss and Jordan."""
    pending = [each.left for each in linear]
    solutions: dict[int, Combination] = {}
    for wire in sorted(gone):
        place = next(at for at, each in enumerate(pending) if wire in each.terms)
        held = pending.pop(place)
        factor = -pow(held.terms[wire], -1, GROUP_ORDER)
        solution = Combination({name: value for name, value in held.terms.items() if name != wire}) * factor
        pending = [each.replace(wire, solution) if wire in each.terms else each for each in pending]
        solutions = {
            name: each.replace(wire, solution) if wire in each.terms else each for name, each in solutions.items()
        }
        solutions[wire] = solution
    return values | {wire: evaluate(solution, values) for wire, solution in solutions.items()}


def test_a_contradiction_stays_one() -> None:
    left = row([1, 0, 1, 0, 0, 0])
    both = [Constraint(each, Combination.of_constant(1), ZERO, None, "") for each in (left, left + row([1] + [0] * 5))]
    after = Elimination(both, frozenset()).run()
    assert len(after) == 1
    assert not holds(list(after), {ONE: 1})


# --- Poseidon ------------------------------------------------------------------------------------

CIRCOM_COUNTS = {inputs: 3 * (sboxes_of(inputs + 1) - 1) for inputs in range(1, 17)}
"""What circom makes of circomlib's Poseidon with --O2: three for each S-box but the one whose input is a number."""


def test_the_counts_of_circom() -> None:
    assert [CIRCOM_COUNTS[inputs] for inputs in (1, 2, 3, 6, 8)] == [213, 240, 261, 354, 402]


def hash_text(width: int) -> Text:
    def define(builder: Builder) -> None:
        inputs = builder.private_list("inputs", Element(), width, "any")
        digest = builder.public("digest", Element(), "their hash")
        builder.enforce_equal(builder.hash_inputs(inputs), digest, rule="hash_is_true")

    return Text(f"hash_{width}", define)


@pytest.mark.parametrize("width", CIRCOM_COUNTS)
def test_a_hash_costs_no_more_than_circoms(width: int) -> None:
    assert compile_statement(hash_text(width)).header.constraints <= CIRCOM_COUNTS[width]


@needs_vectors
def test_hashes_are_circomlibs() -> None:
    vectors = json.loads((VECTORS / "poseidon_bn254.json").read_text(encoding="utf-8"))["vectors"]
    systems = {width: System(hash_text(width)) for width in CIRCOM_COUNTS}
    assert {vector["nInputs"] for vector in vectors} == systems.keys()
    for vector in vectors:
        inputs, digest = [int(value) for value in vector["inputs"]], int(vector["expected"])
        system = systems[len(inputs)]
        assignment = Assignment(system, system.find_witness({"inputs": inputs, "digest": digest}))
        assert assignment.broken() == []
        assert assignment.broken_after({system.public[0]: 1})


def test_a_hash_of_numbers_costs_nothing() -> None:
    def define(builder: Builder) -> None:
        x, y = two(builder)
        builder.enforce_product(x, y, builder.hash_inputs([builder.element(1), builder.element(2)]), rule="product")

    system = System(Text("constant", define))
    assert len(system.constraints) == 1
    values = {"x": hash_inputs([1, 2]), "y": 1}
    assert Assignment(system, system.find_witness(values)).broken() == []


def test_a_tag_saves_its_first_sbox() -> None:
    def define(builder: Builder) -> None:
        x, y = two(builder)
        builder.enforce_equal(builder.hash_inputs([builder.element(7), x]), y, rule="tagged")

    assert count(define) == CIRCOM_COUNTS[2] - 3


def test_flags_cost_one_constraint_each() -> None:
    def define(builder: Builder) -> None:
        flags = builder.public_list("flags", Flag(), 5, "bits")
        builder.enforce_product(flags[0], flags[1], flags[2], rule="and")

    assert count(define) == 6
