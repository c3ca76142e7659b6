"""Who says what to whom, in which order, drawn from the lines that Mermaid calls a sequence diagram.

    sequenceDiagram
        participant T as Trader
        T->>E: what is said          -->> is drawn dashed: an answer, or what is only seen
        Note over T,E: what is so
        opt when                     alt with else, and loop, likewise; each until its end

These lines of Mermaid's language and no others: whatever shows Mermaid shows them, and the site needs no program that
a browser would have to fetch. No font is at hand where a site is built, so that widths are estimated, and rather high.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Final

LETTER: Final = 6.8
LINE: Final = 16
SPACE: Final = 12
TIP: Final = 7
LOOP: Final = 26
"""How far what somebody says to itself reaches to the right."""
NARROWEST: Final = 100
LETTERS: Final = 27
"""As many stand in one line before the text is wrapped."""

TITLE: Final = "sequenceDiagram"
PARTICIPANT: Final = re.compile(r"participant (\w+)(?: as (.+))?")
MESSAGE: Final = re.compile(r"(\w+)(-->>|->>)(\w+): (.+)")
NOTE: Final = re.compile(r"Note over (\w+)(?:, ?(\w+))?: (.+)")
OPENING: Final = re.compile(r"(alt|opt|loop) (.+)")
BRANCH: Final = re.compile(r"else(?: (.+))?")
END: Final = "end"


class DrawingError(ValueError):
    """A line that is none of those that can be drawn."""


@dataclass(frozen=True)
class Message:
    """One says something to another, or to itself."""

    sender: int
    receiver: int
    is_dashed: bool
    text: str


@dataclass(frozen=True)
class Note:
    """What is so, over one column or several."""

    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Opening:
    """A frame begins."""

    kind: str
    condition: str


@dataclass(frozen=True)
class Branch:
    """The other way of a frame."""

    condition: str


@dataclass(frozen=True)
class Closing:
    """A frame ends."""


Step = Message | Note | Opening | Branch | Closing


@dataclass(frozen=True)
class Diagram:
    """Everybody who takes part, and what happens."""

    names: Sequence[str]
    steps: Sequence[Step]


# --- From text ------------------------------------------------------------------------------------------


def read_diagram(source: str) -> Diagram:
    """The diagram of some lines; one that cannot be drawn is an error, never left out."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    if not lines or lines[0] != TITLE:
        raise DrawingError(f"the first line is not {TITLE}")
    names: dict[str, str] = {}
    steps: list[Step] = []
    depth = 0
    for line in lines[1:]:
        if found := PARTICIPANT.fullmatch(line):
            names[found[1]] = found[2] or found[1]
            continue
        step = read_step(line, list(names))
        depth += isinstance(step, Opening) - isinstance(step, Closing)
        if depth < 0 or (depth == 0 and isinstance(step, Branch)):
            raise DrawingError(f"no frame is open: {line}")
        steps.append(step)
    if depth:
        raise DrawingError(f"{depth} frames have no end")
    return Diagram(list(names.values()), steps)


def read_step(line: str, keys: Sequence[str]) -> Step:
    """What a line says happens."""
    if found := MESSAGE.fullmatch(line):
        return Message(find(found[1], keys, line), find(found[3], keys, line), found[2] == "-->>", found[4])
    if found := NOTE.fullmatch(line):
        first, last = find(found[1], keys, line), find(found[2] or found[1], keys, line)
        return Note(min(first, last), max(first, last), found[3])
    if found := OPENING.fullmatch(line):
        return Opening(found[1], found[2])
    if found := BRANCH.fullmatch(line):
        return Branch(found[1] or "")
    if line == END:
        return Closing()
    raise DrawingError(f"not a line of a diagram: {line}")


def find(key: str, keys: Sequence[str], line: str) -> int:
    """The column of somebody who takes part."""
    if key not in keys:
        raise DrawingError(f"nobody is called {key}: {line}")
    return keys.index(key)


# --- To a picture ---------------------------------------------------------------------------------------


def draw_diagram(diagram: Diagram) -> str:
    """The picture, in the colour and the font of whatever it stands in."""
    columns = place_columns(diagram)
    width = columns[-1] + reach_beyond(diagram) + SPACE
    sheet = Sheet(columns, width)
    top = 2 * SPACE + LINE
    for column, name in zip(columns, diagram.names, strict=True):
        half = head_width(name) / 2
        sheet.box(column - half, 0, 2 * half, top, "head")
        sheet.text(column, SPACE + LINE * 0.75, [name], "name")
    sheet.y = top + SPACE
    for step in diagram.steps:
        draw_step(sheet, step)
    lives = [f'<path class="life" d="M{n(x)} {n(top)}V{n(sheet.y)}"/>' for x in columns]
    label = escape(", ".join(diagram.names), quote=True)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -1 {n(width)} {n(sheet.y + 2)}" width="{n(width)}"'
    return "".join([f'{head} role="img" aria-label="{label}">', *lives, *sheet.parts, "</svg>"])


