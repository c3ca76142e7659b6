"""Acceptances, nullifiers, claims, requests and the log as rows. Nothing here decides anything."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypedDict

from facts.canonical import NUMBER_BYTES
from facts.context import Binding
from facts.log_entry import Event, LogEntry, State
from facts.log_leaf import LogLeaf
from facts.log_proof import hash_leaf
from facts.policy import StatementPolicy
from margin.errors import InternalError, MarginError, Reason
from snark.bn254.constants import FIELD_BYTES
from verifier.acceptance import LIVE, Acceptance, Change, Terms
from verifier.log import grow_tree
from verifier.store.database import Row, Transaction, Value

ACCEPTANCE_COLUMNS: Final = (
    *("id", "caller", "position_tag", "verifier", "chain_id", "contract", "recipient", "expiry"),
    *("entry_policy", "upkeep_policy", "period_seconds", "is_for_development", "accepted_at"),
    *("state", "revision", "lapses_at", "opened", "latest"),
)
CHANGE_COLUMNS: Final = ("policy", "proof_expiry", "key_id", "refreshed_at", "payee")
"""What a change leaves behind that its leaf does not say."""
SELECTED_COLUMNS: Final = (
    *(f"acceptance.{name}" for name in ACCEPTANCE_COLUMNS),
    *(f"change.{name}" for name in CHANGE_COLUMNS),
)
SELECT_ACCEPTANCE: Final = (
    f"SELECT {', '.join(SELECTED_COLUMNS)} "  # noqa: S608 - our own names
    "FROM acceptance JOIN change ON change.place = acceptance.latest"
)
INSERT_ACCEPTANCE: Final = (
    f"INSERT INTO acceptance ({', '.join(ACCEPTANCE_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * len(ACCEPTANCE_COLUMNS))})"
)
INSERT_CHANGE: Final = (
    f"INSERT INTO change (place, acceptance, {', '.join(CHANGE_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * (2 + len(CHANGE_COLUMNS)))})"
)
SELECT_CHANGE: Final = f"SELECT {', '.join(CHANGE_COLUMNS)} FROM change WHERE place = ?"  # noqa: S608 - our own names
LIVE_STATES: Final = ", ".join(str(int(state)) for state in sorted(LIVE))
SELECT_OVERDUE: Final = (
    f"{SELECT_ACCEPTANCE} WHERE state IN ({LIVE_STATES}) AND lapses_at <= ? ORDER BY lapses_at, id LIMIT ?"
)
SELECT_CHANGES: Final = "SELECT change.place FROM change JOIN acceptance ON acceptance.id = change.acceptance"


class LastProof(TypedDict):
    """What a change left behind, as an acceptance has it."""

    policy: StatementPolicy
    expiry: int
    key_id: str
    refreshed_at: int
    payee: bytes | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An acceptance as it stands, and its places in the log."""

    acceptance: Acceptance
    opened: int
    """The leaf that says that it was accepted."""
    latest: int
    """The leaf of its last change."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which acceptances are meant; what is None makes no difference."""

    verifier: str | None = None
    party: str | None = None
    """Who asked to have it accepted."""
    places: tuple[tuple[int, bytes], ...] | None = None
    """Chains and contracts that they are good at."""
    state: State | None = None
    position_tag: int | None = None

    @property
    def conditions(self) -> Iterator[tuple[str, tuple[Value, ...]]]:
        """As a statement has them, with their values."""
        if self.verifier is not None:
            yield "acceptance.verifier = ?", (self.verifier,)
        if self.party is not None:
            asked = "SELECT 1 FROM request WHERE request.place = acceptance.opened AND request.caller = ?"
            yield f"EXISTS ({asked})", (self.party,)
        if self.places is not None:
            one = "(acceptance.chain_id = ? AND acceptance.contract = ?)"
            parts = tuple(part for chain, contract in self.places for part in (write_number(chain), contract))
            yield f"({' OR '.join([one] * len(self.places)) or '1 = 0'})", parts
        if self.state is not None:
            yield "acceptance.state = ?", (int(self.state),)
        if self.position_tag is not None:
            yield "acceptance.position_tag = ?", (write_element(self.position_tag),)


EVERYTHING: Final = Selection()


