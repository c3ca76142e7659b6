"""What a verifier answered about an acceptance, held against what was asked and against what the caller pins.

The attestation is the verifier's word, and signed; the entry of the log says the same where everybody can see it; the
message beside them is for convenience. All three have to agree, and to be about what was asked.
"""

from dataclasses import dataclass
from typing import Final

from facts.anchor import Anchor
from facts.attestation import Attestation, SignedAttestation
from facts.context import Binding
from facts.demand import Demand
from facts.log_entry import Event, LogEntry, State
from facts.log_head import SignedHead
from facts.public_inputs import identify_claim
from margin.errors import Reason, RejectedError, shorten
from ringfence.wire.acceptance import AcceptanceReport, Answer
from ringfence.wire.claim import UnverifiedClaim

RESTATED: Final = (
    ("id", "id", "acceptance"),
    ("state", "state", "state"),
    ("position_tag", "position_tag", "position_tag"),
    ("nullifiers", "nullifiers", "held"),
    ("is_for_development", "is_for_development", "is_for_development"),
    ("lapses_at_seconds", "lapses_at", "lapses_at"),
    ("revision", "revision", "revision"),
    ("log_index", "log_index", "log_index"),
)
"""What a report and an attestation both say: the name on the wire, in the report and in the attestation."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An acceptance that a verifier answers for, and everything by which anybody else can check that."""

    acceptance: AcceptanceReport
    signed: SignedAttestation
    entry: LogEntry
    head: SignedHead

    @property
    def attestation(self) -> Attestation:
        """What was signed."""
        return self.signed.attestation

    @property
    def id(self) -> str:
        """The id of the acceptance."""
        return self.acceptance.id


def check_answer(answer: Answer, anchor: Anchor, moment: int) -> Holding:
    """An answer whose parts agree, signed by whom the caller trusts, about the places that it trusts them with."""
    attestation = anchor.authenticate(answer.attestation)
    if attestation.moment > moment + anchor.max_ahead_seconds:
        expected = f"at most {anchor.max_ahead_seconds} s after {moment}"
        raise RejectedError(Reason.FROM_THE_FUTURE, "moment", found=attestation.moment, expected=expected)
    entry = LogEntry.decode(answer.receipt.leaf)
    attestation.require_restates(entry, answer.receipt.index)
    require_reported(answer.acceptance, attestation)
    return Holding(answer.acceptance, answer.attestation, entry, answer.receipt.head)


def require_reported(report: AcceptanceReport, attestation: Attestation) -> None:
    """The message says nothing that was not signed."""
    for name, reported, signed in RESTATED:
        require_same(f"acceptance.{name}", getattr(report, reported), getattr(attestation, signed))
    require_same("acceptance.demand.context.domain", report.demand.domain, attestation.domain)
    if attestation.key_id is not None and attestation.event is not Event.SEIZE:
        require_same("acceptance.key_id", report.key_id, attestation.key_id)
    if attestation.event in {Event.ACCEPT, Event.REFRESH}:
        require_same("acceptance.refreshed_at_seconds", report.refreshed_at, attestation.moment)
        places = place_of(report.demand.binding), place_of_attestation(attestation)
        require_same("acceptance.demand.context", *places)


def require_accepted(holding: Holding, claim: UnverifiedClaim, anchor: Anchor, moment: int) -> None:
    """The claim was accepted, as it is and where it is good."""
    attestation, demand = holding.attestation, claim.demand
    require_claim(holding, claim, Event.ACCEPT)
    require_same("acceptance", attestation.acceptance, identify(claim))
    require_same("held", attestation.held, tuple(sorted(claim.inputs.nullifiers)))
    require_same("position_tag", attestation.position_tag, claim.inputs.position_tag)
    require_same("policy", attestation.policy, demand.policy.encode())
    require_same("destination", place_of_attestation(attestation), place_of(demand.binding))
    require_same("state", attestation.state, State.ACCEPTED)
    require_same("acceptance.accepted_at_seconds", holding.acceptance.accepted_at, attestation.moment)
    require_same("acceptance.demand", holding.acceptance.demand, demand)
    require_live(holding, demand, anchor, moment)


