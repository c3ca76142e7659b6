"""A page over TLS: who gets a connection, who gets in, and what others are told, which is nothing."""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from serving.development_certificates import LOCALHOST, SERVES, DevelopmentAuthority, Pair
from serving.errors import MisuseError, Reason
from serving.last_good import LastGood
from serving.log import Log
from serving.page.certified import CertifiedDoor, Guest, PageTls, identify_holder
from serving.page.door import HEADERS, Receive, Scope, Send, answer
from serving.page.program import PageBeside, PageServer, listen, place_of
from serving.roles import CertifiedCallers, names_in, read_role_table
from tests.serving.certificates import Authority, Folder

SECONDS = 60.0
READER, STRANGER, TRADER = "reader.example", "stranger.example", "trader.example"


@dataclass
class Served:
    """A page that answers with the name of its guest, and who vouches for whom."""

    folder: Folder
    authority: Authority
    port: int

    def connect(
        self, pair: Pair | None, versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None, name: str = "localhost"
    ) -> ssl.SSLSocket:
        """A handshake as a browser makes it; what the server makes of it is seen when it is read from."""
        context = ssl.create_default_context(cadata=self.authority.certificate.decode())
        if versions is not None:
            context.minimum_version, context.maximum_version = versions
        if pair is not None:
            path = self.folder.path / "shown.pem"
            path.write_bytes(pair.certificate + pair.key)
            context.load_cert_chain(path)
        plain = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def get(self, pair: Pair | None, host: str | None = None, name: str = "localhost") -> tuple[int, str] | None:
        """What a guest is answered; nothing where there was no connection."""
        try:
            with self.connect(pair, name=name) as connection:
                return ask(connection, host or f"localhost:{self.port}")
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return None


