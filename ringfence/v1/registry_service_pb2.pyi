from ringfence.v1 import access_pb2 as _access_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FactSignature(_message.Message):
    __slots__ = ("public_key", "signature")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    signature: bytes
    def __init__(self, public_key: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class SignedFact(_message.Message):
    __slots__ = ("statement", "signatures")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    statement: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[FactSignature]
    def __init__(self, statement: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[FactSignature, _Mapping]]] = ...) -> None: ...

class PublishMarketRootRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishMarketRootResponse(_message.Message):
    __slots__ = ("sequence", "market_root")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_ROOT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    market_root: bytes
    def __init__(self, sequence: _Optional[int] = ..., market_root: _Optional[bytes] = ...) -> None: ...

class PublishBookRootRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishBookRootResponse(_message.Message):
    __slots__ = ("sequence", "book_root")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BOOK_ROOT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    book_root: bytes
    def __init__(self, sequence: _Optional[int] = ..., book_root: _Optional[bytes] = ...) -> None: ...

class PublishLockRootRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishLockRootResponse(_message.Message):
    __slots__ = ("sequence", "lock_root")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LOCK_ROOT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    lock_root: bytes
    def __init__(self, sequence: _Optional[int] = ..., lock_root: _Optional[bytes] = ...) -> None: ...

class CosignLockRootRequest(_message.Message):
    __slots__ = ("fact",)
    FACT_FIELD_NUMBER: _ClassVar[int]
    fact: SignedFact
    def __init__(self, fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class CosignLockRootResponse(_message.Message):
    __slots__ = ("sequence", "signatures", "threshold", "published", "lock_root")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_FIELD_NUMBER: _ClassVar[int]
    LOCK_ROOT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    signatures: int
    threshold: int
    published: bool
    lock_root: bytes
    def __init__(self, sequence: _Optional[int] = ..., signatures: _Optional[int] = ..., threshold: _Optional[int] = ..., published: _Optional[bool] = ..., lock_root: _Optional[bytes] = ...) -> None: ...

class PublishPolicyRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishPolicyResponse(_message.Message):
    __slots__ = ("sequence", "policy_hash", "active_at_seconds")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    POLICY_HASH_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    policy_hash: bytes
    active_at_seconds: int
    def __init__(self, sequence: _Optional[int] = ..., policy_hash: _Optional[bytes] = ..., active_at_seconds: _Optional[int] = ...) -> None: ...

class PublishAppointmentRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishAppointmentResponse(_message.Message):
    __slots__ = ("epoch", "committee", "active_at_seconds")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    COMMITTEE_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    committee: bytes
    active_at_seconds: int
    def __init__(self, epoch: _Optional[int] = ..., committee: _Optional[bytes] = ..., active_at_seconds: _Optional[int] = ...) -> None: ...

class PublishRevocationRequest(_message.Message):
    __slots__ = ("request_id", "fact")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    fact: SignedFact
    def __init__(self, request_id: _Optional[str] = ..., fact: _Optional[_Union[SignedFact, _Mapping]] = ...) -> None: ...

class PublishRevocationResponse(_message.Message):
    __slots__ = ("public_key", "revoked_at_seconds")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    revoked_at_seconds: int
    def __init__(self, public_key: _Optional[bytes] = ..., revoked_at_seconds: _Optional[int] = ...) -> None: ...

class GetRootsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PublishedRoot(_message.Message):
    __slots__ = ("root", "sequence", "observed_at_seconds", "expires_at_seconds", "facts")
    ROOT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    root: bytes
    sequence: int
    observed_at_seconds: int
    expires_at_seconds: int
    facts: _containers.RepeatedCompositeFieldContainer[SignedFact]
    def __init__(self, root: _Optional[bytes] = ..., sequence: _Optional[int] = ..., observed_at_seconds: _Optional[int] = ..., expires_at_seconds: _Optional[int] = ..., facts: _Optional[_Iterable[_Union[SignedFact, _Mapping]]] = ...) -> None: ...

class Roots(_message.Message):
    __slots__ = ("book", "market", "locks")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    LOCKS_FIELD_NUMBER: _ClassVar[int]
    book: PublishedRoot
    market: PublishedRoot
    locks: PublishedRoot
    def __init__(self, book: _Optional[_Union[PublishedRoot, _Mapping]] = ..., market: _Optional[_Union[PublishedRoot, _Mapping]] = ..., locks: _Optional[_Union[PublishedRoot, _Mapping]] = ...) -> None: ...

class GetRootsResponse(_message.Message):
    __slots__ = ("roots",)
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    roots: Roots
    def __init__(self, roots: _Optional[_Union[Roots, _Mapping]] = ...) -> None: ...

class WatchRootsRequest(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class WatchRootsResponse(_message.Message):
    __slots__ = ("roots", "resume_token")
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    roots: Roots
    resume_token: str
    def __init__(self, roots: _Optional[_Union[Roots, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...
