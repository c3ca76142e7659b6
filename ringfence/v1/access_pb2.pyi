from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_TRADER: _ClassVar[Role]
    ROLE_ACCEPTOR: _ClassVar[Role]
    ROLE_VENUE: _ClassVar[Role]
    ROLE_ORACLE: _ClassVar[Role]
    ROLE_WATCHER: _ClassVar[Role]
    ROLE_GOVERNANCE: _ClassVar[Role]
    ROLE_READER: _ClassVar[Role]
ROLE_UNSPECIFIED: Role
ROLE_TRADER: Role
ROLE_ACCEPTOR: Role
ROLE_VENUE: Role
ROLE_ORACLE: Role
ROLE_WATCHER: Role
ROLE_GOVERNANCE: Role
ROLE_READER: Role
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor

class Access(_message.Message):
    __slots__ = ("roles",)
    ROLES_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedScalarFieldContainer[Role]
    def __init__(self, roles: _Optional[_Iterable[_Union[Role, str]]] = ...) -> None: ...
