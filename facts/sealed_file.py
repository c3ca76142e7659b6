"""Secrets at rest: one form of an encrypted file, for a trader's wallet and for signing keys.

    beginning   what kind of file it is, and whatever of it anybody may read
    cost        log2 N, r and p of scrypt, one byte each
    salt        16 bytes
    nonce       12 bytes, drawn for every writing
    sealed      AES-256-GCM of the content; all that stands before the nonce is authenticated with it

The content is filled up with spaces to a multiple of 4 KiB, so that the size of a file tells little of what is in it.
Costs out of bounds are refused before any memory is taken for them. A wrong passphrase and an altered file look the
same, and are told as the same. A file is there as a whole or not at all, and for nobody but its owner to read.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from margin.errors import MalformedError, MisuseError, Reason, RejectedError

SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
COST_BYTES: Final = 3
PAGE_BYTES: Final = 4096
LARGEST_FILE: Final = 1 << 24
LONGEST_PASSPHRASE: Final = 1024
OWNER_ALONE: Final = 0o600


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


class Seal:
    """What closes a file again and again under one passphrase, without deriving its key anew."""

    def __init__(self, beginning: bytes, passphrase: str, cost: Cost, salt: bytes) -> None:
        self.header = beginning + cost.encode() + salt
        self._cipher = AESGCM(cost.derive_key(require_passphrase(passphrase), salt))

    @classmethod
    def draw(cls, beginning: bytes, passphrase: str, cost: Cost = DEFAULT_COST) -> Self:
        """A seal for a new file."""
        require_passphrase(passphrase)
        return cls(beginning, passphrase, cost, secrets.token_bytes(SALT_BYTES))

    def close(self, content: bytes) -> bytes:
        """The bytes of a file with this content, which does not end with a space."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        padded = content + b" " * (-len(content) % PAGE_BYTES)
        return self.header + nonce + self._cipher.encrypt(nonce, padded, self.header)

    def open(self, sealed: bytes) -> bytes:
        """What stands behind the header of a file."""
        try:
            content = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self.header)
        except InvalidTag:
            found, expected = "one that does not open it", "the passphrase of this file, and the file unaltered"
            raise RejectedError(Reason.WRONG_PASSPHRASE, "passphrase", found=found, expected=expected) from None
        return content.rstrip(b" ")


def open_sealed(data: bytes, beginning: bytes, passphrase: str, name: str) -> tuple[Seal, bytes]:
    """The content of a file that begins so, and the seal that closes it again; ``name`` is what errors call it."""
    rest = data[len(beginning) :]
    if not data.startswith(beginning) or len(rest) < COST_BYTES + SALT_BYTES + NONCE_BYTES:
        raise MalformedError(Reason.NOT_READABLE, name, found="another file", expected=f"a {name} of version 1")
    cost, salt = Cost(*rest[:COST_BYTES]), rest[COST_BYTES : COST_BYTES + SALT_BYTES]
    seal = Seal(beginning, passphrase, cost, salt)
    return seal, seal.open(data[len(seal.header) :])


def require_passphrase(passphrase: str) -> str:
    """Some passphrase, and no novel."""
    if not 1 <= len(passphrase) <= LONGEST_PASSPHRASE:
        found, expected = f"{len(passphrase)} characters", f"1 to {LONGEST_PASSPHRASE} characters"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "passphrase", found=found, expected=expected)
    return passphrase


# --- On the disk -------------------------------------------------------------------------------------


def read_sealed(path: Path, name: str) -> bytes:
    """The bytes of a file."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        found = error.strerror or "an error"
        raise MisuseError(Reason.NOT_READABLE, name, found=found, expected=f"a {name} that can be read") from None
    if len(data) > LARGEST_FILE:
        found, expected = "a larger file", f"at most {LARGEST_FILE} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=found, expected=expected)
    return data


def write_sealed(path: Path, data: bytes, name: str) -> None:
    """A file in the place of the one that is there, if any."""
    if len(data) > LARGEST_FILE:
        raise MisuseError(Reason.OUT_OF_BOUNDS, name, found="more", expected=f"at most {LARGEST_FILE} bytes")
    with beside(path, data) as written:
        written.replace(path)


def create_sealed(path: Path, data: bytes, name: str) -> None:
    """A file where there is none."""
    with beside(path, data) as written:
        try:
            os.link(written, path)
        except FileExistsError:
            found, expected = "another file in its place", f"a place for a new {name}"
            raise MisuseError(Reason.WRONG_FILE, name, found=found, expected=expected) from None


@contextmanager
def beside(path: Path, data: bytes) -> Iterator[Path]:
    """All of it, on the disk, in a file of its owner's beside the one that is meant; then the folder that names it."""
    written = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(written, "xb", opener=lambda name, flags: os.open(name, flags, OWNER_ALONE)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield written
    except OSError as error:
        error.filename = str(path)  # what the caller meant, and not the file beside it
        raise
    finally:
        written.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names in it are on the disk."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
