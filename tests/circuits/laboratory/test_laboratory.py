"""The laboratory finds the holes that circuits are known to have had, and leaves sound ones alone."""

from collections.abc import Callable

import pytest

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.comparison import is_zero
from circuits.gadgets.ranges import enforce_at_most, enforce_fits
from circuits.gadgets.signed import with_sign
from circuits.signal import Bit, Bounded, Signal
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.laboratory.determination import Determination
from tests.circuits.laboratory.examination import UnsoundError, examine
from tests.circuits.laboratory.forging import cover_up, forge
from tests.circuits.laboratory.mutation import find_answers
from tests.circuits.laboratory.overflow import measure_widest
from tests.circuits.laboratory.roots import square_roots
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.laboratory.system import Assignment, Inputs, System
from tests.circuits.laboratory.text import Text

Define = Callable[[Builder], None]


def sound(builder: Builder) -> None:
    secret = builder.private("secret", Element(), "known to the prover")
    limit = builder.public("limit", Uint(8), "how much it may be")
    amount = builder.private("amount", Uint(8), "how much it is")
    enforce_at_most(amount, limit, rule="within_limit")
    commitment = builder.public("commitment", Element(), "H(secret, amount)")
    builder.enforce_equal(builder.hash_inputs([secret, amount]), commitment, rule="commitment_opens")


def sound_inputs(amount: int, limit: int) -> Inputs:
    return {"secret": 5, "amount": amount, "limit": limit, "commitment": hash_inputs([5, amount])}


SOUND = Specimen(
    Text("sound", sound),
    honest=[sound_inputs(7, 7), sound_inputs(0, 255)],
    broken=[("within_limit", sound_inputs(8, 7)), ("commitment_opens", {**sound_inputs(7, 7), "secret": 6})],
)


def test_a_sound_statement_passes_and_everything_was_tried() -> None:
    report = examine(SOUND)
    assert report.single["tried"] > 1000
    assert report.pairs["tried"] > 500
    assert report.public["tried"] == 2 * 2 * 3
    assert report.lies["told"] > 10
    assert not any(counter["free"] for counter in (report.single, report.pairs, report.public, report.lies))
    assert report.open_wires == {}
    assert report.deletions is not None
    assert report.deletions.unnoticed == set()
    assert report.widest == 8


def unheld_bit(builder: Builder) -> None:
    """Digits that nobody holds to 0 and 1."""
    value = builder.public("value", Element(), "a number")
    low, high = (Signal(builder, digit) for digit in builder.engine.compute_digits(value.expression, 2, "fits"))
    builder.enforce_equal(low + 2 * high, value, rule="is_sum")
    builder.enforce_product(low, low - 1, 0, rule="low_is_bit")
    builder.enforce_product(high, value, builder.private("seen", Element(), "of the second digit"), rule="is_seen")


def unheld_quotient(builder: Builder) -> None:
    """A remainder that is in its range, and a quotient that may be anything."""
    value = builder.public("value", Uint(16), "a number")
    remainder = builder.public("remainder", Element(), "by 7")
    parts = builder.engine.compute_division(value.expression, builder.engine.constant(7), "divides")
    quotient, rest = (Signal(builder, part) for part in parts)
    enforce_at_most(enforce_fits(rest, 3, rule="small"), 6, rule="below_seven")
    builder.enforce_equal(rest, remainder, rule="is_remainder")
    builder.enforce_product(quotient, builder.element(7), value - rest, rule="is_sum")
    builder.enforce_product(quotient, remainder, quotient * remainder, rule="used")


def assigned_only(builder: Builder) -> None:
    """A comparison that is computed and held to be a bit, and nothing else."""
    amount = builder.public("amount", Uint(8), "a number")
    least = builder.public("least", Uint(8), "the least")
    enough = builder.engine.compute_less(least.expression, amount.expression)
    builder.hold_bit(enough)
    answer = builder.public("answer", Flag(), "whether it is enough")
    builder.enforce_product(Bit(builder, enough), answer, answer, rule="answer_is_true")


