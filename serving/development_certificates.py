"""An authority and certificates for development, on one machine: real in every respect but who answers for them.

The key of the authority lies beside what it signs, without a passphrase. Whoever reads the folder can be anybody to a
server that believes it, which is why every subject says what it is (``Ringfence development, not for production``), why
the certificates live for days, and why nothing of a folder belongs on a machine that others reach.

    authority.pem  authority.key        who vouches, for servers and callers alike
    server.pem     server.key           for localhost, and whatever else was named
    trader.pem     trader.key   ...     a caller for each role: dns:trader.ringfence.test
    callers.toml                        the table of roles that a server reads

What a renewal writes is taken up by servers that serve, and by callers at their next connection.
"""

import ipaddress
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from serving.errors import MalformedError, MisuseError, Reason
from serving.last_good import read_file
from serving.roles import ROLES
from serving.tls import LARGEST_FILE, parse_certificates, require_match

ORGANIZATION: Final = "Ringfence development"
UNIT: Final = "not for production"
ZONE: Final = "ringfence.test"
"""Of the names of callers; a top-level domain that is kept for tests."""
AUTHORITY: Final = "authority"
SERVER: Final = "server"
CALLERS_FILE: Final = "callers.toml"
AUTHORITY_LIFE: Final = timedelta(days=90)
LIFE: Final = timedelta(days=7)
LONGEST_LIFE: Final = timedelta(days=30)
SKEW: Final = timedelta(hours=1)
"""How much earlier a certificate begins than it is made: clocks differ."""
LOCALHOST: Final[tuple[x509.GeneralName, ...]] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)
SERVES, CALLS = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, in PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


