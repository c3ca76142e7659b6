"""Trees of eight: a root commits to up to ``8^levels`` leaves, and a path shows that one of them is there.

    node = H(its eight children)         empty leaf = H(tag)

No node has a tag: every leaf is a tagged hash and every tree has a fixed depth, so that no inner node can stand where a
leaf belongs. A tree keeps the blocks of eight in which something is, and no others, so that few leaves in a large tree
cost little, and a million in a row are hashed in bulk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from facts.elements import require_element, require_range
from facts.tags import Tag
from margin.errors import MalformedError, Reason, RejectedError
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_inputs, hash_many

ARITY: Final = 8
INDEX_BITS: Final = 3
"""So many bits of an index choose a child."""
MAX_LEVELS: Final = 16
BLOCK_BYTES: Final = ARITY * FIELD_BYTES

Children = tuple[int, ...]


@cache
def empty_node(level: int) -> int:
    """The root of an empty tree of so many levels; of none, the empty leaf."""
    return hash_inputs([empty_node(level - 1)] * ARITY if level else [int(Tag.EMPTY)])


@dataclass(frozen=True, slots=True)
class Path:
    """From a leaf up: the eight children of each node on the way, and the index that says which one is meant."""

    index: int = field(repr=False)
    levels: tuple[Children, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.levels) <= MAX_LEVELS:
            found, expected = f"{len(self.levels)} levels", f"1 to {MAX_LEVELS} levels"
            raise MalformedError(Reason.WRONG_COUNT, "levels", found=found, expected=expected)
        require_index(self.index, len(self.levels))
        for level, children in enumerate(self.levels):
            if len(children) != ARITY:
                found = f"{len(children)} children"
                raise MalformedError(Reason.WRONG_COUNT, f"levels[{level}]", found=found, expected=f"{ARITY} children")
            for child in children:
                require_element(child, f"levels[{level}]")

    @property
    def root(self) -> int:
        """The root that the path leads to, if it leads anywhere."""
        return hash_inputs(self.levels[-1])

    @property
    def places(self) -> tuple[int, ...]:
        """At each level, which child the path comes from."""
        return tuple(self.index >> INDEX_BITS * level & ARITY - 1 for level in range(len(self.levels)))


def verify_path(path: Path, leaf: int, root: int) -> None:
    """Refuse a path that does not lead from ``leaf`` to ``root``."""
    current = require_element(leaf, "leaf")
    for level, (children, place) in enumerate(zip(path.levels, path.places, strict=True)):
        if children[place] != current:
            expected = "the hash of the level below, or the leaf"
            raise RejectedError(Reason.NOT_IN_TREE, f"levels[{level}]", found="another child", expected=expected)
        current = hash_inputs(children)
    if current != require_element(root, "root"):
        raise RejectedError(Reason.NOT_IN_TREE, "root", found="another root", expected="the root of the tree")


class Tree:
    """A tree of leaves in memory; one leaf at a time can be changed."""

    def __init__(self, levels: int, leaves: Iterable[int] | Mapping[int, int] = ()) -> None:
        """Leaves in a row from index 0 on, or by their index."""
        require_range(levels, "levels", 1, MAX_LEVELS, f"1 to {MAX_LEVELS} levels")
        self.levels = levels
        self._blocks: list[dict[int, bytes]] = [make_blocks(leaves, levels)]
        for level in range(1, levels):
            self._blocks.append(make_parent_blocks(self._blocks[-1], level))

    @property
    def capacity(self) -> int:
        """How many leaves there is room for."""
        return 1 << INDEX_BITS * self.levels

    @property
    def root(self) -> int:
        """What the tree commits to."""
        return hash_inputs(self._children(self.levels - 1, 0))

    def leaf(self, index: int) -> int:
        """The leaf at ``index``; the empty one where there is none."""
        return self.node(0, index)

    def node(self, level: int, index: int) -> int:
        """The root of the part of the tree that is ``level`` levels high and the ``index``-th of its kind."""
        require_range(level, "level", 0, self.levels - 1, f"a level below {self.levels}, that of the root")
        require_index(index, self.levels - level)
        return self._children(level, index >> INDEX_BITS)[index & ARITY - 1]

    def path(self, index: int) -> Path:
        """From the leaf at ``index`` to the root."""
        require_index(index, self.levels)
        blocks = range(self.levels)
        return Path(index, tuple(self._children(level, index >> INDEX_BITS * (level + 1)) for level in blocks))

    def update(self, index: int, leaf: int) -> None:
        """Put ``leaf`` at ``index`` and hash the way up again."""
        require_index(index, self.levels)
        current = require_element(leaf, "leaf")
        for level, blocks in enumerate(self._blocks):
            place, index = index & ARITY - 1, index >> INDEX_BITS
            block = bytearray(blocks.get(index) or empty_block(level))
            put_child(block, place, current.to_bytes(FIELD_BYTES, "little"))
            blocks[index] = bytes(block)
            current = hash_inputs(self._children(level, index))

    def _children(self, level: int, index: int) -> Children:
        """A block of a level as numbers."""
        block = self._blocks[level].get(index) or empty_block(level)
        return tuple(int.from_bytes(block[i : i + FIELD_BYTES], "little") for i in range(0, BLOCK_BYTES, FIELD_BYTES))


@cache
def empty_block(level: int) -> bytes:
    """Eight empty nodes of a level, as their parent hashes them."""
    return empty_node(level).to_bytes(FIELD_BYTES, "little") * ARITY


def require_index(index: object, levels: int) -> int:
    """The index of a leaf that a tree of so many levels has room for."""
    bits = INDEX_BITS * levels
    return require_range(index, "index", 0, (1 << bits) - 1, f"an index of at most {bits} bits")


def put_child(block: bytearray, place: int, node: bytes) -> None:
    """Write one of the eight children of a block."""
    block[place * FIELD_BYTES : (place + 1) * FIELD_BYTES] = node


def make_blocks(leaves: Iterable[int] | Mapping[int, int], levels: int) -> dict[int, bytes]:
    """The lowest level."""
    items = leaves.items() if isinstance(leaves, Mapping) else enumerate(leaves)
    nodes = (
        (require_index(index, levels), require_element(leaf, "leaf").to_bytes(FIELD_BYTES, "little"))
        for index, leaf in items
    )
    return gather_blocks(nodes, 0)


def make_parent_blocks(blocks: Mapping[int, bytes], level: int) -> dict[int, bytes]:
    """A level from the one below it, all of whose blocks are hashed at once."""
    hashes = hash_many(ARITY + 1, b"".join(blocks.values()))
    nodes = ((index, hashes[i * FIELD_BYTES : (i + 1) * FIELD_BYTES]) for i, index in enumerate(blocks))
    return gather_blocks(nodes, level)


def gather_blocks(nodes: Iterable[tuple[int, bytes]], level: int) -> dict[int, bytes]:
    """Nodes of a level by their block, empty ones beside them."""
    blocks: dict[int, bytearray] = {}
    for index, node in nodes:
        block = blocks.get(index >> INDEX_BITS)
        if block is None:
            block = blocks[index >> INDEX_BITS] = bytearray(empty_block(level))
        put_child(block, index & ARITY - 1, node)
    return {index: bytes(block) for index, block in blocks.items()}
