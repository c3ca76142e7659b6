"""Carries what verifiers say to the gates where it is good, each thing once, whatever happens in between.

    taken      an attestation of the watch, in its order; what the anchor refuses ends everything
    sent       a transaction has told the gate; or the gate had it, or something newer, before
    settled    the block in which the gate has it is final; or there is nothing more to do about it

The token of the watch is good up to the first that is not settled: whoever takes the watch up there after a crash is
told some things again, finds that the gates have them, and leaves nothing out. A block that a chain takes back again
takes the word of the verifier with it: then it is sent again.

A gate that refuses for now (it is paused, or its governors have not appointed who signs) is asked again, with what the
verifiers say by then. What it refuses for good is told and left.

Where somebody looks into what traders left for the venue, no gate is told here of what could not be seized. That stops
this relay and nobody else: a gate takes the word from whoever brings it, so that a refusal is an alarm also where the
gate has it already.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, Protocol

from chains.contracts import RevertedError, describe_refusal, name_refusal
from chains.gate import WAITING, AttestationGate, Outcome
from chains.transactions import Receipt
from facts.anchor import Anchor
from facts.attestation import Attestation, SignedAttestation
from facts.log_entry import Event
from margin.errors import InternalError, MarginError, Reason, RejectedError

MOST_UNSETTLED: Final = 4096
"""No more is taken while so much is under way."""
MOST_HEARD: Final = 4 * MOST_UNSETTLED
TOO_LATE: Final = "Expired"
"""What a gate says of an acceptance that has lapsed."""
PASSING: Final = frozenset(
    {
        *(Reason.TOO_FEW_SIGNERS, Reason.OUT_OF_BOUNDS, Reason.NOT_MINED, Reason.NO_SIGNER, Reason.NOT_ACTIVE),
        Reason.REVERTED,
    }
)
"""Reasons that may be gone in a while: signatures come, fees fall, accounts are filled up, roots are posted; and what
failed in its block would not fail behind it, where no contract has named an error."""
OVERTAKEN: Final = frozenset({Reason.NULLIFIER_NOT_HELD, Reason.LAPSED})
"""Reasons for which nobody has to look: what follows says how it is."""
HANGING: Final = frozenset({Reason.CHAIN_UNAVAILABLE, Reason.NOT_MINED})
"""Reasons that the next one for the same gate would have, too, after as long a wait."""
OPENING: Final = frozenset({Event.ACCEPT, Event.REFRESH})

Place = tuple[int, bytes]
"""Chain and contract."""
Clock = Callable[[], int]


@unique
class Step(StrEnum):
    """What became of an attestation."""

    SUBMITTED = "submitted"
    KNOWN = "known"
    """The gate had it, or something newer."""
    LATE = "late"
    """It says that an acceptance lives which has lapsed by now, or holds a lock that has left; what follows it is
    carried all the same."""
    WAITING = "waiting"
    """Not now; it is tried again."""
    REFUSED = "refused"
    """The gate says no for good: somebody has to look."""
    LOST = "lost"
    """A block that had it was taken back; it is sent again."""
    ELSEWHERE = "elsewhere"
    """It is good at a place that is not carried to."""
    UNCOVERED = "uncovered"
    """It lives longer than an exit surely waits for it: its lock may be gone before it lapses."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of what happens."""

    step: Step
    attestation: Attestation
    receipt: Receipt | None = None
    why: str = ""
    reason: str = ""
    """The same in one word of a few, where something kept it from being done."""


class Voices(Protocol):
    """The verifiers that can be asked; they share one log, and sign each with a key of its own."""

    def ask(self, acceptance: str) -> Sequence[SignedAttestation]:
        """What each that answers says of an acceptance now, verified as far as an anchor can."""


class Recourse(Protocol):
    """Looks into what a trader left for the venue."""

    def require(self, said: Attestation) -> None:
        """Raise unless every lock that is held could be seized: NO_RECOURSE where it never can."""


@dataclass(slots=True)
class Errand:
    """Something to be carried."""

    signed: SignedAttestation
    token: str
    gate: AttestationGate | None
    is_sent: bool = False
    is_settled: bool = False
    why: str = ""

    @property
    def said(self) -> Attestation:
        """What was signed."""
        return self.signed.attestation


