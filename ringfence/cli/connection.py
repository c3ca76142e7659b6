"""How a command reaches a server and what it trusts: settings like those of servers.

    [connection]
    address = "verifier.example:50051"
    authorities = "authorities.pem"
    certificate = "me.pem"
    key = "me.key"

    [trust]
    anchor = "anchor.toml"
    heads = "heads"

Facts are believed for their signatures, and who publishes or reads them needs no anchor. A verifier is believed by an
anchor alone. Paths are taken from where the command runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from facts.anchor import Anchor, read_anchor
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from ringfence.cli.settings import read_settings
from ringfence.client.connection import Connection
from ringfence.client.heads import LastHead
from ringfence.client.log import require_log_keys
from ringfence.client.settings import ConnectionSettings, TrustFiles
from ringfence.client.verifier import Verifier

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", help="The server, HOST:PORT or unix:PATH; short for connection.address.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What a command that calls a server can be told."""

    connection: ConnectionSettings
    trust: TrustFiles


@dataclass(frozen=True, slots=True)
class Counter:
    """A connection, and the verifier at its end as it is pinned."""

    connection: Connection
    verifier: Verifier


def open_connection(server: str | None, config: Path | None, flags: list[str] | None) -> Connection:
    """A connection by the settings of a command."""
    return Connection(read_client_settings(server, config, flags).connection)


@contextmanager
def open_counter(
    server: str | None, config: Path | None, flags: list[str] | None, heads: Path | None = None
) -> Iterator[Counter]:
    """A verifier that can be asked for as long as the block lasts; ``heads`` is another file for its last head."""
    settings = read_client_settings(server, config, flags)
    anchor = read_pinned(settings.trust.anchor)
    last = LastHead(require_log_keys(anchor), heads or settings.trust.heads)
    with Connection(settings.connection) as connection:
        yield Counter(connection, Verifier(anchor, last))


def read_client_settings(server: str | None, config: Path | None, flags: list[str] | None) -> ClientSettings:
    """Settings from all their places."""
    named = [] if server is None else [f"connection.address={server}"]
    return read_settings(ClientSettings, config, [*named, *(flags or ())]).settings


def read_pinned(path: Path | None) -> Anchor:
    """The trust anchor, without which no answer of a verifier can be checked."""
    if path is None:
        expected = "the path of a trust anchor"
        raise MisuseError(Reason.MISSING_FIELD, "trust.anchor", found="nothing", expected=expected)
    return read_anchor(read_document(path))
