"""What a prover tells comes back as it went."""

from dataclasses import replace

import pytest

from facts.commitments import CommittedPosition, commit_position
from facts.tags import Tag
from margin.errors import MalformedError
from ringfence.v1 import prover_service_pb2
from ringfence.wire.claim import read_claim
from ringfence.wire.commitment import (
    CommitmentReport,
    LockOwner,
    read_commitment,
    read_opening,
    write_commitment,
    write_opening,
)
from ringfence.wire.operation import (
    OperationFailure,
    OperationReport,
    OperationState,
    StatementShape,
    read_operation,
    read_statement_shape,
    write_operation,
    write_statement_shape,
)
from tests.ringfence.wire.faults import faults, refused_field, taken
from tests.ringfence.wire.test_claim import CLAIM

QUEUED = OperationReport("operation-0123456789", OperationState.QUEUED, "perp-k1", 1000, None, 0)
RUNNING = replace(QUEUED, state=OperationState.RUNNING, progress_ppm=400_000)
SUCCEEDED = OperationReport(QUEUED.id, OperationState.SUCCEEDED, "perp-k1", 1000, 1001, 10**6, claim=read_claim(CLAIM))
FAILED = OperationReport(
    QUEUED.id,
    OperationState.FAILED,
    "defined_risk-l8-k1",
    1000,
    1001,
    500_000,
    failure=OperationFailure("W30_RULE_BROKEN", "equity", "more equity"),
)
CANCELLED = replace(QUEUED, state=OperationState.CANCELLED, finished_at=1001)
OPERATIONS = {each.state.value: each for each in (QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED)}
SHAPE = StatementShape("perp-k1", 1, "ab" * 32, is_for_development=True, constraint_count=31_000)
COMMITMENT = CommitmentReport(5, 6, (LockOwner("eth", 7), LockOwner("usdc", 8)))


@pytest.mark.parametrize("report", OPERATIONS.values(), ids=OPERATIONS)
def test_operations_come_back_as_they_went(report: OperationReport) -> None:
    sent = write_operation(report).SerializeToString()
    assert read_operation(prover_service_pb2.Operation.FromString(sent)) == report
    assert report.state.is_over == (report.finished_at is not None)


def test_an_operation_is_refused_by_the_path_of_its_field() -> None:
    through = taken(write_operation(RUNNING), lambda message: read_operation(message, ""))
    assert through == {("created_at_seconds", "largest"), ("progress_ppm", "zero")}


@pytest.mark.parametrize(
    ("report", "changes"),
    [
        (SUCCEEDED, {"claim": None}),
        (SUCCEEDED, {"finished_at": None}),
        (FAILED, {"failure": None}),
        (RUNNING, {"finished_at": 1001}),
        (SUCCEEDED, {"state": OperationState.FAILED}),
        (FAILED, {"state": OperationState.SUCCEEDED}),
        (FAILED, {"state": OperationState.RUNNING}),
    ],
)
def test_an_outcome_goes_with_its_state(report: OperationReport, changes: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        replace(report, **changes)  # type: ignore[arg-type]


def test_an_outcome_that_is_missing_is_told_where_it_belongs() -> None:
    message = write_operation(SUCCEEDED)
    message.ClearField("claim")
    with pytest.raises(MalformedError) as refused:
        read_operation(message)
    assert refused.value.field == "operation.outcome"


def test_shapes_come_back_and_are_refused_by_the_path_of_their_field() -> None:
    assert read_statement_shape(write_statement_shape(SHAPE)) == SHAPE
    through = taken(write_statement_shape(SHAPE), lambda message: read_statement_shape(message, ""))
    assert through == {("lock_count", "zero"), ("is_for_development", "other")}


def test_commitments_come_back_and_are_refused_by_the_path_of_their_field() -> None:
    assert read_commitment(write_commitment(COMMITMENT)) == COMMITMENT
    padded = {(f"lock_owners[{place}].asset", "padded") for place in range(2)}
    assert taken(write_commitment(COMMITMENT), read_commitment) == padded


@pytest.mark.parametrize("kind", [Tag.POSITION_PERP, Tag.POSITION_STRUCTURE, Tag.POSITION_PORTFOLIO])
def test_openings_come_back_and_open_what_they_say(kind: Tag) -> None:
    position = CommittedPosition(kind, 1, 2, 3, -4, 5)  # type: ignore[arg-type]
    message = write_opening(position)
    assert read_opening(message) == position
    message.commitment = (commit_position(position) - 1).to_bytes(32, "big")
    with pytest.raises(MalformedError) as refused:
        read_opening(message)
    assert refused.value.field == "commitment"


def test_an_opening_that_opens_something_else_is_refused() -> None:
    message = write_opening(CommittedPosition(Tag.POSITION_PERP, 1, 2, 3, -4, 5))
    for path, how, faulty in faults(message):
        assert refused_field(faulty, read_opening) in {path, "commitment"}, how
