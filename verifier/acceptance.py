"""What may happen to an acceptance, as rules without a store: each takes what is and gives what will be, or refuses.

    accepted -> refreshed* -> released | lapsed | seized            lapsed -> seized

    open      new           proof of the entry policy, at least one lock          all of its locks are held
    refresh   live          proof of the upkeep policy, same position             it lives on; further locks are held
    free      live          proof of the exit policy without those that leave     they leave; the last releases it
    let go    live          the will of whoever it is pledged to                  all of its locks leave; it is released
    lapse     time is over  none                                                  its locks can be seized
    seize     lapsed        release of a lock that is held, opened for the venue  that lock leaves; it is seized

An acceptance belongs to one position tag, one verifier and one destination. It is live while it is accepted or
refreshed and its time is not over, whether or not anybody has written down that it is. A lock that left never comes
back: a store keeps its nullifier for ever.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from facts.context import Binding
from facts.demand import Demand, ReleaseDemand
from facts.elements import require_range
from facts.log_entry import MAX_HELD, Event, LogEntry, LoggedClaim, State
from facts.policy import StatementPolicy
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from margin.requirement import RequirementKind
from verifier.claim import ProvedClaim, require_policy

MAX_PERIOD_SECONDS: Final = 366 * 24 * 3600
MAX_SEALED_BYTES: Final = 4096
LIVE: Final = frozenset(state for state in State if state.is_live)
SEIZABLE: Final = frozenset({State.LAPSED, State.SEIZED})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a destination asks of whoever pledges to it; an acceptance keeps the terms that it was made on."""

    entry: StatementPolicy
    """To be accepted."""
    upkeep: StatementPolicy
    """To be refreshed."""
    period_seconds: int
    """How long one proof is good for."""

    def __post_init__(self) -> None:
        expected = f"1 to {MAX_PERIOD_SECONDS} seconds"
        require_range(self.period_seconds, "period_seconds", 1, MAX_PERIOD_SECONDS, expected)

    @property
    def exit(self) -> StatementPolicy:
        """For a lock to leave: the entry policy, of the initial requirement whatever was asked at entry."""
        return replace(self.entry, requirement=RequirementKind.INITIAL)


@dataclass(frozen=True, slots=True)
class Sealed:
    """For each new lock of a claim, in the claim's order, the release that its trader sealed for the venue; or none."""

    releases: tuple[bytes, ...] = ()
    required: bool = False
    """No lock is taken without one."""

    def __post_init__(self) -> None:
        for place, release in enumerate(self.releases):
            if not 1 <= len(release) <= MAX_SEALED_BYTES:
                field, expected = f"sealed_releases[{place}]", f"1 to {MAX_SEALED_BYTES} bytes"
                raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=f"{len(release)} bytes", expected=expected)

    def assign(self, nullifiers: Sequence[int]) -> dict[int, bytes]:
        """The release of each of the nullifiers."""
        if len(self.releases) == len(nullifiers) or not (self.releases or self.required):
            return dict(zip(nullifiers, self.releases, strict=False))
        found, expected = f"{len(self.releases)} sealed releases", f"{len(nullifiers)}: one for each new lock"
        raise RejectedError(Reason.WRONG_COUNT, "sealed_releases", found=found, expected=expected)


UNSEALED: Final = Sealed()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A verifier's record that it has taken locks as collateral."""

    id: str
    """The id of the claim that was accepted: the same claim is the same acceptance."""
    caller: str
    """On whose request it was made."""
    position_tag: int
    destination: Binding
    """Where it is good; its expiry is that of the first proof."""
    terms: Terms
    is_for_development: bool
    accepted_at: int
    state: State
    revision: int
    lapses_at: int
    """From this second on it is not good unless it was refreshed."""
    held: tuple[int, ...]
    """The nullifiers of its locks, in rising order."""
    policy: StatementPolicy
    """What the last proof about the position said."""
    expiry: int
    """Until when that proof was good."""
    key_id: str
    """Of that proof."""
    refreshed_at: int
    """When it was accepted or refreshed last."""
    payee: bytes | None = None
    """Whom the release pays by which a lock was seized last."""

    def demand(self, domain: str) -> Demand:
        """What was demanded and proved last."""
        return Demand(self.policy, domain, replace(self.destination, expiry=self.expiry))

    def is_live(self, moment: int) -> bool:
        """Whether it can be relied on."""
        return self.state in LIVE and moment < self.lapses_at


@dataclass(frozen=True, slots=True)
class Change:
    """What an event makes of an acceptance, and what is written down of it."""

    acceptance: Acceptance
    entry: LogEntry
    added: tuple[int, ...] = ()
    """Nullifiers that must never have been seen before."""
    sealed: Mapping[int, bytes] = field(default_factory=dict)
    """The releases that came with them."""


