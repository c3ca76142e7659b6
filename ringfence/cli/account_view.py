"""An account's report as tables for a person."""

from collections.abc import Mapping, Sequence
from typing import cast

from margin.documents.position_report import Report
from ringfence.cli.terminal import Cell, draw_facts, draw_table
from ringfence.cli.views import part, show_steps


def show_account(report: Report) -> None:
    """One account: verdict, equity against both requirements, and the steps of every market."""
    shown = part(report, "shown")
    draw_facts(
        f"{report['label']}: an account under {part(report, 'policy')['name']}",
        {
            "covers initial": report["covers_initial"],
            "covers maintenance": report["covers_maintenance"],
            "cash": report["cash"],
            "equity": shown["equity"],
            "initial requirement": shown["initial"],
            "maintenance requirement": shown["maintenance"],
            "initial excess": shown["excess_initial"],
            "maintenance excess": shown["excess_maintenance"],
            "market value": shown["market_value"],
        },
    )
    for name, holding in cast("Mapping[str, Mapping[str, Cell]]", report["holdings"]).items():
        show_holding(name, holding)


def show_holding(name: str, holding: Mapping[str, Cell]) -> None:
    """What one market adds to each excess, and how each of its expiries came about."""
    for kind in ("initial", "maintenance"):
        show_steps(f"{name}: what it adds to the cash for the {kind} excess", {"steps": holding[kind]})
    for expiry in cast("Sequence[Mapping[str, Cell]]", holding["expiries"]):
        title = f"{name}: options at the forward {expiry['forward']}, worth {expiry['market_value']}"
        show_steps(title, expiry)
        legs = cast("Sequence[Mapping[str, Cell]]", expiry["legs"])
        rows = [[index + 1, leg["initial"], leg["maintenance"]] for index, leg in enumerate(legs)]
        draw_table(f"{name}: each leg alone", ["leg", "initial", "maintenance"], rows)