@dataclass(slots=True)
class Relay:
    """Everything that is under way."""

    gates: Mapping[Place, AttestationGate]
    anchor: Anchor
    voices: Voices
    tell: Callable[[Told], object]
    clock: Clock
    token: str = ""
    """Everything up to here is settled."""
    refused: int = 0
    """How often a gate, or who looks into what was left, said no for good."""
    recourse: Recourse | None = None
    """Nobody looks where there is none."""
    keep: Callable[[SignedAttestation], object] | None = None
    """Told of every word by which a lock has left, from whomever it is heard."""
    longest_period: int | None = None
    """So long an exit waits for an acceptance at every escrow that is known here."""
    _errands: deque[Errand] = field(default_factory=deque)
    _hanging: set[Place | None] = field(default_factory=set)
    """Gates of which nobody answered in this round, None for where locks are seized: none is asked again before the
    next."""
    _heard: dict[bytes, dict[bytes, SignedAttestation]] = field(default_factory=dict)
    """Of each digest what was heard, by who signed it: what was overtaken since can be asked of nobody any more."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be taken now."""
        return len(self._errands) >= MOST_UNSETTLED

    @property
    def waiting(self) -> int:
        """How many no gate has been told yet."""
        return sum(not (each.is_sent or each.is_settled) for each in self._errands)

    @property
    def unsettled(self) -> int:
        """How many are not done with."""
        return sum(not each.is_settled for each in self._errands)

    def take(self, signed: SignedAttestation, token: str) -> None:
        """The next of a watch, and at once to its gate."""
        said = self.hear(signed)
        errand = Errand(signed, token, self.gates.get((said.chain_id, said.contract)))
        self._errands.append(errand)
        if errand.gate is not None:
            self._require_covered(said)
        self._carry(errand)

    def hear(self, signed: SignedAttestation) -> Attestation:
        """Remember what a verifier says: with that of others it may be enough for a gate."""
        said = self.anchor.authenticate(signed)
        if signed.is_signed_for_a_chain:
            self._heard.setdefault(said.digest, {})[signed.eip712_signer] = signed
        if said.left and self.keep is not None:
            self.keep(signed)
        while len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]
        return said

    def go_on(self, token: str) -> None:
        """Nothing more happened up to a token."""
        if self._errands:
            self._errands[-1].token = token
        else:
            self.token = token

    def attend(self) -> None:
        """Try again what waits, and see what is final; a chain that hangs holds up nothing that is due elsewhere."""
        final: dict[Place, int] = {}
        self._hanging.clear()
        for errand in self._errands:
            if not errand.is_settled and not errand.is_sent and not self._hangs(errand):
                self._carry(errand)
            if not errand.is_settled and errand.is_sent and not self._hangs(errand):
                self._settle(errand, final)
        self._forget_settled()

    def _forget_settled(self) -> None:
        """The token of what is done with is good as soon as what is before it is."""
        unsettled: deque[Errand] = deque()
        for errand in self._errands:
            if not errand.is_settled:
                unsettled.append(errand)
            elif unsettled:
                unsettled[-1].token = errand.token or unsettled[-1].token
            else:
                self.token = errand.token or self.token
        self._errands = unsettled

    def _hangs(self, errand: Errand) -> bool:
        return errand.gate is not None and errand.gate.place in self._hanging

    def _mark(self, asked: Place | None, error: InternalError) -> None:
        if error.reason in HANGING:
            self._hanging.add(asked)

    # --- To the gate -------------------------------------------------------------------------------------

    def _carry(self, errand: Errand) -> None:
        """Tell the gate, unless it knows."""
        gate = errand.gate
        if gate is None:
            self._end(errand, Step.ELSEWHERE)
            return
        asked: Place | None = gate.place
        try:
            gathered = self._gather(errand, gate)
            if self.recourse is not None and self._opens(gathered[0].attestation, gate):
                asked = None
                if asked in self._hanging:
                    return
                self._look_into(gathered[0].attestation, self.recourse)
                asked = gate.place
            submission = gate.submit(gathered)
        except RevertedError as error:
            self._weigh(errand, error)
        except RejectedError as error:
            self._judge(errand, error)
        except InternalError as error:
            self._mark(asked, error)
            self._wait(errand, error)
        else:
            errand.is_sent, errand.why = True, ""
            is_new = submission.outcome is Outcome.SUBMITTED
            self.tell(Told(Step.SUBMITTED if is_new else Step.KNOWN, errand.said, submission.receipt))

    def _gather(self, errand: Errand, gate: AttestationGate) -> Sequence[SignedAttestation]:
        """The word of one verifier where that is enough; else the newest that as many say as have to."""
        quorum, said = gate.verifiers, errand.said
        known = self._heard.get(said.digest, {}) if errand.signed.is_signed_for_a_chain else {}
        if len(known.keys() & quorum.members) >= quorum.threshold:
            return list(known.values())
        heard = [errand.signed, *(each for each in self.voices.ask(said.acceptance) if self._continues(each, said))]
        by_digest: dict[bytes, list[SignedAttestation]] = {}
        for each in heard:
            by_digest.setdefault(each.attestation.digest, []).append(each)

        def worth(alike: Sequence[SignedAttestation]) -> tuple[bool, int]:
            signers = {each.eip712_signer for each in alike} & quorum.members
            return len(signers) >= quorum.threshold, alike[0].attestation.revision

        return max(by_digest.values(), key=worth)

    def _opens(self, said: Attestation, gate: AttestationGate) -> bool:
        """Whether it is what somebody could rely on: it opens a gate, or gives it more than it has."""
        if not said.state.is_live:
            return False
        known = None if said.event in OPENING else gate.find(said.acceptance)
        if known is None or said.lapses_at > known.lapses_at:
            return True
        return any(gate.acceptance_of(nullifier) != said.acceptance for nullifier in said.held)

    def _look_into(self, said: Attestation, recourse: Recourse) -> None:
        """Raise unless what is held could be seized; of what has lapsed nobody needs to know."""
        if (now := self.clock()) >= said.lapses_at:
            raise RejectedError(Reason.LAPSED, "lapses_at", found=said.lapses_at, expected=f"later than {now}")
        recourse.require(said)

    def _require_covered(self, said: Attestation) -> None:
        """Tell of an acceptance that lives longer than an exit surely waits."""
        longest, period = self.longest_period, said.lapses_at - said.moment
        if longest is not None and said.event in OPENING and period > longest:
            why = f"it lives for {period} seconds, and an exit surely waits for {longest}"
            self.tell(Told(Step.UNCOVERED, said, why=why))

    def _continues(self, signed: SignedAttestation, said: Attestation) -> bool:
        """Whether it is the same acceptance at the same place, no older."""
        now = self.hear(signed)
        place = now.acceptance, now.chain_id, now.contract
        return place == (said.acceptance, said.chain_id, said.contract) and now.revision >= said.revision

    def _weigh(self, errand: Errand, error: RevertedError) -> None:
        """What a gate's refusal means."""
        if error.complaint.name == TOO_LATE:
            self._end(errand, Step.LATE, error)
        elif error.complaint.name in WAITING:
            self._wait(errand, error)
        else:
            self._end(errand, Step.REFUSED, error)

    def _judge(self, errand: Errand, error: RejectedError) -> None:
        """What it means that it is not even handed over."""
        if error.reason in PASSING:
            self._wait(errand, error)
        else:
            self._end(errand, Step.LATE if error.reason in OVERTAKEN else Step.REFUSED, error)

    def _wait(self, errand: Errand, error: MarginError) -> None:
        """Later. What lapses meanwhile is late."""
        if errand.said.state.is_live and self.clock() >= errand.said.lapses_at:
            self._end(errand, Step.LATE, error)
        else:
            self._delay(errand, error)

    def _delay(self, errand: Errand, error: MarginError) -> None:
        """Told once, as long as the reason is the same."""
        if errand.why != (why := describe_refusal(error)):
            errand.why = why
            self.tell(Told(Step.WAITING, errand.said, why=why, reason=name_refusal(error)))

    def _end(self, errand: Errand, step: Step, error: MarginError | None = None) -> None:
        """Nothing more is to be done about it."""
        errand.is_settled = True
        self.refused += step is Step.REFUSED
        why, reason = ("", "") if error is None else (describe_refusal(error), name_refusal(error))
        self.tell(Told(step, errand.said, why=why, reason=reason))

    # --- Until it is final -------------------------------------------------------------------------------

    def _settle(self, errand: Errand, final: dict[Place, int]) -> None:
        """See whether a final block has it, and whether any block still does."""
        gate, said = errand.gate, errand.said
        if gate is None:
            return
        try:
            if gate.place not in final:
                final[gate.place] = gate.final_number()
            if final[gate.place] >= 0 and gate.knows(said, final[gate.place]):
                errand.is_settled = True
            elif not gate.knows(said):
                errand.is_sent = False
                self.tell(Told(Step.LOST, said))
        except InternalError as error:
            self._mark(gate.place, error)
            self._delay(errand, error)
