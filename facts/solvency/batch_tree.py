"""The tree over the batches of a run: the upper levels of ``facts.tree`` over the roots that batches have.

A batch is a node of the run's tree at the height of a batch, so that a path from a leaf goes up through its batch and
then through this tree, and is an ordinary path. Places without a batch are empty trees of that height.
"""

from collections.abc import Sequence

from facts.elements import require_element
from facts.tree import ARITY, INDEX_BITS, Children, empty_node
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_many


class BatchTree:
    """The roots of batches, and every level above them."""

    def __init__(self, roots: Sequence[int], levels: int, tree_levels: int) -> None:
        """``levels`` are those of a batch, ``tree_levels`` those of the whole tree."""
        for place, root in enumerate(roots):
            require_element(root, f"batches[{place}].root")
        self._rows = [list(roots)]
        for level in range(levels, tree_levels):
            self._rows[-1] += [empty_node(level)] * (-len(self._rows[-1]) % ARITY)
            self._rows.append(hash_row(self._rows[-1]))

    @property
    def root(self) -> int:
        """Of the whole tree."""
        return self._rows[-1][0]

    def levels_above(self, batch: int) -> tuple[Children, ...]:
        """The children of every node on the way from a batch to the root."""
        places = [batch >> INDEX_BITS * (height + 1) for height in range(len(self._rows) - 1)]
        rows = zip(self._rows, places, strict=False)
        return tuple(tuple(row[place * ARITY : (place + 1) * ARITY]) for row, place in rows)


def hash_row(nodes: Sequence[int]) -> list[int]:
    """The parents of nodes, eight by eight."""
    hashes = hash_many(ARITY + 1, b"".join(node.to_bytes(FIELD_BYTES, "little") for node in nodes))
    return [int.from_bytes(hashes[at : at + FIELD_BYTES], "little") for at in range(0, len(hashes), FIELD_BYTES)]
