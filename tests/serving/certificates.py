"""Authorities and certificates for a test, as real as any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from serving.development_certificates import CALLS, LOCALHOST, SERVES, DevelopmentAuthority, Pair, render_callers
from serving.settings import Tls


class Authority:
    """Vouches for names, or for none, and for as long as a test wants; with negative days until some time ago."""

    def __init__(self, name: str = "an authority") -> None:
        self._authority = DevelopmentAuthority.draw(name)
        self.certificate = self._authority.certificate

    def issue(self, *names: x509.GeneralName, days: float = 7) -> Pair:
        """A certificate for names."""
        return self._authority.issue("a holder", names, life=timedelta(days=days))

    def issue_server(self) -> Pair:
        """For a server on this machine."""
        return self.issue_briefly(3600)

    def issue_briefly(self, seconds: float) -> Pair:
        """For a server on this machine that will soon be without one."""
        return self._authority.issue("a server", LOCALHOST, [SERVES], timedelta(seconds=seconds))

    def issue_client(self, name: str, *, days: float = 7) -> Pair:
        """For a caller with a DNS name."""
        return self._authority.issue("a caller", [x509.DNSName(name)], [CALLS], timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of a server."""

    path: Path

    @property
    def tls(self) -> Tls:
        return Tls(self.path / "server.pem", self.path / "server.key", self.path / "clients.pem")

    @property
    def callers(self) -> Path:
        return self.path / "callers.toml"

    def write(self, pair: Pair, authority: bytes) -> None:
        (self.path / "server.pem").write_bytes(pair.certificate)
        (self.path / "server.key").write_bytes(pair.key)
        (self.path / "clients.pem").write_bytes(authority)

    def allow(self, callers: dict[str, Sequence[str]]) -> None:
        self.callers.write_bytes(render_callers(callers))
