"""Who there is and what goes from one to another, drawn from the lines that Mermaid calls a flowchart.

    flowchart LR
        T["Trader<br>knows the position"]
        T -->|what is handed on| P       -.-> is drawn dashed
        subgraph S["what they have in common"]
            T
            P
        end
        %% T 1 2                         the place of a box: its column and its row

These lines and no others. Mermaid finds places by itself and takes ours for comments; here every box needs one, because
a picture that is read in a moment is laid out by whoever knows what it says.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap
from typing import Final

from drawing.sequences import END, LINE, SPACE, TIP, DrawingError, n

TITLE: Final = "flowchart LR"
WIDTH: Final = 168
HEIGHT: Final = 68
ACROSS: Final = 116
"""Between two columns: what goes from one to the other is written there."""
DOWN: Final = 76
LETTERS: Final = 14
"""As many of an arrow's words stand in one line."""

BOX: Final = re.compile(r'(\w+)\["([^"<]+)(?:<br>([^"<]+))?"\]')
ARROW: Final = re.compile(r"(\w+) (-->|-\.->)\|([^|]+)\| (\w+)")
FRAME: Final = re.compile(r'subgraph \w+\["([^"]+)"\]')
PLACE: Final = re.compile(r"%% (\w+) ([1-9]) ([1-9])")


@dataclass(frozen=True)
class Box:
    """Somebody, and a few words about it."""

    title: str
    words: str


@dataclass(frozen=True)
class Arrow:
    """Something goes from one to another."""

    start: str
    end: str
    is_dashed: bool
    words: str


@dataclass(frozen=True)
class Frame:
    """Boxes that have something in common."""

    title: str
    keys: Sequence[str]


@dataclass
class Map:
    """Everything that is drawn."""

    boxes: dict[str, Box] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def corner(self, key: str) -> tuple[float, float]:
        """Where the box of somebody begins."""
        column, row = self.places[key]
        return 2 * SPACE + (column - 1) * (WIDTH + ACROSS), 3 * SPACE + (row - 1) * (HEIGHT + DOWN)

    def middle(self, key: str) -> tuple[float, float]:
        """Where the middle of the box is."""
        x, y = self.corner(key)
        return x + WIDTH / 2, y + HEIGHT / 2


