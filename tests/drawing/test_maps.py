"""A map shows every box, every arrow and every word of its text, and nothing outside of it."""

import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("pymdownx", reason="what makes the site is not installed: no map is drawn")

from drawing.fences import draw
from drawing.maps import read_map
from drawing.sequences import DrawingError

SVG = "{http://www.w3.org/2000/svg}"
SMALL = """
flowchart LR
    A["Alice & Bob<br>know it all"]
    C["Carol"]
    D["Dan"]
    A -->|a word| C
    C -.->|an answer| D
    A -->|across the corner| D
    subgraph S["on one machine"]
        A
        C
    end
    %% A 1 1
    %% C 2 1
    %% D 2 2
"""


def test_everything_is_drawn_once() -> None:
    picture = ET.fromstring(draw(SMALL))  # noqa: S314 -- our own
    drawn = [(each.tag.removeprefix(SVG), each.get("class")) for each in picture]
    counted = {kind: drawn.count(kind) for kind in drawn if kind[0] != "text"}
    assert counted == {
        ("rect", "frame"): 1,
        ("path", "said"): 2,
        ("path", "dashed"): 1,
        ("path", "tip"): 3,
        ("rect", "head"): 3,
    }
    said = " ".join(each.text or "" for each in picture.iter(f"{SVG}text"))
    assert all(words in said for words in ("Alice & Bob", "know it all", "a word", "an answer", "on one machine"))


def test_nothing_reaches_out_of_the_picture() -> None:
    picture = ET.fromstring(draw(SMALL))  # noqa: S314 -- our own
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    for box in picture.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert min(x, y, width - x - wide, height - y - high) >= 0


@pytest.mark.parametrize(
    ("gone", "instead"),
    [
        ("%% D 2 2", ""),
        ("%% D 2 2", "%% D 2 1"),
        ("%% D 2 2", "%% D 4 1"),
        ('D["Dan"]', ""),
        ("-.->", "==>"),
        ("    end", ""),
        ("        C\n", "        E\n"),
        ("flowchart LR", "flowchart TB"),
        ("|a word| C", "|a word| A"),
    ],
)
def test_a_map_that_is_not_whole_is_refused(gone: str, instead: str) -> None:
    assert gone in SMALL
    with pytest.raises(DrawingError):
        read_map(SMALL.replace(gone, instead))
