"""A stored tree for whoever reads it: its root and its paths, as they are and as they were in the last rounds.

The keeper may write while a path is read. So the nodes are read first and the journal then: whatever a later round has
changed, half written or whole, is put back from its record. Every path is hashed to the root before it is handed out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from threading import Lock
from typing import ClassVar, Final, Self

from facts.elements import require_element, require_range
from facts.stored_tree.damage import damaged
from facts.stored_tree.journal import Journal
from facts.stored_tree.nodes import NodeFile, hash_blocks, veil
from facts.tree import ARITY, INDEX_BITS, Children, Path, empty_node, require_index
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MisuseError, Reason
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

FORMAT: Final = "ringfence.tree/1"
SHAPE: Final = "tree.json"
NODES: Final = "nodes"
JOURNAL: Final = "journal"
MOST_LEVELS: Final = 12
"""2^36 leaves: what the nodes would take if all were there, 2.5 TB, is below the largest file of usual file systems."""
MOST_KEPT: Final = 1 << 12


@dataclass(frozen=True, slots=True)
class Shape:
    """What is settled when a tree is made."""

    levels: int
    kept: int
    """So many rounds can be asked for, the newest among them."""

    def __post_init__(self) -> None:
        require_range(self.levels, "levels", 1, MOST_LEVELS, f"1 to {MOST_LEVELS} levels")
        require_range(self.kept, "kept", 1, MOST_KEPT, f"1 to {MOST_KEPT} rounds")

    @classmethod
    def read(cls, folder: FilePath) -> "Shape":
        """That of the tree in a folder."""
        with Fields(read_document(folder / SHAPE), SHAPE) as fields:
            if (found := fields.text("format")) != FORMAT:
                raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=FORMAT)
            return cls(fields.integer("levels", 1, MOST_LEVELS), fields.integer("kept", 1, MOST_KEPT))


class StoredTree:
    """The tree in a folder; it follows its keeper, and any number of threads and processes may read."""

    may_write: ClassVar[bool] = False

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder
        self._shape = Shape.read(folder)
        self._turn = Lock()
        self._nodes = NodeFile(folder / NODES, self.levels, may_write=self.may_write)
        try:
            self._journal = self._open_journal(folder / JOURNAL)
        except BaseException:
            self._nodes.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its files."""
        self._nodes.close()
        self._journal.close()

    @property
    def levels(self) -> int:
        """Its depth."""
        return self._shape.levels

    @property
    def capacity(self) -> int:
        """How many leaves there is room for."""
        return 1 << INDEX_BITS * self.levels

    @property
    def kept(self) -> int:
        """How many rounds can be asked for."""
        return self._shape.kept

    @property
    def rounds(self) -> Mapping[int, int]:
        """The root after each round that is kept, the newest last; round 0 is the empty tree."""
        with self._turn:
            self._journal.follow()
            return self._known_roots()

    @property
    def root(self) -> int:
        """What the tree commits to now."""
        return self.newest.root

    @property
    def newest(self) -> "TreeAt":
        """The tree as it is now, and stays for whoever holds this."""
        return self.at(None)

    def at(self, number: int | None) -> "TreeAt":
        """The tree as it was after a round; without a number, the newest."""
        rounds = self.rounds
        if number is None:
            number = next(reversed(rounds))
        if number not in rounds:
            expected = f"a round from {next(iter(rounds))} to {next(reversed(rounds))}"
            raise MisuseError(Reason.TOO_OLD, "round", found=number, expected=expected)
        return TreeAt(self, number, rounds[number])

    def with_root(self, root: int) -> "TreeAt":
        """The tree as it was when it had that root; the newest such round."""
        for number, known in reversed(list(self.rounds.items())):
            if known == root:
                return TreeAt(self, number, known)
        raise MisuseError(
            Reason.WRONG_ROOT, "root", found="another root", expected="a root of the rounds that are kept"
        )

    def leaf(self, index: int, number: int | None = None) -> int:
        """The leaf at ``index`` after a round; the empty one where there is none."""
        return self.at(number).leaf(index)

    def path(self, index: int, number: int | None = None) -> Path:
        """From the leaf at ``index`` to the root of a round."""
        return self.at(number).path(index)

    def climb(self, level: int, index: int, number: int) -> tuple[Children, ...]:
        """The children of every node from one of a level up to the root of a round that is kept."""
        require_range(level, "level", 0, self.levels - 1, f"a level below {self.levels}, that of the root")
        require_index(index, self.levels - level)
        with self._turn:
            steps = [(each, index >> INDEX_BITS * (each - level + 1)) for each in range(level, self.levels)]
            blocks = [bytearray(self._nodes.read(each, parent * ARITY)) for each, parent in steps]
            self._journal.follow()
            root = self._known_roots().get(number)
            if root is None:
                raise MisuseError(Reason.TOO_OLD, "round", found=number, expected="a round that is still kept")
            for (each, parent), block in zip(steps, blocks, strict=True):
                self._journal.restore(number, each, parent * ARITY, block)
        children = [split(veil(bytes(block), each)) for (each, _), block in zip(steps, blocks, strict=True)]
        self._require_joined(blocks, children, level, index, root)
        return tuple(children)

    def find(self, leaf: int, number: int) -> int | None:
        """The lowest index at which a leaf stands after a round that is kept; all leaves are looked through."""
        node = veil(require_element(leaf, "leaf").to_bytes(FIELD_BYTES, "little"), 0)
        if not any(node):
            raise MisuseError(Reason.NOT_APPLICABLE, "leaf", found="the empty leaf", expected="a leaf")
        places = set(self._nodes.find(node))
        with self._turn:
            self._journal.follow()
            places.update(self._journal.find(number, 0, node))
        at = self.at(number)
        return next((index for index in sorted(places) if at.leaf(index) == leaf), None)

    def _known_roots(self) -> dict[int, int]:
        """The roots of the rounds that were read, in their order."""
        roots = {number: each.head.root for number, each in self._journal.rounds.items()}
        return roots if self._journal.last >= self.kept else {0: empty_node(self.levels), **roots}

    def _require_joined(
        self, blocks: list[bytearray], children: list[Children], level: int, index: int, root: int
    ) -> None:
        """Each block has to be where its hash stands in the next, up to the root."""
        expected = "the nodes that were written; after a stop of the machine the keeper has to open the tree first"
        for step, block in enumerate(blocks):
            if max(children[step]) >= GROUP_ORDER:
                raise damaged("nodes", "a number that is no element", expected)
            (hashed,) = split(veil(hash_blocks(bytes(block), level + step), level + step + 1))
            place = index >> INDEX_BITS * (step + 1) & ARITY - 1
            if hashed != (children[step + 1][place] if step + 1 < len(blocks) else root):
                raise damaged("nodes", "nodes that do not lead to the root", expected)

    def _open_journal(self, folder: FilePath) -> Journal:
        return Journal(folder, self.levels, self.kept)


