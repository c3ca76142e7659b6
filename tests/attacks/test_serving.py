"""Attacks on what serves, over real sockets: S1, S2, X1, X2, X3, P2."""

import io
import logging
import queue
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from margin import errors as margin_errors
from ringfence.v1 import log_service_pb2, registry_service_pb2, verifier_service_pb2
from serving.call import current_call
from serving.development_certificates import Pair
from serving.errors import MisuseError, Reason, ServingError
from serving.limits import Limits
from serving.log import Event, Lines, Log
from serving.roles import ROLES
from serving.server import Server
from serving.settings import Listen, Metrics, Telemetry
from snark import errors as snark_errors
from tests.serving.certificates import Authority, Folder
from tests.serving.collector import collecting
from tests.serving.running import (
    DESCRIPTORS,
    GET_HEAD,
    PATIENCE,
    PATIENT,
    SMALL,
    VERIFY_BATCH,
    WATCH,
    Details,
    Gate,
    call,
    code_of,
    path_of,
    plain_channel,
    refusal,
    secure_channel,
    services,
    serving,
    settings_for,
    stream_stream,
    stream_unary,
    unary_stream,
    unary_unary,
)

HEAD = log_service_pb2.GetHeadResponse(head=log_service_pb2.SignedHead(tree_size=7))
HEALTH_CHECK = "/grpc.health.v1.Health/Check"
UNREACHED = {grpc.StatusCode.UNAVAILABLE}
"""A handshake that fails never becomes a call."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def folder(tmp_path: Path, authority: Authority) -> Folder:
    folder = Folder(tmp_path)
    folder.write(authority.issue_server(), authority.certificate)
    folder.allow({"dns:desk.example": ["reader"], "uri:spiffe://bridge.example/a": ["acceptor"]})
    return folder


@pytest.fixture(scope="module")
def desk(authority: Authority) -> Pair:
    return authority.issue_client("desk.example")


# --- S1 ----------------------------------------------------------------------------------------------


def test_s1_a_known_caller_is_served(folder: Folder, authority: Authority, desk: Pair) -> None:
    with serving({GET_HEAD: lambda *_: HEAD}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, desk) as channel:
            assert call(channel) == HEAD.SerializeToString()


def test_s1_a_name_that_is_a_uri_is_a_name(folder: Folder, authority: Authority) -> None:
    pair = authority.issue(x509.UniformResourceIdentifier("spiffe://bridge.example/a"))
    with (
        serving({}, settings_for(tls=folder)) as server,
        secure_channel(server, authority.certificate, pair) as channel,
    ):
        assert call(channel, "/ringfence.v1.VerifierService/Verify") == b""


@pytest.mark.parametrize("who", ["nobody", "of another authority", "expired"])
def test_s1_a_caller_without_a_good_certificate_is_not_heard(who: str, folder: Folder, authority: Authority) -> None:
    pairs = {
        "nobody": None,
        "of another authority": Authority("another").issue_client("desk.example"),
        "expired": authority.issue_client("desk.example", days=-1),
    }
    with serving({}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, pairs[who]) as channel:
            assert code_of(refusal(channel)) in UNREACHED


@pytest.mark.parametrize(
    "names",
    [
        (x509.DNSName("other.example"),),
        (x509.DNSName("desk.example.other"),),
        (x509.DNSName("*.example"),),
        (x509.UniformResourceIdentifier("desk.example"),),
        (x509.RFC822Name("desk@desk.example"),),
        (),
    ],
)
def test_s1_a_wrong_name_has_no_role(names: tuple[x509.GeneralName, ...], folder: Folder, authority: Authority) -> None:
    with serving({}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, authority.issue(*names)) as channel:
            assert code_of(refusal(channel)) is grpc.StatusCode.UNAUTHENTICATED


def test_s1_a_role_that_was_taken_back_is_gone_at_once(folder: Folder, authority: Authority, desk: Pair) -> None:
    with serving({}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, desk) as channel:
            call(channel)
            folder.allow({"dns:desk.example": []})
            assert code_of(refusal(channel)) is grpc.StatusCode.PERMISSION_DENIED
            folder.callers.write_text("[callers]\n'dns:desk.example' = ['emperor']\n")
            assert code_of(refusal(channel)) is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("callers", "code", "reason"),
    [
        ({}, grpc.StatusCode.UNAUTHENTICATED, Reason.NOT_AUTHENTICATED),
        ({"dns:desk.example": []}, grpc.StatusCode.PERMISSION_DENIED, Reason.NOT_ALLOWED),
        ({"dns:desk.example": ["acceptor"]}, grpc.StatusCode.UNAVAILABLE, Reason.NOT_READY),
        ({"dns:desk.example": ["reader"]}, grpc.StatusCode.UNAVAILABLE, Reason.NOT_READY),
    ],
)
def test_s1_a_role_that_was_taken_back_is_gone_from_open_streams(
    callers: dict[str, Sequence[str]],
    code: grpc.StatusCode,
    reason: Reason,
    folder: Folder,
    authority: Authority,
    desk: Pair,
) -> None:
    """Nothing more is told: also where the name is gone, or where what is left may call the method for less."""
    more, told = threading.Event(), registry_service_pb2.WatchRootsResponse(roots=registry_service_pb2.Roots())

    def watch(_: object, __: grpc.ServicerContext) -> Iterator[registry_service_pb2.WatchRootsResponse]:
        yield told
        assert more.wait(PATIENCE)
        yield told

    folder.allow({"dns:desk.example": ["reader", "venue"]})
    with serving({WATCH: watch}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, desk) as channel:
            stream = unary_stream(channel, WATCH)(b"", timeout=PATIENCE)
            assert next(stream) == told.SerializeToString()
            folder.allow(callers)
            more.set()
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
    refused = Details(caught.value)
    assert (code_of(caught.value), refused.info.reason) == (code, reason)
    assert refused.has_retry is (reason is Reason.NOT_READY)


def test_s1_nothing_more_is_taken_from_who_lost_its_role(folder: Folder, authority: Authority, desk: Pair) -> None:
    """What a stream sends after that is not read, as what it would be told is not sent."""
    read: list[object] = []

    def verify(asked: Iterator[object], _: grpc.ServicerContext) -> Iterator[verifier_service_pb2.VerifyBatchResponse]:
        for each in asked:
            read.append(each)
            yield verifier_service_pb2.VerifyBatchResponse()

    folder.allow({"dns:desk.example": ["acceptor"]})
    sent: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    with serving({VERIFY_BATCH: verify}, settings_for(tls=folder)) as server:
        with secure_channel(server, authority.certificate, desk) as channel:
            stream = stream_stream(channel, VERIFY_BATCH)(iter(sent.get, None), timeout=PATIENCE)
            sent.put(b"")
            assert next(stream) == b""
            folder.allow({"dns:desk.example": []})
            sent.put(b"")
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
            sent.put(None)
    assert (code_of(caught.value), len(read)) == (grpc.StatusCode.PERMISSION_DENIED, 1)


def test_s1_plaintext_is_not_heard_where_tls_is_spoken(folder: Folder) -> None:
    with serving({}, settings_for(tls=folder)) as server, plain_channel(server) as channel:
        assert code_of(refusal(channel)) in UNREACHED


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_s1_old_tls_is_not_spoken(folder: Folder, desk: Pair) -> None:
    mine = folder.path / "desk.pem"
    mine.write_bytes(desk.certificate + desk.key)
    with serving({}, settings_for(tls=folder)) as server:
        assert shake_hands(server, mine, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert shake_hands(server, mine, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake_hands(server, mine, ssl.TLSVersion.TLSv1_1)


def shake_hands(server: Server, mine: Path, version: ssl.TLSVersion) -> str | None:
    """The version that was agreed on with a caller that speaks one alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(mine)
    context.set_alpn_protocols(["h2"])
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain) as tls,
    ):
        return tls.version()


