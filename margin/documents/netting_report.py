"""What is told of netting sets: what each needs and in which scenario, what offsets release, who is covered."""

from dataclasses import dataclass
from fractions import Fraction

from margin.amounts import Rounding, render_exact, render_rounded
from margin.documents.netting_document import ListedInstrument, NettingDocument, WrittenSet
from margin.documents.position_report import Report
from margin.documents.reading import located
from margin.netting import GroupMargin, NettingMargin, NettingSet, Relief, compute_netting_margin
from margin.scenarios import Grid, Move, ScenarioMargin, compute_scenario_margin

NETTING_EVALUATION_FORMAT = "ringfence.netting-evaluation/1"
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class NettingEvaluation:
    """The scenario margin of each set, and what the groups of them need."""

    scenarios: tuple[ScenarioMargin, ...]
    margin: NettingMargin
    equity: Fraction
    covered: tuple[bool, ...]
    """For each group, whether its own equity covers it: the surplus of one group never helps another."""

    @property
    def covers(self) -> bool:
        """Whether every group is covered."""
        return all(self.covered)


def evaluate_netting(document: NettingDocument) -> NettingEvaluation:
    """Put every set through its scenarios, and the sets together by their offsets."""
    scenarios = tuple(evaluate_set(index, each) for index, each in enumerate(document.sets))
    sets = tuple(
        NettingSet(each.name, each.positions, Fraction(margin.requirement))
        for each, margin in zip(document.sets, scenarios, strict=True)
    )
    margin = compute_netting_margin(sets, document.offsets)
    covered = tuple(equity_of(document, group) >= group.requirement * document.money_unit for group in margin.groups)
    return NettingEvaluation(scenarios, margin, sum((each.equity for each in document.sets), NOTHING), covered)


def evaluate_set(index: int, written: WrittenSet) -> ScenarioMargin:
    """What one set needs by itself."""
    with located(f"sets[{index}]"):
        return compute_scenario_margin(written.holdings)


def equity_of(document: NettingDocument, group: GroupMargin) -> Fraction:
    """The equity of a group's sets together."""
    return sum((each.equity for each in document.sets if each.name in group.names), NOTHING)


def report_netting(document: NettingDocument, evaluation: NettingEvaluation) -> Report:
    """The whole report of a netting document."""
    margin, unit = evaluation.margin, document.money_unit
    plain_sum = sum((group.plain_sum for group in margin.groups), NOTHING)
    required = margin.requirement * unit
    return {
        "format": NETTING_EVALUATION_FORMAT,
        "label": document.label,
        "currency": document.currency,
        "money_unit": render_exact(unit),
        "covers": evaluation.covers,
        "plain_sum": render_exact(plain_sum * unit),
        "released": render_exact((plain_sum - margin.requirement) * unit),
        "requirement": render_exact(required),
        "equity": render_exact(evaluation.equity),
        "shown": {
            "requirement": render_rounded(required, unit, Rounding.UP),
            "equity": render_rounded(evaluation.equity, unit, Rounding.DOWN),
        },
        "groups": [
            report_group(document, group, covered=covered)
            for group, covered in zip(margin.groups, evaluation.covered, strict=True)
        ],
        "sets": [
            report_set(document, each, scenarios)
            for each, scenarios in zip(document.sets, evaluation.scenarios, strict=True)
        ],
        "scenarios": name_scenarios(document.grid, len(evaluation.scenarios[0].outcomes)),
        "instruments": {name: report_instrument(each, unit) for name, each in document.instruments.items()},
    }


def report_group(document: NettingDocument, group: GroupMargin, *, covered: bool) -> Report:
    """Sets that offsets link: what they need apart, what is released, and what stands against the rest."""
    unit = document.money_unit
    return {
        "sets": list(group.names),
        "covers": covered,
        "plain_sum": render_exact(group.plain_sum * unit),
        "released": render_exact((group.plain_sum - group.requirement) * unit),
        "requirement": render_exact(group.requirement * unit),
        "equity": render_exact(equity_of(document, group)),
        "offsets": [report_relief(relief, unit) for relief in group.reliefs],
    }


def report_relief(relief: Relief, unit: Fraction) -> Report:
    """What one offset matched and released."""
    return {
        "first": relief.offset.first,
        "second": relief.offset.second,
        "share": render_exact(relief.offset.share),
        "matched": render_exact(relief.matched * unit),
        "released": render_exact(relief.released * unit),
    }


def report_set(document: NettingDocument, written: WrittenSet, margin: ScenarioMargin) -> Report:
    """One set: its requirement, the scenario that makes it, and all the others."""
    unit = document.money_unit
    names = name_scenarios(document.grid, len(margin.outcomes))
    return {
        "name": written.name,
        "positions": list(written.positions),
        "cash": render_exact(written.cash),
        "value": render_exact(written.value),
        "equity": render_exact(written.equity),
        "requirement": render_exact(margin.requirement * unit),
        "short_minimum": render_exact(margin.short_minimum * unit),
        "worst": {
            "scenario": margin.worst,
            "name": names[margin.worst],
            "outcome": render_exact(margin.worst_outcome * unit),
        },
        "outcomes": [render_exact(outcome * unit) for outcome in margin.outcomes],
    }


def report_instrument(listed: ListedInstrument, unit: Fraction) -> Report:
    """A risk array in the currency."""
    instrument = listed.instrument
    return {
        "lot": render_exact(listed.lot),
        "short_minimum": render_exact(instrument.short_minimum * unit),
        "outcomes": [render_exact(outcome * unit) for outcome in instrument.outcomes],
    }


def name_scenarios(grid: Grid | None, count: int) -> list[str]:
    """Each scenario by its moves; by its number where the arrays came without a grid."""
    return [f"scenario {index}" for index in range(count)] if grid is None else [name_move(each) for each in grid.moves]


def name_move(move: Move) -> str:
    """A scenario in words."""
    weight = "" if move.weight == 1 else f", {render_exact(move.weight * 100)}% of it"
    return f"price {render_move(move.price)}, volatility {render_move(move.volatility)}{weight}"


def render_move(share: Fraction) -> str:
    """A signed percentage."""
    return f"{'+' if share > 0 else ''}{render_exact(share * 100)}%"
