"""Heads of a log and the way from them to an entry. Both are read with the keys that the reader pins, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facts.log_head import LARGEST_NOTE, LogKey, SignedHead, verify_head_by_any
from facts.log_proof import DIGEST_BYTES, MAX_LOG_SIZE, hash_leaf, verify_inclusion
from margin.errors import MalformedError, Reason
from ringfence.v1 import log_service_pb2
from ringfence.wire.elements import join, read_bytes, read_count, read_range, read_text, require_part

LONGEST_PATH: Final = 64
LARGEST_LEAF: Final = 4096
BYTES_OF_A_CHARACTER: Final = 4


@dataclass(frozen=True, slots=True)
class LogReceipt:
    """That one entry is in a log."""

    head: SignedHead
    index: int
    leaf: bytes
    path: tuple[bytes, ...]


def read_head(message: log_service_pb2.SignedHead, keys: Sequence[LogKey], field: str = "head") -> SignedHead:
    """A head that one of the keys signed, and whose fields say what was signed."""
    note = read_text(message.note, join(field, "note"), BYTES_OF_A_CHARACTER * LARGEST_NOTE)
    try:
        signed = verify_head_by_any(note, keys)
    except MalformedError as error:
        raise error.under(join(field, "note")) from None
    if (message.tree_size, message.root_hash) != (signed.head.size, signed.head.root):
        expected = "the size and the root of the note"
        raise MalformedError(Reason.CONFLICTING_FIELDS, join(field, "tree_size"), found="others", expected=expected)
    return signed


def write_head(signed: SignedHead) -> log_service_pb2.SignedHead:
    """A head as a message."""
    return log_service_pb2.SignedHead(tree_size=signed.head.size, root_hash=signed.head.root, note=signed.note)


def read_receipt(message: log_service_pb2.LogReceipt, keys: Sequence[LogKey], field: str = "receipt") -> LogReceipt:
    """A receipt whose head one of the keys signed, and whose path leads from its leaf to that head."""
    require_part(message, "head", field)
    head = read_head(message.head, keys, join(field, "head"))
    if not head.head.size:
        found, expected = "an empty log", "a log with an entry"
        raise MalformedError(Reason.OUT_OF_BOUNDS, join(field, "head.tree_size"), found=found, expected=expected)
    index = read_range(message.leaf_index, join(field, "leaf_index"), 0, head.head.size - 1)
    leaf = read_bytes(message.leaf, join(field, "leaf"), 1, LARGEST_LEAF)
    path = read_path(message.path, join(field, "path"))
    verify_inclusion(hash_leaf(leaf), index, head.head.size, path, head.head.root)
    return LogReceipt(head, index, leaf, path)


def write_receipt(receipt: LogReceipt) -> log_service_pb2.LogReceipt:
    """A receipt as a message."""
    head = write_head(receipt.head)
    return log_service_pb2.LogReceipt(head=head, leaf_index=receipt.index, leaf=receipt.leaf, path=receipt.path)


def read_path(hashes: Sequence[bytes], field: str = "path") -> tuple[bytes, ...]:
    """The hashes of a proof."""
    read_count(hashes, field, 0, LONGEST_PATH)
    return tuple(read_bytes(each, f"{field}[{place}]", DIGEST_BYTES, DIGEST_BYTES) for place, each in enumerate(hashes))


def read_size(size: int, field: str, least: int = 0) -> int:
    """A number of leaves."""
    return read_range(size, field, least, MAX_LOG_SIZE)
