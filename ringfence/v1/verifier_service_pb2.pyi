from ringfence.v1 import access_pb2 as _access_pb2
from ringfence.v1 import claim_pb2 as _claim_pb2
from ringfence.v1 import log_service_pb2 as _log_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AcceptanceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCEPTANCE_STATE_UNSPECIFIED: _ClassVar[AcceptanceState]
    ACCEPTANCE_STATE_ACCEPTED: _ClassVar[AcceptanceState]
    ACCEPTANCE_STATE_REFRESHED: _ClassVar[AcceptanceState]
    ACCEPTANCE_STATE_RELEASED: _ClassVar[AcceptanceState]
    ACCEPTANCE_STATE_LAPSED: _ClassVar[AcceptanceState]
    ACCEPTANCE_STATE_SEIZED: _ClassVar[AcceptanceState]

class TransitionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSITION_KIND_UNSPECIFIED: _ClassVar[TransitionKind]
    TRANSITION_KIND_TRANSITION: _ClassVar[TransitionKind]
    TRANSITION_KIND_LIQUIDATION: _ClassVar[TransitionKind]

class CommitteeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMITTEE_KIND_UNSPECIFIED: _ClassVar[CommitteeKind]
    COMMITTEE_KIND_ORACLE: _ClassVar[CommitteeKind]
    COMMITTEE_KIND_VENUE: _ClassVar[CommitteeKind]
    COMMITTEE_KIND_WATCHERS: _ClassVar[CommitteeKind]
    COMMITTEE_KIND_GOVERNANCE: _ClassVar[CommitteeKind]
ACCEPTANCE_STATE_UNSPECIFIED: AcceptanceState
ACCEPTANCE_STATE_ACCEPTED: AcceptanceState
ACCEPTANCE_STATE_REFRESHED: AcceptanceState
ACCEPTANCE_STATE_RELEASED: AcceptanceState
ACCEPTANCE_STATE_LAPSED: AcceptanceState
ACCEPTANCE_STATE_SEIZED: AcceptanceState
TRANSITION_KIND_UNSPECIFIED: TransitionKind
TRANSITION_KIND_TRANSITION: TransitionKind
TRANSITION_KIND_LIQUIDATION: TransitionKind
COMMITTEE_KIND_UNSPECIFIED: CommitteeKind
COMMITTEE_KIND_ORACLE: CommitteeKind
COMMITTEE_KIND_VENUE: CommitteeKind
COMMITTEE_KIND_WATCHERS: CommitteeKind
COMMITTEE_KIND_GOVERNANCE: CommitteeKind

class Acceptance(_message.Message):
    __slots__ = ("id", "state", "position_tag", "nullifiers", "demand", "key_id", "is_for_development", "accepted_at_seconds", "refreshed_at_seconds", "lapses_at_seconds", "revision", "log_index")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSITION_TAG_FIELD_NUMBER: _ClassVar[int]
    NULLIFIERS_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    IS_FOR_DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REFRESHED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LAPSES_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    state: AcceptanceState
    position_tag: bytes
    nullifiers: _containers.RepeatedScalarFieldContainer[bytes]
    demand: _claim_pb2.Demand
    key_id: bytes
    is_for_development: bool
    accepted_at_seconds: int
    refreshed_at_seconds: int
    lapses_at_seconds: int
    revision: int
    log_index: int
    def __init__(self, id: _Optional[bytes] = ..., state: _Optional[_Union[AcceptanceState, str]] = ..., position_tag: _Optional[bytes] = ..., nullifiers: _Optional[_Iterable[bytes]] = ..., demand: _Optional[_Union[_claim_pb2.Demand, _Mapping]] = ..., key_id: _Optional[bytes] = ..., is_for_development: _Optional[bool] = ..., accepted_at_seconds: _Optional[int] = ..., refreshed_at_seconds: _Optional[int] = ..., lapses_at_seconds: _Optional[int] = ..., revision: _Optional[int] = ..., log_index: _Optional[int] = ...) -> None: ...

class Attestation(_message.Message):
    __slots__ = ("statement", "ed25519_key_id", "ed25519_signature", "eip712_digest", "eip712_signer", "eip712_signature")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    ED25519_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ED25519_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    EIP712_DIGEST_FIELD_NUMBER: _ClassVar[int]
    EIP712_SIGNER_FIELD_NUMBER: _ClassVar[int]
    EIP712_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    statement: bytes
    ed25519_key_id: bytes
    ed25519_signature: bytes
    eip712_digest: bytes
    eip712_signer: bytes
    eip712_signature: bytes
    def __init__(self, statement: _Optional[bytes] = ..., ed25519_key_id: _Optional[bytes] = ..., ed25519_signature: _Optional[bytes] = ..., eip712_digest: _Optional[bytes] = ..., eip712_signer: _Optional[bytes] = ..., eip712_signature: _Optional[bytes] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("claim",)
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    claim: _claim_pb2.Claim
    def __init__(self, claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "claim_id", "is_for_development")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    IS_FOR_DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    claim_id: bytes
    is_for_development: bool
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., claim_id: _Optional[bytes] = ..., is_for_development: _Optional[bool] = ...) -> None: ...

