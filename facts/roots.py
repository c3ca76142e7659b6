"""The roots that a proof may name: as those who signed them publish them, and as a registry says that they hold.

    {"format": "ringfence.roots/1", "book": "123...", "market": "456...", "lock": "789..."}

Each is a field element in decimal digits, as ``public.json`` has it.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from facts.elements import require_element
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

ROOTS_FORMAT: Final = "ringfence.roots/1"
DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Roots:
    """One root of each kind, of one moment."""

    book: int
    market: int
    lock: int

    def __post_init__(self) -> None:
        for name in Roots.__slots__:
            require_element(getattr(self, name), name)

    def render(self) -> str:
        """The document."""
        roots = {name: str(getattr(self, name)) for name in Roots.__slots__}
        return json.dumps({"format": ROOTS_FORMAT, **roots}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class PublishedRoot:
    """A root that holds, and what makes it so."""

    root: int
    sequence: int
    observed_at: int
    expires_at: int
    """From this second on it does not hold, as far as is known now."""
    facts: tuple[bytes, ...]
    """Signed statements, as they travelled: one, or for locks one for each chain."""


@dataclass(frozen=True, slots=True)
class PublishedRoots:
    """One root of each kind; None where none holds."""

    book: PublishedRoot | None = None
    market: PublishedRoot | None = None
    locks: PublishedRoot | None = None


def read_roots(content: object) -> Roots:
    """A roots document, checked to the last field."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != ROOTS_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{ROOTS_FORMAT}"')
        return Roots(*(read_element(fields, name) for name in Roots.__slots__))


def read_element(fields: Fields, name: str) -> int:
    """A field element in decimal digits, in its one spelling."""
    return parse_element(fields.text(name), name)


def parse_element(text: object, field: str) -> int:
    """An element in decimal digits; what was found may be a secret and is not told."""
    if not isinstance(text, str) or not DIGITS.fullmatch(text):
        raise MalformedError(
            Reason.NOT_AN_INTEGER, field, found="another text", expected="an element in decimal digits"
        )
    return require_element(int(text), field)
