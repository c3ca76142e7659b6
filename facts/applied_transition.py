"""What a verifier writes into its log when positions change in a venue's book: one entry, in canonical bytes.

    prefix, kind 1, development 1, moment 8, leaves: number 1 and 32 for each, claim: length 2, id 32, key id 32,
    public inputs

Numbers are big-endian. ``leaves`` are those that stand in the book afterwards, in the order in which they were proved.
What was spent are the nullifiers of the claim, all of them: those of the leaves that were there before, and those of
positions that were born. What flowed stands only in the hash that the claim has in the place of a policy.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from facts.canonical import LENGTH_BYTES, ByteReader, encode_number, frame, prefix_of
from facts.elements import require_bits, require_element, require_range
from facts.log_entry import MOMENT_BITS, LoggedClaim, encode_set, read_set
from margin.errors import MalformedError, Reason

APPLIED_PREFIX: Final = prefix_of("applied_transition")
MOST_LEAVES: Final = 16


class TransitionKind(IntEnum):
    """What changed the positions; zero is nothing."""

    TRANSITION = 1
    """Their owner."""
    LIQUIDATION = 2
    """The venue, because a position was breached."""


@dataclass(frozen=True, slots=True)
class AppliedTransition:
    """One leaf of the log: old leaves of a book were succeeded by new ones."""

    kind: TransitionKind
    is_for_development: bool
    """The key was made for development, and nothing was proved."""
    moment: int
    leaves: tuple[int, ...]
    claim: LoggedClaim

    def __post_init__(self) -> None:
        require_bits(self.moment, "moment", MOMENT_BITS)
        if not 1 <= len(self.leaves) <= MOST_LEAVES:
            found, expected = f"{len(self.leaves)} leaves", f"1 to {MOST_LEAVES}"
            raise MalformedError(Reason.WRONG_COUNT, "leaves", found=found, expected=expected)
        for leaf in self.leaves:
            if require_element(leaf, "leaves") == 0:
                raise MalformedError(Reason.OUT_OF_BOUNDS, "leaves", found="0", expected="elements above 0")
        if not self.claim.inputs.nullifiers:
            expected = "at least one nullifier"
            raise MalformedError(Reason.WRONG_COUNT, "claim.nullifiers", found="none", expected=expected)

    @property
    def id(self) -> str:
        """The id of the claim: the same claim is the same transition."""
        return self.claim.id

    @property
    def spent(self) -> tuple[int, ...]:
        """What can never be spent again."""
        return self.claim.inputs.nullifiers

    def encode(self) -> bytes:
        """The canonical bytes, which are the data of the leaf."""
        return b"".join(
            (
                APPLIED_PREFIX,
                bytes((self.kind, self.is_for_development)),
                encode_number(self.moment),
                encode_set(self.leaves),
                frame(self.claim.encode()),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "AppliedTransition":
        """An entry from its canonical bytes, all of them."""
        reader = ByteReader(data)
        reader.expect(APPLIED_PREFIX, "entry")
        kind, is_for_development = reader.number("kind", 1), reader.number("is_for_development", 1)
        moment, leaves = reader.number("moment"), read_set(reader, "leaves")
        claim = reader.take(reader.number("claim", LENGTH_BYTES), "claim")
        reader.finish("entry")
        return cls(
            TransitionKind(require_range(kind, "kind", min(TransitionKind), max(TransitionKind), "a kind")),
            bool(require_range(is_for_development, "is_for_development", 0, 1, "0 or 1")),
            moment,
            leaves,
            LoggedClaim.decode(claim),
        )
