"""Heads of the log on their way out: each is signed once, and only what the store has on its disk is signed."""

from dataclasses import dataclass
from threading import Lock

from facts.log_head import LogHead, LogKey, SignedHead
from verifier.signer import HeadSigner
from verifier.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ProvedLeaf:
    """A leaf, and that it is in the log of a head."""

    head: SignedHead
    place: int
    leaf: bytes
    path: tuple[bytes, ...]


class Heads:
    """Signs the heads of one log."""

    def __init__(self, ledger: Ledger, signer: HeadSigner) -> None:
        self._ledger = ledger
        self._signer = signer
        self._lock = Lock()
        self._newest: SignedHead | None = None

    @property
    def keys(self) -> tuple[LogKey, ...]:
        """What the heads are checked with, the one in use first."""
        return self._signer.keys

    def newest(self) -> SignedHead:
        """The head of the log as it is now."""
        return self.sign(self._ledger.head)

    def sign(self, head: LogHead) -> SignedHead:
        """A head that was read from the store, signed."""
        with self._lock:
            newest = self._newest
            if newest is not None and newest.head == head and newest.hint in {key.hint for key in self.keys[:1]}:
                return newest
            signed = self._signer.sign(head)
            if newest is None or head.size >= newest.head.size:
                self._newest = signed
            return signed

    def prove(self, place: int) -> ProvedLeaf:
        """A leaf with the way to the newest head."""
        head, leaf, path = self._ledger.prove_leaf(place)
        return ProvedLeaf(self.sign(head), place, leaf, path)
