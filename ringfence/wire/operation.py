"""What a prover tells of its statements and of the proofs that it makes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from facts.public_inputs import decode_key_id
from margin.bounds import MAX_HOLDINGS, PPM
from margin.errors import MalformedError, Reason
from ringfence.v1 import prover_service_pb2
from ringfence.wire.claim import LONGEST_EXPECTED, REASON, UnverifiedClaim, read_claim, write_claim
from ringfence.wire.elements import (
    join,
    read_choice,
    read_identity,
    read_moment,
    read_range,
    read_request_id,
    read_text,
    write_identity,
    write_moment,
)

STATEMENT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
CONSTRAINT_BITS: Final = 28
LONGEST_FIELD: Final = 200


@unique
class OperationState(Enum):
    """How far the making of a proof is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether it stays as it is."""
        return self not in {OperationState.QUEUED, OperationState.RUNNING}


OPERATION_STATES: Final[Mapping[prover_service_pb2.OperationState, OperationState]] = MappingProxyType(
    {
        prover_service_pb2.OPERATION_STATE_QUEUED: OperationState.QUEUED,
        prover_service_pb2.OPERATION_STATE_RUNNING: OperationState.RUNNING,
        prover_service_pb2.OPERATION_STATE_SUCCEEDED: OperationState.SUCCEEDED,
        prover_service_pb2.OPERATION_STATE_FAILED: OperationState.FAILED,
        prover_service_pb2.OPERATION_STATE_CANCELLED: OperationState.CANCELLED,
    }
)
OPERATION_STATE_NUMBERS: Final = MappingProxyType({state: number for number, state in OPERATION_STATES.items()})


@dataclass(frozen=True, slots=True)
class StatementShape:
    """A statement in one shape, with the key that its proofs are for."""

    name: str
    lock_count: int
    key_id: str
    is_for_development: bool
    constraint_count: int

    def __post_init__(self) -> None:
        read_statement_name(self.name, "name")
        read_range(self.lock_count, "lock_count", 0, MAX_HOLDINGS)
        decode_key_id(self.key_id)
        read_range(self.constraint_count, "constraint_count", 1, 2**CONSTRAINT_BITS - 1)


@dataclass(frozen=True, slots=True)
class OperationFailure:
    """Why there is no proof; for the position's owner alone."""

    reason: str
    field: str
    expected: str


@dataclass(frozen=True, slots=True)
class OperationReport:
    """A proof that is being made, or was."""

    id: str
    state: OperationState
    statement: str
    created_at: int
    finished_at: int | None
    progress_ppm: int
    claim: UnverifiedClaim | None = None
    failure: OperationFailure | None = None

    def __post_init__(self) -> None:
        shown = (self.finished_at is not None, self.claim is not None, self.failure is not None)
        if shown not in OUTCOMES[self.state]:
            found, expected = "another outcome", f"what goes with {self.state.value}"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "outcome", found=found, expected=expected)


OUTCOMES: Final = MappingProxyType(
    {
        OperationState.QUEUED: {(False, False, False)},
        OperationState.RUNNING: {(False, False, False)},
        OperationState.SUCCEEDED: {(True, True, False)},
        OperationState.FAILED: {(True, False, True)},
        OperationState.CANCELLED: {(True, False, False), (True, False, True)},
    }
)
"""Whether it is finished, has a claim, has a failure."""


def read_statement_name(name: str, field: str) -> str:
    """The name of a statement and its shape."""
    if not STATEMENT_NAME.fullmatch(name):
        expected = "1 to 64 of a-z 0-9 _ -"
        raise MalformedError(Reason.NOT_READABLE, field, found=name, expected=expected)
    return name


def read_statement_shape(message: prover_service_pb2.StatementShape, field: str = "statement") -> StatementShape:
    """A statement that a prover can prove."""
    count = join(field, "constraint_count")
    return StatementShape(
        name=read_statement_name(message.name, join(field, "name")),
        lock_count=read_range(message.lock_count, join(field, "lock_count"), 0, MAX_HOLDINGS),
        key_id=read_identity(message.key_id, join(field, "key_id")),
        is_for_development=message.is_for_development,
        constraint_count=read_range(message.constraint_count, count, 1, 2**CONSTRAINT_BITS - 1),
    )


def write_statement_shape(shape: StatementShape) -> prover_service_pb2.StatementShape:
    """A statement as a message."""
    return prover_service_pb2.StatementShape(
        name=shape.name,
        lock_count=shape.lock_count,
        key_id=write_identity(shape.key_id),
        is_for_development=shape.is_for_development,
        constraint_count=shape.constraint_count,
    )


def read_operation(message: prover_service_pb2.Operation, field: str = "operation") -> OperationReport:
    """An operation as its prover tells of it."""
    outcome = message.WhichOneof("outcome")
    finished = message.finished_at_seconds
    try:
        return OperationReport(
            id=read_request_id(message.id, join(field, "id")),
            state=read_choice(message.state, OPERATION_STATES, join(field, "state")),
            statement=read_statement_name(message.statement, join(field, "statement")),
            created_at=read_moment(message.created_at_seconds, join(field, "created_at_seconds")),
            finished_at=read_moment(finished, join(field, "finished_at_seconds")) if finished else None,
            progress_ppm=read_range(message.progress_ppm, join(field, "progress_ppm"), 0, PPM),
            claim=read_claim(message.claim, join(field, "claim")) if outcome == "claim" else None,
            failure=read_failure(message.failure, join(field, "failure")) if outcome == "failure" else None,
        )
    except MalformedError as error:
        raise (error.under(field) if error.field == "outcome" else error) from None


def write_operation(report: OperationReport) -> prover_service_pb2.Operation:
    """An operation as a message."""
    claim, failure = report.claim, report.failure
    return prover_service_pb2.Operation(
        id=report.id,
        state=OPERATION_STATE_NUMBERS[report.state],
        statement=report.statement,
        created_at_seconds=write_moment(report.created_at),
        finished_at_seconds=0 if report.finished_at is None else write_moment(report.finished_at),
        progress_ppm=report.progress_ppm,
        claim=None if claim is None else write_claim(claim.key_id, claim.inputs, claim.proof, claim.demand),
        failure=None if failure is None else write_failure(failure),
    )


def read_failure(message: prover_service_pb2.OperationFailure, field: str) -> OperationFailure:
    """Why there is no proof."""
    if not REASON.fullmatch(message.reason):
        expected = "1 to 64 capitals, digits and _"
        raise MalformedError(Reason.NOT_READABLE, join(field, "reason"), found=message.reason, expected=expected)
    return OperationFailure(
        message.reason,
        read_text(message.field, join(field, "field"), LONGEST_FIELD, least=0),
        read_text(message.expected, join(field, "expected"), 4 * LONGEST_EXPECTED, least=0),
    )


def write_failure(failure: OperationFailure) -> prover_service_pb2.OperationFailure:
    """A failure as a message."""
    return prover_service_pb2.OperationFailure(
        reason=failure.reason, field=failure.field[:LONGEST_FIELD], expected=failure.expected[:LONGEST_EXPECTED]
    )
