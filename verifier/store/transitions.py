"""Transitions that were applied, as rows: which leaf of the log tells of one, and what it spent.

Everything about a transition stands in its leaf. What it spent stands in the one table of nullifiers, beside locks.
"""

from dataclasses import dataclass

from facts.applied_transition import AppliedTransition
from facts.log_leaf import decode_leaf
from margin.errors import InternalError, MarginError, Reason
from verifier.store.database import Transaction
from verifier.store.records import list_leaves, write_element


@dataclass(frozen=True, slots=True)
class Applied:
    """What is answered to whoever has a transition applied: the entry, and where the log has it."""

    entry: AppliedTransition
    place: int
    """The index of the leaf."""


def find_transition(transaction: Transaction, identity: str) -> int | None:
    """The leaf of a transition by the id of its claim."""
    rows = transaction.execute("SELECT place FROM transition WHERE id = ?", bytes.fromhex(identity))
    return rows[0][0] if rows else None


def find_spender(transaction: Transaction, nullifier: int) -> str | None:
    """The transition that spent it."""
    rows = transaction.execute("SELECT transition FROM nullifier WHERE nullifier = ?", write_element(nullifier))
    return bytes(rows[0][0]).hex() if rows and rows[0][0] is not None else None


def insert_transition(transaction: Transaction, entry: AppliedTransition, place: int) -> None:
    """A transition, which the leaf at a place tells of."""
    transaction.execute("INSERT INTO transition (id, place) VALUES (?, ?)", bytes.fromhex(entry.id), place)


def insert_spent(transaction: Transaction, entry: AppliedTransition) -> None:
    """What a transition spends; the table takes no nullifier twice."""
    statement = "INSERT INTO nullifier (nullifier, transition, is_held) VALUES (?, ?, 0)"
    identity = bytes.fromhex(entry.id)
    for nullifier in entry.spent:
        transaction.execute(statement, write_element(nullifier), identity)


def is_of_transition(transaction: Transaction, place: int) -> bool:
    """Whether the leaf at a place tells of a transition."""
    return bool(transaction.execute("SELECT 1 FROM transition WHERE place = ?", place))


def read_applied(transaction: Transaction, place: int) -> Applied:
    """What was answered when a leaf was written."""
    try:
        entry = decode_leaf(list_leaves(transaction, place, 1)[0])
        if isinstance(entry, AppliedTransition):
            return Applied(entry, place)
    except (IndexError, MarginError):
        pass
    found, expected = f"a leaf {place} that says nothing", "a transition that was applied"
    raise InternalError(Reason.BROKEN_INVARIANT, "log", found=found, expected=expected)