def loose_input(builder: Builder) -> None:
    """A number that is called 8 bits and held to none."""
    number = Bounded(builder, builder.engine.declare("number", 1, 8, public=False, meaning="")[0], 0, 255)
    square = builder.public("square", Element(), "its square")
    builder.enforce_equal(number * number, square, rule="is_square")


HOLES: dict[str, tuple[Define, list[Inputs], list[tuple[str, Inputs]], set[str], str]] = {
    "a digit that is no bit": (
        unheld_bit,
        [{"value": 2, "seen": 2}],
        [("fits", {"value": 4, "seen": 2}), ("is_seen", {"value": 2, "seen": 1})],
        {"is_sum", "low_is_bit"},
        "altered and nothing breaks|nothing determines",
    ),
    "a quotient without a range": (
        unheld_quotient,
        [{"value": 23, "remainder": 2}],
        [("is_remainder", {"value": 23, "remainder": 3})],
        {"divides", "small", "below_seven", "is_sum", "used"},
        "the constraints take what breaks a rule: is_remainder",
    ),
    "assigned and not constrained": (
        assigned_only,
        [{"amount": 9, "least": 8, "answer": 0}],
        [("answer_is_true", {"amount": 8, "least": 8, "answer": 1})],
        set(),
        "altered and nothing breaks",
    ),
    "an input that nothing holds to its range": (
        loose_input,
        [{"number": 3, "square": 9}],
        [("is_square", {"number": 3, "square": 10})],
        set(),
        "held to no range",
    ),
}


@pytest.mark.parametrize("name", HOLES)
def test_known_holes_are_found(name: str) -> None:
    define, honest, broken, stray, complaint = HOLES[name]
    specimen = Specimen(Text(name, define), honest, broken, stray_rules=dict.fromkeys(stray, "not the point here"))
    with pytest.raises(UnsoundError, match=complaint):
        examine(specimen)


def test_a_rule_without_an_example_is_missed() -> None:
    with pytest.raises(UnsoundError, match="no example breaks: commitment_opens"):
        examine(Specimen(SOUND.statement, SOUND.honest, SOUND.broken[:1]))


def doubled(builder: Builder) -> None:
    left, right = (builder.public(name, Element(), "a factor") for name in ("left", "right"))
    product = builder.public("product", Element(), "their product")
    builder.enforce_product(left, right, product, rule="is_product")
    builder.enforce_product(left * 2, right, product * 2, rule="is_product_again")


def test_a_constraint_that_nothing_needs_asks_for_a_reason() -> None:
    honest: list[Inputs] = [{"left": 2, "right": 3, "product": 6}]
    broken: list[tuple[str, Inputs]] = [("is_product", {"left": 2, "right": 3, "product": 7})]
    stray = {"is_product_again": "the other breaks first"}
    with pytest.raises(UnsoundError, match="nothing notices without: is_product"):
        examine(Specimen(Text("doubled", doubled), honest, broken, stray_rules=stray))
    reasons = {"is_product": "says the same", "is_product_again": "says the same"}
    examine(Specimen(Text("doubled", doubled), honest, broken, stray_rules=stray, redundant=reasons))


def test_a_reason_for_what_is_needed_is_refused() -> None:
    with pytest.raises(UnsoundError, match="needed after all: within_limit"):
        examine(
            Specimen(
                SOUND.statement,
                SOUND.honest,
                SOUND.broken,
                redundant={"within_limit": "it is not"},
            )
        )


def zero_test(builder: Builder) -> None:
    number, answer = (builder.public(name, Element(), "") for name in ("number", "answer"))
    builder.enforce_equal(is_zero(number), answer, rule="answer_is_true")