class NumberedClaim(_message.Message):
    __slots__ = ("number", "claim")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    number: int
    claim: _claim_pb2.Claim
    def __init__(self, number: _Optional[int] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class VerifyBatchRequest(_message.Message):
    __slots__ = ("claims",)
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[NumberedClaim]
    def __init__(self, claims: _Optional[_Iterable[_Union[NumberedClaim, _Mapping]]] = ...) -> None: ...

class NumberedAnswer(_message.Message):
    __slots__ = ("number", "answer")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    number: int
    answer: VerifyResponse
    def __init__(self, number: _Optional[int] = ..., answer: _Optional[_Union[VerifyResponse, _Mapping]] = ...) -> None: ...

class VerifyBatchResponse(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[NumberedAnswer]
    def __init__(self, answers: _Optional[_Iterable[_Union[NumberedAnswer, _Mapping]]] = ...) -> None: ...

class AcceptCollateralRequest(_message.Message):
    __slots__ = ("request_id", "claim", "sealed_releases")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    SEALED_RELEASES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    claim: _claim_pb2.Claim
    sealed_releases: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, request_id: _Optional[str] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ..., sealed_releases: _Optional[_Iterable[bytes]] = ...) -> None: ...

class AcceptCollateralResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "acceptance", "attestation", "receipt")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    acceptance: Acceptance
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class RefreshAcceptanceRequest(_message.Message):
    __slots__ = ("request_id", "acceptance_id", "claim", "sealed_releases")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    SEALED_RELEASES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    acceptance_id: bytes
    claim: _claim_pb2.Claim
    sealed_releases: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, request_id: _Optional[str] = ..., acceptance_id: _Optional[bytes] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ..., sealed_releases: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RefreshAcceptanceResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "acceptance", "attestation", "receipt")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    acceptance: Acceptance
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class ReleaseCollateralRequest(_message.Message):
    __slots__ = ("request_id", "acceptance_id", "nullifiers", "claim")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    NULLIFIERS_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    acceptance_id: bytes
    nullifiers: _containers.RepeatedScalarFieldContainer[bytes]
    claim: _claim_pb2.Claim
    def __init__(self, request_id: _Optional[str] = ..., acceptance_id: _Optional[bytes] = ..., nullifiers: _Optional[_Iterable[bytes]] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class ReleaseCollateralResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "acceptance", "attestation", "receipt")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    acceptance: Acceptance
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class SeizeCollateralRequest(_message.Message):
    __slots__ = ("request_id", "acceptance_id", "claim")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    acceptance_id: bytes
    claim: _claim_pb2.Claim
    def __init__(self, request_id: _Optional[str] = ..., acceptance_id: _Optional[bytes] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class SeizeCollateralResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "acceptance", "attestation", "receipt")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    acceptance: Acceptance
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class AppliedTransition(_message.Message):
    __slots__ = ("claim_id", "kind", "nullifiers", "leaves", "key_id", "is_for_development", "applied_at_seconds", "log_index")
    CLAIM_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NULLIFIERS_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    IS_FOR_DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    APPLIED_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LOG_INDEX_FIELD_NUMBER: _ClassVar[int]
    claim_id: bytes
    kind: TransitionKind
    nullifiers: _containers.RepeatedScalarFieldContainer[bytes]
    leaves: _containers.RepeatedScalarFieldContainer[bytes]
    key_id: bytes
    is_for_development: bool
    applied_at_seconds: int
    log_index: int
    def __init__(self, claim_id: _Optional[bytes] = ..., kind: _Optional[_Union[TransitionKind, str]] = ..., nullifiers: _Optional[_Iterable[bytes]] = ..., leaves: _Optional[_Iterable[bytes]] = ..., key_id: _Optional[bytes] = ..., is_for_development: _Optional[bool] = ..., applied_at_seconds: _Optional[int] = ..., log_index: _Optional[int] = ...) -> None: ...

class ApplyTransitionRequest(_message.Message):
    __slots__ = ("request_id", "claim")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    claim: _claim_pb2.Claim
    def __init__(self, request_id: _Optional[str] = ..., claim: _Optional[_Union[_claim_pb2.Claim, _Mapping]] = ...) -> None: ...

class ApplyTransitionResponse(_message.Message):
    __slots__ = ("verdict", "refusal", "transition", "receipt")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    verdict: _claim_pb2.Verdict
    refusal: _claim_pb2.Refusal
    transition: AppliedTransition
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, verdict: _Optional[_Union[_claim_pb2.Verdict, str]] = ..., refusal: _Optional[_Union[_claim_pb2.Refusal, _Mapping]] = ..., transition: _Optional[_Union[AppliedTransition, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class GetAcceptanceRequest(_message.Message):
    __slots__ = ("acceptance_id",)
    ACCEPTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    acceptance_id: bytes
    def __init__(self, acceptance_id: _Optional[bytes] = ...) -> None: ...

class GetAcceptanceResponse(_message.Message):
    __slots__ = ("acceptance", "attestation", "receipt", "sealed_releases")
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    SEALED_RELEASES_FIELD_NUMBER: _ClassVar[int]
    acceptance: Acceptance
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    sealed_releases: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ..., sealed_releases: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListAcceptancesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state", "position_tag")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSITION_TAG_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: AcceptanceState
    position_tag: bytes
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[AcceptanceState, str]] = ..., position_tag: _Optional[bytes] = ...) -> None: ...