def damage(folder: Folder, how: str, authority: Authority) -> None:
    key = folder.path / "server.key"
    match how:
        case "missing":
            key.unlink()
        case "malformed":
            (folder.path / "server.pem").write_text("no certificate")
        case "of another key":
            key.write_bytes(authority.issue_server().key)
        case "expired":
            folder.write(authority.issue(days=-1), authority.certificate)
        case _:
            (folder.path / "clients.pem").write_bytes(b"")


@pytest.mark.parametrize("how", ["missing", "malformed", "of another key", "expired", "no authority"])
def test_s1_the_last_good_certificate_is_kept(how: str, folder: Folder, authority: Authority, desk: Pair) -> None:
    with serving({}, settings_for(tls=folder)) as server:
        damage(folder, how, authority)
        with secure_channel(server, authority.certificate, desk) as channel:
            assert call(channel) == b""
        with plain_channel(server) as channel:
            assert code_of(refusal(channel)) in UNREACHED


def test_s1_a_new_certificate_is_served_without_a_restart(folder: Folder, desk: Pair) -> None:
    other = Authority("another")
    with serving({}, settings_for(tls=folder)) as server:
        folder.write(other.issue_server(), other.certificate)
        with secure_channel(server, other.certificate, other.issue_client("desk.example")) as channel:
            assert call(channel) == b""
        with secure_channel(server, other.certificate, desk) as channel:
            assert code_of(refusal(channel)) in UNREACHED


