from ringfence.v1 import margin_pb2 as _margin_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_VALID: _ClassVar[Verdict]
    VERDICT_REFUSED: _ClassVar[Verdict]

class ProfitBasis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROFIT_BASIS_UNSPECIFIED: _ClassVar[ProfitBasis]
    PROFIT_BASIS_ENTRY: _ClassVar[ProfitBasis]
    PROFIT_BASIS_MARK: _ClassVar[ProfitBasis]
VERDICT_UNSPECIFIED: Verdict
VERDICT_VALID: Verdict
VERDICT_REFUSED: Verdict
PROFIT_BASIS_UNSPECIFIED: ProfitBasis
PROFIT_BASIS_ENTRY: ProfitBasis
PROFIT_BASIS_MARK: ProfitBasis

class PublicInputs(_message.Message):
    __slots__ = ("book_root", "market_root", "lock_root", "position_tag", "nullifiers", "context", "policy")
    BOOK_ROOT_FIELD_NUMBER: _ClassVar[int]
    MARKET_ROOT_FIELD_NUMBER: _ClassVar[int]
    LOCK_ROOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_TAG_FIELD_NUMBER: _ClassVar[int]
    NULLIFIERS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    book_root: bytes
    market_root: bytes
    lock_root: bytes
    position_tag: bytes
    nullifiers: _containers.RepeatedScalarFieldContainer[bytes]
    context: bytes
    policy: bytes
    def __init__(self, book_root: _Optional[bytes] = ..., market_root: _Optional[bytes] = ..., lock_root: _Optional[bytes] = ..., position_tag: _Optional[bytes] = ..., nullifiers: _Optional[_Iterable[bytes]] = ..., context: _Optional[bytes] = ..., policy: _Optional[bytes] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: bytes
    def __init__(self, points: _Optional[bytes] = ...) -> None: ...

class StatementPolicy(_message.Message):
    __slots__ = ("requirement", "shock_ppm", "buffer_ppm", "least_basket_value")
    REQUIREMENT_FIELD_NUMBER: _ClassVar[int]
    SHOCK_PPM_FIELD_NUMBER: _ClassVar[int]
    BUFFER_PPM_FIELD_NUMBER: _ClassVar[int]
    LEAST_BASKET_VALUE_FIELD_NUMBER: _ClassVar[int]
    requirement: _margin_pb2.RequirementKind
    shock_ppm: int
    buffer_ppm: int
    least_basket_value: str
    def __init__(self, requirement: _Optional[_Union[_margin_pb2.RequirementKind, str]] = ..., shock_ppm: _Optional[int] = ..., buffer_ppm: _Optional[int] = ..., least_basket_value: _Optional[str] = ...) -> None: ...

class ReleaseTerms(_message.Message):
    __slots__ = ("asset", "amount")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    amount: str
    def __init__(self, asset: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...

class Flows(_message.Message):
    __slots__ = ("currency_id", "paid_in", "paid_out", "fees", "settled")
    CURRENCY_ID_FIELD_NUMBER: _ClassVar[int]
    PAID_IN_FIELD_NUMBER: _ClassVar[int]
    PAID_OUT_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    currency_id: int
    paid_in: str
    paid_out: str
    fees: str
    settled: str
    def __init__(self, currency_id: _Optional[int] = ..., paid_in: _Optional[str] = ..., paid_out: _Optional[str] = ..., fees: _Optional[str] = ..., settled: _Optional[str] = ...) -> None: ...

class TransitionTerms(_message.Message):
    __slots__ = ("leaves", "flows")
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    FLOWS_FIELD_NUMBER: _ClassVar[int]
    leaves: _containers.RepeatedScalarFieldContainer[bytes]
    flows: Flows
    def __init__(self, leaves: _Optional[_Iterable[bytes]] = ..., flows: _Optional[_Union[Flows, _Mapping]] = ...) -> None: ...

class LiquidationFlows(_message.Message):
    __slots__ = ("currency_id", "basket", "slippage_ticks", "settled", "fee", "penalty", "returned", "gap")
    CURRENCY_ID_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_TICKS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    currency_id: int
    basket: str
    slippage_ticks: int
    settled: str
    fee: str
    penalty: str
    returned: str
    gap: str
    def __init__(self, currency_id: _Optional[int] = ..., basket: _Optional[str] = ..., slippage_ticks: _Optional[int] = ..., settled: _Optional[str] = ..., fee: _Optional[str] = ..., penalty: _Optional[str] = ..., returned: _Optional[str] = ..., gap: _Optional[str] = ...) -> None: ...

class LiquidationTerms(_message.Message):
    __slots__ = ("leaf", "flows")
    LEAF_FIELD_NUMBER: _ClassVar[int]
    FLOWS_FIELD_NUMBER: _ClassVar[int]
    leaf: bytes
    flows: LiquidationFlows
    def __init__(self, leaf: _Optional[bytes] = ..., flows: _Optional[_Union[LiquidationFlows, _Mapping]] = ...) -> None: ...

class DeleverageTerms(_message.Message):
    __slots__ = ("basis", "bankrupt", "entries")
    BASIS_FIELD_NUMBER: _ClassVar[int]
    BANKRUPT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    basis: ProfitBasis
    bankrupt: bytes
    entries: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, basis: _Optional[_Union[ProfitBasis, str]] = ..., bankrupt: _Optional[bytes] = ..., entries: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Context(_message.Message):
    __slots__ = ("domain", "verifier", "destination_chain_id", "destination_contract", "recipient", "expires_at_seconds")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_CONTRACT_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    domain: str
    verifier: str
    destination_chain_id: int
    destination_contract: bytes
    recipient: bytes
    expires_at_seconds: int
    def __init__(self, domain: _Optional[str] = ..., verifier: _Optional[str] = ..., destination_chain_id: _Optional[int] = ..., destination_contract: _Optional[bytes] = ..., recipient: _Optional[bytes] = ..., expires_at_seconds: _Optional[int] = ...) -> None: ...

class Demand(_message.Message):
    __slots__ = ("policy", "release", "transition", "liquidation", "deleverage", "context")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    DELEVERAGE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    policy: StatementPolicy
    release: ReleaseTerms
    transition: TransitionTerms
    liquidation: LiquidationTerms
    deleverage: DeleverageTerms
    context: Context
    def __init__(self, policy: _Optional[_Union[StatementPolicy, _Mapping]] = ..., release: _Optional[_Union[ReleaseTerms, _Mapping]] = ..., transition: _Optional[_Union[TransitionTerms, _Mapping]] = ..., liquidation: _Optional[_Union[LiquidationTerms, _Mapping]] = ..., deleverage: _Optional[_Union[DeleverageTerms, _Mapping]] = ..., context: _Optional[_Union[Context, _Mapping]] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("key_id", "public_inputs", "proof", "demand")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_INPUTS_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    key_id: bytes
    public_inputs: PublicInputs
    proof: Proof
    demand: Demand
    def __init__(self, key_id: _Optional[bytes] = ..., public_inputs: _Optional[_Union[PublicInputs, _Mapping]] = ..., proof: _Optional[_Union[Proof, _Mapping]] = ..., demand: _Optional[_Union[Demand, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("step", "reason", "field", "expected")
    STEP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    step: int
    reason: str
    field: str
    expected: str
    def __init__(self, step: _Optional[int] = ..., reason: _Optional[str] = ..., field: _Optional[str] = ..., expected: _Optional[str] = ...) -> None: ...
