"""A netting set in each scenario of its rule, over one move of all prices, and what more cash would change.

    requirement in a scenario    short minimums + max(0, -outcome)     requirement    the greatest of them

All numbers are those of ``margin``, by the risk arrays of the round and the cash that is committed: the very ones that
a proof is about. What a move of prices would do is told where the round's arrays are those of the document's contracts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Self

from facts.instrument import InstrumentFact
from margin.amounts import Rounding, render_exact, render_rounded
from margin.bounds import require_money, require_money_at_least_zero
from margin.documents.netting_document import NettingDocument, count_units
from margin.documents.netting_report import name_scenarios
from margin.documents.netting_stress import find_written, move_netting
from margin.documents.position_report import Report
from margin.errors import MisuseError, Reason
from margin.scenarios import Grid, Holding, Instrument, ScenarioMargin, compute_scenario_margin
from margin.stress import LARGEST_SHOCK
from prover.portfolio import Portfolio, number_of
from prover.publication import Publication

NONE: Final = Fraction(0)
STEPS: Final = 12
"""Of moves of all prices that are looked at each way, up to the farthest of the grid."""
PERCENT_UNIT: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class CoveredSet:
    """A netting set with the equity behind it, in money units."""

    holdings: tuple[Holding, ...] = field(repr=False)
    equity: int = field(repr=False)
    margin: ScenarioMargin = field(repr=False)

    @classmethod
    def of(cls, holdings: tuple[Holding, ...], equity: int) -> Self:
        """Put the holdings through their scenarios."""
        return cls(holdings, equity, compute_scenario_margin(holdings))

    @classmethod
    def attest(cls, subject: Portfolio, publication: Publication) -> Self:
        """As it is committed, by the risk arrays that the round attests."""
        (written,) = subject.document.sets
        arrays = {each.instrument.name: read_array(each.instrument.name, publication) for each in written.holdings}
        holdings = tuple(Holding(arrays[each.instrument.name], each.lots) for each in written.holdings)
        return cls.of(holdings, subject.cash)

    @property
    def to_spare(self) -> int:
        """Equity beyond the requirement; below zero where it lacks."""
        return self.equity - self.margin.requirement

    def with_more(self, units: int) -> "CoveredSet":
        """The same with so much more cash."""
        return CoveredSet(self.holdings, int(require_money(Fraction(self.equity + units), "top_up")), self.margin)


def read_array(name: str, publication: Publication) -> Instrument:
    """The risk array of an instrument in the round."""
    fact: InstrumentFact = publication.round.instrument(number_of(name))
    return Instrument(name, fact.outcomes, fact.short_minimum)


def report_scenarios(subject: Portfolio, publication: Publication, top_up: Fraction, shock: Fraction) -> Report:
    """As it is covered, as it would be, in each scenario and over moves of all prices."""
    document, unit = subject.document, subject.money_unit
    now = CoveredSet.attest(subject, publication)
    added = count_units(require_money_at_least_zero(top_up, "top_up"), unit, "top_up")
    unmoved = why_unmoved(document, now)
    then = (move_set(subject, now, shock) if shock else now).with_more(added)
    told = Telling(unit, name_scenarios(document.grid, len(now.margin.outcomes)))
    return {
        "label": subject.label,
        "currency": document.currency,
        "holdings": list(report_holdings(document)),
        "now": told.cover(now),
        "then": told.cover(then),
        "scenarios": [told.scenario(document.grid, each, now, then) for each in list_scenarios(document.grid, now)],
        "unmoved": unmoved,
        "moves": [] if unmoved else told.moves(subject, now, added),
    }


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of amounts, in the currency, and of scenarios by their names."""

    unit: Fraction
    names: Sequence[str]

    def money(self, units: int) -> str:
        """Money units as an exact amount."""
        return render_exact(units * self.unit)

    def cover(self, covered: CoveredSet) -> Report:
        """Equity against the requirement, and the scenario that makes it."""
        margin = covered.margin
        worst, outcome = margin.worst, self.money(margin.worst_outcome)
        return {
            "covers": covered.to_spare >= 0,
            "equity": self.money(covered.equity),
            "requirement": self.money(margin.requirement),
            "short_minimum": self.money(margin.short_minimum),
            "to_spare": self.money(covered.to_spare),
            "worst": {"number": worst, "name": self.names[worst], "outcome": outcome},
        }

    def scenario(self, grid: Grid | None, number: int, now: CoveredSet, then: CoveredSet) -> Report:
        """One scenario: what the set would come to, what it would need, and what is to spare."""
        move = None if grid is None else grid.moves[number]
        return {
            "number": number,
            "name": self.names[number],
            "price": None if move is None else render_percent(move.price),
            "volatility": None if move is None else render_percent(move.volatility),
            "worst": number == now.margin.worst,
            "outcome": self.money(now.margin.outcomes[number]),
            "requirement": self.money(now.margin.requirement_in(number)),
            "to_spare": self.money(now.equity - now.margin.requirement_in(number)),
            "then_requirement": self.money(then.margin.requirement_in(number)),
            "then_to_spare": self.money(then.equity - then.margin.requirement_in(number)),
        }

    def moves(self, subject: Portfolio, now: CoveredSet, added: int) -> list[Report]:
        """Equity and requirement after moves of all prices, as far as the grid looks."""
        points = []
        for share in list_moves(subject.document.grid):
            moved = move_set(subject, now, share)
            points.append(
                {
                    "move": render_percent(share),
                    "exact_move": render_exact(100 * share),
                    "equity": self.money(moved.equity),
                    "richer": self.money(moved.equity + added),
                    "requirement": self.money(moved.margin.requirement),
                    "covers": moved.to_spare >= 0,
                }
            )
        return points


