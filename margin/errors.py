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
    """Not a number in decimal digits, in a string and without an exponent."""
    NOT_AN_INTEGER = "NOT_AN_INTEGER"
    """Not a whole number in its one spelling."""
    NOT_A_RATE = "NOT_A_RATE"
    """Not a rate: a decimal, a percentage or a fraction."""
    NOT_A_CHOICE = "NOT_A_CHOICE"
    """Not one of the names or numbers that there are."""
    NOT_A_STRING = "NOT_A_STRING"
    """A text belongs here."""
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    """A table or an object belongs here."""
    NOT_A_LIST = "NOT_A_LIST"
    """A list belongs here."""
    NOT_READABLE = "NOT_READABLE"
    """The file, the line, the bytes or the document cannot be read as what they claim to be."""
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    """A field that nobody reads."""
    MISSING_FIELD = "MISSING_FIELD"
    """A field that has to be there."""
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    """What may stand once stands twice, or a list is not in its one order."""
    CONFLICTING_FIELDS = "CONFLICTING_FIELDS"
    """Two fields that do not go together."""
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    """Smaller, larger, shorter or longer than it may be."""
    NOT_ON_GRID = "NOT_ON_GRID"
    """A part of a lot, of a tick, of a money unit or of a ppm."""
    WRONG_UNIT = "WRONG_UNIT"
    """In another unit than the one that is counted in."""
    WRONG_COUNT = "WRONG_COUNT"
    """Too many or too few of something."""
    TIERS_UNSORTED = "TIERS_UNSORTED"
    """Tiers that do not rise."""
    TIERS_DISCONTINUOUS = "TIERS_DISCONTINUOUS"
    """Tiers with a jump or a gap between them."""
    OUTSIDE_TABLE = "OUTSIDE_TABLE"
    """A position smaller than the first floor of a partial table."""
    UNKNOWN_POLICY = "UNKNOWN_POLICY"
    """There is no policy of that name."""
    UNKNOWN_MARKET = "UNKNOWN_MARKET"
    """The policy has no such market."""
    UNKNOWN_ASSET = "UNKNOWN_ASSET"
    """There is no such asset, or the basket does not hold it."""
    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    """There is no such instrument."""
    MISSING_PRICE = "MISSING_PRICE"
    """Something has no price."""
    LEVERAGE_TOO_HIGH = "LEVERAGE_TOO_HIGH"
    """More leverage than the tier allows."""
    POSITION_TOO_LARGE = "POSITION_TOO_LARGE"
    """Larger than the last tier."""
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    """The equity does not cover the requirement."""
    NOT_LIQUIDATABLE = "NOT_LIQUIDATABLE"
    """The position is not breached, or cannot be closed as asked."""
    NOT_APPLICABLE = "NOT_APPLICABLE"
    """The question does not apply to this."""
    NOT_IN_TREE = "NOT_IN_TREE"
    """A leaf that is not in the tree, or a path that does not lead to its root."""
    WRONG_FILE = "WRONG_FILE"
    """Not the file that is meant."""
    WRONG_PASSPHRASE = "WRONG_PASSPHRASE"  # noqa: S105 - the name of a reason
    """A passphrase that does not open it, or a file that was altered: both look the same."""
    WRONG_ROOT = "WRONG_ROOT"
    """A root that was not published by those who are trusted with it."""
    WRONG_CONTEXT = "WRONG_CONTEXT"
    """Good at another place: verifier, domain, chain, contract, recipient, store or log."""
    WRONG_POLICY = "WRONG_POLICY"
    """Another policy than the one that is demanded or in force."""
    WRONG_TRANSITION = "WRONG_TRANSITION"
    """Other leaves, other flows or another queue than those that were proved."""
    EXPIRED = "EXPIRED"
    """Its time is over."""
    NOT_A_KEY = "NOT_A_KEY"
    """Not a key, or not one that is allowed."""
    WRONG_SIGNATURE = "WRONG_SIGNATURE"
    """Not a signature of this key over these bytes, in its one spelling."""
    WRONG_MESSAGE = "WRONG_MESSAGE"
    """A statement of another kind."""
    WRONG_COMMITTEE = "WRONG_COMMITTEE"
    """Not made by the committee that may make it and is in force."""
    UNKNOWN_SIGNER = "UNKNOWN_SIGNER"
    """Signed by somebody who is no member, or whose key is not pinned."""
    REVOKED_SIGNER = "REVOKED_SIGNER"
    """Signed by a key that governance revoked."""
    EXPIRED_SIGNER = "EXPIRED_SIGNER"
    """Signed by a key outside its time."""
    NO_SIGNER = "NO_SIGNER"
    """There is no key to sign with."""
    TOO_FEW_SIGNERS = "TOO_FEW_SIGNERS"
    """Fewer than the threshold, or the quorum, asks for."""
    NOT_RISING = "NOT_RISING"
    """A sequence, an epoch or a version that does not follow the last one."""
    EQUIVOCATION = "EQUIVOCATION"
    """Two statements with one number: its signers said both."""
    TOO_OLD = "TOO_OLD"
    """Older than it may be."""
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    """Further ahead than the clocks of its signers may be."""
    NOT_ACTIVE = "NOT_ACTIVE"
    """Not in force yet."""
    NOT_FINAL = "NOT_FINAL"
    """Of a block that its chain could still take back."""
    UNKNOWN_FEED = "UNKNOWN_FEED"
    """A price of a feed that has no rule."""
    CONFIDENCE_TOO_WIDE = "CONFIDENCE_TOO_WIDE"
    """A price that is not sure enough of itself."""
    FEEDS_DISAGREE = "FEEDS_DISAGREE"
    """Too few reports of a price are near to each other."""
    JUMP_TOO_LARGE = "JUMP_TOO_LARGE"
    """A price further from the last one than fewer signers than the quorum can say."""
    WRONG_PROOF = "WRONG_PROOF"
    """A path that does not show what it should."""
    WRONG_SCHEMA = "WRONG_SCHEMA"
    """A store or a copy of another version, or not whole."""
    WRONG_POSITION = "WRONG_POSITION"
    """A proof about another position."""
    WRONG_STATE = "WRONG_STATE"
    """The acceptance, or the operation, is not where it would have to be."""
    NULLIFIER_SPENT = "NULLIFIER_SPENT"
    """The lock was used before; or a leaf of a book was succeeded, or its position born, before."""
    NULLIFIER_NOT_HELD = "NULLIFIER_NOT_HELD"
    """The acceptance does not hold the lock."""
    LAPSED = "LAPSED"
    """The acceptance was not refreshed in time."""
    NOT_LAPSED = "NOT_LAPSED"
    """The acceptance still lives, so that nothing of it can be seized."""
    CLAIM_USED = "CLAIM_USED"
    """The claim was used for something else."""
    REQUEST_REUSED = "REQUEST_REUSED"
    """Another question was asked under this request id."""
    UNKNOWN_ACCEPTANCE = "UNKNOWN_ACCEPTANCE"
    """There is no such acceptance, or it is not the caller's to see."""
    LOG_SHRUNK = "LOG_SHRUNK"
    """The log has fewer leaves than it had."""
    LOG_FORKED = "LOG_FORKED"
    """The log has another history than the one that was seen."""
    LOG_UNWITNESSED = "LOG_UNWITNESSED"
    """A log without the witness that goes with it."""
    NOT_IN_LOG = "NOT_IN_LOG"
    """Something that the log does not have."""
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    """The store cannot be read or written now; the same request asked again tells what became of it."""
    NO_RECOURSE = "NO_RECOURSE"
    """What a trader left for the venue would not take the lock that the acceptance holds."""
    REVERTED = "REVERTED"
    """A contract of a chain refuses the call, by the error that is found."""
    NOT_MINED = "NOT_MINED"
    """No block takes the transaction for what may be paid; another one with its number may have come before."""
    CHAIN_UNAVAILABLE = "CHAIN_UNAVAILABLE"
    """No node of a chain answers as nodes do, now; nothing was done by the question."""
    CHAIN_REWRITTEN = "CHAIN_REWRITTEN"
    """What was final is another now, or nodes contradict each other or themselves: somebody has to look."""
    WRONG_LOGS = "WRONG_LOGS"
    """Logs do not come to the hash that their contract keeps over its events: some are missing, doubled or altered."""
    BACKEND_MISSING = "BACKEND_MISSING"
    """This installation lacks the part that would do it."""
    BROKEN_INVARIANT = "BROKEN_INVARIANT"
    """A defect, or a store that somebody altered."""


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
