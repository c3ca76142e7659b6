"""A structure has one body, whatever the order in which its legs were given."""

from fractions import Fraction
from itertools import permutations

import pytest

from facts.packing import LEG
from facts.structure import EXPIRY_BITS, NO_LEG, StructureBody, StructureLeg, quantise_leg, quantise_structure
from margin.bounds import MAX_LEGS, MAX_PRICE
from margin.contracts import Side
from margin.errors import Reason
from margin.payoff import Leg, LegKind, Structure
from tests.facts.refusals import refused

LOW = StructureLeg(LegKind.PUT, Side.LONG, 2, 80)
HIGH = StructureLeg(LegKind.CALL, Side.SHORT, 1, 120)
SAME = StructureLeg(LegKind.UNDERLYING, Side.LONG, 1, 120)


def test_legs_stand_by_rising_strike_after_the_empty_places() -> None:
    slots = StructureBody(1, 2, (HIGH, LOW)).slots
    assert slots == (*[NO_LEG] * (MAX_LEGS - 2), LOW.parts, HIGH.parts)


def test_the_order_of_the_legs_makes_no_difference() -> None:
    assert len({StructureBody(1, 2, legs).encode() for legs in permutations((LOW, HIGH, SAME))}) == 1


def test_every_number_of_a_structure_counts() -> None:
    bodies = [
        StructureBody(1, 2, (LOW, HIGH)),
        StructureBody(2, 2, (LOW, HIGH)),
        StructureBody(1, 3, (LOW, HIGH)),
        StructureBody(1, 2, (LOW,)),
        StructureBody(1, 2, (LOW, SAME)),
        StructureBody(1, 2, (StructureLeg(LegKind.PUT, Side.SHORT, 2, 80), HIGH)),
        StructureBody(1, 2, (StructureLeg(LegKind.CALL, Side.LONG, 2, 80), HIGH)),
        StructureBody(1, 2, (StructureLeg(LegKind.PUT, Side.LONG, 3, 80), HIGH)),
        StructureBody(1, 2, (StructureLeg(LegKind.PUT, Side.LONG, 2, 81), HIGH)),
    ]
    assert len({body.encode() for body in bodies}) == len(bodies)


def test_no_leg_is_all_zeros_and_a_leg_never_is() -> None:
    assert LEG.encode(NO_LEG) == 0
    assert LEG.encode(StructureLeg(LegKind.UNDERLYING, Side.LONG, 1, 0).parts) == 1


def test_quantities_and_strikes_are_whole_lots_and_ticks() -> None:
    legs = (Leg(LegKind.CALL, Side.LONG, Fraction(1, 10), Fraction(60_000)),)
    body = quantise_structure(Structure(legs), market_id=1, expiry=2, lot=Fraction(1, 100), tick=Fraction(5))
    assert body.legs == (StructureLeg(LegKind.CALL, Side.LONG, 10, 12_000),)
    assert refused(quantise_leg, legs[0], lot=Fraction(1, 3), tick=Fraction(5)) == (Reason.NOT_ON_GRID, "quantity")
    assert refused(quantise_leg, legs[0], lot=Fraction(1, 10), tick=Fraction(7)) == (Reason.NOT_ON_GRID, "strike")


@pytest.mark.parametrize(
    ("kind", "quantity", "strike", "field"),
    [
        (LegKind.CALL, 0, 1, "quantity"),
        (LegKind.CALL, 2**64, 1, "quantity"),
        (LegKind.PUT, 1, 0, "strike"),
        (LegKind.UNDERLYING, 1, -1, "strike"),
        (LegKind.UNDERLYING, 1, MAX_PRICE + 1, "strike"),
    ],
)
def test_the_bounds_of_a_leg(kind: LegKind, quantity: int, strike: int, field: str) -> None:
    assert refused(StructureLeg, kind, Side.LONG, quantity, strike) == (Reason.OUT_OF_BOUNDS, field)


def test_the_bounds_of_a_structure() -> None:
    assert refused(StructureBody, 0, 2, (LOW,)) == (Reason.OUT_OF_BOUNDS, "market_id")
    assert refused(StructureBody, 1, 1 << EXPIRY_BITS, (LOW,)) == (Reason.OUT_OF_BOUNDS, "expiry")
    assert refused(StructureBody, 1, 2, ()) == (Reason.WRONG_COUNT, "legs")
    assert refused(StructureBody, 1, 2, (LOW,) * (MAX_LEGS + 1)) == (Reason.WRONG_COUNT, "legs")
