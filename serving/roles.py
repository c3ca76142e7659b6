"""Who has which role, and which role may call what: deny by default, on both sides.

    [callers]
    "dns:desk.example" = ["trader"]
    "uri:spiffe://bridge.example/acceptor" = ["acceptor", "reader"]

The names are those of a caller's certificate (subject alternative names; the common name is not one). Which role may
call a method is said in ``protos/`` beside the method. A caller without a role, a method without a rule: refused.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import grpc
from cryptography import x509
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from ringfence.v1 import access_pb2
from serving.call import Caller
from serving.errors import MalformedError, Reason, RejectedError
from serving.last_good import LastGood, read_file

LARGEST_TABLE: Final = 1 << 20
if TYPE_CHECKING:
    from google.protobuf.internal.extension_dict import _ExtensionFieldDescriptor

PREFIX: Final = "ROLE_"
ACCESS: Final = cast("_ExtensionFieldDescriptor[MethodOptions, access_pb2.Access]", access_pb2.access)
KINDS_OF_NAMES: Final = ("dns", "uri")
"""As gRPC tells them: ``peer_dns`` and ``peer_uri``."""
ROLES: Final = tuple(name.removeprefix(PREFIX).lower() for name, number in access_pb2.Role.items() if number)
"""The roles as configurations and logs write them."""

RoleTable = Mapping[str, frozenset[str]]
"""Name in a certificate -> roles."""
Rules = Mapping[str, frozenset[str]]
"""Method -> the roles that may call it."""


class Callers(Protocol):
    """Tells who calls."""

    def identify_by(self, names: Iterable[str]) -> Caller:
        """The caller with these names in its certificate, or a refusal."""


class LocalCallers:
    """Without TLS, on this machine alone: whoever reaches the server is one caller, with the roles that are given."""

    def __init__(self, roles: Iterable[str]) -> None:
        self._caller = Caller("local", frozenset(roles))

    def identify_by(self, names: Iterable[str]) -> Caller:  # noqa: ARG002 - there are none
        """The one caller."""
        return self._caller


class CertifiedCallers:
    """Callers by the names in the certificates that TLS has verified."""

    def __init__(self, table: LastGood[RoleTable]) -> None:
        self._table = table

    def identify_by(self, names: Iterable[str]) -> Caller:
        """The caller with the roles of every name in its certificate."""
        table = self._table.content
        known = [name for name in names if name in table]
        if not known:
            expected = "a certificate with a name that has a role here"
            raise RejectedError(Reason.NOT_AUTHENTICATED, "", found="another one", expected=expected)
        return Caller(known[0], frozenset().union(*(table[name] for name in known)))


def names_in(certificate: x509.Certificate) -> list[str]:
    """The names in a certificate, each with its kind, in the order in which gRPC tells them."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return []
    by_kind = {
        "dns": names.get_values_for_type(x509.DNSName),
        "uri": names.get_values_for_type(x509.UniformResourceIdentifier),
    }
    return [f"{kind}:{name}" for kind in KINDS_OF_NAMES for name in by_kind[kind]]


def names_of(context: grpc.ServicerContext) -> list[str]:
    """The names in a caller's certificate, each with its kind."""
    found = context.auth_context()
    kinds = ((kind, cast("Iterable[bytes]", found.get(f"peer_{kind}", ()))) for kind in KINDS_OF_NAMES)
    return [f"{kind}:{name.decode('utf-8', 'replace')}" for kind, names in kinds for name in names]


def list_rules(services: Iterable[ServiceDescriptor]) -> Rules:
    """The rules that stand beside the methods of services; a method without one is not in it."""
    rules = {}
    for service in services:
        for method in service.methods:
            options = method.GetOptions()
            if options.HasExtension(ACCESS):
                rules[f"/{service.full_name}/{method.name}"] = frozenset(name_roles(options))
    return rules


def name_roles(options: MethodOptions) -> Iterator[str]:
    """The roles of a rule; one that is unspecified lets nobody in."""
    for role in options.Extensions[ACCESS].roles:
        if role != access_pb2.ROLE_UNSPECIFIED:
            yield access_pb2.Role.Name(role).removeprefix(PREFIX).lower()


def require_role(rules: Rules, method: str, caller: Caller) -> None:
    """One of the caller's roles may call the method."""
    if not rules.get(method, frozenset()) & caller.roles:
        raise RejectedError(Reason.NOT_ALLOWED, "", found="another one", expected="a role that may call this method")


def read_role_table(path: Path) -> RoleTable:
    """The table in a file, checked to the last name."""
    try:
        content = tomllib.loads(read_file(path, "roles", LARGEST_TABLE).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise MalformedError(Reason.NOT_READABLE, "roles", found="something else", expected="a TOML file") from None
    callers = content.pop("callers", {})
    if content or not isinstance(callers, dict):
        raise MalformedError(Reason.UNKNOWN_KEY, "roles", found="another key", expected="the table [callers] alone")
    return {require_name(name): frozenset(read_roles(roles, f"callers.{name}")) for name, roles in callers.items()}


def require_name(name: str) -> str:
    """A name of a kind that certificates have."""
    kind, _, rest = name.partition(":")
    if kind not in KINDS_OF_NAMES or not rest:
        raise MalformedError(Reason.NOT_A_CHOICE, "callers", found=name, expected='"dns:NAME" or "uri:NAME"')
    return name


def read_roles(names: object, field: str) -> Sequence[str]:
    """Roles by their names."""
    if not isinstance(names, list | tuple) or not all(name in ROLES for name in names):
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=names, expected=f"a list of {', '.join(ROLES)}")
    return names
