"""Mutual TLS, with certificates that are looked at before they are served with and read again when they change."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, cast

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from serving.errors import MisuseError, Reason
from serving.last_good import LastGood, read_file
from serving.log import Log

LARGEST_FILE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where they are; all PEM."""

    certificate: Path
    """The server's, and those between it and its authority."""
    key: Path
    """Without a passphrase: readable by its owner alone."""
    client_authorities: Path
    """Who may vouch for callers."""

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All of them."""
        return self.certificate, self.key, self.client_authorities


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a server shows, and whom it believes."""

    certificate: bytes
    key: bytes = field(repr=False)
    client_authorities: bytes
    expires: datetime

    @property
    def context(self) -> ssl.SSLContext:
        """As Python has it: TLS 1.3 alone, and nobody without a certificate.

        No session is taken up again, because whoever takes one up shows no certificate, which may have expired since.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.num_tickets = 0
        with NamedTemporaryFile() as file:  # the ssl module reads keys of files alone; this one is its owner's
            file.write(self.certificate + b"\n" + self.key)
            file.flush()
            context.load_cert_chain(file.name)
        context.load_verify_locations(cadata=self.client_authorities.decode("ascii"))
        return context

    @property
    def configuration(self) -> grpc.ServerCertificateConfiguration:
        """As gRPC has it."""
        pairs = [(self.key, self.certificate)]
        return grpc.ssl_server_certificate_configuration(pairs, self.client_authorities)


def read_certificates(files: CertificateFiles) -> Certificates:
    """The content of the files, if a server could work with it."""
    certificate = read_file(files.certificate, "tls.certificate", LARGEST_FILE)
    key = read_file(files.key, "tls.key", LARGEST_FILE)
    authorities = read_file(files.client_authorities, "tls.client_authorities", LARGEST_FILE)
    own = parse_certificates(certificate, "tls.certificate")[0]
    parse_certificates(authorities, "tls.client_authorities")
    require_match(own, key)
    require_unexpired(own.not_valid_after_utc)
    return Certificates(certificate, key, authorities, own.not_valid_after_utc)


def parse_certificates(data: bytes, name: str) -> list[x509.Certificate]:
    """One certificate or more."""
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        expected = "certificates in PEM"
        raise MisuseError(Reason.BAD_CERTIFICATE, name, found="something else", expected=expected) from None


def require_match(certificate: x509.Certificate, key: bytes) -> None:
    """The key is that of the certificate."""
    try:
        public = serialization.load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError):
        expected = "a private key in PEM, without a passphrase"
        raise MisuseError(Reason.BAD_CERTIFICATE, "tls.key", found="something else", expected=expected) from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if public.public_bytes(*form) != certificate.public_key().public_bytes(*form):
        expected = "the key of the certificate"
        raise MisuseError(Reason.BAD_CERTIFICATE, "tls.key", found="another key", expected=expected)


def require_unexpired(expires: datetime) -> None:
    """A certificate that clients would still take."""
    if expires <= datetime.now(UTC):
        expected = "a certificate that has not expired"
        raise MisuseError(Reason.BAD_CERTIFICATE, "tls.certificate", found=expires.isoformat(), expected=expected)


class ServedCertificates:
    """The certificates of a server for as long as it serves; every handshake has the newest good ones."""

    def __init__(self, files: CertificateFiles, log: Log) -> None:
        self._files = LastGood(files.paths, lambda: read_certificates(files), log)
        self._handed_out = self._files.content

    def credentials(self) -> grpc.ServerCredentials:
        """Of a server that talks to nobody without a certificate."""
        first = self._handed_out.configuration
        fetch = cast(
            "Callable[[], grpc.ServerCertificateConfiguration]", self._fetch
        )  # None: what it had is still good
        return grpc.dynamic_ssl_server_credentials(first, fetch, require_client_authentication=True)

    @property
    def check(self) -> Callable[[], None]:
        """Raises where what is served has expired: a check of readiness."""
        return lambda: require_unexpired(self._files.content.expires)

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        newest = self._files.content
        if newest is self._handed_out:
            return None
        self._handed_out = newest
        return newest.configuration
