"""The story as a page: what a terminal shows, with what is different each time put in order.

Every identifier has the number of its first appearance, so that one that appears again is seen to do so. Times are
those of the machine that made the recording.
"""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Final

from rich.console import Console

from ringfence.cli.story.drawing import show_step, show_times
from ringfence.cli.story.telling import ToldStep

WIDTH: Final = 80
"""What a page has room for, and a terminal that nobody made wider."""
DRAWN: Final = re.compile(r"\b[0-9a-f]{8}(?=…)")
TIMES: Final = "## How long it took"
HEAD: Final = """# The demo, recorded

What `ringfence demo` shows, written by `ringfence demo --record docs/demo.md`. A verifier and a prover serve on this
machine, with certificates and keys for development; a venue has ten thousand positions in its book, an oracle signs
prices, watchers sign the locks of a chain. Digits before an ellipsis are numbered by their first appearance, so that
what appears again is seen to; everything else is what the programs answered.
"""


def render_recording(told: Sequence[ToldStep], seconds: float) -> str:
    """The page."""
    parts = [HEAD]
    for number, each in enumerate(told, start=1):
        parts.append(f"## {number}. {each.step.title}\n\n{fence(draw(number, each))}")
    parts.append(f"{TIMES}\n\n{fence(draw_times(told, seconds))}")
    return number_names("\n".join(parts))


def draw(number: int, told: ToldStep) -> str:
    """A step without its rule, which is a heading here."""
    console = open_console()
    show_step(console, number, told)
    return drawn_on(console)


def draw_times(told: Sequence[ToldStep], seconds: float) -> str:
    """The end without its rule."""
    console = open_console()
    show_times(console, told, seconds)
    return drawn_on(console)


def open_console() -> Console:
    """A terminal that is a text, as wide as a page, without colours."""
    return Console(file=StringIO(), width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)


def drawn_on(console: Console) -> str:
    """What was drawn, without the line that names the step."""
    file = console.file
    text = file.getvalue() if isinstance(file, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines()[1:])


def fence(text: str) -> str:
    """A block of a page."""
    return f"```text\n{text}\n```\n"


def number_names(text: str) -> str:
    """The same text with identifiers in the order of their first appearance."""
    order = {name: place for place, name in enumerate(dict.fromkeys(DRAWN.findall(text)), start=1)}
    return DRAWN.sub(lambda found: f"{order[found.group()]:08d}", text)


def compare_form(page: str) -> str:
    """What two recordings have in common: everything but the times."""
    return page.partition(TIMES)[0]