def place_columns(diagram: Diagram) -> list[float]:
    """The middle of each column: as far from the one before as names and what is said between them need."""
    gaps = [max(NARROWEST, (head_width(a) + head_width(b)) / 2 + SPACE) for a, b in pairwise(diagram.names)]
    for step in diagram.steps:
        if isinstance(step, Message):
            low, high = sorted((step.sender, step.receiver))
            wanted = text_width(fold(step.text, high - low)) + 2 * SPACE
            high = max(high, low + 1)
        elif isinstance(step, Note):
            low, high, wanted = step.first, step.last, text_width(fold(step.text, step.last - step.first))
        else:
            continue
        between = gaps[low:high]
        missing = wanted - sum(between)
        if between and missing > 0:
            gaps[low:high] = [gap + missing / len(between) for gap in between]
    places = [max(head_width(diagram.names[0]) / 2, NARROWEST * 0.8)]
    for gap in gaps:
        places.append(places[-1] + gap)
    return places


def reach_beyond(diagram: Diagram) -> float:
    """How far the last column reaches to the right of its middle."""
    last = len(diagram.names) - 1
    reaches = [head_width(diagram.names[last]) / 2]
    for step in diagram.steps:
        if isinstance(step, Message) and step.sender == step.receiver == last:
            reaches.append(text_width(fold(step.text, 1)) + SPACE)
        elif isinstance(step, Note) and step.last == last:
            reaches.append(2 * SPACE + (text_width(fold(step.text, 1)) / 2 if step.first == last else 0))
    return max(reaches)


@dataclass
class Sheet:
    """What is drawn so far, and how far down."""

    columns: Sequence[float]
    width: float
    y: float = 0
    parts: list[str] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    """Where those begin that are open."""

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A rectangle."""
        size = f'width="{n(width)}" height="{n(height)}"'
        self.parts.append(f'<rect class="{kind}" x="{n(x)}" y="{n(y)}" {size} rx="3"/>')

    def text(self, x: float, y: float, lines: Iterable[str], kind: str) -> None:
        """Lines, the first of them on ``y``."""
        for row, line in enumerate(lines):
            self.parts.append(f'<text class="{kind}" x="{n(x)}" y="{n(y + row * LINE)}">{escape(line)}</text>')

    def line(self, path: str, kind: str) -> None:
        """A line along a path."""
        self.parts.append(f'<path class="{kind}" d="{path}"/>')

    def tip(self, x: float, direction: int) -> None:
        """The head of an arrow that ends here."""
        back = x - direction * TIP
        y = self.y
        self.line(f"M{n(x)} {n(y)}L{n(back)} {n(y - TIP / 2)}L{n(back)} {n(y + TIP / 2)}Z", "tip")


def draw_step(sheet: Sheet, step: Step) -> None:
    """What happens next, below what has happened."""
    match step:
        case Message():
            draw_message(sheet, step)
        case Note():
            draw_note(sheet, step)
        case Opening():
            sheet.frames.append(sheet.y)
            draw_condition(sheet, f"{step.kind}: {step.condition}")
        case Branch():
            inset = SPACE / 2 * len(sheet.frames)
            sheet.line(f"M{n(inset)} {n(sheet.y)}H{n(sheet.width - inset)}", "dashed")
            draw_condition(sheet, step.condition or "else")
        case Closing():
            inset, top = SPACE / 2 * len(sheet.frames), sheet.frames.pop()
            sheet.box(inset, top, sheet.width - 2 * inset, sheet.y - top, "frame")
            sheet.y += SPACE


def draw_condition(sheet: Sheet, text: str) -> None:
    """When a frame, or its other way, is taken."""
    lines = wrap(text, int(sheet.width / LETTER) - 4)
    sheet.text(SPACE / 2 * len(sheet.frames) + SPACE / 2, sheet.y + LINE, lines, "condition")
    sheet.y += LINE * len(lines) + SPACE


def draw_message(sheet: Sheet, message: Message) -> None:
    """The words, and the arrow below them."""
    start, end = sheet.columns[message.sender], sheet.columns[message.receiver]
    lines = fold(message.text, abs(message.sender - message.receiver))
    sheet.y += LINE * len(lines)
    top = sheet.y - LINE * (len(lines) - 1) - 5
    kind = "dashed" if message.is_dashed else "said"
    if message.sender == message.receiver:
        sheet.text(start + SPACE / 2, top, lines, "aside")
        sheet.line(f"M{n(start)} {n(sheet.y)}h{LOOP}v{SPACE}H{n(start)}", kind)
        sheet.y += SPACE
        sheet.tip(start, -1)
    else:
        sheet.text((start + end) / 2, top, lines, "words")
        sheet.line(f"M{n(start)} {n(sheet.y)}H{n(end)}", kind)
        sheet.tip(end, 1 if end > start else -1)
    sheet.y += SPACE


def draw_note(sheet: Sheet, note: Note) -> None:
    """A box over the columns that it is about."""
    left, right = sheet.columns[note.first], sheet.columns[note.last]
    lines = fold(note.text, note.last - note.first)
    width = max(right - left + 4 * SPACE, text_width(lines) + SPACE)
    left = max(1.0, (left + right - width) / 2)
    sheet.box(left, sheet.y, width, LINE * len(lines) + SPACE, "note")
    sheet.text(left + width / 2, sheet.y + LINE, lines, "words")
    sheet.y += LINE * len(lines) + 2 * SPACE


def fold(text: str, columns: int) -> list[str]:
    """Text in lines that are the longer, the more columns it reaches over."""
    return wrap(text, LETTERS * max(1, columns))


def text_width(lines: Iterable[str]) -> float:
    """How much room lines take."""
    return LETTER * max(map(len, lines))


def head_width(name: str) -> float:
    """How wide the box is that a column begins with."""
    return text_width([name]) * 1.1 + 2 * SPACE


def n(value: float) -> str:
    """A number as SVG has it, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
