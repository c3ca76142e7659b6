"""The locks of all chains: a tree for each chain, under a small tree of chains that hides which one is meant.

    slot of a chain      which of the 64 leaves of the top tree is the root of its tree
    index of a lock      slot * 2^24 + its place in the tree of its chain

Empty slots hold the root of an empty tree, so that both together are one tree of ten levels, whoever builds it: from
the locks, or from the roots that each chain's watchers agree on.

Watchers speak of a block that their chain can't take back any more: they name the block, and the highest one that was
final when they looked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from facts.bounds import require_chain_id
from facts.canonical import (
    DIGEST_BYTES,
    ByteReader,
    encode_number,
    encode_root,
    prefix_of,
    require_digest,
    require_root,
    require_sequence,
)
from facts.elements import require_range
from facts.moments import require_moment
from facts.signed import Kind, Purpose
from facts.tree import INDEX_BITS, Tree, empty_node, require_index
from margin.errors import MalformedError, Reason

CHAIN_LEVELS: Final = 8
"""Room for 2^24 locks on a chain."""
TOP_LEVELS: Final = 2
LOCK_LEVELS: Final = CHAIN_LEVELS + TOP_LEVELS
MAX_CHAINS: Final = 1 << INDEX_BITS * TOP_LEVELS


def lock_index(slot: int, place: int) -> int:
    """Where a lock is in the tree of all chains."""
    return require_slot(slot) << INDEX_BITS * CHAIN_LEVELS | require_index(place, CHAIN_LEVELS)


def build_lock_tree(chains: Mapping[int, Iterable[int]]) -> Tree:
    """The tree of all chains from the committed locks of each slot, in the order of their deposit."""
    return Tree(
        LOCK_LEVELS,
        {lock_index(slot, place): lock for slot, locks in chains.items() for place, lock in enumerate(locks)},
    )


def chain_root(locks: Tree, slot: int) -> int:
    """The root of one chain in the tree of all of them."""
    return locks.node(CHAIN_LEVELS, require_slot(slot))


def combine_chain_roots(roots: Mapping[int, int]) -> int:
    """The lock root from the root of each slot."""
    leaves = [empty_node(CHAIN_LEVELS)] * MAX_CHAINS
    for slot, root in roots.items():
        leaves[require_slot(slot)] = root
    return Tree(TOP_LEVELS, leaves).root


def require_slot(slot: object) -> int:
    """A chain has a slot in the top tree."""
    return require_range(slot, "slot", 0, MAX_CHAINS - 1, f"a slot below {MAX_CHAINS}")


@dataclass(frozen=True, slots=True)
class LockRoot:
    """What the watchers of a chain say: the root of its locks at a final block."""

    KIND: ClassVar = Kind.LOCK_ROOT
    SIGNED_BY: ClassVar = Purpose.WATCHERS

    chain_id: int
    committee: bytes
    sequence: int
    """The number of the block."""
    block_hash: bytes
    final_block: int
    """The highest block that was final when the watchers looked."""
    observed_at: int
    root: int

    def __post_init__(self) -> None:
        require_chain_id(self.chain_id)
        require_digest(self.committee, "committee")
        require_sequence(self.sequence)
        require_digest(self.block_hash, "block_hash")
        require_sequence(self.final_block, "final_block")
        require_moment(self.observed_at, "observed_at")
        require_root(self.root)
        if self.sequence > self.final_block:
            expected = f"a final block, at most {self.final_block}"
            raise MalformedError(Reason.NOT_FINAL, "sequence", found=self.sequence, expected=expected)

    @property
    def scope(self) -> str:
        """The chain, as its watchers are named."""
        return name_chain(self.chain_id)

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_number(self.chain_id), self.committee, encode_number(self.sequence)
        numbers = map(encode_number, (self.final_block, self.observed_at))
        return b"".join((*head, self.block_hash, *numbers, encode_root(self.root)))

    @classmethod
    def decode(cls, data: bytes) -> "LockRoot":
        """The lock root of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "lock_root")
        chain_id, committee = reader.number("chain_id"), reader.take(DIGEST_BYTES, "committee")
        sequence, block_hash = reader.number("sequence"), reader.take(DIGEST_BYTES, "block_hash")
        final_block, observed_at, root = reader.number("final_block"), reader.number("observed_at"), reader.root()
        reader.finish("lock_root")
        return cls(chain_id, committee, sequence, block_hash, final_block, observed_at, root)


def name_chain(chain_id: int) -> str:
    """What the committee of a chain's watchers is called."""
    return f"chain:{require_chain_id(chain_id)}"