class ListAcceptancesResponse(_message.Message):
    __slots__ = ("acceptances", "next_page_token")
    ACCEPTANCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    acceptances: _containers.RepeatedCompositeFieldContainer[Acceptance]
    next_page_token: str
    def __init__(self, acceptances: _Optional[_Iterable[_Union[Acceptance, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchAcceptancesRequest(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class WatchAcceptancesResponse(_message.Message):
    __slots__ = ("acceptance", "resume_token", "attestation", "receipt")
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    acceptance: Acceptance
    resume_token: str
    attestation: Attestation
    receipt: _log_service_pb2.LogReceipt
    def __init__(self, acceptance: _Optional[_Union[Acceptance, _Mapping]] = ..., resume_token: _Optional[str] = ..., attestation: _Optional[_Union[Attestation, _Mapping]] = ..., receipt: _Optional[_Union[_log_service_pb2.LogReceipt, _Mapping]] = ...) -> None: ...

class GetTrustRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TrustedKey(_message.Message):
    __slots__ = ("key_id", "statement", "is_for_development", "verifying_key")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    IS_FOR_DEVELOPMENT_FIELD_NUMBER: _ClassVar[int]
    VERIFYING_KEY_FIELD_NUMBER: _ClassVar[int]
    key_id: bytes
    statement: str
    is_for_development: bool
    verifying_key: bytes
    def __init__(self, key_id: _Optional[bytes] = ..., statement: _Optional[str] = ..., is_for_development: _Optional[bool] = ..., verifying_key: _Optional[bytes] = ...) -> None: ...

class TrustedCommittee(_message.Message):
    __slots__ = ("kind", "scope", "digest", "threshold", "quorum", "members", "longest_age_seconds")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    QUORUM_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    LONGEST_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    kind: CommitteeKind
    scope: str
    digest: bytes
    threshold: int
    quorum: int
    members: _containers.RepeatedScalarFieldContainer[bytes]
    longest_age_seconds: int
    def __init__(self, kind: _Optional[_Union[CommitteeKind, str]] = ..., scope: _Optional[str] = ..., digest: _Optional[bytes] = ..., threshold: _Optional[int] = ..., quorum: _Optional[int] = ..., members: _Optional[_Iterable[bytes]] = ..., longest_age_seconds: _Optional[int] = ...) -> None: ...

class TrustedDestination(_message.Message):
    __slots__ = ("chain_id", "contract", "entry", "upkeep", "acceptance_seconds")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    UPKEEP_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    chain_id: int
    contract: bytes
    entry: _claim_pb2.StatementPolicy
    upkeep: _claim_pb2.StatementPolicy
    acceptance_seconds: int
    def __init__(self, chain_id: _Optional[int] = ..., contract: _Optional[bytes] = ..., entry: _Optional[_Union[_claim_pb2.StatementPolicy, _Mapping]] = ..., upkeep: _Optional[_Union[_claim_pb2.StatementPolicy, _Mapping]] = ..., acceptance_seconds: _Optional[int] = ...) -> None: ...

class GetTrustResponse(_message.Message):
    __slots__ = ("domain", "verifier", "keys", "committees", "attestation_keys", "eip712_signers", "log_origin", "log_key", "destinations")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    COMMITTEES_FIELD_NUMBER: _ClassVar[int]
    ATTESTATION_KEYS_FIELD_NUMBER: _ClassVar[int]
    EIP712_SIGNERS_FIELD_NUMBER: _ClassVar[int]
    LOG_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LOG_KEY_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    domain: str
    verifier: str
    keys: _containers.RepeatedCompositeFieldContainer[TrustedKey]
    committees: _containers.RepeatedCompositeFieldContainer[TrustedCommittee]
    attestation_keys: _containers.RepeatedScalarFieldContainer[bytes]
    eip712_signers: _containers.RepeatedScalarFieldContainer[bytes]
    log_origin: str
    log_key: bytes
    destinations: _containers.RepeatedCompositeFieldContainer[TrustedDestination]
    def __init__(self, domain: _Optional[str] = ..., verifier: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[TrustedKey, _Mapping]]] = ..., committees: _Optional[_Iterable[_Union[TrustedCommittee, _Mapping]]] = ..., attestation_keys: _Optional[_Iterable[bytes]] = ..., eip712_signers: _Optional[_Iterable[bytes]] = ..., log_origin: _Optional[str] = ..., log_key: _Optional[bytes] = ..., destinations: _Optional[_Iterable[_Union[TrustedDestination, _Mapping]]] = ...) -> None: ...
