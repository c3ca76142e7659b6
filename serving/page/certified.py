"""A page over TLS, for browsers that show a certificate: TLS has verified whose it is, and a table says who gets in.

    TLS           1.3, with a client certificate of an authority that is trusted, or there is no connection
    Host, method  as at any door
    role          of the names in the certificate, by the table that servers have, for every request anew
    cover         the page shows nothing that the guest's own roles would not be shown

No token and no cookie: the certificate is shown with every connection, and what has none gets nowhere.
"""

import ssl
from asyncio import BaseTransport
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

from cryptography import x509

from serving.call import Caller
from serving.errors import MisuseError, Reason, RejectedError
from serving.last_good import LastGood
from serving.log import Log
from serving.page.connection import PromptProtocol
from serving.page.door import Application, Door, Receive, Scope, Send, answer
from serving.roles import CertifiedCallers, names_in
from serving.tls import CertificateFiles, Certificates, read_certificates

EXTENSION: Final = "tls"
"""Of ASGI: where an application finds what TLS knows of the other side."""
VERSIONS: Final[Mapping[str | None, int]] = MappingProxyType({"TLSv1.2": 0x0303, "TLSv1.3": 0x0304})
NO_CERTIFICATE: Final = "PEER_DID_NOT_RETURN_A_CERTIFICATE"
"""How OpenSSL calls it."""
HTTPS_PORT: Final = 443
MOST_CERTIFICATES_KEPT: Final = 256


class CertifiedProtocol(PromptProtocol):
    """HTTP that tells an application of the certificate that TLS has verified."""

    def connection_made(self, transport: BaseTransport) -> None:
        """What is known of the connection holds for every request on it."""
        super().connection_made(transport)
        self.app = partial(tell_of_tls, self.app, describe_tls(transport.get_extra_info("ssl_object")))


class OutspokenConnection(ssl.SSLObject):
    """Tells whoever shows no certificate, or no good one, why there is no connection.

    asyncio hangs up at a handshake that failed, with what TLS has to say of it unsent, so that a browser could only say
    that nothing came. It hangs up when it was told; one that does not is waited for as long as one that never begins.
    """

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """The handshake. Where there is no certificate for it, it fails when it is taken up again."""
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except ssl.SSLError as failure:
            if failure.reason != NO_CERTIFICATE and not isinstance(failure, ssl.SSLCertVerificationError):
                raise
            self._failure = failure
            raise ssl.SSLWantReadError from failure


def describe_tls(connection: ssl.SSLObject) -> Mapping[str, object]:
    """The extension of a connection."""
    shown = connection.getpeercert(binary_form=True)
    return {
        "server_cert": None,
        "client_cert_chain": [] if shown is None else [ssl.DER_cert_to_PEM_cert(shown)],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": VERSIONS.get(connection.version()),
        "cipher_suite": None,
    }


async def tell_of_tls(
    application: Application, told: Mapping[str, object], scope: Scope, receive: Receive, send: Send
) -> None:
    """A request with the extension."""
    await application({**scope, "extensions": {**scope.get("extensions", {}), EXTENSION: told}}, receive, send)


class PageTls:
    """The certificates of a page for as long as it serves; every handshake has the newest good ones."""

    def __init__(self, files: CertificateFiles, log: Log) -> None:
        self._sealed = LastGood(files.paths, lambda: read_sealed(files), log)
        self._first = read_sealed(files).context
        self._first.sslobject_class = OutspokenConnection
        self._first.sni_callback = self._choose

    @property
    def names(self) -> tuple[str, ...]:
        """How browsers may call the page: the names and addresses in its certificate, without patterns."""
        certificate = x509.load_pem_x509_certificate(self._sealed.content.certificates.certificate)
        found = list_names(certificate)
        if not found:
            expected = "a certificate with a name by which the page can be called"
            raise MisuseError(Reason.BAD_CERTIFICATE, "tls.certificate", found="one without", expected=expected)
        return found

    @property
    def options(self) -> Mapping[str, Any]:
        """As uvicorn takes them."""
        return {"http": CertifiedProtocol, "ssl_context_factory": lambda *_: self._first}

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        """What a handshake is made with; where this fails, there is no connection."""
        connection.context = self._sealed.content.context


@dataclass(frozen=True, slots=True)
class Sealed:
    """Certificates, ready for handshakes."""

    certificates: Certificates
    context: ssl.SSLContext


def read_sealed(files: CertificateFiles) -> Sealed:
    """The content of the files, if a page could be served with it."""
    certificates = read_certificates(files)
    try:
        return Sealed(certificates, certificates.context)
    except (ssl.SSLError, ValueError):
        expected = "certificates and a key that TLS 1.3 takes"
        raise MisuseError(Reason.BAD_CERTIFICATE, "tls", found="others", expected=expected) from None


def list_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses in a certificate, as they stand in an address."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return ()
    hosts = [name for name in names.get_values_for_type(x509.DNSName) if "*" not in name]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*hosts, *(f"[{address}]" if ":" in address else address for address in addresses))


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever has a page open."""

    name: str
    is_welcome: Callable[[], bool]
    """Asked again for as long as a stream lasts: roles are taken back, and certificates expire."""


class CertifiedDoor(Door):
    """Stands before an application that is reached over TLS."""

    def __init__(
        self,
        application: Application,
        name: str,
        place: tuple[str, int],
        hosts: Sequence[str],
        recognise: Callable[[x509.Certificate], Caller | None],
    ) -> None:
        """``recognise`` tells who may see the page, by the certificate, and nobody otherwise."""
        super().__init__(application, name, place, lambda _: None)
        port = place[1]
        default = list(hosts) if port == HTTPS_PORT else []
        self._hosts = frozenset([*(f"{host}:{port}" for host in hosts), *default])
        self._recognise = recognise

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refuse(scope)
        if refusal is not None:
            await answer(send, *refusal)
            return
        guest = self._greet(scope)
        if guest is None:
            await answer(send, 403, "Your certificate has no role that may see all that is shown here.")
            return
        await self._application({**scope, "state": {**scope.get("state", {}), "guest": guest}}, receive, send)

    def _greet(self, scope: Scope) -> Guest | None:
        """Who asks, if they may."""
        chain = scope.get("extensions", {}).get(EXTENSION, {}).get("client_cert_chain", [])
        if not chain:
            return None
        certificate = read_certificate(chain[0])
        found = self._find(certificate)
        return None if found is None else Guest(found.name, lambda: self._find(certificate) is not None)

    def _find(self, certificate: x509.Certificate) -> Caller | None:
        """The holder of a certificate, while it is good and may see the page."""
        now = datetime.now(UTC)
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            return None
        return self._recognise(certificate)


@lru_cache(maxsize=MOST_CERTIFICATES_KEPT)
def read_certificate(text: str) -> x509.Certificate:
    """The certificate of a connection, which TLS has read before."""
    return x509.load_pem_x509_certificate(text.encode())


def identify_holder(callers: CertifiedCallers, certificate: x509.Certificate) -> Caller | None:
    """Who holds a certificate, by the table of callers; None where none of its names is in it."""
    try:
        return callers.identify_by(names_in(certificate))
    except RejectedError:
        return None
