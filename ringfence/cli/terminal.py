"""What a command writes: tables for a person, one JSON document for a program."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ringfence.cli.exits import ExitCode, Refusal, exit_of
from ringfence.cli.remedies import find_remedy

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

OF_TIME: Final = frozenset({"EXPIRED", "TOO_OLD", "FROM_THE_FUTURE"})
"""Reasons whose numbers of ten digits are moments."""
MOMENT: Final = re.compile(r"\b\d{10}\b", re.ASCII)

SAID_FROM: Final = 12
"""The column from which on a refusal says what was found, expected and is to be done."""

LEAST_WIDTH: Final = 40

Cell = object


def write_json(document: object) -> None:
    """One JSON document on standard output, and nothing else."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def abandon_output() -> None:
    """Nobody reads what is still to be written, or the disk has no room for it: the interpreter is not to try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
        "remedy": find_remedy(error),
    }


def report_error(error: Refusal, *, as_json: bool) -> ExitCode:
    """Tell a refusal: which field, what was found, what was expected, what to do; returns the exit code."""
    tell_error(describe_error(error), as_json=as_json)
    return exit_of(error)


def tell_error(error: Mapping[str, object], *, as_json: bool) -> None:
    """An error of any origin, for a program or for a person."""
    if as_json:
        try:
            write_json({"error": error})
            sys.stdout.flush()
        except OSError:
            abandon_output()
        else:
            return
    field = make_printable(str(error["field"])) or "-"
    err.print(f"[bold red]{error['kind']}[/bold red] [bold]{escape(field)}[/bold]: {error['reason']}", highlight=False)
    for name in ("found", "expected", "remedy"):
        if said := make_printable(str(error[name])):
            told = MOMENT.sub(write_moment, said) if error["reason"] in OF_TIME else said
            line = f"  {name:<9} {told}"
            err.print(escape(fold(line, err.width) if err.is_terminal else line), highlight=False)


def fold(line: str, width: int) -> str:
    """A line of a refusal in as many as a terminal needs, the further ones below what is said in the first."""
    indent = " " * SAID_FROM
    lines = wrap(
        line, max(width, LEAST_WIDTH), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines)


def write_moment(seconds: re.Match[str]) -> str:
    """A moment as a person reads it, who does not count seconds since 1970."""
    return datetime.fromtimestamp(int(seconds.group()), UTC).isoformat().replace("+00:00", "Z")
