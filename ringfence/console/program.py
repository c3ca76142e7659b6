"""The console as a program: a socket on this machine, the door, the application, and what watches the verifier."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Protocol

from cryptography import x509

from facts.anchor import read_anchor
from margin.documents.reading import read_document
from margin.errors import MisuseError, Reason
from ringfence.client.aio import AsyncConnection
from ringfence.client.heads import LastHead
from ringfence.client.log import require_log_keys
from ringfence.client.verifier import Verifier
from ringfence.console.application import build_application
from ringfence.console.bulletin import Bulletin
from ringfence.console.guests import Guests
from ringfence.console.measures import Gauge
from ringfence.console.settings import ADDRESS, ConsoleSettings
from ringfence.console.watching import Watcher, stop
from serving.errors import MisuseError as ServingMisuseError
from serving.errors import Reason as ServingReason
from serving.last_good import LastGood, read_file
from serving.log import Log
from serving.page.certified import CertifiedDoor, PageTls
from serving.page.door import Door
from serving.page.program import PageServer, listen, place_of, told_to_end
from serving.roles import CertifiedCallers, read_role_table
from serving.tls import LARGEST_FILE, parse_certificates

NAME: Final = "console"


class Tell(Protocol):
    """Tells the person at the terminal where to look."""

    def __call__(self, address: str, *, once: bool) -> object:
        """An address, and whether it opens the page once."""


def serve(settings: ConsoleSettings, tell: Tell) -> None:
    """Until told to end (SIGTERM, SIGINT); ``tell`` is given each address, and whether it is good once."""
    asyncio.run(run(settings, tell))


async def run(settings: ConsoleSettings, tell: Tell) -> None:
    """The same within an event loop."""
    with told_to_end() as ending, listen(settings.console.address, ADDRESS) as listening:
        async with watching(settings) as (watcher, bulletin):
            server = open_page(settings, watcher, bulletin, place_of(listening), tell)
            await server.serve_until(ending, listening)


def open_page(
    settings: ConsoleSettings, watcher: Watcher, bulletin: Bulletin, place: tuple[str, int], tell: Tell
) -> PageServer:
    """The page behind its door, of which the person at the terminal was told where it is."""
    files, path = settings.tls_files, settings.console.callers
    if files is None or path is None:
        door = Door(build_application(watcher, bulletin), NAME, place, partial(tell, once=True))
        door.open()
        return PageServer(door, bulletin.close)
    log = Log()
    tls = PageTls(files, log)
    callers = CertifiedCallers(LastGood([path], lambda: read_role_table(path), log))
    guests = Guests(callers, read_own_certificate(settings))
    application = build_application(watcher, bulletin, guests)
    tell(f"https://{tls.names[0]}:{place[1]}/", once=False)
    return PageServer(CertifiedDoor(application, NAME, place, tls.names, guests.recognise), bulletin.close, tls)


def read_own_certificate(settings: ConsoleSettings) -> x509.Certificate:
    """What the console shows to the verifier."""
    name, path = "connection.certificate", settings.connection.certificate
    if path is None:
        expected = "a certificate, whose roles bound what guests see"
        raise ServingMisuseError(ServingReason.BAD_CERTIFICATE, name, found="nothing", expected=expected)
    return parse_certificates(read_file(path, name, LARGEST_FILE), name)[0]


@asynccontextmanager
async def watching(settings: ConsoleSettings) -> AsyncIterator[tuple[Watcher, Bulletin]]:
    """The verifier is watched for as long as the block lasts."""
    if settings.trust.anchor is None:
        expected = "the path of a trust anchor"
        raise MisuseError(Reason.MISSING_FIELD, "trust.anchor", found="nothing", expected=expected)
    anchor = read_anchor(read_document(settings.trust.anchor))
    verifier = Verifier(anchor, LastHead(require_log_keys(anchor), settings.trust.heads))
    gauge = None if settings.console.metrics is None else Gauge(settings.console.metrics)
    bulletin = Bulletin()
    async with AsyncConnection(settings.connection) as connection:
        watcher = Watcher(connection, verifier, bulletin, gauge)
        task = asyncio.create_task(watcher.run())
        try:
            yield watcher, bulletin
        finally:
            await stop(task)
