"""``ProverService``: what its callers ask, and what they are told of it. Each caller sees its own alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Final

import grpc
from google.protobuf.message import Message

from margin.bounds import MAX_HOLDINGS
from margin.errors import MalformedError, Reason
from prover.desk import Desk, Wish
from prover.jobs import Jobs, Work
from prover.place import Where
from prover.provable import Provable
from prover.stream import ProofStream
from prover.succession import find_standing
from prover.wallet import Asked
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.v1.prover_service_pb2_grpc import ProverServiceServicer, add_ProverServiceServicer_to_server
from ringfence.wire.claim import read_demand, read_place
from ringfence.wire.commitment import write_commitment, write_opening
from ringfence.wire.elements import (
    read_choice,
    read_count,
    read_field_element,
    read_page_size,
    read_range,
    read_request_id,
    read_text,
    read_token,
    require_part,
)
from ringfence.wire.operation import (
    OPERATION_STATES,
    OperationReport,
    StatementShape,
    read_statement_name,
    write_operation,
    write_statement_shape,
)
from serving.call import Call, current_call
from serving.server import Service

DESCRIPTOR: Final = wire.DESCRIPTOR.services_by_name["ProverService"]
LONGEST_WAIT_MILLISECONDS: Final = 600_000
ANSWER_SECONDS: Final = 0.05
"""Of a caller's time, to tell it that its wait is over."""
NUMBER_DIGITS: Final = 18


