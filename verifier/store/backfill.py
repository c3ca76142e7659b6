"""What a store of the first version knew only from its log, worked out once when it is brought to a later one."""

from typing import Final

from facts.log_entry import Event, LogEntry
from verifier.store.database import Row, Transaction

ROWS_AT_ONCE: Final = 1000
NO_PROOF: Final = frozenset({Event.LAPSE, Event.SEIZE})
"""Of these no proof says anything of the position."""


def write_changes_down(transaction: Transaction) -> None:
    """For each leaf: of which acceptance it is, and what was proved of the position last.

    Until when a later proof was good stands nowhere but in the hash that its context is; that of the first proof takes
    its place.
    """
    start = 0
    while rows := list_leaves(transaction, start):
        for place, data in rows:
            write_change_down(transaction, place, LogEntry.decode(bytes(data)))
        start = rows[-1][0] + 1


def list_leaves(transaction: Transaction, start: int) -> list[Row]:
    """Leaves in a row, with their places."""
    statement = "SELECT place, entry FROM log_leaf WHERE place >= ? ORDER BY place LIMIT ?"
    return transaction.execute(statement, start, ROWS_AT_ONCE)


def write_change_down(transaction: Transaction, place: int, entry: LogEntry) -> None:
    """The row of one leaf, and where its acceptance has it."""
    identity = bytes.fromhex(entry.acceptance)
    ((expiry, latest),) = transaction.execute("SELECT expiry, latest FROM acceptance WHERE id = ?", identity)
    if entry.event is Event.ACCEPT:
        transaction.execute("UPDATE acceptance SET opened = ? WHERE id = ?", place, identity)
    if entry.claim is None or entry.event in NO_PROOF:
        before = "SELECT policy, key_id, refreshed_at FROM change WHERE place = ?"
        ((policy, key_id, refreshed_at),) = transaction.execute(before, latest)
    else:
        policy, key_id = entry.claim.inputs.policy.to_bytes(32, "big"), bytes.fromhex(entry.claim.key_id)
        refreshed_at = entry.moment
        if entry.event is Event.FREE:
            ((refreshed_at,),) = transaction.execute("SELECT refreshed_at FROM change WHERE place = ?", latest)
    statement = (
        "INSERT INTO change (place, acceptance, policy, proof_expiry, key_id, refreshed_at) VALUES (?, ?, ?, ?, ?, ?)"
    )
    transaction.execute(statement, place, identity, policy, expiry, key_id, refreshed_at)
    transaction.execute("UPDATE acceptance SET latest = ? WHERE id = ?", place, identity)
