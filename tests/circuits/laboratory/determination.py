"""The search for a second witness: what do the inputs leave open?

The declared inputs are taken as known. A rule then says why a further wire can have one value only, given what is known
already, and names the constraints that make it so:

    linear      c * u = known, of constraints that are linear in what is not known
    digits      sum(2^i * b_i) = known, every b_i held to be a bit, and the sum below r
    inverse     known * u = c with a constant c that is not 0: known can't be 0 then
    fraction    f * d = known: f is known / d, if d is never 0, which the author has to argue
    zero test   x * i = p and x * (a + b * p) = 0: p is 0 where x is 0, and -a / b elsewhere
    division    q * d + m = known, q and m in ranges, m < d, and no wrap, or q < floor(r / d): both are unique
    table       rows that are one-hot bits, with a known number between the floors of the row: no two rows overlap

What no rule reaches is reported: a text is sound only where its author can say why that may be open. The rules are read
off the constraints as the text states them, before linear ones are solved, which has the same solutions; the steps of
the witness program only say where to look.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from circuits.combination import ONE, Combination
from circuits.elimination import wires_of
from circuits.recording import ZERO, Constraint, Declaration, Step, Task
from circuits.signal import HALF
from snark.bn254.constants import GROUP_ORDER
from snark.r1cs.program.definition import ANY_ELEMENT_BITS
from tests.circuits.laboratory.system import System, Values, evaluate

Places = frozenset[int]
GUIDES: Final = {Task.INVERSE_OR_ZERO, Task.FRACTION, Task.DIVIDE, Task.LESS}
UNIT: Final = Combination.of_constant(1)
NOTHING: Final = Constraint(ZERO, ZERO, ZERO, None, "")
"""A constraint that holds whatever the wires are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Wires that can have one value only, because of these constraints."""

    wires: frozenset[int]
    places: Places
    solve: Callable[[Values], Values]
    """The values of these wires, given all that was known before."""


class Determination:
    """What follows from the inputs; ``without`` says which constraints are not there."""

    def __init__(self, system: System, without: Places = frozenset()) -> None:
        self.system = system
        recording = system.recording
        self.ranges = system.ranges
        self.constraints: Sequence[Constraint] = [
            NOTHING if place in without else each for place, each in enumerate(recording.constraints)
        ]
        self.uses: dict[int, list[int]] = defaultdict(list)
        for place, constraint in enumerate(self.constraints):
            for wire in wires_of(constraint):
                self.uses[wire].append(place)
        self.bits = {wire: place for place, each in enumerate(self.constraints) for wire in held_to_be_bit(each)}
        self.steps = [step for step in recording.steps if step.task in GUIDES]
        self.steps_of: dict[int, list[Step]] = defaultdict(list)
        for step in self.steps:
            for constraint in (self.constraints[place] for wire in step.wires for place in self.uses[wire]):
                for wire in wires_of(constraint):
                    self.steps_of[wire].append(step)
        self.inputs = {wire for declared in recording.declarations for wire in declared.wires}
        self.held = {wire: why for wire, why in self.hold_inputs(recording.declarations) if why is not None}
        self.holding = frozenset(place for why in self.held.values() for place in why)
        self.findings: list[Finding] = []
        self.known = self.follow()
        self.findings_at: dict[int, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            for place in finding.places:
                self.findings_at[place].append(finding)

    def resolve(self, inputs: Values) -> Values:
        """All wires as the findings have them; what none has is 0. What found nothing may break."""
        values = dict.fromkeys(range(len(self.system.recording.lines)), 0) | inputs | {ONE: 1}
        for finding in self.findings:
            values |= finding.solve(values)
        return values

    def undetermined(self) -> list[int]:
        """The wires that nothing determines, or nothing but that no denominator is 0."""
        fractions = (step for step in self.steps if step.task is Task.FRACTION)
        assumed = {wire for step in fractions if not step.operands[0].constant for wire in step.wires}
        return [wire for wire in self.uses if wire not in self.known or wire in assumed]

    def hold_inputs(self, declarations: Iterable[Declaration]) -> Iterator[tuple[int, Places | None]]:
        """Each input that is declared with a range, and the constraints that hold it there."""
        for declared in declarations:
            for wire in declared.wires if declared.bits < ANY_ELEMENT_BITS else ():
                if declared.bits == 1 and wire in self.bits:
                    yield wire, frozenset({self.bits[wire]})
                    continue
                found = self.find_range(Combination.of_wire(wire), frozenset())
                yield wire, found[1] if found is not None and found[0] <= 1 << declared.bits else None

    def loose_inputs(self) -> list[int]:
        """The inputs that nothing holds to the range that they are declared with."""
        return [
            wire
            for declared in self.system.recording.declarations
            for wire in declared.wires
            if declared.bits < ANY_ELEMENT_BITS and wire not in self.held
        ]

    def follow(self) -> set[int]:
        """Everything that follows from the inputs."""
        known = {ONE, *self.inputs}
        pending: Sequence[int] = range(len(self.constraints))
        while True:
            before = len(known)
            pending = self.sweep(pending, known)
            for step in self.steps:
                self.learn(self.read_step(step, known, frozenset()), known)
            if len(known) == before:
                return known

    def sweep(self, places: Iterable[int], known: set[int]) -> list[int]:
        """Go over constraints once; what comes back is what still has something unknown in it."""
        left = []
        for place in places:
            self.learn(self.read_constraint(place, known, frozenset()), known)
            if not wires_of(self.constraints[place]) <= known:
                left.append(place)
        return left

    def learn(self, finding: Finding | None, known: set[int]) -> None:
        """Take a finding down."""
        if finding is not None:
            self.findings.append(finding)
            known |= finding.wires

    # --- Without one constraint ----------------------------------------------------------------------

    def depends_on(self, place: int) -> bool:
        """Whether, without this constraint, something is open that is determined now, or an input out of its range."""
        if place in self.holding:
            return True
        lost = {wire for finding in self.findings_at[place] for wire in finding.wires}
        if not lost:
            return False
        return not self.recovers(lost, place) or not self.recovers(self.close(lost), place)

    def close(self, lost: Collection[int]) -> set[int]:
        """These wires and all whose reasons rest on them."""
        closed, todo = set(lost), list(lost)
        while todo:
            for place in self.uses[todo.pop()]:
                for finding in self.findings_at[place]:
                    fresh = finding.wires - closed
                    closed |= fresh
                    todo += fresh
        return closed

    def recovers(self, lost: Collection[int], without: int) -> bool:
        """Whether what was lost follows from all else in another way."""
        unknown = set(lost)
        known = Complement(unknown)
        removed = frozenset({without})
        places = list(dict.fromkeys(place for wire in lost for place in self.uses[wire] if place != without))
        steps = list({id(step): step for wire in lost for step in self.steps_of[wire]}.values())
        while unknown:
            before = len(unknown)
            for place in places:
                finding = self.read_constraint(place, known, removed)
                unknown -= finding.wires if finding else frozenset()
            for step in steps:
                finding = self.read_step(step, known, removed)
                unknown -= finding.wires if finding else frozenset()
            if len(unknown) == before:
                return False
        return True

    # --- The rules -----------------------------------------------------------------------------------

    def read_constraint(self, place: int, known: Collection[int], removed: Places) -> Finding | None:
        """Linear, digits and inverse."""
        left, right, product = self.constraints[place][:3]
        unknown = {wire for side in (left, right, product) for wire in side.terms if wire not in known}
        if not unknown:
            return None
        factors = linear_factors(left, right, product, unknown)
        if factors is not None:
            if len(unknown) == 1:
                return Finding(frozenset(unknown), frozenset({place}), self.solver(place, unknown))
            return self.read_digits(place, factors, removed)
        if len(unknown) == 1 and product.constant and not unknown <= left.terms.keys() & right.terms.keys():
            return Finding(frozenset(unknown), frozenset({place}), self.solver(place, unknown))
        return None

    def solver(self, place: int, wires: Collection[int]) -> Callable[[Values], Values]:
        """Finds one wire, or bits, from a constraint that is linear in them: ``sum(slope * wire) = -rest``."""
        constraint = self.constraints[place]

        def solve(values: Values) -> Values:
            probe = Probe(constraint, values, wires)
            rest = probe.excess({})
            slopes = {wire: (probe.excess({wire: 1}) - rest) % GROUP_ORDER for wire in wires}
            unit = find_unit(slopes.values())
            total = -rest * pow(unit, -1, GROUP_ORDER) % GROUP_ORDER if unit else 0
            if len(wires) == 1:
                return dict.fromkeys(wires, total)
            inverse = pow(unit, -1, GROUP_ORDER)
            return {wire: int(total & slope * inverse % GROUP_ORDER != 0) for wire, slope in slopes.items()}

        return solve

    def read_digits(self, place: int, factors: Mapping[int, int], removed: Places) -> Finding | None:
        """All that is unknown are bits with powers of two."""
        holding = {self.bits.get(wire) for wire in factors}
        if None in holding or holding & removed or not find_unit(factors.values()):
            return None
        reasons = frozenset({place, *(each for each in holding if each is not None)})
        return Finding(frozenset(factors), reasons, self.solver(place, factors))

    def read_step(self, step: Step, known: Collection[int], removed: Places) -> Finding | None:
        """Zero test, fraction, division and table."""
        if not all(wire in known for operand in step.operands for wire in operand.terms):
            return None
        match step.task:
            case Task.INVERSE_OR_ZERO:
                return self.read_zero_test(step, known, removed)
            case Task.FRACTION:
                return self.read_fraction(step, known, removed)
            case Task.DIVIDE:
                return self.read_division(step, known, removed)
            case _:
                return self.read_table(step, known, removed)

    def read_zero_test(self, step: Step, known: Collection[int], removed: Places) -> Finding | None:
        """``x * i = p`` and ``x * (a + b * p) = 0``."""
        (tested,), (inverse,) = step.operands, step.wires
        for first in self.places_with(inverse, removed):
            product = single_wire(self.constraints[first].product)
            if product is None or product in known or tested.key not in keys_of_factors(self.constraints[first]):
                continue
            for second in self.places_with(product, removed):
                left, right, result = self.constraints[second][:3]
                others = {wire for wire in right.terms if wire not in known}
                if left.key == tested.key and others == {product} and result.constant == 0:
                    return Finding(frozenset({product}), frozenset({first, second}), is_nonzero(tested, product, right))
        return None

    def read_fraction(self, step: Step, known: Collection[int], removed: Places) -> Finding | None:
        """``fraction * denominator = numerator``."""
        (numerator, denominator), (fraction,) = step.operands, step.wires
        if fraction in known:
            return None
        factors = {Combination.of_wire(fraction).key, denominator.key}
        for place in self.places_with(fraction, removed):
            constraint = self.constraints[place]
            if keys_of_factors(constraint) == factors and constraint.product.key == numerator.key:
                return Finding(frozenset({fraction}), frozenset({place}), self.solver(place, {fraction}))
        return None

    def read_division(self, step: Step, known: Collection[int], removed: Places) -> Finding | None:
        """``quotient * divisor + remainder = dividend`` with both in ranges that leave one solution."""
        dividend, divisor = step.operands
        quotient, remainder = map(Combination.of_wire, step.wires)
        if all(wire in known for wire in step.wires):
            return None
        most = divisor.constant or self.ranges.get(divisor.key, (0, HALF))[1]
        fits, small = self.find_range(quotient, removed), self.find_range(remainder, removed)
        below = self.find_range(divisor - remainder - UNIT, removed)
        if below is None and small is not None and divisor.constant is not None and small[0] <= divisor.constant:
            below = (0, small[1])
        equation = self.find_equation(quotient, divisor, remainder - dividend, removed)
        if fits is None or small is None or below is None or equation is None:
            return None
        places = fits[1] | small[1] | below[1] | equation
        if fits[0] * most + small[0] > HALF:
            held = self.find_below_field(quotient, divisor, removed)
            if held is None:
                return None
            places |= held
        return Finding(
            frozenset(wire for wire in step.wires if wire not in known), places, divide(dividend, divisor, step.wires)
        )

    def find_below_field(self, quotient: Combination, divisor: Combination, removed: Places) -> Places | None:
        """The constraints that hold a quotient by a number below that of r, so that no sum reaches r."""
        if divisor.constant is None:
            return None
        top = Combination.of_constant(GROUP_ORDER // divisor.constant - 1)
        found = self.find_range(top - quotient, removed)
        return None if found is None else found[1]

    def read_table(self, step: Step, known: Collection[int], removed: Places) -> Finding | None:
        """``floor_k < value <= floor_{k+1}`` of the row k whose bit is 1; the last row needs its floor alone."""
        value = step.operands[1]
        marks = {
            other.operands[0].constant or 0: other.wires[0]
            for other in self.steps
            if other.task is Task.LESS and other.operands[1].key == value.key
        }
        if all(wire in known for wire in marks.values()):
            return None
        floors = sorted(marks)
        reached = [Combination.of_wire(marks[floor]) for floor in floors]
        rows = [here - beyond for here, beyond in pairwise([UNIT, *reached, Combination({})])]
        held = [self.find_bit(row, removed) for row in rows]
        above = self.find_reach(value, reached, [floors[0], *floors], -1, removed)
        below = self.find_reach(value, reached, [*floors, floors[-1]], 1, removed)
        if above is None or below is None or None in held or value.key not in self.ranges:
            return None
        places = above | below | {place for place in held if place is not None}
        return Finding(
            frozenset(wire for wire in marks.values() if wire not in known), places, mark_floors(value, marks)
        )

    def find_bit(self, value: Combination, removed: Places) -> int | None:
        """The constraint that holds a combination to 0 and 1."""
        for place in self.places_with(max(value.terms), removed):
            left, right, product = self.constraints[place][:3]
            if left.key == value.key and right.key == (value - UNIT).key and not product.terms:
                return place
        return None

    def find_reach(
        self, value: Combination, reached: Sequence[Combination], ends: Sequence[int], sign: int, removed: Places
    ) -> Places | None:
        """The constraints that hold ``sign * (end of the row - value)`` to be at least 0, or above 0 for a lower end.

        The outermost end, below the first row or above the last, may be any number: it is read off.
        """
        outer = reached[0] if sign < 0 else reached[-1]
        (wire,) = outer.terms
        for place in self.places_with(wire, removed):
            left, right, product = self.constraints[place][:3]
            if right.constant != 1 or product.terms:
                continue
            for held in (left, left * -1):
                step_of_outer = held.terms.get(wire, 0) * sign % GROUP_ORDER
                if not 0 < step_of_outer <= HALF:
                    continue
                tops = list(ends)
                if sign < 0:
                    tops[0] = tops[1] - step_of_outer
                else:
                    tops[-1] = tops[-2] + step_of_outer
                end = Combination.of_constant(tops[0])
                for mark, (low, high) in zip(reached, pairwise(tops), strict=True):
                    end = end + mark * (high - low)
                difference = end - value if sign > 0 else value - end - UNIT
                found = self.find_range(difference, removed)
                if found is not None and found[0] + self.ranges[value.key][1] <= HALF:
                    return found[1]
        return None

    def find_range(self, value: Combination, removed: Places) -> tuple[int, Places] | None:
        """``(2^n, why)`` of a value that is held to be a sum of n bits."""
        wires = value.terms.keys() - {ONE}
        for place in self.places_with(min(wires, key=lambda wire: len(self.uses[wire])), removed) if wires else ():
            left, right, product = self.constraints[place][:3]
            if right.constant != 1 or product.terms:
                continue
            for rest in (value - left, value + left):
                holding = {self.bits.get(wire) for wire in rest.terms}
                if None in holding or holding & removed or sorted(rest.terms.values()) != powers(len(rest.terms)):
                    continue
                return 1 << len(rest.terms), frozenset({place, *(each for each in holding if each is not None)})
        return None

    def find_equation(
        self, quotient: Combination, divisor: Combination, rest: Combination, removed: Places
    ) -> Places | None:
        """The constraints that say ``quotient * divisor + rest = 0``."""
        if divisor.constant is not None:
            return self.find_linear(quotient * divisor.constant + rest, removed)
        (wire,) = quotient.terms
        for place in self.places_with(wire, removed):
            constraint = self.constraints[place]
            if keys_of_factors(constraint) == {quotient.key, divisor.key}:
                linear = self.find_linear(constraint.product + rest, removed)
                if linear is not None:
                    return linear | {place}
        return None

    def find_linear(self, value: Combination, removed: Places) -> Places | None:
        """The constraint that holds this combination at zero."""
        wire = min(value.terms.keys() - {ONE}, key=lambda each: len(self.uses[each]))
        for place in self.places_with(wire, removed):
            left, right, product = self.constraints[place][:3]
            if right.constant == 1 and not product.terms and left.key in {value.key, (value * -1).key}:
                return frozenset({place})
        return None

    def places_with(self, wire: int, removed: Places) -> Iterator[int]:
        """The constraints that read a wire."""
        return (place for place in self.uses[wire] if place not in removed)


class Complement(Collection[int]):
    """All wires but some."""

    def __init__(self, unknown: set[int]) -> None:
        self.unknown = unknown

    def __contains__(self, wire: object) -> bool:
        return wire not in self.unknown

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


def held_to_be_bit(constraint: Constraint) -> Iterator[int]:
    """The wire w of ``w * (w - 1) = 0``."""
    wire = single_wire(constraint.left)
    if wire is not None and not constraint.product.terms and constraint.right.terms == {wire: 1, ONE: GROUP_ORDER - 1}:
        yield wire


def single_wire(side: Combination) -> int | None:
    """The wire that a side is."""
    wires = side.terms.keys() - {ONE}
    return next(iter(wires)) if len(side.terms) == 1 and wires else None


def keys_of_factors(constraint: Constraint) -> set[object]:
    """Both factors of a constraint."""
    return {constraint.left.key, constraint.right.key}


def linear_factors(
    left: Combination, right: Combination, product: Combination, unknown: Collection[int]
) -> dict[int, int] | None:
    """The coefficients of what is unknown, if they are constant."""
    if right.constant is not None:
        held = left * right.constant - product
    elif left.constant is not None:
        held = right * left.constant - product
    elif any(wire in side.terms for side in (left, right) for wire in unknown):
        return None
    else:
        held = product
    factors = {wire: held.terms[wire] for wire in unknown if wire in held.terms}
    return factors if len(factors) == len(unknown) else None


class Probe:
    """One constraint with some wires at 0, or at whatever is asked."""

    def __init__(self, constraint: Constraint, values: Values, wires: Collection[int]) -> None:
        self.constraint = constraint
        self.values = {wire: values[wire] for wire in wires_of(constraint)} | dict.fromkeys(wires, 0) | {ONE: 1}

    def excess(self, changes: Values) -> int:
        """``left * right - product``."""
        left, right, product = (evaluate(side, self.values | changes) for side in self.constraint[:3])
        return left * right - product


def is_nonzero(tested: Combination, wire: int, factor: Combination) -> Callable[[Values], Values]:
    """0 of 0, and else what makes ``factor = a + b * wire`` zero."""

    def solve(values: Values) -> Values:
        rest = evaluate(factor, values | {wire: 0})
        root = -rest * pow(factor.terms[wire], -1, GROUP_ORDER) % GROUP_ORDER
        return {wire: root if evaluate(tested, values) else 0}

    return solve


def divide(dividend: Combination, divisor: Combination, wires: Sequence[int]) -> Callable[[Values], Values]:
    """Quotient and remainder."""

    def solve(values: Values) -> Values:
        by = evaluate(divisor, values)
        return dict(zip(wires, divmod(evaluate(dividend, values), by) if by else (0, 0), strict=True))

    return solve


def mark_floors(value: Combination, marks: Mapping[int, int]) -> Callable[[Values], Values]:
    """1 for every floor that the value is above."""

    def solve(values: Values) -> Values:
        number = evaluate(value, values)
        return {wire: int(floor < number) for floor, wire in marks.items()}

    return solve


def find_unit(factors: Iterable[int]) -> int:
    """The u for which the factors are u times different powers of two with a sum below r; 0 if there is none."""
    given = list(factors)
    for unit in given:
        inverse = pow(unit, -1, GROUP_ORDER) if unit else 0
        scaled = {factor * inverse % GROUP_ORDER for factor in given}
        if unit and len(scaled) == len(given) and all(each & (each - 1) == 0 for each in scaled):
            return unit if sum(scaled) < GROUP_ORDER else 0
    return 0


def powers(count: int) -> list[int]:
    """1, 2, 4 and so on."""
    return [1 << place for place in range(count)]
