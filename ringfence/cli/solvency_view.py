"""What a venue owes and has, asset by asset, for a person and for a program."""

from collections.abc import Mapping, Sequence

from facts.solvency.header import Header
from facts.solvency.published import TotalDocument
from facts.solvency.totals import Totals
from margin.amounts import render_steps
from ringfence.cli.terminal import draw_table

FINE_DIGITS = 6


def describe_totals(total: TotalDocument, header: Header) -> dict[str, object]:
    """The totals of a run as it publishes them, in whole coins."""
    return list_totals(total.totals, total.reserves, header)


def list_totals(totals: Totals | None, reserves: Sequence[int] | None, header: Header) -> dict[str, object]:
    """Totals where they are shown, reserves where they are known."""
    told: dict[str, object] = {}
    if totals is not None:
        columns = zip(header.assets, totals.owed6, totals.debts, totals.gaps6, strict=True)
        told["totals"] = {
            asset.name: {
                "owed": render_steps(owed, asset.decimals + FINE_DIGITS),
                "lent": render_steps(debts, asset.decimals),
                "gaps": render_steps(gaps, asset.decimals + FINE_DIGITS),
            }
            for asset, owed, debts, gaps in columns
        }
    if reserves is not None:
        pairs = zip(header.assets, reserves, strict=True)
        told["reserves"] = {asset.name: render_steps(amount, asset.decimals) for asset, amount in pairs}
    return told


def show_totals(totals: Totals | None, reserves: Sequence[int] | None, header: Header) -> None:
    """The same as a table."""
    told = list_totals(totals, reserves, header)
    owed, kept = told.get("totals"), told.get("reserves")
    if not isinstance(owed, Mapping):
        owed = {}
    if not isinstance(kept, Mapping):
        kept = {}
    columns = ["asset", *(["owed", "lent", "gaps"] if owed else []), *(["reserves"] if kept else [])]
    rows = [
        [asset.name, *(owed[asset.name].values() if owed else []), *([kept[asset.name]] if kept else [])]
        for asset in header.assets
    ]
    draw_table(f"{header.venue}", columns, rows)


def show_amounts(title: str, amounts6: Mapping[str, int], header: Header) -> None:
    """Amounts in 1e-6 units as a table."""
    decimals = {asset.name: asset.decimals for asset in header.assets}
    rows = [[name, render_steps(amount, decimals[name] + FINE_DIGITS)] for name, amount in amounts6.items()]
    draw_table(title, ["asset", "amount"], rows)
