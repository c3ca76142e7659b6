"""What the laboratory needs to know of a statement: inputs that keep its rules, inputs that break one, and reasons."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from circuits.statement import Statement
from tests.circuits.laboratory.system import Inputs

Reasons = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Specimen:
    """A statement of one shape with examples."""

    statement: Statement
    honest: Sequence[Inputs]
    """Inputs that keep every rule; together they should reach every branch."""
    broken: Sequence[tuple[str, Inputs]] = ()
    """A rule, and inputs that break it: by one unit, where it has a boundary."""
    sums: Collection[str] = ()
    """Rules of what adds up to what: where one is broken, a cheat also covers it up by a product that is none."""
    free: Reasons = field(default_factory=dict)
    """Input or line -> why its wires may have more than one value beside the same public inputs."""
    argued: Reasons = field(default_factory=dict)
    """Input or line -> why its wires have one value only, where the search can't see it; altered they have to break."""
    redundant: Reasons = field(default_factory=dict)
    """Rule or line -> why the constraint may be missing without anything to notice."""
    stray_rules: Reasons = field(default_factory=dict)
    """Rule -> why no inputs can break it."""
    attested: Reasons = field(default_factory=dict)
    """Input -> why nothing holds it to the range that it is declared with."""
    effort: int = 200
    """How many lies a cheating prover tells at most for each honest example, and how many inputs it alters."""

    @property
    def name(self) -> str:
        """What sizes and pages call it."""
        return self.statement.name

    @property
    def shape(self) -> str:
        """The shape in one word."""
        return ";".join(f"{name}={size}" for name, size in self.statement.shape.items())


def line_with(function: Callable[..., object], words: str) -> str:
    """The line of a text that has these words, as wires and constraints are labelled."""
    lines, first = inspect.getsourcelines(function)
    (number,) = [first + place for place, line in enumerate(lines) if words in line]
    return f"{Path(inspect.getfile(function)).name}:{number}"
