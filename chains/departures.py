"""Words by which locks left their acceptances, kept for as long as an escrow may be asked to pay by them.

A verifier tells the last word on an acceptance alone. A lock that was let go is paid when the acceptance would have
lapsed, and by then that was refreshed, or has lapsed; and of two locks that were seized, the last word names one. So
each such word is kept when it is heard: a file for each word of each who signed it, as parts of observers are written,
in a folder that one relayer has for itself.

    <digest>-<signer>.json

A word is good for its signature alone, which is read anew with its file; whether its signer counts an escrow says.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chains.guarding import Holders, MembersOf
from chains.observing.parts import SUFFIX, read_file, render_part
from chains.shared_file import list_shared_folder, write_shared_file
from facts.attestation import ChainWord, SignedForChain
from facts.log_entry import Event
from margin.errors import MarginError


@dataclass(slots=True)
class Departures:
    """The folder, and what lies in it; verifiers are asked besides for what they say now."""

    folder: Path
    voices: Holders
    _holders: dict[int, str] = field(default_factory=dict)
    """Of each lock that has left the acceptance that had it."""
    _seized: set[int] = field(default_factory=set)
    _names: dict[str, set[str]] = field(default_factory=dict)
    """Of each acceptance the files with its words."""

    def __post_init__(self) -> None:
        for name in sorted(list_shared_folder(self.folder)):
            if name.endswith(SUFFIX):
                with suppress(MarginError):
                    self._note(name, read_file(self.folder / name))

    def keep(self, signed: SignedForChain) -> None:
        """What was heard, if a lock left by it and a chain can check it; it is on the disk when this returns."""
        said = signed.attestation
        if not said.left or not signed.is_signed_for_a_chain:
            return
        if (name := name_word(signed)) in self._names.get(said.acceptance, ()):
            return
        word = ChainWord.of(said, signed.eip712_signature)
        write_shared_file(self.folder / name, render_part(word).encode())
        self._note(name, word)

    def find_holder(self, nullifier: int) -> str | None:
        """The acceptance that a lock has left."""
        return self._holders.get(nullifier)

    def find_seizing(self, nullifier: int) -> str | None:
        """The same, where the lock was seized."""
        return self._holders.get(nullifier) if nullifier in self._seized else None

    def ask(self, acceptance: str, members_of: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        """What was kept, and what is said now: one may have signed the same before that another says now."""
        kept: list[SignedForChain] = []
        for name in sorted(self._names.get(acceptance, ())):
            with suppress(MarginError):
                kept.append(read_file(self.folder / name))
        return [*kept, *self.voices.ask(acceptance, members_of)]

    def _note(self, name: str, word: ChainWord) -> None:
        """Know where a word is; a file that is called otherwise is nobody's."""
        said = word.attestation
        if name != name_word(word):
            return
        self._names.setdefault(said.acceptance, set()).add(name)
        for nullifier in said.left:
            self._holders.setdefault(nullifier, said.acceptance)
        if said.event is Event.SEIZE:
            self._seized.update(said.left)


@dataclass(frozen=True, slots=True)
class Seizures:
    """What makes an exit wait: verifiers are asked nothing for those of locks that were let go."""

    departures: Departures

    def find_holder(self, nullifier: int) -> str | None:
        """The acceptance that has seized a lock."""
        return self.departures.find_seizing(nullifier)

    def ask(self, acceptance: str, members_of: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        """What was kept, and what is said now."""
        return self.departures.ask(acceptance, members_of)


def name_word(signed: SignedForChain) -> str:
    """The file of a word: another one of the same signer has another name."""
    return f"{signed.attestation.digest.hex()}-{signed.eip712_signer.hex()}{SUFFIX}"
