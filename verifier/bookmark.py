"""Where a reader of the log was, in a word that only this log takes back.

A bookmark names how many leaves were seen, the last of them, and what was being read. One of another log, of a log that
was forked or cut, or for another question is refused; nothing in it is a secret, and nothing has to be remembered.

    version 1, number of leaves 8, the last of them 16, question 16: 41 bytes in base64url
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Final

from facts.canonical import NUMBER_BYTES, frame
from facts.log_proof import MAX_LOG_SIZE
from margin.errors import MalformedError, MisuseError, Reason
from verifier.store.ledger import Ledger

VERSION: Final = b"\x01"
MARK_BYTES: Final = 16
LENGTH: Final = len(VERSION) + NUMBER_BYTES + 2 * MARK_BYTES
PADDING: Final = -LENGTH % 3


def write_bookmark(ledger: Ledger, size: int, *question: str) -> str:
    """A word for the place behind so many leaves."""
    data = VERSION + size.to_bytes(NUMBER_BYTES, "big") + mark_of(ledger, size) + digest_of(question)
    return urlsafe_b64encode(data).decode().rstrip("=")


def read_bookmark(ledger: Ledger, text: str, field: str, *question: str) -> int:
    """How many leaves were seen, where the word was given for this question by this log."""
    data = decode(text, field)
    size = int.from_bytes(data[1 : 1 + NUMBER_BYTES], "big")
    if size > MAX_LOG_SIZE:
        raise unreadable(field)
    try:
        mark = mark_of(ledger, size)
    except MisuseError:
        raise unreadable(field) from None
    if data != VERSION + size.to_bytes(NUMBER_BYTES, "big") + mark + digest_of(question):
        raise unreadable(field)
    return size


def decode(text: str, field: str) -> bytes:
    """The bytes of a word, which has one spelling."""
    try:
        data = urlsafe_b64decode(text + "=" * PADDING)
    except (Base64Error, ValueError):
        raise unreadable(field) from None
    if len(data) != LENGTH or urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise unreadable(field)
    return data


def mark_of(ledger: Ledger, size: int) -> bytes:
    """What the last of so many leaves is known by."""
    return ledger.leaf_hash(size - 1)[:MARK_BYTES] if size else bytes(MARK_BYTES)


def digest_of(question: tuple[str, ...]) -> bytes:
    """What was being read."""
    return sha256(b"".join(frame(part.encode()) for part in question)).digest()[:MARK_BYTES]


def unreadable(field: str) -> MalformedError:
    """A word that this log did not give, or not for this."""
    return MalformedError(Reason.NOT_READABLE, field, found="another token", expected="a token of this question")
