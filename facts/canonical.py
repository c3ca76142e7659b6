"""Canonical bytes: how a fact is spelled where it is hashed or signed, and how that is read back.

    fact = "ringfence.v1." + kind + line feed + fields in order

Numbers are big-endian with a fixed width, texts and byte strings have their length before them in 2 bytes, digests and
keys have the one length that they can have, and lists have their count before them. So a fact has one spelling, two
facts never share one, and no byte of a field can be taken for one of its neighbour.
"""

import re
from typing import Final

from facts.bounds import require_number
from facts.elements import NAMESPACE, require_element
from margin.errors import MalformedError, Reason
from snark.bn254.constants import FIELD_BYTES

LENGTH_BYTES: Final = 2
NUMBER_BYTES: Final = 8
DIGEST_BYTES: Final = 32
MAX_LABEL_BYTES: Final = 64
SEQUENCE_BITS: Final = 63
"""What databases hold without a sign."""
LABEL: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/+-]{{0,{MAX_LABEL_BYTES - 1}}}", re.ASCII)
NO_DIGEST: Final = bytes(DIGEST_BYTES)
"""Stands where a first of its kind would name the one before it."""


def prefix_of(kind: str) -> bytes:
    """What the bytes of a kind begin with; none is the beginning of another, because each ends with its line feed."""
    return f"{NAMESPACE}{kind}\n".encode()


def frame(data: bytes) -> bytes:
    """Bytes that can't be mistaken for their neighbour's."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def encode_number(value: int, width: int = NUMBER_BYTES) -> bytes:
    """A number in its width."""
    return value.to_bytes(width, "big")


def encode_label(label: str) -> bytes:
    """A name with its length before it."""
    return frame(label.encode("ascii"))


def require_length(data: bytes, field: str, most: int) -> None:
    """Something, and not too much of it."""
    if not 1 <= len(data) <= most:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=f"{len(data)} bytes", expected=f"1 to {most} bytes")


def require_label(value: object, field: str) -> str:
    """A name that looks the same to everybody: no spaces, no letters beyond ASCII."""
    if not isinstance(value, str) or not LABEL.fullmatch(value):
        expected = f"1 to {MAX_LABEL_BYTES} letters, digits and . _ : / + -, the first a letter or digit"
        raise MalformedError(Reason.NOT_READABLE, field, found=value, expected=expected)
    return value


def require_digest(value: object, field: str) -> bytes:
    """A digest that names something: 32 bytes, and not all of them zero."""
    if not isinstance(value, bytes) or len(value) != DIGEST_BYTES or value == NO_DIGEST:
        found = "no digest" if not isinstance(value, bytes) else f"{len(value)} bytes {value[:4].hex()}..."
        raise MalformedError(
            Reason.OUT_OF_BOUNDS, field, found=found, expected=f"{DIGEST_BYTES} bytes, not all of them zero"
        )
    return value


def require_sequence(value: object, field: str = "sequence") -> int:
    """A number that only goes up; zero is none."""
    return require_number(value, field, SEQUENCE_BITS, "a number that only goes up")


def require_root(value: object) -> int:
    """A root is an element, and never zero, which is what a forgotten one would be."""
    root = require_element(value, "root")
    if root == 0:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "root", found="0", expected="an element above 0")
    return root


def encode_root(root: int) -> bytes:
    """A root in 32 bytes."""
    return encode_number(root, FIELD_BYTES)


class ByteReader:
    """Reads canonical bytes from the front; whatever is too short, too long or left over is refused."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def expect(self, prefix: bytes, field: str) -> None:
        """The bytes that a kind begins with."""
        if self._data[self._place : self._place + len(prefix)] != prefix:
            expected = f"bytes that begin with {prefix.decode().rstrip()}"
            raise MalformedError(Reason.WRONG_MESSAGE, field, found="another kind", expected=expected)
        self._place += len(prefix)

    def take(self, count: int, field: str) -> bytes:
        """So many bytes."""
        taken = self._data[self._place : self._place + count]
        if len(taken) != count:
            raise MalformedError(Reason.WRONG_COUNT, field, found=f"{len(taken)} bytes", expected=f"{count} bytes")
        self._place += count
        return taken

    def number(self, field: str, width: int = NUMBER_BYTES) -> int:
        """A number of a width."""
        return int.from_bytes(self.take(width, field), "big")

    def framed(self, field: str, most: int) -> bytes:
        """Bytes with their length before them."""
        length = self.number(field, LENGTH_BYTES)
        if length > most:
            raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=f"{length} bytes", expected=f"at most {most} bytes")
        return self.take(length, field)

    def label(self, field: str) -> str:
        """A name."""
        data = self.framed(field, MAX_LABEL_BYTES)
        return require_label(data.decode("ascii", errors="replace"), field)

    def root(self) -> int:
        """A root."""
        return require_root(self.number("root", FIELD_BYTES))

    def finish(self, field: str) -> None:
        """Nothing comes after the last field."""
        rest = len(self._data) - self._place
        if rest:
            raise MalformedError(Reason.WRONG_COUNT, field, found=f"{rest} bytes more", expected="the end")
