"""The keys of one party in a folder: key files, and a list that says how each of them stands.

    keys.json       {"format": "ringfence.keys/1", "keys": [{"name": "2027-a", "standing": "valid", ...}, ...]}
    2027-a.key      sealed, see ``facts.key_file``
    2027-b.key

    valid           the first one of a role and an algorithm is in use, the others wait, and all of them are believed
    retired         signs no more; what it signed is still believed
    revoked         never again, whatever it signed

A key that is retired or revoked gives way to the next one at once. Standing only gets worse. The list holds nothing
secret; whoever may write it decides which keys are in use, so that the folder is its owner's alone.
"""

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from facts.key_file import Algorithm, PrivateKey, PublicPart, Role, create_key, open_key, spell_key
from facts.moments import MOMENT_BITS, require_moment
from facts.sealed_file import DEFAULT_COST, Cost, write_sealed
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MisuseError, Reason, RejectedError

KEYS_FORMAT: Final = "ringfence.keys/1"
LIST_FILE: Final = "keys.json"
KEY_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
KEY_TEXT: Final = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
MAX_KEYS: Final = 64
MAX_BELIEVED: Final = 16
"""Of one role and algorithm: so many a reader has to know."""


@unique
class Standing(StrEnum):
    """How a key stands."""

    VALID = "valid"
    RETIRED = "retired"
    REVOKED = "revoked"


GRAVITY: Final = tuple(Standing)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as the list has it."""

    name: str
    role: Role
    algorithm: Algorithm
    public_key: bytes
    standing: Standing
    since: int
    """When it came to stand so."""

    def __post_init__(self) -> None:
        require_key_name(self.name)
        PublicPart(self.role, self.algorithm, self.public_key, self.since)

    @property
    def spelling(self) -> str:
        """How others name the key: its 32 bytes, or its address."""
        return spell_key(self.algorithm, self.public_key)


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of one party, those that came later behind."""

    keys: tuple[ListedKey, ...] = ()

    def __post_init__(self) -> None:
        if len(self.keys) > MAX_KEYS:
            found, expected = f"{len(self.keys)} keys", f"at most {MAX_KEYS}"
            raise MalformedError(Reason.WRONG_COUNT, "keys", found=found, expected=expected)
        for name in ("name", "public_key"):
            if len({getattr(key, name) for key in self.keys}) != len(self.keys):
                expected = "each key once, with a name of its own"
                raise MalformedError(Reason.DUPLICATE_FIELD, f"keys.{name}", found="one twice", expected=expected)
        for key in self.keys:
            believed = self.believed(key.role, key.algorithm)
            if len(believed) > MAX_BELIEVED:
                found, expected = f"{len(believed)} of {key.role.value}", f"at most {MAX_BELIEVED} that are not revoked"
                raise MalformedError(Reason.WRONG_COUNT, "keys", found=found, expected=expected)

    def standing(self, role: Role, algorithm: Algorithm, standing: Standing) -> tuple[ListedKey, ...]:
        """The keys of a role and an algorithm that stand so."""
        return tuple(key for key in self.keys if (key.role, key.algorithm, key.standing) == (role, algorithm, standing))

    def in_use(self, role: Role, algorithm: Algorithm) -> ListedKey | None:
        """The one that signs now."""
        return next(iter(self.standing(role, algorithm, Standing.VALID)), None)

    def believed(self, role: Role, algorithm: Algorithm) -> tuple[ListedKey, ...]:
        """Those whose signatures count: the one in use, those that wait, and the retired, the latest first."""
        retired = sorted(self.standing(role, algorithm, Standing.RETIRED), key=lambda key: key.since, reverse=True)
        return (*self.standing(role, algorithm, Standing.VALID), *retired)

    @property
    def revoked(self) -> frozenset[bytes]:
        """Keys that never count again."""
        return frozenset(key.public_key for key in self.keys if key.standing is Standing.REVOKED)

    def find(self, name: str) -> ListedKey:
        """A key by its name."""
        found = next((key for key in self.keys if key.name == name), None)
        if found is None:
            raise MisuseError(Reason.NOT_A_KEY, "name", found=name, expected="the name of a key of this set")
        return found

    def worsen(self, name: str, standing: Standing, moment: int) -> "KeySet":
        """The set in which a key stands worse; the same again is the same."""
        key = self.find(name)
        if GRAVITY.index(standing) < GRAVITY.index(key.standing):
            found, expected = key.standing.value, f"a key that is not {key.standing.value}"
            raise RejectedError(Reason.WRONG_STATE, "standing", found=found, expected=expected)
        if standing is key.standing:
            return self
        changed = replace(key, standing=standing, since=moment)
        return KeySet(tuple(changed if each is key else each for each in self.keys))

    def render(self) -> str:
        """The list."""
        keys = [
            {
                "name": key.name,
                "role": key.role.value,
                "algorithm": key.algorithm.value,
                "public_key": key.public_key.hex(),
                "standing": key.standing.value,
                "since": key.since,
            }
            for key in self.keys
        ]
        return json.dumps({"format": KEYS_FORMAT, "keys": keys}, indent=2) + "\n"


