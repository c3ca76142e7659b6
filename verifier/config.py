"""What can be set of a verifier that serves, beside what can be set of any server.

What is a list is a file of its own, named here by its path: the keys that are allowed (``verifier.allow_list``), the
destinations (``verifier.destinations``) and whom to believe (``verifier.trust``).
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from facts.context import MAX_VERIFIER_BYTES
from serving.errors import MalformedError, Reason
from serving.settings import Settings
from snark.groth16.batch import MAX_CLAIMS, MAX_THREADS
from verifier.service.desk import Pace
from verifier.store.schema import Identity

LONGEST_MILLISECONDS: Final = 3_600_000
LONGEST_PATIENCE: Final = 3600
MOST_IN_A_MINUTE: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class VerifierTable:
    """Who it is, and what it takes."""

    name: str
    """The verifier's name, which proofs are bound to."""
    domain: str
    """The registry of nullifiers, which several verifiers may share; that of the store."""
    keys: Path
    """The document of the verifying keys that are allowed."""
    destinations: Path
    """The document of destinations; read again when it changes."""
    trust: Path
    """The document of whom it believes."""
    development: bool = False
    """Take keys for development, which prove nothing to anyone who did not make them; each destination has to, too."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode()) <= MAX_VERIFIER_BYTES:
            expected = f"1 to {MAX_VERIFIER_BYTES} bytes"
            raise MalformedError(Reason.OUT_OF_BOUNDS, "verifier.name", found="another length", expected=expected)


@dataclass(frozen=True, slots=True)
class StoreTable:
    """Where it remembers."""

    address: str
    """The path of a file, or ``postgresql://...``; ``ringfence store upgrade`` makes one."""
    patience_seconds: int = 5
    """How long a transaction waits for its turn."""

    def __post_init__(self) -> None:
        require_within("store.patience_seconds", self.patience_seconds, 1, LONGEST_PATIENCE)


@dataclass(frozen=True, slots=True)
class LogTable:
    """Its log, and who vouches for its size."""

    origin: str
    """The name of the log; that of the store."""
    witness: Path
    """A file with the newest signed head, on another disk than the store."""


@dataclass(frozen=True, slots=True)
class SigningTable:
    """The keys that it signs with."""

    keys: Path
    """The folder of keys that ``ringfence keys`` has made; its list is read again when it changes."""
    passphrase_file: Path | None = None
    """A file with the passphrase on its first line, readable by its owner alone; asked for where nothing is said."""
    most_in_a_minute: int = 60_000
    """More attestations than this within a minute raise an alarm."""

    def __post_init__(self) -> None:
        require_within("signing.most_in_a_minute", self.most_in_a_minute, 1, MOST_IN_A_MINUTE)


@dataclass(frozen=True, slots=True)
class WorkTable:
    """How much is done at once, and how often it looks after itself."""

    batch: int = 256
    """Claims of a stream that are proved together at most."""
    batch_threads: int = 1
    """That prove them."""
    watch_milliseconds: int = 250
    """After so long a watch looks for what other processes have changed."""
    life_milliseconds: int = 15_000
    """After so long without a change a watch gives a sign of life."""
    keep_milliseconds: int = 1_000
    """Between writing down what has lapsed, and putting the newest head on the witness."""

    def __post_init__(self) -> None:
        most = {"batch": MAX_CLAIMS, "batch_threads": MAX_THREADS}
        for each in fields(self):
            high = most.get(each.name, LONGEST_MILLISECONDS)
            require_within(f"work.{each.name}", getattr(self, each.name), 1, high)

    @property
    def pace(self) -> Pace:
        """As the services have it."""
        return Pace(self.batch, self.batch_threads, self.watch_milliseconds, self.life_milliseconds)


@dataclass(frozen=True, slots=True)
class VerifierSettings(Settings):
    """Of a verifier."""

    verifier: VerifierTable
    store: StoreTable
    log: LogTable
    signing: SigningTable
    work: WorkTable

    @property
    def identity(self) -> Identity:
        """Which store it is."""
        return Identity(self.verifier.domain, self.log.origin)


def require_within(name: str, value: int, low: int, high: int) -> None:
    """A number within its bounds."""
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=value, expected=f"{low} to {high}")
