"""How far long work is: a bar on a terminal, a line for each tenth elsewhere, nothing beside a JSON document."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ringfence.cli.terminal import err

Report = Callable[[int, int], None]
"""Told how many of how many are done."""


@contextmanager
def show_progress(what: str, unit: str, *, as_json: bool) -> Iterator[Report]:
    """What is to be told while this work is done; it goes to standard error."""
    if as_json:
        yield lambda _done, _of: None
    elif err.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        ) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
    else:
        yield TenthLines(what, unit)


class TenthLines:
    """One line for each tenth that is done."""

    def __init__(self, what: str, unit: str) -> None:
        self.what = what
        self.unit = unit
        self.told = 0

    def __call__(self, done: int, of: int) -> None:
        """So many of so many are done."""
        tenth = 10 * done // of if of else 10
        if tenth > self.told:
            self.told = tenth
            err.print(f"{self.what}: {10 * tenth} %, {done} of {of} {self.unit}", highlight=False)
