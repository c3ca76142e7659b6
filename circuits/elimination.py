"""Linear constraints cost nothing: each is solved for one of its wires, which then disappears.

``sum(c_i * w_i) = 0`` says ``w_k = -sum(c_i * w_i, i != k) / c_k``, and that stands in the place of ``w_k``
everywhere. The system has the same solutions as before. A public input is never replaced: its wire is what a verifier
names. Of the rest that wire goes which stands in the fewest constraints, the youngest of them: the same for the same
text.
"""

from collections import defaultdict
from collections.abc import Sequence

from circuits.combination import ONE, Combination
from circuits.recording import ZERO, Constraint
from snark.bn254.constants import GROUP_ORDER


class Elimination:
    """Constraints on their way to fewer."""

    def __init__(self, constraints: Sequence[Constraint], public: frozenset[int]) -> None:
        self.constraints: dict[int, Constraint] = dict(enumerate(constraints))
        self.kept = public | {ONE}
        self.gone: set[int] = set()
        self.uses: dict[int, set[int]] = defaultdict(set)
        for place, constraint in self.constraints.items():
            for wire in wires_of(constraint):
                self.uses[wire].add(place)

    def run(self) -> tuple[Constraint, ...]:
        """Solve every linear constraint, in the order of the text."""
        for place in [place for place, constraint in self.constraints.items() if is_linear(constraint)]:
            self.solve(place)
        return tuple(self.constraints.values())

    def solve(self, place: int) -> None:
        """Solve one, if it has a wire that may go."""
        held = self.constraints[place].left
        candidates = held.terms.keys() - self.kept
        if not candidates:
            if not held.terms:
                self.drop(place)
            return
        wire = min(candidates, key=lambda each: (len(self.uses[each]), -each))
        factor = -pow(held.terms[wire], -1, GROUP_ORDER)
        solution = Combination({name: value for name, value in held.terms.items() if name != wire}) * factor
        self.drop(place)
        for user in sorted(self.uses.pop(wire, ())):
            self.rewrite(user, wire, solution)
        self.gone.add(wire)

    def rewrite(self, place: int, wire: int, solution: Combination) -> None:
        """Put the solution in the place of a wire."""
        old = self.constraints[place]
        left, right, product = (
            side.replace(wire, solution) if wire in side.terms else side for side in (old.left, old.right, old.product)
        )
        new = Constraint(left, right, product, old.rule, old.line)
        self.constraints[place] = new
        before, after = wires_of(old), wires_of(new)
        for name in before - after:
            self.uses[name].discard(place)
        for name in after - before:
            self.uses[name].add(place)

    def drop(self, place: int) -> None:
        """A constraint that says nothing any more."""
        for wire in wires_of(self.constraints.pop(place)):
            self.uses[wire].discard(place)


def wires_of(constraint: Constraint) -> set[int]:
    """Every wire that a constraint reads, without the constant one."""
    return (constraint.left.terms.keys() | constraint.right.terms.keys() | constraint.product.terms.keys()) - {ONE}


def is_linear(constraint: Constraint) -> bool:
    """Whether it was written as ``left * 1 = 0``."""
    return constraint.right.constant == 1 and constraint.product is ZERO
