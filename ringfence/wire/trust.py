"""Whom and what a verifier says that it trusts, and how its own word is checked.

A caller pins these things beforehand and holds what a server says against them; what stands here was said by the
server alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from facts.bounds import CHAIN_ID_BITS
from facts.canonical import require_label
from facts.context import MAX_ADDRESS_BYTES, MAX_VERIFIER_BYTES
from facts.ed25519 import KEY_BYTES
from facts.log_head import LogKey, require_origin
from facts.moments import MAX_SPAN_SECONDS
from facts.policy import StatementPolicy
from facts.signed import MAX_SIGNATURES, Purpose
from margin.errors import MalformedError, Reason
from ringfence.v1 import verifier_service_pb2
from ringfence.wire.claim import read_policy, write_policy
from ringfence.wire.elements import (
    join,
    read_bytes,
    read_choice,
    read_count,
    read_digest,
    read_identity,
    read_range,
    read_text,
    reading,
    require_part,
    write_identity,
)
from ringfence.wire.operation import read_statement_name

ADDRESS_BYTES: Final = 20
MAX_KEYS: Final = 64
MAX_KEY_BYTES: Final = 8192
"""That of a statement with a hundred public inputs, of which none has as many as twenty."""
MAX_COMMITTEES: Final = 128
MAX_SIGNERS: Final = 16
MAX_DESTINATIONS: Final = 256

PURPOSES: Final[Mapping[verifier_service_pb2.CommitteeKind, Purpose]] = MappingProxyType(
    {
        verifier_service_pb2.COMMITTEE_KIND_ORACLE: Purpose.ORACLE,
        verifier_service_pb2.COMMITTEE_KIND_VENUE: Purpose.VENUE,
        verifier_service_pb2.COMMITTEE_KIND_WATCHERS: Purpose.WATCHERS,
        verifier_service_pb2.COMMITTEE_KIND_GOVERNANCE: Purpose.GOVERNANCE,
    }
)
PURPOSE_NUMBERS: Final = MappingProxyType({purpose: number for number, purpose in PURPOSES.items()})


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A verifying key that is allowed."""

    key_id: str
    statement: str
    is_for_development: bool
    canonical: bytes = b""
    """The bytes that the id is the SHA-256 of; empty where a verifier of an earlier release does not tell them."""


@dataclass(frozen=True, slots=True)
class TrustedCommittee:
    """Those who sign facts of one kind."""

    purpose: Purpose
    scope: str
    digest: bytes
    threshold: int
    quorum: int
    members: tuple[bytes, ...]
    """Keys in rising order, without those that were revoked."""
    longest_age_seconds: int
    """None for governance is 0: what it says does not age."""


@dataclass(frozen=True, slots=True)
class TrustedDestination:
    """Where collateral can be pledged to."""

    chain_id: int
    contract: bytes
    entry: StatementPolicy
    upkeep: StatementPolicy
    acceptance_seconds: int


@dataclass(frozen=True, slots=True)
class TrustReport:
    """All that a verifier says of itself."""

    domain: str
    verifier: str
    keys: tuple[TrustedKey, ...]
    committees: tuple[TrustedCommittee, ...]
    attestation_keys: tuple[bytes, ...]
    """The one in use first."""
    eip712_signers: tuple[bytes, ...]
    """The one in use first; none where it signs for no chain."""
    log: LogKey
    destinations: tuple[TrustedDestination, ...]


def read_trust(message: verifier_service_pb2.GetTrustResponse) -> TrustReport:
    """What a verifier says of itself, whole and well formed."""
    read_count(message.keys, "keys", 0, MAX_KEYS)
    read_count(message.committees, "committees", 0, MAX_COMMITTEES)
    read_count(message.destinations, "destinations", 0, MAX_DESTINATIONS)
    with reading("log_origin"):
        require_origin(message.log_origin)
    with reading("log_key"):
        log = LogKey(message.log_origin, message.log_key)
    return TrustReport(
        domain=read_text(message.domain, "domain"),
        verifier=read_text(message.verifier, "verifier", MAX_VERIFIER_BYTES),
        keys=tuple(read_key(each, f"keys[{place}]") for place, each in enumerate(message.keys)),
        committees=tuple(read_committee(each, f"committees[{place}]") for place, each in enumerate(message.committees)),
        attestation_keys=read_keys(message.attestation_keys, "attestation_keys", KEY_BYTES, least=1),
        eip712_signers=read_keys(message.eip712_signers, "eip712_signers", ADDRESS_BYTES),
        log=log,
        destinations=tuple(
            read_destination(each, f"destinations[{place}]") for place, each in enumerate(message.destinations)
        ),
    )


