"""A netting report as tables for a person."""

from collections.abc import Mapping, Sequence
from typing import cast

from margin.documents.position_report import Report
from ringfence.cli.terminal import Cell, draw_facts, draw_table
from ringfence.cli.views import part

Rows = Sequence[Mapping[str, Cell]]


def show_netting(report: Report) -> None:
    """Verdict and totals, each set with its worst scenario, each group with what its offsets release."""
    shown = part(report, "shown")
    draw_facts(
        f"{report['label']}: netting sets",
        {
            "covered": report["covers"],
            f"equity ({report['currency']})": shown["equity"],
            "requirement of the sets apart": report["plain_sum"],
            "released by offsets": report["released"],
            "requirement": shown["requirement"],
        },
    )
    sets = cast("Rows", report["sets"])
    draw_table(
        "Sets",
        ["set", "equity", "worst scenario", "outcome", "short minimum", "requirement"],
        [
            [each["name"], each["equity"], worst["name"], worst["outcome"], each["short_minimum"], each["requirement"]]
            for each in sets
            for worst in [cast("Mapping[str, Cell]", each["worst"])]
        ],
    )
    show_groups(cast("Rows", report["groups"]))
    names = cast("Sequence[str]", report["scenarios"])
    outcomes = [cast("Sequence[str]", each["outcomes"]) for each in sets]
    draw_table(
        "Outcome in each scenario",
        ["scenario", *(str(each["name"]) for each in sets)],
        [[name, *(column[index] for column in outcomes)] for index, name in enumerate(names)],
    )


def show_groups(groups: Rows) -> None:
    """Sets that share what they need, each group covered by its own equity alone."""
    rows = [
        [" + ".join(cast("Sequence[str]", group["sets"])), group["covers"], group["equity"], group["requirement"]]
        for group in groups
    ]
    draw_table("Groups", ["sets", "covered", "equity", "requirement"], rows)
    reliefs = [relief for group in groups for relief in cast("Rows", group["offsets"])]
    if reliefs:
        columns = ["first", "second", "share", "matched", "released"]
        draw_table("Offsets", columns, [[relief[column] for column in columns] for relief in reliefs])
