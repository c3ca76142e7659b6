"""Runs of a few parts with what they add up to, and totals of any numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from circuits.relations.account import LINE_BITS
from circuits.statements.claim import Inputs
from circuits.statements.solvency_total import SolvencyTotal, TotalWitness, inputs_for
from facts.hash_list import hash_list
from facts.solvency.account import AccountPart
from facts.solvency.challenge import Challenge, Inverses, Pole, draw_challenge
from facts.solvency.running import RunningState
from facts.solvency.shape import AccountShape
from facts.solvency.sums import RunningSums, Sums
from facts.solvency.tables import Tables
from facts.tags import Tag
from margin.bounds import FINE_SCALE
from snark.bn254.constants import GROUP_ORDER as R
from tests.circuits.statements.solvency_cases import change_inputs, column, hash_running, invert_row

HEADER, ROOT, SALT = 31, 32, 33


@dataclass(frozen=True)
class TotalCase:
    """A run, whatever its batches were."""

    statement: SolvencyTotal
    tables: Tables
    parts: tuple[tuple[AccountPart, AccountShape], ...]
    spare: int = 0
    """What is attested of each asset beyond what has to be, where totals are hidden."""

    @cached_property
    def sums(self) -> Sums:
        """What all parts add up to."""
        running = RunningSums(self.tables)
        for part, shape in self.parts:
            running.add(part, shape)
        return running.close(self.statement.total, SALT)

    @cached_property
    def challenge(self) -> Challenge:
        """Drawn from the sums, and of a tree and a header."""
        return draw_challenge(HEADER, ROOT, self.sums.commit())

    @cached_property
    def last(self) -> RunningState:
        """What the last batch leaves."""
        inverses = Inverses.of(self.challenge, self.tables)
        added = [inverses.sum_part(part, shape) for part, shape in self.parts]
        lines, rows = (sum(column) % R for column in zip(*added, strict=True))
        return RunningState(44, self.parts[-1][0].number, lines, rows)

    @property
    def reserves(self) -> tuple[int, ...]:
        """The least that is enough, and what is to spare."""
        pairs = zip(self.sums.owed6, self.sums.debts, strict=True)
        return tuple(max(0, -(-owed6 // FINE_SCALE) - debts) + self.spare for owed6, debts in pairs)

    def inputs(self) -> Inputs:
        """What the total is proven with."""
        reserves = self.reserves if self.statement.hidden else None
        total = self.statement.total
        return inputs_for(TotalWitness(self.challenge, total, self.tables, self.last, self.sums, reserves))


def recommit_total(
    statement: SolvencyTotal, inputs: Inputs, changes: Mapping[str, int] | None = None, *, lines: int = 0, rows: int = 0
) -> Inputs:
    """The inputs with changes, and hashes, lines and rows made to fit; ``lines`` and ``rows`` say how much more."""
    changed = change_inputs(inputs, changes or {})
    raw = RawTotal(statement, changed)
    more_lines, more_rows = raw.add_up()
    changed |= {"last.lines": (more_lines + lines) % R, "last.rows": (more_rows + rows) % R}
    state = (cast("int", changed[f"last.{name}"]) for name in ("number", "lines", "rows"))
    return changed | {
        "last": hash_running(changed, "last", *state),
        "sums": raw.hash_sums(),
        "tables": raw.hash_tables(),
        "totals": raw.hash_totals(),
    }


class RawTotal:
    """What a total commits to and adds up, of any elements."""

    def __init__(self, statement: SolvencyTotal, inputs: Inputs) -> None:
        self.statement = statement
        self.inputs = inputs

    def sums(self, *names: str) -> list[int]:
        """Columns of sums, one after the other."""
        return [number for name in names for number in column(self.inputs, f"sums.{name}")]

    def lines(self) -> list[tuple[int, ...]]:
        """The haircut lines of the tables."""
        return list(zip(*(column(self.inputs, f"tables.{name}") for name in LINE_BITS), strict=True))

    def hash_sums(self) -> int:
        """The public input of the sums."""
        names = ("balances", "debts", "counted", "gaps", "lots", "haircut_uses", "price_uses", "owed6", "gaps6")
        return hash_list(Tag.SUMS, [cast("int", self.inputs["sums.salt"]), *self.sums(*names)])

    def hash_tables(self) -> int:
        """The public input of the tables."""
        rows = zip(column(self.inputs, "tables.weight"), column(self.inputs, "tables.settlement"), strict=True)
        numbers = [number for row in (*rows, *self.lines()) for number in row]
        return hash_list(Tag.TABLES, [*numbers, *column(self.inputs, "tables.price")])

    def hash_totals(self) -> int:
        """The public input of the totals, or of the reserves."""
        if self.statement.hidden:
            return hash_list(Tag.RESERVES, column(self.inputs, "reserves"))
        return hash_list(Tag.TOTALS, self.sums("owed6", "debts", "gaps6"))

    def add_up(self) -> tuple[int, int]:
        """Lines and rows, to which what is divided by 0 adds nothing."""
        lines = rows = 0
        for pole, name in (
            (Pole.COUNTED, "counted"),
            (Pole.GAP, "gaps"),
            (Pole.BALANCE, "balances"),
            (Pole.DEBT, "debts"),
        ):
            lines += sum(number * self.invert(pole, place) for place, number in enumerate(self.sums(name)))
        for place, (lots, weight) in enumerate(
            zip(self.sums("lots"), column(self.inputs, "tables.weight"), strict=True)
        ):
            rows += lots * self.invert(Pole.MARKET, place, weight)
        for place, (uses, line) in enumerate(zip(self.sums("haircut_uses"), self.lines(), strict=True)):
            rows += uses * self.invert(Pole.HAIRCUT, place // self.statement.tiers, *line)
        for place, (uses, price) in enumerate(
            zip(self.sums("price_uses"), column(self.inputs, "tables.price"), strict=True)
        ):
            rows += uses * self.invert(Pole.PRICE, place, price)
        return lines, rows

    def invert(self, pole: Pole, place: int, *numbers: int) -> int:
        """``1 / (X - row)``, and 0 of 0."""
        return invert_row(self.inputs, pole, place, numbers)
