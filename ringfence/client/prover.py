"""What is asked of a prover, which runs next to the secrets of its caller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from facts.commitments import CommittedPosition
from facts.context import Binding
from facts.demand import Demand
from facts.transition import StatedTransition
from margin.errors import MalformedError, Reason, RejectedError
from ringfence.client.answers import require_same
from ringfence.client.errors import ClientError, holding_answer
from ringfence.client.procedure import (
    LONG_SECONDS,
    PROVER,
    USUAL_SECONDS,
    Exchange,
    Procedure,
    choose_request_id,
    path_of,
    send,
    take_alone,
)
from ringfence.v1 import prover_service_pb2 as messages
from ringfence.wire.claim import UnverifiedClaim, write_demand, write_place
from ringfence.wire.commitment import CommitmentReport, read_commitment, read_opening
from ringfence.wire.elements import read_count, read_token, write_field_element
from ringfence.wire.operation import (
    OPERATION_STATE_NUMBERS,
    OperationReport,
    OperationState,
    StatementShape,
    read_operation,
    read_statement_shape,
)

PAGE: Final = 500
MOST_OPERATIONS: Final = 100_000
MOST_STATEMENTS: Final = 64
WAIT_MILLISECONDS: Final = 20_000
"""For one answer; a procedure that waits longer asks again."""


class NotProvedError(ClientError):
    """There is no proof, for a reason that is the caller's own business."""

    kind = "rejected"

    def __init__(self, report: OperationReport) -> None:
        failure = report.failure
        super().__init__(
            failure.reason if failure else report.state.name,
            failure.field if failure else "operation",
            found=f"an operation that is {report.state.value}",
            expected=failure.expected if failure else "an operation that nobody ended",
        )
        self.report = report


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """A proof to make."""

    name: str
    """What the wallet calls the position."""
    demand: Demand
    statement: str = ""
    """The smallest one that fits, where nothing is said."""
    market_root: int | None = None
    """The newest that the prover knows, where nothing is said."""
    deadline_at: int = 0
    request_id: str | None = None
    locks: tuple[int, ...] = ()
    """Which of the position's locks count, by their places in its basket; as many as the statement has from the first
    one on, where nothing is said."""


@dataclass(frozen=True, slots=True)
class TransitionRequest:
    """Positions of the prover's wallet that are to change, and a proof of that to make."""

    document: bytes
    """A transition document in JSON."""
    domain: str
    binding: Binding
    market_root: int | None = None
    deadline_at: int = 0
    request_id: str | None = None


AnyProof = ProofRequest | TransitionRequest


