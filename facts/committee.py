"""Committees: n keys of which m speak for an oracle, a venue, the watchers of a chain, or governance.

    threshold   so many members have to sign, more than half of all: two halves can't say two things
    quorum      so many have to sign what is not ordinary (a jump of a price, a rotation); at least the threshold

A committee is named by the SHA-256 of its canonical bytes, and every statement names the committee that makes it: what
a key signed as a member of one is worth nothing in another, nor after a rotation.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final, Generic

from facts.canonical import (
    DIGEST_BYTES,
    NO_DIGEST,
    ByteReader,
    encode_label,
    encode_number,
    prefix_of,
    require_digest,
    require_label,
)
from facts.ed25519 import KEY_BYTES, require_public_key, verify_signature
from facts.moments import require_moment
from facts.signed import MAX_SIGNATURES, Purpose, Signed, StatementT
from margin.bounds import require_integer
from margin.errors import MalformedError, Reason, RejectedError

COMMITTEE_PREFIX: Final = prefix_of("committee")
MAX_MEMBERS: Final = MAX_SIGNATURES
EPOCH_BITS: Final = 32
FIRST_EPOCH: Final = 1
BYTE: Final = 1
PURPOSES: Final = tuple(Purpose)
"""In their bytes the first is 1: zero is no purpose."""


@dataclass(frozen=True, slots=True)
class Member:
    """A key, and for how long it counts."""

    key: bytes
    valid_from: int
    valid_until: int
    """From this moment on it does not count any more."""

    def __post_init__(self) -> None:
        require_public_key(self.key)
        require_moment(self.valid_from, "valid_from")
        require_moment(self.valid_until, "valid_until")
        if self.valid_until <= self.valid_from:
            expected = f"after {self.valid_from}"
            raise MalformedError(Reason.OUT_OF_BOUNDS, "valid_until", found=self.valid_until, expected=expected)

    def encode(self) -> bytes:
        """The canonical bytes."""
        return self.key + encode_number(self.valid_from) + encode_number(self.valid_until)

    def counts_at(self, moment: int) -> bool:
        """Whether the key counts at a moment."""
        return self.valid_from <= moment < self.valid_until


@dataclass(frozen=True, slots=True)
class Committee:
    """Who speaks for something, from when on, and how many of them it takes."""

    purpose: Purpose
    scope: str
    epoch: int
    """The first is 1, and a rotation is the next."""
    predecessor: bytes
    """The digest of the committee before it; zeros for the first."""
    active_from: int
    threshold: int
    quorum: int
    members: tuple[Member, ...]
    """By rising key."""

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_integer(self.epoch, "epoch", FIRST_EPOCH, 2**EPOCH_BITS - 1, "a number of rotations")
        require_moment(self.active_from, "active_from")
        require_predecessor(self.epoch, self.predecessor)
        require_integer(len(self.members), "members", 1, MAX_MEMBERS, "members")
        count = len(self.members)
        require_integer(self.threshold, "threshold", count // 2 + 1, count, "more than half of the members")
        require_integer(self.quorum, "quorum", self.threshold, count, "members, at least the threshold")
        for place, (before, after) in enumerate(pairwise(self.members), start=1):
            if before.key >= after.key:
                name, expected = f"members[{place}].key", "keys that rise, each once"
                raise MalformedError(Reason.DUPLICATE_FIELD, name, found=after.key.hex(), expected=expected)

    def encode(self) -> bytes:
        """The canonical bytes."""
        return b"".join(
            (
                COMMITTEE_PREFIX,
                encode_number(PURPOSES.index(self.purpose) + 1, BYTE),
                encode_label(self.scope),
                encode_number(self.epoch),
                self.predecessor,
                encode_number(self.active_from),
                encode_number(self.threshold, BYTE),
                encode_number(self.quorum, BYTE),
                encode_number(len(self.members), BYTE),
                *(member.encode() for member in self.members),
            )
        )

    @classmethod
    def read(cls, reader: ByteReader) -> "Committee":
        """The committee at the front of canonical bytes."""
        reader.expect(COMMITTEE_PREFIX, "committee")
        purpose = reader.number("purpose", BYTE)
        if not 1 <= purpose <= len(PURPOSES):
            expected = f"1 to {len(PURPOSES)}"
            raise MalformedError(Reason.NOT_A_CHOICE, "purpose", found=purpose, expected=expected)
        scope = reader.label("scope")
        epoch, predecessor = reader.number("epoch"), reader.take(DIGEST_BYTES, "predecessor")
        active_from = reader.number("active_from")
        threshold, quorum = reader.number("threshold", BYTE), reader.number("quorum", BYTE)
        members = tuple(read_member(reader) for _ in range(reader.number("members", BYTE)))
        return cls(PURPOSES[purpose - 1], scope, epoch, predecessor, active_from, threshold, quorum, members)

    @classmethod
    def decode(cls, data: bytes) -> "Committee":
        """The committee of canonical bytes."""
        reader = ByteReader(data)
        committee = cls.read(reader)
        reader.finish("committee")
        return committee

    @property
    def digest(self) -> bytes:
        """What names this very committee."""
        return sha256(self.encode()).digest()

    def member(self, key: bytes) -> Member | None:
        """The member with a key, if there is one."""
        return next((member for member in self.members if member.key == key), None)


def read_member(reader: ByteReader) -> Member:
    """A member at the front of canonical bytes."""
    return Member(reader.take(KEY_BYTES, "key"), reader.number("valid_from"), reader.number("valid_until"))


def build_committee(
    purpose: Purpose,
    scope: str,
    members: Collection[Member],
    *,
    threshold: int,
    quorum: int,
    active_from: int,
    after: Committee | None = None,
) -> Committee:
    """The committee of these members, in their order; the one before it gives epoch and predecessor."""
    epoch, predecessor = (FIRST_EPOCH, NO_DIGEST) if after is None else (after.epoch + 1, after.digest)
    ordered = tuple(sorted(members, key=lambda member: member.key))
    return Committee(purpose, scope, epoch, predecessor, active_from, threshold, quorum, ordered)


def require_predecessor(epoch: int, predecessor: bytes) -> None:
    """The first committee has none before it, and every other names it."""
    if epoch > FIRST_EPOCH:
        require_digest(predecessor, "predecessor")
    elif predecessor != NO_DIGEST:
        expected = f"{DIGEST_BYTES} zero bytes: a first committee has none"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "predecessor", found=predecessor.hex(), expected=expected)


# --- Verification ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified(Generic[StatementT]):
    """A statement that its committee made; only ``verify_signed`` makes one."""

    statement: StatementT
    signers: frozenset[bytes]
    committee: Committee

    @property
    def has_quorum(self) -> bool:
        """Whether as many signed as it takes for what goes beyond the ordinary."""
        return len(self.signers) >= self.committee.quorum

    def standing(self, wanted: int, revoked: Collection[bytes]) -> tuple[int, int]:
        """From when until when ``wanted`` of those who signed count; (0, 0) where too few of them are left.

        It begins when all that are left count and ends when fewer than wanted do.
        """
        left = [member for key in self.signers - set(revoked) if (member := self.committee.member(key))]
        if len(left) < wanted:
            return 0, 0
        ends = sorted((member.valid_until for member in left), reverse=True)
        return max(member.valid_from for member in left), ends[wanted - 1]


def verify_signed(
    unverified: Signed[StatementT],
    committee: Committee,
    *,
    revoked: Collection[bytes],
    moment: int,
    least: int | None = None,
) -> Verified[StatementT]:
    """Raise unless at least ``least`` members (by default the threshold) signed, and nobody else.

    One signature that is not right refuses the whole: what nobody vouches for has no business in it.
    """
    require_speaker(unverified.statement, committee, moment)
    message = unverified.statement.encode()
    for place, each in enumerate(unverified.signatures):
        name = f"signatures[{place}]"
        require_signer(each.key, committee, revoked, moment, f"{name}.key")
        verify_signature(each.key, message, each.signature, f"{name}.signature")
    signers = frozenset(each.key for each in unverified.signatures)
    wanted = committee.threshold if least is None else least
    if len(signers) < wanted:
        found, expected = f"{len(signers)} signers", f"{wanted} of {len(committee.members)}"
        raise RejectedError(Reason.TOO_FEW_SIGNERS, "signatures", found=found, expected=expected)
    return Verified(unverified.statement, signers, committee)


def require_speaker(statement: StatementT, committee: Committee, moment: int) -> None:
    """The committee is the one that the statement names, and the one that may make it."""
    if (statement.SIGNED_BY, statement.scope) != (committee.purpose, committee.scope):
        found, expected = f"{committee.purpose} {committee.scope}", f"{statement.SIGNED_BY} {statement.scope}"
        raise RejectedError(Reason.WRONG_COMMITTEE, "scope", found=found, expected=expected)
    if statement.committee != committee.digest:
        found, expected = statement.committee.hex(), committee.digest.hex()
        raise RejectedError(Reason.WRONG_COMMITTEE, "committee", found=found, expected=expected)
    if moment < committee.active_from:
        expected = f"a moment from {committee.active_from} on"
        raise RejectedError(Reason.NOT_ACTIVE, "committee", found=moment, expected=expected)


def require_signer(key: bytes, committee: Committee, revoked: Collection[bytes], moment: int, name: str) -> None:
    """Somebody who may sign now."""
    member = committee.member(key)
    if member is None:
        raise RejectedError(Reason.UNKNOWN_SIGNER, name, found=key.hex(), expected="a member of the committee")
    if key in revoked:
        raise RejectedError(Reason.REVOKED_SIGNER, name, found=key.hex(), expected="a key that was not revoked")
    if not member.counts_at(moment):
        expected = f"a key that counts at {moment}"
        found = f"one from {member.valid_from} until {member.valid_until}"
        raise RejectedError(Reason.EXPIRED_SIGNER, name, found=found, expected=expected)
