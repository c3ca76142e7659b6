"""How the rules of margin say no: four kinds of error, each with a stable reason.

An error names the field, what was found there and what was expected, so that a person can mend
the input and a program can act on ``reason`` without reading prose.
"""

from enum import StrEnum
from fractions import Fraction
from typing import ClassVar


class Reason(StrEnum):
    """Stable machine-readable reasons; a reason is never renamed or reused."""

    NOT_A_DECIMAL = "NOT_A_DECIMAL"
    NOT_AN_INTEGER = "NOT_AN_INTEGER"
    NOT_A_RATE = "NOT_A_RATE"
    NOT_A_CHOICE = "NOT_A_CHOICE"
    NOT_A_STRING = "NOT_A_STRING"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    NOT_A_LIST = "NOT_A_LIST"
    NOT_READABLE = "NOT_READABLE"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    MISSING_FIELD = "MISSING_FIELD"
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    CONFLICTING_FIELDS = "CONFLICTING_FIELDS"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    NOT_ON_GRID = "NOT_ON_GRID"
    WRONG_UNIT = "WRONG_UNIT"
    WRONG_COUNT = "WRONG_COUNT"
    TIERS_UNSORTED = "TIERS_UNSORTED"
    TIERS_DISCONTINUOUS = "TIERS_DISCONTINUOUS"
    OUTSIDE_TABLE = "OUTSIDE_TABLE"
    UNKNOWN_POLICY = "UNKNOWN_POLICY"
    UNKNOWN_MARKET = "UNKNOWN_MARKET"
    UNKNOWN_ASSET = "UNKNOWN_ASSET"
    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    MISSING_PRICE = "MISSING_PRICE"
    LEVERAGE_TOO_HIGH = "LEVERAGE_TOO_HIGH"
    POSITION_TOO_LARGE = "POSITION_TOO_LARGE"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    NOT_LIQUIDATABLE = "NOT_LIQUIDATABLE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_IN_TREE = "NOT_IN_TREE"
    WRONG_FILE = "WRONG_FILE"
    WRONG_PASSPHRASE = "WRONG_PASSPHRASE"  # noqa: S105 - the name of a reason
    WRONG_ROOT = "WRONG_ROOT"
    WRONG_CONTEXT = "WRONG_CONTEXT"
    WRONG_POLICY = "WRONG_POLICY"
    EXPIRED = "EXPIRED"
    NOT_A_KEY = "NOT_A_KEY"
    WRONG_SIGNATURE = "WRONG_SIGNATURE"
    WRONG_MESSAGE = "WRONG_MESSAGE"
    WRONG_COMMITTEE = "WRONG_COMMITTEE"
    UNKNOWN_SIGNER = "UNKNOWN_SIGNER"
    REVOKED_SIGNER = "REVOKED_SIGNER"
    EXPIRED_SIGNER = "EXPIRED_SIGNER"
    TOO_FEW_SIGNERS = "TOO_FEW_SIGNERS"
    NOT_RISING = "NOT_RISING"
    EQUIVOCATION = "EQUIVOCATION"
    TOO_OLD = "TOO_OLD"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    NOT_ACTIVE = "NOT_ACTIVE"
    NOT_FINAL = "NOT_FINAL"
    UNKNOWN_FEED = "UNKNOWN_FEED"
    CONFIDENCE_TOO_WIDE = "CONFIDENCE_TOO_WIDE"
    FEEDS_DISAGREE = "FEEDS_DISAGREE"
    JUMP_TOO_LARGE = "JUMP_TOO_LARGE"
    WRONG_PROOF = "WRONG_PROOF"
    WRONG_SCHEMA = "WRONG_SCHEMA"
    WRONG_POSITION = "WRONG_POSITION"
    WRONG_STATE = "WRONG_STATE"
    NULLIFIER_SPENT = "NULLIFIER_SPENT"
    NULLIFIER_NOT_HELD = "NULLIFIER_NOT_HELD"
    LAPSED = "LAPSED"
    NOT_LAPSED = "NOT_LAPSED"
    CLAIM_USED = "CLAIM_USED"
    REQUEST_REUSED = "REQUEST_REUSED"
    UNKNOWN_ACCEPTANCE = "UNKNOWN_ACCEPTANCE"
    LOG_SHRUNK = "LOG_SHRUNK"
    LOG_FORKED = "LOG_FORKED"
    LOG_UNWITNESSED = "LOG_UNWITNESSED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    BACKEND_MISSING = "BACKEND_MISSING"
    BROKEN_INVARIANT = "BROKEN_INVARIANT"


class MarginError(Exception):
    """A refusal: ``field`` was ``found`` where ``expected`` was asked for."""

    kind: ClassVar[str] = "error"

    def __init__(self, reason: Reason, field: str, *, found: object, expected: str) -> None:
        self.reason = reason
        self.field = field
        self.found = shorten(found)
        self.expected = expected
        super().__init__(f"{field}: found {self.found}, expected {expected}")

    def under(self, parent: str) -> "MarginError":
        """The same error seen from one level further out: ``tiers[3]`` + ``floor``."""
        separator = "" if self.field.startswith("[") or not self.field else "."
        path = f"{parent}{separator}{self.field}" if parent else self.field
        return type(self)(self.reason, path, found=self.found, expected=self.expected)


class MalformedError(MarginError):
    """The input can't be read as what it claims to be."""

    kind = "malformed"


class MisuseError(MarginError):
    """The input is well-formed, but the question does not apply to it."""

    kind = "misuse"


class RejectedError(MarginError):
    """A rule of margin says no."""

    kind = "rejected"


class InternalError(MarginError):
    """An invariant of this package broke; nothing that was computed may be used."""

    kind = "internal"


LONGEST_ECHO = 80


def shorten(found: object) -> str:
    """What was found, bounded, so that hostile input can't flood an error text."""
    text = str(found) if isinstance(found, str | Fraction) else repr(found)
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}... ({len(text)} characters)"
