"""The services of a verifier, as a server takes them."""

from functools import partial
from typing import Final

from ringfence.v1 import log_service_pb2, registry_service_pb2, verifier_service_pb2
from ringfence.v1.log_service_pb2_grpc import add_LogServiceServicer_to_server
from ringfence.v1.registry_service_pb2_grpc import add_RegistryServiceServicer_to_server
from ringfence.v1.verifier_service_pb2_grpc import add_VerifierServiceServicer_to_server
from serving.server import Service
from verifier.service.desk import Desk
from verifier.service.log import LogServicer
from verifier.service.registry import RegistryServicer
from verifier.service.verification import VerifierServicer

VERIFIER: Final = verifier_service_pb2.DESCRIPTOR.services_by_name["VerifierService"]
LOG: Final = log_service_pb2.DESCRIPTOR.services_by_name["LogService"]
REGISTRY: Final = registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"]


def list_services(desk: Desk) -> list[Service]:
    """All that one store and one signer answer for."""
    life_seconds = desk.pace.life_milliseconds / 1000
    registry = RegistryServicer(desk.registry, desk.clock, life_seconds)
    return [
        Service(VERIFIER, partial(add_VerifierServiceServicer_to_server, VerifierServicer(desk))),
        Service(LOG, partial(add_LogServiceServicer_to_server, LogServicer(desk))),
        Service(REGISTRY, partial(add_RegistryServiceServicer_to_server, registry)),
    ]
