"""``VerifierService``: claims are decided on, collateral is accepted, and every answer holds up what it says.

    1     the message is read
          a request that was answered before is answered as before, without asking anything of its claim again
    2-7   ``verifier.admission``
    8     ``verifier.store.ledger``: one transaction, in which the roots are asked about once more
    9     the attestation restates the leaf that the log has, and the head is one that has the leaf

Who may see an acceptance: whoever asked for it, the acceptor that it is pledged to, and a venue. To everybody else it
is not there.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import grpc

from facts.context import name_domain
from facts.log_entry import Event
from facts.public_inputs import identify_claim
from margin.errors import MarginError, MisuseError, Reason
from ringfence.v1 import verifier_service_pb2 as messages
from ringfence.v1.verifier_service_pb2_grpc import VerifierServiceServicer
from ringfence.wire.acceptance import (
    DecidedT,
    read_nullifiers,
    read_sealed_releases,
    read_state_filter,
    write_acceptance,
    write_attestation,
    write_decision,
)
from ringfence.wire.application import write_application
from ringfence.wire.claim import Refusal, UnverifiedClaim, read_claim, write_refusal, write_verdict
from ringfence.wire.elements import (
    read_count,
    read_field_element,
    read_identity,
    read_page_size,
    read_request_id,
    read_token,
    write_identity,
)
from ringfence.wire.log import write_receipt
from ringfence.wire.trust import write_trust
from serving.call import Caller, current_call
from serving.errors import Reason as ServingReason
from serving.errors import RejectedError
from snark.errors import SnarkError
from verifier.acceptance import Acceptance, Sealed
from verifier.admission import Rule
from verifier.bookmark import read_bookmark, write_bookmark
from verifier.claim import CheckedClaim, ProvedClaim, prove_claims
from verifier.destinations import Sealing
from verifier.service.desk import Desk
from verifier.service.gathering import Gathering
from verifier.service.translation import not_found, tell_malformed, tell_refusal, translating
from verifier.service.trust import describe_trust
from verifier.steps import RefusedError, Step, at_transaction
from verifier.store.ledger import Question, Request
from verifier.store.records import Kept, Receipt, Selection
from verifier.store.transitions import Applied

ACCEPTOR: Final = "acceptor"
VENUE: Final = "venue"
APPLY: Final = "apply"
"""The purpose of a claim that positions changed, as metrics have it."""
LARGEST_PAGE: Final = 1 << 20
"""In bytes; a page ends where it would be larger."""
CHANGES_AT_ONCE: Final = 100
MOST_AT_ONCE: Final = 256
"""Claims in a message."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A claim of a batch, and what came of reading and checking it."""

    number: int
    checked: CheckedClaim | Refusal


