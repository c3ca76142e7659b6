"""The locks of all chains: a tree for each chain, under a small tree of chains that hides which one is meant.

    slot of a chain      which of the 64 leaves of the top tree is the root of its tree
    index of a lock      slot * 2^24 + its place in the tree of its chain

Empty slots hold the root of an empty tree, so that both together are one tree of ten levels, whoever builds it: from
the locks, or from the roots that each chain's watchers agree on.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from facts.elements import require_range
from facts.tree import INDEX_BITS, Tree, empty_node, require_index

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
