"""A sequence diagram is drawn whole or not at all, and what it shows is what its text says."""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from subprocess import run

import pytest

from tests.packaging.sources import REPOSITORY, list_files, read

pytest.importorskip("pymdownx", reason="what makes the site is not installed: no diagram is drawn")

from pymdownx.superfences import SuperFencesException

from drawing.fences import draw, draw_fence
from drawing.sequences import DrawingError, read_diagram

SVG = "{http://www.w3.org/2000/svg}"
FENCE = re.compile(r"^```mermaid\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCES = [
    pytest.param(text, id=f"{name}-{place}")
    for name in list_files()
    if name.suffix == ".md"
    for place, text in enumerate(FENCE.findall(read(name)))
]
SMALL = """
sequenceDiagram
    participant A as Alice & Bob
    participant C
    A->>C: a call
    C-->>A: an answer
    C->>C: thinks
    Note over A,C: both know
    alt one way
        A->>C: this
    else
        A->>C: that
    end
"""
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|embed)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*\bhref=\"(?:https?:)?//"
)


def picture_of(source: str) -> ET.Element:
    """The picture, as what shows it reads it."""
    return ET.fromstring(draw(source))  # noqa: S314 -- our own


def shapes(source: str) -> list[tuple[str, str]]:
    """What a picture has in it, by kind."""
    return [(each.tag.removeprefix(SVG), each.get("class", "")) for each in picture_of(source)]


def test_everything_that_is_said_is_drawn() -> None:
    drawn = shapes(SMALL)
    counts = {kind: drawn.count(("path", kind)) for kind in ("life", "said", "tip")}
    assert counts == {"life": 2, "said": 4, "tip": 5}
    assert drawn.count(("path", "dashed")) == 2, "the answer, and the line between the two ways"
    assert [drawn.count(("rect", kind)) for kind in ("head", "note", "frame")] == [2, 1, 1]


def test_text_is_text_whatever_stands_in_it() -> None:
    texts = [each.text for each in picture_of(SMALL).iter(f"{SVG}text")]
    assert texts[0] == "Alice & Bob"


def test_nothing_reaches_out_of_the_picture() -> None:
    picture = picture_of(SMALL)
    _, top, width, height = map(float, picture.attrib["viewBox"].split())
    for box in picture.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert min(x, y - top, width - x - wide, top + height - y - high) >= 0


@pytest.mark.parametrize(
    "lines",
    [
        "A->>B: who are they",
        "participant A\nA=>>A: no such arrow",
        "participant A\nend",
        "participant A\nopt now\nA->>A: for ever",
        "participant A\nelse",
        "participant A\nactivate A",
    ],
)
def test_a_line_that_cannot_be_drawn_ends_the_build(lines: str) -> None:
    source = f"sequenceDiagram\n{lines}"
    with pytest.raises(DrawingError):
        read_diagram(source)
    with pytest.raises(SuperFencesException):
        draw_fence(source, "mermaid", "sequence")


def test_another_diagram_is_refused() -> None:
    with pytest.raises(DrawingError):
        read_diagram("graph LR\nA --> B")


@pytest.mark.parametrize("source", FENCES)
def test_the_diagrams_of_the_pages_are_drawn(source: str) -> None:
    assert len(shapes(source)) > 10


@pytest.mark.slow
def test_a_page_of_the_site_fetches_nothing_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    assert [page.name for page in pages if FETCHED.search(page.read_text(encoding="utf-8"))] == []
    assert '<figure class="sequence"><svg' in (tmp_path / "site" / "bridge" / "sequences.html").read_text(
        encoding="utf-8"
    )
