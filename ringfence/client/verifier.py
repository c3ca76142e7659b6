"""What is asked of a verifier. Whatever comes back was checked: signatures, the log, and that it answers the question.

Each method is a procedure, to be run by ``Connection.ask`` or ``AsyncConnection.ask``:

    holding = connection.ask(verifier.accept(claim))

A refusal is raised as ``RefusedError`` with its step and reason; an answer that does not hold as ``AnswerError``.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from facts.anchor import Anchor
from facts.log_entry import State
from margin.errors import MalformedError, Reason, RejectedError
from ringfence.client.answers import (
    Holding,
    check_answer,
    identify,
    require_accepted,
    require_refreshed,
    require_released,
    require_same,
    require_seized,
)
from ringfence.client.application import Succession, check_application
from ringfence.client.errors import RefusedError, holding_answer
from ringfence.client.heads import LastHead
from ringfence.client.log import Log
from ringfence.client.procedure import (
    LONG_SECONDS,
    VERIFIER,
    Exchange,
    Procedure,
    Watch,
    choose_request_id,
    path_of,
    send,
)
from ringfence.v1 import claim_pb2, verifier_service_pb2
from ringfence.wire.acceptance import (
    STATE_NUMBERS,
    AcceptanceReport,
    DecidedT,
    Told,
    read_acceptance,
    read_answer,
    read_decision,
    read_sealed_releases,
)
from ringfence.wire.application import read_application
from ringfence.wire.claim import Refusal, UnverifiedClaim, read_verdict, write_claim
from ringfence.wire.elements import read_count, read_identity, read_token, write_field_element, write_identity
from ringfence.wire.trust import TrustReport, read_trust

PAGE: Final = 500
AT_ONCE: Final = 64
"""Claims in a message of a stream; a verifier takes up to 256."""
MOST_ACCEPTANCES: Final = 100_000
Clock = Callable[[], int]


def read_clock() -> int:
    """Now, in seconds since 1970."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class VerifiedClaim:
    """A claim that a verifier says holds; it remembers nothing of it."""

    id: str
    is_for_development: bool


