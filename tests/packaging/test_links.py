"""Every link leads somewhere: to a file that is there, a heading that is on it, or in a form that other places have.

No other place is asked: whether it answers today says nothing of tomorrow, and a test needs no network.
"""

import re
import unicodedata
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from tests.packaging.sources import REPOSITORY, list_files, read

SHOWN_IN_DOCS = {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
"""Pages of the site that stand above ``docs/``; whatever they link to is seen from there."""
PAGES = [name for name in list_files() if name.suffix == ".md" and (name.parts[0] == "docs" or len(name.parts) == 1)]
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+?)(?: \{[^}]*\})?$", re.MULTILINE)
ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"|\{ ?#([\w-]+)')
INCLUDED = re.compile(r'^--8<-- "([^"]+)"$', re.MULTILINE)
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


@cache
def text_of(page: PurePosixPath) -> str:
    """A page without its blocks of code, with what it includes."""
    text = INCLUDED.sub(lambda found: read(found[1]), read(page))
    return FENCE.sub("", text)


def links_of(page: PurePosixPath) -> list[str]:
    """Where a page leads."""
    return LINK.findall(CODE.sub("", text_of(page)))


@cache
def anchors_of(page: PurePosixPath) -> set[str]:
    """What can stand behind ``#`` in a link to a page: its headings by the site's names, and its own anchors."""
    found = {name for pair in ANCHOR.findall(text_of(page)) for name in pair if name}
    for heading in HEADING.findall(text_of(page)):
        name = slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading))
        unique, count = name, 0
        while unique in found:
            count += 1
            unique = f"{name}_{count}"
        found.add(unique)
    return found


def slug(heading: str) -> str:
    """A heading as Markdown's table of contents names it."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def resolve(page: PurePosixPath, place: str) -> PurePosixPath:
    """The file that a link of a page means."""
    start = PurePosixPath("docs") if page.name in SHOWN_IN_DOCS else page.parent
    parts: list[str] = []
    for part in (start / place).parts:
        if part == "..":
            assert parts, f"{place} leads out of the repository"
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: PurePosixPath) -> None:
    for link in links_of(page):
        place = urlsplit(link)
        if place.scheme:
            assert place.scheme in {"https", "mailto"}, link
            assert place.scheme == "mailto" or HOST.fullmatch(place.hostname or ""), link
            continue
        target = resolve(page, place.path) if place.path else page
        assert (REPOSITORY / target).exists(), link
        if place.fragment and target.suffix == ".md":
            assert place.fragment in anchors_of(target), link


def test_what_is_asked_can_fail() -> None:
    assert slug("What it costs, and `why`?") == "what-it-costs-and-why"
    assert "the-store" in anchors_of(PurePosixPath("docs/operations.md"))
    assert "the-shop" not in anchors_of(PurePosixPath("docs/operations.md"))
    assert sum(len(links_of(page)) for page in PAGES) > 500


def test_every_page_of_the_site_can_be_found() -> None:
    listed = set(re.findall(r"[\w/.-]+\.md", read("mkdocs.yml")))
    pages = {str(page.relative_to("docs")) for page in PAGES if page.parts[0] == "docs"}
    assert pages == listed
