r"""A wallet: the secret key of a trader, and what opens each of its commitments, in one encrypted file.

    magic       "ringfence.wallet/1\n"
    cost        log2 N, r and p of scrypt, one byte each
    salt        16 bytes
    nonce       12 bytes, drawn for every writing
    sealed      AES-256-GCM of the content; all that stands before it is authenticated with it

The content is JSON, filled up with spaces to a multiple of 4 KiB, so that the size of the file tells little of how many
positions are in it. Costs out of bounds are refused before any memory is taken for them. A wrong passphrase and an
altered file look the same, and are told as the same.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from facts.commitments import CommittedPosition, Lock, commit_owner
from facts.elements import draw_element
from facts.roots import parse_element
from facts.tags import Tag
from margin.documents.reading import Fields, parse_json
from margin.errors import MalformedError, MisuseError, Reason, RejectedError
from snark.r1cs.container import replace_file

MAGIC: Final = b"ringfence.wallet/1\n"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
PAGE_BYTES: Final = 4096
LARGEST_WALLET: Final = 1 << 24
SECRETS_FORMAT: Final = "ringfence.secrets/1"
LONGEST_PASSPHRASE: Final = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs to try a passphrase: 128 * N * r bytes, and as much work, p times."""

    log2_n: int = 17
    r: int = 8
    p: int = 1

    def __post_init__(self) -> None:
        bounds = {"log2_n": (14, 20), "r": (8, 8), "p": (1, 4)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                found = str(getattr(self, name))
                raise MalformedError(Reason.OUT_OF_BOUNDS, f"cost.{name}", found=found, expected=f"{low} to {high}")

    def encode(self) -> bytes:
        """One byte each."""
        return bytes((self.log2_n, self.r, self.p))

    def derive_key(self, passphrase: str, salt: bytes) -> bytes:
        """The key that a passphrase makes."""
        derivation = Scrypt(salt=salt, length=KEY_BYTES, n=1 << self.log2_n, r=self.r, p=self.p)
        return derivation.derive(passphrase.encode())


DEFAULT_COST: Final = Cost()
"""128 MiB and a few tenths of a second."""
HEADER_BYTES: Final = len(MAGIC) + len(DEFAULT_COST.encode()) + SALT_BYTES


@dataclass(frozen=True, slots=True)
class KeptLock:
    """A lock that backs a position, and the salt that hides whose it is."""

    lock: Lock = field(repr=False)
    salt: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptPosition:
    """What opens a commitment, under the name that its owner has for it."""

    committed: CommittedPosition = field(repr=False)
    locks: tuple[KeptLock, ...] = field(repr=False, default=())


@dataclass(slots=True)
class Secrets:
    """What a wallet holds."""

    key: int = field(repr=False, default_factory=draw_element)
    positions: dict[str, KeptPosition] = field(repr=False, default_factory=dict)

    @property
    def owner(self) -> int:
        """What the key commits to."""
        return commit_owner(self.key)

    def position(self, name: str) -> KeptPosition:
        """A position by the name that its owner has for it."""
        if name not in self.positions:
            found, expected = "a position that is not in it", "one that was committed with this wallet"
            raise MisuseError(Reason.NOT_IN_TREE, "wallet", found=found, expected=expected)
        return self.positions[name]


class Wallet:
    """An open wallet."""

    def __init__(self, path: Path, cost: Cost, salt: bytes, key: bytes, content: Secrets) -> None:
        self.path = path
        self.secrets = content
        self._header = MAGIC + cost.encode() + salt
        self._cipher = AESGCM(key)
        self._sealed: bytes | None = None

    @classmethod
    def create(cls, path: Path, passphrase: str, cost: Cost | None = None) -> Self:
        """A new wallet with a fresh key; it is on the disk when this returns."""
        require_passphrase(passphrase)
        cost = cost or DEFAULT_COST
        salt = secrets.token_bytes(SALT_BYTES)
        wallet = cls(path, cost, salt, cost.derive_key(passphrase, salt), Secrets())
        wallet.save()
        return wallet

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Self:
        """The wallet in a file, if the passphrase opens it."""
        data = read_sealed(path)
        header, rest = data[:HEADER_BYTES], data[HEADER_BYTES:]
        if not header.startswith(MAGIC) or len(rest) < NONCE_BYTES:
            raise MalformedError(Reason.NOT_READABLE, "wallet", found="another file", expected="a wallet of version 1")
        cost, salt = Cost(*header[len(MAGIC) : -SALT_BYTES]), header[-SALT_BYTES:]
        key = cost.derive_key(require_passphrase(passphrase), salt)
        try:
            content = AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header)
        except InvalidTag:
            found, expected = "one that does not open it", "the passphrase of this wallet, and its file unaltered"
            raise RejectedError(Reason.WRONG_PASSPHRASE, "passphrase", found=found, expected=expected) from None
        wallet = cls(path, cost, salt, key, read_secrets(parse_json(content)))
        wallet._sealed = data
        return wallet

    def save(self) -> None:
        """Write the wallet anew; one that somebody else has written meanwhile is left alone."""
        self.require_unchanged()
        content = render_secrets(self.secrets).encode()
        content += b" " * (-len(content) % PAGE_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._header + nonce + self._cipher.encrypt(nonce, content, self._header)
        with replace_file(self.path, secret=True) as file:
            file.write(sealed)
        self._sealed = sealed

    def require_unchanged(self) -> None:
        """The file is the one that was opened, or there is none where it is new."""
        found = read_sealed(self.path) if self.path.exists() else None
        if found != self._sealed:
            expected = "the file that was opened, or none where the wallet is new"
            raise MisuseError(Reason.WRONG_FILE, "wallet", found="another file in its place", expected=expected)


def require_passphrase(passphrase: str) -> str:
    """Some passphrase, and no novel."""
    if not 1 <= len(passphrase) <= LONGEST_PASSPHRASE:
        found, expected = f"{len(passphrase)} characters", f"1 to {LONGEST_PASSPHRASE} characters"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "passphrase", found=found, expected=expected)
    return passphrase


