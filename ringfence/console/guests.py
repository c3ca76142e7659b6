"""Who may see over TLS what the console sees: those whom the verifier would show as much.

The console asks with its own certificate, and what it is told bounds everything on the page. A guest gets in if

    roles   its own roles may call every method that the console's roles may, of those that the console calls, and
    whose   it has the console's own name, or the console's roles are told nothing that depends on who asks, or it is a
            venue, which is told of everybody's acceptances

by the table of callers that the verifier has, and by the rules beside the methods. Where a guest has another name, the
destinations are left out: a verifier tells each caller of those that are open to it.
"""

from collections.abc import Mapping
from typing import Final

from cryptography import x509

from ringfence.client.procedure import SERVICES
from ringfence.console.bulletin import Document
from serving.call import Caller
from serving.errors import MisuseError, Reason
from serving.page.certified import Guest, identify_holder
from serving.roles import CertifiedCallers, Rules, list_rules

ASKED: Final = frozenset(
    {
        "/ringfence.v1.LogService/GetConsistencyProof",
        "/ringfence.v1.LogService/GetHead",
        "/ringfence.v1.LogService/GetInclusionProof",
        "/ringfence.v1.LogService/ListEntries",
        "/ringfence.v1.RegistryService/GetRoots",
        "/ringfence.v1.RegistryService/WatchRoots",
        "/ringfence.v1.VerifierService/GetAcceptance",
        "/ringfence.v1.VerifierService/GetTrust",
        "/ringfence.v1.VerifierService/ListAcceptances",
        "/ringfence.v1.VerifierService/WatchAcceptances",
    }
)
"""What the console asks."""
PERSONAL: Final = "/ringfence.v1.VerifierService/GetAcceptance"
"""Answered by who asks: an acceptor and a trader are told of their own."""
EVERYBODYS: Final = "venue"
RULES: Final[Rules] = {method: roles for method, roles in list_rules(SERVICES).items() if method in ASKED}


class Guests:
    """Those who get in, by the table as it is now."""

    def __init__(self, callers: CertifiedCallers, own: x509.Certificate) -> None:
        self._callers = callers
        self._own = own
        if self._host is None:
            expected = "a certificate with a name that has a role in console.callers"
            raise MisuseError(Reason.BAD_CERTIFICATE, "connection.certificate", found="another one", expected=expected)

    @property
    def _host(self) -> Caller | None:
        """The console itself, as the verifier knows it."""
        return identify_holder(self._callers, self._own)

    def recognise(self, certificate: x509.Certificate) -> Caller | None:
        """The holder of a certificate if it gets in; nobody does where the console itself has lost its roles."""
        host, guest = self._host, identify_holder(self._callers, certificate)
        return guest if host is not None and guest is not None and covers(guest, host) else None

    def adapt(self, guest: Guest, document: Document) -> Document:
        """What a guest is told of a word."""
        host = self._host
        is_own = host is not None and guest.name == host.name
        return document if is_own or "destinations" not in document else {**document, "destinations": []}


def covers(guest: Caller, host: Caller) -> bool:
    """Whether a verifier would show the guest whatever it shows the host."""
    shown, wanted = methods_of(guest), methods_of(host)
    is_told_as_much = guest.name == host.name or EVERYBODYS in guest.roles or PERSONAL not in wanted
    return bool(wanted) and wanted <= shown and is_told_as_much


def methods_of(caller: Caller, rules: Mapping[str, frozenset[str]] = RULES) -> frozenset[str]:
    """What a caller may ask of what the console asks."""
    return frozenset(method for method, roles in rules.items() if roles & caller.roles)
