"""Circuits and keys at hand: compiled at first use, kept in the user's cache, found again by the version of their text.

    <cache>/circuits/<name>/<version of the text>/     the artifact (see circuits.artifact)
    <cache>/keys/<hash of the circuit>.zkey            a key made here for development

The cache is ``$XDG_CACHE_HOME/ringfence``, or what ``RINGFENCE_CACHE`` says. It may be deleted at any time. Processes
that want the same thing at once have it made by one of them.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from circuits.artifact import Artifact, compute_text_version, read_artifact, write_artifact
from circuits.catalogue import name_circuit
from circuits.statement import Statement
from margin.errors import MarginError
from snark.errors import SnarkError
from snark.groth16.ceremony.development_key import make_development_key

CACHE_VARIABLE: Final = "RINGFENCE_CACHE"
VERSION_LETTERS: Final = 32

Progress = Callable[[str], None]


def say_nothing(_: str) -> None:
    """Nobody is told what takes so long."""


def find_cache() -> Path:
    """The folder of this user's cache."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringfence"


@dataclass(frozen=True, slots=True)
class Cache:
    """Artifacts and development keys of one user."""

    folder: Path = field(default_factory=find_cache)
    progress: Progress = say_nothing

    def place_of(self, statement: Statement) -> Path:
        """Where the artifact of a statement is kept."""
        return self.folder / "circuits" / name_circuit(statement) / compute_text_version()[:VERSION_LETTERS]

    def artifact(self, statement: Statement) -> Artifact:
        """The artifact of a statement, compiled where it is not there or not as it was written."""
        place = self.place_of(statement)
        with suppress(MarginError, SnarkError):
            return read_intact(place)
        with making_alone(place):
            with suppress(MarginError, SnarkError):
                return read_intact(place)
            self.progress(f"compiling {name_circuit(statement)}")
            return write_artifact(statement, place)

    def development_key(self, artifact: Artifact) -> Path:
        """A proving key for development, made where there is none."""
        zkey = self.folder / "keys" / f"{artifact.interface.circuit_hash}.zkey"
        if not zkey.exists():
            with making_alone(zkey):
                if not zkey.exists():
                    self.progress(f"making a development key for {artifact.interface.name}")
                    make_development_key(artifact.r1cs, zkey)
        return zkey


def read_intact(place: Path) -> Artifact:
    """The artifact in a folder, if it is there as it was written."""
    artifact = read_artifact(place)
    artifact.require_intact()
    return artifact


@contextmanager
def making_alone(place: Path) -> Iterator[None]:
    """One process at a time makes what belongs in a place; the others wait, and find it there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f".{place.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
