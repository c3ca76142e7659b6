"""The house keeps its order: names that mean something, finished work, and no word about any one machine."""

import re

import pytest

from tests.packaging.sources import list_files, read

DRAWERS = {
    *("base", "bases", "common", "commons", "core", "helper", "helpers", "manager", "managers", "misc"),
    *("model", "models", "type", "types", "util", "utils"),
}
"""Names that say nothing about what is inside."""

GENERATED = re.compile(r"ringfence/v1/\w+_pb2_grpc\.py:")
"""Where the services of the wire say that somebody else does the work."""

# Each pattern is written so that it does not match itself.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b|NotImplemente[d]Error|\b(unimplemente[d]|tod[o])!")
ONE_MACHINE = re.compile(r"(?<![\w.$}~-])/(hom[e]|roo[t]|tm[p]|Use[r]s|wor[k])/|\.\./share[d]")
REGISTRY_HOST = re.compile(r"pypi\.(or[g])|pythonhosted\.(or[g])|crates\.(i[o])(?!-index)|npmjs\.(co[m]|or[g])")
"""Cargo.lock names the default registry by its canonical index, which is an identifier: cargo replaces it freely."""


def find_lines(pattern: re.Pattern[str]) -> list[str]:
    """``file:line: text`` wherever the pattern stands."""
    found = []
    for name in list_files():
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue  # an image or another binary speaks no words
        lines = enumerate(text.splitlines(), start=1)
        found += [f"{name}:{number}: {line.strip()[:100]}" for number, line in lines if pattern.search(line)]
    return found


def test_no_file_or_folder_is_a_drawer() -> None:
    drawers = [str(name) for name in list_files() if DRAWERS & {part.split(".")[0].lower() for part in name.parts}]
    assert drawers == []


def test_nothing_is_left_unfinished() -> None:
    assert [line for line in find_lines(UNFINISHED) if not GENERATED.match(line)] == []


def test_nothing_speaks_of_one_machine() -> None:
    assert find_lines(ONE_MACHINE) == []


def test_no_registry_is_named() -> None:
    assert find_lines(REGISTRY_HOST) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (UNFINISHED, "# TO" + "DO: later"),
        (UNFINISHED, "raise NotImplemente" + "dError"),
        (ONE_MACHINE, 'open("/wor' + 'k/data")'),
        (ONE_MACHINE, "/ho" + "me/someone/file"),
        (REGISTRY_HOST, "https://pypi." + "org/simple"),
        (REGISTRY_HOST, "index.crates." + "io"),
    ],
)
def test_the_patterns_see_what_they_look_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line", ["https://a.example/tmp" + "/x", "native/work" + "/x", "a todo list", "$HOME/tm" + "p/"]
)
def test_the_patterns_leave_other_words_alone(line: str) -> None:
    assert not any(pattern.search(line) for pattern in (UNFINISHED, ONE_MACHINE, REGISTRY_HOST))
