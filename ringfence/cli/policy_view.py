"""A policy as tables for a person."""

from collections.abc import Mapping
from typing import cast

from margin.documents.position_report import Report
from ringfence.cli.terminal import Cell, draw_facts, draw_table, out

TIER_COLUMNS = ("floor", "max_leverage", "initial", "maintenance", "amount")
NESTED = ("tiers", "units", "liquidation")


def show_policy(report: Report) -> None:
    """Header, sources, then each market and option rule."""
    header = {name: report[name] for name in ("name", "version", "venue", "effective", "digest")}
    draw_facts(str(report["title"]), header)
    sources = cast("list[Mapping[str, Cell]]", report["sources"])
    draw_table("Sources", ["title", "date", "note"], [[s["title"], s["date"], s["note"]] for s in sources])
    for name, market in cast("Mapping[str, Mapping[str, object]]", report["markets"]).items():
        show_market(name, market)
    for name, rule in cast("Mapping[str, Mapping[str, Cell]]", report["options"]).items():
        draw_facts(f"{name} options", rule)
    if report["account"] is not None:
        show_account_terms(cast("Mapping[str, Mapping[str, object]]", report["account"]))


def show_account_terms(account: Mapping[str, Mapping[str, object]]) -> None:
    """What a whole account is held to."""
    draw_facts("Account: a fall of the stablecoin", account["depeg"])
    for name, market in cast("Mapping[str, Mapping[str, Cell]]", account["markets"]).items():
        draw_facts(f"Account: {name}", market)


def show_market(name: str, market: Mapping[str, object]) -> None:
    """One market: its choices and its tiers."""
    units = cast("Mapping[str, Cell]", market["units"])
    draw_facts(name, {**units, **{key: value for key, value in market.items() if key not in NESTED}})
    tiers = cast("list[Mapping[str, Cell]]", market["tiers"])
    draw_table(f"{name} tiers", TIER_COLUMNS, [[tier[column] for column in TIER_COLUMNS] for tier in tiers])
    liquidation = cast("Mapping[str, Cell]", market["liquidation"])
    draw_facts(f"{name} liquidation", liquidation)
    out.print()
