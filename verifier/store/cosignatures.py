"""What watchers signed each for itself, and who said two things about one block. Nothing here decides anything."""

from dataclasses import dataclass

from verifier.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One signature under the locks of a chain at a block."""

    subject: str
    """The chain, as its watchers are named."""
    sequence: int
    signer: bytes
    statement: bytes
    signature: bytes


def list_cosignatures(transaction: Transaction, subject: str, sequence: int) -> list[Cosignature]:
    """Everybody's about one block, by rising key."""
    statement = (
        "SELECT signer, statement, signature FROM cosignature WHERE subject = ? AND sequence = ? ORDER BY signer"
    )
    rows = transaction.execute(statement, subject, sequence)
    return [Cosignature(subject, sequence, *map(bytes, row)) for row in rows]


def put_cosignature(transaction: Transaction, part: Cosignature, kept: int) -> bool:
    """One more, in the place of the one before it; whether it is about one of the newest few blocks of its signer."""
    key = (part.subject, part.sequence, part.signer)
    transaction.execute("DELETE FROM cosignature WHERE subject = ? AND sequence = ? AND signer = ?", *key)
    statement = "INSERT INTO cosignature (subject, sequence, signer, statement, signature) VALUES (?, ?, ?, ?, ?)"
    transaction.execute(statement, *key, part.statement, part.signature)
    newest = "SELECT sequence FROM cosignature WHERE subject = ? AND signer = ? ORDER BY sequence DESC LIMIT ?"
    oldest_kept = min(int(sequence) for (sequence,) in transaction.execute(newest, part.subject, part.signer, kept))
    earlier = "DELETE FROM cosignature WHERE subject = ? AND signer = ? AND sequence < ?"
    transaction.execute(earlier, part.subject, part.signer, oldest_kept)
    return part.sequence >= oldest_kept


def delete_cosignatures(transaction: Transaction, subject: str, sequence: int) -> None:
    """What is about a block, or one before it, is needed no more."""
    transaction.execute("DELETE FROM cosignature WHERE subject = ? AND sequence <= ?", subject, sequence)


def keep_conviction(
    transaction: Transaction, part: Cosignature, noticed_at: int, accepted: bytes, refused: bytes
) -> None:
    """Two statements of one signer about one block; the first lie of a signer about a chain is enough."""
    known = "SELECT 1 FROM conviction WHERE subject = ? AND signer = ?"
    if not transaction.execute(known, part.subject, part.signer):
        columns = "subject, signer, sequence, noticed_at, accepted, refused"
        statement = f"INSERT INTO conviction ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
        transaction.execute(statement, part.subject, part.signer, part.sequence, noticed_at, accepted, refused)


def list_convictions(transaction: Transaction) -> list[tuple[bytes, bytes]]:
    """Both statements of every such signer, as facts that it alone signed."""
    rows = transaction.execute("SELECT accepted, refused FROM conviction ORDER BY noticed_at, subject, signer")
    return [(bytes(accepted), bytes(refused)) for accepted, refused in rows]