def read_sealed(path: Path) -> bytes:
    """The bytes of a wallet's file."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_WALLET + 1)
    except OSError as error:
        found = error.strerror or "an error"
        raise MisuseError(Reason.NOT_READABLE, "wallet", found=found, expected="a wallet that can be read") from None
    if len(data) > LARGEST_WALLET:
        found, expected = "a larger file", f"at most {LARGEST_WALLET} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "wallet", found=found, expected=expected)
    return data


# --- The content -------------------------------------------------------------------------------------

LOCK_ELEMENTS: Final = ("domain", "asset", "lock_owner")
LOCK_NUMBERS: Final = ("chain_id", "amount", "deposit_index")
POSITION_ELEMENTS: Final = ("owner", "position_id", "body", "salt")


def render_secrets(content: Secrets) -> str:
    """All of it as JSON, numbers in decimal digits."""
    positions = {name: render_position(position) for name, position in content.positions.items()}
    return json.dumps({"format": SECRETS_FORMAT, "key": str(content.key), "positions": positions})


def render_position(position: KeptPosition) -> Mapping[str, object]:
    """What opens a position."""
    committed = position.committed
    return {
        "kind": committed.kind.name.lower(),
        "cash": committed.cash,
        **{name: str(getattr(committed, name)) for name in POSITION_ELEMENTS},
        "locks": [render_lock(each) for each in position.locks],
    }


def render_lock(kept: KeptLock) -> Mapping[str, str]:
    """What opens a lock."""
    names = (*LOCK_ELEMENTS, *LOCK_NUMBERS)
    return {"salt": str(kept.salt), **{name: str(getattr(kept.lock, name)) for name in names}}


def read_secrets(content: object) -> Secrets:
    """What a wallet holds, checked to the last field."""
    with Fields(content) as fields:
        if fields.text("format") != SECRETS_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found="another one", expected=SECRETS_FORMAT)
        key = parse_element(fields.take("key"), "key")
        positions = {name: read_kept_position(entry) for name, entry in fields.entries("positions").items()}
    return Secrets(key, positions)


def read_kept_position(fields: Fields) -> KeptPosition:
    """What opens a position."""
    with fields:
        kind = Tag[fields.text("kind").upper()]
        cash = fields.take("cash")
        elements = {name: parse_element(fields.take(name), name) for name in POSITION_ELEMENTS}
        locks = tuple(map(read_kept_lock, fields.items("locks")))
    return KeptPosition(CommittedPosition(kind, cash=cash, **elements), locks)  # type: ignore[arg-type] # checked by it


def read_kept_lock(fields: Fields) -> KeptLock:
    """What opens a lock."""
    with fields:
        salt = parse_element(fields.take("salt"), "salt")
        numbers = {name: parse_element(fields.take(name), name) for name in (*LOCK_ELEMENTS, *LOCK_NUMBERS)}
    return KeptLock(Lock(**numbers), salt)
