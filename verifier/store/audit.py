"""Whether the tables say what the log says: every leaf replayed in its order, before anybody is served.

The log is signed and witnessed, the tables are not, and it is the tables that say whether a nullifier is spent. So each
leaf is held against the leaf before it of the same acceptance, against the nodes of the tree, and against the rows that
it must have left, and the rows are counted: no table has one that no leaf accounts for. A transition stands alone: what
it spent has to be spent by it. Between two leaves one number of each kind is remembered, so that a log of any length is
replayed in the same memory.
"""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final

from facts.applied_transition import AppliedTransition
from facts.log_entry import Event, LogEntry, State
from facts.log_leaf import LogLeaf, decode_leaf
from facts.log_proof import hash_leaf
from margin.errors import InternalError, MalformedError, MarginError, Reason
from verifier.acceptance import Acceptance
from verifier.log import grow_tree
from verifier.store import records, transitions
from verifier.store.database import Database, Transaction

LEAVES_AT_ONCE: Final = 1000
AFTER: Final = {
    Event.ACCEPT: frozenset[State | None]({None}),
    Event.REFRESH: frozenset[State | None]({State.ACCEPTED, State.REFRESHED}),
    Event.FREE: frozenset[State | None]({State.ACCEPTED, State.REFRESHED}),
    Event.LAPSE: frozenset[State | None]({State.ACCEPTED, State.REFRESHED}),
    Event.SEIZE: frozenset[State | None]({State.LAPSED, State.SEIZED}),
}
"""The states in which an event can find an acceptance; None where there is none yet."""
COUNTED: Final = ("acceptance", "nullifier", "claim", "change", "transition", "log_leaf", "log_node")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf with the one before it of the same acceptance."""

    place: int
    entry: LogEntry
    before: LogEntry | None

    @property
    def added(self) -> set[int]:
        """The nullifiers that came with it."""
        return set(self.entry.held) - set(self.before.held if self.before else ())

    @property
    def follows(self) -> bool:
        """Whether the one before it can have led to it."""
        entry, before = self.entry, self.before
        left = set(before.held if before else ()) - set(entry.held)
        counted = entry.revision == (before.revision + 1 if before else 0)
        state = before.state if before else None
        return counted and state in AFTER[entry.event] and left == set(entry.left)


def audit_store(database: Database) -> int:
    """Refuse a store whose tables do not say what its log says; how many leaves were replayed."""
    with database.read() as transaction:
        return audit_rows(transaction)


def audit_rows(transaction: Transaction) -> int:
    """The same in a transaction that is under way."""
    counted = Counter[str]()
    place = 0
    while leaves := records.list_leaves(transaction, place, LEAVES_AT_ONCE):
        for data in leaves:
            try:
                replay(transaction, place, data, counted)
            except MalformedError as error:
                raise differs("change", f"{error.field} of leaf {place}", "what can be read") from None
            place += 1
    for table in COUNTED:
        ((found,),) = transaction.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        require(found == counted[table], table, f"{found} rows", f"{counted[table]}, as the log has them")
    return place


def replay(transaction: Transaction, place: int, data: bytes, counted: Counter[str]) -> None:
    """One leaf, and everything that it must have left behind."""
    counted["log_leaf"] += 1
    for level, index, digest in grow_tree(place, hash_leaf(data), partial(records.read_node, transaction)):
        counted["log_node"] += 1
        require(
            records.read_node(transaction, level, index) == digest, "log_node", "another digest", "that of the leaf"
        )
    entry = decode(place, data)
    if isinstance(entry, AppliedTransition):
        require_transition(transaction, place, entry)
        counted.update(transition=1, nullifier=len(entry.spent))
        return
    leaf = Leaf(place, entry, find_before(transaction, place, entry))
    require(leaf.follows, "log_leaf", f"leaf {place} after another", "a change that can follow the one before")
    require_nullifiers(transaction, leaf)
    claim = leaf.entry.claim
    if claim is not None:
        found = records.find_claim(transaction, claim.id, leaf.entry.acceptance, leaf.entry.event)
        require(found == place, "claim", "another leaf", f"leaf {place}")
    counted.update(acceptance=leaf.before is None, nullifier=len(leaf.added), claim=claim is not None, change=1)
    require_latest(transaction, leaf)


def decode(place: int, data: bytes) -> LogLeaf:
    """What a leaf says."""
    try:
        return decode_leaf(data)
    except MarginError as error:
        raise differs("log_leaf", f"leaf {place}: {error.field}", "an entry of the log") from None


def find_before(transaction: Transaction, place: int, entry: LogEntry) -> LogEntry | None:
    """The leaf before one of the same acceptance, as the table of changes finds it."""
    statement = "SELECT max(place) FROM change WHERE acceptance = ? AND place < ?"
    ((earlier,),) = transaction.execute(statement, bytes.fromhex(entry.acceptance), place)
    if earlier is None:
        return None
    before = decode(earlier, records.list_leaves(transaction, earlier, 1)[0])
    if not isinstance(before, LogEntry) or before.acceptance != entry.acceptance:
        raise differs("change", "another leaf", "one of the same acceptance")
    return before


def require_transition(transaction: Transaction, place: int, entry: AppliedTransition) -> None:
    """The row of a transition, and that everything which it spent is spent, by it and in no other leaf."""
    found = transitions.find_transition(transaction, entry.id)
    require(found == place, "transition", "another leaf", f"leaf {place}")
    for nullifier in entry.spent:
        spender = transitions.find_spender(transaction, nullifier)
        require(spender == entry.id, "nullifier", "another spender", f"the transition of leaf {place}")


def require_nullifiers(transaction: Transaction, leaf: Leaf) -> None:
    """Each nullifier that came is spent, by this acceptance and in no other leaf."""
    for nullifier in leaf.added:
        owner = records.find_owner(transaction, nullifier)
        found = "no row" if owner is None else "another acceptance"
        require(owner == leaf.entry.acceptance, "nullifier", found, "the acceptance that holds it")


def require_latest(transaction: Transaction, leaf: Leaf) -> None:
    """Where no later leaf is about the same acceptance, its rows are as this one says; and they say where it stands."""
    entry = leaf.entry
    kept = records.find_acceptance(transaction, entry.acceptance)
    if kept is None:
        raise differs("acceptance", "no row", f"the acceptance of leaf {leaf.place}")
    require(kept.latest >= leaf.place, "acceptance", f"leaf {kept.latest}", f"leaf {leaf.place} or a later one")
    then = records.remember(transaction, kept.acceptance, entry, leaf.place)
    require_proof(entry, then)
    if leaf.before is None:
        found = kept.opened, then.accepted_at, then.position_tag
        told = leaf.place, entry.moment, entry.claim.inputs.position_tag if entry.claim else None
        require(found == told, "acceptance", "another beginning", "that of its first leaf")
    if kept.latest == leaf.place:
        require(kept.acceptance == then, "acceptance", "another state", f"as leaf {leaf.place} says")


def require_proof(entry: LogEntry, then: Acceptance) -> None:
    """Where a leaf has a claim about the position, the row beside it is of the same policy and key."""
    if entry.claim is None or entry.event is Event.SEIZE:
        return
    told = entry.claim.key_id, entry.claim.inputs.policy
    require(told == (then.key_id, then.policy.encode()), "change", "another proof", "that of the leaf")


def require(holds: object, table: str, found: str, expected: str) -> None:
    """A table says what the log says."""
    if not holds:
        raise differs(table, found, expected)


def differs(table: str, found: str, expected: str) -> InternalError:
    """A table does not say what the log says."""
    return InternalError(Reason.BROKEN_INVARIANT, f"store.{table}", found=found, expected=expected)
