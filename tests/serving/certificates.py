"""Authorities and certificates for a test, as real as any."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from serving.settings import Tls

LOCALHOST = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, in PEM."""

    certificate: bytes
    key: bytes


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """Vouches for names."""

    def __init__(self, name: str = "an authority") -> None:
        self._name = name_of(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(self._name, self._key, days=30)
        usage = x509.BasicConstraints(ca=True, path_length=0)
        signed = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = signed.public_bytes(Encoding.PEM)

    def issue(self, *names: x509.GeneralName, days: float = 30) -> Pair:
        """A certificate for names; with negative days one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name_of("a holder"), key, days)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        return Pair(signed.public_bytes(Encoding.PEM), pem_of(key))

    def issue_server(self) -> Pair:
        """For a server on this machine."""
        return self.issue(LOCALHOST)

    def issue_briefly(self, seconds: float) -> Pair:
        """For a server on this machine that will soon be without one."""
        return self.issue(LOCALHOST, days=seconds / 86400)

    def issue_client(self, name: str, *, days: float = 30) -> Pair:
        """For a caller with a DNS name."""
        return self.issue(x509.DNSName(name), days=days)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of a server."""

    path: Path

    @property
    def tls(self) -> Tls:
        return Tls(self.path / "server.pem", self.path / "server.key", self.path / "clients.pem")

    @property
    def callers(self) -> Path:
        return self.path / "callers.toml"

    def write(self, pair: Pair, authority: bytes) -> None:
        (self.path / "server.pem").write_bytes(pair.certificate)
        (self.path / "server.key").write_bytes(pair.key)
        (self.path / "clients.pem").write_bytes(authority)

    def allow(self, callers: dict[str, Sequence[str]]) -> None:
        lines = [f'"{name}" = {list(roles)}' for name, roles in callers.items()]
        self.callers.write_text("\n".join(["[callers]", *lines]) + "\n")
