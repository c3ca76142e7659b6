"""A registry behind a socket."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ringfence.v1 import registry_service_pb2 as messages
from ringfence.v1.registry_service_pb2_grpc import add_RegistryServiceServicer_to_server
from serving.limits import Limits
from serving.log import Log
from serving.server import Server, Service
from tests.serving.running import settings_for
from verifier.registry import Registry
from verifier.service.registry import RegistryServicer
from verifier.store.ledger import Clock

DESCRIPTOR = messages.DESCRIPTOR.services_by_name["RegistryService"]
SIGN_OF_LIFE = 0.2
ROOMY = Limits(threads=32, queue=4, calls_per_caller=32, streams=32, receive_milliseconds=60_000)


@contextmanager
def serve_registry(registry: Registry, clock: Clock) -> Iterator[Server]:
    """A server that takes and gives facts, in the open, for everybody on this machine."""
    servicer = RegistryServicer(registry, clock, SIGN_OF_LIFE)
    service = Service(DESCRIPTOR, partial(add_RegistryServiceServicer_to_server, servicer))
    with Server(settings_for(limits=ROOMY), [service], log=Log(logging.getLogger("tests.registry"))) as server:
        yield server
