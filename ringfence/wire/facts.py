"""Signed facts on their way to a registry, and the roots that hold there.

On the wire a fact stands apart from its signatures, so that any language can check them; inside it travels and is kept
as the canonical bytes of ``facts.signed``. Here one becomes the other, and nothing is verified.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from facts.book_root import BookRoot
from facts.canonical import SEQUENCE_BITS
from facts.ed25519 import KEY_BYTES, SIGNATURE_BYTES
from facts.lock_root import LockRoot
from facts.market_round import MarketRound, PriceReport
from facts.policy_version import PolicyVersion
from facts.roots import PublishedRoot, PublishedRoots
from facts.roster import Appointment, Revocation
from facts.signed import (
    MAX_SIGNATURES,
    MAX_STATEMENT_BYTES,
    Kind,
    Signature,
    Signed,
    Statement,
    decode_signed,
    kind_of,
)
from facts.solvency.reserves import Reserve
from margin.errors import MalformedError, Reason
from ringfence.v1 import registry_service_pb2
from ringfence.wire.elements import (
    join,
    read_bytes,
    read_count,
    read_field_element,
    read_moment,
    read_range,
    reading,
    require_part,
    write_field_element,
    write_moment,
)

STATEMENTS: Final[Mapping[Kind, type[Statement]]] = MappingProxyType(
    {
        Kind.PRICE_REPORT: PriceReport,
        Kind.MARKET_ROUND: MarketRound,
        Kind.BOOK_ROOT: BookRoot,
        Kind.LOCK_ROOT: LockRoot,
        Kind.POLICY_VERSION: PolicyVersion,
        Kind.APPOINTMENT: Appointment,
        Kind.REVOCATION: Revocation,
        Kind.RESERVE: Reserve,
    }
)
MAX_CHAINS: Final = 64


def read_signed_fact(message: registry_service_pb2.SignedFact, kind: Kind, field: str = "fact") -> bytes:
    """The bytes of a signed statement of a kind, well formed to the last field."""
    read_count(message.signatures, join(field, "signatures"), 1, MAX_SIGNATURES)
    read_bytes(message.statement, join(field, "statement"), 1, MAX_STATEMENT_BYTES)
    with reading(join(field, "statement")):
        statement = STATEMENTS[kind].decode(message.statement)
    signatures = tuple(
        read_signature(each, join(field, f"signatures[{place}]")) for place, each in enumerate(message.signatures)
    )
    for place, (before, after) in enumerate(pairwise(signatures), start=1):
        if before.key >= after.key:
            name, expected = join(field, f"signatures[{place}].public_key"), "each signer once, keys rising"
            raise MalformedError(Reason.DUPLICATE_FIELD, name, found="another order", expected=expected)
    return Signed(statement, signatures).encode()


def read_signature(message: registry_service_pb2.FactSignature, field: str) -> Signature:
    """A signature, and whose it claims to be."""
    return Signature(
        read_bytes(message.public_key, join(field, "public_key"), KEY_BYTES, KEY_BYTES),
        read_bytes(message.signature, join(field, "signature"), SIGNATURE_BYTES, SIGNATURE_BYTES),
    )


def write_signed_fact(signed: bytes) -> registry_service_pb2.SignedFact:
    """A signed statement of any kind as a message."""
    decoded = decode_any(signed)
    return registry_service_pb2.SignedFact(
        statement=decoded.statement.encode(),
        signatures=[
            registry_service_pb2.FactSignature(public_key=each.key, signature=each.signature)
            for each in decoded.signatures
        ],
    )


def decode_any(signed: bytes) -> Signed[Statement]:
    """A signed statement of whichever kind its bytes begin with."""
    return decode_signed(signed, STATEMENTS[kind_of(signed)])


# --- The roots that hold ---------------------------------------------------------------------------------


def read_roots(message: registry_service_pb2.Roots, field: str = "roots") -> PublishedRoots:
    """The roots that a registry says hold."""
    return PublishedRoots(
        book=read_root_if_any(message, "book", Kind.BOOK_ROOT, field),
        market=read_root_if_any(message, "market", Kind.MARKET_ROUND, field),
        locks=read_root_if_any(message, "locks", Kind.LOCK_ROOT, field),
    )


def read_root_if_any(message: registry_service_pb2.Roots, name: str, kind: Kind, field: str) -> PublishedRoot | None:
    """One of the roots, where it was published."""
    if not message.HasField(name):
        return None
    most = MAX_CHAINS if kind is Kind.LOCK_ROOT else 1
    return read_published_root(getattr(message, name), kind, most, join(field, name))


def read_published_root(
    message: registry_service_pb2.PublishedRoot, kind: Kind, most: int, field: str
) -> PublishedRoot:
    """A root with at most so many facts of a kind."""
    observed_at = read_moment(message.observed_at_seconds, join(field, "observed_at_seconds"))
    return PublishedRoot(
        root=read_field_element(message.root, join(field, "root")),
        sequence=read_range(message.sequence, join(field, "sequence"), 1, 2**SEQUENCE_BITS - 1),
        observed_at=observed_at,
        expires_at=read_moment(message.expires_at_seconds, join(field, "expires_at_seconds")),
        facts=read_facts(message.facts, kind, most, join(field, "facts")),
    )


def read_facts(
    messages: Sequence[registry_service_pb2.SignedFact], kind: Kind, most: int, field: str
) -> tuple[bytes, ...]:
    """Signed statements of a kind."""
    read_count(messages, field, 1, most)
    return tuple(read_signed_fact(each, kind, f"{field}[{place}]") for place, each in enumerate(messages))


def write_roots(roots: PublishedRoots) -> registry_service_pb2.Roots:
    """The roots as a message."""
    return registry_service_pb2.Roots(
        book=None if roots.book is None else write_published_root(roots.book),
        market=None if roots.market is None else write_published_root(roots.market),
        locks=None if roots.locks is None else write_published_root(roots.locks),
    )


def write_published_root(published: PublishedRoot) -> registry_service_pb2.PublishedRoot:
    """A root as a message."""
    return registry_service_pb2.PublishedRoot(
        root=write_field_element(published.root),
        sequence=published.sequence,
        observed_at_seconds=write_moment(published.observed_at),
        expires_at_seconds=write_moment(published.expires_at),
        facts=map(write_signed_fact, published.facts),
    )


def require_roots(message: registry_service_pb2.GetRootsResponse) -> PublishedRoots:
    """The roots of an answer, which has them."""
    require_part(message, "roots", "")
    return read_roots(message.roots)
