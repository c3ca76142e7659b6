"""What a verifier writes into its log: one entry for everything that happens to an acceptance, in canonical bytes.

    prefix, event 1, state 1, acceptance 32, revision 8, moment 8, lapses at 8,
    held: number 1 and 32 for each, left: number 1 and 32 for each, claim: length 2, id 32, key id 32, public inputs

Numbers are big-endian. ``state`` and ``held`` are those after the event, ``left`` are the nullifiers that left
the set; both stand in rising order. A lapse needs no proof and has no claim, and nor has a release that is the will of
whoever the collateral was pledged to. Everything here is public to whoever may read the log; where the claim is good
stands only in the hash that its context is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from facts.canonical import LENGTH_BYTES, NUMBER_BYTES, ByteReader, frame, prefix_of
from facts.elements import require_bits, require_element, require_range
from facts.public_inputs import KEY_ID_BYTES, PublicInputs, decode_key_id
from margin.errors import MalformedError, Reason
from snark.bn254.constants import FIELD_BYTES

ENTRY_PREFIX: Final = prefix_of("log_entry")
MAX_HELD: Final = 64
"""So many locks an acceptance may hold: more than one proof shows, because a refresh lists only those it needs."""
MOMENT_BITS: Final = 62
"""Seconds since 1970, and revisions, as every store can hold them."""


class Event(IntEnum):
    """What happened; zero is none."""

    ACCEPT = 1
    REFRESH = 2
    FREE = 3
    LAPSE = 4
    SEIZE = 5


class State(IntEnum):
    """Where an acceptance stands; zero is nowhere."""

    ACCEPTED = 1
    REFRESHED = 2
    RELEASED = 3
    LAPSED = 4
    SEIZED = 5

    @property
    def is_live(self) -> bool:
        """Whether an acceptance in it can be relied on until it lapses."""
        return self in {State.ACCEPTED, State.REFRESHED}


@dataclass(frozen=True, slots=True)
class LoggedClaim:
    """The claim that an event rests on."""

    id: str
    key_id: str
    inputs: PublicInputs

    def __post_init__(self) -> None:
        require_identity(self.id, "claim")
        decode_key_id(self.key_id)

    def encode(self) -> bytes:
        """Both ids, then the public inputs."""
        return bytes.fromhex(self.id) + bytes.fromhex(self.key_id) + self.inputs.encode()

    @classmethod
    def decode(cls, data: bytes) -> "LoggedClaim":
        """A claim from its canonical bytes."""
        ids, inputs = data[: 2 * KEY_ID_BYTES], data[2 * KEY_ID_BYTES :]
        return cls(ids[:KEY_ID_BYTES].hex(), ids[KEY_ID_BYTES:].hex(), PublicInputs.decode(inputs))


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One leaf of the log."""

    event: Event
    state: State
    acceptance: str
    """The id of the claim that was accepted first."""
    revision: int
    """How many events the acceptance had before this one."""
    moment: int
    lapses_at: int
    held: tuple[int, ...]
    left: tuple[int, ...]
    claim: LoggedClaim | None

    def __post_init__(self) -> None:
        require_identity(self.acceptance, "acceptance")
        for name in ("revision", "moment", "lapses_at"):
            require_bits(getattr(self, name), name, MOMENT_BITS)
        for name in ("held", "left"):
            require_set(getattr(self, name), name)
        if self.event is not Event.FREE and (self.claim is None) != (self.event is Event.LAPSE):
            expected = "a claim, or none where an acceptance lapses"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "claim", found=self.event.name.lower(), expected=expected)
        if self.event is Event.FREE and self.claim is None and self.state is not State.RELEASED:
            expected = "a claim where locks stay"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "claim", found="none", expected=expected)

    def encode(self) -> bytes:
        """The canonical bytes, which are the data of the leaf."""
        numbers = (self.revision, self.moment, self.lapses_at)
        return b"".join(
            (
                ENTRY_PREFIX,
                bytes((self.event, self.state)),
                bytes.fromhex(self.acceptance),
                *(number.to_bytes(NUMBER_BYTES, "big") for number in numbers),
                encode_set(self.held),
                encode_set(self.left),
                frame(self.claim.encode() if self.claim else b""),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "LogEntry":
        """An entry from its canonical bytes, all of them."""
        reader = ByteReader(data)
        if reader.take(len(ENTRY_PREFIX), "entry") != ENTRY_PREFIX:
            raise MalformedError(Reason.NOT_READABLE, "entry", found="another prefix", expected="an entry of the log")
        event, state = reader.take(2, "entry")
        acceptance = reader.take(KEY_ID_BYTES, "entry").hex()
        revision, moment, lapses_at = (reader.number("entry") for _ in range(3))
        held, left = (read_set(reader, "entry") for _ in range(2))
        claim = reader.take(reader.number("entry", LENGTH_BYTES), "entry")
        reader.finish("entry")
        return cls(
            Event(require_range(event, "event", min(Event), max(Event), "an event")),
            State(require_range(state, "state", min(State), max(State), "a state")),
            acceptance,
            revision,
            moment,
            lapses_at,
            held,
            left,
            LoggedClaim.decode(claim) if claim else None,
        )


def read_set(reader: ByteReader, field: str) -> tuple[int, ...]:
    """How many, then each."""
    return tuple(reader.number(field, FIELD_BYTES) for _ in range(reader.number(field, 1)))


def encode_set(nullifiers: Sequence[int]) -> bytes:
    """How many, then each."""
    return bytes((len(nullifiers),)) + b"".join(each.to_bytes(FIELD_BYTES, "big") for each in nullifiers)


def require_identity(identity: str, field: str) -> str:
    """The id of a claim: 32 bytes in lower-case hexadecimal, not all zero."""
    try:
        if any(decode_key_id(identity)):
            return identity
    except MalformedError:
        pass
    expected = f"{2 * KEY_ID_BYTES} lower-case hexadecimal digits, not all zero"
    raise MalformedError(Reason.NOT_READABLE, field, found=identity, expected=expected)


def require_set(nullifiers: Sequence[int], field: str) -> None:
    """A bounded number of nullifiers, none of them zero, in rising order so that a set has one spelling."""
    if len(nullifiers) > MAX_HELD:
        found, expected = f"{len(nullifiers)} nullifiers", f"at most {MAX_HELD}"
        raise MalformedError(Reason.WRONG_COUNT, field, found=found, expected=expected)
    for nullifier in nullifiers:
        if require_element(nullifier, field) == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, field, found="0", expected="elements above 0")
    if list(nullifiers) != sorted(set(nullifiers)):
        expected = "each once, in rising order"
        raise MalformedError(Reason.DUPLICATE_FIELD, field, found="another order, or one twice", expected=expected)
