"""Attestations and the answers that hold them come back as they went."""

import pytest

from facts.attestation import CHAIN_PARTS, Attestation
from margin.errors import MalformedError, Reason
from ringfence.v1 import claim_pb2, verifier_service_pb2
from ringfence.wire.acceptance import (
    Answer,
    read_answer,
    read_attestation,
    read_decision,
    write_acceptance,
    write_attestation,
    write_decision,
)
from ringfence.wire.claim import Refusal
from ringfence.wire.log import write_receipt
from tests.facts.attestations import ACCEPTED, ATTESTATIONS, sign
from tests.ringfence.wire.faults import faults, refused_field
from tests.ringfence.wire.test_acceptance import REPORT
from tests.ringfence.wire.test_log import KEYS, TREE

ANSWER = Answer(REPORT, sign(ACCEPTED), TREE.receipt(2))
REFUSAL = Refusal(8, "NULLIFIER_SPENT", "claim.public_inputs.nullifiers", "locks that were never used")
RESPONSES = (
    verifier_service_pb2.AcceptCollateralResponse,
    verifier_service_pb2.RefreshAcceptanceResponse,
    verifier_service_pb2.ReleaseCollateralResponse,
    verifier_service_pb2.SeizeCollateralResponse,
)


@pytest.mark.parametrize("attestation", ATTESTATIONS.values(), ids=ATTESTATIONS)
def test_attestations_come_back_as_they_went(attestation: Attestation) -> None:
    signed = sign(attestation)
    sent = write_attestation(signed).SerializeToString()
    assert read_attestation(verifier_service_pb2.Attestation.FromString(sent)) == signed


def test_an_attestation_is_refused_by_the_path_of_its_field() -> None:
    for path, how, faulty in faults(write_attestation(sign(ACCEPTED))):
        expected = None if how == "zeros" and path != "statement" else path
        assert refused_field(faulty, lambda message: read_attestation(message, "")) == expected, how


@pytest.mark.parametrize("name", CHAIN_PARTS)
def test_a_signature_for_a_chain_is_whole_or_not_there(name: str) -> None:
    message = write_attestation(sign(ACCEPTED))
    message.ClearField(name)
    with pytest.raises(MalformedError) as refused:
        read_attestation(message)
    assert refused.value.field == f"attestation.{name}"
    for other in CHAIN_PARTS:
        message.ClearField(other)
    assert not read_attestation(message).is_signed_for_a_chain


@pytest.mark.parametrize("response", RESPONSES)
def test_decisions_come_back_as_they_went(response: type[verifier_service_pb2.AcceptCollateralResponse]) -> None:
    for decision in (ANSWER, REFUSAL):
        sent = write_decision(response, decision).SerializeToString()
        assert read_decision(response.FromString(sent), KEYS) == decision


@pytest.mark.parametrize("part", ["acceptance", "attestation", "receipt"])
def test_half_an_answer_is_none(part: str) -> None:
    message = write_decision(verifier_service_pb2.AcceptCollateralResponse, ANSWER)
    message.ClearField(part)
    with pytest.raises(MalformedError) as refused:
        read_decision(message, KEYS)
    assert (refused.value.field, refused.value.reason) == (part, Reason.MISSING_FIELD)
    message = write_decision(verifier_service_pb2.AcceptCollateralResponse, REFUSAL)
    getattr(message, part).SetInParent()
    with pytest.raises(MalformedError) as refused:
        read_decision(message, KEYS)
    assert (refused.value.field, refused.value.reason) == (part, Reason.CONFLICTING_FIELDS)


def test_not_verified_is_never_an_answer() -> None:
    message = write_decision(verifier_service_pb2.AcceptCollateralResponse, ANSWER)
    message.verdict = claim_pb2.VERDICT_UNSPECIFIED
    with pytest.raises(MalformedError):
        read_decision(message, KEYS)


def test_an_acceptance_is_told_with_what_holds_it_up() -> None:
    told = verifier_service_pb2.WatchAcceptancesResponse(
        acceptance=write_acceptance(REPORT),
        attestation=write_attestation(ANSWER.attestation),
        receipt=write_receipt(ANSWER.receipt),
    )
    assert read_answer(told, KEYS) == ANSWER
