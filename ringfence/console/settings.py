"""What the console is told: how it reaches the verifier, whom it believes, and where it listens.

[connection]
address = "verifier.example:50051"
authorities = "authorities.pem"
certificate = "me.pem"
key = "me.key"

[trust]
anchor = "anchor.toml"

[console]
address = "127.0.0.1:8440"
metrics = "127.0.0.1:9464"

Others than this machine reach it over TLS alone, with certificates of their own:

[console]
address = "192.0.2.10:8440"
callers = "callers.toml"

[tls]
certificate = "console.pem"
key = "console.key"
client_authorities = "authorities.pem"
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ringfence.client.settings import ConnectionSettings, TrustFiles
from serving.address import UNIX, require_address, require_loopback
from serving.errors import MisuseError, Reason
from serving.settings import Tls
from serving.tls import CertificateFiles

ADDRESS: Final = "console.address"
METRICS: Final = "console.metrics"


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page is, who may see it over TLS, and where the verifier shows its metrics."""

    address: str = "127.0.0.1:8440"
    metrics: str | None = None
    """The ``metrics.address`` of the verifier; without it there are no rates."""
    callers: Path | None = None
    """With TLS: the table of names in certificates that the verifier has."""

    def __post_init__(self) -> None:
        require_address(self.address, ADDRESS)
        if self.metrics is not None:
            require_loopback(self.metrics, METRICS)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """All of it."""

    connection: ConnectionSettings
    trust: TrustFiles
    console: Page = field(default_factory=Page)
    tls: Tls = field(default_factory=Tls)

    def __post_init__(self) -> None:
        if self.tls_files is None or self.console.address.startswith(UNIX):
            require_loopback(self.console.address, ADDRESS)

    @property
    def tls_files(self) -> CertificateFiles | None:
        """What the page is served with over TLS; None where nothing of it is set."""
        if self.tls == Tls() and self.console.callers is None:
            return None
        files = self.tls.files
        if self.console.callers is None:
            expected = "the file with the roles of callers"
            raise MisuseError(Reason.MISSING_KEY, "console.callers", found="nothing", expected=expected)
        return files
