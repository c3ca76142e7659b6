"""Words that observers share: a folder with one file for each word of each observer, which holds nothing secret.

    {"format": "ringfence.observation/1", "statement": "72696e67...", "signature": "0x..."}

    <chain>-<gate>-<nullifier>-<revision>-<observer>.json    the nullifier and the addresses in hexadecimal

A part is believed for its signature alone, so that any way of sharing a folder will do. What cannot be read, or is of
something else than its name says, is nobody's part. Whoever else writes to the folder can take parts away, and make
work; nothing that lies there is waited for, and nothing keeps a part from being heard that lies there, too. What bears
the name of nobody whose word counts is not opened.
"""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chains.escrow import contradicts
from chains.guarding import MembersOf
from chains.observing.words import name_acceptance
from chains.proof_gate import name_gate
from chains.roots import read_hexadecimal
from chains.shared_file import list_shared_folder, read_shared_file, remove_shared_file, write_shared_file
from facts.attestation import Attestation, ChainWord
from facts.attestation_document import read_hexadecimal as read_statement
from facts.secp256k1 import SIGNATURE_BYTES, ChainSigner, address_of
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, parse_json
from margin.errors import MarginError

PART_FORMAT: Final = "ringfence.observation/1"
SUFFIX: Final = ".json"
LARGEST_PART: Final = 1 << 16
PAUSES: Final = 3
"""So many times as long as a folder took to be listed its list is good."""


class Listing:
    """The parts of a gate by their acceptances: a folder is listed as a whole, and asked for lock after lock."""

    def __init__(self, folder: Path, begin: str) -> None:
        self._folder = folder
        self._begin = begin
        self._names: dict[str, list[str]] = {}
        self._good_until = 0.0

    def find(self, acceptance: str) -> Sequence[str]:
        """The names of all files that are called parts of an acceptance."""
        if time.monotonic() >= self._good_until:
            self._list()
        return self._names.get(acceptance, ())

    def _list(self) -> None:
        began = time.monotonic()
        self._names.clear()
        for name in list_shared_folder(self._folder):
            if name.startswith(self._begin) and name.endswith(SUFFIX):
                self._names.setdefault(name.removeprefix(self._begin).partition("-")[0], []).append(name)
        now = time.monotonic()
        self._good_until = now + PAUSES * (now - began)


@dataclass(frozen=True, slots=True)
class Parts:
    """The folder, for one gate."""

    folder: Path
    chain_id: int
    gate: bytes
    _listing: Listing = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_listing", Listing(self.folder, self._begin))

    def share(self, said: Attestation, signer: ChainSigner) -> ChainWord:
        """Sign a word, and leave it where the others find it; never two of one place."""
        path = self._path(said, address_of(signer.public_key))
        self._require_first(path, said)
        signed = ChainWord.sign(said, signer)
        write_shared_file(path, render_part(signed).encode())
        return signed

    def forget(self, said: Attestation, signer: ChainSigner) -> None:
        """Nobody needs it any more."""
        remove_shared_file(self._path(said, address_of(signer.public_key)))

    # --- For whoever carries them -------------------------------------------------------------------------

    def find_holder(self, nullifier: int) -> str | None:
        """The acceptance that a lock has here, if anybody says anything of it."""
        acceptance = name_acceptance(nullifier)
        return acceptance if self._listing.find(acceptance) else None

    def ask(self, acceptance: str, members_of: MembersOf | None = None, /) -> Sequence[ChainWord]:
        """Whatever members say of an acceptance of this gate: all of it, as whatever was left out could be chosen."""
        names = sorted(self._listing.find(acceptance))
        if names and members_of is not None:
            members = {each.hex() for each in members_of(name_gate(self.chain_id, self.gate))}
            names = [each for each in names if each.removesuffix(SUFFIX).rpartition("-")[2] in members]
        heard = []
        for name in names:
            with suppress(MarginError):
                path = self.folder / name
                word = read_file(path)
                if self._is_here(path, word):
                    heard.append(word)
        return heard

    def _require_first(self, path: Path, said: Attestation) -> None:
        """What this observer has shared already is the same; a file that it did not sign is none of its own."""
        try:
            shared = read_file(path)
        except MarginError:
            return
        if self._is_here(path, shared) and shared.attestation != said:
            found, expected = "another word of this observer", "one word for each revision, for good"
            raise contradicts(f"parts.{path.name}", found, expected)

    def _is_here(self, path: Path, word: ChainWord) -> bool:
        """Whether a file is that of a word on this gate, by its signer."""
        said = word.attestation
        is_ours = (said.chain_id, said.contract) == (self.chain_id, self.gate)
        return is_ours and path == self._path(said, word.eip712_signer)

    @property
    def _begin(self) -> str:
        return f"{self.chain_id}-{self.gate.hex()}-"

    def _path(self, said: Attestation, observer: bytes) -> Path:
        return self.folder / f"{self._begin}{said.acceptance}-{said.revision}-{observer.hex()}{SUFFIX}"


def render_part(signed: ChainWord) -> str:
    """A part."""
    said = {
        "format": PART_FORMAT,
        "statement": signed.attestation.encode().hex(),
        "signature": f"0x{signed.eip712_signature.hex()}",
    }
    return json.dumps(said, indent=2) + "\n"


def read_file(path: Path) -> ChainWord:
    """The part in a file."""
    return read_part(parse_json(read_shared_file(path, LARGEST_PART)))


def read_part(content: object) -> ChainWord:
    """A part, checked to the last field; whether its signer counts is for a contract to say."""
    with Fields(content) as fields:
        require_format(fields, PART_FORMAT)
        statement = read_statement(fields, "statement")
        signature = read_hexadecimal(fields.text("signature"), "signature", SIGNATURE_BYTES)
        return ChainWord.of(Attestation.decode(statement), signature)
