"""The book of a venue: a tree of all its positions."""

from collections.abc import Iterable, Mapping
from typing import Final

from facts.tree import Tree

BOOK_LEVELS: Final = 8
"""Room for 2^24 positions."""


def build_book(positions: Iterable[int] | Mapping[int, int] = (), levels: int = BOOK_LEVELS) -> Tree:
    """The tree of committed positions, in a row or by their index."""
    return Tree(levels, positions)
