"""The pages as they are committed: of the sources, without a word inline, and asking nobody but their own server."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import prover.page
import ringfence.console
from prover.page import application as trader
from ringfence.console import application as console
from tests.console.front import FRONT, needs_tools, tool
from tests.packaging.sources import REPOSITORY, read_project
from verifier.steps import Step


@dataclass(frozen=True)
class Face:
    """What is built for one program: where it lies, what is served of it, and by which configuration it is built."""

    name: str
    package: ModuleType
    pages: Mapping[str, str]
    config: str

    @property
    def folder(self) -> Path:
        assert self.package.__file__ is not None
        return Path(self.package.__file__).parent / "pages"


FACES = (
    Face("console", ringfence.console, console.PAGES, "vite.config.ts"),
    Face("trader", prover.page, trader.PAGES, "vite.trader.config.ts"),
)


def name_of(path: Path) -> str:
    """A file and what it is of."""
    return "/".join(path.parts[-3:])


each_face = pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)


@each_face
def test_what_is_served_is_what_there_is(face: Face) -> None:
    assert {path.name for path in face.folder.iterdir()} == set(face.pages.values())
    package_data = read_project()["tool"]["setuptools"]["package-data"]  # type: ignore[index] # it is a table
    top, _, below = face.package.__name__.partition(".")
    assert f"{below}/pages/*" in package_data[top]


@each_face
def test_no_script_and_no_style_is_inline(face: Face) -> None:
    text = (face.folder / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>", text) == [f'<script type="module" crossorigin src="./{face.name}.js">']
    assert "></script>" in text
    assert "<style" not in text
    assert not re.search(r"\s(style|on\w+)=", text)


@pytest.mark.parametrize("path", [path for face in FACES for path in sorted(face.folder.iterdir())], ids=name_of)
def test_nothing_is_asked_of_anybody_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"'`)]*", text))
    assert {url for url in found if not url.startswith("http://www.w3.org/")} == set()
    assert not re.search(r"\b(eval|Function)\(|@import|document\.write", text)


def test_every_step_has_its_words() -> None:
    text = (REPOSITORY / "console" / "src" / "pages" / "refusals.tsx").read_text(encoding="utf-8")
    assert [step for step in Step if f'{step.name.lower()}: "{step.value}, ' not in text] == []


def test_a_page_keeps_as_many_rows_as_it_is_sent() -> None:
    text = (REPOSITORY / "console" / "src" / "pages" / "acceptances.tsx").read_text(encoding="utf-8")
    assert f"const MOST_ROWS = {console.MOST_ROWS};" in text


@needs_tools
@pytest.mark.slow
@each_face
def test_the_pages_are_those_of_the_sources(face: Face, tmp_path: Path) -> None:
    out = str(tmp_path / "pages")
    command = [tool("vite"), "build", "--config", face.config, "--logLevel", "error", "--outDir", out]
    subprocess.run([tool("tsc"), "--noEmit"], cwd=FRONT, check=True)  # noqa: S603 - a tool of this project
    subprocess.run(command, cwd=FRONT, check=True)  # noqa: S603 - a tool of this project
    built = {path.name: path.read_bytes() for path in (tmp_path / "pages").iterdir()}
    committed = {path.name: path.read_bytes() for path in face.folder.iterdir()}
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == [], "make console"
