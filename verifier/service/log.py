"""``LogService``: what a reader needs to see that the log has an entry and never forgot one."""

from collections.abc import Iterator
from typing import Final

import grpc

from ringfence.v1 import log_service_pb2 as messages
from ringfence.v1.log_service_pb2_grpc import LogServiceServicer
from ringfence.wire.elements import read_page_size
from ringfence.wire.log import read_size, write_head
from verifier.service.desk import Desk
from verifier.service.translation import translating

LARGEST_PAGE: Final = 1 << 20
"""In bytes; a page ends where it would be larger."""


class LogServicer(LogServiceServicer):
    """Answers for the log of one store."""

    def __init__(self, desk: Desk) -> None:
        self._ledger = desk.ledger
        self._heads = desk.heads

    def GetHead(self, request: messages.GetHeadRequest, context: grpc.ServicerContext) -> messages.GetHeadResponse:
        """The newest head."""
        with translating():
            return messages.GetHeadResponse(head=write_head(self._heads.newest()))

    def GetInclusionProof(
        self, request: messages.GetInclusionProofRequest, context: grpc.ServicerContext
    ) -> messages.GetInclusionProofResponse:
        """That an entry is in a tree."""
        place = read_size(request.leaf_index, "leaf_index")
        size = read_size(request.tree_size, "tree_size")
        with translating():
            size = size or self._ledger.head.size
            path = self._ledger.inclusion_proof(place, size)
            leaf_hash = self._ledger.leaf_hash(place)
        return messages.GetInclusionProofResponse(leaf_hash=leaf_hash, tree_size=size, path=path)

    def GetConsistencyProof(
        self, request: messages.GetConsistencyProofRequest, context: grpc.ServicerContext
    ) -> messages.GetConsistencyProofResponse:
        """That one tree is the beginning of another."""
        first = read_size(request.first_tree_size, "first_tree_size", least=1)
        second = read_size(request.second_tree_size, "second_tree_size")
        with translating():
            second = second or self._ledger.head.size
            path = self._ledger.consistency_proof(first, second)
        return messages.GetConsistencyProofResponse(second_tree_size=second, path=path)

    def ListEntries(
        self, request: messages.ListEntriesRequest, context: grpc.ServicerContext
    ) -> messages.ListEntriesResponse:
        """Entries in their order, as many as there is room for."""
        start, limit = read_size(request.start_index, "start_index"), read_page_size(request.page_size)
        with translating():
            size = self._ledger.head.size
            leaves = self._ledger.entries(start, limit)
        return messages.ListEntriesResponse(entries=bound_page(start, leaves, size), tree_size=size)


def bound_page(start: int, leaves: list[bytes], size: int) -> Iterator[messages.LogEntry]:
    """The entries of a tree, and one at least where there is one."""
    room = LARGEST_PAGE
    for index, leaf in enumerate(leaves[: max(size - start, 0)], start):
        room -= len(leaf)
        if room < 0 and index > start:
            return
        yield messages.LogEntry(index=index, leaf=leaf)