@dataclass(frozen=True, slots=True)
class TreeAt:
    """A stored tree as it was after one round, for as long as that is kept; it is asked as a tree in memory is."""

    stored: StoredTree
    number: int
    root: int

    @property
    def levels(self) -> int:
        """Its depth."""
        return self.stored.levels

    def leaf(self, index: int) -> int:
        """The leaf at ``index``; the empty one where there is none."""
        return self.node(0, index)

    def node(self, level: int, index: int) -> int:
        """The root of the part of the tree that is ``level`` levels high and the ``index``-th of its kind."""
        return self.stored.climb(level, index, self.number)[0][index & ARITY - 1]

    def path(self, index: int) -> Path:
        """From the leaf at ``index`` to the root."""
        return Path(index, self.stored.climb(0, index, self.number))

    def find(self, leaf: int) -> int | None:
        """Where a leaf stands, if it does."""
        return self.stored.find(leaf, self.number)


def is_stored_tree(folder: FilePath) -> bool:
    """Whether there is a tree in a folder."""
    return (folder / SHAPE).is_file()


def split(nodes: bytes) -> Children:
    """Nodes as numbers."""
    return tuple(int.from_bytes(nodes[i : i + FIELD_BYTES], "little") for i in range(0, len(nodes), FIELD_BYTES))
