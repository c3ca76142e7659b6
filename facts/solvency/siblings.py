"""Paths as texts: the seven nodes beside the way up at each level, since those on the way follow from the leaf.

base64 of 7 * levels * 32 bytes, big-endian, from the leaf's level up and from the first sibling to the last
"""

import base64
import binascii
from typing import Final

from facts.elements import require_element
from facts.tree import ARITY, INDEX_BITS, Path
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_inputs

SIBLINGS: Final = ARITY - 1
LEVEL_BYTES: Final = SIBLINGS * FIELD_BYTES


Siblings = tuple[tuple[int, ...], ...]
"""Of each level."""


def siblings_of(path: Path) -> Siblings:
    """What stands beside the way of a path."""
    levels = zip(path.levels, path.places, strict=True)
    return tuple((*children[:place], *children[place + 1 :]) for children, place in levels)


def write_siblings(siblings: Siblings) -> str:
    """The text of the siblings of all levels."""
    nodes = (node.to_bytes(FIELD_BYTES, "big") for beside in siblings for node in beside)
    return base64.b64encode(b"".join(nodes)).decode("ascii")


def read_siblings(fields: Fields, name: str, levels: int) -> Siblings:
    """The seven siblings of each level, in a field of a document."""
    text = fields.take_required(name, "siblings in base64")
    expected = f"{levels} levels of {SIBLINGS} elements in base64"
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True) if isinstance(text, str) else b""
    except (UnicodeEncodeError, binascii.Error):
        data = b""
    if len(data) != levels * LEVEL_BYTES or base64.b64encode(data).decode("ascii") != text:
        raise MalformedError(Reason.NOT_READABLE, name, found="another text", expected=expected)
    elements = [
        require_element(int.from_bytes(data[start : start + FIELD_BYTES], "big"), name)
        for start in range(0, len(data), FIELD_BYTES)
    ]
    return tuple(tuple(elements[start : start + SIBLINGS]) for start in range(0, len(elements), SIBLINGS))


def lead_up(leaf: int, index: int, siblings: Siblings) -> Path:
    """The path of a leaf with these siblings; whether it leads to a root is for ``verify_path`` to say."""
    node, levels = leaf, []
    for level, beside in enumerate(siblings):
        place = index >> INDEX_BITS * level & ARITY - 1
        children = (*beside[:place], node, *beside[place:])
        levels.append(children)
        node = hash_inputs(children)
    return Path(index, tuple(levels))
