"""Heads and receipts are read with the key of their log, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.ed25519 import SigningKey
from facts.log_head import LogHead, LogKey, SignedHead
from facts.log_proof import hash_leaf
from margin.errors import MalformedError, MarginError, Reason, RejectedError
from ringfence.v1 import log_service_pb2
from ringfence.wire.log import LogReceipt, read_head, read_path, read_receipt, write_head, write_receipt
from tests.facts.specimens import key_of
from tests.ringfence.wire.faults import faults
from verifier.log import compute_root, grow_tree, prove_inclusion, sign_head

ORIGIN = "clearing.example/log"
SIGNER = key_of("log")
KEYS = (LogKey(ORIGIN, SIGNER.public_key),)


class Tree:
    """A log of some leaves."""

    def __init__(self, *leaves: bytes) -> None:
        self.leaves = leaves
        self._nodes: dict[tuple[int, int], bytes] = {}
        for place, leaf in enumerate(leaves):
            for level, index, digest in grow_tree(place, hash_leaf(leaf), self.read):
                self._nodes[level, index] = digest

    def read(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]

    def head(self, size: int | None = None, signer: SigningKey = SIGNER) -> SignedHead:
        size = len(self.leaves) if size is None else size
        return sign_head(LogHead(ORIGIN, size, compute_root(size, self.read)), signer)

    def receipt(self, place: int) -> LogReceipt:
        path = prove_inclusion(place, len(self.leaves), self.read)
        return LogReceipt(self.head(), place, self.leaves[place], path)


TREE = Tree(b"one", b"two", b"three", b"four", b"five")


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=20), st.data())
@settings(max_examples=30)
def test_receipts_come_back_as_they_went(leaves: list[bytes], data: st.DataObject) -> None:
    receipt = Tree(*leaves).receipt(data.draw(st.integers(0, len(leaves) - 1)))
    sent = write_receipt(receipt).SerializeToString()
    assert read_receipt(log_service_pb2.LogReceipt.FromString(sent), KEYS) == receipt


def test_an_empty_log_has_a_head_and_no_receipt() -> None:
    head = Tree().head()
    assert read_head(write_head(head), KEYS) == head
    with pytest.raises(MalformedError):
        read_receipt(log_service_pb2.LogReceipt(head=write_head(head), leaf=b"x"), KEYS)


def test_every_fault_of_a_head_is_refused() -> None:
    for path, how, faulty in faults(write_head(TREE.head())):
        with pytest.raises(MarginError) as refused:
            read_head(faulty, KEYS, "")  # type: ignore[arg-type]
        assert refused.value.field.startswith(("note", "tree_size", "signature", "origin")), (path, how)


def test_every_fault_of_a_receipt_is_refused() -> None:
    for path, how, faulty in faults(write_receipt(TREE.receipt(3))):
        with pytest.raises(MarginError):
            read_receipt(faulty, KEYS)  # type: ignore[arg-type]
        assert path, how


def test_a_head_of_another_key_or_log_is_refused() -> None:
    with pytest.raises(RejectedError) as refused:
        read_head(write_head(TREE.head(signer=key_of("somebody"))), KEYS)
    assert refused.value.reason is Reason.WRONG_SIGNATURE
    with pytest.raises(RejectedError) as refused:
        read_head(write_head(TREE.head()), (LogKey("other.example/log", SIGNER.public_key),))
    assert refused.value.reason is Reason.WRONG_CONTEXT


def test_fields_beside_a_note_may_not_say_anything_else() -> None:
    message = write_head(TREE.head())
    message.tree_size += 1
    with pytest.raises(MalformedError) as refused:
        read_head(message, KEYS)
    assert refused.value.reason is Reason.CONFLICTING_FIELDS


def test_a_receipt_leads_from_its_own_leaf_at_its_own_place() -> None:
    message = write_receipt(TREE.receipt(1))
    message.leaf_index = 0
    with pytest.raises(RejectedError):
        read_receipt(message, KEYS)
    message = write_receipt(TREE.receipt(1))
    message.leaf = b"another"
    with pytest.raises(RejectedError):
        read_receipt(message, KEYS)


def test_a_path_is_of_digests() -> None:
    assert read_path([bytes(32)]) == (bytes(32),)
    with pytest.raises(MalformedError) as refused:
        read_path([bytes(32), bytes(31)])
    assert refused.value.field == "path[1]"
    with pytest.raises(MalformedError):
        read_path([bytes(32)] * 65)


def test_a_malformed_receipt_is_refused_by_its_path() -> None:
    message = write_receipt(TREE.receipt(3))
    message.ClearField("head")
    with pytest.raises(MalformedError) as refused:
        read_receipt(message, KEYS)
    assert refused.value.field == "receipt.head"


def test_a_log_that_changes_its_key_is_believed_by_either() -> None:
    other = key_of("the log's next key")
    keys = (LogKey(ORIGIN, other.public_key), *KEYS)
    for signer in (SIGNER, other):
        head = TREE.head(signer=signer)
        assert read_head(write_head(head), keys) == head
    with pytest.raises(RejectedError):
        read_head(write_head(TREE.head()), ())