@pytest.mark.parametrize("how", ["missing", "malformed", "of another key", "expired", "no authority"])
def test_s1_a_server_does_not_begin_without_a_good_certificate(how: str, folder: Folder, authority: Authority) -> None:
    damage(folder, how, authority)
    with pytest.raises(ServingError):
        Server(settings_for(tls=folder), [])


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_s1_plaintext_is_for_this_machine_alone(address: str) -> None:
    with pytest.raises(MisuseError) as caught:
        settings_for(listen=Listen(address))
    assert caught.value.reason is Reason.NOT_PRIVATE


def test_s1_plaintext_has_to_be_said(tmp_path: Path) -> None:
    settings = settings_for()
    with pytest.raises(MisuseError) as caught:
        Server(replace(settings, listen=Listen("127.0.0.1:0")), [])
    assert caught.value.reason is Reason.MISSING_KEY
    socket_path = tmp_path / "socket"
    with serving({}, settings_for(listen=Listen(f"unix:{socket_path}"))):
        assert socket_path.stat().st_mode & 0o077 == 0
        with grpc.insecure_channel(f"unix:{socket_path}") as channel:
            assert call(channel) == b""


# --- S2 ----------------------------------------------------------------------------------------------

EVERYONE = set(ROLES)
READERS = {"trader", "acceptor", "venue", "reader"}
ALLOWED = {
    "ProverService": {"*": {"trader"}},
    "VerifierService": {
        "Verify": {"trader", "acceptor", "venue"},
        "VerifyBatch": {"acceptor", "venue"},
        "AcceptCollateral": {"trader", "acceptor"},
        "RefreshAcceptance": {"trader", "acceptor"},
        "ReleaseCollateral": {"trader", "acceptor"},
        "SeizeCollateral": {"venue"},
        "ApplyTransition": {"venue"},
        "GetAcceptance": {"trader", "acceptor", "venue"},
        "ListAcceptances": {"acceptor", "venue"},
        "WatchAcceptances": {"acceptor", "venue"},
        "GetTrust": READERS,
    },
    "RegistryService": {
        "PublishMarketRoot": {"oracle"},
        "PublishBookRoot": {"venue"},
        "PublishLockRoot": {"watcher"},
        "CosignLockRoot": {"watcher"},
        "PublishPolicy": {"governance"},
        "PublishAppointment": {"governance"},
        "PublishRevocation": {"governance"},
        "GetRoots": EVERYONE,
        "WatchRoots": EVERYONE,
    },
    "LogService": {
        "GetHead": READERS,
        "GetInclusionProof": READERS,
        "GetConsistencyProof": READERS,
        "ListEntries": {"acceptor", "venue", "reader"},
    },
}
"""Written a second time, and not read from the protos: a rule that changes there has to be meant here, too."""


