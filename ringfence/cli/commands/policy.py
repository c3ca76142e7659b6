"""``ringfence policy``: the venues' rules that ship, and the check of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from margin.documents.policy_report import report_policy_document
from margin.documents.published import find_policy, list_policies, load_policy
from ringfence.cli.options import JsonOption
from ringfence.cli.policy_view import show_policy
from ringfence.cli.terminal import draw_table, out, write_json

app = typer.Typer(help="List, show and check margin policies.", no_args_is_help=True)


def complete_policy(incomplete: str) -> list[str]:
    """Shell completion of a shipped policy's name."""
    return [name for name in list_policies() if name.startswith(incomplete)]


@app.command("list")
def list_all(*, as_json: JsonOption = False) -> None:
    """List the policies that ship."""
    policies = [load_policy(name) for name in list_policies()]
    if as_json:
        write_json(
            [
                {
                    "name": each.name,
                    "version": each.version,
                    "venue": each.venue,
                    "title": each.title,
                    "effective": each.effective,
                    "markets": sorted(each.markets),
                    "options": sorted(each.options),
                    "digest": each.digest,
                }
                for each in policies
            ]
        )
        return
    rows = [
        [
            each.name,
            each.venue,
            each.effective,
            ", ".join([*sorted(each.markets), *(f"{o} options" for o in each.options)]),
        ]
        for each in policies
    ]
    draw_table("Policies", ["name", "venue", "effective", "markets"], rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped policy, or a file.", autocompletion=complete_policy)],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show a policy: its choices, its tables, its sources and its digest."""
    report = report_policy_document(find_policy(name, Path()))
    if as_json:
        write_json(report)
    else:
        show_policy(report)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A policy file (.toml, .json) or a shipped policy's name.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Check a policy file to its last field and tell its digest."""
    policy = find_policy(file, Path())
    if as_json:
        write_json({"name": policy.name, "version": policy.version, "digest": policy.digest, "valid": True})
    else:
        out.print(f"[green]valid[/green] {policy.name} version {policy.version}\n{policy.digest}", highlight=False)
