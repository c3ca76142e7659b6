r"""A round as the journal has it: every node that it changed, before and after.

    mark        8    zero, or "on disk\n" once all that follows is
    digest     32    SHA-256 of all that follows
    number      8
    root       32
    counts      8    for each level: how many of its nodes changed
    changes          for each level: their indices (8), the nodes before (32), the nodes after (32)

Numbers are little-endian and indices rise. Nodes are as ``facts.stored_tree.nodes`` keeps them.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from typing import Final

from facts.stored_tree.damage import damaged
from facts.tree import INDEX_BITS
from snark.bn254.constants import FIELD_BYTES

MARK: Final = b"on disk\n"
DIGEST_BYTES: Final = 32
FRONT_BYTES: Final = len(MARK) + DIGEST_BYTES
INDEX_BYTES: Final = 8
CHANGE_BYTES: Final = INDEX_BYTES + 2 * FIELD_BYTES
INDICES: Final = "Q"


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The nodes of one level that a round changed, by rising index."""

    indices: "array[int]"
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Round:
    """What one update did."""

    number: int
    root: int
    changes: tuple[LevelChange, ...]

    @property
    def head(self) -> "RoundHead":
        """What stands in front of the changes."""
        return RoundHead(self.number, self.root, tuple(len(change.indices) for change in self.changes))

    def encode(self) -> bytes:
        """The record, without its mark."""
        head = self.head.encode()
        parts = ((encode_indices(each.indices), each.before, each.after) for each in self.changes)
        content = b"".join((head, *(part for change in parts for part in change)))
        return bytes(len(MARK)) + sha256(content).digest() + content


@dataclass(frozen=True, slots=True)
class RoundHead:
    """What stands in front of the changes."""

    number: int
    root: int
    counts: tuple[int, ...]

    def encode(self) -> bytes:
        """All behind the digest and before the changes."""
        root = self.root.to_bytes(FIELD_BYTES, "little")
        return struct.pack(f"<Q{FIELD_BYTES}s{len(self.counts)}Q", self.number, root, *self.counts)

    @classmethod
    def decode(cls, data: bytes) -> "RoundHead":
        """The head of its bytes, which say how many levels there are."""
        number, root, *counts = struct.unpack(f"<Q{FIELD_BYTES}s{len(data[8 + FIELD_BYTES :]) // INDEX_BYTES}Q", data)
        return cls(number, int.from_bytes(root, "little"), tuple(counts))

    @property
    def size(self) -> int:
        """The bytes of the whole record."""
        return FRONT_BYTES + head_bytes(len(self.counts)) + sum(self.counts) * CHANGE_BYTES

    @property
    def starts(self) -> tuple[int, ...]:
        """Where in the record the changes of each level begin."""
        sizes = (count * CHANGE_BYTES for count in self.counts)
        return tuple(accumulate(sizes, initial=FRONT_BYTES + head_bytes(len(self.counts))))[:-1]

    def may_follow(self, number: int) -> bool:
        """Whether a round of this head can come after the one of that number."""
        room = (1 << INDEX_BITS * height for height in range(len(self.counts), 0, -1))
        return self.number == number + 1 and all(count <= most for count, most in zip(self.counts, room, strict=True))


def head_bytes(levels: int) -> int:
    """The bytes between the digest and the changes."""
    return INDEX_BYTES + FIELD_BYTES + levels * INDEX_BYTES


def decode_round(record: bytes, head: RoundHead) -> Round:
    """The round of a whole record, whose digest has to be that of its content."""
    if not is_intact(record):
        raise damaged(f"journal[{head.number}]", "another digest", "the record that was written")
    changes = tuple(cut_change(record, start, count) for start, count in zip(head.starts, head.counts, strict=True))
    return Round(head.number, head.root, changes)


def is_intact(record: bytes) -> bool:
    """Whether the digest is that of the content."""
    return record[len(MARK) : FRONT_BYTES] == sha256(memoryview(record)[FRONT_BYTES:]).digest()


def cut_change(record: bytes, start: int, count: int) -> LevelChange:
    """The changes of one level."""
    before, after = (start + count * width for width in (INDEX_BYTES, INDEX_BYTES + FIELD_BYTES))
    end = after + count * FIELD_BYTES
    return LevelChange(decode_indices(record[start:before]), record[before:after], record[after:end])


def encode_indices(indices: Sequence[int]) -> bytes:
    """Eight bytes each, the lowest first."""
    return swap_if_big(index_array(indices)).tobytes()


def index_array(indices: Sequence[int]) -> "array[int]":
    """Indices in eight bytes each."""
    return array(INDICES, indices)


def decode_indices(data: bytes) -> "array[int]":
    """The indices of their bytes."""
    return swap_if_big(array(INDICES, data))


def swap_if_big(indices: "array[int]") -> "array[int]":
    """From the order of this machine's bytes to that of the file, or back."""
    if sys.byteorder == "big":
        indices.byteswap()
    return indices
