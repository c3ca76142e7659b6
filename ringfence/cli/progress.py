"""How far long work is: a bar on a terminal, a line for each tenth elsewhere, nothing beside a JSON document.

Both say how much time is left, a line once it has taken so long that somebody might ask.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ringfence.cli.terminal import err

WORTH_TELLING_SECONDS = 5

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
        self.began: tuple[float, int] | None = None
        """When it was told first, and how much was done then: what was done before took no time here."""

    def __call__(self, done: int, of: int) -> None:
        """So many of so many are done."""
        self.began = self.began or (time.monotonic(), done)
        tenth = 10 * done // of if of else 10
        if tenth > self.told:
            self.told = tenth
            left = tell_left(*self.began, done, of)
            err.print(f"{self.what}: {10 * tenth} %, {done} of {of} {self.unit}{left}", highlight=False)


def tell_left(began: float, before: int, done: int, of: int) -> str:
    """The time that is left if the rest is as fast as what was done since."""
    passed = time.monotonic() - began
    if before >= done or done >= of or passed < WORTH_TELLING_SECONDS:
        return ""
    minutes, seconds = divmod(round(passed * (of - done) / (done - before)), 60)
    return f", {minutes} min {seconds} s left" if minutes else f", {seconds} s left"
