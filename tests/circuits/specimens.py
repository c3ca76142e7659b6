"""Everything whose size is recorded, and everything that the laboratory examines."""

from collections.abc import Callable
from functools import cache, partial
from typing import Final, NamedTuple

from circuits.catalogue import find_entry
from circuits.statement import Statement
from circuits.statements.defined_risk import DefinedRisk
from circuits.statements.deleverage import Deleverage
from circuits.statements.exit import Exit
from circuits.statements.liquidation import Liquidation
from circuits.statements.perp import Perp
from circuits.statements.release import Release
from circuits.statements.scenario import Scenario
from circuits.statements.transition import Transition
from tests.circuits.gadgets.specimens import GADGETS
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.deleverage_specimen import make_specimen as make_deleverage
from tests.circuits.statements.liquidation_specimen import make_specimen as make_liquidation
from tests.circuits.statements.perp_specimen import make_specimen
from tests.circuits.statements.portfolio_specimen import make_scenario
from tests.circuits.statements.small_statements import SMALL
from tests.circuits.statements.solvency_specimens import (
    make_solvency_balances,
    make_solvency_debts,
    make_solvency_pair,
    make_solvency_part,
)
from tests.circuits.statements.solvency_total_specimens import make_solvency_total
from tests.circuits.statements.structure_specimens import make_defined_risk, make_exit, make_release
from tests.circuits.statements.transition_specimen import make_specimen as make_transition

SHALLOW: Final = Depths(book=1, market=2, locks=2)
"""Trees of a few places: each rule is there, and no time is spent on the same level eight times."""
REAL: Final = Depths()


class Exhibit(NamedTuple):
    """One shape of a statement, as its page shows it."""

    make: Callable[[], Specimen]
    slow: bool


EXHIBITS: Final = {
    **{(name, ""): Exhibit(partial(SMALL.__getitem__, name), slow=False) for name in SMALL},
    ("perp", "no lock, shallow trees"): Exhibit(lambda: make_specimen(0, SHALLOW, examples=2), slow=True),
    ("perp", "two locks, shallow trees"): Exhibit(lambda: make_specimen(2, SHALLOW, examples=1), slow=True),
    ("perp", "no lock"): Exhibit(lambda: make_specimen(0, REAL, examples=1), slow=True),
    ("perp", "one lock"): Exhibit(lambda: make_specimen(1, REAL, examples=1, effort=10), slow=True),
    ("release", "shallow trees"): Exhibit(lambda: make_release(2), slow=True),
    ("release", "real depth"): Exhibit(lambda: make_release(REAL.locks), slow=True),
    ("exit", ""): Exhibit(make_exit, slow=True),
    ("defined_risk", "no lock, shallow trees"): Exhibit(lambda: make_defined_risk(SHALLOW, examples=2), slow=True),
    ("defined_risk", "no lock"): Exhibit(lambda: make_defined_risk(REAL, examples=1), slow=True),
    ("scenario", "no lock, shallow trees"): Exhibit(lambda: make_scenario(SHALLOW), slow=True),
    ("transition", "shallow trees"): Exhibit(lambda: make_transition(SHALLOW, examples=2), slow=True),
    ("solvency", "two parts, a position and a balance each"): Exhibit(make_solvency_pair, slow=True),
    ("solvency", "one part, two positions and four balances"): Exhibit(make_solvency_part, slow=True),
    ("solvency", "one part, a position, two balances and a debt"): Exhibit(make_solvency_debts, slow=True),
    ("solvency", "three parts, a balance each"): Exhibit(make_solvency_balances, slow=True),
    ("solvency_total", "shown"): Exhibit(partial(make_solvency_total, 0), slow=True),
    ("solvency_total", "hidden, with debts"): Exhibit(partial(make_solvency_total, 1), slow=True),
    ("liquidation", "shallow trees"): Exhibit(lambda: make_liquidation(SHALLOW, examples=3, effort=10), slow=True),
    ("deleverage", "two places, shallow trees"): Exhibit(
        lambda: make_deleverage(SHALLOW, examples=3, effort=400), slow=True
    ),
}
"""Statement and shape in words -> how to make it."""


@cache
def measured_statements() -> tuple[tuple[str, Statement], ...]:
    """What ``sizes.csv`` has a row for: every gadget, and every statement in the shapes that are used."""
    gadgets = [(f"gadgets.{name}", specimen.statement) for name, specimen in GADGETS.items()]
    small = [(name, specimen.statement) for name, specimen in SMALL.items()]
    perps = [("perp", Perp(locks)) for locks in (0, 1, 4)]
    others = [(each.name, each) for each in (DefinedRisk(), Scenario(), Release(), Exit(), Transition(), Liquidation())]
    entries = [find_entry(name) for name in ("solvency", "solvency_total")]
    runs = [(entry.name, entry.build(shape)) for entry in entries for shape in entry.shapes]
    queues = [("deleverage", Deleverage(entries)) for entries in (4, 8)]
    return (*gadgets, *small, *perps, *others, *queues, *runs)
