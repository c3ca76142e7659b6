from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_LONG: _ClassVar[Side]
    SIDE_SHORT: _ClassVar[Side]

class ContractKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTRACT_KIND_UNSPECIFIED: _ClassVar[ContractKind]
    CONTRACT_KIND_LINEAR: _ClassVar[ContractKind]
    CONTRACT_KIND_INVERSE: _ClassVar[ContractKind]

class RequirementKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUIREMENT_KIND_UNSPECIFIED: _ClassVar[RequirementKind]
    REQUIREMENT_KIND_INITIAL: _ClassVar[RequirementKind]
    REQUIREMENT_KIND_MAINTENANCE: _ClassVar[RequirementKind]
SIDE_UNSPECIFIED: Side
SIDE_LONG: Side
SIDE_SHORT: Side
CONTRACT_KIND_UNSPECIFIED: ContractKind
CONTRACT_KIND_LINEAR: ContractKind
CONTRACT_KIND_INVERSE: ContractKind
REQUIREMENT_KIND_UNSPECIFIED: RequirementKind
REQUIREMENT_KIND_INITIAL: RequirementKind
REQUIREMENT_KIND_MAINTENANCE: RequirementKind

class Contract(_message.Message):
    __slots__ = ("kind", "multiplier")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    kind: ContractKind
    multiplier: int
    def __init__(self, kind: _Optional[_Union[ContractKind, str]] = ..., multiplier: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("side", "size_lots", "entry_notional", "cash", "funding_index_at_entry")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    SIZE_LOTS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_NOTIONAL_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    FUNDING_INDEX_AT_ENTRY_FIELD_NUMBER: _ClassVar[int]
    side: Side
    size_lots: int
    entry_notional: str
    cash: str
    funding_index_at_entry: str
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., size_lots: _Optional[int] = ..., entry_notional: _Optional[str] = ..., cash: _Optional[str] = ..., funding_index_at_entry: _Optional[str] = ...) -> None: ...

class MarketState(_message.Message):
    __slots__ = ("mark_ticks", "confidence_ticks", "funding_index")
    MARK_TICKS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_TICKS_FIELD_NUMBER: _ClassVar[int]
    FUNDING_INDEX_FIELD_NUMBER: _ClassVar[int]
    mark_ticks: int
    confidence_ticks: int
    funding_index: str
    def __init__(self, mark_ticks: _Optional[int] = ..., confidence_ticks: _Optional[int] = ..., funding_index: _Optional[str] = ...) -> None: ...
