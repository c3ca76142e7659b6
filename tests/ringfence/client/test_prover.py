"""What a prover answers is what was asked of it, or is not handed on."""

from dataclasses import replace

import pytest

from facts.demand import Demand
from ringfence.client.errors import AnswerError
from ringfence.client.prover import NotProvedError, ProofRequest, Prover
from ringfence.v1 import prover_service_pb2 as messages
from ringfence.wire.claim import UnverifiedClaim, read_claim, write_claim
from ringfence.wire.commitment import write_commitment
from ringfence.wire.operation import (
    OperationFailure,
    OperationReport,
    OperationState,
    write_operation,
    write_statement_shape,
)
from tests.ringfence.client.playing import play, result_of
from tests.ringfence.wire.test_claim import DEMAND, INPUTS, PROOF
from tests.ringfence.wire.test_operation import COMMITMENT, SHAPE

PROVER = Prover()
WORD = DEMAND.policy.encode()
CLAIM = read_claim(write_claim("ab" * 32, replace(INPUTS, context=DEMAND.context, policy=WORD), PROOF, DEMAND))
ASKED = ProofRequest("one", DEMAND, "perp-k1", request_id="a-request-of-the-tests")
RUNNING = OperationReport("operation-0123456789", OperationState.RUNNING, "perp-k1", 1000, None, 500_000)
DONE = replace(RUNNING, state=OperationState.SUCCEEDED, finished_at=1001, progress_ppm=10**6, claim=CLAIM)
FAILED = replace(
    DONE,
    state=OperationState.FAILED,
    claim=None,
    failure=OperationFailure("W30_RULE_BROKEN", "equity", "more equity"),
)


def created(report: OperationReport) -> messages.CreateProofResponse:
    return messages.CreateProofResponse(operation=write_operation(report))


def waited(report: OperationReport) -> messages.WaitOperationResponse:
    return messages.WaitOperationResponse(operation=write_operation(report))


def test_a_proof_is_begun_once_and_waited_for() -> None:
    claim, asked = play(PROVER.prove(ASKED), created(RUNNING), waited(RUNNING), waited(DONE))
    assert claim == CLAIM
    assert [call.method.rpartition("/")[2] for call in asked] == ["CreateProof", "WaitOperation", "WaitOperation"]
    request = asked[0].request
    assert isinstance(request, messages.CreateProofRequest)
    assert request.request_id == ASKED.request_id


def test_what_cannot_be_proved_is_told_with_its_rule() -> None:
    with pytest.raises(NotProvedError) as refused:
        result_of(PROVER.prove(ASKED), created(FAILED))
    assert (refused.value.reason, refused.value.field) == ("W30_RULE_BROKEN", "equity")
    cancelled = replace(RUNNING, state=OperationState.CANCELLED, finished_at=1001)
    with pytest.raises(NotProvedError) as refused:
        result_of(PROVER.prove(ASKED), created(cancelled))
    assert refused.value.reason == "CANCELLED"


def changed(**changes: object) -> UnverifiedClaim:
    return replace(CLAIM, **changes)  # type: ignore[arg-type]


OTHER_DEMAND = Demand(DEMAND.policy, "another.example", DEMAND.binding)


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        (changed(demand=OTHER_DEMAND), "demand"),
        (changed(values=(*CLAIM.values[:-2], OTHER_DEMAND.context, WORD)), "public_inputs.context"),
        (changed(values=(*CLAIM.values[:-1], WORD + 2)), "public_inputs.policy"),
    ],
)
def test_a_proof_of_something_else_is_not_handed_on(claim: UnverifiedClaim, field: str) -> None:
    with pytest.raises(AnswerError) as refused:
        result_of(PROVER.prove(ASKED), created(RUNNING), waited(replace(DONE, claim=claim)))
    assert refused.value.field == f"answer.operation.claim.{field}"


def test_another_operation_is_not_the_one_that_was_asked_for() -> None:
    other = replace(DONE, id="another-operation-0123")
    with pytest.raises(AnswerError):
        result_of(PROVER.wait(RUNNING.id), waited(other))
    with pytest.raises(AnswerError):
        result_of(PROVER.operation(RUNNING.id), messages.GetOperationResponse(operation=write_operation(other)))
    with pytest.raises(AnswerError):
        result_of(PROVER.cancel(RUNNING.id), messages.CancelOperationResponse(operation=write_operation(other)))
    with pytest.raises(AnswerError):
        result_of(PROVER.begin(ASKED), created(replace(RUNNING, statement="perp-k2")))


def test_operations_are_listed_page_by_page() -> None:
    pages = [
        messages.ListOperationsResponse(operations=[write_operation(DONE)], next_page_token="more"),  # noqa: S106
        messages.ListOperationsResponse(operations=[write_operation(FAILED)]),
    ]
    found, asked = play(PROVER.operations(), *pages)
    assert found == [DONE, FAILED]
    tokens = [call.request.page_token for call in asked if isinstance(call.request, messages.ListOperationsRequest)]
    assert tokens == ["", "more"]


def test_statements_and_commitments_are_read() -> None:
    listed = messages.ListStatementsResponse(statements=[write_statement_shape(SHAPE)])
    assert result_of(PROVER.statements(), listed) == (SHAPE,)
    assert result_of(PROVER.commit("one", b"{}"), write_commitment(COMMITMENT)) == COMMITMENT
    with pytest.raises(AnswerError):
        result_of(PROVER.open("one"), messages.OpenCommitmentResponse())


def test_many_proofs_are_each_over_when_they_are_answered() -> None:
    exchange = PROVER.prove_many()
    answer = messages.ProveStreamResponse(number=0, operation=write_operation(DONE))
    assert exchange.read(answer, ASKED) == DONE
    with pytest.raises(AnswerError):
        exchange.read(messages.ProveStreamResponse(number=0, operation=write_operation(RUNNING)), ASKED)
