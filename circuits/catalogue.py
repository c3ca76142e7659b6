"""Every statement by name, with the shapes that are compiled and kept where nobody asks for another.

    perp-k0, perp-k1, ...       a statement, and the parameters of its shape that its names tell
    perp with K=1               the same, spelled out; any parameter may be given

A name says the whole shape: what is not in it has its default.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Final

from circuits.statement import Statement
from circuits.statements.defined_risk import DefinedRisk
from circuits.statements.deleverage import Deleverage
from circuits.statements.exit import Exit
from circuits.statements.liquidation import Liquidation
from circuits.statements.perp import Perp
from circuits.statements.release import Release
from circuits.statements.scenario import Scenario
from circuits.statements.solvency import Solvency
from circuits.statements.solvency_total import SolvencyTotal
from circuits.statements.transition import Transition
from snark.errors import MisuseError, Reason

LARGEST_PARAMETER: Final = 1 << 16
Shape = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement, what its names tell of a shape, and the shapes that have a name of their own here."""

    statement: type[Statement]
    letters: Mapping[str, str]
    """Parameter -> how names write it."""
    shapes: tuple[Shape, ...] = ({},)

    @property
    def name(self) -> str:
        """What the statement is called."""
        return self.statement.name

    @property
    def defaults(self) -> dict[str, int | None]:
        """Every parameter of a shape with its default, or nothing where it has to be given."""
        return {
            each.name: None if each.default is MISSING else int(each.default)
            for each in fields(self.statement)  # type: ignore[arg-type] # every statement is a dataclass
            if each.init
        }

    def build(self, shape: Shape) -> Statement:
        """The statement of a shape; parameters that are left out have their defaults."""
        return self.statement(**shape)

    def name_shape(self, shape: Shape) -> str:
        """The statement's name, the parameters that names tell, and every other that is not the default."""
        whole = {name: shape.get(name, default) for name, default in self.defaults.items()}
        told = [f"{letter}{whole[name]}" for name, letter in self.letters.items()]
        rest = [
            f"{name}{whole[name]}"
            for name, default in self.defaults.items()
            if name not in self.letters and whole[name] != default
        ]
        return "-".join([self.name, *told, *rest])


LOCK_COUNTS: Final = ({"locks": 0}, {"locks": 1}, {"locks": 4})

BATCHES: Final[tuple[Shape, ...]] = (
    {},
    {"debts": 1},
    {"accounts": 8, "levels": 1},
    {"accounts": 8, "debts": 1, "levels": 1},
)
PLACES: Final = {"accounts": "n", "positions": "p", "balances": "b", "debts": "d"}
TABLES: Final[tuple[Shape, ...]] = (
    {},
    {"hidden": 1},
    {"tiers": 4},
    {"tiers": 4, "hidden": 1},
    {"markets": 4, "assets": 4},
)
LENGTHS: Final = {"markets": "m", "assets": "a", "tiers": "t", "hidden": "h"}

ENTRIES: tuple[Entry, ...] = (
    Entry(Perp, {"locks": "k"}, LOCK_COUNTS),
    Entry(DefinedRisk, {"locks": "k"}, LOCK_COUNTS),
    Entry(Scenario, {"locks": "k"}, LOCK_COUNTS),
    Entry(Release, {}),
    Entry(Exit, {}),
    Entry(Transition, {}),
    Entry(Solvency, PLACES, BATCHES),
    Entry(SolvencyTotal, LENGTHS, TABLES),
    Entry(Liquidation, {}),
    Entry(Deleverage, {"entries": "n"}, ({"entries": 4}, {"entries": 8})),
)
"""Every statement there is."""


def list_circuits() -> dict[str, Statement]:
    """The shapes that have a name, in the order of the catalogue."""
    return {entry.name_shape(shape): entry.build(shape) for entry in ENTRIES for shape in entry.shapes}


def name_circuit(statement: Statement) -> str:
    """The name of a statement of any shape."""
    return find_entry(statement.name).name_shape(statement.shape)


def find_statement(name: str, shape: str = "") -> Statement:
    """``perp-k1``, or ``perp`` with a shape as people write it: ``K=1,book_levels=4``."""
    known = list_circuits()
    if name in known and not shape:
        return known[name]
    entry = find_entry(name)
    return entry.build({**(entry.shapes[0]), **parse_shape(shape, entry)})


def find_entry(name: str) -> Entry:
    """A statement by its name alone."""
    entries = {entry.name: entry for entry in ENTRIES}
    if name not in entries:
        names = ", ".join([*entries, *list_circuits()])
        raise MisuseError(Reason.NOT_A_CHOICE, "statement", found=name, expected=f"one of {names}")
    return entries[name]


def parse_shape(text: str, entry: Entry) -> dict[str, int]:
    """``name=number`` pairs between commas; a name may be the letter that circuits' names have for it."""
    spelled = {letter.lower(): name for name, letter in entry.letters.items()}
    spelled |= {name.lower(): name for name in entry.defaults}
    shape: dict[str, int] = {}
    for pair in filter(None, text.split(",")):
        name, _, number = (part.strip() for part in pair.partition("="))
        if name.lower() not in spelled or spelled[name.lower()] in shape:
            expected = f"each of {', '.join(entry.defaults)} at most once"
            raise MisuseError(Reason.NOT_A_CHOICE, "shape", found=name, expected=expected)
        if not (number.isascii() and number.isdecimal() and int(number) <= LARGEST_PARAMETER):
            expected = f"a number, at most {LARGEST_PARAMETER}"
            raise MisuseError(Reason.OUT_OF_BOUNDS, f"shape.{name}", found=number, expected=expected)
        shape[spelled[name.lower()]] = int(number)
    return shape
