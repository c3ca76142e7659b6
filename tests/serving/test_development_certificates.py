"""Certificates for development: what they say, who may read them, and that a server takes up new ones."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from serving.development_certificates import (
    LONGEST_LIFE,
    ORGANIZATION,
    SERVER,
    UNIT,
    DevelopmentAuthority,
    DevelopmentCertificates,
    Pair,
    write_privately,
)
from serving.errors import Reason, ServingError
from serving.roles import ROLES, list_rules, read_role_table
from serving.server import Server
from serving.settings import Access, Settings, Tls
from tests.serving.running import DESCRIPTORS, PATIENCE, call, code_of, refusal, secure_channel, serving, settings_for


@pytest.fixture
def certificates(tmp_path: Path) -> DevelopmentCertificates:
    found = DevelopmentCertificates(tmp_path / "certificates")
    found.create(["dns:verifier.example", "uri:spiffe://clearing.example/verifier", "ip:192.0.2.7"])
    return found


def read(certificates: DevelopmentCertificates, holder: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.certificate(holder).read_bytes())


def settings_of(certificates: DevelopmentCertificates) -> Settings:
    plain = settings_for()
    files = Tls(certificates.certificate(SERVER), certificates.key(SERVER), certificates.authority)
    listen = type(plain.listen)(address="127.0.0.1:0")
    return Settings(listen, files, Access(certificates.callers), plain.limits, plain.metrics, plain.pace)


@contextmanager
def caller(server: Server, certificates: DevelopmentCertificates, role: str) -> Iterator[grpc.Channel]:
    pair = Pair(certificates.certificate(role).read_bytes(), certificates.key(role).read_bytes())
    with secure_channel(server, certificates.authority.read_bytes(), pair) as channel:
        yield channel


def test_every_subject_says_what_it_is_not_for(certificates: DevelopmentCertificates) -> None:
    for holder in ("authority", SERVER, *ROLES):
        subject = read(certificates, holder).subject
        said = [name.value for name in subject]
        assert said == [ORGANIZATION, UNIT, holder]
        assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == holder


def test_nobody_else_can_read_them(certificates: DevelopmentCertificates) -> None:
    files = list(certificates.folder.iterdir())
    assert len(files) == 2 * (2 + len(ROLES)) + 1
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert certificates.folder.stat().st_mode & 0o777 == 0o700


def test_they_live_for_days(certificates: DevelopmentCertificates) -> None:
    for holder in (SERVER, *ROLES):
        assert read(certificates, holder).not_valid_after_utc < datetime.now(UTC) + timedelta(days=8)


def test_the_server_has_the_names_that_were_asked_for(certificates: DevelopmentCertificates) -> None:
    names = read(certificates, SERVER).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "verifier.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://clearing.example/verifier"]


def test_each_role_may_call_what_it_may_and_nothing_else(certificates: DevelopmentCertificates) -> None:
    assert read_role_table(certificates.callers) == {f"dns:{role}.ringfence.test": {role} for role in ROLES}
    rules = list_rules(DESCRIPTORS)
    method = "/ringfence.v1.VerifierService/GetTrust"
    with serving({}, settings_of(certificates)) as server:
        for role in ROLES:
            with caller(server, certificates, role) as channel:
                if role in rules[method]:
                    call(channel, method)
                else:
                    assert code_of(refusal(channel, method)) is grpc.StatusCode.PERMISSION_DENIED


def test_a_caller_is_no_server_and_a_server_no_caller(certificates: DevelopmentCertificates) -> None:
    """Else whoever has the certificate of a caller could stand in for the server."""
    with serving({}, settings_of(certificates)) as server:
        with caller(server, certificates, SERVER) as channel:
            assert code_of(refusal(channel)) is grpc.StatusCode.UNAVAILABLE
    for file in (certificates.certificate, certificates.key):
        file(SERVER).write_bytes(file("trader").read_bytes())
    with serving({}, settings_of(certificates)) as server:
        with caller(server, certificates, "reader") as channel:
            assert code_of(refusal(channel)) is grpc.StatusCode.UNAVAILABLE


def test_a_server_takes_up_what_is_renewed(certificates: DevelopmentCertificates) -> None:
    before = read(certificates, SERVER), read(certificates, "reader"), read(certificates, "authority")
    with serving({}, settings_of(certificates)) as server:
        with caller(server, certificates, "reader") as channel:
            call(channel)
        shown = served_certificate(server, certificates)
        assert shown.serial_number == before[0].serial_number
        certificates.renew(["dns:other.example"])
        assert served_certificate(server, certificates).serial_number == read(certificates, SERVER).serial_number
        with caller(server, certificates, "reader") as channel:
            call(channel)
    after = read(certificates, SERVER), read(certificates, "reader"), read(certificates, "authority")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    names = after[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "verifier.example", "other.example"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://clearing.example/verifier"]


def served_certificate(server: Server, certificates: DevelopmentCertificates) -> x509.Certificate:
    """What a server shows in a handshake of now."""
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.load_cert_chain(certificates.certificate("reader"), certificates.key("reader"))
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
            shown = wrapped.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def test_what_is_there_is_not_overwritten(certificates: DevelopmentCertificates) -> None:
    before = {file: file.read_bytes() for file in certificates.folder.iterdir()}
    with pytest.raises(ServingError) as caught:
        certificates.create()
    assert (caught.value.reason, caught.value.field) == (Reason.BAD_CERTIFICATE, "authority")
    assert {file: file.read_bytes() for file in certificates.folder.iterdir()} == before


def test_nothing_is_renewed_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(ServingError) as caught:
        DevelopmentCertificates(tmp_path).renew()
    assert caught.value.reason is Reason.NOT_READABLE
    assert list(tmp_path.iterdir()) == []


def test_an_authority_that_is_over_vouches_for_nobody(tmp_path: Path) -> None:
    authority = DevelopmentAuthority.draw(life=timedelta(seconds=-1))
    write_privately(tmp_path / "authority.pem", authority.certificate)
    write_privately(tmp_path / "authority.key", authority.key)
    with pytest.raises(ServingError) as caught:
        DevelopmentCertificates(tmp_path).renew()
    assert caught.value.reason is Reason.BAD_CERTIFICATE


@pytest.mark.parametrize("name", ["localhost", "dns:", "dns:\N{SNOWMAN}.example", "ip:300.1.1.1", "uri:x", "email:a@b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServingError) as caught:
        DevelopmentCertificates(tmp_path).create([name])
    assert (caught.value.reason, caught.value.field) == (Reason.NOT_READABLE, "name")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("life", [timedelta(), timedelta(days=-1), LONGEST_LIFE + timedelta(seconds=1)])
def test_they_are_never_for_long(tmp_path: Path, life: timedelta) -> None:
    with pytest.raises(ServingError) as caught:
        DevelopmentCertificates(tmp_path).create(life=life)
    assert caught.value.reason is Reason.OUT_OF_BOUNDS
