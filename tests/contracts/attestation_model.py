"""What a gate that opens on the word of verifiers has to do, in plain Python: dictionaries, sets and a clock.

Nothing is counted that can be looked up, and of a committee there is the list of its members alone, so that the
contract's counts, its bits and its seats are held against what they stand for. Signers are found by libsecp256k1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chains.development.deployment import role
from chains.gate import LONGEST_PERIOD
from facts.attestation import MAX_AHEAD_SECONDS
from facts.context import MAX_ADDRESS_BYTES
from facts.log_entry import MAX_HELD, Event, State
from facts.secp256k1 import address_of, recover_key
from facts.typed_data import hash_bytes, hash_domain, hash_struct, hash_typed_data, word
from margin.errors import RejectedError
from snark.bn254.constants import GROUP_ORDER
from tests.contracts.arena import APPOINTMENT, RESUMPTION, REVOCATION, STRIKE, Committee, Word, spell

MAX_MEMBERS: Final = 16
GOVERNORS_ROLE, VERIFIERS_ROLE = role("governors"), role("verifiers")
LEADS_TO: Final = {
    Event.ACCEPT: (State.ACCEPTED,),
    Event.REFRESH: (State.REFRESHED,),
    Event.FREE: (State.ACCEPTED, State.REFRESHED, State.RELEASED),
    Event.LAPSE: (State.LAPSED,),
    Event.SEIZE: (State.SEIZED,),
}
LETTING_GO: Final = (Event.FREE, Event.SEIZE)
LIVE: Final = (State.ACCEPTED, State.REFRESHED)
Place = tuple[int, bytes]
"""A chain, and the address of a contract on it."""
Said = tuple[str, tuple[Any, ...]]
"""An event or an error by its name, with what it tells."""
Words = list[int | bytes]
"""An answer as contracts encode it: word after word."""


class RefusedError(Exception):
    """The gate has to say no, and by which error."""

    def __init__(self, name: str, *told: Any) -> None:  # noqa: ANN401 - whatever Solidity has
        super().__init__(name)
        self.said: Said = name, told


@dataclass(frozen=True)
class Message:
    """What is signed of something, for any place."""

    digest_at: Callable[[Place], bytes]

    @classmethod
    def of_word(cls, said: Word) -> "Message":
        """A verifier's."""
        return cls(lambda place: said.digest(*place))

    @classmethod
    def of(cls, kind: str, *words: bytes) -> "Message":
        """The governors'."""
        return cls(lambda place: hash_typed_data(hash_domain(*place), hash_struct(kind, words)))

    @classmethod
    def of_appointment(cls, committee: Committee, epoch: int) -> "Message":
        """Theirs on who is to speak."""
        named, members, threshold = committee
        listed = hash_bytes(b"".join(map(word, read_members(members))))
        return cls.of(APPOINTMENT, named, word(epoch), listed, word(threshold))


@dataclass(frozen=True)
class Bench:
    """A committee, and from when on it speaks."""

    epoch: int
    members: tuple[bytes, ...]
    threshold: int
    speaks_from: int


@dataclass
class Standing:
    """Who spoke in a role, speaks and will; one that was replaced before it spoke is not among them."""

    benches: list[Bench]
    last_epoch: int = 1
    revoked: set[bytes] = field(default_factory=set)

    @classmethod
    def founded(cls, members: Sequence[str], threshold: int) -> "Standing":
        """On the first committee, which speaks at once."""
        return cls([Bench(1, read_members(members), threshold, 0)])

    def speaking(self, now: int) -> Bench:
        """Whoever speaks."""
        return [each for each in self.benches if each.speaks_from <= now][-1]

    def coming(self, now: int) -> Bench | None:
        """Whoever was appointed and does not speak yet."""
        return next((each for each in self.benches if each.speaks_from > now), None)

    def speaks(self, member: bytes, now: int) -> bool:
        """Whether somebody's word counts."""
        return member in self.speaking(now).members and member not in self.revoked


@dataclass(frozen=True)
class Acceptance:
    """What was said last of an acceptance."""

    state: int = 0
    held: int = 0
    revision: int = 0
    moment: int = 0
    lapses_at: int = 0


NOTHING: Final = Acceptance()