class Verifier:
    """A verifier as the caller pins it."""

    def __init__(self, anchor: Anchor, heads: LastHead | None = None, clock: Clock | None = None) -> None:
        self.anchor = anchor
        self.log = Log(anchor, heads)
        self._clock = clock or read_clock

    # --- Claims ------------------------------------------------------------------------------------------

    def verify(self, claim: UnverifiedClaim) -> Procedure[VerifiedClaim]:
        """Whether a claim holds now, in steps 1 to 7; nothing is remembered."""
        request = verifier_service_pb2.VerifyRequest(claim=encode_claim(claim))
        response = yield from send(VERIFIER, "Verify", request, verifier_service_pb2.VerifyResponse)
        found = self.read_verified(response, claim)
        if isinstance(found, Refusal):
            raise RefusedError(found)
        return found

    def verify_many(self, at_once: int = AT_ONCE) -> Exchange[UnverifiedClaim, VerifiedClaim | Refusal]:
        """The same for many claims over one stream, so many to a message; each has its own answer.

        Claims that are shown only when others were answered want ``at_once=1``.
        """

        def write(claims: Sequence[tuple[int, UnverifiedClaim]]) -> verifier_service_pb2.VerifyBatchRequest:
            numbered = (
                verifier_service_pb2.NumberedClaim(number=number, claim=encode_claim(claim)) for number, claim in claims
            )
            return verifier_service_pb2.VerifyBatchRequest(claims=numbered)

        def read(answer: verifier_service_pb2.NumberedAnswer, claim: UnverifiedClaim) -> VerifiedClaim | Refusal:
            return self.read_verified(answer.answer, claim)

        path, response = path_of(VERIFIER, "VerifyBatch"), verifier_service_pb2.VerifyBatchResponse
        return Exchange(path, response, write, attrgetter("answers"), read, at_once)

    def read_verified(
        self, response: verifier_service_pb2.VerifyResponse, claim: UnverifiedClaim
    ) -> VerifiedClaim | Refusal:
        """What was answered to a claim."""
        with holding_answer():
            refusal = read_verdict(response.verdict, response.refusal if response.HasField("refusal") else None)
            if refusal is not None:
                return refusal
            require_same("claim_id", read_identity(response.claim_id, "claim_id"), identify(claim))
            if response.is_for_development and not self.anchor.allow_development:
                found, expected = "a key for development", "a key of a ceremony"
                raise RejectedError(Reason.CONFLICTING_FIELDS, "is_for_development", found=found, expected=expected)
            return VerifiedClaim(identify(claim), response.is_for_development)

    # --- Acceptances -------------------------------------------------------------------------------------

    def accept(
        self, claim: UnverifiedClaim, sealed_releases: Sequence[bytes] = (), request_id: str | None = None
    ) -> Procedure[Holding]:
        """Have the locks of a claim taken as collateral; with the release of each, sealed for the venue."""
        request = verifier_service_pb2.AcceptCollateralRequest(
            request_id=choose_request_id(request_id),
            claim=encode_claim(claim),
            sealed_releases=read_sealed_releases(sealed_releases),
        )
        response = verifier_service_pb2.AcceptCollateralResponse
        holding = yield from self._decide("AcceptCollateral", request, response)
        with holding_answer():
            require_accepted(holding, claim, self.anchor, self._clock())
        return holding

    def refresh(
        self,
        acceptance: str,
        claim: UnverifiedClaim,
        sealed_releases: Sequence[bytes] = (),
        request_id: str | None = None,
    ) -> Procedure[Holding]:
        """Let an acceptance live on by a claim of now, with further locks if the claim has any."""
        request = verifier_service_pb2.RefreshAcceptanceRequest(
            request_id=choose_request_id(request_id),
            acceptance_id=write_identity(acceptance),
            claim=encode_claim(claim),
            sealed_releases=read_sealed_releases(sealed_releases),
        )
        response = verifier_service_pb2.RefreshAcceptanceResponse
        holding = yield from self._decide("RefreshAcceptance", request, response)
        with holding_answer():
            require_refreshed(holding, claim, acceptance, self.anchor, self._clock())
        return holding

    def release(
        self,
        acceptance: str,
        leaving: Collection[int],
        claim: UnverifiedClaim | None = None,
        request_id: str | None = None,
    ) -> Procedure[Holding]:
        """Let locks go, by a claim that the position does without them, or by the will of whoever they back."""
        nullifiers = tuple(sorted(leaving))
        request = verifier_service_pb2.ReleaseCollateralRequest(
            request_id=choose_request_id(request_id),
            acceptance_id=write_identity(acceptance),
            nullifiers=map(write_field_element, nullifiers),
            claim=None if claim is None else encode_claim(claim),
        )
        response = verifier_service_pb2.ReleaseCollateralResponse
        holding = yield from self._decide("ReleaseCollateral", request, response)
        with holding_answer():
            require_released(holding, claim, acceptance, nullifiers)
        return holding

    def seize(self, acceptance: str, claim: UnverifiedClaim, request_id: str | None = None) -> Procedure[Holding]:
        """Take a lock of an acceptance that lapsed, by the release that its trader left."""
        request = verifier_service_pb2.SeizeCollateralRequest(
            request_id=choose_request_id(request_id),
            acceptance_id=write_identity(acceptance),
            claim=encode_claim(claim),
        )
        response = verifier_service_pb2.SeizeCollateralResponse
        holding = yield from self._decide("SeizeCollateral", request, response)
        with holding_answer():
            require_seized(holding, claim, acceptance)
        return holding

    def apply(self, claim: UnverifiedClaim, request_id: str | None = None) -> Procedure[Succession]:
        """Have positions that changed written down: their old leaves are spent, once and for ever."""
        before = self.log.heads.head
        request = verifier_service_pb2.ApplyTransitionRequest(
            request_id=choose_request_id(request_id), claim=encode_claim(claim)
        )
        response = verifier_service_pb2.ApplyTransitionResponse
        message = yield from send(VERIFIER, "ApplyTransition", request, response, LONG_SECONDS)
        with holding_answer():
            answer = read_application(message, self.log.keys)
            if isinstance(answer, Refusal):
                raise RefusedError(answer)
            succession = check_application(answer, claim, self.anchor, self._clock())
        yield from self.log.follow(succession.head, before)
        return succession

    def acceptance(self, acceptance: str) -> Procedure[Holding]:
        """An acceptance as it is now."""
        found, _ = yield from self._look_up(acceptance)
        return found

    def sealed_releases(self, acceptance: str) -> Procedure[tuple[bytes, ...]]:
        """What the trader of an acceptance left for the venue, by rising nullifier; empty for anybody else."""
        _, response = yield from self._look_up(acceptance)
        return tuple(response.sealed_releases)

    def acceptance_with_releases(self, acceptance: str) -> Procedure[tuple[Holding, tuple[bytes, ...]]]:
        """An acceptance as it is now, with the release of each lock that it holds, in their order, for a venue."""
        found, response = yield from self._look_up(acceptance)
        with holding_answer():
            held = found.attestation.held
            read_count(response.sealed_releases, "sealed_releases", 0, len(held))
            if len(response.sealed_releases) not in {0, len(held)}:
                name, said = "sealed_releases", f"{len(response.sealed_releases)}"
                raise MalformedError(Reason.WRONG_COUNT, name, found=said, expected=f"none, or {len(held)}")
        return found, tuple(response.sealed_releases)

    def acceptances(
        self, state: State | None = None, position_tag: int | None = None, most: int = MOST_ACCEPTANCES
    ) -> Procedure[list[AcceptanceReport]]:
        """All that the caller may see, page by page. A list finds one; ``acceptance`` shows that it holds."""
        found: dict[str, AcceptanceReport] = {}
        token = ""
        while len(found) < most:
            request = verifier_service_pb2.ListAcceptancesRequest(
                page_size=min(PAGE, most - len(found)),
                page_token=token,
                state=verifier_service_pb2.ACCEPTANCE_STATE_UNSPECIFIED if state is None else STATE_NUMBERS[state],
                position_tag=b"" if position_tag is None else write_field_element(position_tag),
            )
            listed = verifier_service_pb2.ListAcceptancesResponse
            response = yield from send(VERIFIER, "ListAcceptances", request, listed)
            with holding_answer():
                read_count(response.acceptances, "acceptances", 0, request.page_size)
                for place, message in enumerate(response.acceptances):
                    report = read_acceptance(message, f"acceptances[{place}]")
                    require_listed(report, found, state, position_tag)
                    found[report.id] = report
                token = read_token(response.next_page_token, "next_page_token")
            if not token:
                break
        return list(found.values())

    def watch(self) -> Watch[Holding]:
        """Every change of an acceptance as it happens, each once and in order."""
        return Watch(
            path_of(VERIFIER, "WatchAcceptances"),
            verifier_service_pb2.WatchAcceptancesResponse,
            lambda token: verifier_service_pb2.WatchAcceptancesRequest(resume_token=token),
            Changes(self).take,
        )

    def watch_with_signs(self) -> Watch[Holding | None]:
        """The same with signs of life, as nothing: the first says that the watch has begun."""
        watch = self.watch()
        return Watch(watch.method, watch.response, watch.begin, watch.take, with_signs=True)

    # --- Trust -------------------------------------------------------------------------------------------

    def trust(self) -> Procedure[TrustReport]:
        """What the verifier says of itself, held against what is pinned."""
        request = verifier_service_pb2.GetTrustRequest()
        response = yield from send(VERIFIER, "GetTrust", request, verifier_service_pb2.GetTrustResponse)
        with holding_answer():
            trust = read_trust(response)
            require_pinned(trust, self.anchor)
            return trust

    # --- How an answer is taken --------------------------------------------------------------------------

    def _decide(
        self,
        name: str,
        request: "verifier_service_pb2.AcceptCollateralRequest | verifier_service_pb2.RefreshAcceptanceRequest"
        " | verifier_service_pb2.ReleaseCollateralRequest | verifier_service_pb2.SeizeCollateralRequest",
        response: type[DecidedT],
    ) -> Procedure[Holding]:
        """Send what changes an acceptance and take what became of it."""
        before = self.log.heads.head
        message = yield from send(VERIFIER, name, request, response, LONG_SECONDS)
        with holding_answer():
            decision = read_decision(message, self.log.keys)
            if isinstance(decision, Refusal):
                raise RefusedError(decision)
            holding = check_answer(decision, self.anchor, self._clock())
        yield from self.log.follow(holding.head, before)
        return holding

    def take_told(self, message: Told) -> Procedure[Holding]:
        """Take what a verifier tells of an acceptance."""
        with holding_answer():
            holding = check_answer(read_answer(message, self.log.keys), self.anchor, self._clock())
        yield from self.log.follow(holding.head, None)
        return holding

    def _look_up(self, acceptance: str) -> Procedure[tuple[Holding, verifier_service_pb2.GetAcceptanceResponse]]:
        before = self.log.heads.head
        request = verifier_service_pb2.GetAcceptanceRequest(acceptance_id=write_identity(acceptance))
        response = yield from send(VERIFIER, "GetAcceptance", request, verifier_service_pb2.GetAcceptanceResponse)
        holding = yield from self.take_told(response)
        yield from self.log.follow(holding.head, before)
        with holding_answer():
            require_same("acceptance", holding.id, acceptance)
        return holding, response


