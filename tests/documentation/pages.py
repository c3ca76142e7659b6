"""README and docs as their readers have them: pages, and the blocks of code on them, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.packaging.sources import list_files, read

PAGES: Final = [
    name
    for name in map(str, list_files())
    if name == "README.md" or (name.startswith("docs/") and name.endswith(".md"))
]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]*)"')
FILE = re.compile(r"^([\w.-]+\.(?:toml|json|csv))(?::|$)")
PROMPT = re.compile(r"^\$ ", re.MULTILINE)
EXIT = re.compile(r"# exit (\d)(?=:|$)")
CONTINUED = re.compile(r"\\\n\s*")


@dataclass(frozen=True, slots=True)
class Command:
    """What a reader types, what the page shows below it, and how it ends."""

    line: str
    shown: str

    @property
    def exit(self) -> int:
        """What ``# exit 1`` at its end says, or ``# exit 1: why``; 0 where nothing is said."""
        said = EXIT.search(self.line)
        return int(said[1]) if said else 0


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code."""

    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the reader is told to write, by the title; empty where it is none."""
        said = FILE.match(self.title)
        return said[1] if said else ""

    @property
    def commands(self) -> list[Command]:
        """What is typed: behind each prompt of a ``console``, each line of ``sh``."""
        text = CONTINUED.sub("", self.text)
        if self.language == "sh":
            return [Command(line, "") for line in text.splitlines() if line]
        if self.language == "console":
            return [Command(*part.partition("\n")[::2]) for part in PROMPT.split(text)[1:]]
        return []


@cache
def blocks_of(page: str) -> tuple[Block, ...]:
    """The blocks of a page from top to bottom."""
    text = read(page)
    return tuple(
        Block(page, text.count("\n", 0, found.start()) + 1, *split_fence(found[1]), found[2])
        for found in FENCE.finditer(text)
    )


def split_fence(said: str) -> tuple[str, str]:
    """Language and title of a fence."""
    title = TITLE.search(said)
    return said.partition(" ")[0], title[1] if title else ""


def blocks(*languages: str) -> Iterator[Block]:
    """Every block in one of these languages."""
    for page in PAGES:
        yield from (block for block in blocks_of(page) if block.language in languages)
