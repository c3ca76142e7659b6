"""Every gadget as the smallest statement around it, with both sides of each boundary."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.comparison import (
    enforce_nonzero,
    is_at_least_zero,
    is_equal,
    is_less,
    is_zero,
    maximum,
    positive_part,
)
from circuits.gadgets.division import divide, divide_up, take_highest
from circuits.gadgets.fractions import divide_by_fixed, invert
from circuits.gadgets.lookup import apply_marginal_rates, apply_step_rates, find_row
from circuits.gadgets.membership import compute_root, enforce_one_of
from circuits.gadgets.ordering import enforce_rising, enforce_sorted, enforce_unique
from circuits.gadgets.packing import pack
from circuits.gadgets.ranges import enforce_at_most, enforce_between, enforce_fits, enforce_less
from circuits.gadgets.selection import both, either, enforce_one_hot, pick, select
from circuits.gadgets.signed import Signed
from circuits.signal import Signal
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.circuits.laboratory.specimen import Specimen, line_with
from tests.circuits.laboratory.system import Inputs
from tests.circuits.laboratory.text import Text

R = GROUP_ORDER
Broken = Sequence[tuple[str, Inputs]]
NEGATIVE_ZERO = "negative zero is zero"


def publish(builder: Builder, name: str, value: Signal) -> None:
    """What a gadget found is what the verifier is told."""
    builder.enforce_equal(value, builder.public(name, Element(), "what the gadget found"), rule=f"{name}_is_true")


def wrong(name: str, given: Inputs, *answers: int) -> Broken:
    """The same inputs with another answer."""
    return [(f"{name}_is_true", {**given, name: answer % R}) for answer in answers]


# --- Ranges --------------------------------------------------------------------------------------


def fits(builder: Builder) -> None:
    enforce_fits(builder.public("value", Element(), "any element"), 8, rule="fits")


def at_most(builder: Builder) -> None:
    enforce_at_most(*(builder.public(name, Uint(8), "a number") for name in ("smaller", "larger")), rule="ordered")


def less(builder: Builder) -> None:
    enforce_less(*(builder.public(name, Uint(8), "a number") for name in ("smaller", "larger")), rule="ordered")


def at_most_number(builder: Builder) -> None:
    enforce_at_most(builder.public("value", Uint(8), "a number"), 200, rule="ordered")


def between(builder: Builder) -> None:
    low, high = (builder.public(name, Element(), "an attested end") for name in ("low", "high"))
    enforce_between(low, builder.public("value", Uint(8), "a number"), high, 10, rule="between")


RANGES = [
    Specimen(
        Text("enforce_fits", fits),
        honest=[{"value": value} for value in (0, 1, 77, 255)],
        broken=[("fits", {"value": value}) for value in (256, R - 1, R // 2, 2**253)],
    ),
    Specimen(
        Text("enforce_at_most", at_most),
        honest=[{"smaller": low, "larger": high} for low, high in ((0, 0), (5, 5), (0, 255), (255, 255))],
        broken=[("ordered", {"smaller": low, "larger": high}) for low, high in ((6, 5), (1, 0), (255, 0), (255, 254))],
    ),
    Specimen(
        Text("enforce_less", less),
        honest=[{"smaller": low, "larger": high} for low, high in ((0, 1), (4, 5), (0, 255), (254, 255))],
        broken=[("ordered", {"smaller": low, "larger": high}) for low, high in ((5, 5), (0, 0), (255, 0), (255, 255))],
    ),
    Specimen(
        Text("enforce_at_most_number", at_most_number),
        honest=[{"value": value} for value in (0, 199, 200)],
        broken=[("ordered", {"value": value}) for value in (201, 255)],
    ),
    Specimen(
        Text("enforce_between", between),
        honest=[
            {"low": low % R, "value": 100, "high": high}
            for low, high in ((99, 100), (0, 200), (100 - 1024, 100 + 1023))
        ],
        broken=[
            ("between_above_low", {"low": 100, "value": 100, "high": 100}),
            ("between_above_low", {"low": (100 - 1025) % R, "value": 100, "high": 100}),
            ("between_at_most_high", {"low": 99, "value": 100, "high": 99}),
            ("between_at_most_high", {"low": 99, "value": 100, "high": 100 + 1024}),
        ],
    ),
]

# --- Comparison ----------------------------------------------------------------------------------


def zero(builder: Builder) -> None:
    publish(builder, "answer", is_zero(builder.public("value", Element(), "any element")))


def equal(builder: Builder) -> None:
    left, right = (builder.public(name, Element(), "any element") for name in ("left", "right"))
    publish(builder, "answer", is_equal(left, right))


def nonzero(builder: Builder) -> None:
    enforce_nonzero(builder.public("value", Element(), "any element"), rule="is_something")


def sign(builder: Builder) -> None:
    publish(builder, "answer", is_at_least_zero(builder.public("value", Signed(8), "a number").value()))


def smaller(builder: Builder) -> None:
    left, right = (builder.public(name, Uint(8), "a number") for name in ("left", "right"))
    publish(builder, "answer", is_less(left, right))


def larger(builder: Builder) -> None:
    left, right = (builder.public(name, Uint(8), "a number") for name in ("left", "right"))
    publish(builder, "answer", maximum(left, right))


def positive(builder: Builder) -> None:
    publish(builder, "answer", positive_part(builder.public("value", Signed(8), "a number").value()))


def signed(value: int) -> Inputs:
    """A signed number as it is declared."""
    return {"value": abs(value), "value_negative": int(value < 0)}


def two(left: int, right: int) -> Inputs:
    """Two numbers."""
    return {"left": left, "right": right}


def answered(
    name: str, define: Callable[[Builder], None], cases: Sequence[tuple[Inputs, int]], stray: Sequence[str] = ()
) -> Specimen:
    """A gadget that answers: every case with its answer, and with wrong ones."""
    broken = chain.from_iterable(wrong("answer", given, answer + 1, answer - 1, 0) for given, answer in cases)
    return Specimen(
        Text(name, define),
        honest=[{**given, "answer": answer % R} for given, answer in cases],
        broken=[(rule, given) for rule, given in broken if (given not in [{**g, "answer": a % R} for g, a in cases])],
        free={name: NEGATIVE_ZERO for given, _ in cases for name in given if name.endswith("_negative")},
        stray_rules=dict.fromkeys(stray, "the range follows from what is known when the circuit is built"),
    )


COMPARISONS = [
    answered("is_zero", zero, [({"value": 0}, 1), ({"value": 1}, 0), ({"value": R - 1}, 0)]),
    answered("is_equal", equal, [(two(5, 5), 1), (two(5, 6), 0), (two(0, R - 1), 0)]),
    Specimen(
        Text("enforce_nonzero", nonzero),
        honest=[{"value": value} for value in (1, 2, R - 1)],
        broken=[("is_something", {"value": 0})],
    ),
    answered(
        "is_at_least_zero",
        sign,
        [(signed(value), int(value >= 0)) for value in (-255, -1, 0, 1, 255)],
        ["comparison_fits"],
    ),
    answered(
        "is_less",
        smaller,
        [(two(*pair), int(pair[0] < pair[1])) for pair in ((0, 0), (0, 1), (1, 0), (255, 0), (0, 255), (255, 255))],
        ["comparison_fits"],
    ),
    answered(
        "maximum",
        larger,
        [(two(*pair), max(pair)) for pair in ((0, 0), (7, 8), (8, 7), (255, 0), (0, 255))],
        ["comparison_fits"],
    ),
    answered(
        "positive_part",
        positive,
        [(signed(value), max(value, 0)) for value in (-255, -1, 0, 1, 255)],
        ["comparison_fits"],
    ),
]

# --- Division ------------------------------------------------------------------------------------

DIVISION_RULES = ("by_quotient", "by_remainder", "by_remainder_below_divisor")


def divided(builder: Builder) -> None:
    dividend = builder.public("dividend", Uint(16), "a number")
    quotient, remainder = divide(dividend, builder.public("divisor", Uint(6), "a number"), rule="by")
    publish(builder, "answer", quotient)
    publish(builder, "remainder", remainder)


def divided_by_seven(builder: Builder) -> None:
    quotient, remainder = divide(builder.public("dividend", Uint(16), "a number"), 7, rule="by")
    publish(builder, "answer", quotient + remainder * 65536)


def divided_by_eight(builder: Builder) -> None:
    quotient, remainder = divide(builder.public("dividend", Uint(16), "a number"), 8, rule="by")
    publish(builder, "answer", quotient + remainder * 65536)


def divided_up(builder: Builder) -> None:
    publish(builder, "answer", divide_up(builder.public("value", Signed(8), "a number").value(), 7, rule="by"))


def highest(builder: Builder) -> None:
    publish(builder, "answer", take_highest(builder.public("value", Element(), "an element"), 200, rule="split"))


DIVIDED = [(0, 1), (5, 7), (7, 7), (1000, 7), (65535, 63), (65535, 1), (62, 63), (63, 63)]
DIVISIONS = [
    Specimen(
        Text("divide", divided),
        honest=[
            {"dividend": value, "divisor": by, "answer": value // by, "remainder": value % by} for value, by in DIVIDED
        ],
        broken=[
            ("by", {"dividend": 5, "divisor": 0, "answer": 0, "remainder": 5}),
            ("answer_is_true", {"dividend": 14, "divisor": 7, "answer": 1, "remainder": 7}),
            ("answer_is_true", {"dividend": 14, "divisor": 7, "answer": 3, "remainder": R - 7}),
            ("answer_is_true", {"dividend": 15, "divisor": 7, "answer": 15 * pow(7, -1, R) % R, "remainder": 0}),
            ("remainder_is_true", {"dividend": 15, "divisor": 7, "answer": 2, "remainder": 0}),
        ],
        stray_rules=dict.fromkeys(DIVISION_RULES, "the hints of an honest prover are in range"),
    ),
    answered(
        "divide_by_number",
        divided_by_seven,
        [({"dividend": value}, value // 7 + value % 7 * 65536) for value in (0, 6, 7, 65535)],
        ["by", *DIVISION_RULES],
    ),
    answered(
        "divide_by_power_of_two",
        divided_by_eight,
        [({"dividend": value}, value // 8 + value % 8 * 65536) for value in (0, 7, 8, 65535)],
        ["by", *DIVISION_RULES[:2]],
    ),
    answered(
        "divide_up",
        divided_up,
        [(signed(value), -(-value // 7)) for value in (-255, -8, -7, -1, 0, 1, 7, 8, 255)],
        ["by", *DIVISION_RULES],
    ),
    Specimen(
        Text("take_highest", highest),
        honest=[
            {"value": value, "answer": value >> 200} for value in (0, 2**200 - 1, 2**200, (R >> 200 << 200) - 1, 3**150)
        ],
        broken=[
            ("split_below_field", {"value": R - 1, "answer": R >> 200}),
            ("answer_is_true", {"value": 2**200, "answer": 0}),
            ("answer_is_true", {"value": 2**200 - 1, "answer": 1}),
            ("answer_is_true", {"value": 5, "answer": R >> 200}),
        ],
        stray_rules=dict.fromkeys(("split", "split_high", "split_rest"), "a hint keeps it; a lie breaks it"),
    ),
]

# --- Fractions of the field ----------------------------------------------------------------------


def divided_in_the_field(builder: Builder) -> None:
    numerator, denominator = (builder.public(name, Element(), "any element") for name in ("numerator", "denominator"))
    publish(builder, "answer", divide_by_fixed(numerator, denominator, rule="is_the_quotient"))


def inverted(builder: Builder) -> None:
    publish(builder, "answer", invert(builder.public("value", Element(), "any element"), rule="has_inverse"))


def fraction(numerator: int, denominator: int) -> Inputs:
    """Two elements."""
    return {"numerator": numerator, "denominator": denominator}


def with_zero_below(specimen: Specimen, rule: str, *given: Inputs) -> Specimen:
    """What is divided by 0, whatever is said to come of it."""
    broken = [(rule, {**each, "answer": answer}) for each in given for answer in (0, 1)]
    return replace(specimen, broken=[*specimen.broken, *broken])


FRACTIONS = [
    replace(
        with_zero_below(
            answered(
                "divide_by_fixed",
                divided_in_the_field,
                [
                    (fraction(above, below), above * pow(below, -1, R))
                    for above, below in ((6, 3), (0, 5), (1, R - 1), (5, 7))
                ],
            ),
            "is_the_quotient",
            fraction(1, 0),
        ),
        free={"denominator": "0 divided by anything is 0"},
        argued={line_with(divided_in_the_field, "publish("): "the challenge is drawn when the denominator is fixed"},
    ),
    with_zero_below(
        answered("invert", inverted, [({"value": value}, pow(value, -1, R)) for value in (1, 2, R - 1, 5)]),
        "has_inverse",
        {"value": 0},
    ),
]

# --- Selection and signs -------------------------------------------------------------------------


def selected(builder: Builder) -> None:
    chooser = builder.public("chooser", Flag(), "which of the two")
    one, none = (builder.public(name, Uint(8), "a number") for name in ("one", "zero"))
    publish(builder, "answer", select(chooser, one, none))


def both_and_either(builder: Builder) -> None:
    left, right = (builder.public(name, Flag(), "a bit") for name in ("left", "right"))
    publish(builder, "answer", both(left, right) + 2 * either(left, right))


def picked(builder: Builder) -> None:
    hot = enforce_one_hot(builder.public_list("hot", Flag(), 3, "which of three"), rule="exactly_one")
    publish(builder, "answer", pick(hot, builder.public_list("values", Uint(8), 3, "numbers")))


def picked_number(builder: Builder) -> None:
    hot = enforce_one_hot(builder.public_list("hot", Flag(), 3, "which of three"), rule="exactly_one")
    publish(builder, "answer", pick(hot, [builder.constant(number) for number in (5, 7, 11)]))


def signs(builder: Builder) -> None:
    publish(builder, "answer", builder.public("value", Signed(8), "a number").value())


def one_hot(place: int, **more: int | list[int]) -> Inputs:
    """One bit of three."""
    return {"hot": [int(each == place) for each in range(3)], **more}


def with_bad_bits(specimen: Specimen) -> Specimen:
    """No bit, and two."""
    given = specimen.honest[0]
    bad = [("exactly_one", {**given, "hot": hot}) for hot in ([0, 0, 0], [1, 1, 0], [1, 1, 1])]
    return Specimen(specimen.statement, specimen.honest, [*specimen.broken, *bad])


SELECTIONS = [
    answered(
        "select",
        selected,
        [({"chooser": 1, "one": 5, "zero": 9}, 5), ({"chooser": 0, "one": 5, "zero": 9}, 9)],
    ),
    answered(
        "both_and_either",
        both_and_either,
        [(two(*pair), (pair[0] & pair[1]) + 2 * (pair[0] ^ pair[1])) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))],
    ),
    with_bad_bits(
        answered("pick", picked, [(one_hot(place, values=[4, 9, 255]), (4, 9, 255)[place]) for place in range(3)])
    ),
    with_bad_bits(answered("pick_number", picked_number, [(one_hot(place), (5, 7, 11)[place]) for place in range(3)])),
    answered("signed", signs, [(signed(value), value) for value in (-255, -1, 0, 1, 255)]),
]

# --- Packing, order, membership, hashes ----------------------------------------------------------


def packed(builder: Builder) -> None:
    first, second = (builder.private(name, Uint(4), "a number") for name in ("first", "second"))
    publish(builder, "answer", pack([(first, 4), (second, 4)]))


def in_order(builder: Builder) -> None:
    enforce_sorted(builder.public_list("values", Uint(8), 3, "numbers"), rule="sorted")


def in_strict_order(builder: Builder) -> None:
    enforce_unique(builder.public_list("values", Uint(8), 3, "numbers"), rule="unique")


def rising(builder: Builder) -> None:
    before = builder.public("before", Uint(8), "a number")
    values = builder.public_list("values", Element(), 2, "elements")
    publish(builder, "answer", enforce_rising(before, values, step_bits=4, bits=8, rule="rising")[-1])


def one_of(builder: Builder) -> None:
    value = builder.public("value", Element(), "an element")
    enforce_one_of(value, builder.public_list("choices", Element(), 4, "elements"), rule="among_them")


def member(builder: Builder) -> None:
    leaf = builder.private("leaf", Element(), "a leaf")
    publish(builder, "root", compute_root(builder, "tree", leaf, 2))


def hashed(builder: Builder) -> None:
    inputs = [builder.private(name, Element(), "an element") for name in ("first", "second")]
    publish(builder, "answer", builder.hash_inputs(inputs))


def risen(before: int, first: int, last: int) -> Inputs:
    """Two values after another."""
    return {"before": before, "values": [first, last], "answer": last}


def tree(leaf: int, place: int) -> Inputs:
    """Two levels of a tree with a leaf at one of eight places of each."""
    lower = [leaf if each == place else 100 + each for each in range(8)]
    upper = [hash_inputs(lower) if each == place else 200 + each for each in range(8)]
    return {"leaf": leaf, "tree": lower + upper, "root": hash_inputs(upper)}


def refute_tree(given: Inputs) -> Broken:
    """Another leaf, a parent that is not there, another root."""
    children = given["tree"]
    assert isinstance(children, list)
    swapped = [*children[:8], *[child + 1 for child in children[8:]]]
    return [
        ("tree_holds_leaf", {**given, "leaf": 8}),
        ("tree_holds_leaf", {**given, "tree": swapped, "root": hash_inputs(swapped[8:])}),
        ("root_is_true", {**given, "root": 9}),
    ]


OTHERS = [
    Specimen(
        Text("pack", packed),
        honest=[{"first": low, "second": high, "answer": low + 16 * high} for low, high in ((0, 0), (15, 0), (7, 15))],
        broken=wrong("answer", {"first": 15, "second": 1}, 15, 16, 47),
    ),
    Specimen(
        Text("enforce_sorted", in_order),
        honest=[{"values": values} for values in ([1, 1, 1], [0, 5, 255], [4, 4, 5])],
        broken=[("sorted", {"values": values}) for values in ([1, 0, 1], [0, 5, 4], [255, 0, 0])],
    ),
    Specimen(
        Text("enforce_unique", in_strict_order),
        honest=[{"values": values} for values in ([0, 1, 2], [0, 5, 255], [253, 254, 255])],
        broken=[("unique", {"values": values}) for values in ([1, 1, 2], [0, 5, 5], [255, 0, 1])],
    ),
    Specimen(
        Text("enforce_rising", rising),
        honest=[risen(0, 1, 2), risen(0, 16, 32), risen(253, 254, 255), risen(7, 8, 24)],
        broken=[
            *(("rising", risen(5, *values)) for values in ((5, 6), (6, 6), (4, 6), (22, 23), (6, 23))),
            *(("rising_within_8_bits", risen(before, before + 1, before + 2)) for before in (254, 255)),
            *wrong("answer", risen(0, 1, 2), 1, 3),
        ],
    ),
    Specimen(
        Text("enforce_one_of", one_of),
        honest=[{"value": value, "choices": [3, 100, R - 7, 8]} for value in (3, 100, R - 7, 8)],
        broken=[("among_them", {"value": value, "choices": [3, 100, R - 7, 8]}) for value in (0, 4, 7, R - 8)],
        free={"choices": "only the choice that is equal counts"},
    ),
    Specimen(
        Text("compute_root", member), honest=[tree(7, place) for place in (0, 4, 7)], broken=refute_tree(tree(7, 3))
    ),
    answered("hash_inputs", hashed, [({"first": 1, "second": 2}, hash_inputs([1, 2]))]),
]

# --- Tables --------------------------------------------------------------------------------------

FLOORS, RATES, CEILING = [0, 50, 120], [10, 20, 50], 250


def marginal(builder: Builder) -> None:
    value = builder.public("value", Uint(8), "a number")
    hot = find_row(value, FLOORS, CEILING, rule="tier")
    publish(builder, "answer", apply_marginal_rates(value, hot, FLOORS, RATES))


def step(builder: Builder) -> None:
    value = builder.public("value", Uint(8), "a number")
    publish(builder, "answer", apply_step_rates(value, find_row(value, FLOORS, CEILING, rule="tier"), RATES))


def charge_slices(value: int) -> int:
    """Slice by slice."""
    ends = [*FLOORS[1:], CEILING]
    return sum(rate * max(0, min(value, end) - floor) for floor, end, rate in zip(FLOORS, ends, RATES, strict=True))


def charge_whole(value: int) -> int:
    """The rate of the last floor below."""
    return value * max(rate for floor, rate in zip(FLOORS, RATES, strict=True) if floor < value)


TIERED = (1, 49, 50, 51, 120, 121, 250)


def tabled(name: str, define: Callable[[Builder], None], charge: Callable[[int], int]) -> Specimen:
    """A table with both sides of every floor."""
    known = answered(name, define, [({"value": value}, charge(value)) for value in TIERED])
    broken = [
        ("tier_above_floor", {"value": 0, "answer": 0}),
        ("tier_at_most_ceiling", {"value": 251, "answer": charge(251)}),
    ]
    return Specimen(known.statement, known.honest, [*known.broken, *broken])


TABLES = [tabled("look_up_marginal", marginal, charge_slices), tabled("look_up_step", step, charge_whole)]

GADGETS = {
    specimen.name: specimen for specimen in chain(RANGES, COMPARISONS, DIVISIONS, FRACTIONS, SELECTIONS, OTHERS, TABLES)
}
