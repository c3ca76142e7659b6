"""The book of a venue: a tree of all its positions, and the venue's word on its root."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from facts.canonical import (
    DIGEST_BYTES,
    ByteReader,
    encode_label,
    encode_number,
    encode_root,
    prefix_of,
    require_digest,
    require_label,
    require_root,
    require_sequence,
)
from facts.moments import require_moment
from facts.signed import Kind, Purpose
from facts.tree import Tree

BOOK_LEVELS: Final = 8
"""Room for 2^24 positions."""


def build_book(positions: Iterable[int] | Mapping[int, int] = (), levels: int = BOOK_LEVELS) -> Tree:
    """The tree of committed positions, in a row or by their index."""
    return Tree(levels, positions)


@dataclass(frozen=True, slots=True)
class BookRoot:
    """What a venue says: the root of its book at a moment."""

    KIND: ClassVar = Kind.BOOK_ROOT
    SIGNED_BY: ClassVar = Purpose.VENUE

    scope: str
    """The venue's name."""
    committee: bytes
    """The digest of the venue's keys; one key is a committee of one."""
    sequence: int
    published_at: int
    root: int

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        require_sequence(self.sequence)
        require_moment(self.published_at, "published_at")
        require_root(self.root)

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee
        return b"".join((*head, *map(encode_number, (self.sequence, self.published_at)), encode_root(self.root)))

    @classmethod
    def decode(cls, data: bytes) -> "BookRoot":
        """The book root of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "book_root")
        scope, committee = reader.label("scope"), reader.take(DIGEST_BYTES, "committee")
        sequence, published_at, root = reader.number("sequence"), reader.number("published_at"), reader.root()
        reader.finish("book_root")
        return cls(scope, committee, sequence, published_at, root)
