"""What is said of an acceptance of a gate: everything follows from its chain, so that all observers say the same bytes.

    event       state       held, left          moment                good until
    accepted    accepted    the lock, -         of its block          the gate's lapse
    refreshed   refreshed   the lock, -         of its block          the gate's lapse
    freed       released    -, the lock         of its block          that moment
    (none)      lapsed      the lock, -         the gate's lapse      the gate's lapse
    (none)      seized      -, the lock         the gate's lapse      the gate's lapse

A gate writes nothing down when an acceptance lapses, and takes nothing that comes later: no refresh, no release, and no
acceptance of the same lock. So the two revisions behind the last that it counted are the lapse and the seizure, for
good. A seizure is said for the account that is paid for whoever the lock was pledged to; for nobody else's.

The revision of a word is that of the gate. The block that has its event stands where the place in a log would.
"""

from dataclasses import dataclass, replace

from chains.chronicle import link, wrong_logs
from chains.escrow import contradicts
from chains.proof_gate import Accepted, Event, Found, Identity, Refreshed, bind
from facts.attestation import Attestation
from facts.canonical import encode_number
from facts.log_entry import Event as Happening
from facts.log_entry import State
from snark.bn254.constants import FIELD_BYTES


def name_acceptance(nullifier: int) -> str:
    """One acceptance holds one lock, and is named by its nullifier."""
    return encode_number(nullifier, FIELD_BYTES).hex()


@dataclass(frozen=True, slots=True)
class Observed:
    """Where a word is about: a moment, and the block that has it."""

    moment: int
    block: int


def say(gate: Identity, event: Event, at: Observed, before: Attestation | None) -> Attestation:
    """The word on an event, after the one before it; what cannot follow it was never written by a gate."""
    if isinstance(event, Accepted):
        if before is not None:
            raise wrong_logs("a lock that was accepted twice", "each nullifier once")
        return open_word(gate, event, at)
    if before is None or not before.state.is_live or event.revision != before.revision + 1:
        raise wrong_logs("an event that does not follow the one before", "every log of the gate")
    if at.moment >= before.lapses_at:
        raise wrong_logs("something that happened after a lapse", "what a gate does")
    now = replace(before, moment=at.moment, log_index=at.block, revision=event.revision)
    if isinstance(event, Refreshed):
        if event.lapses_at < before.lapses_at:
            raise wrong_logs("a refresh for a shorter time", "what a gate does")
        return replace(now, event=Happening.REFRESH, state=State.REFRESHED, lapses_at=event.lapses_at)
    return replace(now, event=Happening.FREE, state=State.RELEASED, lapses_at=at.moment, held=(), left=before.held)


def open_word(gate: Identity, event: Accepted, at: Observed) -> Attestation:
    """The first of an acceptance."""
    return Attestation(
        verifier=gate.name,
        domain=gate.name,
        chain_id=gate.chain_id,
        contract=gate.address,
        recipient=event.recipient,
        acceptance=name_acceptance(event.nullifier),
        event=Happening.ACCEPT,
        state=State.ACCEPTED,
        revision=0,
        log_index=at.block,
        moment=at.moment,
        lapses_at=event.lapses_at,
        position_tag=event.position_tag,
        policy=gate.policy,
        held=(event.nullifier,),
        left=(),
        claim_id=None,
        key_id=None,
        is_for_development=gate.is_for_development,
    )


def lapse(before: Attestation) -> Attestation:
    """That its time was over, at the very second at which it was."""
    revision, moment = before.revision + 1, before.lapses_at
    return replace(before, event=Happening.LAPSE, state=State.LAPSED, revision=revision, moment=moment)


def seize(lapsed: Attestation, payee: bytes) -> Attestation:
    """That the lock is whoever's it was pledged to, who is paid by one account."""
    now = replace(lapsed, revision=lapsed.revision + 1, recipient=payee)
    return replace(now, event=Happening.SEIZE, state=State.SEIZED, held=(), left=lapsed.held)


def chain_word(before: bytes, said: Attestation) -> bytes:
    """What the gate's hash is after what a word is about: it goes over all that is said of an event."""
    bond = bind(said.position_tag, said.recipient)
    return link(before, nullifier_of(said), bond, lapse_of(said), said.revision, said.moment)


def require_found(said: Attestation, found: Found) -> None:
    """The gate itself says how an acceptance stands, and whether its time is over."""
    revision = said.revision - (said.state is State.LAPSED)
    if (found.state, found.revision, found.lapses_at) != (int(said.state), revision, lapse_of(said)):
        raise contradicts("gate.find", "another state, revision or lapse", "what the gate's logs have come to")


def lapse_of(said: Attestation) -> int:
    """Until when the gate keeps an acceptance: what was let go has no time at which it lapses."""
    return 0 if said.state is State.RELEASED else said.lapses_at


def nullifier_of(said: Attestation) -> int:
    """The one lock of an acceptance, held or not."""
    (nullifier,) = (*said.held, *said.left)
    return nullifier
