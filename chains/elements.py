"""The elements that contracts share with statements, as Solidity: a constant for each, none of them written by hand.

    python -m chains.elements FILE

They are functions of names alone, so that a contract which computed one would come to the same.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from facts.elements import NAMESPACE
from facts.lock_root import CHAIN_LEVELS
from facts.public_inputs import BEFORE_NULLIFIERS, unused_input
from facts.tags import Tag
from facts.tree import INDEX_BITS
from margin.bounds import AMOUNT_BITS
from snark.bn254.constants import GROUP_ORDER

TAGS: Final = (Tag.CONTEXT, Tag.LOCK, Tag.RELEASE)
"""Of what contracts hash themselves."""
HEAD: Final = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Elements that statements and contracts share
/// @notice Written by `python -m chains.elements`; a test holds that it is what it would write today.
library Elements {
"""


def write_elements() -> str:
    """The source of the library."""
    return "\n".join([HEAD.rstrip("\n"), *constants(), "}", ""])


def constants() -> Iterator[str]:
    """One after the other, with what it is."""
    yield from declare("ORDER", GROUP_ORDER, "The order of the group: every public input is below it.")
    yield from declare("AMOUNTS", 1 << AMOUNT_BITS, "Amounts are below it.")
    yield from declare("DEPOSITS", 1 << INDEX_BITS * CHAIN_LEVELS, "So many locks the tree of a chain has room for.")
    yield "    /// @dev Whatever is named for this product begins with it."
    yield f'    string internal constant NAMESPACE = "{NAMESPACE}";'
    for tag in TAGS:
        yield from declare(f"{tag.name}_TAG", int(tag), f"The first input of every hash of a {tag.name.lower()}.")
    for name in BEFORE_NULLIFIERS:
        said = f"What stands in the input {name} of a statement that does not use it."
        yield from declare(f"UNUSED_{name.upper()}", unused_input(name), said)


def declare(name: str, value: int, said: str) -> Iterator[str]:
    """A constant."""
    yield f"    /// @dev {said}"
    yield f"    uint256 internal constant {name} = 0x{value:x};"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write_elements(), encoding="utf-8")
