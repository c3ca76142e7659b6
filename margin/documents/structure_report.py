"""What is told of a structure: name, payoff, worst and best outcome, and what the venue's rule asks."""

from dataclasses import dataclass
from fractions import Fraction

from margin.amounts import render_exact
from margin.documents.position_report import Report, render_optional, report_policy
from margin.documents.structure_document import StructureDocument
from margin.options import LegMargin, StructureMargin, Term, compute_structure_margin
from margin.payoff import (
    Extreme,
    Measure,
    PriceRange,
    Structure,
    Unlimited,
    draw_curve,
    find_best,
    find_break_evens,
    find_worst,
)
from margin.recognition import name_structure

STRUCTURE_EVALUATION_FORMAT = "ringfence.structure-evaluation/1"


@dataclass(frozen=True, slots=True)
class StructureEvaluation:
    """A structure's payoff and, under a rule, its margin."""

    margin: StructureMargin | None
    equity: Fraction | None
    """What is held against the requirement: the cash, and the options' value where the rule leaves it out."""

    @property
    def covers_initial(self) -> bool | None:
        """Whether the equity covers the initial requirement; None where there is no question."""
        return None if self.margin is None or self.equity is None else self.equity >= self.margin.initial

    @property
    def covers_maintenance(self) -> bool | None:
        """Whether the equity covers the maintenance requirement; None where there is no question."""
        return None if self.margin is None or self.equity is None else self.equity >= self.margin.maintenance


def evaluate_structure(document: StructureDocument) -> StructureEvaluation:
    """Judge the structure by its rule, if it names one."""
    if document.rule is None or document.market is None:
        return StructureEvaluation(None, document.cash)
    margin = compute_structure_margin(document.rule, document.option_legs, document.market)
    if document.cash is None:
        return StructureEvaluation(margin, None)
    marked = sum((leg.signed_quantity * leg.mark for leg in document.option_legs), Fraction(0))
    return StructureEvaluation(margin, document.cash + (Fraction(0) if document.rule.includes_mark else marked))


def report_structure(document: StructureDocument, evaluation: StructureEvaluation) -> Report:
    """The whole report of one structure."""
    structure = document.structure
    return {
        "format": STRUCTURE_EVALUATION_FORMAT,
        "label": document.label,
        "policy": report_policy(document.policy),
        "market": document.market_name,
        "name": name_structure(structure),
        "covers_initial": evaluation.covers_initial,
        "covers_maintenance": evaluation.covers_maintenance,
        "payoff": report_measure(structure, Measure.PAYOFF),
        "profit": report_measure(structure, Measure.PROFIT),
        "break_evens": [report_range(each) for each in find_break_evens(structure)],
        "requirement": None if evaluation.margin is None else report_margin(evaluation.margin),
        "cash": render_optional(document.cash),
        "equity": render_optional(evaluation.equity),
    }


def report_measure(structure: Structure, measure: Measure) -> Report:
    """Worst and best outcome, and the corners of the line between them."""
    curve = draw_curve(structure.legs, measure)
    return {
        "max_loss": report_loss(find_worst(structure, measure)),
        "worst": report_extreme(find_worst(structure, measure)),
        "best": report_extreme(find_best(structure, measure)),
        "corners": [{"price": render_exact(price), "value": render_exact(value)} for price, value in curve.vertices],
        "slope_beyond": render_exact(curve.slope),
    }


def report_loss(worst: Extreme | Unlimited) -> str:
    """The most that can be lost, or the word for no bound."""
    return "unlimited" if isinstance(worst, Unlimited) else render_exact(max(Fraction(0), -worst.value))


def report_extreme(extreme: Extreme | Unlimited) -> Report:
    """An outcome and where it happens."""
    if isinstance(extreme, Unlimited):
        return {"value": "unlimited", "slope": render_exact(extreme.slope)}
    return {"value": render_exact(extreme.value), "at": [report_range(each) for each in extreme.prices]}


def report_range(prices: PriceRange) -> Report:
    """A range of prices; ``to`` is null where it has no end."""
    return {"from": render_exact(prices.low), "to": render_optional(prices.high)}


def report_margin(margin: StructureMargin) -> Report:
    """The requirement with the steps that lead to it."""
    return {
        "initial": render_exact(margin.initial),
        "maintenance": render_exact(margin.maintenance),
        "steps": [report_term(term) for term in margin.terms],
        "legs": [report_leg_margin(leg) for leg in margin.legs],
    }


def report_leg_margin(leg: LegMargin) -> Report:
    """What one leg needs alone."""
    return {
        "initial": render_exact(leg.initial),
        "maintenance": render_exact(leg.maintenance),
        "steps": [report_term(term) for term in leg.terms],
    }


def report_term(term: Term) -> Report:
    """One step of a calculation."""
    return {"name": term.name, "formula": term.formula, "amount": render_exact(term.amount)}