@dataclass
class GateModel:
    """The gate."""

    place: Place
    delay: int
    pause_limit: int
    standings: dict[bytes, Standing]
    now: int
    paused_until: int = 0
    acceptances: dict[bytes, Acceptance] = field(default_factory=dict)
    struck: set[bytes] = field(default_factory=set)
    owners: dict[int, bytes] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def hear(self, function: str, arguments: Sequence[Any], caller: bytes) -> list[Said]:
        """The events of a call, or why it is refused."""
        if function == "pause":
            return self._pause(caller)
        calls: dict[str, Callable[..., list[Said]]] = {
            "submit": self._submit,
            "strike": self._strike,
            "appoint": self._appoint,
            "revoke": self._revoke,
            "resume": self._resume,
        }
        return calls[function](*arguments)

    # --- Words of verifiers ------------------------------------------------------------------------------

    def _submit(self, said: Word, signatures: Sequence[bytes]) -> list[Said]:
        require_sense(said)
        self._require_quorum(VERIFIERS_ROLE, Message.of_word(said), signatures)
        known = self.acceptances.get(said.acceptance)
        if known and said.revision == known.revision:
            return []
        if known and said.revision < known.revision:
            if not said.left:
                raise RefusedError("RevisionTooLow", said.acceptance, said.revision, known.revision)
            return self._move((), said.left, said.acceptance)
        self._require_next(said, known)
        events = self._move(said.held, said.left, said.acceptance)
        told = said.state, len(said.held), said.revision, said.moment, said.lapses_at
        self.acceptances[said.acceptance] = Acceptance(*told)
        shown = said.state, said.revision, said.lapses_at, said.policy, tuple(said.held)
        return [*events, ("Attested", (said.acceptance, hash_bytes(said.recipient), *shown))]

    def _require_next(self, said: Word, known: Acceptance | None) -> None:
        """Return if a word can follow what is known, here and now."""
        if known and known.state not in LIVE and (known.state == State.RELEASED or said.state != State.SEIZED):
            raise RefusedError("AcceptanceEnded", said.acceptance, known.state)
        is_live = said.state in LIVE
        if is_live and said.acceptance in self.struck:
            raise RefusedError("AcceptanceStruck", said.acceptance)
        if is_live and not known and self.is_paused:
            raise RefusedError("Paused", self.paused_until)
        if said.moment > self.now + MAX_AHEAD_SECONDS:
            raise RefusedError("FromTheFuture", said.moment)
        if said.lapses_at > said.moment + LONGEST_PERIOD:
            raise RefusedError("PeriodTooLong", said.moment, said.lapses_at)
        if is_live and said.lapses_at <= max(self.now, said.moment):
            raise RefusedError("Expired", said.lapses_at)

    def _move(self, held: Iterable[int], left: Iterable[int], acceptance: bytes) -> list[Said]:
        """Locks are an acceptance's for ever, and what left is over; all of it or nothing."""
        owners, gone, events = dict(self.owners), set(self.gone), list[Said]()

        def claim(nullifier: int) -> None:
            owner = owners.setdefault(nullifier, acceptance)
            if owner != acceptance:
                raise RefusedError("NullifierTaken", nullifier, owner)
            if nullifier in gone:
                raise RefusedError("NullifierSpent", nullifier)

        for nullifier in held:
            claim(nullifier)
        for nullifier in left:
            claim(nullifier)
            gone.add(nullifier)
            events.append(("NullifierLeft", (nullifier, acceptance)))
        self.owners, self.gone = owners, gone
        return events

    # --- Words of governors ------------------------------------------------------------------------------

    def _strike(self, acceptance: bytes, signatures: Sequence[bytes]) -> list[Said]:
        self._require_quorum(GOVERNORS_ROLE, Message.of(STRIKE, acceptance), signatures)
        is_new = acceptance not in self.struck
        self.struck.add(acceptance)
        return [("Struck", (acceptance,))] if is_new else []

    def _appoint(self, committee: Committee, epoch: int, signatures: Sequence[bytes]) -> list[Said]:
        self._require_quorum(GOVERNORS_ROLE, Message.of_appointment(committee, epoch), signatures)
        named, listed, threshold = committee
        standing = self.standings[named]
        if epoch != standing.last_epoch + 1:
            raise RefusedError("EpochNotNext", named, epoch, standing.last_epoch + 1)
        members = read_members(listed)
        if not 0 < len(members) <= MAX_MEMBERS or not len(members) < 2 * threshold <= 2 * len(members):
            raise RefusedError("CommitteeMalformed", named, len(members), threshold)
        for before, member in zip((bytes(20), *members), members, strict=False):
            if member <= before:
                raise RefusedError("MembersNotRising", named, spell(member))
            if member in standing.revoked:
                raise RefusedError("MemberRevoked", named, spell(member))
        standing.benches = [each for each in standing.benches if each.speaks_from <= self.now]
        standing.benches.append(Bench(epoch, members, threshold, self.now + self.delay))
        standing.last_epoch = epoch
        return [("Appointed", (named, epoch, tuple(listed), threshold, self.now + self.delay))]

    def _revoke(self, named: bytes, member: str, signatures: Sequence[bytes]) -> list[Said]:
        address = bytes.fromhex(member[2:])
        self._require_quorum(GOVERNORS_ROLE, Message.of(REVOCATION, named, word(address)), signatures)
        revoked = self.standings[named].revoked
        is_new = address not in revoked
        revoked.add(address)
        return [("Revoked", (named, member))] if is_new else []

    def _pause(self, caller: bytes) -> list[Said]:
        if not self.standings[GOVERNORS_ROLE].speaks(caller, self.now):
            raise RefusedError("NotGovernor", spell(caller))
        if self.paused_until and self.now < self.paused_until + self.pause_limit:
            raise RefusedError("PausedLately", self.paused_until + self.pause_limit)
        self.paused_until = self.now + self.pause_limit
        return [("PauseBegan", (spell(caller), self.paused_until))]

    def _resume(self, signatures: Sequence[bytes]) -> list[Said]:
        if not self.is_paused:
            raise RefusedError("NotPaused")
        self._require_quorum(GOVERNORS_ROLE, Message.of(RESUMPTION, word(self.paused_until)), signatures)
        self.paused_until = self.now
        return [("PauseEnded", ())]

    def _require_quorum(self, named: bytes, message: Message, signatures: Sequence[bytes]) -> None:
        standing, digest = self.standings[named], message.digest_at(self.place)
        threshold = standing.speaking(self.now).threshold
        if not threshold <= len(signatures) <= MAX_MEMBERS:
            raise RefusedError("SignaturesMiscounted", named, len(signatures), threshold)
        previous = bytes(20)
        for index, signature in enumerate(signatures):
            try:
                signer = address_of(recover_key(digest, signature))
            except RejectedError:
                raise RefusedError("SignatureMalformed", index) from None
            if signer <= previous:
                raise RefusedError("SignersNotRising", spell(signer))
            if not standing.speaks(signer, self.now):
                raise RefusedError("SignerUnknown", named, spell(signer))
            previous = signer

    # --- Answers -----------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether what opens is stopped."""
        return self.now < self.paused_until

    def locks_of(self, acceptance: bytes) -> set[int]:
        """Whatever an acceptance ever claimed that has not left it."""
        return {each for each, owner in self.owners.items() if owner == acceptance} - self.gone

    def is_live(self, acceptance: bytes) -> bool:
        """Whether an acceptance can be relied on."""
        known = self.acceptances.get(acceptance, NOTHING)
        return known.state in LIVE and self.now < known.lapses_at and acceptance not in self.struck

    def is_held(self, nullifier: int) -> bool:
        """Whether a lock can be: where it is not known which locks left, none of the acceptance's can."""
        owner = self.owners.get(nullifier)
        if owner is None or nullifier in self.gone or not self.is_live(owner):
            return False
        return len(self.locks_of(owner)) == self.acceptances[owner].held

    def answer(self, question: str, *arguments: Any) -> Words:  # noqa: ANN401 - whatever Solidity has
        """What the gate has to answer."""
        answers: dict[str, Callable[..., Words]] = {
            "find": self._find,
            "isStruck": lambda acceptance: [acceptance in self.struck],
            "isLive": lambda acceptance: [self.is_live(acceptance)],
            "acceptanceOf": lambda nullifier: [self.owners.get(nullifier, b"")],
            "hasLeft": lambda nullifier: [nullifier in self.gone],
            "isHeld": lambda nullifier: [self.is_held(nullifier)],
            "isMember": lambda named, member: [
                self.standings[named].speaks(bytes.fromhex(member[2:]), self.now),
            ],
            "committeeOf": self._committee_of,
            "nextCommitteeOf": self._next_committee_of,
            "pausedUntil": lambda: [self.paused_until],
            "isPaused": lambda: [self.is_paused],
        }
        return answers[question](*arguments)

    def _find(self, acceptance: bytes) -> Words:
        known = self.acceptances.get(acceptance, NOTHING)
        return [known.state, known.held, known.revision, known.moment, known.lapses_at]

    def _committee_of(self, named: bytes) -> Words:
        bench = self.standings[named].speaking(self.now)
        return [bench.epoch, 3 * 32, bench.threshold, len(bench.members), *bench.members]

    def _next_committee_of(self, named: bytes) -> Words:
        bench = self.standings[named].coming(self.now) or Bench(0, (), 0, 0)
        return [bench.epoch, 4 * 32, bench.threshold, bench.speaks_from, len(bench.members), *bench.members]


