"""Signed facts, what was answered to those who published them, and lies as rows. Nothing here decides anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facts.signed import Kind
from verifier.store.database import Row, Transaction

PAGE: Final = 256
"""So many facts are read at once."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact as it travelled, and when it was accepted."""

    place: int
    kind: Kind
    subject: str
    """Of what it is one in a row."""
    sequence: int
    governed: int
    """How much governance had signed before it."""
    accepted_at: int
    signed: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """What is answered to whoever publishes a fact."""

    place: int
    kind: Kind
    subject: str
    sequence: int
    named: bytes
    """What it comes to: the root that claims may name, the hash of a policy, the digest of a committee, a key."""
    active_from: int


def last_place(transaction: Transaction) -> int | None:
    """Where the newest fact stands."""
    place = transaction.execute("SELECT max(place) FROM fact")[0][0]
    return None if place is None else int(place)


def list_facts(transaction: Transaction, after: int) -> list[FactRow]:
    """The facts behind a place, in their order, a page of them."""
    statement = (
        "SELECT place, kind, subject, sequence, governed, accepted_at, signed FROM fact "
        "WHERE place > ? ORDER BY place LIMIT ?"
    )
    return [read_fact_row(row) for row in transaction.execute(statement, after, PAGE)]


def read_fact_row(row: Row) -> FactRow:
    """A fact from its row."""
    place, kind, subject, sequence, governed, accepted_at, signed = row
    return FactRow(place, Kind(kind), subject, sequence, governed, accepted_at, bytes(signed))


def insert_fact(transaction: Transaction, row: FactRow) -> None:
    """A fact that was accepted."""
    statement = (
        "INSERT INTO fact (place, kind, subject, sequence, governed, accepted_at, signed) VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    numbers = (row.sequence, row.governed, row.accepted_at)
    transaction.execute(statement, row.place, row.kind.value, row.subject, *numbers, row.signed)


def delete_facts(transaction: Transaction, places: Sequence[int]) -> None:
    """Facts that nobody can ask for any more."""
    for place in places:
        transaction.execute("DELETE FROM fact WHERE place = ?", place)


def find_answer(transaction: Transaction, caller: str, identity: str) -> tuple[bytes, Published] | None:
    """What a caller published under an id, as a digest, and what was answered."""
    statement = (
        "SELECT body, place, kind, subject, sequence, named, active_from FROM publication WHERE caller = ? AND id = ?"
    )
    rows = transaction.execute(statement, caller, identity)
    if not rows:
        return None
    body, place, kind, subject, sequence, named, active_from = rows[0]
    return bytes(body), Published(place, Kind(kind), subject, sequence, bytes(named), active_from)


def insert_answer(transaction: Transaction, caller: str, identity: str, body: bytes, answer: Published) -> None:
    """What is answered from now on under an id."""
    statement = (
        "INSERT INTO publication (caller, id, body, place, kind, subject, sequence, named, active_from) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    values = (answer.place, answer.kind.value, answer.subject, answer.sequence, answer.named, answer.active_from)
    transaction.execute(statement, caller, identity, body, *values)


def delete_answers(transaction: Transaction, horizon: int) -> None:
    """Answers about facts at a place and before it are forgotten."""
    transaction.execute("DELETE FROM publication WHERE place <= ?", horizon)


def keep_evidence(transaction: Transaction, alike: FactRow, noticed_at: int, refused: bytes) -> None:
    """Two statements with one number; the first lie about a number convicts whoever signed both."""
    key = (alike.kind.value, alike.subject, alike.sequence)
    known = "SELECT 1 FROM equivocation WHERE kind = ? AND subject = ? AND sequence = ?"
    if not transaction.execute(known, *key):
        statement = (
            "INSERT INTO equivocation (kind, subject, sequence, noticed_at, accepted, refused) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        )
        transaction.execute(statement, *key, noticed_at, alike.signed, refused)


def list_evidence(transaction: Transaction) -> list[tuple[bytes, bytes]]:
    """What was accepted and what was refused with the same number, of every such lie."""
    rows = transaction.execute(
        "SELECT accepted, refused FROM equivocation ORDER BY noticed_at, kind, subject, sequence"
    )
    return [(bytes(accepted), bytes(refused)) for accepted, refused in rows]
