"""The one process that changes a stored tree.

    1  hash the changed leaves up to the new root; nothing is written yet
    2  write the record of the round, and wait for the disk
    3  mark it: from here on the round is made, whatever happens
    4  write its nodes in their places, whenever the disk gets to it
    5  after many rounds wait for the disk once, and note the round: what is before it need not be written again

At a start the rounds after the one that is noted are written in their places again, and hashed up to the root.
"""

import fcntl
import json
import os
import shutil
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final, Self
from weakref import finalize

from facts.elements import require_element, require_range
from facts.sealed_file import sync_folder
from facts.stored_tree.damage import damaged
from facts.stored_tree.journal import KeptJournal
from facts.stored_tree.nodes import NodeFile, hash_blocks, veil
from facts.stored_tree.record import LevelChange, Round, index_array
from facts.stored_tree.tree import FORMAT, JOURNAL, NODES, SHAPE, Shape, StoredTree, split
from facts.tree import ARITY, BLOCK_BYTES, INDEX_BITS, empty_node, put_child, require_index
from margin.errors import InternalError, MisuseError, Reason
from snark.bn254.constants import FIELD_BYTES

CHECKPOINT: Final = "checkpoint"
LOCK: Final = "lock"
DEFAULT_KEPT: Final = 64
MOST_CHANGES: Final = 1 << 20
"""Leaves in one round: what a round takes in memory is bounded."""
CHECKPOINT_BYTES: Final = 1 << 28
"""After so many bytes of records the nodes are waited for: at most so much is written again at a start."""
EMPTY_NODE: Final = bytes(FIELD_BYTES)
EMPTY_BLOCK: Final = bytes(BLOCK_BYTES)
CHUNK_BLOCKS: Final = 1 << 12
"""So many blocks are read and hashed at once where a whole tree is checked."""


