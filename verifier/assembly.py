"""A verifier that serves, put together from its settings.

Before anybody is answered: the keys are those that are pinned, the store is of this version and domain, its tables say
what its log says, the log is the one that was witnessed, and every signed fact in it verifies. Whatever is not so ends
the start.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from facts.key_set import KeyFolder
from margin.documents.reading import read_document
from serving.last_good import LastGood
from serving.log import Log
from serving.server import Server
from verifier.admission import Admission
from verifier.allow_list import read_allow_list
from verifier.bell import Bell
from verifier.config import VerifierSettings
from verifier.destinations import read_destinations
from verifier.heads import Heads
from verifier.keeper import Keeper
from verifier.registry import Registry
from verifier.service.desk import Desk
from verifier.service.measurement import Measures
from verifier.service.offering import list_services
from verifier.service.registry import tell_equivocation
from verifier.signer import AttestationSigner, FolderKeys, HeadSigner, Keyring, SigningKeys
from verifier.store.address import open_database
from verifier.store.audit import audit_store
from verifier.store.database import Database
from verifier.store.ledger import Clock, Ledger, Step
from verifier.trust import Trust, read_trust
from verifier.witness import WitnessFile, require_witnessed


def read_clock() -> int:
    """Now, in seconds since 1970."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Verifier:
    """A server with everything behind it."""

    server: Server
    keeper: Keeper
    desk: Desk


@contextmanager
def assembled(
    settings: VerifierSettings, passphrase: str, log: Log | None = None, clock: Clock = read_clock
) -> Iterator[Verifier]:
    """The server, not yet started; what lapses is written down for as long as this block lasts."""
    log = log or Log()
    database = open_database(settings.store.address, settings.store.patience_seconds)
    try:
        verifier = put_together(settings, database, Keyring(read_keys(settings, passphrase, log)), log, clock)
        verifier.keeper.start()
        try:
            yield verifier
        finally:
            verifier.keeper.stop()
    finally:
        database.close()


def put_together(settings: VerifierSettings, database: Database, keyring: Keyring, log: Log, clock: Clock) -> Verifier:
    """Everything in the order in which it is needed; what cannot be relied on ends this."""
    keyring.require_all()
    allowed = read_allow_list(settings.verifier.keys, allow_development_keys=settings.verifier.development)
    path = settings.verifier.destinations
    destinations = LastGood([path], lambda: read_destinations(read_document(path)), log)
    collectors, bell = CollectorRegistry(), Bell()
    measures = Measures(collectors, log)
    ledger = Ledger(database, settings.identity, clock, partial(ring_when_written, bell))
    audit_store(database)
    heads = Heads(ledger, HeadSigner(ledger, keyring, measures))
    require_witnessed(ledger, WitnessFile(settings.log.witness, *heads.keys))
    registry = Registry(database, settings.identity, open_trust(settings), clock, tell_equivocation(log))
    signer = AttestationSigner(ledger, keyring, measures, clock, settings.signing.most_in_a_minute)
    admission = Admission(
        settings.verifier.domain,
        settings.verifier.name,
        allowed,
        destinations=lambda: destinations.content,
        registry=registry,
        clock=clock,
    )
    desk = Desk(ledger, admission, registry, signer, heads, measures, bell, clock, settings.work.pace)
    keeper = Keeper(ledger, heads, settings.log.witness, settings.work.keep_milliseconds / 1000)
    checks = {
        "store": ledger.require_writable,
        "keys": allowed.require_pinned,
        "signer": keyring.require_all,
        "witness": keeper.require_current,
    }
    server = Server(settings, list_services(desk), checks, log=log, registry=collectors)
    return Verifier(server, keeper, desk)


def read_keys(settings: VerifierSettings, passphrase: str, log: Log) -> Callable[[], SigningKeys]:
    """The signing keys as their folder has them; what it says last that can be read counts."""
    folder = KeyFolder(settings.signing.keys)
    opened = FolderKeys(folder, passphrase)
    newest = LastGood([folder.list_path], opened.read, log)
    return lambda: newest.content


def open_trust(settings: VerifierSettings) -> Trust:
    """Whom to believe."""
    return read_trust(read_document(settings.verifier.trust))


def ring_when_written(bell: Bell, step: Step) -> None:
    """Wake the watches of this process as soon as a change is on the disk."""
    if step is Step.AFTER_COMMIT:
        bell.ring()