class ProverService(ProverServiceServicer):
    """The servicer."""

    def __init__(self, desk: Desk, jobs: Jobs, stream_in_flight: int) -> None:
        self._desk = desk
        self._jobs = jobs
        self._stream_in_flight = stream_in_flight

    def served(self) -> Service:
        """The service as a server takes it."""
        return Service(DESCRIPTOR, partial(add_ProverServiceServicer_to_server, self))

    def ListStatements(
        self,
        request: wire.ListStatementsRequest,
        context: grpc.ServicerContext,
    ) -> wire.ListStatementsResponse:
        """The statements with their keys."""
        shapes = map(shape_of, self._desk.provables.values())
        return wire.ListStatementsResponse(statements=map(write_statement_shape, shapes))

    def Commit(
        self,
        request: wire.CommitRequest,
        context: grpc.ServicerContext,
    ) -> wire.CommitResponse:
        """Commit to a document."""
        asked = Asked(read_request_id(request.request_id), digest_of(request).hex())
        name = read_text(request.name, "name")
        caller = current_call().caller.name
        return write_commitment(self._desk.commit(caller, name, request.document, asked))

    def OpenCommitment(
        self,
        request: wire.OpenCommitmentRequest,
        context: grpc.ServicerContext,
    ) -> wire.OpenCommitmentResponse:
        """What opens a commitment."""
        kept = self._desk.vault.position(current_call().caller.name, read_text(request.name, "name"))
        return write_opening(find_standing(kept, self._desk.facts.publication).committed)

    def CreateProof(
        self,
        request: wire.CreateProofRequest,
        context: grpc.ServicerContext,
    ) -> wire.CreateProofResponse:
        """Begin a proof."""
        call = current_call()
        report, _ = ask_for_proof(self._desk, self._jobs, call.caller.name, request, call)
        return wire.CreateProofResponse(operation=write_operation(report))

    def GetOperation(
        self,
        request: wire.GetOperationRequest,
        context: grpc.ServicerContext,
    ) -> wire.GetOperationResponse:
        """An operation as it is."""
        report = self._jobs.find(current_call().caller.name, read_request_id(request.id, "id"))
        return wire.GetOperationResponse(operation=write_operation(report))

    def WaitOperation(
        self,
        request: wire.WaitOperationRequest,
        context: grpc.ServicerContext,
    ) -> wire.WaitOperationResponse:
        """An operation when it is over, or when the wait is."""
        call = current_call()
        field = "timeout_milliseconds"
        longest = read_range(request.timeout_milliseconds, field, 0, LONGEST_WAIT_MILLISECONDS)
        seconds = min(longest / 1000, call.seconds_left - ANSWER_SECONDS)
        report = self._jobs.wait(call.caller.name, read_request_id(request.id, "id"), seconds, call.ended)
        return wire.WaitOperationResponse(operation=write_operation(report))

    def CancelOperation(
        self,
        request: wire.CancelOperationRequest,
        context: grpc.ServicerContext,
    ) -> wire.CancelOperationResponse:
        """End an operation."""
        report = self._jobs.cancel(current_call().caller.name, read_request_id(request.id, "id"))
        return wire.CancelOperationResponse(operation=write_operation(report))

    def ListOperations(
        self,
        request: wire.ListOperationsRequest,
        context: grpc.ServicerContext,
    ) -> wire.ListOperationsResponse:
        """A page of the caller's operations."""
        most, before = read_page_size(request.page_size), read_page(request.page_token)
        state = read_choice(request.state, OPERATION_STATES, "state") if request.state else None
        found = self._jobs.list_jobs(current_call().caller.name, before, most + 1, state)
        page = found[:most]
        token = str(page[-1][0]) if len(found) > most else ""
        return wire.ListOperationsResponse(
            operations=[write_operation(report) for _, report in page], next_page_token=token
        )

    def ProveStream(
        self,
        request_iterator: Iterator[wire.ProveStreamRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[wire.ProveStreamResponse]:
        """Many proofs."""
        call = current_call()
        stream = ProofStream(self._jobs, call, self._stream_in_flight)

        def begin(message: wire.ProveStreamRequest) -> tuple[OperationReport, bool]:
            require_part(message, "proof", "")
            return ask_for_proof(self._desk, self._jobs, call.caller.name, message.proof, call, is_patient=True)

        asked = ((message.number, message.proof.statement, message) for message in request_iterator)
        for number, report in stream.prove(asked, begin):
            yield wire.ProveStreamResponse(number=number, operation=write_operation(report))


def ask_for_proof(
    desk: Desk, jobs: Jobs, caller: str, request: wire.CreateProofRequest, call: Call, *, is_patient: bool = False
) -> tuple[OperationReport, bool]:
    """The operation of a request, and whether it was begun now; one who is patient waits for room in the queue."""
    request_id = read_request_id(request.request_id)
    require_part(request, "demand", "")
    prepare = read_transition_wish(desk, caller, request) if request.transition else read_wish(desk, caller, request)
    call.require_waiting()
    return jobs.ask(
        caller,
        request_id,
        digest_of(request),
        prepare,
        deadline_at=request.deadline_at_seconds,
        gone=call.ended if is_patient else None,
    )


def read_wish(desk: Desk, caller: str, request: wire.CreateProofRequest) -> Callable[[], Work]:
    """A proof about one position."""
    name = read_text(request.name, "name")
    demand = read_demand(request.demand, "demand")
    read_count(request.locks, "locks", 0, MAX_HOLDINGS)
    wish = replace(read_choices(request), locks=tuple(request.locks))
    return lambda: desk.prepare(caller, name, demand, wish)


def read_transition_wish(desk: Desk, caller: str, request: wire.CreateProofRequest) -> Callable[[], Work]:
    """A proof that positions change; its document names them, and locks are no part of them."""
    for name in ("name", "locks"):
        if getattr(request, name):
            expected = "nothing beside a transition"
            raise MalformedError(Reason.CONFLICTING_FIELDS, name, found="something", expected=expected)
    where = Where(*read_place(request.demand, "demand"))
    wish = read_choices(request)
    return lambda: desk.prepare_transition(caller, request.transition, where, wish)


def read_choices(request: wire.CreateProofRequest) -> Wish:
    """What a caller may choose of any proof."""
    statement = read_statement_name(request.statement, "statement") if request.statement else ""
    root = read_field_element(request.market_root, "market_root") if request.market_root else 0
    return Wish(statement, root)


def shape_of(provable: Provable) -> StatementShape:
    """A statement as its callers are told of it."""
    return StatementShape(
        name=provable.name,
        lock_count=provable.lock_count,
        key_id=provable.key_id,
        is_for_development=provable.is_for_development,
        constraint_count=provable.constraint_count,
    )


def digest_of(request: Message) -> bytes:
    """What tells a request apart from another one under the same id."""
    return sha256(request.SerializeToString(deterministic=True)).digest()


def read_page(token: str) -> int | None:
    """Where the last page ended; the beginning where there was none."""
    if not read_token(token, "page_token"):
        return None
    if not (token.isascii() and token.isdecimal() and len(token) <= NUMBER_DIGITS):
        expected = "a token that was given with a page"
        raise MalformedError(Reason.NOT_READABLE, "page_token", found="another text", expected=expected)
    return int(token)
