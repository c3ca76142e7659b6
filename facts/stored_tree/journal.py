"""The rounds of a tree, one record behind the other, in files named by the first round in them.

A record counts when it is marked, and it is marked when it is on the disk. One without a mark can stand only at the
end, where the keeper was killed: if all of it is there, it is marked; if not, nobody was told of the round, and it is
cut off. What is broken elsewhere was altered, and the tree is refused.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final
from weakref import finalize

from facts.sealed_file import sync_folder
from facts.stored_tree.damage import damaged
from facts.stored_tree.nodes import find_nodes, write_all
from facts.stored_tree.record import (
    FRONT_BYTES,
    INDEX_BYTES,
    MARK,
    Round,
    RoundHead,
    decode_indices,
    decode_round,
    head_bytes,
    is_intact,
)
from facts.tree import ARITY, put_child
from snark.bn254.constants import FIELD_BYTES

NAME_DIGITS: Final = 20
SEGMENT_BYTES: Final = 1 << 24
"""A file that has so many bytes gets no further round."""


class Segment:
    """One file of the journal, the one that begins with a round."""

    def __init__(self, folder: Path, first: int, flags: int = os.O_RDONLY) -> None:
        self.first = first
        self.descriptor = os.open(folder / name_segment(first), flags, 0o644)
        self.close = finalize(self, os.close, self.descriptor)
        """Let go of the file; whoever forgets it does the same."""

    @property
    def size(self) -> int:
        """Its bytes."""
        return os.fstat(self.descriptor).st_size

    def read_head(self, place: int, levels: int) -> RoundHead | None:
        """The head of a record that counts, if there is one: the mark is read first, since it was written last."""
        if os.pread(self.descriptor, len(MARK), place) != MARK:
            return None
        data = os.pread(self.descriptor, head_bytes(levels), place + FRONT_BYTES)
        if len(data) != head_bytes(levels):
            raise damaged(f"journal/{name_segment(self.first)}", "the end of the file", "the record that is marked")
        return RoundHead.decode(data)

    def read(self, size: int, place: int) -> bytes:
        """So many bytes."""
        data = os.pread(self.descriptor, size, place)
        if len(data) != size:
            raise damaged(f"journal/{name_segment(self.first)}", "the end of the file", "the record that is marked")
        return data

    def write(self, data: bytes, place: int) -> None:
        """All of it, on the disk when this returns."""
        write_all(self.descriptor, data, place)
        os.fdatasync(self.descriptor)

    def mark(self, place: int) -> None:
        """Let a record count that is on the disk; the mark itself need not be, a start sets it again."""
        write_all(self.descriptor, MARK, place)


@dataclass(slots=True)
class Recorded:
    """A round, and where its record is."""

    head: RoundHead
    segment: Segment
    place: int
    _indices: dict[int, "array[int]"] = field(default_factory=dict, init=False, repr=False)

    def load(self) -> Round:
        """All of it, its digest checked."""
        return decode_round(self.segment.read(self.head.size, self.place), self.head)

    def put_back(self, level: int, first: int, block: bytearray) -> None:
        """Undo in a block of a level, which begins with that index, what this round changed."""
        self._put(level, first, block, behind=INDEX_BYTES)

    def put_forward(self, level: int, first: int, block: bytearray) -> None:
        """Do it, in case its keeper has not yet."""
        self._put(level, first, block, behind=INDEX_BYTES + FIELD_BYTES)

    def find_before(self, level: int, node: bytes) -> Iterator[int]:
        """Where in a level this round put something in the place of a stored node."""
        return self._find(level, node, behind=INDEX_BYTES)

    def find_after(self, level: int, node: bytes) -> Iterator[int]:
        """Where in a level it put that node."""
        return self._find(level, node, behind=INDEX_BYTES + FIELD_BYTES)

    def _find(self, level: int, node: bytes, behind: int) -> Iterator[int]:
        """Indices of a node among those before or after the round."""
        indices = self._indices_of(level)
        start = self.place + self.head.starts[level] + len(indices) * behind
        return (indices[place] for place in find_nodes(self.segment.read(len(indices) * FIELD_BYTES, start), node))

    def _put(self, level: int, first: int, block: bytearray, behind: int) -> None:
        """Write the nodes before or after the round, which stand behind so many bytes for each change."""
        indices = self._indices_of(level)
        nodes = self.place + self.head.starts[level] + len(indices) * behind
        for position in range(bisect_left(indices, first), len(indices)):
            if (child := indices[position] - first) >= ARITY:
                return
            put_child(block, child, self.segment.read(FIELD_BYTES, nodes + position * FIELD_BYTES))

    def _indices_of(self, level: int) -> "array[int]":
        """Kept once they were read: paths of one round after the other ask for the same."""
        if level not in self._indices:
            size = self.head.counts[level] * INDEX_BYTES
            self._indices[level] = decode_indices(self.segment.read(size, self.place + self.head.starts[level]))
        return self._indices[level]


class Journal:
    """The last rounds, as they follow one another while somebody else adds to them."""

    flags: ClassVar[int] = os.O_RDONLY

    def __init__(self, folder: Path, levels: int, kept: int) -> None:
        """Those that are there now; of them so many are kept, the newest among them."""
        self.folder, self._levels, self._kept = folder, levels, kept
        self._segments: list[Segment] = []
        self._rounds: dict[int, Recorded] = {}
        self._end = 0
        self.last = 0
        """The number of the newest round."""
        self.follow()

    @property
    def rounds(self) -> Mapping[int, Recorded]:
        """The rounds that are kept, by number and in their order."""
        return self._rounds

    def follow(self) -> None:
        """Take up the rounds that were added since."""
        while not self._read_on():
            self._begin()

    def restore(self, number: int, level: int, first: int, block: bytearray) -> None:
        """Let a block of a level, read since that round was made, be what it was after it.

        A round is made when all nodes of the one before are in their places; its own may not be.
        """
        if number:
            self._rounds[number].put_forward(level, first, block)
        for later in range(self.last, number, -1):
            self._rounds[later].put_back(level, first, block)

    def find(self, number: int, level: int, node: bytes) -> Iterator[int]:
        """Where in a level a stored node may have stood after a round, if it does not stand there now."""
        for each in self._rounds.values():
            if each.head.number == number:
                yield from each.find_after(level, node)
            elif each.head.number > number:
                yield from each.find_before(level, node)

    def close(self) -> None:
        """Let go of all files."""
        while self._segments:
            self._segments.pop().close()
        self._rounds.clear()

    def _begin(self) -> None:
        """Begin again with the oldest file that is there."""
        self.close()
        self._end, self.last = 0, next(iter(list_segments(self.folder)), 1) - 1

    def _read_on(self) -> bool:
        """Read to the end; false where what comes next is there no more."""
        while True:
            if self._segments:
                self._read_segment(self._segments[-1])
            if not self._enter_next():
                return self._is_whole()

    def _enter_next(self) -> bool:
        """Go on in the next file, if there is one."""
        if self._segments and self._segments[-1].first == self.last + 1:
            return False
        try:
            self._enter(Segment(self.folder, self.last + 1, self.flags))
        except FileNotFoundError:
            return False
        return True

    def _enter(self, segment: Segment) -> None:
        """Go on in that file."""
        self._segments.append(segment)
        self._end = 0

    def _is_whole(self) -> bool:
        """Whether nothing that would come next was dropped: files go in their order, and the one read last is there."""
        if self._segments:
            return os.fstat(self._segments[-1].descriptor).st_nlink > 0
        return not list_segments(self.folder)

    def _read_segment(self, segment: Segment) -> None:
        """Take up what was added to the file that is read."""
        while (head := segment.read_head(self._end, self._levels)) is not None:
            if not head.may_follow(self.last) or self._end + head.size > segment.size:
                raise damaged(f"journal[{self.last + 1}]", "another round", "the round that follows")
            self._take(Recorded(head, segment, self._end))

    def _take(self, recorded: Recorded) -> None:
        """One round more, and the oldest one less."""
        self.last, self._end = recorded.head.number, self._end + recorded.head.size
        self._rounds[self.last] = recorded
        self._rounds.pop(self.last - self._kept, None)
        while len(self._segments) > 1 and self._segments[1].first <= self.last - self._kept + 1:
            self._segments.pop(0).close()


class KeptJournal(Journal):
    """The journal of the one who adds to it."""

    flags: ClassVar[int] = os.O_RDWR

    def __init__(self, folder: Path, levels: int, kept: int) -> None:
        """What a kill has left at its end is mended first."""
        mend_end(folder, levels)
        super().__init__(folder, levels, kept)

    def append(self, made: Round) -> int:
        """Write a round; it counts when this returns. Returns how many bytes it took."""
        record = made.encode()
        if not self._segments or self._end >= SEGMENT_BYTES:
            self._enter(Segment(self.folder, made.number, os.O_RDWR | os.O_CREAT))
            sync_folder(self.folder)
        segment = self._segments[-1]
        segment.write(record, self._end)
        segment.mark(self._end)
        self._take(Recorded(made.head, segment, self._end))
        return len(record)

    def load_after(self, number: int) -> Iterator[Round]:
        """The rounds after one, the oldest first, kept or not: nobody may have dropped them."""
        firsts = list_segments(self.folder)
        for first, end in zip(firsts, [*firsts[1:], self.last + 1], strict=False):
            if end > number + 1:
                yield from self._load_segment(first, number)

    def drop_before(self, number: int) -> None:
        """Delete the files in which every round is before that one, the oldest first."""
        firsts = list_segments(self.folder)
        for first, following in pairwise(firsts):
            if following <= number:
                (self.folder / name_segment(first)).unlink()

    def _load_segment(self, first: int, number: int) -> Iterator[Round]:
        """The rounds of one file that are after one."""
        segment, place = Segment(self.folder, first), 0
        try:
            while (head := segment.read_head(place, self._levels)) is not None:
                if head.number > number:
                    yield Recorded(head, segment, place).load()
                place += head.size
        finally:
            segment.close()


def mend_end(folder: Path, levels: int) -> None:
    """Mark the last record if it is whole, and cut it off if it is not."""
    firsts = list_segments(folder)
    for first in firsts:
        segment = Segment(folder, first, os.O_RDWR)
        try:
            number, place = first - 1, 0
            while (head := segment.read_head(place, levels)) is not None:
                number, place = number + 1, place + head.size
            left = segment.size - place
            if left < 0 or (left and first != firsts[-1]):
                raise damaged(f"journal/{name_segment(first)}", "a broken record", "records up to the end")
            if left:
                mend_record(segment, place, left, levels, number)
        finally:
            segment.close()


def mend_record(segment: Segment, place: int, size: int, levels: int, number: int) -> None:
    """What stands behind the last record that is marked: a whole one is written again, for the disk to have it.

    Nothing that is marked can follow it, since a record is marked before the next one is begun.
    """
    record = segment.read(size, place)
    if MARK in record:
        raise damaged(f"journal[{number + 1}]", "a broken record", "the record that was written")
    content = record[FRONT_BYTES : FRONT_BYTES + head_bytes(levels)]
    if len(content) == head_bytes(levels):
        head = RoundHead.decode(content)
        if head.may_follow(number) and head.size == size and is_intact(record):
            segment.write(record, place)
            segment.mark(place)
            return
    os.ftruncate(segment.descriptor, place)
    os.fsync(segment.descriptor)


def list_segments(folder: Path) -> list[int]:
    """The first rounds of the files that are there, rising."""
    return sorted(int(file.name) for file in folder.iterdir() if file.name.isdecimal())


def name_segment(first: int) -> str:
    """What the file that begins with a round is called."""
    return f"{first:0{NAME_DIGITS}}"
