"""How a server is reached, what is believed of it, and how much and how long an answer may be."""

import ipaddress
import json
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from margin.errors import MalformedError, MisuseError, Reason
from ringfence.client.procedure import SERVICES

UNIX: Final = "unix:"
PLACE: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})", re.ASCII)
PORTS: Final = 1 << 16
LOCAL_NAMES: Final = frozenset({"localhost"})
RETRIED: Final = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
"""Codes that say that nothing was done, or that asking again under the same request id is answered the same."""
MOST_ATTEMPTS: Final = 5
"""What gRPC allows."""
LARGEST_FILE: Final = 1 << 20
LARGEST_MESSAGE: Final = 1 << 21
LONGEST_SECONDS: Final = 3600
STREAM_SECONDS: Final = 24 * 3600
"""A server ends its streams earlier."""


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """What is believed, and what was seen."""

    anchor: Path | None = None
    """Whose word counts: the document that is pinned."""
    heads: Path | None = None
    """Where the last head of the log is kept, so that the next caller knows it; in memory where it is left out."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """A server and the way there."""

    address: str = "127.0.0.1:50051"
    """A name or an IP address with a port, or ``unix:`` and a path."""
    plaintext: bool = False
    """Without TLS, which has to be said and is for this machine alone."""
    authorities: Path | None = None
    """Who may vouch for the server, in PEM."""
    certificate: Path | None = None
    """The caller's own, in PEM."""
    key: Path | None = None
    server_name: str | None = None
    """The name in the server's certificate, where it is not the one in the address."""
    attempts: int = 4
    """How often a call is tried before nobody is there."""
    longest_seconds: int = 120
    """No call waits longer, whatever it is."""
    message_bytes: int = LARGEST_MESSAGE
    """A response may be so large."""

    def __post_init__(self) -> None:
        require_place(self.address)
        require_between(self.attempts, "attempts", 1, MOST_ATTEMPTS)
        require_between(self.longest_seconds, "longest_seconds", 1, LONGEST_SECONDS)
        require_between(self.message_bytes, "message_bytes", 1, 1 << 30)
        if self.plaintext:
            require_this_machine(self.address)
        elif self.authorities is None or self.certificate is None or self.key is None:
            expected = "authorities, certificate and key, or plaintext to a server on this machine"
            raise MisuseError(Reason.MISSING_FIELD, "connection", found="not all of them", expected=expected)

    def read_credentials(self) -> grpc.ChannelCredentials | None:
        """What the caller shows and whom it believes; None in the open."""
        if self.plaintext or self.authorities is None or self.certificate is None or self.key is None:
            return None
        authorities = read_pem(self.authorities, "connection.authorities")
        key = read_pem(self.key, "connection.key")
        certificate = read_pem(self.certificate, "connection.certificate")
        require_pair(self.certificate, self.key)
        return grpc.ssl_channel_credentials(authorities, key, certificate)

    @property
    def options(self) -> list[tuple[str, str | int]]:
        """As gRPC has them."""
        named = [] if self.server_name is None else [("grpc.ssl_target_name_override", self.server_name)]
        direct = [("grpc.enable_http_proxy", 0)] if self.plaintext else []
        return [
            *named,
            *direct,  # what is not sealed goes to nobody in between, whatever the environment says
            ("grpc.max_receive_message_length", self.message_bytes),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.enable_retries", 1),
            ("grpc.service_config", json.dumps(self.service_config)),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.compression_enabled_algorithms_bitset", 1),
        ]

    @property
    def service_config(self) -> dict[str, object]:
        """Which calls are tried again: those with one request and one response, all of which can be asked twice."""
        names = [
            {"service": service.full_name, "method": method.name}
            for service in SERVICES
            for method in service.methods
            if not method.client_streaming and not method.server_streaming
        ]
        policy = {
            "maxAttempts": self.attempts,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": list(RETRIED),
        }
        tried = {"name": names, "retryPolicy": policy} if self.attempts > 1 else {"name": names}
        return {"methodConfig": [tried], "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2}}


def require_pair(certificate: Path, key: Path) -> None:
    """The key is that of the certificate: gRPC would say no more than that nobody answers."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            certificate, key, password=""
        )  # or it would ask for one
    except (ssl.SSLError, ValueError):
        expected = "the key of connection.certificate, both in PEM, without a passphrase"
        raise MisuseError(Reason.NOT_A_KEY, "connection.key", found="another key, or none", expected=expected) from None


def require_place(address: str) -> str:
    """An address that can be called."""
    found = PLACE.fullmatch(address)
    if not (address.startswith(UNIX) and len(address) > len(UNIX)) and (found is None or int(found[3]) >= PORTS):
        expected = "a name or an IP address with its port, or unix: and a path"
        raise MalformedError(Reason.NOT_READABLE, "connection.address", found=address, expected=expected)
    return address


def require_this_machine(address: str) -> None:
    """Nobody listens on the way."""
    found = PLACE.fullmatch(address)
    if found is not None and not is_this_machine(found[1] or found[2]):
        expected = "a loopback address or a unix socket, or TLS with a certificate"
        raise MisuseError(Reason.NOT_APPLICABLE, "connection.plaintext", found=address, expected=expected)


def is_this_machine(host: str) -> bool:
    """Whether a host is the one that this runs on, by its number or by the one name that always is."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOCAL_NAMES


def read_pem(path: Path, field: str) -> bytes:
    """A file in PEM."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE)
    if b"-----BEGIN " not in data:
        raise MalformedError(Reason.NOT_READABLE, field, found="something else", expected="a file in PEM")
    return data


def require_between(value: int, name: str, least: int, most: int) -> None:
    """A bound of a call is within its own."""
    if not least <= value <= most:
        expected = f"{least} to {most}"
        raise MalformedError(Reason.OUT_OF_BOUNDS, f"connection.{name}", found=value, expected=expected)