def allowed(service: str, method: str) -> set[str]:
    table = ALLOWED[service]
    return table.get(method) or table["*"]


def outcome(channel: grpc.Channel, method: str) -> grpc.StatusCode:
    """What comes of a call of any kind with an empty message."""
    try:
        list(stream_stream(channel, method)(iter([b""]), timeout=PATIENCE))
    except grpc.RpcError as error:
        return code_of(error)
    return grpc.StatusCode.OK


def test_s2_each_method_with_each_role(folder: Folder, authority: Authority) -> None:
    pairs = {role: authority.issue_client(f"{role}.example") for role in ROLES}
    folder.allow({f"dns:{role}.example": [role] for role in ROLES})
    methods = [method for descriptor in DESCRIPTORS for method in descriptor.methods]
    wrong = []
    with serving({}, settings_for(tls=folder)) as server:
        for role, pair in pairs.items():
            with secure_channel(server, authority.certificate, pair) as channel:
                for method in methods:
                    may = role in allowed(method.containing_service.name, method.name)
                    expected = grpc.StatusCode.OK if may else grpc.StatusCode.PERMISSION_DENIED
                    if (found := outcome(channel, path_of(method))) is not expected:
                        wrong.append((role, path_of(method), found))
    assert wrong == []


def describe_unruled_service() -> ServiceDescriptor:
    """A service whose method says nothing of roles, and one whose rule names nobody."""
    file = descriptor_pb2.FileDescriptorProto(name="tests/unruled.proto", package="tests", syntax="proto3")
    file.message_type.add(name="Nothing")
    service = file.service.add(name="Unruled")
    service.method.add(name="Call", input_type=".tests.Nothing", output_type=".tests.Nothing")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("tests.Unruled")


def test_s2_a_method_without_a_rule_is_refused_to_everybody() -> None:
    with (
        serving({}, descriptors=[*DESCRIPTORS, describe_unruled_service()]) as server,
        plain_channel(server) as channel,
    ):
        assert call(channel) == b""
        assert code_of(refusal(channel, "/tests.Unruled/Call")) is grpc.StatusCode.PERMISSION_DENIED


def test_s2_reflection_is_off_unless_it_is_asked_for() -> None:
    method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    with serving({}) as server, plain_channel(server) as channel:
        assert outcome(channel, method) is grpc.StatusCode.UNIMPLEMENTED
    listen = Listen("127.0.0.1:0", reflection=True)
    with serving({}, settings_for(listen=listen)) as server, plain_channel(server) as channel:
        assert outcome(channel, method) is grpc.StatusCode.OK


# --- X1 ----------------------------------------------------------------------------------------------


def padded(length: int) -> bytes:
    """A message of so many bytes: one field that GetHead does not know."""
    for digits in range(1, 5):
        body = length - 1 - digits
        varint = encode_varint(body)
        if len(varint) == digits:
            return b"\x7a" + varint + bytes(body)
    raise AssertionError(length)


def encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def test_x1_one_byte_over_the_limit() -> None:
    limits = replace(SMALL, message_bytes=1000)
    with serving({}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        assert call(channel, request=padded(1000)) == b""
        assert code_of(refusal(channel, request=padded(1001))) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(channel, request=padded(1000)) == b""


def test_x1_headers_without_end() -> None:
    with serving({}) as server, plain_channel(server) as channel:
        metadata = [("padding", "a" * SMALL.metadata_bytes)]
        assert code_of(refusal(channel, metadata=metadata)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(channel) == b""


@pytest.mark.parametrize("data", [b"\xff", b"\x0b" * 5000, b"\x08", b"\x0a\xff\xff\xff\xff\x0f"])
def test_x1_what_is_no_message_is_malformed(data: bytes) -> None:
    with serving({}) as server, plain_channel(server) as channel:
        error = refusal(channel, request=data)
        assert code_of(error) is grpc.StatusCode.INVALID_ARGUMENT
        details = Details(error)
        assert details.info.reason == Reason.NOT_READABLE
        assert [violation.field for violation in details.bad_request.field_violations] == ["request"]
        assert call(channel) == b""


def test_x1_a_compression_bomb_is_not_unpacked() -> None:
    limits = replace(SMALL, message_bytes=1 << 20)
    with serving({}, settings_for(limits=limits)) as server:
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{server.port}", options) as channel:
            bomb = padded(900_000)
            error = refusal(channel, request=bomb, compression=grpc.Compression.Gzip)
            assert code_of(error) is grpc.StatusCode.UNIMPLEMENTED
            assert call(channel, request=bomb) == b""


IDLE = Limits(threads=6, queue=64, calls_per_caller=4, streams=3)


@dataclass
class Crowd:
    """Calls of one caller that say nothing until they are released, and the way to the server of another one."""

    streams: Sequence[Any]
    unary: "Sequence[grpc.Future[bytes]]"
    channel: grpc.Channel
    release: threading.Event

    @property
    def codes(self) -> list[grpc.StatusCode]:
        """How the streams ended."""
        return [stream_code(each) for each in self.streams]

    @property
    def has_its_share(self) -> bool:
        """Whether all that is too much of it was refused."""
        return sum(not each.is_active() for each in self.streams) >= len(self.streams) - IDLE.streams


@contextmanager
def crowded(folder: Folder, authority: Authority, desk: Pair, receive_milliseconds: int) -> Iterator[Crowd]:
    folder.allow({"dns:desk.example": ["acceptor"], "dns:other.example": ["reader"]})
    other, release = authority.issue_client("other.example"), threading.Event()

    def silent() -> Iterator[bytes]:
        release.wait(2 * PATIENCE)
        yield from ()

    def read(requests: Iterator[Any], _: grpc.ServicerContext) -> Iterator[Any]:
        for _request in requests:
            yield from ()

    limits = replace(IDLE, receive_milliseconds=receive_milliseconds)
    with (
        serving({VERIFY_BATCH: read}, settings_for(tls=folder, limits=limits)) as server,
        secure_channel(server, authority.certificate, desk) as idle,
        secure_channel(server, authority.certificate, other) as channel,
    ):
        streams = [stream_stream(idle, VERIFY_BATCH)(silent()) for _ in range(60)]
        unary = [stream_unary(idle, GET_HEAD).future(silent()) for _ in range(4)]
        yield Crowd(streams, unary, channel, release)
        release.set()


def test_x1_idle_streams_leave_room_for_others(folder: Folder, authority: Authority, desk: Pair) -> None:
    """As many streams as there are of one caller; another caller is answered while nothing makes them end."""
    with crowded(folder, authority, desk, receive_milliseconds=600_000) as crowd:
        deadline, calls = time.monotonic() + PATIENCE, 0
        while calls < 20 or not crowd.has_its_share:
            assert time.monotonic() < deadline
            assert call(crowd.channel) == b""
            calls += 1
        crowd.release.set()
        assert set(crowd.codes) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert crowd.codes.count(grpc.StatusCode.OK) <= IDLE.streams


def test_x1_idle_streams_are_cut_off(folder: Folder, authority: Authority, desk: Pair) -> None:
    with crowded(folder, authority, desk, receive_milliseconds=1500) as crowd:
        assert call(crowd.channel) == b""
        assert {unary_code(each) for each in crowd.unary} <= {
            grpc.StatusCode.CANCELLED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        }
        codes = crowd.codes
        assert set(codes) == {grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert codes.count(grpc.StatusCode.CANCELLED) <= IDLE.streams


def stream_code(stream: Iterable[bytes]) -> grpc.StatusCode:
    try:
        list(stream)
    except grpc.RpcError as error:
        return code_of(error)
    return grpc.StatusCode.OK


def unary_code(future: "grpc.Future[bytes]") -> grpc.StatusCode:
    try:
        future.result(timeout=PATIENCE)
    except grpc.FutureCancelledError:
        return grpc.StatusCode.CANCELLED
    except grpc.RpcError as error:
        return code_of(error)
    return grpc.StatusCode.OK


def test_x1_a_slow_sender_is_cut_off() -> None:
    limits = replace(SMALL, threads=1, queue=8, receive_milliseconds=300)
    release = threading.Event()

    def slow() -> Iterator[bytes]:
        release.wait(4 * PATIENCE)
        yield b""

    with serving({GET_HEAD: lambda *_: HEAD}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        slowly = stream_unary(channel, GET_HEAD).future(slow())
        time.sleep(0.1)
        assert call(channel) == HEAD.SerializeToString(), "there is one thread, which the slow one would have"
        assert unary_code(slowly) is grpc.StatusCode.CANCELLED
        release.set()


# --- X2 ----------------------------------------------------------------------------------------------


def test_x2_a_deadline_that_is_over_on_arrival_begins_nothing() -> None:
    gate = Gate(HEAD)
    gate.open.set()
    with serving({GET_HEAD: gate}) as server, plain_channel(server) as channel:
        call(channel)
        assert begin_by_hand(server, grpc_timeout="60S")
        assert gate.begun == 2
        begin_by_hand(server, grpc_timeout="0n")
        assert call(channel) == HEAD.SerializeToString()
    assert gate.begun == 3


def begin_by_hand(server: Server, grpc_timeout: str) -> bool:
    """A call in frames of our own, for no client would send a deadline that is over; whether it was answered."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": GET_HEAD,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
        "grpc-timeout": grpc_timeout,
    }
    block = b"".join(b"\x00" + literal(name) + literal(value) for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        connection.sendall(frame(1, 4, 1, block) + frame(0, 1, 1, bytes(5)))
        stream = connection.makefile("rb")
        while True:
            length, kind, flags, number = read_frame_head(stream.read(9))
            stream.read(length)
            if kind == DATA and number:
                return True
            if number and (kind == RESET or flags & 1):
                return False


DATA, RESET = 0, 3


def literal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def read_frame_head(head: bytes) -> tuple[int, int, int, int]:
    """Length, kind, flags and stream."""
    return int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")


def test_x2_what_was_cancelled_in_the_queue_is_not_begun() -> None:
    limits = replace(SMALL, threads=1, queue=8)
    gate = Gate(HEAD)
    settings = settings_for(limits=limits, metrics=True)
    with serving({GET_HEAD: gate}, settings) as server, plain_channel(server) as channel:
        first = unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE)
        gate.wait_for(1)
        waiting = [unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE) for _ in range(3)]
        wait_for_inside(server, 4)
        expiring = unary_unary(channel, GET_HEAD).future(b"", timeout=0.2)
        for each in waiting:
            each.cancel()
        assert unary_code(expiring) is grpc.StatusCode.DEADLINE_EXCEEDED
        call(channel, HEALTH_CHECK)  # behind the cancellations on the same connection
        time.sleep(0.3)
        gate.open.set()
        assert unary_code(first) is grpc.StatusCode.OK
        call(channel)
    assert gate.begun == 2


def wait_for_inside(server: Server, count: int) -> None:
    """So many calls are in the server, those in its queue among them."""
    deadline, wanted = time.monotonic() + PATIENCE, f"\nringfence_calls_inside {count}.0\n"
    while wanted not in read_metrics(server):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read_metrics(server: Server) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics") as page:
        return str(page.read().decode())


@pytest.mark.parametrize("how", ["cancelled", "over its deadline", "over the server's bound"])
def test_x2_work_ends_within_a_second(how: str) -> None:
    """By its own rounds of at least a hundredth of a second each, whatever else the machine does meanwhile."""
    begun, over, ended, rounds = threading.Event(), threading.Event(), threading.Event(), 0

    def work(_: object, __: grpc.ServicerContext) -> object:
        nonlocal rounds
        begun.set()
        try:
            while True:
                current_call().require_waiting()
                current_call().ended.wait(0.01)
                rounds += over.is_set()
        finally:
            ended.set()

    bound = 400 if how == "over the server's bound" else 600_000
    limits = replace(SMALL, call_milliseconds=bound)
    with serving({GET_HEAD: work}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        future = unary_unary(channel, GET_HEAD).future(b"", timeout=0.4 if how == "over its deadline" else PATIENCE)
        if how == "cancelled":
            assert begun.wait(PATIENCE)
            future.cancel()
        with suppress(grpc.RpcError, grpc.FutureCancelledError):
            future.result(timeout=PATIENCE)
        over.set()
        assert ended.wait(PATIENCE) or not begun.is_set()
        assert rounds < 100


def test_x2_a_watch_that_is_left_ends() -> None:
    ended = threading.Event()

    def watch(_: object, __: grpc.ServicerContext) -> Iterator[object]:
        mine = current_call()
        try:
            yield log_service_pb2.GetHeadResponse()
            assert mine.ended.wait(PATIENCE)
        finally:
            ended.set()

    with serving({WATCH: watch}) as server, plain_channel(server) as channel:
        stream = unary_stream(channel, WATCH)(b"")
        next(stream)
        stream.cancel()
        assert ended.wait(PATIENCE)


# --- X3 ----------------------------------------------------------------------------------------------


def test_x3_a_full_queue_says_so_at_once() -> None:
    limits = replace(SMALL, threads=2, queue=2, calls_per_caller=8, retry_milliseconds=250)
    gate = Gate(HEAD)
    with serving({GET_HEAD: gate}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        inside = [unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE) for _ in range(4)]
        gate.wait_for(2)
        for method in (GET_HEAD, VERIFY_BATCH, WATCH):
            taken = []
            for _ in range(10):
                began = time.monotonic()
                with pytest.raises(grpc.RpcError) as caught:
                    list(stream_stream(channel, method)(iter([b""]), timeout=PATIENCE))
                taken.append(time.monotonic() - began)
                assert code_of(caught.value) is grpc.StatusCode.RESOURCE_EXHAUSTED
                details = Details(caught.value)
                assert details.info.reason == Reason.QUEUE_FULL
                assert details.retry.retry_delay.ToMilliseconds() == 250
            assert min(taken) < 0.5
        assert call(channel, HEALTH_CHECK) != b""
        gate.open.set()
        assert [unary_code(each) for each in inside] == [grpc.StatusCode.OK] * 4
        assert call(channel) == HEAD.SerializeToString()


def test_x3_more_than_can_be_refused_is_cut_off_and_nothing_is_lost() -> None:
    limits = replace(SMALL, threads=1, queue=1, refusals=1, calls_per_caller=8)
    gate = Gate(HEAD)
    with serving({GET_HEAD: gate}, settings_for(limits=limits)) as server, plain_channel(server) as channel:
        first = unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE)
        gate.wait_for(1)
        crowd = [unary_unary(channel, GET_HEAD).future(b"", timeout=PATIENCE) for _ in range(60)]
        deadline = time.monotonic() + PATIENCE
        while sum(each.done() for each in crowd) < 59:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        gate.open.set()
        codes = [unary_code(each) for each in crowd]
        assert unary_code(first) is grpc.StatusCode.OK
        assert codes.count(grpc.StatusCode.OK) == 1
        assert codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 59
        assert [call(channel) for _ in range(5)] == [HEAD.SerializeToString()] * 5


# --- P2 ----------------------------------------------------------------------------------------------

CANARY = "48151623421234567890"
SINGERS: list[Exception] = [
    RuntimeError(CANARY),
    KeyError(CANARY),
    margin_errors.MalformedError(margin_errors.Reason.NOT_A_RATE, "rate", found=CANARY, expected="a rate"),
    margin_errors.RejectedError(margin_errors.Reason.EXPIRED, "expires", found=CANARY, expected="a later moment"),
    margin_errors.InternalError(margin_errors.Reason.BROKEN_INVARIANT, CANARY, found=CANARY, expected=CANARY),
    snark_errors.RejectedError(snark_errors.Reason.F20_UNSATISFIED, "witness", found=CANARY, expected="a witness"),
    snark_errors.MalformedError(snark_errors.Reason.F04_TRUNCATED, "proof", found=CANARY, expected="all of it").in_file(
        f"/var/{CANARY}"
    ),
    MisuseError(Reason.NOT_FOUND, "id", found=CANARY, expected="an operation of yours"),
]


@pytest.mark.parametrize("song", SINGERS, ids=lambda song: type(song).__name__)
def test_p2_what_was_found_is_told_nowhere(song: Exception) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(Lines())
    loggers = [logging.getLogger("tests.canary"), logging.getLogger("grpc")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)

    def sing(_: object, __: grpc.ServicerContext) -> object:
        amount = CANARY
        raise song from ValueError(amount)

    def sing_long(request: object, context: grpc.ServicerContext) -> Iterator[object]:
        yield sing(request, context)

    settings = settings_for(metrics=True)
    request = log_service_pb2.GetHeadRequest().SerializeToString() + b"\x7a\x14" + CANARY.encode()
    with serving({GET_HEAD: sing, WATCH: sing_long}, settings, log=Log(loggers[0])) as server:
        with plain_channel(server) as channel:
            error = refusal(channel, request=request, metadata=[("ringfence-request-id", f"{CANARY} and more")])
            with pytest.raises(grpc.RpcError) as caught:
                list(unary_stream(channel, WATCH)(b"", timeout=PATIENCE))
            require_silent(error)
            require_silent(caught.value)
        metrics = read_metrics(server)
    for logger in loggers:
        logger.removeHandler(handler)
    assert "ringfence_calls_total" in metrics
    assert "CALL_ENDED" in heard.getvalue()
    assert CANARY not in metrics + heard.getvalue()


def require_silent(error: object) -> None:
    """No part of an error sings."""
    details = Details(error)
    told = f"{details.message} {details.status} {details.trailers}"
    assert CANARY not in told
    assert details.request.request_id == details.trailers["ringfence-request-id"]


def test_p2_no_log_takes_a_field_that_is_not_on_the_list() -> None:
    with pytest.raises(ValueError, match="no log may have"):
        Log().tell(Event.STARTED, amount=CANARY)


@pytest.mark.parametrize("song", [OSError(CANARY), ValueError(CANARY, CANARY)], ids=repr)
def test_p2_a_trace_tells_nothing_of_what_was_asked(song: Exception) -> None:
    """Nor do the ways in which a caller could have a server carry a text: they are not read."""

    def sing(_: object, __: grpc.ServicerContext) -> object:
        raise song from ValueError(CANARY)

    request = log_service_pb2.GetHeadRequest().SerializeToString() + b"\x7a\x14" + CANARY.encode()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    carried = [("tracestate", f"a={CANARY}"), ("baggage", f"amount={CANARY}"), ("traceparent", trace)]
    named = [("ringfence-request-id", f"{CANARY} and more"), ("traceparent", f"{trace}-{CANARY}")]
    with collecting() as collector:
        settings = replace(settings_for(pace=PATIENT), telemetry=Telemetry(f"http://127.0.0.1:{collector.port}"))
        with serving({GET_HEAD: sing}, settings) as server, plain_channel(server) as channel:
            for metadata in (carried, named):
                refusal(channel, request=request, metadata=metadata)
    told = f"{collector.requests} {collector.metadata}"
    assert len(collector.spans) == 2
    assert {each.key for span in collector.spans for each in span.attributes} == {
        *("rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code"),
        *("ringfence.reason", "ringfence.request_id"),
    }
    assert not any(span.events or span.links or span.trace_state or span.status.message for span in collector.spans)
    assert CANARY not in told


def test_p2_metrics_are_for_this_machine_alone() -> None:
    with pytest.raises(MisuseError):
        Metrics("0.0.0.0:9000")


def test_every_service_can_be_served_beside_the_others() -> None:
    assert {each.descriptor.name for each in services({}, DESCRIPTORS)} == set(ALLOWED)
