"""Every node of a tree in one file, at a place of its own: level after level, the leaves first.

    stored = node XOR the empty node of its level

so that an empty node is zero: a file system keeps no zeros that were never written, and a new tree of any depth takes
no room. The nodes that are the children of one stand side by side.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final, Self
from weakref import finalize

from facts.stored_tree.damage import damaged
from facts.stored_tree.record import LevelChange
from facts.tree import ARITY, BLOCK_BYTES, INDEX_BITS, empty_node
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_many

SEARCHED_NODES: Final = 1 << 17
"""So many are looked through at once."""
MANY_ROWS: Final = 256
"""From so many hashes on, all cores are worth their start."""


class NodeFile:
    """The nodes as they are now, or as a round that is being written leaves them."""

    def __init__(self, path: Path, levels: int, *, may_write: bool) -> None:
        self.levels = levels
        *self._starts, self.size = list_starts(levels)
        self._descriptor = os.open(path, os.O_RDWR if may_write else os.O_RDONLY)
        self.close = finalize(self, os.close, self._descriptor)
        """Let go of the file; whoever forgets it does the same."""
        if (found := os.fstat(self._descriptor).st_size) != self.size:
            self.close()
            raise damaged("nodes", f"{found} bytes", f"{self.size} bytes")

    @classmethod
    def create(cls, path: Path, levels: int) -> Self:
        """A file of empty nodes where there is none."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.ftruncate(descriptor, list_starts(levels)[-1])
        finally:
            os.close(descriptor)
        return cls(path, levels, may_write=True)

    def sync(self) -> None:
        """What was written is on the disk."""
        os.fsync(self._descriptor)

    def read(self, level: int, index: int, count: int = ARITY) -> bytes:
        """So many nodes of a level from one on, as they are stored."""
        data = os.pread(self._descriptor, count * FIELD_BYTES, self._starts[level] + index * FIELD_BYTES)
        if len(data) != count * FIELD_BYTES:
            raise damaged("nodes", "the end of the file", "the nodes of a level")
        return data

    def apply(self, level: int, change: LevelChange) -> None:
        """Write the nodes after a change, those side by side at once."""
        start, indices, after = self._starts[level], change.indices, change.after
        for first, end in find_runs(indices):
            run = after[first * FIELD_BYTES : end * FIELD_BYTES]
            write_all(self._descriptor, run, start + indices[first] * FIELD_BYTES)

    def find(self, node: bytes, level: int = 0) -> Iterator[int]:
        """Where a stored node other than an empty one stands in a level now: all of it is looked through."""
        for first, last in self.extents(level, SEARCHED_NODES):
            yield from (first + place for place in find_nodes(self.read(level, first, last - first), node))

    def extents(self, level: int, step: int) -> Iterator[tuple[int, int]]:
        """From where to where there may be nodes of a level other than empty ones: whole blocks, at most so many."""
        start, nodes = self._starts[level], 1 << INDEX_BITS * (self.levels - level)
        end, place = start + nodes * FIELD_BYTES, start
        while place < end:
            try:
                place = os.lseek(self._descriptor, place, os.SEEK_DATA)
            except OSError:  # there is nothing but a hole behind it
                return
            if place >= end:
                return
            first = (place - start) // BLOCK_BYTES * ARITY
            hole = min(end, os.lseek(self._descriptor, place, os.SEEK_HOLE), start + (first + step) * FIELD_BYTES)
            last = -((start - hole) // BLOCK_BYTES) * ARITY
            yield first, last
            place = start + last * FIELD_BYTES


def find_nodes(nodes: bytes, node: bytes) -> Iterator[int]:
    """The places of one node among many."""
    place = nodes.find(node)
    while place >= 0:
        if place % FIELD_BYTES == 0:
            yield place // FIELD_BYTES
        place = nodes.find(node, place + 1)


def write_all(descriptor: int, data: bytes, place: int) -> None:
    """All bytes: a file system that takes a part alone has no room, and says so at the next part."""
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written


def list_starts(levels: int) -> list[int]:
    """Where each level begins, and where the last one ends."""
    sizes = (FIELD_BYTES << INDEX_BITS * height for height in range(levels, 0, -1))
    return list(accumulate(sizes, initial=0))


def find_runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where indices go up by one: the first place of each run, and the one behind its last."""
    first, expected = 0, -1
    for place, index in enumerate(indices):
        if index != expected and place:
            yield first, place
            first = place
        expected = index + 1
    if indices:
        yield first, len(indices)


def veil(nodes: bytes, level: int) -> bytes:
    """Nodes of a level as they are stored; what is stored, as nodes."""
    mask = empty_node(level).to_bytes(FIELD_BYTES, "little") * (len(nodes) // FIELD_BYTES)
    return (int.from_bytes(nodes, "little") ^ int.from_bytes(mask, "little")).to_bytes(len(nodes), "little")


def hash_blocks(blocks: bytes, level: int) -> bytes:
    """The parents of stored blocks of a level, stored as those of the level above."""
    rows = veil(blocks, level)
    threads = 0 if len(blocks) >= MANY_ROWS * BLOCK_BYTES else 1
    return veil(hash_many(ARITY + 1, rows, threads), level + 1)
