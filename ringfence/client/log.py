"""The log of a verifier: heads that only go forwards, entries that are in it, and the whole of it replayed."""

from dataclasses import dataclass
from typing import Final

from facts.anchor import Anchor
from facts.log_head import LogKey, SignedHead
from facts.log_leaf import LogLeaf, decode_leaf
from facts.log_proof import hash_leaf, verify_consistency, verify_inclusion
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from ringfence.client.errors import holding_answer
from ringfence.client.heads import LastHead
from ringfence.client.procedure import LOG, Procedure, send
from ringfence.client.replay import Replay
from ringfence.v1 import log_service_pb2
from ringfence.wire.elements import read_bytes, read_count
from ringfence.wire.log import LARGEST_LEAF, LogReceipt, read_head, read_path

ENTRIES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Audit:
    """What a log holds, every entry of which was read."""

    head: SignedHead
    acceptances: int
    live: int
    """Of them, those that the log does not say have ended."""
    nullifiers: int
    """Locks that were ever taken, each once."""
    transitions: int
    """Changes of positions in a book, each once."""


class Log:
    """What is asked of a log; the heads that it shows have to continue each other."""

    def __init__(self, anchor: Anchor, heads: LastHead | None = None) -> None:
        self.keys = require_log_keys(anchor)
        self.heads = heads or LastHead(self.keys)

    def head(self) -> Procedure[SignedHead]:
        """The newest head, which continues the last one that was seen."""
        before = self.heads.head
        response = yield from send(LOG, "GetHead", log_service_pb2.GetHeadRequest(), log_service_pb2.GetHeadResponse)
        with holding_answer():
            if not response.HasField("head"):
                raise MalformedError(Reason.MISSING_FIELD, "head", found="nothing", expected="a head")
            head = read_head(response.head, self.keys)
        yield from self.follow(head, before)
        return head

    def follow(self, head: SignedHead, before: SignedHead | None) -> Procedure[None]:
        """Refuse a head that is older than ``before``, which was known when it was asked for, or of another history."""
        if before is not None and head.head.size < before.head.size:
            expected = f"at least the {before.head.size} that were seen"
            with holding_answer():
                raise RejectedError(Reason.LOG_SHRUNK, "head", found=f"{head.head.size} leaves", expected=expected)
        known = self.heads.head
        if known is not None:
            smaller, larger = sorted((known, head), key=lambda each: each.head.size)
            yield from self.require_continued(smaller, larger)
        self.heads.advance(head)

    def require_continued(self, smaller: SignedHead, larger: SignedHead) -> Procedure[None]:
        """One head is the beginning of another; of two heads with one size, they are the same."""
        first, second = smaller.head, larger.head
        path = (yield from self.consistency(first.size, second.size)) if 0 < first.size < second.size else ()
        if first.size == 0 < second.size:
            return
        with holding_answer():
            try:
                verify_consistency(first.size, second.size, first.root, second.root, path) if first.size else None
            except RejectedError as error:
                expected = f"the history of the {first.size} leaves that were seen"
                raise RejectedError(Reason.LOG_FORKED, "head", found=error.found, expected=expected) from None

    def consistency(self, size: int, larger: int) -> Procedure[tuple[bytes, ...]]:
        """The steps that show one tree to be the beginning of a larger one; whoever has both roots can check them."""
        request = log_service_pb2.GetConsistencyProofRequest(first_tree_size=size, second_tree_size=larger)
        response = yield from send(LOG, "GetConsistencyProof", request, log_service_pb2.GetConsistencyProofResponse)
        with holding_answer():
            return read_path(response.path)

    def entry(self, index: int) -> Procedure[LogLeaf]:
        """One entry, shown to be in the newest tree."""
        head = yield from self.head()
        receipt = yield from self.receipt(index, head)
        with holding_answer():
            return decode_leaf(receipt.leaf)

    def receipt(self, index: int, head: SignedHead) -> Procedure[LogReceipt]:
        """One leaf, shown to be in the tree of a head, with what shows it."""
        size = head.head.size
        if not 0 <= index < size:
            raise MisuseError(Reason.OUT_OF_BOUNDS, "index", found=index, expected=f"below {size}")
        leaves = yield from self.leaves(index, 1)
        request = log_service_pb2.GetInclusionProofRequest(leaf_index=index, tree_size=size)
        response = yield from send(LOG, "GetInclusionProof", request, log_service_pb2.GetInclusionProofResponse)
        with holding_answer():
            path = read_path(response.path)
            verify_inclusion(hash_leaf(leaves[0]), index, size, path, head.head.root)
        return LogReceipt(head, index, leaves[0], path)

    def leaves(self, start: int, count: int) -> Procedure[list[bytes]]:
        """Entries in a row as the tree hashes them; only a root shows that they are in it."""
        found: list[bytes] = []
        while len(found) < count:
            at, size = start + len(found), min(count - len(found), ENTRIES_AT_ONCE)
            request = log_service_pb2.ListEntriesRequest(start_index=at, page_size=size)
            response = yield from send(LOG, "ListEntries", request, log_service_pb2.ListEntriesResponse)
            with holding_answer():
                read_count(response.entries, "entries", 1, size)
                for place, entry in enumerate(response.entries):
                    if entry.index != at + place:
                        name, expected = f"entries[{place}].index", str(at + place)
                        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=entry.index, expected=expected)
                    found.append(read_bytes(entry.leaf, f"entries[{place}].leaf", 1, LARGEST_LEAF))
        return found

    def audit(self) -> Procedure[Audit]:
        """Read the whole log: every entry is one, follows from those before it, and all of them make the head."""
        head = yield from self.head()
        replay = Replay()
        while replay.size < head.head.size:
            count = min(ENTRIES_AT_ONCE, head.head.size - replay.size)
            leaves = yield from self.leaves(replay.size, count)
            with holding_answer():
                for leaf in leaves:
                    replay.add(leaf)
        with holding_answer():
            replay.require_head(head.head)
        return Audit(head, replay.acceptances, replay.live, replay.nullifiers, replay.transitions)


def require_log_keys(anchor: Anchor) -> tuple[LogKey, ...]:
    """The keys of the log, which a caller pins."""
    if not anchor.log_keys:
        expected = "a [log] with its origin and keys in the trust anchor"
        raise MisuseError(Reason.MISSING_FIELD, "log", found="nothing", expected=expected)
    return anchor.log_keys
