"""The gadgets that relations are made of, in the laboratory: packings, swaps, and ranges that narrow an interval."""

from itertools import product

import pytest

from circuits.builder import Builder, Element, Flag, Uint
from circuits.errors import CircuitError
from circuits.gadgets.packing import declare_packed, unpack
from circuits.gadgets.ranges import enforce_inside, limit_to
from circuits.gadgets.selection import swap
from circuits.recording import RecordingEngine
from circuits.signal import Bounded
from facts.packing import Packing
from tests.circuits.gadgets.specimens import R, answered, publish
from tests.circuits.laboratory.examination import examine
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.laboratory.text import Text

PACKING = Packing("three", (("flag", 1), ("small", 3), ("large", 4)))
MEANINGS = {"flag": "a bit", "small": "a number", "large": "a number"}


def declare_public(builder: Builder, *names: str) -> list[Bounded]:
    return [builder.public(name, Uint(8), "a number") for name in names]


def limited(builder: Builder) -> None:
    value, limit = declare_public(builder, "value", "limit")
    publish(builder, "answer", 2 * limit_to(value, limit, rule="limited"))


def inside(builder: Builder) -> None:
    low, value, high = declare_public(builder, "low", "value", "high")
    publish(builder, "answer", 2 * enforce_inside(low, value, high, rule="inside"))


def swapped(builder: Builder) -> None:
    chooser = builder.public("chooser", Flag(), "whether to swap")
    first, second = swap(chooser, *declare_public(builder, "left", "right"))
    publish(builder, "answer", first + 256 * second)


def declared(builder: Builder) -> None:
    numbers = declare_packed(builder, PACKING, MEANINGS)
    publish(builder, "answer", numbers.element)


def taken_apart(builder: Builder) -> None:
    numbers = unpack(builder.public("element", Element(), "three numbers"), PACKING, rule="falls_apart")
    publish(builder, "answer", numbers.bit("flag") + 10 * numbers["small"] + 100 * numbers["large"])


def parts_of(flag: int, small: int, large: int) -> dict[str, int]:
    return {"flag": flag, "small": small, "large": large}


def ordered(low: int, value: int, high: int) -> dict[str, int]:
    return {"low": low, "value": value, "high": high, "answer": 2 * value}


PARTS = [parts_of(*numbers) for numbers in product((0, 1), (0, 5, 7), (0, 9, 15))]
SPECIMENS = [
    Specimen(
        Text("limit_to", limited),
        honest=[{"value": value, "limit": limit, "answer": 2 * value} for value, limit in ((0, 0), (7, 7), (7, 255))],
        broken=[("limited", {"value": value, "limit": value - 1, "answer": 2 * value}) for value in (1, 8, 255)]
        + [("answer_is_true", {"value": 1, "limit": 1, "answer": 3})],
    ),
    Specimen(
        Text("enforce_inside", inside),
        honest=[ordered(*numbers) for numbers in ((0, 1, 1), (4, 5, 9), (4, 9, 9), (0, 255, 255))],
        broken=[
            ("inside_above_low", ordered(5, 5, 9)),
            ("inside_above_low", ordered(255, 9, 9)),
            ("inside_at_most_high", ordered(5, 10, 9)),
            ("inside_at_most_high", ordered(5, 255, 6)),
            ("answer_is_true", ordered(1, 2, 3) | {"answer": 5}),
        ],
    ),
    answered(
        "swap",
        swapped,
        [
            ({"chooser": 0, "left": 5, "right": 9}, 5 + 256 * 9),
            ({"chooser": 1, "left": 5, "right": 9}, 9 + 256 * 5),
            ({"chooser": 1, "left": 255, "right": 0}, 256 * 255),
        ],
    ),
    answered("declare_packed", declared, [(parts, PACKING.encode(parts)) for parts in PARTS]),
    Specimen(
        Text("unpack", taken_apart),
        honest=[
            {
                "element": PACKING.encode(parts),
                "answer": parts["flag"] + 10 * parts["small"] + 100 * parts["large"],
            }
            for parts in PARTS
        ],
        broken=[("falls_apart", {"element": element, "answer": 0}) for element in (1 << PACKING.bits, R - 1)]
        + [("answer_is_true", {"element": 0, "answer": 1})],
    ),
]


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda each: each.name)
def test_a_gadget_proves_what_it_says(specimen: Specimen) -> None:
    report = examine(specimen)
    assert report.deletions is not None
    assert not report.deletions.unnoticed


def test_intervals_follow_from_what_was_enforced() -> None:
    builder = Builder(RecordingEngine())
    low, value, high = (builder.private(name, Uint(8), "a number") for name in ("low", "value", "high"))
    narrowed = enforce_inside(low + 10, value, high - 100, rule="inside")
    assert (narrowed.low, narrowed.high) == (11, 155)
    left, right = swap(builder.private("bit", Flag(), "a bit"), builder.constant(1000), value)
    assert (left.low, left.high) == (right.low, right.high) == (0, 1000)


def test_a_part_of_several_bits_is_no_bit() -> None:
    numbers = declare_packed(Builder(RecordingEngine()), PACKING, MEANINGS)
    with pytest.raises(CircuitError):
        numbers.bit("small")