def read_map(source: str) -> Map:
    """The map of some lines; one that cannot be drawn is an error, never left out."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    if not lines or lines[0] != TITLE:
        raise DrawingError(f"the first line is not {TITLE}")
    drawn = Map()
    framed: list[str] | None = None
    for line in lines[1:]:
        if framed is not None:
            if line == END:
                framed = None
            else:
                framed.append(line)
        elif found := FRAME.fullmatch(line):
            framed = []
            drawn.frames.append(Frame(found[1], framed))
        elif found := BOX.fullmatch(line):
            drawn.boxes[found[1]] = Box(found[2], found[3] or "")
        elif found := ARROW.fullmatch(line):
            drawn.arrows.append(Arrow(found[1], found[4], found[2] == "-.->", found[3]))
        elif found := PLACE.fullmatch(line):
            drawn.places[found[1]] = (int(found[2]), int(found[3]))
        else:
            raise DrawingError(f"not a line of a map: {line}")
    require_whole(drawn, is_open=framed is not None)
    return drawn


def require_whole(drawn: Map, *, is_open: bool) -> None:
    """Every box has a place of its own, and nothing is said of boxes that are not there."""
    if is_open:
        raise DrawingError("a frame has no end")
    if drawn.boxes.keys() != drawn.places.keys() or len(set(drawn.places.values())) < len(drawn.boxes):
        raise DrawingError("every box needs a place of its own")
    named = {key for arrow in drawn.arrows for key in (arrow.start, arrow.end)}
    named |= {key for frame in drawn.frames for key in frame.keys}
    if missing := named - drawn.boxes.keys():
        raise DrawingError(f"nobody is called {', '.join(sorted(missing))}")
    if any(arrow.start == arrow.end or not is_short(arrow, drawn.places) for arrow in drawn.arrows):
        raise DrawingError("an arrow leads to a neighbour")


def is_short(arrow: Arrow, places: Mapping[str, tuple[int, int]]) -> bool:
    """Whether an arrow passes no third box: its ends are neighbours, also across a corner."""
    (column, row), (other_column, other_row) = places[arrow.start], places[arrow.end]
    return max(abs(column - other_column), abs(row - other_row)) == 1


def draw_map(drawn: Map) -> str:
    """The picture, in the colour and the font of whatever it stands in."""
    columns, rows = (max(place[axis] for place in drawn.places.values()) for axis in (0, 1))
    width = 4 * SPACE + columns * WIDTH + (columns - 1) * ACROSS
    height = 5 * SPACE + rows * HEIGHT + (rows - 1) * DOWN
    parts = [part for frame in drawn.frames for part in draw_frame(drawn, frame)]
    parts += [part for arrow in drawn.arrows for part in draw_arrow(drawn, arrow)]
    parts += [part for key in drawn.boxes for part in draw_box(drawn, key)]
    label = escape(", ".join(box.title for box in drawn.boxes.values()), quote=True)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(width)} {n(height)}" width="{n(width)}"'
    return "".join([f'{head} class="map" role="img" aria-label="{label}">', *parts, "</svg>"])


def draw_box(drawn: Map, key: str) -> list[str]:
    """A box with its title, and the words below it."""
    (x, y), box = drawn.corner(key), drawn.boxes[key]
    lines = wrap(box.words, 23)
    top = y + (HEIGHT - LINE * (1 + len(lines))) / 2 + LINE * 0.75
    return [
        f'<rect class="head" x="{n(x)}" y="{n(y)}" width="{WIDTH}" height="{HEIGHT}" rx="3"/>',
        write(x + WIDTH / 2, top, [box.title], "name"),
        write(x + WIDTH / 2, top + LINE, lines, "words"),
    ]


def draw_frame(drawn: Map, frame: Frame) -> list[str]:
    """What is around boxes that have something in common."""
    corners = [drawn.corner(key) for key in frame.keys]
    left, top = (min(corner[axis] for corner in corners) - SPACE for axis in (0, 1))
    right = max(x for x, _ in corners) + WIDTH + SPACE
    bottom = max(y for _, y in corners) + HEIGHT + SPACE
    size = f'width="{n(right - left)}" height="{n(bottom - top)}"'
    return [
        f'<rect class="frame" x="{n(left)}" y="{n(top)}" {size} rx="6"/>',
        write(left + SPACE / 2, top - SPACE / 2, [frame.title], "condition"),
    ]


def draw_arrow(drawn: Map, arrow: Arrow) -> list[str]:
    """The line from box to box, its head, and its words in the middle."""
    start, end = clip(drawn, arrow.start, arrow.end), clip(drawn, arrow.end, arrow.start)
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    ahead = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    back = (end[0] - TIP * ahead[0], end[1] - TIP * ahead[1])
    wings = [(back[0] - s * ahead[1] * TIP / 2, back[1] + s * ahead[0] * TIP / 2) for s in (1, -1)]
    tip = "L".join(f"{n(x)} {n(y)}" for x, y in (end, *wings))
    lines = wrap(arrow.words, LETTERS)
    above = LINE * len(lines) - LINE * 0.6 if start[1] == end[1] else LINE * (len(lines) / 2 - 0.75)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - above)
    kind = "dashed" if arrow.is_dashed else "said"
    return [
        f'<path class="{kind}" d="M{n(start[0])} {n(start[1])}L{n(end[0])} {n(end[1])}"/>',
        f'<path class="tip" d="M{tip}Z"/>',
        write(*middle, lines, "words"),
    ]


def clip(drawn: Map, key: str, other: str) -> tuple[float, float]:
    """Where the line to another box leaves this one: the middle of a side, or a corner of it."""
    (x, y), (column, row), (to_column, to_row) = drawn.middle(key), drawn.places[key], drawn.places[other]
    return x + (to_column - column) * WIDTH / 2, y + (to_row - row) * HEIGHT / 2


def write(x: float, y: float, lines: Sequence[str], kind: str) -> str:
    """Lines, the first of them on ``y``."""
    rows = enumerate(lines)
    return "".join(
        f'<text class="{kind}" x="{n(x)}" y="{n(y + row * LINE)}">{escape(line)}</text>' for row, line in rows
    )