class Changes:
    """The changes of one watch: none twice, and none left out of an acceptance that was seen before."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._last_index = -1
        self._revisions: dict[str, int] = {}

    def take(self, message: verifier_service_pb2.WatchAcceptancesResponse) -> Procedure[Holding | None]:
        """What a message tells; nothing in a sign of life."""
        if not message.HasField("acceptance"):
            return None
        holding = yield from self._verifier.take_told(message)
        with holding_answer():
            self._require_next(holding)
        self._last_index = holding.acceptance.log_index
        if holding.acceptance.nullifiers:
            self._revisions[holding.id] = holding.acceptance.revision
        else:
            self._revisions.pop(holding.id, None)  # nothing ever happens to it again
        return holding

    def _require_next(self, holding: Holding) -> None:
        index, revision = holding.acceptance.log_index, holding.acceptance.revision
        if index <= self._last_index:
            expected = f"above {self._last_index}"
            raise RejectedError(Reason.NOT_RISING, "acceptance.log_index", found=index, expected=expected)
        known = self._revisions.get(holding.id)
        if known is not None and revision != known + 1:
            raise RejectedError(Reason.NOT_RISING, "acceptance.revision", found=revision, expected=str(known + 1))


def encode_claim(claim: UnverifiedClaim) -> claim_pb2.Claim:
    """A claim as it is sent."""
    return write_claim(claim.key_id, claim.inputs, claim.proof, claim.demand)


def require_listed(
    report: AcceptanceReport, found: Collection[str], state: State | None, position_tag: int | None
) -> None:
    """A list has what it was asked for, each once."""
    if report.id in found:
        raise MalformedError(Reason.DUPLICATE_FIELD, "acceptances", found="one twice", expected="each once")
    require_same("acceptances.state", report.state, state or report.state)
    require_same("acceptances.position_tag", report.position_tag, position_tag or report.position_tag)


def require_pinned(trust: TrustReport, anchor: Anchor) -> None:
    """A verifier says nothing of itself that the caller was not told elsewhere."""
    require_same("verifier", trust.verifier, anchor.verifier)
    require_same("domain", trust.domain, anchor.domain)
    if trust.log not in anchor.log_keys:
        found, expected = f"{trust.log.origin} {trust.log.public_key.hex()}", "a key of the log that is pinned"
        raise RejectedError(Reason.UNKNOWN_SIGNER, "log_key", found=found, expected=expected)
    for name, said, pinned in (
        ("attestation_keys", trust.attestation_keys, anchor.keys),
        ("eip712_signers", trust.eip712_signers, anchor.signers),
    ):
        if pinned and (not said or said[0] not in pinned):
            found, expected = said[0].hex() if said else "none", "in use: one that is pinned"
            raise RejectedError(Reason.UNKNOWN_SIGNER, name, found=found, expected=expected)
    if not anchor.allow_development and any(each.is_for_development for each in trust.keys):
        found, expected = "a key for development", "keys of a ceremony"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "keys", found=found, expected=expected)
