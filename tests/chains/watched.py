"""What the tests of watchers have in common: their committee, and the leaves and roots of what was deposited."""

from collections.abc import Sequence
from typing import Final

from facts.commitments import Lock, commit_lock
from facts.committee import Committee, Member, build_committee
from facts.lock_root import CHAIN_LEVELS, name_chain
from facts.signed import Purpose
from facts.tree import Tree
from tests.chains.scripted_chain import CHAIN_ID
from tests.facts.specimens import keys_of

KEYS: Final = keys_of("watcher", 3)
EVERY: Final = 10
LONG: Final = 4_000_000_000


def committee_of(keys: Sequence[bytes], chain_id: int = CHAIN_ID) -> Committee:
    """Two of some watchers, whenever."""
    members = [Member(key, 1, LONG) for key in keys]
    return build_committee(
        Purpose.WATCHERS, name_chain(chain_id), members, threshold=2, quorum=len(keys), active_from=1
    )


COMMITTEE: Final = committee_of([key.public_key for key in KEYS])


def lock(index: int, amount: int = 5) -> int:
    """The leaf of a deposit."""
    return commit_lock(Lock(CHAIN_ID, 7, 11, amount, 9, index))


def root_of(leaves: Sequence[int]) -> int:
    """Of the tree that such leaves make."""
    return Tree(CHAIN_LEVELS, dict(enumerate(leaves))).root