def move_set(subject: Portfolio, now: CoveredSet, share: Fraction) -> CoveredSet:
    """The set after all prices have moved at once."""
    if (unmoved := why_unmoved(subject.document, now)) is not None:
        raise MisuseError(Reason.NOT_APPLICABLE, "shock", found="a move of prices", expected=unmoved)
    moved = move_netting(subject.document, share)
    gained = count_units(moved.sets[0].value - subject.document.sets[0].value, subject.money_unit, "value")
    return CoveredSet.of(moved.sets[0].holdings, now.equity + gained)


def why_unmoved(document: NettingDocument, now: CoveredSet) -> str | None:
    """What would have to be so that moves of prices could be told; nothing where they can."""
    if (name := find_written(document)) is not None:
        return f"a contract with a price in the document: the risk array of {name} is written out"
    if document.sets[0].holdings != now.holdings:
        return "a document at the prices of the round: its risk arrays are those of others"
    return None


def report_holdings(document: NettingDocument) -> Iterator[Report]:
    """What the set holds."""
    for held in document.sets[0].holdings:
        listed = document.instruments[held.instrument.name]
        yield {
            "instrument": held.instrument.name,
            "side": "long" if held.lots > 0 else "short",
            "quantity": render_exact(abs(held.lots) * listed.lot),
        }


def list_scenarios(grid: Grid | None, now: CoveredSet) -> list[int]:
    """The scenarios from the farthest fall to the farthest rise; in their own order where nothing is known of them."""
    numbers = range(len(now.margin.outcomes))
    if grid is None:
        return list(numbers)
    return sorted(numbers, key=lambda number: (grid.moves[number].price, grid.moves[number].volatility))


def list_moves(grid: Grid | None) -> list[Fraction]:
    """Moves from the farthest fall of a grid to its farthest rise, none among them; nothing where no price moves."""
    prices = [move.price for move in grid.moves] if grid else []
    low, high = min([*prices, NONE]), min(max([*prices, NONE]), Fraction(LARGEST_SHOCK))
    steps = [Fraction(step, STEPS) for step in range(STEPS + 1)]
    return [] if low == high else sorted({*(low * step for step in steps), *(high * step for step in steps)})


def render_percent(share: Fraction) -> str:
    """A signed percentage, to a hundredth away from zero."""
    shown = render_rounded(100 * share, PERCENT_UNIT, Rounding.UP if share > 0 else Rounding.DOWN)
    return f"+{shown}" if share > 0 else shown
