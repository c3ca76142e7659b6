"""Acceptances, nullifiers, claims, requests and the log as rows. Nothing here decides anything."""

from dataclasses import dataclass, replace
from typing import Final

from facts.canonical import NUMBER_BYTES
from facts.context import Binding
from facts.log_entry import Event, LogEntry, State
from facts.log_proof import hash_leaf
from facts.policy import StatementPolicy
from margin.errors import InternalError, MarginError, Reason
from snark.bn254.constants import FIELD_BYTES
from verifier.acceptance import LIVE, Acceptance, Change, Terms
from verifier.log import grow_tree
from verifier.store.database import Row, Transaction

ACCEPTANCE_COLUMNS: Final = (
    *("id", "caller", "position_tag", "verifier", "chain_id", "contract", "recipient", "expiry"),
    *("entry_policy", "upkeep_policy", "period_seconds", "is_for_development", "accepted_at"),
    *("state", "revision", "lapses_at"),
)
SELECT_ACCEPTANCE: Final = f"SELECT {', '.join(ACCEPTANCE_COLUMNS)} FROM acceptance"  # noqa: S608 - our own names
INSERT_ACCEPTANCE: Final = (
    f"INSERT INTO acceptance ({', '.join(ACCEPTANCE_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * len(ACCEPTANCE_COLUMNS))})"
)
LIVE_STATES: Final = ", ".join(str(int(state)) for state in sorted(LIVE))
SELECT_OVERDUE: Final = (
    f"{SELECT_ACCEPTANCE} WHERE state IN ({LIVE_STATES}) AND lapses_at <= ? ORDER BY lapses_at, id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is answered to a request: the acceptance as one event left it, and where the log says so."""

    acceptance: Acceptance
    entry: LogEntry
    place: int
    """The index of the leaf."""


# --- Acceptances and their nullifiers --------------------------------------------------------------------


def find_acceptance(transaction: Transaction, identity: str) -> Acceptance | None:
    """An acceptance by the id of its first claim."""
    rows = transaction.execute(f"{SELECT_ACCEPTANCE} WHERE id = ?", bytes.fromhex(identity))
    return read_acceptance(transaction, rows[0]) if rows else None


def list_acceptances(transaction: Transaction, caller: str, after: bytes, limit: int) -> list[Acceptance]:
    """Those of one caller in the order of their ids, from the one behind ``after`` on."""
    statement = f"{SELECT_ACCEPTANCE} WHERE caller = ? AND id > ? ORDER BY id LIMIT ?"
    rows = transaction.execute(statement, caller, after, limit)
    return [read_acceptance(transaction, row) for row in rows]


def list_overdue(transaction: Transaction, moment: int, limit: int) -> list[Acceptance]:
    """Those whose time is over and that nobody has written down as lapsed, the oldest first."""
    return [read_acceptance(transaction, row) for row in transaction.execute(SELECT_OVERDUE, moment, limit)]


def read_acceptance(transaction: Transaction, row: Row) -> Acceptance:
    """An acceptance from its row and the nullifiers that it holds."""
    values = dict(zip(ACCEPTANCE_COLUMNS, row, strict=True))
    statement = "SELECT nullifier FROM nullifier WHERE acceptance = ? AND is_held = 1 ORDER BY nullifier"
    held = transaction.execute(statement, values["id"])
    return Acceptance(
        id=values["id"].hex(),
        caller=values["caller"],
        position_tag=read_number(values["position_tag"]),
        destination=Binding(
            verifier=values["verifier"],
            chain_id=read_number(values["chain_id"]),
            contract=bytes(values["contract"]),
            recipient=bytes(values["recipient"]),
            expiry=read_number(values["expiry"]),
        ),
        terms=Terms(
            entry=StatementPolicy.decode(read_number(values["entry_policy"])),
            upkeep=StatementPolicy.decode(read_number(values["upkeep_policy"])),
            period_seconds=values["period_seconds"],
        ),
        is_for_development=bool(values["is_for_development"]),
        accepted_at=values["accepted_at"],
        state=State(values["state"]),
        revision=values["revision"],
        lapses_at=values["lapses_at"],
        held=tuple(read_number(nullifier) for (nullifier,) in held),
    )


def insert_acceptance(transaction: Transaction, acceptance: Acceptance) -> None:
    """A new acceptance."""
    destination, terms = acceptance.destination, acceptance.terms
    transaction.execute(
        INSERT_ACCEPTANCE,
        bytes.fromhex(acceptance.id),
        acceptance.caller,
        write_element(acceptance.position_tag),
        destination.verifier,
        destination.chain_id.to_bytes(NUMBER_BYTES, "big"),
        destination.contract,
        destination.recipient,
        destination.expiry.to_bytes(NUMBER_BYTES, "big"),
        write_element(terms.entry.encode()),
        write_element(terms.upkeep.encode()),
        terms.period_seconds,
        int(acceptance.is_for_development),
        acceptance.accepted_at,
        int(acceptance.state),
        acceptance.revision,
        acceptance.lapses_at,
    )


def update_acceptance(transaction: Transaction, acceptance: Acceptance) -> None:
    """What an event changes of an acceptance."""
    transaction.execute(
        "UPDATE acceptance SET state = ?, revision = ?, lapses_at = ? WHERE id = ?",
        int(acceptance.state),
        acceptance.revision,
        acceptance.lapses_at,
        bytes.fromhex(acceptance.id),
    )


def is_spent(transaction: Transaction, nullifier: int) -> bool:
    """Whether anybody ever used it."""
    return bool(transaction.execute("SELECT 1 FROM nullifier WHERE nullifier = ?", write_element(nullifier)))


def insert_nullifiers(transaction: Transaction, change: Change) -> None:
    """New locks of an acceptance; the table takes no nullifier twice."""
    statement = "INSERT INTO nullifier (nullifier, acceptance, is_held) VALUES (?, ?, 1)"
    for nullifier in change.added:
        transaction.execute(statement, write_element(nullifier), bytes.fromhex(change.acceptance.id))


def let_nullifiers_go(transaction: Transaction, change: Change) -> None:
    """Locks that left stay in the table for ever, held by nobody."""
    for nullifier in change.entry.left:
        transaction.execute("UPDATE nullifier SET is_held = 0 WHERE nullifier = ?", write_element(nullifier))


# --- Requests and claims ---------------------------------------------------------------------------------


def find_request(transaction: Transaction, caller: str, identity: str) -> tuple[bytes, int] | None:
    """What a request asked, as a digest, and which leaf answered it."""
    statement = "SELECT body, place FROM request WHERE caller = ? AND id = ?"
    rows = transaction.execute(statement, caller, identity)
    return (bytes(rows[0][0]), rows[0][1]) if rows else None


def insert_request(transaction: Transaction, caller: str, identity: str, body: bytes, place: int) -> None:
    """Which leaf answers a request from now on."""
    statement = "INSERT INTO request (caller, id, body, place) VALUES (?, ?, ?, ?)"
    transaction.execute(statement, caller, identity, body, place)


def find_claim(transaction: Transaction, identity: str, acceptance: str, event: Event) -> int | None:
    """The leaf of an event of an acceptance that rests on a claim."""
    statement = "SELECT place FROM claim WHERE id = ? AND acceptance = ? AND event = ?"
    rows = transaction.execute(statement, bytes.fromhex(identity), bytes.fromhex(acceptance), int(event))
    return rows[0][0] if rows else None


def insert_claim(transaction: Transaction, entry: LogEntry, place: int) -> None:
    """The claim that an event rests on, if any, was used."""
    if entry.claim is not None:
        statement = "INSERT INTO claim (id, acceptance, event, place) VALUES (?, ?, ?, ?)"
        ids = (bytes.fromhex(entry.claim.id), bytes.fromhex(entry.acceptance))
        transaction.execute(statement, *ids, int(entry.event), place)


# --- The log ---------------------------------------------------------------------------------------------


def count_leaves(transaction: Transaction) -> int:
    """How many leaves the log has."""
    rows = transaction.execute("SELECT max(place) FROM log_leaf")
    return 0 if rows[0][0] is None else int(rows[0][0]) + 1


def read_node(transaction: Transaction, level: int, place: int) -> bytes:
    """A complete node of the log's tree."""
    statement = "SELECT digest FROM log_node WHERE level = ? AND place = ?"
    rows = transaction.execute(statement, level, place)
    if not rows:
        found, expected = f"no node {place} of level {level}", "every complete node"
        raise InternalError(Reason.BROKEN_INVARIANT, "log", found=found, expected=expected)
    return bytes(rows[0][0])


def append_leaf(transaction: Transaction, entry: LogEntry) -> int:
    """Write an entry down as the last leaf; its index."""
    data, place = entry.encode(), count_leaves(transaction)
    transaction.execute("INSERT INTO log_leaf (place, entry) VALUES (?, ?)", place, data)
    for node in grow_tree(place, hash_leaf(data), lambda level, index: read_node(transaction, level, index)):
        transaction.execute("INSERT INTO log_node (level, place, digest) VALUES (?, ?, ?)", *node)
    return place


def list_leaves(transaction: Transaction, start: int, limit: int) -> list[bytes]:
    """The data of leaves in a row."""
    statement = "SELECT entry FROM log_leaf WHERE place >= ? ORDER BY place LIMIT ?"
    return [bytes(data) for (data,) in transaction.execute(statement, start, limit)]


def read_receipt(transaction: Transaction, place: int) -> Receipt:
    """What was answered when a leaf was written: the acceptance of now with everything that changes as it was then."""
    try:
        entry = LogEntry.decode(list_leaves(transaction, place, 1)[0])
        now = find_acceptance(transaction, entry.acceptance)
        if now is not None:
            then = replace(now, state=entry.state, revision=entry.revision, lapses_at=entry.lapses_at, held=entry.held)
            return Receipt(then, entry, place)
    except (IndexError, MarginError):
        pass
    found, expected = f"a leaf {place} that says nothing", "an entry about an acceptance"
    raise InternalError(Reason.BROKEN_INVARIANT, "log", found=found, expected=expected)


def read_number(data: bytes) -> int:
    """A number from its bytes."""
    return int.from_bytes(data, "big")


def write_element(element: int) -> bytes:
    """The one form of an element: 32 bytes, big-endian."""
    return element.to_bytes(FIELD_BYTES, "big")
