"""Where everything of a sandbox is, and what its parties are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.cli.sandbox.parties import Party
from serving.development_certificates import ZONE, DevelopmentCertificates

GOVERNANCE_SCOPE: Final = f"governance.{ZONE}"
VENUE_SCOPE: Final = f"venue.{ZONE}"
ORACLE_SCOPE: Final = f"oracle.{ZONE}"
STATEMENTS: Final = "statements"
FEED: Final = "sandbox:mark"
COMMITTEE_SIZE: Final = 3
HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Terms:
    """What a trial is about: who decides, where locks can be, and where they are pledged to and seized."""

    verifier: str = "sandbox"
    domain: str = f"sandbox.{ZONE}"
    chains: tuple[int, ...] = (1, 31337)
    """Where locks can be, in the order of their slots."""
    destination_chain: int = 31337
    contract: str = "0x" + "00" * 19 + "01"
    recipient: str = "0x" + "00" * 19 + "02"
    seizure_chain: int = 31337
    seizure: str = "0x" + "00" * 19 + "03"
    """What takes the release of a lock that lapsed."""
    seizure_recipient: str | None = None
    """Whom it has to pay; anybody, where nothing is said."""
    round_age_seconds: int = HOUR
    """How long a round of prices is good."""
    is_invented: bool = True
    """Whether what is committed to appears in the folder of facts by itself: no escrow has to see it."""

    @property
    def origin(self) -> str:
        """The name of the log."""
        return f"{self.domain}/log"


TERMS: Final = Terms()
"""Of a trial without chains: places that are nowhere."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The folder of a trial."""

    folder: Path
    terms: Terms = TERMS

    @property
    def certificates(self) -> DevelopmentCertificates:
        """For servers and callers."""
        return DevelopmentCertificates(self.folder / "certificates")

    @property
    def governance(self) -> Party:
        """Whom the verifier has pinned."""
        return Party(self.folder / "governance")

    @property
    def venue(self) -> Party:
        """Who keeps the book."""
        return Party(self.folder / "venue")

    @property
    def oracle(self) -> Sequence[Party]:
        """Who says what prices are, two of three."""
        return [Party(self.folder / f"oracle-{number}") for number in range(1, COMMITTEE_SIZE + 1)]

    @property
    def watchers(self) -> Sequence[Party]:
        """Who watches the chains, two of three."""
        return [Party(self.folder / f"watcher-{number}") for number in range(1, COMMITTEE_SIZE + 1)]

    @property
    def verifier(self) -> Party:
        """Who decides."""
        return Party(self.folder / "verifier")

    @property
    def trader(self) -> Party:
        """Who has something to prove."""
        return Party(self.folder / "trader")

    @property
    def members(self) -> Sequence[Party]:
        """Everybody who signs as a member of a committee."""
        return [self.governance, self.venue, *self.oracle, *self.watchers]

    @property
    def facts(self) -> Path:
        """What venue, oracle and chains have published."""
        return self.folder / "facts"

    @property
    def trust(self) -> Path:
        """Whom the verifier believes."""
        return self.verifier.folder / "trust.json"

    @property
    def store(self) -> Path:
        """What the verifier remembers."""
        return self.verifier.folder / "store.db"

    @property
    def witness(self) -> Path:
        """The head of its log; outside a sandbox it is on another disk."""
        return self.folder / "witness"

    @property
    def verifier_settings(self) -> Path:
        """For ``ringfence verifier serve``."""
        return self.folder / "verifier.toml"

    @property
    def prover_settings(self) -> Path:
        """For ``ringfence prover serve``."""
        return self.folder / "prover.toml"

    def statement(self, name: str) -> Path:
        """The verifying key of a statement, as the verifier believes it."""
        return self.verifier.folder / STATEMENTS / f"{name}.json"

    def client_settings(self, role: str) -> Path:
        """For commands that call the verifier."""
        return self.folder / "clients" / f"{role}.toml"

    @property
    def release_key(self) -> Path:
        """With which the venue opens what traders leave for it."""
        return self.venue.folder / "release.key"

    @property
    def release_public_key(self) -> Path:
        """With which traders seal what they leave for the venue, in hexadecimal digits."""
        return self.folder / "clients" / "release-key"

    @property
    def anchor(self) -> Path:
        """Whose word counts, for whoever relies on attestations."""
        return self.folder / "clients" / "anchor.json"

    def committee(self, scope: str) -> Path:
        """Who speaks for something."""
        return self.folder / "committees" / f"{scope.replace(':', '-')}.json"