def require_refreshed(holding: Holding, claim: UnverifiedClaim, acceptance: str, anchor: Anchor, moment: int) -> None:
    """The acceptance lives on by this claim, with all of its locks."""
    attestation, inputs = holding.attestation, claim.inputs
    require_claim(holding, claim, Event.REFRESH)
    require_same("acceptance", attestation.acceptance, acceptance)
    require_same("position_tag", attestation.position_tag, inputs.position_tag)
    require_same("destination", place_of_attestation(attestation), place_of(claim.demand.binding))
    require_within("held", inputs.nullifiers, attestation.held)
    require_same("acceptance.demand", holding.acceptance.demand, claim.demand)
    require_live(holding, claim.demand, anchor, moment)


def require_released(
    holding: Holding, claim: UnverifiedClaim | None, acceptance: str, leaving: tuple[int, ...]
) -> None:
    """Just these locks were let go."""
    attestation = holding.attestation
    require_same("event", attestation.event, Event.FREE)
    require_same("acceptance", attestation.acceptance, acceptance)
    require_same("left", attestation.left, tuple(sorted(leaving)))
    if claim is None:
        require_same("state", attestation.state, State.RELEASED)
    else:
        require_claim(holding, claim, Event.FREE)
        require_within("held", claim.inputs.nullifiers, attestation.held)


def require_seized(holding: Holding, claim: UnverifiedClaim, acceptance: str) -> None:
    """Just the lock of this release was seized."""
    require_claim(holding, claim, Event.SEIZE)
    require_same("acceptance", holding.attestation.acceptance, acceptance)
    require_same("left", holding.attestation.left, tuple(sorted(claim.inputs.nullifiers)))
    require_same("recipient", holding.attestation.recipient, claim.demand.binding.recipient)


# --- The rules -------------------------------------------------------------------------------------------


def identify(claim: UnverifiedClaim) -> str:
    """Which claim this is; the same for every proof of it."""
    return identify_claim(claim.demand.domain_element, claim.key_id, claim.inputs)


def require_claim(holding: Holding, claim: UnverifiedClaim, event: Event) -> None:
    """What happened rests on this claim."""
    attestation, entry = holding.attestation, holding.entry
    require_same("event", attestation.event, event)
    require_same("domain", attestation.domain, claim.demand.domain)
    require_same("claim_id", attestation.claim_id, identify(claim))
    require_same("key_id", attestation.key_id, claim.key_id)
    require_same("public_inputs", entry.claim and entry.claim.inputs, claim.inputs)


def require_live(holding: Holding, demand: Demand, anchor: Anchor, moment: int) -> None:
    """It can be relied on now, and for no longer than the proof is good for where that proof alone holds it up."""
    attestation = anchor.verify(holding.signed, moment)
    if attestation.event is Event.ACCEPT and attestation.lapses_at > demand.binding.expiry:
        expected = f"at most {demand.binding.expiry}, where the proof ends"
        raise RejectedError(Reason.OUT_OF_BOUNDS, "lapses_at", found=attestation.lapses_at, expected=expected)


def place_of(binding: Binding) -> tuple[str, int, bytes, bytes]:
    """Where something is good, whenever."""
    return binding.verifier, binding.chain_id, binding.contract, binding.recipient


def place_of_attestation(attestation: Attestation) -> tuple[str, int, bytes, bytes]:
    """Where an attestation is good."""
    return attestation.verifier, attestation.chain_id, attestation.contract, attestation.recipient


def require_same(name: str, found: object, expected: object) -> None:
    """Something is as it was asked, or signed."""
    if found != expected:
        raise RejectedError(Reason.CONFLICTING_FIELDS, name, found=str(found), expected=shorten(str(expected)))


def require_within(name: str, part: tuple[int, ...], whole: tuple[int, ...]) -> None:
    """All of these are among those."""
    if not set(part) <= set(whole):
        expected = "all locks that the claim counts"
        raise RejectedError(Reason.NULLIFIER_NOT_HELD, name, found="not all of them", expected=expected)
