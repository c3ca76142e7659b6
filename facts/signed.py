"""A statement with the signatures under it, as it travels; nothing in it is believed before it was verified.

    signed = "ringfence.v1.signed" + line feed + frame(statement) + count (1 byte) + count * (key 32, signature 64)

What is signed is the statement's canonical bytes, which begin with the prefix of its kind, so that a signature under a
statement of one kind is none under another. Signatures stand by rising key: nobody can be there twice, and a set of
them has one spelling.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from itertools import pairwise
from typing import ClassVar, Final, Generic, Protocol, Self, TypeVar

from facts.canonical import ByteReader, encode_number, frame, prefix_of
from facts.ed25519 import KEY_BYTES, SIGNATURE_BYTES, Signer
from margin.errors import MalformedError, Reason

SIGNED_PREFIX: Final = prefix_of("signed")
COUNT_BYTES: Final = 1
MAX_SIGNATURES: Final = 64
MAX_STATEMENT_BYTES: Final = 2**16 - 1


@unique
class Purpose(StrEnum):
    """What a committee speaks of; each kind of statement is signed by one of them."""

    GOVERNANCE = "governance"
    ORACLE = "oracle"
    VENUE = "venue"
    WATCHERS = "watchers"
    ATTESTERS = "attesters"
    """Of the reserves of venues."""


@unique
class Kind(StrEnum):
    """Every kind of statement that is signed, as its prefix names it."""

    PRICE_REPORT = "price-report"
    MARKET_ROUND = "market-round"
    BOOK_ROOT = "book-root"
    LOCK_ROOT = "lock-root"
    POLICY_VERSION = "policy-version"
    APPOINTMENT = "appointment"
    REVOCATION = "revocation"
    RESERVE = "reserve"


class Statement(Protocol):
    """What can be signed."""

    KIND: ClassVar[Kind]
    SIGNED_BY: ClassVar[Purpose]

    @property
    def scope(self) -> str:
        """Which of the committees with this purpose speaks: an oracle, a venue, a chain."""

    @property
    def committee(self) -> bytes:
        """The digest of the very committee that speaks."""

    def encode(self) -> bytes:
        """The canonical bytes, which are what is signed."""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The statement of canonical bytes; any other bytes are refused."""


StatementT = TypeVar("StatementT", bound=Statement)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and whose it claims to be."""

    key: bytes
    signature: bytes

    def __post_init__(self) -> None:
        for name, length in (("key", KEY_BYTES), ("signature", SIGNATURE_BYTES)):
            if len(getattr(self, name)) != length:
                found = f"{len(getattr(self, name))} bytes"
                raise MalformedError(Reason.WRONG_COUNT, name, found=found, expected=f"{length} bytes")


@dataclass(frozen=True, slots=True)
class Signed(Generic[StatementT]):
    """A statement and its signatures, not yet verified."""

    statement: StatementT
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            found, expected = f"{len(self.signatures)} signatures", f"1 to {MAX_SIGNATURES}"
            raise MalformedError(Reason.WRONG_COUNT, "signatures", found=found, expected=expected)
        for place, (before, after) in enumerate(pairwise(self.signatures), start=1):
            if before.key >= after.key:
                name = f"signatures[{place}].key"
                found = "the signer before it" if before.key == after.key else "another order"
                raise MalformedError(
                    Reason.DUPLICATE_FIELD, name, found=found, expected="each signer once, keys rising"
                )

    def encode(self) -> bytes:
        """The bytes that travel."""
        signatures = (each.key + each.signature for each in self.signatures)
        count = encode_number(len(self.signatures), COUNT_BYTES)
        return b"".join((SIGNED_PREFIX, frame(self.statement.encode()), count, *signatures))


def decode_signed(data: bytes, statement: type[StatementT]) -> Signed[StatementT]:
    """A signed statement of the kind that is looked for, from the bytes that travelled."""
    reader = ByteReader(data)
    reader.expect(SIGNED_PREFIX, "signed")
    stated = statement.decode(reader.framed("statement", MAX_STATEMENT_BYTES))
    count = reader.number("signatures", COUNT_BYTES)
    pairs = [(reader.take(KEY_BYTES, "key"), reader.take(SIGNATURE_BYTES, "signature")) for _ in range(count)]
    reader.finish("signed")
    return Signed(stated, tuple(Signature(*pair) for pair in pairs))


def kind_of(data: bytes) -> Kind:
    """Of what kind the signed statement in some bytes says that it is; nothing else of it is looked at."""
    reader = ByteReader(data)
    reader.expect(SIGNED_PREFIX, "signed")
    stated = reader.framed("statement", MAX_STATEMENT_BYTES)
    for kind in Kind:
        if stated.startswith(prefix_of(kind)):
            return kind
    expected = f"one of {', '.join(Kind)}"
    raise MalformedError(Reason.WRONG_MESSAGE, "statement", found="another kind", expected=expected)


def sign_statement(statement: Statement, signer: Signer) -> Signature:
    """What one signer adds."""
    return Signature(signer.public_key, signer.sign(statement.encode()))


def gather_signatures(statement: StatementT, signatures: Iterable[Signature]) -> Signed[StatementT]:
    """The statement with what its signers added, in the one order that there is."""
    return Signed(statement, tuple(sorted(signatures, key=lambda each: each.key)))
