"""What moves of the price do, as a report and as a table."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import cast

from margin.amounts import Rounding, render_exact
from margin.documents.position_document import PositionDocument
from margin.documents.position_report import Report, render_optional
from margin.documents.structure_document import StructureDocument
from margin.errors import MalformedError, Reason
from margin.payoff import Measure, compute_outcome
from margin.requirement import RequirementKind
from margin.stress import require_shock, stress_position
from ringfence.cli.terminal import Cell, draw_table

STRESS_FORMAT = "ringfence.stress/1"


def report_position_stress(
    document: PositionDocument, shocks: Sequence[Fraction], kind: RequirementKind
) -> tuple[Report, list[bool]]:
    """A row for each shock, and whether the requirement is covered after it."""
    units = document.market.units
    rows, verdicts = [], []
    for stressed in stress_position(document.market.policy, document.position, document.state, shocks):
        evaluation = stressed.evaluation
        verdicts.append(evaluation.covers(kind))
        rows.append(
            {
                "shock": render_percent(stressed.shock),
                "price": units.show_price(stressed.mark),
                "covered": verdicts[-1],
                "equity": units.round_money(evaluation.equity.total, Rounding.DOWN),
                "initial": units.round_money(evaluation.initial.total, Rounding.UP),
                "maintenance": units.round_money(evaluation.maintenance.total, Rounding.UP),
                "margin_ratio": render_optional(evaluation.margin_ratio),
            }
        )
    return {"format": STRESS_FORMAT, "label": document.label, "rows": rows}, verdicts


def report_structure_stress(document: StructureDocument, shocks: Sequence[Fraction]) -> tuple[Report, list[bool]]:
    """The outcome at expiry at each shocked price; covered where cash and payoff together are not below zero."""
    if document.market is None:
        raise MalformedError(
            Reason.MISSING_PRICE, "prices.spot", found="nothing", expected="the price that the shocks are applied to"
        )
    rows, verdicts = [], []
    for shock in shocks:
        price = document.market.spot * (1 + require_shock(shock))
        payoff = compute_outcome(document.structure, price, Measure.PAYOFF)
        covered = None if document.cash is None else document.cash + payoff >= 0
        if covered is not None:
            verdicts.append(covered)
        rows.append(
            {
                "shock": render_percent(shock),
                "price": render_exact(price),
                "covered": covered,
                "payoff": render_exact(payoff),
                "profit": render_exact(compute_outcome(document.structure, price, Measure.PROFIT)),
            }
        )
    return {"format": STRESS_FORMAT, "label": document.label, "rows": rows}, verdicts


def render_percent(shock: Fraction) -> str:
    """A signed percentage."""
    return f"{'+' if shock > 0 else ''}{render_exact(shock * 100)}%"


def show_stress(report: Report) -> None:
    """The rows as a table."""
    rows = cast("list[Mapping[str, Cell]]", report["rows"])
    columns = list(rows[0]) if rows else []
    draw_table(f"{report['label']} under shocks", columns, [[row[column] for column in columns] for row in rows])
