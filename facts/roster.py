"""The roster: which committee speaks for what at a moment, and which keys nobody believes any more.

It starts from one governance committee, which whoever runs a verifier pins by its digest, and changes by what
governance signs alone:

    appointment   the next committee of an oracle, a venue, a chain or of governance itself, by the quorum of governance
    revocation    a key that never counts again, in no committee and whenever it signed, by its threshold

A committee is in force from its ``active_from`` until its successor's. A roster never changes: applying what was signed
makes another one, so that a server swaps it while serving and every answer was given by one whole roster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Final

from facts.canonical import DIGEST_BYTES, ByteReader, encode_label, frame, prefix_of, require_digest, require_label
from facts.committee import Committee, Verified, verify_signed
from facts.ed25519 import KEY_BYTES, require_public_key
from facts.signed import Kind, Purpose, Signed, StatementT
from margin.errors import MalformedError, MisuseError, Reason, RejectedError

MAX_COMMITTEE_BYTES: Final = 2**13


@dataclass(frozen=True, slots=True)
class Appointment:
    """Governance says who speaks next for something."""

    KIND: ClassVar = Kind.APPOINTMENT
    SIGNED_BY: ClassVar = Purpose.GOVERNANCE

    scope: str
    committee: bytes
    """The digest of the governance that appoints."""
    appointed: Committee

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee
        return b"".join((*head, frame(self.appointed.encode())))

    @classmethod
    def decode(cls, data: bytes) -> "Appointment":
        """The appointment of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "appointment")
        scope, committee = reader.label("scope"), reader.take(DIGEST_BYTES, "committee")
        appointed = Committee.decode(reader.framed("appointed", MAX_COMMITTEE_BYTES))
        reader.finish("appointment")
        return cls(scope, committee, appointed)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Governance says that a key never counts again."""

    KIND: ClassVar = Kind.REVOCATION
    SIGNED_BY: ClassVar = Purpose.GOVERNANCE

    scope: str
    committee: bytes
    """The digest of the governance that revokes."""
    key: bytes

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        require_public_key(self.key)

    def encode(self) -> bytes:
        """The canonical bytes."""
        return b"".join((prefix_of(self.KIND), encode_label(self.scope), self.committee, self.key))

    @classmethod
    def decode(cls, data: bytes) -> "Revocation":
        """The revocation of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "revocation")
        fields = reader.label("scope"), reader.take(DIGEST_BYTES, "committee"), reader.take(KEY_BYTES, "key")
        reader.finish("revocation")
        return cls(*fields)


Seat = tuple[Purpose, str]
"""What a committee speaks for."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Committees by what they speak for, each list by rising epoch, and the keys that were revoked."""

    governance: str
    committees: Mapping[Seat, tuple[Committee, ...]]
    revoked: frozenset[bytes] = frozenset()

    @classmethod
    def start(cls, governance: Committee, digest: bytes) -> "Roster":
        """The roster that knows one governance committee: the one that was pinned by its digest."""
        if governance.purpose is not Purpose.GOVERNANCE:
            found, expected = governance.purpose.value, "a governance committee"
            raise MisuseError(Reason.NOT_APPLICABLE, "governance", found=found, expected=expected)
        if governance.digest != digest:
            expected = f"the committee that is pinned, {digest.hex()}"
            raise RejectedError(Reason.WRONG_COMMITTEE, "governance", found=governance.digest.hex(), expected=expected)
        seat = Purpose.GOVERNANCE, governance.scope
        return cls(governance.scope, MappingProxyType({seat: (governance,)}))

    def in_force(self, purpose: Purpose, scope: str, moment: int) -> Committee:
        """Who speaks for something at a moment."""
        known = self.committees.get((purpose, scope), ())
        active = [committee for committee in known if committee.active_from <= moment]
        if not known:
            found, expected = f"{purpose} {scope}", "a committee that governance appointed"
            raise RejectedError(Reason.WRONG_COMMITTEE, "committee", found=found, expected=expected)
        if not active:
            expected = f"a moment from {known[0].active_from} on"
            raise RejectedError(Reason.NOT_ACTIVE, "committee", found=moment, expected=expected)
        return active[-1]

    def verify(self, unverified: Signed[StatementT], moment: int, *, least: int | None = None) -> Verified[StatementT]:
        """Raise unless the committee that is in force for it made the statement."""
        statement = unverified.statement
        committee = self.in_force(statement.SIGNED_BY, statement.scope, moment)
        return verify_signed(unverified, committee, revoked=self.revoked, moment=moment, least=least)

    def appoint(self, unverified: Signed[Appointment], moment: int) -> "Roster":
        """The roster with the next committee of something."""
        self.require_governance(unverified.statement.scope)
        governance = self.in_force(Purpose.GOVERNANCE, self.governance, moment)
        appointed = self.verify(unverified, moment, least=governance.quorum).statement.appointed
        seat = appointed.purpose, appointed.scope
        known = self.committees.get(seat, ())
        if appointed.purpose is Purpose.GOVERNANCE:
            self.require_governance(appointed.scope)
        require_succession(known, appointed)
        require_able(appointed, self.revoked)
        return replace(self, committees=MappingProxyType({**self.committees, seat: (*known, appointed)}))

    def revoke(self, unverified: Signed[Revocation], moment: int) -> "Roster":
        """The roster in which a key counts no more; governance has to stay able to act."""
        self.require_governance(unverified.statement.scope)
        revoked = self.revoked | {self.verify(unverified, moment).statement.key}
        require_able(self.in_force(Purpose.GOVERNANCE, self.governance, moment), revoked)
        return replace(self, revoked=revoked)

    def require_governance(self, scope: str) -> None:
        """There is one governance."""
        if scope != self.governance:
            raise RejectedError(Reason.WRONG_COMMITTEE, "scope", found=scope, expected=self.governance)


def require_succession(known: tuple[Committee, ...], appointed: Committee) -> None:
    """The next committee follows the last one, and comes into force after it."""
    if not known:
        if appointed.epoch != 1:
            raise RejectedError(Reason.NOT_RISING, "epoch", found=appointed.epoch, expected="1, as of a first one")
        return
    last = known[-1]
    if appointed.epoch != last.epoch + 1:
        raise RejectedError(Reason.NOT_RISING, "epoch", found=appointed.epoch, expected=f"{last.epoch + 1}")
    if appointed.predecessor != last.digest:
        found = appointed.predecessor.hex()
        raise RejectedError(Reason.WRONG_COMMITTEE, "predecessor", found=found, expected=last.digest.hex())
    if appointed.active_from <= last.active_from:
        expected = f"after {last.active_from}"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "active_from", found=appointed.active_from, expected=expected)


def require_able(committee: Committee, revoked: frozenset[bytes]) -> None:
    """Enough members are left that the committee can reach its quorum."""
    left = sum(member.key not in revoked for member in committee.members)
    if left < committee.quorum:
        found, expected = f"{left} members that are not revoked", f"at least its quorum of {committee.quorum}"
        raise RejectedError(Reason.TOO_FEW_SIGNERS, "members", found=found, expected=expected)
