"""The smallest parts of messages. Each has one spelling; nothing is reduced, padded or taken for granted.

What a protobuf message does not hold reads as empty or as zero, so that empty and zero are refused everywhere but where
they mean something: a forgotten field is never a value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from google.protobuf.message import Message

from facts.canonical import DIGEST_BYTES, NO_DIGEST
from facts.elements import require_element
from facts.log_entry import require_identity
from margin.errors import MalformedError, MarginError, Reason
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.errors import SnarkError

WHOLE_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,38}", re.ASCII)
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
MOMENT_BITS: Final = 64
MAX_NAME_BYTES: Final = 255
MAX_TOKEN_BYTES: Final = 512
MAX_PAGE: Final = 1000
USUAL_PAGE: Final = 100

K = TypeVar("K", bound=int)
V = TypeVar("V")
M = TypeVar("M", bound=Message)


# --- Bytes -----------------------------------------------------------------------------------------------


def read_bytes(data: bytes, field: str, least: int, most: int) -> bytes:
    """So many bytes."""
    if not least <= len(data) <= most:
        expected = f"{least} bytes" if least == most else f"{least} to {most} bytes"
        raise MalformedError(Reason.WRONG_COUNT, field, found=f"{len(data)} bytes", expected=expected)
    return data


def read_field_element(data: bytes, field: str, *, may_be_zero: bool = False) -> int:
    """An element of the scalar field: 32 bytes, big-endian, below r."""
    value = int.from_bytes(read_bytes(data, field, FIELD_BYTES, FIELD_BYTES), "big")
    least = 0 if may_be_zero else 1
    if not least <= value < GROUP_ORDER:
        expected = f"an element: from {least}, below r"
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found="another number", expected=expected)
    return value


def write_field_element(value: int) -> bytes:
    """An element in its 32 bytes."""
    return require_element(value, "element").to_bytes(FIELD_BYTES, "big")


def read_digest(data: bytes, field: str) -> bytes:
    """32 bytes that name something: not all of them zero."""
    if read_bytes(data, field, DIGEST_BYTES, DIGEST_BYTES) == NO_DIGEST:
        expected = f"{DIGEST_BYTES} bytes, not all of them zero"
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found="zeros", expected=expected)
    return data


def read_identity(data: bytes, field: str) -> str:
    """What 32 bytes name, as the rest of the program spells it: lower-case hexadecimal."""
    return read_digest(data, field).hex()


def write_identity(identity: str) -> bytes:
    """A name of 32 bytes."""
    return bytes.fromhex(require_identity(identity, "identity"))


# --- Numbers ---------------------------------------------------------------------------------------------


def read_range(value: int, field: str, least: int, most: int) -> int:
    """A number within its bounds."""
    if not least <= value <= most:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"{least} to {most}")
    return value


def read_moment(value: int, field: str) -> int:
    """Seconds since 1970; none is no moment."""
    return read_range(value, field, 1, 2**MOMENT_BITS - 1)


def write_moment(moment: int) -> int:
    """A moment as the wire has it."""
    return read_moment(moment, "moment")


def read_whole(text: str, field: str) -> int:
    """A whole number that is spelled in the one way that is allowed."""
    if not WHOLE_NUMBER.fullmatch(text):
        expected = "decimal digits, no leading zero, plus sign or space"
        raise MalformedError(Reason.NOT_AN_INTEGER, field, found=text, expected=expected)
    return int(text)


def read_amount(text: str, field: str, least: int, most: int) -> int:
    """An amount in decimal digits, within its bounds."""
    return read_range(read_whole(text, field), field, least, most)


def write_amount(amount: int) -> str:
    """An amount in decimal digits."""
    return str(amount)


def read_choice(number: K, choices: Mapping[K, V], field: str) -> V:
    """What an enum's number stands for; "not said", and what a later version says, are refused."""
    if number not in choices:
        expected = f"one of {', '.join(str(int(each)) for each in choices)}"
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=int(number), expected=expected)
    return choices[number]


def read_page_size(size: int, field: str = "page_size") -> int:
    """How many at a time; 0 leaves it to the server."""
    return read_range(size, field, 0, MAX_PAGE) or USUAL_PAGE


# --- Texts -----------------------------------------------------------------------------------------------


def read_text(text: str, field: str, most: int = MAX_NAME_BYTES, least: int = 1) -> str:
    """A text, bounded by its length in UTF-8."""
    read_bytes(text.encode(), field, least, most)
    return text


def read_request_id(text: str, field: str = "request_id") -> str:
    """What a caller named a request."""
    if not REQUEST_ID.fullmatch(text):
        expected = '16 to 64 letters, digits, "-" and "_"'
        raise MalformedError(Reason.NOT_READABLE, field, found=text, expected=expected)
    return text


def read_token(text: str, field: str) -> str:
    """A page token or a resume token; empty: from the beginning."""
    return read_text(text, field, MAX_TOKEN_BYTES, least=0)


# --- Messages --------------------------------------------------------------------------------------------


def require_part(message: Message, name: str, field: str) -> None:
    """A message has the inner message ``name``."""
    if not message.HasField(name):
        expected = "a message"
        raise MalformedError(Reason.MISSING_FIELD, join(field, name), found="nothing", expected=expected)


def read_count(items: Sequence[object], field: str, least: int, most: int) -> None:
    """A list is so long."""
    if not least <= len(items) <= most:
        expected = f"{least} to {most}"
        raise MalformedError(Reason.WRONG_COUNT, field, found=str(len(items)), expected=expected)


def join(above: str, name: str) -> str:
    """The path of a field in the message at ``above``; the request itself has no path."""
    return f"{above}.{name}" if above else name


@contextmanager
def reading(field: str) -> Iterator[None]:
    """Whatever a domain object refuses in this block is refused as the message's field."""
    try:
        yield
    except MarginError as error:
        raise MalformedError(error.reason, field, found=error.found, expected=error.expected) from None
    except SnarkError as error:
        raise MalformedError(Reason.NOT_READABLE, field, found=error.found, expected=error.expected) from None
