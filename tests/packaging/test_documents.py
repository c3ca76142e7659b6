"""What the documents promise is there."""

import csv
import re

import pytest

from margin.documents.published import list_policies, load_policy
from tests.packaging.sources import list_files, read

DECISIONS = [name for name in list_files() if name.parent.as_posix() == "docs/decisions" and name.stem[0].isdigit()]
HEADINGS = ["Context", "Choice", "Reason", "Consequence"]
TARGETS = set(re.findall(r"^([a-z-]+):(?!=)", read("Makefile"), re.MULTILINE))
DOCUMENTS = [name for name in list_files() if name.suffix == ".md"]


def make_commands(text: str) -> set[str]:
    """The targets of every ``make`` that is written as code."""
    return set(re.findall(r"(?:^|`|&& |\$ )make ([a-z-]+)", text, re.MULTILINE))


def test_the_two_commands_of_the_readme_are_targets() -> None:
    assert {"demo", "test"} <= make_commands(read("README.md")) & TARGETS


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_every_make_command_is_a_target(name: str) -> None:
    assert make_commands(read(name)) <= TARGETS


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(name.stem[:4]) for name in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("name", DECISIONS, ids=str)
def test_a_decision_says_why(name: str) -> None:
    assert re.findall(r"^## (.+)$", read(name), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("name", DECISIONS, ids=str)
def test_every_decision_is_in_the_site(name: str) -> None:
    relative = str(name).removeprefix("docs/")
    assert relative in read("mkdocs.yml")
    assert relative.removeprefix("decisions/") in read("docs/decisions/index.md")


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_venues_that_are_promised_are_those_that_ship(page: str) -> None:
    venues = {load_policy(name).venue for name in list_policies()}
    assert re.findall(r"of isolated margin of (\w+) venues", read(page)) == [{20: "twenty"}[len(venues)]]


def test_the_page_of_statements_has_each_with_its_size() -> None:
    sizes = {
        (row["statement"], int(row["constraints"])) for row in csv.DictReader(read("circuits/sizes.csv").splitlines())
    }
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| ([\d,]+)[\w ]* \| .*\(\.\./statements/(\w+)\.md\)",
        read("docs/circuits/index.md"),
        re.MULTILINE,
    )
    assert {(name, int(size.replace(",", ""))) for name, size, _ in rows} <= sizes
    pages = {name.stem for name in list_files() if name.parent.as_posix() == "docs/statements"}
    assert {page for name, _, page in rows if page == name} == pages - {"bare_margin", "membership", "preimage"}
