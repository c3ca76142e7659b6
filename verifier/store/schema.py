"""The tables of the store, their version, and the way from one version to the next.

A migration and the number that says it was made are one transaction: killed half way it never happened. A store of
a later version, of another domain, or with some of its tables missing is refused, not mended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from facts.log_head import require_origin
from margin.errors import MisuseError, Reason, RejectedError
from verifier.store.backfill import write_changes_down
from verifier.store.database import Database, Transaction

MAX_DOMAIN_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True)
class Identity:
    """Which store this is."""

    domain: str
    """The registry of nullifiers that it is."""
    origin: str
    """The name of its log."""

    def __post_init__(self) -> None:
        require_origin(self.origin)
        if not 1 <= len(self.domain) <= MAX_DOMAIN_CHARACTERS:
            found, expected = f"{len(self.domain)} characters", f"1 to {MAX_DOMAIN_CHARACTERS}"
            raise MisuseError(Reason.OUT_OF_BOUNDS, "domain", found=found, expected=expected)


Fill = Callable[[Transaction], None]
"""Works out what the rows of an earlier version did not say."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What leads from the version before to this one, in the types of any database."""

    tables: frozenset[str]
    """Those that it adds."""
    statements: tuple[str | Fill, ...]


FIRST: Final = Migration(
    frozenset({"store", "log_leaf", "log_node", "acceptance", "nullifier", "claim", "request"}),
    (
        """CREATE TABLE store (
            one {integer} PRIMARY KEY CHECK (one = 1),
            version {integer} NOT NULL,
            domain {text} NOT NULL,
            origin {text} NOT NULL,
            probes {integer} NOT NULL DEFAULT 0
        ) {table}""",
        """CREATE TABLE log_leaf (
            place {integer} PRIMARY KEY CHECK (place >= 0),
            entry {bytes} NOT NULL CHECK (length(entry) <= 8192)
        ) {table}""",
        """CREATE TABLE log_node (
            level {integer} NOT NULL CHECK (level BETWEEN 0 AND 62),
            place {integer} NOT NULL CHECK (place >= 0),
            digest {bytes} NOT NULL CHECK (length(digest) = 32),
            PRIMARY KEY (level, place)
        ) {table}""",
        """CREATE TABLE acceptance (
            id {bytes} PRIMARY KEY CHECK (length(id) = 32),
            caller {text} NOT NULL CHECK (length(caller) BETWEEN 1 AND 255),
            position_tag {bytes} NOT NULL CHECK (length(position_tag) = 32),
            verifier {text} NOT NULL CHECK (length(verifier) BETWEEN 1 AND 255),
            chain_id {bytes} NOT NULL CHECK (length(chain_id) = 8),
            contract {bytes} NOT NULL CHECK (length(contract) BETWEEN 1 AND 64),
            recipient {bytes} NOT NULL CHECK (length(recipient) BETWEEN 1 AND 64),
            expiry {bytes} NOT NULL CHECK (length(expiry) = 8),
            entry_policy {bytes} NOT NULL CHECK (length(entry_policy) = 32),
            upkeep_policy {bytes} NOT NULL CHECK (length(upkeep_policy) = 32),
            period_seconds {integer} NOT NULL CHECK (period_seconds > 0),
            is_for_development {integer} NOT NULL CHECK (is_for_development IN (0, 1)),
            accepted_at {integer} NOT NULL,
            state {integer} NOT NULL CHECK (state BETWEEN 1 AND 5),
            revision {integer} NOT NULL CHECK (revision >= 0),
            lapses_at {integer} NOT NULL
        ) {table}""",
        "CREATE INDEX acceptance_by_caller ON acceptance (caller, id)",
        "CREATE INDEX acceptance_by_end ON acceptance (lapses_at) WHERE state IN (1, 2)",
        """CREATE TABLE nullifier (
            nullifier {bytes} PRIMARY KEY CHECK (length(nullifier) = 32),
            acceptance {bytes} NOT NULL REFERENCES acceptance (id),
            is_held {integer} NOT NULL CHECK (is_held IN (0, 1))
        ) {table}""",
        "CREATE INDEX nullifier_by_acceptance ON nullifier (acceptance)",
        """CREATE TABLE claim (
            id {bytes} NOT NULL CHECK (length(id) = 32),
            acceptance {bytes} NOT NULL REFERENCES acceptance (id),
            event {integer} NOT NULL CHECK (event BETWEEN 1 AND 5),
            place {integer} NOT NULL UNIQUE REFERENCES log_leaf (place),
            PRIMARY KEY (id, acceptance, event)
        ) {table}""",
        """CREATE TABLE request (
            caller {text} NOT NULL CHECK (length(caller) BETWEEN 1 AND 255),
            id {text} NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
            body {bytes} NOT NULL CHECK (length(body) = 32),
            place {integer} NOT NULL REFERENCES log_leaf (place),
            PRIMARY KEY (caller, id)
        ) {table}""",
    ),
)
SECOND: Final = Migration(
    frozenset({"fact", "publication", "equivocation"}),
    (
        """CREATE TABLE fact (
            place {integer} PRIMARY KEY CHECK (place >= 0),
            kind {text} NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
            subject {text} NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
            sequence {integer} NOT NULL CHECK (sequence > 0),
            governed {integer} NOT NULL CHECK (governed BETWEEN 0 AND place),
            accepted_at {integer} NOT NULL CHECK (accepted_at > 0),
            signed {bytes} NOT NULL CHECK (length(signed) BETWEEN 1 AND 73728),
            UNIQUE (kind, subject, sequence)
        ) {table}""",
        """CREATE TABLE publication (
            caller {text} NOT NULL CHECK (length(caller) BETWEEN 1 AND 255),
            id {text} NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
            body {bytes} NOT NULL CHECK (length(body) = 32),
            place {integer} NOT NULL CHECK (place >= 0),
            kind {text} NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
            subject {text} NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
            sequence {integer} NOT NULL CHECK (sequence > 0),
            named {bytes} NOT NULL CHECK (length(named) = 32),
            active_from {integer} NOT NULL CHECK (active_from > 0),
            PRIMARY KEY (caller, id)
        ) {table}""",
        "CREATE INDEX publication_by_place ON publication (place)",
        """CREATE TABLE equivocation (
            kind {text} NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
            subject {text} NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
            sequence {integer} NOT NULL CHECK (sequence > 0),
            noticed_at {integer} NOT NULL CHECK (noticed_at > 0),
            accepted {bytes} NOT NULL CHECK (length(accepted) BETWEEN 1 AND 73728),
            refused {bytes} NOT NULL CHECK (length(refused) BETWEEN 1 AND 73728),
            PRIMARY KEY (kind, subject, sequence)
        ) {table}""",
    ),
)
"""Signed facts as they travelled, what was answered to those who published them, and the lies of their signers."""
THIRD: Final = Migration(
    frozenset({"change"}),
    (
        "ALTER TABLE acceptance ADD COLUMN opened {integer} NOT NULL DEFAULT 0 CHECK (opened >= 0)",
        "ALTER TABLE acceptance ADD COLUMN latest {integer} NOT NULL DEFAULT 0 CHECK (latest >= 0)",
        "ALTER TABLE nullifier ADD COLUMN sealed {bytes} CHECK (length(sealed) BETWEEN 1 AND 4096)",
        """CREATE TABLE change (
            place {integer} PRIMARY KEY REFERENCES log_leaf (place),
            acceptance {bytes} NOT NULL REFERENCES acceptance (id),
            policy {bytes} NOT NULL CHECK (length(policy) = 32),
            proof_expiry {bytes} NOT NULL CHECK (length(proof_expiry) = 8),
            key_id {bytes} NOT NULL CHECK (length(key_id) = 32),
            refreshed_at {integer} NOT NULL
        ) {table}""",
        write_changes_down,
        "CREATE INDEX change_by_acceptance ON change (acceptance, place)",
        "CREATE UNIQUE INDEX acceptance_by_place ON acceptance (opened)",
        "CREATE INDEX acceptance_by_position ON acceptance (position_tag, opened)",
        "CREATE INDEX acceptance_by_state ON acceptance (state, opened)",
        "CREATE INDEX request_by_place ON request (place)",
    ),
)
FOURTH: Final = Migration(
    frozenset({"transition"}),
    (
        """CREATE TABLE transition (
            id {bytes} PRIMARY KEY CHECK (length(id) = 32),
            place {integer} NOT NULL UNIQUE REFERENCES log_leaf (place)
        ) {table}""",
        """CREATE TABLE spent (
            nullifier {bytes} PRIMARY KEY CHECK (length(nullifier) = 32),
            acceptance {bytes} REFERENCES acceptance (id),
            transition {bytes} REFERENCES transition (id),
            is_held {integer} NOT NULL CHECK (is_held IN (0, 1)),
            sealed {bytes} CHECK (length(sealed) BETWEEN 1 AND 4096),
            CHECK ((acceptance IS NULL) <> (transition IS NULL)),
            CHECK (transition IS NULL OR (is_held = 0 AND sealed IS NULL))
        ) {table}""",
        """INSERT INTO spent (nullifier, acceptance, is_held, sealed)
            SELECT nullifier, acceptance, is_held, sealed FROM nullifier""",
        "DROP TABLE nullifier",
        "ALTER TABLE spent RENAME TO nullifier",
        "CREATE INDEX nullifier_by_acceptance ON nullifier (acceptance)",
        "CREATE INDEX nullifier_by_transition ON nullifier (transition)",
    ),
)
"""Locks, leaves of a book and births are spent in one table, by an acceptance or by a transition."""
FIFTH: Final = Migration(
    frozenset({"cosignature", "conviction"}),
    (
        """CREATE TABLE cosignature (
            subject {text} NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
            sequence {integer} NOT NULL CHECK (sequence > 0),
            signer {bytes} NOT NULL CHECK (length(signer) = 32),
            statement {bytes} NOT NULL CHECK (length(statement) BETWEEN 1 AND 1024),
            signature {bytes} NOT NULL CHECK (length(signature) = 64),
            PRIMARY KEY (subject, sequence, signer)
        ) {table}""",
        "CREATE INDEX cosignature_by_signer ON cosignature (subject, signer, sequence)",
        """CREATE TABLE conviction (
            subject {text} NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
            signer {bytes} NOT NULL CHECK (length(signer) = 32),
            sequence {integer} NOT NULL CHECK (sequence > 0),
            noticed_at {integer} NOT NULL CHECK (noticed_at > 0),
            accepted {bytes} NOT NULL CHECK (length(accepted) BETWEEN 1 AND 2048),
            refused {bytes} NOT NULL CHECK (length(refused) BETWEEN 1 AND 2048),
            PRIMARY KEY (subject, signer)
        ) {table}""",
    ),
)
"""What watchers signed each for itself until enough of them have, and those who said two things about one block."""
SIXTH: Final = Migration(
    frozenset(), ("ALTER TABLE change ADD COLUMN payee {bytes} CHECK (length(payee) BETWEEN 1 AND 64)",)
)
"""Whom a seizure pays, which its attestation names. Of one that was written down before nobody knows it any more."""
MIGRATIONS: Final = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH)