def select(statement: str, selection: Selection, *first: tuple[str, Value]) -> tuple[str, list[Value]]:
    """A statement with its conditions, and their values."""
    conditions: list[tuple[str, tuple[Value, ...]]] = [(text, (value,)) for text, value in first]
    conditions += selection.conditions
    where = " AND ".join(text for text, _ in conditions)
    return f"{statement} WHERE {where}", [value for _, values in conditions for value in values]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is answered to a request: the acceptance as one event left it, and where the log says so."""

    acceptance: Acceptance
    entry: LogEntry
    place: int
    """The index of the leaf."""


# --- Acceptances and their nullifiers --------------------------------------------------------------------


def find_acceptance(transaction: Transaction, identity: str, selection: Selection = EVERYTHING) -> Kept | None:
    """An acceptance by the id of its first claim, if it is among those that are meant."""
    statement, values = select(SELECT_ACCEPTANCE, selection, ("acceptance.id = ?", bytes.fromhex(identity)))
    rows = transaction.execute(statement, *values)
    return read_acceptance(transaction, rows[0]) if rows else None


def list_acceptances(transaction: Transaction, selection: Selection, start: int, limit: int) -> list[Kept]:
    """Those that are meant and were accepted at a place or behind it, in the order in which they were accepted."""
    statement, values = select(SELECT_ACCEPTANCE, selection, ("acceptance.opened >= ?", start))
    rows = transaction.execute(f"{statement} ORDER BY acceptance.opened LIMIT ?", *values, limit)
    return [read_acceptance(transaction, row) for row in rows]


def list_changes(transaction: Transaction, selection: Selection, start: int, limit: int) -> list[int]:
    """The leaves from a place on that are about what is meant."""
    statement, values = select(SELECT_CHANGES, selection, ("change.place >= ?", start))
    rows = transaction.execute(f"{statement} ORDER BY change.place LIMIT ?", *values, limit)
    return [place for (place,) in rows]


def list_overdue(transaction: Transaction, moment: int, limit: int) -> list[Kept]:
    """Those whose time is over and that nobody has written down as lapsed, the oldest first."""
    return [read_acceptance(transaction, row) for row in transaction.execute(SELECT_OVERDUE, moment, limit)]


def read_acceptance(transaction: Transaction, row: Row) -> Kept:
    """An acceptance from its row, the nullifiers that it holds, and its last change."""
    values = dict(zip((*ACCEPTANCE_COLUMNS, *CHANGE_COLUMNS), row, strict=True))
    statement = "SELECT nullifier FROM nullifier WHERE acceptance = ? AND is_held = 1 ORDER BY nullifier"
    held = transaction.execute(statement, values["id"])
    acceptance = Acceptance(
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
        **read_last_proof(tuple(values[name] for name in CHANGE_COLUMNS)),
    )
    return Kept(acceptance, values["opened"], values["latest"])


def read_last_proof(row: Row) -> LastProof:
    """What a change left behind."""
    policy, expiry, key_id, refreshed_at, payee = row
    return {
        "policy": StatementPolicy.decode(read_number(policy)),
        "expiry": read_number(expiry),
        "key_id": key_id.hex(),
        "refreshed_at": refreshed_at,
        "payee": None if payee is None else bytes(payee),
    }


def insert_acceptance(transaction: Transaction, acceptance: Acceptance, place: int) -> None:
    """A new acceptance, which the leaf at a place will tell of."""
    destination, terms = acceptance.destination, acceptance.terms
    transaction.execute(
        INSERT_ACCEPTANCE,
        bytes.fromhex(acceptance.id),
        acceptance.caller,
        write_element(acceptance.position_tag),
        destination.verifier,
        write_number(destination.chain_id),
        destination.contract,
        destination.recipient,
        write_number(destination.expiry),
        write_element(terms.entry.encode()),
        write_element(terms.upkeep.encode()),
        terms.period_seconds,
        int(acceptance.is_for_development),
        acceptance.accepted_at,
        int(acceptance.state),
        acceptance.revision,
        acceptance.lapses_at,
        place,
        place,
    )


def update_acceptance(transaction: Transaction, acceptance: Acceptance, place: int) -> None:
    """What an event changes of an acceptance, which the leaf at a place will tell of."""
    transaction.execute(
        "UPDATE acceptance SET state = ?, revision = ?, lapses_at = ?, latest = ? WHERE id = ?",
        int(acceptance.state),
        acceptance.revision,
        acceptance.lapses_at,
        place,
        bytes.fromhex(acceptance.id),
    )


def insert_change(transaction: Transaction, acceptance: Acceptance, place: int) -> None:
    """What a leaf left behind that it does not say itself."""
    transaction.execute(
        INSERT_CHANGE,
        place,
        bytes.fromhex(acceptance.id),
        write_element(acceptance.policy.encode()),
        write_number(acceptance.expiry),
        bytes.fromhex(acceptance.key_id),
        acceptance.refreshed_at,
        acceptance.payee,
    )


def update_payee(transaction: Transaction, place: int, payee: bytes) -> None:
    """Whom a seizure pays, of which an earlier version did not write it down."""
    transaction.execute("UPDATE change SET payee = ? WHERE place = ? AND payee IS NULL", payee, place)


def list_unnamed_seizures(transaction: Transaction, limit: int) -> list[str]:
    """Acceptances with a seizure of which nobody wrote down whom it pays, the newest first."""
    statement = (
        "SELECT claim.acceptance FROM claim JOIN change ON change.place = claim.place "
        "WHERE claim.event = ? AND change.payee IS NULL ORDER BY claim.place DESC LIMIT ?"
    )
    return [bytes(identity).hex() for (identity,) in transaction.execute(statement, int(Event.SEIZE), limit)]


def is_spent(transaction: Transaction, nullifier: int) -> bool:
    """Whether anybody ever used it."""
    return bool(transaction.execute("SELECT 1 FROM nullifier WHERE nullifier = ?", write_element(nullifier)))


def find_owner(transaction: Transaction, nullifier: int) -> str | None:
    """The acceptance that took it."""
    rows = transaction.execute("SELECT acceptance FROM nullifier WHERE nullifier = ?", write_element(nullifier))
    return bytes(rows[0][0]).hex() if rows and rows[0][0] is not None else None


def insert_nullifiers(transaction: Transaction, change: Change) -> None:
    """New locks of an acceptance; the table takes no nullifier twice."""
    statement = "INSERT INTO nullifier (nullifier, acceptance, is_held, sealed) VALUES (?, ?, 1, ?)"
    identity = bytes.fromhex(change.acceptance.id)
    for nullifier in change.added:
        transaction.execute(statement, write_element(nullifier), identity, change.sealed.get(nullifier))


def let_nullifiers_go(transaction: Transaction, change: Change) -> None:
    """Locks that left stay in the table for ever, held by nobody; what was sealed for the venue is forgotten."""
    statement = "UPDATE nullifier SET is_held = 0, sealed = NULL WHERE nullifier = ?"
    for nullifier in change.entry.left:
        transaction.execute(statement, write_element(nullifier))


def list_sealed(transaction: Transaction, identity: str) -> dict[int, bytes]:
    """What was sealed for the venue, of the locks that an acceptance holds."""
    statement = "SELECT nullifier, sealed FROM nullifier WHERE acceptance = ? AND is_held = 1 AND sealed IS NOT NULL"
    rows = transaction.execute(statement, bytes.fromhex(identity))
    return {read_number(nullifier): bytes(sealed) for nullifier, sealed in rows}


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


def append_leaf(transaction: Transaction, entry: LogLeaf, place: int) -> None:
    """Write an entry down as the last leaf, at the place behind all others."""
    data = entry.encode()
    transaction.execute("INSERT INTO log_leaf (place, entry) VALUES (?, ?)", place, data)
    for node in grow_tree(place, hash_leaf(data), lambda level, index: read_node(transaction, level, index)):
        transaction.execute("INSERT INTO log_node (level, place, digest) VALUES (?, ?, ?)", *node)


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
            return Receipt(remember(transaction, now.acceptance, entry, place), entry, place)
    except (IndexError, MarginError):
        pass
    found, expected = f"a leaf {place} that says nothing", "an entry about an acceptance"
    raise InternalError(Reason.BROKEN_INVARIANT, "log", found=found, expected=expected)


def remember(transaction: Transaction, now: Acceptance, entry: LogEntry, place: int) -> Acceptance:
    """An acceptance as the leaf at a place left it."""
    proof = read_last_proof(transaction.execute(SELECT_CHANGE, place)[0])
    return replace(now, state=entry.state, revision=entry.revision, lapses_at=entry.lapses_at, held=entry.held, **proof)


def read_number(data: bytes) -> int:
    """A number from its bytes."""
    return int.from_bytes(data, "big")


def write_number(number: int) -> bytes:
    """The one form of a number that may have 64 bits."""
    return number.to_bytes(NUMBER_BYTES, "big")


def write_element(element: int) -> bytes:
    """The one form of an element: 32 bytes, big-endian."""
    return element.to_bytes(FIELD_BYTES, "big")
