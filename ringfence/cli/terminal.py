"""What a command writes: tables for a person, one JSON document for a program."""

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ringfence.cli.exits import ExitCode, Refusal, exit_of

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

Cell = object


def write_json(document: object) -> None:
    """One JSON document on standard output, and nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_json_line(document: object) -> None:
    """One JSON document on one line of a stream."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def draw_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """A table with numbers on the right: every column but the first."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold cyan")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*(format_cell(cell) for cell in row))
    out.print(table)


def draw_facts(title: str, facts: Mapping[str, Cell]) -> None:
    """A two-column table of names and values."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="cyan")
    table.add_column(justify="right", overflow="fold")
    for name, value in facts.items():
        table.add_row(name, format_cell(value))
    out.print(table)


def format_cell(cell: Cell) -> str:
    """A value for a person: yes and no in colour, nothing as a dash."""
    match cell:
        case None:
            return "[dim]none[/dim]"
        case True:
            return "[green]yes[/green]"
        case False:
            return "[red]no[/red]"
        case _:
            return escape(str(cell))


def make_printable(name: str) -> str:
    """A name that a stranger chose, without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def describe_error(error: Refusal) -> dict[str, object]:
    """A refusal as a program reads it."""
    return {
        "kind": error.kind,
        "reason": str(error.reason),
        "field": error.field,
        "found": error.found,
        "expected": error.expected,
    }


def report_error(error: Refusal, *, as_json: bool) -> ExitCode:
    """Tell a refusal: which field, what was found, what was expected; returns the exit code."""
    if as_json:
        write_json({"error": describe_error(error)})
    else:
        err.print(f"[bold red]{error.kind}[/bold red] [bold]{escape(error.field)}[/bold]: {error.reason}")
        err.print(f"  found     {escape(error.found)}")
        err.print(f"  expected  {escape(error.expected)}")
    return exit_of(error)