def require_key_name(name: str) -> str:
    """What a file can be called everywhere."""
    if not KEY_NAME.fullmatch(name):
        expected = "1 to 64 of a-z, 0-9 and . _ -, the first a letter or digit"
        raise MalformedError(Reason.NOT_READABLE, "name", found=name, expected=expected)
    return name


def read_key_set(content: object) -> KeySet:
    """A list, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, KEYS_FORMAT)
        return KeySet(tuple(map(read_listed_key, fields.items("keys", MAX_KEYS))))


def read_listed_key(fields: Fields) -> ListedKey:
    """One key of a list."""
    with fields:
        return ListedKey(
            name=fields.text("name"),
            role=fields.choice("role", Role),
            algorithm=fields.choice("algorithm", Algorithm),
            public_key=read_public_key(fields),
            standing=fields.choice("standing", Standing),
            since=fields.integer("since", 1, 2**MOMENT_BITS - 1),
        )


def read_public_key(fields: Fields) -> bytes:
    """The bytes of a key, in hexadecimal."""
    text = fields.text("public_key")
    if not KEY_TEXT.fullmatch(text):
        raise MalformedError(Reason.NOT_READABLE, "public_key", found=text, expected="lower-case hexadecimal")
    return bytes.fromhex(text)


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """Where the keys of a party are."""

    path: Path

    @property
    def list_path(self) -> Path:
        """What is written anew whenever a key comes, or stands otherwise."""
        return self.path / LIST_FILE

    def read(self) -> KeySet:
        """The list as it is now."""
        return read_key_set(read_document(self.list_path))

    def create(
        self,
        name: str,
        role: Role,
        algorithm: Algorithm,
        passphrase: str,
        *,
        moment: int,
        cost: Cost = DEFAULT_COST,
    ) -> ListedKey:
        """A new key, behind those that are there; the folder is made where there is none."""
        require_moment(moment, "moment")
        before = self.read() if self.list_path.exists() else KeySet()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(key.name == require_key_name(name) for key in before.keys):
            raise MisuseError(Reason.DUPLICATE_FIELD, "name", found=name, expected="a name that no key has yet")
        public = create_key(self.key_path(name), role, algorithm, passphrase, moment=moment, cost=cost)
        key = ListedKey(name, role, algorithm, public.public_key, Standing.VALID, moment)
        self._write(KeySet((*before.keys, key)))
        return key

    def retire(self, name: str, moment: int) -> KeySet:
        """Sign no more with a key; what it signed is still believed."""
        return self._worsen(name, Standing.RETIRED, moment)

    def revoke(self, name: str, moment: int) -> KeySet:
        """Never believe a key again."""
        return self._worsen(name, Standing.REVOKED, moment)

    def open(self, key: ListedKey, passphrase: str) -> PrivateKey:
        """The private key that the list means."""
        opened = open_key(self.key_path(key.name), passphrase, key.role)
        if opened.public_key != key.public_key:
            found, expected = "another key", "the key of the list"
            raise RejectedError(Reason.NOT_A_KEY, key.name, found=found, expected=expected)
        return opened

    def key_path(self, name: str) -> Path:
        """The file of a key."""
        return self.path / f"{name}.key"

    def _worsen(self, name: str, standing: Standing, moment: int) -> KeySet:
        after = self.read().worsen(name, standing, require_moment(moment, "moment"))
        self._write(after)
        return after

    def _write(self, keys: KeySet) -> None:
        write_sealed(self.list_path, keys.render().encode(), LIST_FILE)
