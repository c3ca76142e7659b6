"""Servers and callers over real sockets, with services that a test defines."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from ringfence.v1 import log_service_pb2, prover_service_pb2, registry_service_pb2, verifier_service_pb2
from serving.development_certificates import Pair
from serving.errors import STATUS_KEY
from serving.health import Check
from serving.interception import Handler
from serving.limits import Limits
from serving.log import Log
from serving.roles import ROLES
from serving.server import Server, Service
from serving.settings import Access, Listen, Metrics, Pace, Settings, Tls
from tests.serving.certificates import Folder

Behaviour = Callable[[Any, grpc.ServicerContext], Any]
FAST = Pace(check_milliseconds=20, notice_milliseconds=0, drain_milliseconds=300, final_milliseconds=2000)
PATIENT = replace(FAST, final_milliseconds=60_000)
"""At its end such a server waits as long as it takes for its traces to arrive."""
SMALL = Limits(threads=4, queue=4, calls_per_caller=4, streams=3, receive_milliseconds=60_000)
PATIENCE = 60
"""Seconds for what has to happen, however busy the machine is."""
DESCRIPTORS = [
    log_service_pb2.DESCRIPTOR.services_by_name["LogService"],
    prover_service_pb2.DESCRIPTOR.services_by_name["ProverService"],
    registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"],
    verifier_service_pb2.DESCRIPTOR.services_by_name["VerifierService"],
]
GET_HEAD = "/ringfence.v1.LogService/GetHead"
VERIFY_BATCH = "/ringfence.v1.VerifierService/VerifyBatch"
WATCH = "/ringfence.v1.RegistryService/WatchRoots"


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def handler_of(method: MethodDescriptor, behave: Behaviour | None) -> Handler:
    """A handler that does what the test says, or answers with an empty message."""
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    codecs = request.FromString, response.SerializeToString

    def answer(_: object, __: grpc.ServicerContext) -> Message:
        return response()

    def answers(_: object, __: grpc.ServicerContext) -> Iterator[Message]:
        yield response()

    match method.client_streaming, method.server_streaming:
        case False, False:
            return grpc.unary_unary_rpc_method_handler(behave or answer, *codecs)
        case False, True:
            return grpc.unary_stream_rpc_method_handler(behave or answers, *codecs)
        case True, False:
            return grpc.stream_unary_rpc_method_handler(behave or answer, *codecs)
        case _:
            return grpc.stream_stream_rpc_method_handler(behave or answers, *codecs)


def register(descriptor: ServiceDescriptor, behaviours: Mapping[str, Behaviour], server: grpc.Server) -> None:
    handlers = {method.name: handler_of(method, behaviours.get(path_of(method))) for method in descriptor.methods}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(descriptor.full_name, handlers),))


def services(behaviours: Mapping[str, Behaviour], descriptors: Sequence[ServiceDescriptor]) -> list[Service]:
    return [Service(each, partial(register, each, behaviours)) for each in descriptors]


def settings_for(
    *,
    tls: Folder | None = None,
    limits: Limits = SMALL,
    pace: Pace = FAST,
    listen: Listen | None = None,
    metrics: bool = False,
) -> Settings:
    listen = listen or Listen("127.0.0.1:0")
    return Settings(
        listen=replace(listen, plaintext=tls is None),
        tls=Tls() if tls is None else tls.tls,
        access=Access(callers=tls.callers) if tls else Access(local_roles=ROLES),
        limits=limits,
        metrics=Metrics("127.0.0.1:0" if metrics else None),
        pace=pace,
    )


@contextmanager
def serving(
    behaviours: Mapping[str, Behaviour] | None = None,
    settings: Settings | None = None,
    *,
    descriptors: Sequence[ServiceDescriptor] = DESCRIPTORS,
    checks: Mapping[str, Check] | None = None,
    log: Log | None = None,
) -> Iterator[Server]:
    log = log or Log(logging.getLogger("tests.serving"))
    with Server(settings or settings_for(), services(behaviours or {}, descriptors), checks, log=log) as server:
        yield server


@contextmanager
def plain_channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


@contextmanager
def secure_channel(server: Server, authority: bytes, pair: Pair | None) -> Iterator[grpc.Channel]:
    """A connection of its own, so that every one shakes hands."""
    key, certificate = (pair.key, pair.certificate) if pair else (None, None)
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(f"127.0.0.1:{server.port}", credentials, options=options) as channel:
        yield channel


def call(channel: grpc.Channel, method: str = GET_HEAD, request: bytes = b"", **options: Any) -> bytes:  # noqa: ANN401 - gRPC's own
    """One call of bytes."""
    return unary_unary(channel, method)(request, **{"timeout": PATIENCE, **options})


def refusal(channel: grpc.Channel, method: str = GET_HEAD, request: bytes = b"", **options: Any) -> grpc.Call:  # noqa: ANN401
    """The error of a call that has to fail."""
    try:
        call(channel, method, request, **options)
    except grpc.RpcError as error:
        return cast("grpc.Call", error)
    raise AssertionError("the call was answered")


def code_of(error: object) -> grpc.StatusCode:
    """The code of an error, which is a call that has ended."""
    return cast("grpc.Call", error).code()


def unary_unary(channel: grpc.Channel, method: str) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
    return channel.unary_unary(method)


def unary_stream(channel: grpc.Channel, method: str) -> "grpc.UnaryStreamMultiCallable[bytes, bytes]":
    return channel.unary_stream(method)


def stream_unary(channel: grpc.Channel, method: str) -> "grpc.StreamUnaryMultiCallable[bytes, bytes]":
    return channel.stream_unary(method)


def stream_stream(channel: grpc.Channel, method: str) -> "grpc.StreamStreamMultiCallable[bytes, bytes]":
    return channel.stream_stream(method)


class Details:
    """The details of an error, as any client finds them."""

    def __init__(self, error: object) -> None:
        call = cast("grpc.Call", error)
        self.message = call.details()
        self.trailers = dict(call.trailing_metadata() or ())
        self.status = status_pb2.Status.FromString(cast("bytes", self.trailers[STATUS_KEY]))
        self.info = error_details_pb2.ErrorInfo()
        self.request = error_details_pb2.RequestInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.retry = error_details_pb2.RetryInfo()
        self.has_retry = False
        messages: tuple[Message, ...] = self.info, self.request, self.bad_request, self.retry
        for detail in self.status.details:
            for message in messages:
                self.has_retry |= detail.Unpack(message) and message is self.retry


class Gate:
    """A behaviour that tells how many are inside and keeps them there until it is opened."""

    def __init__(self, answer: Message) -> None:
        self._answer = answer
        self.inside = threading.Semaphore(0)
        self.open = threading.Event()
        self.begun = 0

    def __call__(self, request: object, context: grpc.ServicerContext) -> Message:  # noqa: ARG002
        self.begun += 1
        self.inside.release()
        assert self.open.wait(2 * PATIENCE)
        return self._answer

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.inside.acquire(timeout=PATIENCE)