def write_trust(trust: TrustReport) -> verifier_service_pb2.GetTrustResponse:
    """What a verifier says of itself, as a message."""
    return verifier_service_pb2.GetTrustResponse(
        domain=trust.domain,
        verifier=trust.verifier,
        keys=[
            verifier_service_pb2.TrustedKey(
                key_id=write_identity(each.key_id),
                statement=each.statement,
                is_for_development=each.is_for_development,
                verifying_key=each.canonical,
            )
            for each in trust.keys
        ],
        committees=map(write_committee, trust.committees),
        attestation_keys=trust.attestation_keys,
        eip712_signers=trust.eip712_signers,
        log_origin=trust.log.origin,
        log_key=trust.log.public_key,
        destinations=map(write_destination, trust.destinations),
    )


def read_key(message: verifier_service_pb2.TrustedKey, field: str) -> TrustedKey:
    """A verifying key that is allowed."""
    key_id = read_identity(message.key_id, join(field, "key_id"))
    name = join(field, "verifying_key")
    canonical = read_bytes(message.verifying_key, name, 0, MAX_KEY_BYTES)
    if canonical and sha256(canonical).hexdigest() != key_id:
        raise MalformedError(Reason.CONFLICTING_FIELDS, name, found="another key", expected="the key of this id")
    statement = read_statement_name(message.statement, join(field, "statement"))
    return TrustedKey(key_id, statement, message.is_for_development, canonical)


def read_committee(message: verifier_service_pb2.TrustedCommittee, field: str) -> TrustedCommittee:
    """Those who sign facts of one kind."""
    with reading(join(field, "scope")):
        require_label(message.scope, "scope")
    members = read_keys(message.members, join(field, "members"), KEY_BYTES, most=MAX_SIGNATURES)
    for place, (before, after) in enumerate(pairwise(members), start=1):
        if before >= after:
            name, expected = join(field, f"members[{place}]"), "each once, in rising order"
            raise MalformedError(Reason.DUPLICATE_FIELD, name, found="another order", expected=expected)
    threshold = read_range(message.threshold, join(field, "threshold"), 1, MAX_SIGNATURES)
    age = join(field, "longest_age_seconds")
    return TrustedCommittee(
        purpose=read_choice(message.kind, PURPOSES, join(field, "kind")),
        scope=message.scope,
        digest=read_digest(message.digest, join(field, "digest")),
        threshold=threshold,
        quorum=read_range(message.quorum, join(field, "quorum"), threshold, MAX_SIGNATURES),
        members=members,
        longest_age_seconds=read_range(message.longest_age_seconds, age, 0, MAX_SPAN_SECONDS),
    )


def write_committee(committee: TrustedCommittee) -> verifier_service_pb2.TrustedCommittee:
    """A committee as a message."""
    return verifier_service_pb2.TrustedCommittee(
        kind=PURPOSE_NUMBERS[committee.purpose],
        scope=committee.scope,
        digest=committee.digest,
        threshold=committee.threshold,
        quorum=committee.quorum,
        members=committee.members,
        longest_age_seconds=committee.longest_age_seconds,
    )


def read_destination(message: verifier_service_pb2.TrustedDestination, field: str) -> TrustedDestination:
    """Where collateral can be pledged to."""
    for part in ("entry", "upkeep"):
        require_part(message, part, field)
    period = join(field, "acceptance_seconds")
    return TrustedDestination(
        chain_id=read_range(message.chain_id, join(field, "chain_id"), 1, 2**CHAIN_ID_BITS - 1),
        contract=read_bytes(message.contract, join(field, "contract"), 1, MAX_ADDRESS_BYTES),
        entry=read_policy(message.entry, join(field, "entry")),
        upkeep=read_policy(message.upkeep, join(field, "upkeep")),
        acceptance_seconds=read_range(message.acceptance_seconds, period, 1, MAX_SPAN_SECONDS),
    )


def write_destination(destination: TrustedDestination) -> verifier_service_pb2.TrustedDestination:
    """A destination as a message."""
    return verifier_service_pb2.TrustedDestination(
        chain_id=destination.chain_id,
        contract=destination.contract,
        entry=write_policy(destination.entry),
        upkeep=write_policy(destination.upkeep),
        acceptance_seconds=destination.acceptance_seconds,
    )


def read_keys(
    keys: Sequence[bytes], field: str, length: int, *, least: int = 0, most: int = MAX_SIGNERS
) -> tuple[bytes, ...]:
    """Keys or addresses of one length, none of them twice."""
    read_count(keys, field, least, most)
    for place, each in enumerate(keys):
        if read_bytes(each, f"{field}[{place}]", length, length) in keys[:place]:
            name, expected = f"{field}[{place}]", "different keys"
            raise MalformedError(Reason.DUPLICATE_FIELD, name, found="one twice", expected=expected)
    return tuple(keys)