def read_members(spelled: Sequence[str]) -> tuple[bytes, ...]:
    """The addresses of a committee."""
    return tuple(bytes.fromhex(each[2:]) for each in spelled)


def require_sense(said: Word) -> None:
    """Return if every field of a word can be, and none denies what another says."""
    for name, is_right in (
        ("statement", any(said.statement)),
        ("acceptance", any(said.acceptance)),
        ("recipient", 0 < len(said.recipient) <= MAX_ADDRESS_BYTES),
        ("positionTag", 0 < said.position_tag < GROUP_ORDER),
        ("moment", said.moment != 0),
        ("lapsesAt", said.lapses_at != 0),
        ("revision", (said.happening == Event.ACCEPT) == (said.revision == 0)),
    ):
        if not is_right:
            raise RefusedError("AttestationMalformed", name)
    happening = next((each for each in Event if each == said.happening), None)
    if happening is None or said.state not in LEADS_TO[happening]:
        raise RefusedError("StateImpossible", said.happening, said.state)
    counts = len(said.held), len(said.left)
    holds_rightly = said.state == State.SEIZED or (said.state == State.RELEASED) == (not said.held)
    if (happening in LETTING_GO) != bool(said.left) or sum(counts) > MAX_HELD or not holds_rightly:
        raise RefusedError("NullifiersMalformed")
    for each in (said.held, said.left):
        if list(each) != sorted(set(each)) or not all(0 < nullifier < GROUP_ORDER for nullifier in each):
            raise RefusedError("NullifiersMalformed")
