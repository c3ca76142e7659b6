"""Versions of a market's policy: governance announces the next one, and it comes into force at a moment.

    active_from      from here on the market's leaves have to name this version
    grace_seconds    so long after it the version before is still good, so that nobody is caught between two

A schedule holds the versions of one market in their order and says which of them are good at a moment.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

from facts.bounds import require_market_id, require_number
from facts.canonical import (
    DIGEST_BYTES,
    ByteReader,
    encode_label,
    encode_number,
    encode_root,
    prefix_of,
    require_digest,
    require_label,
)
from facts.committee import Verified
from facts.elements import require_element
from facts.moments import require_moment, require_span
from facts.signed import Kind, Purpose
from margin.errors import MalformedError, Reason, RejectedError
from snark.bn254.constants import FIELD_BYTES

VERSION_BITS: Final = 32
FIRST_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """What governance says: the policy of a market from a moment on."""

    KIND: ClassVar = Kind.POLICY_VERSION
    SIGNED_BY: ClassVar = Purpose.GOVERNANCE

    scope: str
    """The governance's name."""
    committee: bytes
    venue: str
    market_id: int
    version: int
    policy_hash: int
    """As the market's leaves hold it."""
    active_from: int
    grace_seconds: int

    def __post_init__(self) -> None:
        require_label(self.scope, "scope")
        require_digest(self.committee, "committee")
        require_label(self.venue, "venue")
        require_market_id(self.market_id)
        require_number(self.version, "version", VERSION_BITS, "the number of a version")
        if require_element(self.policy_hash, "policy_hash") == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "policy_hash", found="0", expected="an element above 0")
        require_moment(self.active_from, "active_from")
        require_span(self.grace_seconds, "grace_seconds")

    @property
    def market(self) -> tuple[str, int]:
        """Which market of which venue."""
        return self.venue, self.market_id

    def encode(self) -> bytes:
        """The canonical bytes."""
        head = prefix_of(self.KIND), encode_label(self.scope), self.committee, encode_label(self.venue)
        numbers = map(encode_number, (self.market_id, self.version))
        times = map(encode_number, (self.active_from, self.grace_seconds))
        return b"".join((*head, *numbers, encode_root(self.policy_hash), *times))

    @classmethod
    def decode(cls, data: bytes) -> "PolicyVersion":
        """The version of canonical bytes."""
        reader = ByteReader(data)
        reader.expect(prefix_of(cls.KIND), "policy_version")
        head = reader.label("scope"), reader.take(DIGEST_BYTES, "committee"), reader.label("venue")
        numbers = reader.number("market_id"), reader.number("version"), reader.number("policy_hash", FIELD_BYTES)
        times = reader.number("active_from"), reader.number("grace_seconds")
        reader.finish("policy_version")
        return cls(*head, *numbers, *times)


@dataclass(frozen=True, slots=True)
class PolicySchedule:
    """The versions of one market in their order."""

    versions: tuple[PolicyVersion, ...]

    def __post_init__(self) -> None:
        if not self.versions:
            raise MalformedError(Reason.WRONG_COUNT, "versions", found="none", expected="a first version")
        if self.versions[0].version != FIRST_VERSION:
            found = self.versions[0].version
            raise RejectedError(Reason.NOT_RISING, "version", found=found, expected=f"{FIRST_VERSION}")
        for before, after in pairwise(self.versions):
            require_next_version(before, after)

    def announce(self, verified: Verified[PolicyVersion]) -> "PolicySchedule":
        """The schedule with the next version, which governance announced."""
        return PolicySchedule((*self.versions, verified.statement))

    def good_at(self, moment: int) -> tuple[PolicyVersion, ...]:
        """The version in force at a moment, and before it the one that is in its grace, if any."""
        active = [version for version in self.versions if version.active_from <= moment]
        if not active:
            expected = f"a moment from {self.versions[0].active_from} on"
            raise RejectedError(Reason.NOT_ACTIVE, "version", found=moment, expected=expected)
        current = active[-1]
        in_grace = moment < current.active_from + current.grace_seconds
        return tuple(active[-2:]) if in_grace else (current,)

    def require_good(self, policy_hash: int, moment: int) -> PolicyVersion:
        """The version that a leaf names, where it is good at a moment."""
        good = self.good_at(moment)
        for version in good:
            if version.policy_hash == policy_hash:
                return version
        expected = f"that of version {' or '.join(str(version.version) for version in good)}"
        raise RejectedError(Reason.WRONG_POLICY, "policy_hash", found=str(policy_hash), expected=expected)


def require_next_version(before: PolicyVersion, after: PolicyVersion) -> None:
    """The next version of the same market, in force after the one before."""
    if after.market != before.market:
        raise RejectedError(Reason.UNKNOWN_MARKET, "market_id", found=after.market, expected=f"{before.market}")
    if after.version != before.version + 1:
        raise RejectedError(Reason.NOT_RISING, "version", found=after.version, expected=f"{before.version + 1}")
    if after.active_from <= before.active_from:
        expected = f"after {before.active_from}"
        raise RejectedError(Reason.NOT_RISING, "active_from", found=after.active_from, expected=expected)
