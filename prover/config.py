"""What can be set of a prover that serves, beside what can be set of any server.

Which statements it proves, with which keys, is a file of its own:

    [perp-k1]
    zkey = "perp-k1.zkey"        found from the folder of this file
    sha256 = "5f70bf18..."       of the key, as its ceremony published it
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from circuits.catalogue import list_circuits
from prover.jobs import Bounds
from prover.provable import KeyFile
from serving.address import require_loopback
from serving.errors import MalformedError, MisuseError, Reason
from serving.last_good import read_file
from serving.settings import Settings

LARGEST_TABLE: Final = 1 << 20
HASH: Final = re.compile("[0-9a-f]{64}")
MOST_WORKERS: Final = 256
PAGE_ADDRESS: Final = "page.address"
LONGEST_MILLISECONDS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """The wallet of the prover."""

    path: Path = Path("ringfence.wallet")
    """Made where there is none."""
    passphrase_file: Path | None = None
    """A file with the passphrase on its first line, readable by its owner alone; asked for where nothing is said."""
    keeper: str = "local"
    """The caller to whom the positions belong that were committed with ``ringfence commit``."""


@dataclass(frozen=True, slots=True)
class FactsSettings:
    """What venue, oracle and chains have published."""

    folder: Path = Path("ringfence-facts")
    """With book, round, locks and roots; read again when it changes."""
    domain: str | None = None
    """The registry of nullifiers that locks are made for where a document says none; for development the folder's."""
    development: bool = False
    """Put what is committed into the folder, as if venue, oracle and escrow had published it."""


@dataclass(frozen=True, slots=True)
class Proving:
    """Statements and workers."""

    keys: Path | None = None
    """The table of statements with their keys."""
    development: tuple[str, ...] = ()
    """Statements that are proved with keys made here, which prove nothing to others."""
    workers: int = 1
    """Processes that make one proof each at a time."""
    threads: int = 0
    """Of each worker; 0: as many as there are cores for each."""
    warm: bool = True
    """Every worker has every statement ready before it takes a job; else when it is first asked for."""
    multiples_bytes: int = 256 << 20
    """The most that multiples of a key's points may take, in memory that all workers share; 0: none."""

    def __post_init__(self) -> None:
        require_within("proving.workers", self.workers, 1, MOST_WORKERS)
        require_within("proving.threads", self.threads, 0, MOST_WORKERS)
        require_within("proving.multiples_bytes", self.multiples_bytes, 0, 1 << 36)
        for name in self.development:
            require_name(name, "proving.development")

    @property
    def threads_of_each(self) -> int:
        """Of a worker."""
        return self.threads or max(1, (os.cpu_count() or 1) // self.workers)

    def list_statements(self) -> Mapping[str, KeyFile | None]:
        """The statements in the order of the catalogue, each with its key; with nothing for one that is made here."""
        given = read_key_table(self.keys) if self.keys else {}
        if both := given.keys() & set(self.development):
            expected = "a statement either in the table of keys or for development"
            raise MisuseError(Reason.NOT_A_CHOICE, "proving.development", found=min(both), expected=expected)
        wanted: dict[str, KeyFile | None] = {**given, **dict.fromkeys(self.development)}
        if not wanted:
            expected = "a table of keys, or names of statements for development"
            raise MisuseError(Reason.MISSING_KEY, "proving.keys", found="nothing", expected=expected)
        return {name: wanted[name] for name in list_circuits() if name in wanted}


@dataclass(frozen=True, slots=True)
class Operations:
    """How much is taken on at once, and how long it is remembered."""

    queue: int = 32
    """Proofs that wait for a worker; one more is told to come again later."""
    queue_per_caller: int = 16
    """Of one caller."""
    attempts: int = 3
    """Workers that a proof may cost before it has failed."""
    longest_milliseconds: int = 600_000
    """From when a proof is asked for until it is there; then its worker is killed."""
    kept: int = 1_000
    """Operations of one caller that are remembered after they are over."""
    kept_milliseconds: int = 3_600_000
    """For so long."""
    stream_in_flight: int = 8
    """Proofs of one stream that are under way at once; the next request is read when one of them is over."""

    def __post_init__(self) -> None:
        bounds = {
            "attempts": (1, 100),
            "longest_milliseconds": (1, LONGEST_MILLISECONDS),
            "kept": (self.stream_in_flight, 1 << 31),
        }
        for each in fields(self):
            low, high = bounds.get(each.name, (1, 1 << 31))
            require_within(f"operations.{each.name}", getattr(self, each.name), low, high)

    @property
    def bounds(self) -> Bounds:
        """As the jobs have them."""
        return Bounds(
            queued=self.queue,
            queued_per_caller=self.queue_per_caller,
            attempts=self.attempts,
            seconds=self.longest_milliseconds / 1000,
            kept=self.kept,
            kept_seconds=self.kept_milliseconds / 1000,
        )


@dataclass(frozen=True, slots=True)
class PageSettings:
    """The page of the trader, for the browsers of this machine."""

    address: str | None = None
    """A loopback address with its port; without it there is no page."""
    caller: str | None = None
    """Whose positions it shows; those of ``wallet.keeper`` where nothing is said."""
    demand: Path | None = None
    """What a verifier demands; else the one of a position's document, or of the folder of facts."""

    def __post_init__(self) -> None:
        if self.address is not None:
            require_loopback(self.address, PAGE_ADDRESS)


@dataclass(frozen=True, slots=True)
class ProverSettings(Settings):
    """Of a prover."""

    wallet: WalletSettings
    facts: FactsSettings
    proving: Proving
    operations: Operations
    page: PageSettings = PageSettings()

    def require_complete(self) -> None:
        """What has to be said is said: asked before a wallet is opened, or made."""
        self.proving.list_statements()
        if not self.listen.plaintext:
            _ = self.tls.files


def require_within(name: str, value: int, low: int, high: int) -> None:
    """A number within its bounds."""
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=value, expected=f"{low} to {high}")


def require_name(name: str, field: str) -> str:
    """A statement of the catalogue."""
    if name not in list_circuits():
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=name, expected=f"one of {', '.join(list_circuits())}")
    return name


def read_key_table(path: Path) -> Mapping[str, KeyFile]:
    """Statement -> its key, checked to the last entry."""
    try:
        content = tomllib.loads(read_file(path, "proving.keys", LARGEST_TABLE).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        expected = "a TOML file"
        raise MalformedError(Reason.NOT_READABLE, "proving.keys", found="something else", expected=expected) from None
    return {require_name(name, "proving.keys"): read_entry(name, entry, path) for name, entry in content.items()}


def read_entry(name: str, entry: object, path: Path) -> KeyFile:
    """Where a key is, and which one it is."""
    match entry:
        case {"zkey": str(zkey), "sha256": str(digest), **rest} if not rest and HASH.fullmatch(digest):
            return KeyFile(path.parent / zkey, digest)
    expected = "zkey, a path, and sha256, 64 hexadecimal digits"
    raise MalformedError(Reason.WRONG_KIND, f"proving.keys.{name}", found="something else", expected=expected)
