"""Each constraint deleted in turn: something has to notice.

Three things can. An altered witness for which it was the only constraint to break: an attack that would pass now. The
search for a second witness, which finds open what was determined. A prover who is given inputs that break a rule, and
solves the constraints that are left. Else the constraint is redundant as far as the laboratory can see, and the author
has to say why it is there.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tests.circuits.laboratory.determination import Determination
from tests.circuits.laboratory.system import System

Places = AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Deletions:
    """What notices that a constraint is missing."""

    attacked: Places
    """An altered witness passes without it."""
    opened: Places
    """Without it a value is open that was determined."""
    unnoticed: Places


def delete_constraints(
    system: System,
    determination: Determination,
    lone: Places,
    forgeries: Callable[[], Iterator[Places]],
    solutions: Callable[[int], Iterator[Places]],
) -> Deletions:
    """Each in turn; ``forgeries`` are asked, one after the other, only while there is one that nothing notices.

    Each forgery comes as the set of constraints that it breaks. For what is left then there are ``solutions`` of all
    other constraints, which come as such sets too.
    """
    attacked = set(lone)
    opened = {place for place, recorded in enumerate(system.recorded_places) if determination.depends_on(recorded)}
    unnoticed = set(range(len(system.constraints))) - attacked - opened
    if unnoticed:
        for broken in forgeries():
            if len(broken) == 1:
                attacked |= broken
                unnoticed -= broken
            if not unnoticed:
                break
    solved = {place for place in unnoticed if {place} in solutions(place)}
    return Deletions(attacked | solved, opened, unnoticed - solved)