def open_acceptance(claim: ProvedClaim, caller: str, terms: Terms, moment: int, sealed: Sealed = UNSEALED) -> Change:
    """Take the locks of a claim."""
    require_policy(claim.inputs, terms.entry)
    if not claim.inputs.nullifiers:
        found, expected = "a statement without locks", "at least one lock"
        raise MisuseError(Reason.NOT_APPLICABLE, "nullifiers", found=found, expected=expected)
    held = tuple(sorted(claim.inputs.nullifiers))
    acceptance = Acceptance(
        id=claim.id,
        caller=caller,
        position_tag=claim.inputs.position_tag,
        destination=claim.demand.binding,
        terms=terms,
        is_for_development=claim.is_for_development,
        accepted_at=moment,
        state=State.ACCEPTED,
        revision=0,
        lapses_at=end_of_period(claim, terms, moment),
        held=held,
        refreshed_at=moment,
        policy=terms.entry,
        expiry=claim.demand.binding.expiry,
        key_id=claim.key_id,
    )
    entry = record(Event.ACCEPT, acceptance, moment, claim)
    return Change(acceptance, entry, added=held, sealed=sealed.assign(claim.inputs.nullifiers))


def refresh_acceptance(acceptance: Acceptance, claim: ProvedClaim, moment: int, sealed: Sealed = UNSEALED) -> Change:
    """Let it live on, with the locks that it holds and those that are new; never for a shorter time than before."""
    require_live(acceptance, moment)
    require_same_position(acceptance, claim)
    require_policy(claim.inputs, acceptance.terms.upkeep)
    added = tuple(each for each in claim.inputs.nullifiers if each not in acceptance.held)
    held = tuple(sorted((*acceptance.held, *added)))
    if len(held) > MAX_HELD:
        found, expected = f"{len(held)} locks", f"at most {MAX_HELD}"
        raise RejectedError(Reason.OUT_OF_BOUNDS, "nullifiers", found=found, expected=expected)
    lapses_at = max(acceptance.lapses_at, end_of_period(claim, acceptance.terms, moment))
    after = advance(
        acceptance,
        state=State.REFRESHED,
        held=held,
        lapses_at=lapses_at,
        refreshed_at=moment,
        policy=acceptance.terms.upkeep,
        expiry=claim.demand.binding.expiry,
        key_id=claim.key_id,
    )
    entry = record(Event.REFRESH, after, moment, claim)
    return Change(after, entry, added=tuple(sorted(added)), sealed=sealed.assign(added))


def free_locks(acceptance: Acceptance, claim: ProvedClaim, leaving: Collection[int], moment: int) -> Change:
    """Let locks go that the position does without; the proof lists none of them, and none that is not held."""
    require_live(acceptance, moment)
    require_same_position(acceptance, claim)
    require_policy(claim.inputs, acceptance.terms.exit)
    if not leaving:
        raise MisuseError(Reason.NOT_APPLICABLE, "leaving", found="no lock", expected="at least one lock that leaves")
    require_held(acceptance, leaving, "leaving")
    require_held(acceptance, claim.inputs.nullifiers, "nullifiers")
    if set(leaving) & set(claim.inputs.nullifiers):
        found, expected = "a lock that the proof counts", "locks that the position does without"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "leaving", found=found, expected=expected)
    held = tuple(each for each in acceptance.held if each not in leaving)
    state = acceptance.state if held else State.RELEASED
    after = advance(
        acceptance,
        held=held,
        state=state,
        policy=acceptance.terms.exit,
        expiry=claim.demand.binding.expiry,
        key_id=claim.key_id,
    )
    return Change(after, record(Event.FREE, after, moment, claim, leaving))


def let_go(acceptance: Acceptance, leaving: Collection[int], moment: int) -> Change:
    """Let all locks go because whoever they are pledged to says so; who says it names every one of them."""
    require_live(acceptance, moment)
    if set(leaving) != set(acceptance.held):
        found, expected = f"{len(set(leaving))} locks", "all locks that it holds, or a proof that it does without"
        raise RejectedError(Reason.NULLIFIER_NOT_HELD, "leaving", found=found, expected=expected)
    after = advance(acceptance, held=(), state=State.RELEASED)
    return Change(after, record(Event.FREE, after, moment, None, leaving))


def lapse_acceptance(acceptance: Acceptance, moment: int) -> Change:
    """Write down that its time is over."""
    if acceptance.state not in LIVE:
        raise wrong_state(acceptance, "an acceptance that was live")
    if moment < acceptance.lapses_at:
        expected = f"{acceptance.lapses_at} or later"
        raise RejectedError(Reason.NOT_LAPSED, "moment", found=moment, expected=expected)
    after = advance(acceptance, state=State.LAPSED)
    return Change(after, record(Event.LAPSE, after, moment))


