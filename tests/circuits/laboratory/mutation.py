"""Altered witnesses: one wire at a time, two that a constraint links, and each public input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from circuits.elimination import wires_of
from snark.bn254.constants import GROUP_ORDER
from tests.circuits.laboratory.roots import square_roots
from tests.circuits.laboratory.system import Assignment, System

MOST_PAIRS = 6
"""Of a constraint with more pairs so many are drawn."""
Changes = dict[int, int]


@dataclass(slots=True)
class Mutations:
    """What became of altered witnesses."""

    tried: int = 0
    survivors: list[tuple[int, ...]] = field(default_factory=list)
    """The wires that were changed, and nothing broke."""
    lone: set[int] = field(default_factory=set)
    """Constraints that were the only one to break: without them the altered witness would pass."""

    def try_change(self, assignment: Assignment, changes: Changes) -> None:
        """One altered witness."""
        self.tried += 1
        broken = assignment.broken_after(changes)
        if not broken:
            self.survivors.append(tuple(changes))
        elif len(broken) == 1:
            self.lone.add(broken[0])


def change_single_wires(system: System, assignment: Assignment, chance: Random) -> Mutations:
    """Every wire but the constant one: one more, 0, r - 1, anything."""
    mutations = Mutations()
    for wire in system.wires[1:]:
        value = assignment.values[wire]
        for other in (value + 1, 0, GROUP_ORDER - 1, chance.randrange(GROUP_ORDER)):
            if (other - value) % GROUP_ORDER:
                mutations.try_change(assignment, {wire: other - value})
    return mutations


def change_public_inputs(system: System, assignment: Assignment, chance: Random) -> Mutations:
    """Each public input by itself."""
    mutations = Mutations()
    for wire in system.public:
        for change in (1, -1, chance.randrange(1, GROUP_ORDER)):
            mutations.try_change(assignment, {wire: change})
    return mutations


def change_linked_pairs(system: System, assignment: Assignment, chance: Random) -> Mutations:
    """Two wires of one constraint, so that this constraint still holds: others have to break."""
    mutations = Mutations()
    public = set(system.public)
    for place, constraint in enumerate(system.constraints):
        wires = sorted(wires_of(constraint) - public)
        for pair in draw_pairs(wires, chance):
            first, second = chance.sample(pair, 2)
            value = assignment.values[first]
            change = 1 - 2 * value if value in {0, 1} else chance.randrange(1, GROUP_ORDER)
            for answer in find_answers(assignment, place, first, change, second):
                mutations.try_change(assignment, {first: change, second: answer})
    return mutations


def change_claims(system: System, assignment: Assignment) -> set[int]:
    """A public input and another wire of its constraint, which still holds: constraints that break alone.

    A pair that breaks nothing is another claim that is true too, and proves nothing against the circuit.
    """
    mutations = Mutations()
    for wire in system.public:
        for place in system.uses[wire]:
            for other in sorted(wires_of(system.constraints[place]) - {wire}):
                for first, second in ((wire, other), (other, wire)):
                    change = 1 - 2 * assignment.values[first] if assignment.values[first] in {0, 1} else 1
                    for answer in find_answers(assignment, place, first, change, second):
                        mutations.try_change(assignment, {first: change, second: answer})
    return mutations.lone


def move_breach(assignment: Assignment, place: int) -> set[int]:
    """Of a witness that breaks one constraint: the others that it could break alone instead.

    A wire of the broken constraint is changed so that it holds; where that breaks one other, this one is all that stops
    the same false claim.
    """
    moved = Mutations()
    for wire in wires_of(assignment.system.constraints[place]):
        for answer in find_answers(assignment, place, wire, 0, wire):
            moved.try_change(assignment, {wire: answer})
    return moved.lone


def draw_pairs(wires: Sequence[int], chance: Random) -> Iterator[tuple[int, int]]:
    """All pairs, or some of many."""
    if len(wires) * (len(wires) - 1) <= 2 * MOST_PAIRS:
        yield from combinations(wires, 2)
        return
    for _ in range(MOST_PAIRS):
        first, second = chance.sample(wires, 2)
        yield first, second


def find_answers(assignment: Assignment, place: int, first: int, change: int, second: int) -> Iterator[int]:
    """How much the second wire has to grow when the first does, for the constraint to hold.

    With d the growth: (left + l * d) * (right + r * d) = product + p * d, of which every root but 0 is an answer.
    """
    constraint = assignment.system.constraints[place]
    left, right, product = assignment.sides_after(place, {first: change})
    in_left = constraint.left.terms.get(second, 0)
    in_right = constraint.right.terms.get(second, 0)
    square = in_left * in_right % GROUP_ORDER
    slope = (in_left * right + in_right * left - constraint.product.terms.get(second, 0)) % GROUP_ORDER
    rest = (left * right - product) % GROUP_ORDER
    if square:
        half = pow(2 * square, -1, GROUP_ORDER)
        roots: Iterator[int] = ((root - slope) * half for root in square_roots(slope * slope - 4 * square * rest))
    else:
        roots = iter([-rest * pow(slope, -1, GROUP_ORDER)] if slope else [])
    for root in roots:
        if root % GROUP_ORDER:
            yield root % GROUP_ORDER
