"""Step 2: the verifying keys that proofs may be for, each pinned by its id.

    format = "ringfence.keys/1"

    [[keys]]
    id = "5f1c..."                          64 hexadecimal digits: SHA-256 of the key's canonical bytes
    file = "perp-k1.json"                   verification_key.json, beside this document
    statement = "perp-k1"                   what the statement and its shape are called
    proves = "margin"                       or "release", "transition", "liquidation", "deleverage",
                                            "solvency", "solvency-total"

The keys are read once, at the start, and what is used afterwards is what was looked at then, whatever becomes of the
files. A key that is marked as made for development is refused unless whoever runs the verifier says otherwise: proofs
under it can be made by anybody who has its file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from facts.public_inputs import FIXED_COUNT, decode_key_id, require_lock_count
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, located, read_document
from margin.errors import InternalError, MalformedError, Reason, RejectedError
from snark.groth16.formats.verification_key import read_verifying_key
from snark.groth16.keys import VerifyingKey, require_pinned

KEYS_FORMAT: Final = "ringfence.keys/1"
MAX_KEYS: Final = 64
STATEMENT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Proves(Enum):
    """What a proof under a key says something about."""

    MARGIN = "margin"
    """A position, and the locks that back it."""
    RELEASE = "release"
    """One lock, and no position."""
    TRANSITION = "transition"
    """Positions that their owner changed."""
    LIQUIDATION = "liquidation"
    """A position that a venue reduced."""
    DELEVERAGE = "deleverage"
    """The order in which lots were taken against a bankrupt position; no position changes by it."""
    SOLVENCY = "solvency"
    """A batch of accounts."""
    SOLVENCY_TOTAL = "solvency-total"
    """What all batches of a run add up to."""


SOLVENCY_INPUTS: Final = {Proves.SOLVENCY: 5, Proves.SOLVENCY_TOTAL: 6}


@dataclass(frozen=True, slots=True)
class AllowedKey:
    """A key that proofs may be for."""

    key: VerifyingKey
    statement: str
    proves: Proves


@dataclass(frozen=True, slots=True)
class AllowList:
    """All of them, by their ids."""

    keys: Mapping[str, AllowedKey]

    def require_pinned(self) -> None:
        """What is kept in memory is still what was looked at at the start: a check of readiness."""
        for key_id, allowed in self.keys.items():
            if sha256(allowed.key.encode()).hexdigest() != key_id:
                raise InternalError(Reason.BROKEN_INVARIANT, "keys", found="another key", expected=key_id)

    def find(self, key_id: str, proves: Proves | None = None) -> AllowedKey:
        """The key of an id, if it proves what is asked for."""
        found = self.keys.get(key_id)
        if found is None or proves not in {None, found.proves}:
            what = f"a key for {proves.value}" if proves else "a key"
            raise RejectedError(Reason.NOT_A_KEY, "key_id", found="another one", expected=f"{what} that is allowed")
        return found


def read_allow_list(path: Path, *, allow_development_keys: bool = False) -> AllowList:
    """The keys that a document names, each with the id that it says."""
    with Fields(read_document(path)) as fields:
        require_format(fields, KEYS_FORMAT)
        found = [
            read_key(each, path.parent, allow_development_keys=allow_development_keys)
            for each in fields.items("keys", MAX_KEYS)
        ]
    if not found:
        raise MalformedError(Reason.WRONG_COUNT, "keys", found="none", expected="at least one key")
    return AllowList(MappingProxyType({each.key.id: each for each in found}))


def read_key(fields: Fields, folder: Path, *, allow_development_keys: bool) -> AllowedKey:
    """One of them."""
    with fields:
        key_id, statement = fields.text("id"), fields.text("statement")
        decode_key_id(key_id)
        if not STATEMENT.fullmatch(statement):
            expected = "1 to 64 of a-z 0-9 _ and -"
            raise MalformedError(Reason.NOT_READABLE, "statement", found=statement, expected=expected)
        key = read_verifying_key(folder / fields.text("file"), allow_development_keys=allow_development_keys)
        require_pinned(key, {key_id})
        proves = fields.choice("proves", Proves)
        with located("file"):
            require_inputs(key.input_count, proves)
        return AllowedKey(key, statement, proves)


def require_inputs(count: int, proves: Proves) -> None:
    """A key has as many public inputs as what it proves."""
    wanted = SOLVENCY_INPUTS.get(proves)
    if wanted is None:
        require_lock_count(count - FIXED_COUNT)
    elif count != wanted:
        raise MalformedError(Reason.WRONG_COUNT, "inputs", found=count, expected=f"{wanted} public inputs")
