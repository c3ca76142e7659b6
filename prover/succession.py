"""What became of a position that was to change: the venue's book shows which of its leaves stands.

A proof of a change leaves the prover when the wallet holds what opens the leaf that it makes. Whether a venue applies
it, when, and which of several, is not known here: old and new are kept until one of them is seen in the book. While
the old leaf stands, any of the new ones may follow; when one of these stands, the others never will.
"""

from dataclasses import replace

from facts.commitments import commit_position
from facts.position_opening import PositionOpening
from margin.errors import MisuseError, Reason
from prover.publication import Publication
from prover.wallet import MOST_SUCCESSORS, KeptPosition, Standing, Successor


def find_standing(kept: KeptPosition, publication: Publication) -> KeptPosition:
    """The position as the book shows it; as it was where the book shows none of its leaves."""
    if not kept.successors and kept.standing is not Standing.OPENING:
        return kept
    if publication.has_position(commit_position(kept.committed)):
        return replace(kept, successors=(), standing=Standing.CHANGED) if is_opening(kept) else kept
    for successor in kept.successors:
        if publication.has_position(successor.leaf(kept.committed)):
            return succeed(kept, successor)
    return kept


def succeed(kept: KeptPosition, successor: Successor) -> KeptPosition:
    """The position after the change that was applied."""
    opened = successor.open(kept.committed)
    if opened is None:
        return replace(kept, successors=(), standing=Standing.CLOSED)
    return replace(kept, committed=opened, successors=(), standing=Standing.CHANGED)


def add_successor(kept: KeptPosition, successor: Successor) -> KeptPosition:
    """The position with one more leaf that may succeed it."""
    if len(kept.successors) >= MOST_SUCCESSORS:
        found, expected = f"{MOST_SUCCESSORS} that were proved", "a book in which one of them was applied"
        raise MisuseError(Reason.WRONG_COUNT, "changes", found=found, expected=expected)
    return replace(kept, successors=(*kept.successors, successor))


def learn(kept: KeptPosition, told: PositionOpening) -> KeptPosition:
    """The position with what its venue told of it: another leaf of the same position that may succeed it."""
    committed = kept.committed
    if (told.owner, told.position_id) != (committed.owner, committed.position_id):
        found, expected = "another position", "what opens a leaf of this position"
        raise MisuseError(Reason.WRONG_POSITION, "opening", found=found, expected=expected)
    successor = Successor(told.salt, told.body, told.cash)
    return kept if successor in kept.successors else add_successor(kept, successor)


def is_opening(kept: KeptPosition) -> bool:
    """Whether no book ever had it."""
    return kept.standing is Standing.OPENING
