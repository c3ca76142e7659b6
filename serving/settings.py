"""What can be set of any server. A service adds its own tables to these."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from serving.address import require_address, require_loopback, require_private
from serving.errors import MalformedError, MisuseError, Reason
from serving.limits import Limits
from serving.roles import read_roles
from serving.tls import CertificateFiles

HOUR_MILLISECONDS: Final = 3_600_000
METRICS_ADDRESS: Final = "metrics.address"
TELEMETRY_ENDPOINT: Final = "telemetry.endpoint"
COLLECTOR: Final = re.compile(r"(?P<scheme>https?)://(?P<address>[A-Za-z0-9.:\[\]-]+:[0-9]{1,5})/?")
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Listen:
    """Where, and in the open or not."""

    address: str = "127.0.0.1:50051"
    """An IP address with its port, or ``unix:`` and a path."""
    plaintext: bool = False
    """Without TLS, which has to be said and is for loopback addresses and unix sockets alone."""
    reflection: bool = False
    """Tell tools which methods there are; for development."""

    def __post_init__(self) -> None:
        require_address(self.address)


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM; all three or none."""

    certificate: Path | None = None
    key: Path | None = None
    client_authorities: Path | None = None

    @property
    def files(self) -> CertificateFiles:
        """The three of them."""
        if self.certificate is None or self.key is None or self.client_authorities is None:
            expected = (
                "certificate, key and client_authorities, or listen.plaintext where only this machine can reach it"
            )
            raise MisuseError(Reason.MISSING_KEY, "tls", found="not all of them", expected=expected)
        return CertificateFiles(self.certificate, self.key, self.client_authorities)


@dataclass(frozen=True, slots=True)
class Access:
    """Which callers have which roles."""

    callers: Path | None = None
    """With TLS: the table of names in certificates."""
    local_roles: tuple[str, ...] = ()
    """Without TLS: the roles of whoever reaches the server."""

    def __post_init__(self) -> None:
        read_roles(self.local_roles, "access.local_roles")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where metrics are shown, on this machine alone; nowhere where it is left out."""

    address: str | None = None

    def __post_init__(self) -> None:
        if self.address is not None:
            require_loopback(self.address, METRICS_ADDRESS)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where traces of calls are sent; nowhere where it is left out."""

    endpoint: str | None = None
    """A collector of OpenTelemetry's protocol over gRPC: ``https://HOST:PORT``, or ``http://`` on this machine."""
    authorities: Path | None = None
    """Who may vouch for the collector, in PEM; those of the system where it is left out."""
    service: str = "ringfence"
    """What the server is called in traces."""
    sample_ppm: int = MILLION
    """How many of a million calls are traced that no caller traces already."""

    def __post_init__(self) -> None:
        if self.endpoint is not None:
            require_collector(self.endpoint)
        if not 0 <= self.sample_ppm <= MILLION:
            expected = f"0 to {MILLION}"
            raise MalformedError(Reason.OUT_OF_BOUNDS, "telemetry.sample_ppm", found=self.sample_ppm, expected=expected)


def require_collector(endpoint: str) -> None:
    """Traces leave this machine by TLS only."""
    found = COLLECTOR.fullmatch(endpoint)
    if found is None:
        expected = "https:// or http://, a host and a port"
        raise MalformedError(Reason.NOT_READABLE, TELEMETRY_ENDPOINT, found=endpoint, expected=expected)
    if found["scheme"] == "http":
        require_private(require_address(found["address"], TELEMETRY_ENDPOINT), TELEMETRY_ENDPOINT)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a server looks after itself, and how it ends; in milliseconds."""

    check_milliseconds: int = 5_000
    """Between two rounds of the checks of readiness."""
    notice_milliseconds: int = 2_000
    """Between saying NOT_SERVING and taking no more calls, so that callers can go elsewhere first."""
    drain_milliseconds: int = 20_000
    """For calls that are under way; then they are cancelled."""
    final_milliseconds: int = 5_000
    """For what is cancelled to notice; then the process ends without it."""

    def __post_init__(self) -> None:
        for name in Pace.__slots__:
            value = getattr(self, name)
            if not (1 if name == "check_milliseconds" else 0) <= value <= HOUR_MILLISECONDS:
                raise MalformedError(Reason.OUT_OF_BOUNDS, f"pace.{name}", found=value, expected="at most an hour")


@dataclass(frozen=True, slots=True)
class Settings:
    """Of any server."""

    listen: Listen
    tls: Tls
    access: Access
    limits: Limits
    metrics: Metrics
    pace: Pace
    telemetry: Telemetry = field(default=Telemetry(), kw_only=True)

    def __post_init__(self) -> None:
        if self.listen.plaintext:
            require_private(self.listen.address)
