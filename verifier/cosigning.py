"""Locks that watchers sign each for itself: which signatures go together, and who said two things about one block.

Every watcher makes the same bytes of the same block, so that their signatures meet here without anybody who gathers
them. One signer counts once. What it says of a block a second time has to be what it said the first time, as a member
of the same committee: a rotation makes other bytes of the same locks, and convicts nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facts.committee import Committee
from facts.lock_root import LockRoot
from facts.signed import Signature, Signed, gather_signatures
from verifier.store.cosignatures import Cosignature

KEPT_BLOCKS: Final = 8
"""Of each signer and chain so many blocks, the newest: what one member sends takes no room from another."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """How far the locks of a chain at a block are."""

    sequence: int
    signatures: int
    threshold: int
    lock_root: bytes | None
    """The root over all chains, once they are published."""

    @property
    def is_published(self) -> bool:
        """Whether claims may name it."""
        return self.lock_root is not None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements of one signer about one block."""

    part: Cosignature
    """What it said first."""
    accepted: bytes
    refused: bytes


def cut(fact: Signed[LockRoot]) -> list[Cosignature]:
    """Each signature of a fact by itself."""
    statement = fact.statement
    head = statement.scope, statement.sequence
    return [Cosignature(*head, each.key, statement.encode(), each.signature) for each in fact.signatures]


def find_contradiction(fact: Signed[LockRoot], parts: Sequence[Cosignature]) -> Contradiction | None:
    """A signer of the fact who said something else of the block before, as a member of the same committee."""
    first = {part.signer: part for part in parts}
    encoded = fact.statement.encode()
    for each in fact.signatures:
        part = first.get(each.key)
        if part is None or part.statement == encoded:
            continue
        stated = LockRoot.decode(part.statement)
        if stated.committee == fact.statement.committee:
            accepted = gather_signatures(stated, [Signature(part.signer, part.signature)]).encode()
            return Contradiction(part, accepted, gather_signatures(fact.statement, [each]).encode())
    return None


def join_parts(
    statement: LockRoot, parts: Sequence[Cosignature], committee: Committee, revoked: frozenset[bytes], moment: int
) -> Signed[LockRoot]:
    """The statement with the signatures of everybody who said the same and counts at the moment."""
    encoded = statement.encode()
    counted = []
    for part in parts:
        member = committee.member(part.signer)
        if part.statement == encoded and part.signer not in revoked and member and member.counts_at(moment):
            counted.append(Signature(part.signer, part.signature))
    return gather_signatures(statement, counted)
