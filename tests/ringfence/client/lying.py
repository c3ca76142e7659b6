"""A server between a caller and the real one, which passes everything on and changes what it wants to.

It has a certificate of the same authority, so that nothing but what is signed tells it from the real one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ringfence.client.settings import ConnectionSettings
from tests.ringfence.client.calling import settings_of
from tests.serving.running import DESCRIPTORS, path_of, serving, settings_for
from tests.verifier.running import ROOM, Running

Change = Callable[[Any], Message | None]
"""What is answered instead of an answer; None leaves it as the change has left it."""


def pass_on(channel: grpc.Channel, method: MethodDescriptor, change: Change) -> Callable[[Any, object], Message]:
    """A behaviour that asks the real server, and changes its answer."""
    real: Any = channel.unary_unary(
        path_of(method), lambda message: message.SerializeToString(), GetMessageClass(method.output_type).FromString
    )

    def behave(request: Message, _: object) -> Message:
        answer: Message = real(request, timeout=10)
        return change(answer) or answer

    return behave


@contextmanager
def lying(running: Running, changes: Mapping[str, Change], caller: str) -> Iterator[ConnectionSettings]:
    """The way to the server in between, which calls the real one in the name of the caller."""
    channel = running.channel(caller)
    methods = [method for service in DESCRIPTORS for method in service.methods]
    behaviours = {
        path_of(method): pass_on(channel, method, changes.get(method.name, keep))
        for method in methods
        if not method.client_streaming and not method.server_streaming
    }
    settings = settings_for(tls=running.trial.certificates, limits=ROOM)
    with serving(behaviours, settings) as server:
        yield settings_of(running, caller, port=server.port)


def keep(_: Message) -> None:
    """An answer as it is."""