def seize_locks(acceptance: Acceptance, claim: ProvedClaim, moment: int) -> Change:
    """Let go what a release proves to be a lock of this acceptance, for the venue."""
    if acceptance.state not in SEIZABLE:
        reason = Reason.NOT_LAPSED if acceptance.state in LIVE else Reason.WRONG_STATE
        raise wrong_state(acceptance, "an acceptance that lapsed", reason)
    if not isinstance(claim.demand.policy, ReleaseDemand) or not claim.inputs.nullifiers:
        expected = "a proof of release"
        raise MisuseError(Reason.NOT_APPLICABLE, "policy", found="another statement", expected=expected)
    require_keys_alike(acceptance, claim)
    leaving = claim.inputs.nullifiers
    require_held(acceptance, leaving, "nullifiers")
    held = tuple(each for each in acceptance.held if each not in leaving)
    after = advance(acceptance, held=held, state=State.SEIZED, payee=claim.demand.binding.recipient)
    return Change(after, record(Event.SEIZE, after, moment, claim, leaving))


# --- The rules -----------------------------------------------------------------------------------------


def require_live(acceptance: Acceptance, moment: int) -> None:
    """It can still be relied on."""
    if acceptance.state not in LIVE | {State.LAPSED}:
        raise wrong_state(acceptance, "an acceptance that is live")
    if not acceptance.is_live(moment):
        expected = f"before {acceptance.lapses_at}"
        raise RejectedError(Reason.LAPSED, "moment", found=moment, expected=expected)


def require_same_position(acceptance: Acceptance, claim: ProvedClaim) -> None:
    """The claim is about the position and the place that the acceptance is about, and as trustworthy."""
    if claim.inputs.position_tag != acceptance.position_tag:
        expected = "the position that the locks were accepted for"
        raise RejectedError(Reason.WRONG_POSITION, "position_tag", found="another position", expected=expected)
    if place_of(claim.demand.binding) != place_of(acceptance.destination):
        expected = "the verifier, chain, contract and recipient of the acceptance"
        raise RejectedError(Reason.WRONG_CONTEXT, "context", found="another place", expected=expected)
    require_keys_alike(acceptance, claim)


def require_keys_alike(acceptance: Acceptance, claim: ProvedClaim) -> None:
    """What was accepted on a proof worth something is not kept alive by one that is worth nothing."""
    if claim.is_for_development and not acceptance.is_for_development:
        found, expected = "a key for development", "a key of a ceremony, as when it was accepted"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "key_id", found=found, expected=expected)


def require_held(acceptance: Acceptance, nullifiers: Collection[int], field: str) -> None:
    """Each is of a lock that the acceptance holds."""
    strangers = len(set(nullifiers) - set(acceptance.held))
    if strangers:
        found, expected = f"{strangers} that it does not hold", "locks that the acceptance holds"
        raise RejectedError(Reason.NULLIFIER_NOT_HELD, field, found=found, expected=expected)


def end_of_period(claim: ProvedClaim, terms: Terms, moment: int) -> int:
    """Until when a proof of this moment is good: a period, and no longer than its own binding."""
    expiry = claim.demand.binding.expiry
    if moment >= expiry:
        raise RejectedError(Reason.EXPIRED, "expires", found=moment, expected=f"before {expiry}")
    return min(moment + terms.period_seconds, expiry)


def place_of(binding: Binding) -> tuple[str, int, bytes, bytes]:
    """A binding but for its expiry, which a refresh may move."""
    return binding.verifier, binding.chain_id, binding.contract, binding.recipient


def advance(acceptance: Acceptance, **changes: Any) -> Acceptance:  # noqa: ANN401 - as `replace` takes them
    """The acceptance after one more event."""
    return replace(acceptance, revision=acceptance.revision + 1, **changes)


def record(
    event: Event, after: Acceptance, moment: int, claim: ProvedClaim | None = None, left: Collection[int] = ()
) -> LogEntry:
    """What the log says of an event."""
    logged = LoggedClaim(claim.id, claim.key_id, claim.inputs) if claim else None
    left = tuple(sorted(set(left)))
    return LogEntry(event, after.state, after.id, after.revision, moment, after.lapses_at, after.held, left, logged)


def wrong_state(acceptance: Acceptance, expected: str, reason: Reason = Reason.WRONG_STATE) -> RejectedError:
    """The acceptance is not where it would have to be."""
    return RejectedError(reason, "state", found=acceptance.state.name.lower(), expected=expected)