class VerifierServicer(VerifierServiceServicer):
    """Answers for one verifier."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --- Claims that are not remembered ------------------------------------------------------------------

    def Verify(self, request: messages.VerifyRequest, context: grpc.ServicerContext) -> messages.VerifyResponse:
        """Steps 1 to 7 for one claim."""
        shown = read_claim(request.claim)
        try:
            with translating():
                claim = self._desk.admission.admit(shown, self._rule_of(shown)).claim
        except RefusedError as refusal:
            return self._refuse(refusal)
        return self._confirm(claim)

    def VerifyBatch(
        self, request_iterator: Iterator[messages.VerifyBatchRequest], context: grpc.ServicerContext
    ) -> Iterator[messages.VerifyBatchResponse]:
        """The same for many: those that have come are proved together while the next ones come."""
        for claims in Gathering(list_claims(request_iterator), self._desk.pace.batch):
            examined = [self._examine(each) for each in claims]
            waiting = [each.checked for each in examined if isinstance(each.checked, CheckedClaim)]
            with translating():
                proved = iter(prove_claims(waiting, self._desk.pace.batch_threads))
            answers = [
                messages.NumberedAnswer(number=each.number, answer=self._tell(each, proved)) for each in examined
            ]
            yield messages.VerifyBatchResponse(answers=answers)

    def _tell(self, examined: Numbered, proved: Iterator[ProvedClaim | SnarkError]) -> messages.VerifyResponse:
        """The answer to one of many; the next of those that were proved is its own, if it came so far."""
        if isinstance(examined.checked, Refusal):
            return refused(examined.checked)
        found = next(proved)
        if isinstance(found, ProvedClaim):
            return self._confirm(found)
        return self._refuse(RefusedError.at(Step.PROOF_VALID, found))

    def _examine(self, request: messages.NumberedClaim) -> Numbered:
        """Steps 1 to 6 for one of many; one that cannot be read does not end the reading of the others."""
        try:
            shown = read_claim(request.claim)
        except MarginError as error:
            self._desk.measures.refuse("verify", Step.WELL_FORMED, error.reason)
            return Numbered(request.number, tell_malformed(error))
        try:
            with translating():
                return Numbered(request.number, self._desk.admission.examine(shown, self._rule_of(shown)))
        except RefusedError as refusal:
            self._desk.measures.refuse("verify", refusal.step, refusal.reason)
            return Numbered(request.number, tell_refusal(refusal))

    def _rule_of(self, shown: UnverifiedClaim) -> Rule:
        return self._desk.admission.verifying(shown, current_call().caller.name)

    def _confirm(self, claim: ProvedClaim) -> messages.VerifyResponse:
        self._desk.measures.answer("verify")
        return messages.VerifyResponse(
            verdict=write_verdict(None),
            claim_id=write_identity(claim.id),
            is_for_development=claim.is_for_development,
        )

    def _refuse(self, refusal: RefusedError) -> messages.VerifyResponse:
        self._desk.measures.refuse("verify", refusal.step, refusal.reason)
        return refused(tell_refusal(refusal))

    # --- Collateral --------------------------------------------------------------------------------------

    def AcceptCollateral(
        self, request: messages.AcceptCollateralRequest, context: grpc.ServicerContext
    ) -> messages.AcceptCollateralResponse:
        """All nine steps."""
        asked, shown = read_request(request.request_id), read_claim(request.claim)
        releases = read_sealed_releases(request.sealed_releases)
        identity = self._identify(shown)
        question = Question(Event.ACCEPT, identity, identity, sealed=releases)

        def act() -> Receipt:
            rule, destination = self._desk.admission.accepting(shown, asked.caller)
            admitted = self._desk.admission.admit(shown, rule)
            sealed = Sealed(releases, destination.sealing is Sealing.REQUIRED)
            with at_transaction():
                return self._desk.ledger.accept(asked, admitted.claim, destination.terms, sealed, admitted.still_good)

        return self._decide(messages.AcceptCollateralResponse, asked, question, act)

    def RefreshAcceptance(
        self, request: messages.RefreshAcceptanceRequest, context: grpc.ServicerContext
    ) -> messages.RefreshAcceptanceResponse:
        """The same position still suffices, with the locks that it has and further ones."""
        asked, shown = read_request(request.request_id), read_claim(request.claim)
        identity = read_identity(request.acceptance_id, "acceptance_id")
        releases = read_sealed_releases(request.sealed_releases)
        question = Question(Event.REFRESH, identity, self._identify(shown), sealed=releases)

        def act() -> Receipt:
            acceptance = self._find(identity).acceptance
            admitted = self._desk.admission.admit(shown, self._desk.admission.refreshing(acceptance))
            sealed = Sealed(releases, self._seals(acceptance))
            with at_transaction():
                return self._desk.ledger.refresh(asked, identity, admitted.claim, sealed, admitted.still_good)

        return self._decide(messages.RefreshAcceptanceResponse, asked, question, act)

    def ReleaseCollateral(
        self, request: messages.ReleaseCollateralRequest, context: grpc.ServicerContext
    ) -> messages.ReleaseCollateralResponse:
        """By a proof that the position does without the locks, or by the will of whoever they are pledged to."""
        asked = read_request(request.request_id)
        identity = read_identity(request.acceptance_id, "acceptance_id")
        leaving = tuple(sorted(read_nullifiers(request.nullifiers, "nullifiers", least=1)))
        if not request.HasField("claim"):
            return self._let_go(asked, identity, leaving)
        shown = read_claim(request.claim)
        question = Question(Event.FREE, identity, self._identify(shown), leaving)

        def act() -> Receipt:
            acceptance = self._find(identity).acceptance
            admitted = self._desk.admission.admit(shown, self._desk.admission.freeing(acceptance))
            with at_transaction():
                return self._desk.ledger.free(asked, identity, admitted.claim, leaving, admitted.still_good)

        return self._decide(messages.ReleaseCollateralResponse, asked, question, act)

    def SeizeCollateral(
        self, request: messages.SeizeCollateralRequest, context: grpc.ServicerContext
    ) -> messages.SeizeCollateralResponse:
        """A lock of an acceptance that has lapsed, by the release that its trader left."""
        asked, shown = read_request(request.request_id), read_claim(request.claim)
        identity = read_identity(request.acceptance_id, "acceptance_id")
        question = Question(Event.SEIZE, identity, self._identify(shown))

        def act() -> Receipt:
            acceptance = self._find(identity).acceptance
            admitted = self._desk.admission.admit(shown, self._desk.admission.seizing(acceptance))
            with at_transaction():
                return self._desk.ledger.seize(asked, identity, admitted.claim, admitted.still_good)

        return self._decide(messages.SeizeCollateralResponse, asked, question, act)

    def _let_go(self, asked: Request, identity: str, leaving: tuple[int, ...]) -> messages.ReleaseCollateralResponse:
        """Without a proof, by the acceptor that it is pledged to."""

        def act() -> Receipt:
            acceptance = self._find(identity).acceptance
            if place_of(acceptance) not in self._places_of(current_call().caller):
                expected = "a proof, or the acceptor that this is pledged to"
                raise RejectedError(ServingReason.NOT_ALLOWED, "claim", found="no proof", expected=expected)
            with at_transaction():
                return self._desk.ledger.let_go(asked, identity, leaving)

        question = Question(Event.FREE, identity, None, leaving)
        return self._decide(messages.ReleaseCollateralResponse, asked, question, act)

    def _decide(
        self, response: type[DecidedT], asked: Request, question: Question, act: Callable[[], Receipt]
    ) -> DecidedT:
        """The answer of before, or that of now; whatever it is, with everything that holds it up."""
        purpose = question.event.name.lower()
        with translating():
            try:
                receipt = self._desk.ledger.recall(asked, question)
                if receipt is None:
                    receipt = act()
                    self._desk.measures.answer(purpose)
            except RefusedError as refusal:
                self._desk.measures.refuse(purpose, refusal.step, refusal.reason)
                return write_decision(response, tell_refusal(refusal))
            return write_decision(response, self._desk.answer(receipt))

    def _identify(self, shown: UnverifiedClaim) -> str:
        """The claim that this would be here."""
        return identify_claim(name_domain(self._desk.admission.domain), shown.key_id, shown.inputs)

    def _seals(self, acceptance: Acceptance) -> bool:
        """Whether a further lock has to come with its release, as the destination says now."""
        found = self._desk.admission.destinations.by_place.get(place_of(acceptance))
        return found is not None and found.sealing is Sealing.REQUIRED

    # --- Positions that changed --------------------------------------------------------------------------

    def ApplyTransition(
        self, request: messages.ApplyTransitionRequest, context: grpc.ServicerContext
    ) -> messages.ApplyTransitionResponse:
        """All nine steps; what is signed at the last one is the head of the log that has it."""
        asked, shown = read_request(request.request_id), read_claim(request.claim)
        with translating():
            try:
                applied = self._desk.ledger.recall_application(asked, self._identify(shown))
                if applied is None:
                    applied = self._apply(asked, shown)
                    self._desk.measures.answer(APPLY)
            except RefusedError as refusal:
                self._desk.measures.refuse(APPLY, refusal.step, refusal.reason)
                told = tell_refusal(refusal)
                return messages.ApplyTransitionResponse(verdict=write_verdict(told), refusal=write_refusal(told))
            return write_application(self._desk.answer_application(applied))

    def _apply(self, asked: Request, shown: UnverifiedClaim) -> Applied:
        admitted = self._desk.admission.admit(shown, self._desk.admission.applying(shown))
        with at_transaction():
            return self._desk.ledger.apply(asked, admitted.claim, admitted.still_good)

    # --- What there is -----------------------------------------------------------------------------------

    def GetAcceptance(
        self, request: messages.GetAcceptanceRequest, context: grpc.ServicerContext
    ) -> messages.GetAcceptanceResponse:
        """One acceptance as it is now; what was sealed for the venue to a venue alone."""
        identity = read_identity(request.acceptance_id, "acceptance_id")
        with translating():
            self._find(identity)
            receipt, sealed = self._desk.ledger.standing(identity)
            answer = self._desk.answer(receipt)
        shown = sealed if VENUE in current_call().caller.roles else {}
        return messages.GetAcceptanceResponse(
            acceptance=write_acceptance(answer.acceptance),
            attestation=write_attestation(answer.attestation),
            receipt=write_receipt(answer.receipt),
            sealed_releases=[shown.get(each, b"") for each in receipt.acceptance.held] if shown else [],
        )

    def ListAcceptances(
        self, request: messages.ListAcceptancesRequest, context: grpc.ServicerContext
    ) -> messages.ListAcceptancesResponse:
        """Page by page in the order in which they were accepted."""
        limit, token = read_page_size(request.page_size), read_token(request.page_token, "page_token")
        state = read_state_filter(request.state)
        tag = read_field_element(request.position_tag, "position_tag") if request.position_tag else None
        caller = current_call().caller
        question = ("acceptances", caller.name, str(state), str(tag))
        ledger = self._desk.ledger
        with translating():
            start = read_bookmark(ledger, token, "page_token", *question) if token else 0
            selection = replace(self._visible_to(caller), state=state, position_tag=tag)
            found = ledger.acceptances(selection, start, limit)
            page = list(bound_page([write_acceptance(self._desk.report(each)) for each in found]))
            is_last = len(page) == len(found) < limit
            more = "" if is_last else write_bookmark(ledger, found[len(page) - 1].opened + 1, *question)
        return messages.ListAcceptancesResponse(acceptances=page, next_page_token=more)

    def WatchAcceptances(
        self, request: messages.WatchAcceptancesRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.WatchAcceptancesResponse]:
        """Every change as it happens, each once and in order, and a sign of life where there is none."""
        desk, call = self._desk, current_call()
        token = read_token(request.resume_token, "resume_token")
        question = ("changes", call.caller.name)
        with translating():
            place = read_bookmark(desk.ledger, token, "resume_token", *question) if token else desk.ledger.head.size
            told = -desk.pace.life_milliseconds / 1000
            while True:
                call.require_staying()
                rung = desk.bell.count
                receipts, place = desk.ledger.changes(place, self._visible_to(call.caller), CHANGES_AT_ONCE)
                for receipt in receipts:
                    answer = desk.answer(receipt)
                    yield messages.WatchAcceptancesResponse(
                        acceptance=write_acceptance(answer.acceptance),
                        attestation=write_attestation(answer.attestation),
                        receipt=write_receipt(answer.receipt),
                        resume_token=write_bookmark(desk.ledger, receipt.place + 1, *question),
                    )
                if receipts:
                    told = time.monotonic()
                elif time.monotonic() - told >= desk.pace.life_milliseconds / 1000:
                    yield messages.WatchAcceptancesResponse(resume_token=write_bookmark(desk.ledger, place, *question))
                    told = time.monotonic()
                else:
                    desk.bell.wait(rung, desk.pace.watch_milliseconds / 1000)

    def GetTrust(self, request: messages.GetTrustRequest, context: grpc.ServicerContext) -> messages.GetTrustResponse:
        """Whom and what this verifier trusts."""
        with translating():
            return write_trust(describe_trust(self._desk, current_call().caller.name))

    # --- Who may see what --------------------------------------------------------------------------------

    def _find(self, identity: str) -> Kept:
        """An acceptance that the caller may see."""
        for selection in self._selections(current_call().caller):
            try:
                return self._desk.ledger.kept(identity, selection)
            except MisuseError as error:
                if error.reason is not Reason.UNKNOWN_ACCEPTANCE:
                    raise
        raise not_found()

    def _selections(self, caller: Caller) -> Iterator[Selection]:
        """What a caller may see: as one of the two that lists are for, and of its own asking."""
        mine = self._desk.admission.name
        yield self._visible_to(caller)
        yield Selection(verifier=mine, party=caller.name)

    def _visible_to(self, caller: Caller) -> Selection:
        """To a venue everything of this verifier, to an acceptor what is pledged to it."""
        mine = self._desk.admission.name
        if VENUE in caller.roles:
            return Selection(verifier=mine)
        return Selection(verifier=mine, places=self._places_of(caller))

    def _places_of(self, caller: Caller) -> tuple[tuple[int, bytes], ...]:
        return self._desk.admission.destinations.places_of(caller.name) if ACCEPTOR in caller.roles else ()


def list_claims(requests: Iterable[messages.VerifyBatchRequest]) -> Iterator[messages.NumberedClaim]:
    """The claims of a stream in their order, whichever messages they come in."""
    for request in requests:
        read_count(request.claims, "claims", 1, MOST_AT_ONCE)
        yield from request.claims


def read_request(request_id: str) -> Request:
    """Who asks, and the name that they gave to the question."""
    return Request(current_call().caller.name, read_request_id(request_id))


def place_of(acceptance: Acceptance) -> tuple[int, bytes]:
    """Where an acceptance is pledged to."""
    return acceptance.destination.chain_id, acceptance.destination.contract


def refused(refusal: Refusal) -> messages.VerifyResponse:
    """The answer to a claim that a step said no to."""
    return messages.VerifyResponse(verdict=write_verdict(refusal), refusal=write_refusal(refusal))


def bound_page(page: list[messages.Acceptance]) -> Iterator[messages.Acceptance]:
    """As many as there is room for, and one at least."""
    room = LARGEST_PAGE
    for place, each in enumerate(page):
        room -= each.ByteSize()
        if room < 0 and place:
            return
        yield each