class Prover:
    """A prover, on the caller's own machine or in its own farm."""

    def statements(self) -> Procedure[tuple[StatementShape, ...]]:
        """What it can prove."""
        request = messages.ListStatementsRequest()
        response = yield from send(PROVER, "ListStatements", request, messages.ListStatementsResponse)
        with holding_answer():
            read_count(response.statements, "statements", 0, MOST_STATEMENTS)
            listed = enumerate(response.statements)
            return tuple(read_statement_shape(each, f"statements[{place}]") for place, each in listed)

    def commit(self, name: str, document: bytes, request_id: str | None = None) -> Procedure[CommitmentReport]:
        """Commit to a position; what opens the commitment stays in the prover's wallet.

        Under a name that is there, the same document with further holdings behind those of its basket is a top-up.
        """
        request = messages.CommitRequest(request_id=choose_request_id(request_id), name=name, document=document)
        response = yield from send(PROVER, "Commit", request, messages.CommitResponse, LONG_SECONDS)
        with holding_answer():
            return read_commitment(response)

    def open(self, name: str) -> Procedure[CommittedPosition]:
        """What opens a commitment."""
        request = messages.OpenCommitmentRequest(name=name)
        response = yield from send(PROVER, "OpenCommitment", request, messages.OpenCommitmentResponse)
        with holding_answer():
            return read_opening(response)

    def begin(self, proof: AnyProof) -> Procedure[OperationReport]:
        """Begin a proof."""
        request = write_proof_request(proof)
        response = yield from send(PROVER, "CreateProof", request, messages.CreateProofResponse, LONG_SECONDS)
        with holding_answer():
            return require_answers(read_operation(response.operation), proof)

    def operation(self, identity: str) -> Procedure[OperationReport]:
        """An operation as it is."""
        request = messages.GetOperationRequest(id=identity)
        response = yield from send(PROVER, "GetOperation", request, messages.GetOperationResponse)
        with holding_answer():
            return require_named(read_operation(response.operation), identity)

    def wait(self, identity: str, milliseconds: int = WAIT_MILLISECONDS) -> Procedure[OperationReport]:
        """An operation when it is over, or as it is after so long."""
        request = messages.WaitOperationRequest(id=identity, timeout_milliseconds=milliseconds)
        seconds = milliseconds / 1000 + USUAL_SECONDS
        response = yield from send(PROVER, "WaitOperation", request, messages.WaitOperationResponse, seconds)
        with holding_answer():
            return require_named(read_operation(response.operation), identity)

    def cancel(self, identity: str) -> Procedure[OperationReport]:
        """End an operation."""
        request = messages.CancelOperationRequest(id=identity)
        response = yield from send(PROVER, "CancelOperation", request, messages.CancelOperationResponse)
        with holding_answer():
            return require_named(read_operation(response.operation), identity)

    def operations(
        self, state: OperationState | None = None, most: int = MOST_OPERATIONS
    ) -> Procedure[list[OperationReport]]:
        """The caller's operations, the newest first."""
        found: list[OperationReport] = []
        token = ""
        while len(found) < most:
            request = messages.ListOperationsRequest(
                page_size=min(PAGE, most - len(found)),
                page_token=token,
                state=messages.OPERATION_STATE_UNSPECIFIED if state is None else OPERATION_STATE_NUMBERS[state],
            )
            response = yield from send(PROVER, "ListOperations", request, messages.ListOperationsResponse)
            with holding_answer():
                read_count(response.operations, "operations", 0, request.page_size)
                found += [read_operation(each, f"operations[{at}]") for at, each in enumerate(response.operations)]
                token = read_token(response.next_page_token, "next_page_token")
            if not token:
                break
        return found

    def prove(self, proof: AnyProof) -> Procedure[UnverifiedClaim]:
        """Make a proof and wait for it."""
        report = yield from self.begin(proof)
        while not report.state.is_over:
            report = yield from self.wait(report.id)
        return take_claim(report, proof)

    def prove_many(self) -> Exchange[AnyProof, OperationReport]:
        """Many proofs over one stream, as they are done."""

        def read(response: messages.ProveStreamResponse, proof: AnyProof) -> OperationReport:
            with holding_answer():
                report = read_operation(response.operation)
                if not report.state.is_over:
                    found, expected = report.state.value, "an operation that is over"
                    raise MalformedError(Reason.WRONG_STATE, "operation.state", found=found, expected=expected)
                return require_answers(report, proof)

        def write(proofs: Sequence[tuple[int, AnyProof]]) -> messages.ProveStreamRequest:
            (number, proof), *_ = proofs
            return messages.ProveStreamRequest(number=number, proof=write_proof_request(proof))

        path = path_of(PROVER, "ProveStream")
        return Exchange(path, messages.ProveStreamResponse, write, take_alone, read)


def write_proof_request(proof: AnyProof) -> messages.CreateProofRequest:
    """A proof to make, as a message."""
    if isinstance(proof, TransitionRequest):
        return messages.CreateProofRequest(
            request_id=choose_request_id(proof.request_id),
            demand=write_place(proof.domain, proof.binding),
            market_root=b"" if proof.market_root is None else write_field_element(proof.market_root),
            deadline_at_seconds=proof.deadline_at,
            transition=proof.document,
        )
    return messages.CreateProofRequest(
        request_id=choose_request_id(proof.request_id),
        name=proof.name,
        demand=write_demand(proof.demand),
        statement=proof.statement,
        market_root=b"" if proof.market_root is None else write_field_element(proof.market_root),
        deadline_at_seconds=proof.deadline_at,
        locks=proof.locks,
    )


def take_claim(report: OperationReport, proof: AnyProof) -> UnverifiedClaim:
    """The claim of an operation that succeeded."""
    if report.claim is None:
        raise NotProvedError(report)
    with holding_answer():
        require_answers(report, proof)
    return report.claim


def require_answers(report: OperationReport, proof: AnyProof) -> OperationReport:
    """The claim of an operation says what was to be proved."""
    if isinstance(proof, ProofRequest) and proof.statement:
        require_same("operation.statement", report.statement, proof.statement)
    for name, found, expected in list_demanded(report.claim, proof):
        if found != expected:
            expected_text = "what was demanded"
            raise RejectedError(
                Reason.CONFLICTING_FIELDS, f"operation.claim.{name}", found="else", expected=expected_text
            )
    return report


def list_demanded(claim: UnverifiedClaim | None, proof: AnyProof) -> Iterator[tuple[str, object, object]]:
    """What a claim says beside what was demanded of it; what a change comes to is the prover's to say."""
    if claim is None:
        return
    demand = claim.demand
    if isinstance(proof, TransitionRequest):
        yield "demand.context", (demand.domain, demand.binding), (proof.domain, proof.binding)
        yield "demand", isinstance(demand.policy, StatedTransition), True
    else:
        demand = proof.demand
        yield "demand", claim.demand, demand
    yield "public_inputs.context", claim.inputs.context, demand.context
    yield "public_inputs.policy", claim.inputs.policy, demand.policy.encode()


def require_named(report: OperationReport, identity: str) -> OperationReport:
    """The operation that was asked about."""
    require_same("operation.id", report.id, identity)
    return report