class DevelopmentAuthority:
    """Vouches for names."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._own = parse_certificates(certificate, f"{AUTHORITY}.pem")[0]
        require_match(self._own, key)
        self._key = read_key(key)
        self.certificate = certificate
        self.key = key

    @classmethod
    def draw(cls, name: str = "authority", life: timedelta = AUTHORITY_LIFE) -> Self:
        """A new authority, known to nobody."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = subject_of(name)
        signed = (
            begin_certificate(subject, subject, key, life)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage_of(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(signed.public_bytes(Encoding.PEM), render_key(key))

    @property
    def expires(self) -> datetime:
        """Until when it can vouch for anybody."""
        return self._own.not_valid_after_utc

    def issue(
        self,
        holder: str,
        names: Collection[x509.GeneralName],
        purposes: Iterable[x509.ObjectIdentifier] = (SERVES, CALLS),
        life: timedelta = LIFE,
    ) -> Pair:
        """A certificate with a key of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            begin_certificate(subject_of(holder), self._own.subject, key, life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage_of(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(issuer, critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        return Pair(signed.public_bytes(Encoding.PEM), render_key(key))


@dataclass(frozen=True, slots=True)
class DevelopmentCertificates:
    """The files of a folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate of the authority: what both sides believe."""
        return self.certificate(AUTHORITY)

    @property
    def callers(self) -> Path:
        """The table of roles."""
        return self.folder / CALLERS_FILE

    def certificate(self, holder: str) -> Path:
        """The certificate of the server, of a caller or of the authority."""
        return self.folder / f"{holder}.pem"

    def key(self, holder: str) -> Path:
        """Its key."""
        return self.folder / f"{holder}.key"

    def create(self, names: Iterable[str] = (), life: timedelta = LIFE) -> None:
        """An authority with all of its certificates, in a folder where there is none yet."""
        if self.authority.exists() or self.key(AUTHORITY).exists():
            expected = "a folder without an authority, or --renew"
            raise MisuseError(Reason.BAD_CERTIFICATE, AUTHORITY, found="one that is there already", expected=expected)
        further = [read_name(name) for name in names]
        require_life(life)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = DevelopmentAuthority.draw()
        self._write(AUTHORITY, Pair(authority.certificate, authority.key))
        self._issue(authority, further, life)

    def renew(self, names: Iterable[str] = (), life: timedelta = LIFE) -> None:
        """New certificates under the same authority, for the names that the server had and those that are new."""
        authority = self._read_authority()
        require_life(life)
        server = self.certificate(SERVER)
        known = names_in(parse_certificates(read_file(server, SERVER, LARGEST_FILE), SERVER)[0])
        further = [name for name in map(read_name, names) if name not in known]
        self._issue(authority, [*known, *further], life)

    def _read_authority(self) -> DevelopmentAuthority:
        """The authority that is there, while it can still vouch for anybody."""
        certificate, key = (read_file(path, AUTHORITY, LARGEST_FILE) for path in self._paths(AUTHORITY))
        authority = DevelopmentAuthority(certificate, key)
        if authority.expires <= datetime.now(UTC):
            expected = "an authority that has not expired; make another in another folder"
            raise MisuseError(Reason.BAD_CERTIFICATE, AUTHORITY, found=authority.expires.isoformat(), expected=expected)
        return authority

    def _issue(self, authority: DevelopmentAuthority, names: Iterable[x509.GeneralName], life: timedelta) -> None:
        """The server, the callers, and the table that says which roles they have."""
        life = min(life, authority.expires - datetime.now(UTC))
        everywhere = dict.fromkeys([*LOCALHOST, *names])
        self._write(SERVER, authority.issue(SERVER, list(everywhere), [SERVES], life))
        for role in ROLES:
            self._write(role, authority.issue(role, [x509.DNSName(dns_of(role))], [CALLS], life))
        write_privately(self.callers, render_callers({f"dns:{dns_of(role)}": [role] for role in ROLES}))

    def _write(self, holder: str, pair: Pair) -> None:
        """The key before the certificate: whoever reads between finds two that do not match, and keeps what it had."""
        write_privately(self.key(holder), pair.key)
        write_privately(self.certificate(holder), pair.certificate)

    def _paths(self, holder: str) -> tuple[Path, Path]:
        return self.certificate(holder), self.key(holder)


def dns_of(role: str) -> str:
    """The name in the certificate of the caller of a role."""
    return f"{role}.{ZONE}"


def render_callers(roles: Mapping[str, Sequence[str]]) -> bytes:
    """A table of roles, as a server reads it."""
    return "\n".join(["[callers]", *(f'"{name}" = {json.dumps(found)}' for name, found in roles.items()), ""]).encode()


def read_name(name: str) -> x509.GeneralName:
    """A name as it is written: ``dns:HOST``, ``ip:ADDRESS`` or ``uri:URI``."""
    kind, _, rest = name.partition(":")
    try:
        match kind:
            case "dns" if rest:
                return x509.DNSName(rest)
            case "uri" if ":" in rest:
                return x509.UniformResourceIdentifier(rest)
            case "ip":
                return x509.IPAddress(ipaddress.ip_address(rest))
            case _:
                pass
    except ValueError:
        pass
    expected = "dns:HOST, ip:ADDRESS or uri:URI, in ASCII"
    raise MalformedError(Reason.NOT_READABLE, "name", found=name, expected=expected)


def names_in(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """The names that a certificate is for."""
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def require_life(life: timedelta) -> None:
    """Long enough to be of use, and no longer than a trial lasts."""
    if not timedelta(minutes=1) <= life <= LONGEST_LIFE:
        expected = f"a minute to {LONGEST_LIFE.days} days"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "days", found=life, expected=expected)


def begin_certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    """What every certificate has; one whose life is over before it begins is for tests of those that look."""
    ends = datetime.now(UTC) + life
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), ends) - SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def usage_of(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key is for: to vouch for others, or to shake hands."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def subject_of(name: str) -> x509.Name:
    """A subject that says what it is not for."""
    parts = (NameOID.ORGANIZATION_NAME, ORGANIZATION), (NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT)
    return x509.Name([x509.NameAttribute(*part) for part in (*parts, (NameOID.COMMON_NAME, name))])


def render_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key in PEM, without a passphrase, as a server reads it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of an authority."""
    key = load_pem_private_key(data, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        expected = "a key of an elliptic curve"
        raise MisuseError(Reason.BAD_CERTIFICATE, f"{AUTHORITY}.key", found="another kind", expected=expected)
    return key


def write_privately(path: Path, data: bytes) -> None:
    """All of a file or none of it, readable by its owner alone from the first moment on."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