class TreeKeeper(StoredTree):
    """A stored tree with its lock, which nobody else can have meanwhile."""

    may_write: ClassVar[bool] = True
    _journal: KeptJournal

    def __init__(self, folder: Path) -> None:
        """Open a tree at the last round that was made; what a kill left undone is done."""
        self._release = finalize(self, os.close, take_lock(folder))
        self._is_sound = False
        try:
            super().__init__(folder)
            self._noted, self._written_since = read_checkpoint(folder), 0
            self._redo()
        except BaseException:
            self._release()
            raise
        self._is_sound = True

    @classmethod
    def create(cls, folder: Path, levels: int, kept: int = DEFAULT_KEPT) -> Self:
        """A new tree without leaves in a new folder, which is there whole or not at all."""
        shape = Shape(levels, kept)
        if folder.exists():
            expected = "a place for a new tree"
            raise MisuseError(Reason.WRONG_FILE, str(folder), found="something in its place", expected=expected)
        beside = folder.with_name(f".{folder.name}.{os.getpid()}")
        try:
            beside.mkdir()
            lay_out(beside, shape)
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(folder.parent)
        return cls(folder)

    def close(self) -> None:
        """Wait for the disk, so that the next start has nothing to do, and let go of the lock."""
        if self._is_sound:
            self._checkpoint()
        self._is_sound = False
        super().close()
        self._release()

    def settle(self) -> None:
        """Wait for the disk to have the nodes, too: a start after a kill then has nothing to write again."""
        with self._turn:
            self._require_sound()
            self._checkpoint()

    def update(self, leaves: Mapping[int, int]) -> int:
        """Put leaves at their indices: one round, all of it or none. Returns the root; it is on the disk by then."""
        require_range(len(leaves), "leaves", 0, MOST_CHANGES, f"at most {MOST_CHANGES} leaves in a round")
        with self._turn:
            self._require_sound()
            made = self._make_round(leaves)
            self._is_sound = False  # until all of it is done
            self._written_since += self._journal.append(made)
            self._apply(made)
            if self._written_since >= CHECKPOINT_BYTES:
                self._checkpoint()
            self._is_sound = True
        return made.root

    def verify(self) -> None:
        """Hash the whole tree again, and refuse it if a node is not the hash of its children, or a record is broken."""
        with self._turn:
            self._require_sound()
            deque(self._journal.load_after(0), maxlen=0)
            below = 0
            for level in range(self.levels):
                nodes, blocks = self._verify_level(level)
                if level and nodes != below:
                    raise damaged(f"nodes[{level}]", "a node without children", "the hash of the nodes below")
                below = blocks
            self._verify_root()

    # --- A round -----------------------------------------------------------------------------------------

    def _make_round(self, leaves: Mapping[int, int]) -> Round:
        """What an update changes, from the leaves to the root."""
        indices = sorted(require_index(index, self.levels) for index in leaves)
        after = b"".join(require_element(leaves[index], "leaf").to_bytes(FIELD_BYTES, "little") for index in indices)
        after, changes = veil(after, 0), []
        for level in range(self.levels):
            parents, before, blocks = self._patch(level, indices, after)
            changes.append(LevelChange(index_array(indices), before, after))
            indices, after = parents, hash_blocks(blocks, level)
        root = split(veil(after, self.levels))[0] if indices else self._current_root()
        return Round(self._journal.last + 1, root, tuple(changes))

    def _patch(self, level: int, indices: list[int], after: bytes) -> tuple[list[int], bytes, bytes]:
        """The blocks in which nodes change, with the change in them; and the nodes as they were."""
        parents: list[int] = []
        before: list[bytes] = []
        blocks: list[bytes] = []
        block = bytearray()
        for place, index in enumerate(indices):
            parent, child = index >> INDEX_BITS, index & ARITY - 1
            if not parents or parents[-1] != parent:
                if parents:
                    blocks.append(bytes(block))
                parents.append(parent)
                block = bytearray(self._nodes.read(level, parent * ARITY))
            before.append(bytes(block[child * FIELD_BYTES : (child + 1) * FIELD_BYTES]))
            put_child(block, child, after[place * FIELD_BYTES : (place + 1) * FIELD_BYTES])
        if parents:
            blocks.append(bytes(block))
        return parents, b"".join(before), b"".join(blocks)

    def _apply(self, made: Round) -> None:
        """Write the nodes of a round in their places."""
        for level, change in enumerate(made.changes):
            self._nodes.apply(level, change)

    def _checkpoint(self) -> None:
        """Wait for the nodes, note the round, and drop what neither a start nor a reader asks for any more."""
        last = self._journal.last
        if last != self._noted:
            self._nodes.sync()
            write_checkpoint(self.folder, last)
        self._noted, self._written_since = last, 0
        self._journal.drop_before(last - self.kept + 1)

    def _require_sound(self) -> None:
        """After a failure in the middle of a round only a new start knows what became of it."""
        if not self._is_sound:
            expected = "a tree that is opened again since its last failure"
            raise InternalError(Reason.STORE_UNAVAILABLE, "tree", found="a failure or a close", expected=expected)

    def _current_root(self) -> int:
        """The root after the last round."""
        last = self._journal.last
        return self._journal.rounds[last].head.root if last else empty_node(self.levels)

    def _open_journal(self, folder: Path) -> KeptJournal:
        return KeptJournal(folder, self.levels, self.kept)

    # --- A start -----------------------------------------------------------------------------------------

    def _redo(self) -> None:
        """Write what may not be in its place yet, and hash what the journal touched up to the root."""
        if self._journal.last < self._noted:
            found, expected = f"{self._journal.last} rounds", f"at least {self._noted}"
            raise damaged("journal", found, expected)
        touched: set[int] = set()
        number = min(self._noted, max(self._journal.last - 1, 0))
        for made in self._journal.load_after(number):
            if made.number != number + 1:
                raise damaged(f"journal[{number + 1}]", f"round {made.number}", "the round that follows")
            number = made.number
            self._apply(made)
            touched.update(made.changes[0].indices)
        self._require_hashed(touched)
        self._verify_root()
        self._checkpoint()

    def _require_hashed(self, leaves: set[int]) -> None:
        """Every node above these leaves is the hash of its children."""
        indices = leaves
        for level in range(self.levels - 1):
            parents = sorted({index >> INDEX_BITS for index in indices})
            for chunk in (parents[start : start + CHUNK_BLOCKS] for start in range(0, len(parents), CHUNK_BLOCKS)):
                blocks = b"".join(self._nodes.read(level, parent * ARITY) for parent in chunk)
                nodes = b"".join(self._nodes.read(level + 1, parent, 1) for parent in chunk)
                if hash_blocks(blocks, level) != nodes:
                    raise damaged(f"nodes[{level + 1}]", "another node", "the hash of the nodes below")
            indices = set(parents)

    def _verify_root(self) -> None:
        """The highest nodes hash to the root of the last round."""
        top = self.levels - 1
        hashed = veil(hash_blocks(self._nodes.read(top, 0), top), self.levels)
        if split(hashed)[0] != self._current_root():
            raise damaged(f"nodes[{top}]", "other nodes", "those of the root of the last round")

    # --- All of it ---------------------------------------------------------------------------------------

    def _verify_level(self, level: int) -> tuple[int, int]:
        """Hold the blocks of a level against the level above; how many of its nodes and blocks are not empty."""
        nodes, blocks = 0, 0
        for first, last in self._nodes.extents(level, CHUNK_BLOCKS * ARITY):
            data = self._nodes.read(level, first, last - first)
            filled = [place for place, block in enumerate(cut(data, BLOCK_BYTES)) if block != EMPTY_BLOCK]
            blocks += len(filled)
            nodes += sum(node != EMPTY_NODE for node in cut(data, FIELD_BYTES)) if level else 0
            if level < self.levels - 1:
                self._require_parents(level, first // ARITY, data, filled)
        return nodes, blocks

    def _require_parents(self, level: int, parent: int, data: bytes, filled: list[int]) -> None:
        """The parents of blocks that are not empty, from one parent on, are their hashes."""
        above = self._nodes.read(level + 1, parent, len(data) // BLOCK_BYTES)
        blocks, nodes = (
            b"".join(whole[place * width : (place + 1) * width] for place in filled)
            for whole, width in ((data, BLOCK_BYTES), (above, FIELD_BYTES))
        )
        if hash_blocks(blocks, level) != nodes:
            raise damaged(f"nodes[{level + 1}]", "another node", "the hash of the nodes below")


def lay_out(folder: Path, shape: Shape) -> None:
    """The files of a tree without leaves, on the disk."""
    nodes = NodeFile.create(folder / NODES, shape.levels)
    nodes.sync()
    nodes.close()
    (folder / JOURNAL).mkdir()
    (folder / LOCK).touch()
    write_checkpoint(folder, 0)
    document = {"format": FORMAT, "levels": shape.levels, "kept": shape.kept}
    write_file(folder / SHAPE, json.dumps(document, indent=1) + "\n")


def take_lock(folder: Path) -> int:
    """The lock of a tree, which goes with the process that has it."""
    lock = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        expected = "a tree that nobody else keeps"
        raise MisuseError(Reason.STORE_UNAVAILABLE, LOCK, found="another keeper", expected=expected) from None
    return lock


def read_checkpoint(folder: Path) -> int:
    """The round that was noted last."""
    text = (folder / CHECKPOINT).read_text(encoding="ascii", errors="replace").removesuffix("\n")
    if not text.isdecimal():
        raise damaged(CHECKPOINT, "another text", "the number of a round")
    return int(text)


def write_checkpoint(folder: Path, number: int) -> None:
    """Note that the nodes of a round are on the disk."""
    write_file(folder / CHECKPOINT, f"{number}\n")


def write_file(path: Path, text: str) -> None:
    """A file that is there whole or not at all, on the disk."""
    beside = path.with_name(f".{path.name}")
    with beside.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def cut(data: bytes, width: int) -> Iterator[bytes]:
    """Pieces of so many bytes."""
    return (data[start : start + width] for start in range(0, len(data), width))