def test_the_inverse_of_zero_is_free_and_no_other() -> None:
    broken: list[tuple[str, Inputs]] = [
        ("answer_is_true", {"number": 0, "answer": 0}),
        ("answer_is_true", {"number": 3, "answer": 1}),
    ]
    zero: Inputs = {"number": 0, "answer": 1}
    other: Inputs = {"number": 3, "answer": 0}
    assert examine(Specimen(Text("zero", zero_test), [zero], broken)).single["free"] > 0
    assert examine(Specimen(Text("zero", zero_test), [other], broken)).single["free"] == 0


def two_sums(builder: Builder) -> None:
    moved, first, second = (
        with_sign(builder.private(f"{name}_sign", Flag(), ""), builder.private(name, Uint(8), ""))
        for name in ("moved", "first", "second")
    )
    builder.enforce_equal(moved, first, rule="first_is_moved")
    builder.enforce_equal(moved, second, rule="second_is_moved")


def test_two_sums_are_covered_up_by_one_product_that_is_none() -> None:
    system = System(Text("two_sums", two_sums))
    signs = {"moved_sign": 0, "first_sign": 0, "second_sign": 0}
    broken = {**signs, "moved": 5, "first": 7, "second": 7}
    assert len(Assignment(system, forge(system, broken)).broken()) == 2
    covered = [Assignment(system, values).broken() for values in cover_up(system, broken, "first_is_moved")]
    assert sorted(map(len, covered)) == [1, 2]


@pytest.mark.parametrize(("most", "count"), [((GROUP_ORDER >> 200) - 1, 0), (GROUP_ORDER >> 200, 310)])
def test_ends_of_an_element_are_determined_where_their_sum_is_below_the_field(most: int, count: int) -> None:
    def ends(builder: Builder) -> None:
        value = builder.public("value", Element(), "an element")
        parts = builder.engine.compute_division(value.expression, builder.engine.constant(1 << 200), "split")
        high, low = (Signal(builder, part) for part in parts)
        enforce_at_most(enforce_fits(high, 54, rule="high"), most, rule="high_below_field")
        enforce_fits(low, 200, rule="low")
        builder.enforce_equal(high * (1 << 200) + low, value, rule="is_sum")

    assert len(Determination(System(Text("ends", ends))).undetermined()) == count


@pytest.mark.parametrize("value", [0, 4])
def test_the_answer_of_a_zero_test_goes_into_a_range(value: int) -> None:
    def counted(builder: Builder) -> None:
        answer = is_zero(builder.public("value", Uint(8), "a number"))
        enforce_fits(5 * answer + 1, 3, rule="small")

    assert measure_widest(Text("counted", counted), [{"value": value}]) == 8


def test_what_breaks_is_found_without_evaluating_everything() -> None:
    system = System(SOUND.statement)
    values = system.find_witness(SOUND.honest[0])
    assignment = Assignment(system, values)
    for wire in system.wires[1::7]:
        altered = {**values, wire: (values[wire] + 5) % GROUP_ORDER}
        assert assignment.broken_after({wire: 5}, most=10**6) == Assignment(system, altered).broken()


def test_linked_pairs_keep_their_constraint() -> None:
    system = System(SOUND.statement)
    assignment = Assignment(system, system.find_witness(SOUND.honest[0]))
    answers = 0
    for place, constraint in enumerate(system.constraints):
        wires = sorted({wire for side in constraint[:3] for wire in side.terms} - {0})
        for answer in find_answers(assignment, place, wires[0], 12345, wires[-1]) if len(wires) > 1 else ():
            left, right, product = assignment.sides_after(place, {wires[0]: 12345, wires[-1]: answer})
            assert (left * right - product) % GROUP_ORDER == 0
            answers += 1
    assert answers > 100


@pytest.mark.parametrize("root", [0, 1, 2, 3, GROUP_ORDER - 1, GROUP_ORDER // 3, 2**200 + 7])
def test_square_roots(root: int) -> None:
    assert root in set(square_roots(root * root))
    if root:
        assert list(square_roots(5 * root * root)) == []
