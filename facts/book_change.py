"""Which leaves of a book new ones take the place of: what an owner tells the keeper of the book, and nobody else.

    {"format": "ringfence.book-change/1",
     "leaves": [{"leaf": "123...", "salt": "456...", "successor": "789..."}]}

What a verifier applies names the new leaves and the nullifiers of the old ones. The keeper has to know which leaves
these are; the salt shows it, and shows nothing else. A leaf that succeeds none, because a position is opened, is named
alone. A keeper who knows how the leaves of the book open needs no such document.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from facts.elements import require_element
from facts.roots import parse_element
from facts.transition import POSITIONS, derive_leaf_nullifier
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason, RejectedError

BOOK_CHANGE_FORMAT: Final = "ringfence.book-change/1"


@dataclass(frozen=True, slots=True)
class Opening:
    """A leaf of a book, and the salt that its nullifier is made with."""

    leaf: int = field(repr=False)
    salt: int = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("leaf", "salt"):
            require_element(getattr(self, name), name)

    @property
    def nullifier(self) -> int:
        """What spends it."""
        return derive_leaf_nullifier(self.leaf, self.salt)


@dataclass(frozen=True, slots=True)
class LeafChange:
    """A leaf that stands in the book from now on, and the one that stood in its place, if any did."""

    successor: int = field(repr=False)
    before: Opening | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class BookChange:
    """All leaves that one transition changes."""

    leaves: tuple[LeafChange, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.leaves) <= POSITIONS:
            found, expected = f"{len(self.leaves)} leaves", f"1 to {POSITIONS}"
            raise MalformedError(Reason.WRONG_COUNT, "leaves", found=found, expected=expected)

    def require_applied(self, spent: Collection[int], leaves: Collection[int]) -> None:
        """It is what was applied: each old leaf by its nullifier, each new one by itself."""
        for place, change in enumerate(self.leaves):
            if change.before is not None and change.before.nullifier not in spent:
                expected = "a leaf and a salt whose nullifier was spent"
                raise RejectedError(Reason.WRONG_PROOF, f"leaves[{place}].leaf", found="another one", expected=expected)
            if change.successor not in leaves:
                expected = "one of the leaves that were applied"
                raise RejectedError(
                    Reason.WRONG_PROOF, f"leaves[{place}].successor", found="another one", expected=expected
                )

    def succeed(self, leaves: Sequence[int]) -> list[int]:
        """The leaves of a book with the new ones among them; a book that has them already is left as it is."""
        book = list(leaves)
        for place, change in enumerate(self.leaves):
            if change.successor in book:
                continue
            if change.before is None:
                book.append(change.successor)
            elif change.before.leaf in book:
                book[book.index(change.before.leaf)] = change.successor
            else:
                expected = "a leaf of this book"
                raise RejectedError(Reason.NOT_IN_TREE, f"leaves[{place}].leaf", found="another one", expected=expected)
        return book

    def render(self) -> str:
        """The document."""
        return json.dumps({"format": BOOK_CHANGE_FORMAT, "leaves": list(map(write_leaf, self.leaves))}, indent=2) + "\n"


def write_leaf(change: LeafChange) -> dict[str, str]:
    """One leaf as the document has it."""
    before = {} if change.before is None else {"leaf": str(change.before.leaf), "salt": str(change.before.salt)}
    return {**before, "successor": str(change.successor)}


def read_book_change(content: object) -> BookChange:
    """The document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, BOOK_CHANGE_FORMAT)
        return BookChange(tuple(map(read_leaf, fields.items("leaves", POSITIONS))))


def read_leaf(fields: Fields) -> LeafChange:
    """One leaf."""
    with fields:
        successor = parse_element(fields.take_required("successor", "an element"), "successor")
        if not (fields.has("leaf") or fields.has("salt")):
            return LeafChange(successor)
        leaf, salt = (parse_element(fields.take_required(name, "an element"), name) for name in ("leaf", "salt"))
        return LeafChange(successor, Opening(leaf, salt))
