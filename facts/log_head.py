"""The signed head of a log, in the text that witnesses of transparency logs read: a signed note with a checkpoint.

    clearing.example/log            origin: which log
    1024                            size
    nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=    root

    — clearing.example/log Az3grk...    name of the key, then 4 bytes that tell keys apart and the signature

The signature is Ed25519 over everything above the empty line. An origin may not begin like anything else that is signed
or hashed for this product, so that a head is never taken for another message.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from facts.ed25519 import SIGNATURE_BYTES, require_public_key, verify_signature
from facts.elements import NAMESPACE
from facts.log_proof import DIGEST_BYTES, EMPTY_LOG_ROOT, require_digest, require_size
from margin.errors import MalformedError, Reason, RejectedError

ORIGIN: Final = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")
SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
ALGORITHM: Final = b"\x01"
"""Ed25519, as signed notes count algorithms."""
HINT_BYTES: Final = 4
SIGNATURE_MARK: Final = "\u2014 "
MAX_SIGNATURES: Final = 16
"""Witnesses add their own to that of the log."""
LARGEST_NOTE: Final = 8192


@dataclass(frozen=True, slots=True)
class LogHead:
    """How large a log is, and what it commits to."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        require_origin(self.origin)
        require_size(self.size, "size")
        require_digest(self.root, "root")
        if (self.size == 0) != (self.root == EMPTY_LOG_ROOT):
            expected = "the root of an empty tree where there is no leaf, and nowhere else"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "root", found=self.root.hex(), expected=expected)

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that a log signs its heads with; a reader pins it."""

    origin: str
    public_key: bytes

    def __post_init__(self) -> None:
        require_origin(self.origin)
        require_public_key(self.public_key, "public_key")

    @property
    def hint(self) -> bytes:
        """What tells keys of one name apart."""
        return sha256(self.origin.encode() + b"\n" + ALGORITHM + self.public_key).digest()[:HINT_BYTES]

    def require_signature(self, message: bytes, signature: bytes) -> None:
        """Refuse what this key did not sign."""
        verify_signature(self.public_key, message, signature)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the signature of its log."""

    head: LogHead
    hint: bytes
    signature: bytes

    @property
    def note(self) -> str:
        """The text that is kept and sent."""
        signed = b64encode(self.hint + self.signature).decode()
        return f"{self.head.text}\n{SIGNATURE_MARK}{self.head.origin} {signed}\n"


def verify_head(unverified_note: str, key: LogKey) -> SignedHead:
    """The head in a note, if the key signed it."""
    if len(unverified_note) > LARGEST_NOTE:
        found, expected = f"{len(unverified_note)} characters", f"at most {LARGEST_NOTE}"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "note", found=found, expected=expected)
    text, separator, signatures = unverified_note.partition("\n\n")
    if not separator:
        raise unreadable("note", "no empty line")
    head = read_head(f"{text}\n")
    if head.origin != key.origin:
        raise RejectedError(Reason.WRONG_CONTEXT, "origin", found=head.origin, expected=key.origin)
    signature = find_signature(signatures, key)
    key.require_signature(head.text.encode(), signature)
    return SignedHead(head, key.hint, signature)


def verify_head_by_any(unverified_note: str, keys: Sequence[LogKey]) -> SignedHead:
    """The head in a note, if one of some keys signed it: a log that changes its key has two for a while."""
    refusal = RejectedError(Reason.WRONG_SIGNATURE, "signature", found="no key to check it with", expected="a key")
    for key in keys:
        try:
            return verify_head(unverified_note, key)
        except RejectedError as error:
            refusal = error
    raise refusal


def read_head(text: str) -> LogHead:
    """The three lines of a checkpoint; it has no others."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not SIZE.fullmatch(lines[1]):  # noqa: PLR2004 - each line ends
        raise unreadable("note", "other lines")
    root = read_base64(lines[2], DIGEST_BYTES, "root")
    return LogHead(lines[0], int(lines[1]), root)


def find_signature(signatures: str, key: LogKey) -> bytes:
    """The one line that names the key."""
    lines = signatures.split("\n")
    if lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES or not all(map(is_signature, lines)):
        raise unreadable("signature", f"{len(lines)} lines")
    begin = f"{SIGNATURE_MARK}{key.origin} "
    length = HINT_BYTES + SIGNATURE_BYTES
    named = (read_base64(line.removeprefix(begin), length, "signature") for line in lines if line.startswith(begin))
    found = [signed[HINT_BYTES:] for signed in named if signed.startswith(key.hint)]
    if len(found) != 1:
        expected = f"one by the key of {key.origin}"
        raise RejectedError(Reason.WRONG_SIGNATURE, "signature", found=f"{len(found)} of them", expected=expected)
    return found[0]


def is_signature(line: str) -> bool:
    """Whether a line is a signature of anybody."""
    return line.startswith(SIGNATURE_MARK)


def read_base64(text: str, count: int, field: str) -> bytes:
    """So many bytes, spelled as they are spelled here and no other way."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise unreadable(field, "no base64") from None
    if len(data) != count or b64encode(data).decode() != text:
        raise unreadable(field, "another spelling or length")
    return data


def require_origin(origin: str) -> str:
    """The name of a log, which can't be mistaken for the beginning of another message."""
    if not ORIGIN.fullmatch(origin) or origin.startswith(NAMESPACE):
        expected = f"up to 128 of a-z 0-9 . _ / -, not beginning with {NAMESPACE}"
        raise MalformedError(Reason.NOT_READABLE, "origin", found=origin, expected=expected)
    return origin


def unreadable(field: str, found: str) -> MalformedError:
    """Not a note that a log wrote."""
    return MalformedError(Reason.NOT_READABLE, field, found=found, expected="a signed checkpoint of a log")