def ask(connection: socket.socket, host: str, method: str = "GET") -> tuple[int, str]:
    """One request on a connection."""
    connection.sendall(f"{method} / HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    assert {key.lower(): value for key, value in response.getheaders()}.items() >= HEADERS.items()
    return response.status, response.read().decode().strip()


async def name_guest(scope: Scope, _: Receive, send: Send) -> None:
    guest: Guest = scope["state"]["guest"]
    tls = scope["extensions"]["tls"]
    await answer(send, 200, f"{guest.name} {tls['tls_version']:#06x} {len(tls['client_cert_chain'])}")


@contextmanager
def serving(folder: Folder, authority: Authority) -> Iterator[Served]:
    log = Log(logging.getLogger("tests.certified"))
    callers = CertifiedCallers(LastGood([folder.callers], lambda: read_role_table(folder.callers), log))

    def recognise(certificate: x509.Certificate) -> object:
        found = identify_holder(callers, certificate)
        return found if found is not None and "reader" in found.roles else None

    tls = PageTls(folder.tls.files, log)
    with listen("127.0.0.1:0", "page") as listening:
        place = place_of(listening)
        door = CertifiedDoor(name_guest, "page", place, tls.names, recognise)  # type: ignore[arg-type] # it is a caller
        with PageBeside(PageServer(door, tls=tls), listening):
            yield Served(folder, authority, place[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    authority, folder = Authority(), Folder(tmp_path)
    folder.write(authority.issue_server(), authority.certificate)
    folder.allow({f"dns:{READER}": ["reader"], f"dns:{TRADER}": ["trader"]})
    with serving(folder, authority) as found:
        yield found


def test_a_guest_with_a_role_gets_in_by_tls_1_3(served: Served) -> None:
    pair = served.authority.issue_client(READER)
    assert served.get(pair) == (200, f"dns:{READER} 0x0304 1")
    assert served.get(pair, f"127.0.0.1:{served.port}", "127.0.0.1") == (200, f"dns:{READER} 0x0304 1")


def test_without_a_good_certificate_there_is_no_connection(served: Served) -> None:
    authority = served.authority
    on_the_wrong_side = DevelopmentAuthority(*authority_of(authority)).issue("a server", LOCALHOST, [SERVES])
    assert served.get(None) is None
    assert served.get(authority.issue_client(READER, days=-1)) is None
    assert served.get(Authority("another one").issue_client(READER)) is None
    assert served.get(on_the_wrong_side) is None


def test_a_browser_is_told_why_there_is_no_connection(served: Served) -> None:
    """Else all that it could say is that nothing came."""
    reasons = {
        None: "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        served.authority.issue_client(READER, days=-1): "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        Authority("another one").issue_client(READER): "TLSV1_ALERT_UNKNOWN_CA",
    }
    for pair, reason in reasons.items():
        with served.connect(pair) as connection, pytest.raises(ssl.SSLError) as refused:
            connection.recv(1)
        assert refused.value.reason == reason


def authority_of(authority: Authority) -> tuple[bytes, bytes]:
    return authority.certificate, authority._authority.key  # noqa: SLF001 - the test vouches, too


def test_a_certificate_without_a_role_is_told_so_and_nothing_else(served: Served) -> None:
    for pair in (
        served.authority.issue_client(STRANGER),
        served.authority.issue_client(TRADER),
        served.authority.issue(),
        served.authority.issue(x509.RFC822Name(READER)),
        served.authority.issue(x509.UniformResourceIdentifier(f"dns:{READER}")),
    ):
        assert served.get(pair) == (403, "Your certificate has no role that may see all that is shown here.")


def test_older_versions_of_tls_are_not_spoken(served: Served) -> None:
    pair, oldest = served.authority.issue_client(READER), ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.connect(pair, (oldest, ssl.TLSVersion.TLSv1_2))
    with served.connect(pair, (oldest, ssl.TLSVersion.MAXIMUM_SUPPORTED)) as connection:
        assert connection.version() == "TLSv1.3"


def test_no_session_is_taken_up_again(served: Served) -> None:
    with served.connect(served.authority.issue_client(READER)) as connection:
        assert ask(connection, f"localhost:{served.port}")[0] == 200
        assert connection.session is None or not connection.session.has_ticket


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(100)])
def test_without_tls_nothing_is_answered(served: Served, said: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", served.port), SECONDS)) as connection:
        connection.sendall(said)
        assert b"HTTP" not in receive_all(connection)


def receive_all(connection: socket.socket) -> bytes:
    """Until the other side hangs up."""
    received = b""
    try:
        while data := connection.recv(4096):
            received += data
    except ConnectionError:
        pass
    return received


def test_what_holds_at_any_door_holds_here(served: Served) -> None:
    pair = served.authority.issue_client(READER)
    found = served.get(pair, f"elsewhere.example:{served.port}")
    assert found is not None
    assert found[0] == 421
    with served.connect(pair) as connection:
        assert ask(connection, f"localhost:{served.port}", "POST")[0] == 405


def test_a_role_that_is_taken_back_is_gone_on_an_open_connection(served: Served) -> None:
    with served.connect(served.authority.issue_client(READER)) as connection:
        assert ask(connection, f"localhost:{served.port}")[0] == 200
        served.folder.allow({f"dns:{TRADER}": ["reader"]})
        assert ask(connection, f"localhost:{served.port}")[0] == 403
    found = served.get(served.authority.issue_client(TRADER))
    assert found is not None
    assert found[0] == 200


def test_a_certificate_that_expires_is_worth_nothing_on_an_open_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NextMonth(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "NextMonth":
            return cls.fromtimestamp(time.time() + 30 * 86400, tz)

    with served.connect(served.authority.issue_client(READER)) as connection:
        assert ask(connection, f"localhost:{served.port}")[0] == 200
        monkeypatch.setattr("serving.page.certified.datetime", NextMonth)
        assert ask(connection, f"localhost:{served.port}")[0] == 403


@pytest.mark.slow
def test_a_connection_on_which_nothing_comes_is_closed(served: Served) -> None:
    with served.connect(served.authority.issue_client(READER)) as connection:
        assert connection.recv(1) == b""


def test_files_are_read_again_and_the_last_good_ones_are_kept(served: Served) -> None:
    before, after = served.authority, Authority("the next one")
    served.folder.write(after.issue_server(), after.certificate)
    assert served.get(before.issue_client(READER)) is None
    served.authority = after
    assert served.get(before.issue_client(READER)) is None
    assert served.get(after.issue_client(READER)) is not None
    served.folder.tls.files.key.write_bytes(b"no key")
    assert served.get(after.issue_client(READER)) is not None
    assert served.get(before.issue_client(READER)) is None


def test_what_cannot_be_served_with_is_refused_before_anybody_comes(tmp_path: Path) -> None:
    authority, folder = Authority(), Folder(tmp_path)
    folder.write(authority.issue_server(), authority.certificate)
    folder.tls.files.key.write_bytes(authority.issue_server().key)
    with pytest.raises(MisuseError) as refused:
        PageTls(folder.tls.files, Log())
    assert refused.value.reason is Reason.BAD_CERTIFICATE


@pytest.mark.parametrize("name", [x509.DNSName("*.example"), x509.RFC822Name("page@example")])
def test_a_page_that_cannot_be_called_by_a_name_is_not_served(tmp_path: Path, name: x509.GeneralName) -> None:
    authority, folder = Authority(), Folder(tmp_path)
    folder.write(authority.issue(name), authority.certificate)
    with pytest.raises(MisuseError) as refused:
        _ = PageTls(folder.tls.files, Log()).names
    assert refused.value.reason is Reason.BAD_CERTIFICATE


def test_attack_names_that_cannot_be_read_are_no_names() -> None:
    """An X.400 address, which TLS takes and nobody here can read."""
    names = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x02\xa3\x00")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([]))
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(now).not_valid_after(now)
    assert names_in(builder.add_extension(names, critical=False).sign(key, SHA256())) == []
