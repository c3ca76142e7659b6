from ringfence.v1 import access_pb2 as _access_pb2
from ringfence.v1 import claim_pb2 as _claim_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PositionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITION_KIND_UNSPECIFIED: _ClassVar[PositionKind]
    POSITION_KIND_PERP: _ClassVar[PositionKind]
    POSITION_KIND_STRUCTURE: _ClassVar[PositionKind]
    POSITION_KIND_PORTFOLIO: _ClassVar[PositionKind]

class OperationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPERATION_STATE_UNSPECIFIED: _ClassVar[OperationState]
    OPERATION_STATE_QUEUED: _ClassVar[OperationState]
    OPERATION_STATE_RUNNING: _ClassVar[OperationState]
    OPERATION_STATE_SUCCEEDED: _ClassVar[OperationState]
    OPERATION_STATE_FAILED: _ClassVar[OperationState]
    OPERATION_STATE_CANCELLED: _ClassVar[OperationState]
POSITION_KIND_UNSPECIFIED: PositionKind
POSITION_KIND_PERP: PositionKind
POSITION_KIND_STRUCTURE: PositionKind
POSITION_KIND_PORTFOLIO: PositionKind
OPERATION_STATE_UNSPECIFIED: OperationState
OPERATION_STATE_QUEUED: OperationState
OPERATION_STATE_RUNNING: OperationState
OPERATION_STATE_SUCCEEDED: OperationState
OPERATION_STATE_FAILED: OperationState
OPERATION_STATE_CANCELLED: OperationState

class StatementShape(_message.Message):
    __slots__ = ("name", "lock_count", "key_id", "is_for_development", "constraint_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCK_COUNT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    IS_FOR_DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    lock_count: int
    key_id: bytes
    is_for_development: bool
    constraint_count: int
    def __init__(self, name: _Optional[str] = ..., lock_count: _Optional[int] = ..., key_id: _Optional[bytes] = ..., is_for_development: _Optional[bool] = ..., constraint_count: _Optional[int] = ...) -> None: ...

class ListStatementsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListStatementsResponse(_message.Message):
    __slots__ = ("statements",)
    STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    statements: _containers.RepeatedCompositeFieldContainer[StatementShape]
    def __init__(self, statements: _Optional[_Iterable[_Union[StatementShape, _Mapping]]] = ...) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("request_id", "name", "document")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    name: str
    document: bytes
    def __init__(self, request_id: _Optional[str] = ..., name: _Optional[str] = ..., document: _Optional[bytes] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("commitment", "position_tag", "lock_owners")
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_TAG_FIELD_NUMBER: _ClassVar[int]
    LOCK_OWNERS_FIELD_NUMBER: _ClassVar[int]
    commitment: bytes
    position_tag: bytes
    lock_owners: _containers.RepeatedCompositeFieldContainer[LockOwner]
    def __init__(self, commitment: _Optional[bytes] = ..., position_tag: _Optional[bytes] = ..., lock_owners: _Optional[_Iterable[_Union[LockOwner, _Mapping]]] = ...) -> None: ...

class LockOwner(_message.Message):
    __slots__ = ("asset", "lock_owner")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    LOCK_OWNER_FIELD_NUMBER: _ClassVar[int]
    asset: str
    lock_owner: bytes
    def __init__(self, asset: _Optional[str] = ..., lock_owner: _Optional[bytes] = ...) -> None: ...

class OpenCommitmentRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class OpenCommitmentResponse(_message.Message):
    __slots__ = ("commitment", "owner", "position_id", "body", "cash", "salt", "kind")
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    commitment: bytes
    owner: bytes
    position_id: bytes
    body: bytes
    cash: str
    salt: bytes
    kind: PositionKind
    def __init__(self, commitment: _Optional[bytes] = ..., owner: _Optional[bytes] = ..., position_id: _Optional[bytes] = ..., body: _Optional[bytes] = ..., cash: _Optional[str] = ..., salt: _Optional[bytes] = ..., kind: _Optional[_Union[PositionKind, str]] = ...) -> None: ...

class CreateProofRequest(_message.Message):
    __slots__ = ("request_id", "name", "demand", "statement", "market_root", "deadline_at_seconds", "locks", "transition")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    MARKET_ROOT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LOCKS_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    name: str
    demand: _claim_pb2.Demand
    statement: str
    market_root: bytes
    deadline_at_seconds: int
    locks: _containers.RepeatedScalarFieldContainer[int]
    transition: bytes
    def __init__(self, request_id: _Optional[str] = ..., name: _Optional[str] = ..., demand: _Optional[_Union[_claim_pb2.Demand, _Mapping]] = ..., statement: _Optional[str] = ..., market_root: _Optional[bytes] = ..., deadline_at_seconds: _Optional[int] = ..., locks: _Optional[_Iterable[int]] = ..., transition: _Optional[bytes] = ...) -> None: ...

class CreateProofResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: Operation
    def __init__(self, operation: _Optional[_Union[Operation, _Mapping]] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("id", "state", "statement", "created_at_seconds", "finished_at_seconds", "progress_ppm", "claim", "failure")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_PPM_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: OperationState
    statement: str
    created_at_seconds: int
    finished_at_seconds: int
    progress_ppm: int
    claim: _claim_pb2.Claim
    failure: OperationFailure
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[OperationState, str]] = ..., statement: _Optional[str] = ..., created_at_seconds: _Optional[int] = ..., finished_at_seconds: _Optional[int] = ..., progress_ppm: _Optional[int] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ..., failure: _Optional[_Union[OperationFailure, _Mapping]] = ...) -> None: ...

class OperationFailure(_message.Message):
    __slots__ = ("reason", "field", "expected")
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    reason: str
    field: str
    expected: str
    def __init__(self, reason: _Optional[str] = ..., field: _Optional[str] = ..., expected: _Optional[str] = ...) -> None: ...

class GetOperationRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetOperationResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: Operation
    def __init__(self, operation: _Optional[_Union[Operation, _Mapping]] = ...) -> None: ...

class WaitOperationRequest(_message.Message):
    __slots__ = ("id", "timeout_milliseconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    timeout_milliseconds: int
    def __init__(self, id: _Optional[str] = ..., timeout_milliseconds: _Optional[int] = ...) -> None: ...

class WaitOperationResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: Operation
    def __init__(self, operation: _Optional[_Union[Operation, _Mapping]] = ...) -> None: ...

class CancelOperationRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class CancelOperationResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: Operation
    def __init__(self, operation: _Optional[_Union[Operation, _Mapping]] = ...) -> None: ...

class ListOperationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: OperationState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[OperationState, str]] = ...) -> None: ...

class ListOperationsResponse(_message.Message):
    __slots__ = ("operations", "next_page_token")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    next_page_token: str
    def __init__(self, operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ProveStreamRequest(_message.Message):
    __slots__ = ("number", "proof")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    number: int
    proof: CreateProofRequest
    def __init__(self, number: _Optional[int] = ..., proof: _Optional[_Union[CreateProofRequest, _Mapping]] = ...) -> None: ...

class ProveStreamResponse(_message.Message):
    __slots__ = ("number", "operation")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    number: int
    operation: Operation
    def __init__(self, number: _Optional[int] = ..., operation: _Optional[_Union[Operation, _Mapping]] = ...) -> None: ...
