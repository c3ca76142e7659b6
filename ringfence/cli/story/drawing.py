"""The story as a person sees it in a terminal: what each party sees, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ringfence.cli.story.steps import Seen
from ringfence.cli.story.telling import ToldStep

LEAST_WIDTH: Final = 26
"""Columns that a party needs; where there are fewer, some of them stand below the others."""
STYLES: Final = (
    (r"[0-9a-f]{8}…", "cyan"),
    (r"\b(?:accepted|covered|refreshed|released|yes|valid)\b", "green"),
    (r"(?m)\b(?:broken|refused)\b|: no$|^[A-Z]+_[A-Z]+$", "red"),
    (r"\bnothing\b", "dim"),
)
"""What is different each time, what is good, what is not, and what nobody is told."""

ItemT = TypeVar("ItemT")


def show_step(console: Console, number: int, told: ToldStep) -> None:
    """A step: what happens, what each of them sees, and a picture where it has one."""
    step = told.step
    console.rule(f"[bold]{number}. {step.title}[/bold]", align="left")
    console.print(Text(step.told), soft_wrap=False)
    if step.picture:
        console.print("", *(Text(line) for line in step.picture), sep="\n", soft_wrap=True)
    console.print(draw_seen(step.seen, console.width), soft_wrap=False)


def draw_seen(seen: Seen, width: int) -> RenderableType:
    """A column for each party, in as many rows as the terminal needs, each as long as the others."""
    at_once = max(1, width // LEAST_WIDTH)
    in_a_row = -(-len(seen) // -(-len(seen) // at_once))
    return Group(*map(draw_columns, map(dict, batched(seen.items(), in_a_row))))


def draw_columns(seen: Seen) -> Table:
    """Parties beside each other."""
    table = Table(header_style="bold cyan", expand=True)
    for party in seen:
        table.add_column(party, overflow="fold", ratio=1)
    table.add_row(*(draw_lines(lines) for lines in seen.values()))
    return table


def draw_lines(lines: Sequence[str]) -> Text:
    """What one of them sees, with what matters in colour."""
    text = Text("\n".join(lines))
    for pattern, style in STYLES:
        text.highlight_regex(pattern, style)
    return text


def batched(items: Iterable[ItemT], count: int) -> Iterator[list[ItemT]]:
    """So many of them at once."""
    rest = iter(items)
    while batch := list(islice(rest, count)):
        yield batch


def show_times(console: Console, told: Sequence[ToldStep], seconds: float) -> None:
    """How long each step took."""
    console.rule("[bold]How long it took[/bold]", align="left")
    table = Table(header_style="bold cyan")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for each in told:
        table.add_row(Text(each.step.title), f"{each.seconds:.2f}")
    table.add_section()
    table.add_row("with everything that was set up and taken down", f"{seconds:.2f}")
    console.print(table, soft_wrap=False)
