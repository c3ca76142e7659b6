"""Does a witness satisfy a constraint system, and if not, where does it fail first?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from snark.bn254.constants import GROUP_ORDER
from snark.errors import Reason, RejectedError
from snark.r1cs.r1cs_file import Combination, Constraint, R1cs
from snark.r1cs.wtns_file import Witness, require_fits


@dataclass(frozen=True, slots=True)
class Failure:
    """The first constraint that a witness breaks; the values of its three sides are for the witness's owner alone."""

    index: int
    constraint: Constraint
    values: tuple[int, int, int] = field(repr=False)

    @property
    def wires(self) -> frozenset[int]:
        """Every wire that the constraint reads."""
        return frozenset(wire for side in self.constraint for wire, _ in side)


def evaluate_combination(combination: Combination, values: Sequence[int]) -> int:
    """``sum(coefficient * value) mod r``."""
    return sum(coefficient * values[wire] for wire, coefficient in combination) % GROUP_ORDER


def find_failure(r1cs: R1cs, witness: Witness) -> Failure | None:
    """The first constraint with ``a * b != c``, if there is one; every constraint up to it has been read."""
    require_fits(r1cs, witness)
    values = list(witness.values)
    for index, constraint in enumerate(r1cs.iterate_constraints()):
        a, b, c = (evaluate_combination(side, values) for side in constraint)
        if a * b % GROUP_ORDER != c:
            return Failure(index, constraint, (a, b, c))
    return None


def require_satisfied(r1cs: R1cs, witness: Witness) -> None:
    """Every constraint holds; the refusal names the first that does not, and tells no value."""
    failure = find_failure(r1cs, witness)
    if failure is not None:
        raise unsatisfied(r1cs, failure)


def unsatisfied(r1cs: R1cs, failure: Failure) -> RejectedError:
    """The refusal of a witness that breaks a constraint."""
    return RejectedError(
        Reason.F20_UNSATISFIED, f"{r1cs.place}: constraint {failure.index}", found="a * b != c", expected="a * b = c"
    )


def describe_constraint(constraint: Constraint, names: Mapping[int, Sequence[str]]) -> str:
    """The constraint as a person reads it, with names where there are any."""
    a, b, c = (describe_combination(side, names) for side in constraint)
    return f"({a}) * ({b}) = {c}"


def describe_combination(combination: Combination, names: Mapping[int, Sequence[str]]) -> str:
    """A sum of terms; a coefficient above r/2 is shown as the negative number that it stands for."""
    text = ""
    for wire, coefficient in combination:
        signed = coefficient - GROUP_ORDER if coefficient > GROUP_ORDER // 2 else coefficient
        sign = "-" if signed < 0 else "+"
        factor = describe_factor(abs(signed), wire, names)
        text = f"{text} {sign} {factor}" if text else f"-{factor}" if signed < 0 else factor
    return text or "0"


def describe_factor(size: int, wire: int, names: Mapping[int, Sequence[str]]) -> str:
    """A wire by its first name, with the size of its coefficient; the constant one is the coefficient itself."""
    if wire == 0:
        return str(size)
    name = names[wire][0] if names.get(wire) else f"wire {wire}"
    return name if size == 1 else f"{size} {name}"
