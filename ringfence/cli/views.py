"""Reports as tables for a person."""

from collections.abc import Mapping
from typing import cast

from margin.documents.position_report import Report
from ringfence.cli.terminal import Cell, draw_facts, draw_table, out

CAUSES = {
    "root": "",
    "cliff": " (a step of the tier table)",
    "now": " (already below maintenance)",
    "outside_table": " (below this table)",
}


def part(report: Report, name: str) -> Mapping[str, Cell]:
    """An object inside a report."""
    return cast("Mapping[str, Cell]", report[name])


def show_position(report: Report) -> None:
    """One position: verdict, equity against requirement, where it ends."""
    shown, units, leverage = part(report, "shown"), part(report, "units"), part(report, "leverage")
    currency = units["currency"]
    cause = CAUSES.get(str(report["liquidation_cause"]), "")
    draw_facts(
        f"{report['label']}: {report['side']} {report['size']} {report['market']} at {report['mark_price']}",
        {
            "covers initial": report["covers_initial"],
            "covers maintenance": report["covers_maintenance"],
            f"equity ({currency})": shown["equity"],
            "initial requirement": shown["initial"],
            "maintenance requirement": shown["maintenance"],
            "margin ratio": shown["margin_ratio"],
            "health factor": shown["health_factor"],
            "leverage set / allowed": f"{leverage['set'] or '-'} / {leverage['allowed'] or '-'}",
            f"liquidation price{cause}": shown["liquidation_price"],
            "bankruptcy price": shown["bankruptcy_price"],
        },
    )
    equity = part(report, "equity")
    show_shortfall(report, str(currency))
    draw_table(
        "Equity",
        ["cash", "basket", "pnl", "funding owed"],
        [[equity[k] for k in ("cash", "basket", "pnl", "funding_owed")]],
    )
    initial, maintenance = part(report, "initial"), part(report, "maintenance")
    rows = [[name.replace("_", " "), initial[name], maintenance[name]] for name in initial]
    draw_table("Requirement = rate * notional - amount + fees", ["", "initial", "maintenance"], rows)
    for extra in ("orders", "closeout"):
        if extra in report:
            draw_facts(extra.capitalize(), part(report, extra))


def show_shortfall(report: Report, currency: str) -> None:
    """What is missing where a requirement is not covered, and what mends it."""
    for kind in ("maintenance", "initial"):
        if report[f"covers_{kind}"] is False:
            missing = str(report[f"excess_{kind}"]).removeprefix("-")
            out.print(
                f"[yellow]{missing} {currency} below the {kind} requirement[/yellow]: "
                "add as much collateral, or make the position smaller",
                highlight=False,
            )
            return


def show_structure(report: Report) -> None:
    """One structure: name, worst and best outcome, and the venue's requirement with its steps."""
    payoff, profit = part(report, "payoff"), part(report, "profit")
    facts: dict[str, Cell] = {
        "covers initial": report["covers_initial"],
        "covers maintenance": report["covers_maintenance"],
        "max loss of the payoff": payoff["max_loss"],
        "max loss with premiums": profit["max_loss"],
        "break-even at": format_ranges(report["break_evens"]),
    }
    requirement = report["requirement"]
    if requirement is not None:
        asked = part(report, "requirement")
        facts |= {"initial requirement": asked["initial"], "maintenance requirement": asked["maintenance"]}
    draw_facts(f"{report['label']}: {report['name']}", facts)
    corners = cast("list[Mapping[str, Cell]]", profit["corners"])
    draw_table("Profit at expiry", ["price", "value"], [[c["price"], c["value"]] for c in corners])
    if requirement is not None:
        show_steps("Requirement", part(report, "requirement"))
        legs = cast("list[Mapping[str, Cell]]", part(report, "requirement")["legs"])
        for index, leg in enumerate(legs):
            show_steps(f"Leg {index + 1}", leg)


def show_steps(title: str, margin: Mapping[str, Cell]) -> None:
    """How a requirement came about."""
    steps = cast("list[Mapping[str, Cell]]", margin["steps"])
    if steps:
        draw_table(title, ["step", "formula", "amount"], [[s["name"], s["formula"], s["amount"]] for s in steps])


def format_ranges(ranges: Cell) -> str | None:
    """Prices and ranges of prices in one line."""
    found = cast("list[Mapping[str, Cell]]", ranges)
    texts = [str(r["from"]) if r["from"] == r["to"] else f"{r['from']} to {r['to'] or 'any'}" for r in found]
    return ", ".join(texts) or None
