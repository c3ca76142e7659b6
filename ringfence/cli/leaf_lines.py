"""Leaves as lines of text, in rounds: what a venue or a watcher writes down of what changed.

    7,123456789...      the leaf at an index, in decimal digits
    9,                  nothing stands at this index any more
                        an empty line ends a round

An index stands once in a round: of two leaves in one place nobody could say which one is meant.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from facts.roots import parse_element
from facts.tree import empty_node, require_index
from margin.errors import MalformedError, MarginError, Reason

LONGEST_LINE: Final = 128
EXPECTED: Final = "an index, a comma, and a leaf in decimal digits"


def read_rounds(lines: Iterable[str], levels: int) -> Iterator[dict[int, int]]:
    """The rounds of a stream of lines, each as soon as it is ended; the end of the stream ends the last one."""
    leaves: dict[int, int] = {}
    ended = True
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text:
            try:
                index, leaf = read_leaf(text, levels)
                if index in leaves:
                    raise MalformedError(Reason.DUPLICATE_FIELD, "index", found=index, expected="an index once a round")
            except MarginError as error:
                raise error.under(f"lines[{number}]") from None
            leaves[index], ended = leaf, False
        else:
            yield leaves
            leaves, ended = {}, True
    if not ended:
        yield leaves


def read_leaf(text: str, levels: int) -> tuple[int, int]:
    """One line."""
    index, comma, leaf = text.partition(",")
    if len(text) > LONGEST_LINE or not comma or not (index.isascii() and index.isdecimal()):
        raise MalformedError(Reason.NOT_READABLE, "", found=text, expected=EXPECTED)
    return require_index(int(index), levels), parse_element(leaf, "leaf") if leaf else empty_node(0)