def upgrade_store(database: Database, identity: Identity, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a store to the last version, or make one where there is none; one that is current is left as it is."""
    with database.write() as transaction:
        migrate(database, transaction, identity, migrations)


def migrate(
    database: Database, transaction: Transaction, identity: Identity, migrations: Sequence[Migration] = MIGRATIONS
) -> int:
    """What an upgrade does, in a transaction that is under way; the version that was found, 0 where there was none."""
    version = read_version(database, transaction, identity, migrations)
    for migration in migrations[version:]:
        for statement in migration.statements:
            make(statement, database, transaction)
    if version == 0:
        values = (len(migrations), identity.domain, identity.origin)
        transaction.execute("INSERT INTO store (one, version, domain, origin) VALUES (1, ?, ?, ?)", *values)
    elif version < len(migrations):
        transaction.execute("UPDATE store SET version = ?", len(migrations))
    return version


def make(statement: str | Fill, database: Database, transaction: Transaction) -> None:
    """One statement of a migration, in the types of a database."""
    if isinstance(statement, str):
        transaction.execute(statement.format_map(database.types))
    else:
        statement(transaction)


def require_current(database: Database, identity: Identity, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """The store is there, whole, of this version and of this domain."""
    with database.read() as transaction:
        version = read_version(database, transaction, identity, migrations)
    if version < len(migrations):
        found = f"version {version}" if version else "no store"
        expected = f"version {len(migrations)}, to which it can be upgraded"
        raise MisuseError(Reason.WRONG_SCHEMA, "store", found=found, expected=expected)


def read_version(
    database: Database, transaction: Transaction, identity: Identity, migrations: Sequence[Migration]
) -> int:
    """Of which version a store is; 0 where there is none."""
    there = {name for (name,) in transaction.execute(database.list_tables)}
    rows = transaction.execute("SELECT version, domain, origin FROM store") if "store" in there else []
    version, domain, origin = rows[0] if rows else (0, identity.domain, identity.origin)
    if version > len(migrations):
        found, expected = f"version {version}", f"at most version {len(migrations)}, which this program knows"
        raise RejectedError(Reason.WRONG_SCHEMA, "store", found=found, expected=expected)
    wanted = tables_of(migrations[:version])
    if there & tables_of(migrations) != wanted:
        found, expected = "some of its tables, or some of a later version", "a whole store, or none"
        raise RejectedError(Reason.WRONG_SCHEMA, "store", found=found, expected=expected)
    if (domain, origin) != (identity.domain, identity.origin):
        found, expected = f"{domain}, log {origin}", f"{identity.domain}, log {identity.origin}"
        raise RejectedError(Reason.WRONG_CONTEXT, "store", found=found, expected=expected)
    return int(version)


def find_identity(database: Database, transaction: Transaction) -> Identity | None:
    """Which store it is, by its own word; None where there is none."""
    there = {name for (name,) in transaction.execute(database.list_tables)}
    rows = transaction.execute("SELECT domain, origin FROM store") if "store" in there else []
    return Identity(*rows[0]) if rows else None


def tables_of(migrations: Sequence[Migration]) -> frozenset[str]:
    """The tables that there are after so many migrations."""
    return frozenset[str]().union(*(migration.tables for migration in migrations))
