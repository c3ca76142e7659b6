"""A release that a trader leaves with a verifier for the venue: a claim that nobody but the venue can read.

    encapsulated key   32 bytes
    sealed content     2048 bytes: the claim's length in 4, the claim, zeros
    tag                16 bytes

It is HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, info
``ringfence.release/1``. All of them are equally long, so that none tells which asset is locked, or how much.

The venue's own key is a sealed file that begins with ``ringfence.release-key/1`` and the public key.
"""

from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from facts.sealed_file import DEFAULT_COST, Cost, Seal, create_sealed, open_sealed, read_sealed
from margin.errors import MalformedError, Reason, RejectedError

INFO: Final = b"ringfence.release/1"
MAGIC: Final = b"ringfence.release-key/1\n"
NAME: Final = "release key"
KEY_BYTES: Final = 32
LENGTH_BYTES: Final = 4
CONTENT_BYTES: Final = 2048
LONGEST_CLAIM: Final = CONTENT_BYTES - LENGTH_BYTES
SEALED_BYTES: Final = KEY_BYTES + CONTENT_BYTES + 16
SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_release(claim: bytes, public_key: bytes) -> bytes:
    """A claim for whoever has the private part of a key."""
    if not 0 < len(claim) <= LONGEST_CLAIM:
        found, expected = f"{len(claim)} bytes", f"1 to {LONGEST_CLAIM} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "claim", found=found, expected=expected)
    content = len(claim).to_bytes(LENGTH_BYTES, "big") + claim
    return SUITE.encrypt(content.ljust(CONTENT_BYTES, b"\0"), read_public_key(public_key), INFO)


def read_public_key(public_key: bytes) -> X25519PublicKey:
    """The public part of a venue's key."""
    if len(public_key) != KEY_BYTES:
        found, expected = f"{len(public_key)} bytes", f"{KEY_BYTES} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "public_key", found=found, expected=expected)
    return X25519PublicKey.from_public_bytes(public_key)


class ReleaseKey:
    """The private part of a venue's key."""

    def __init__(self, secret: bytes) -> None:
        self._key = X25519PrivateKey.from_private_bytes(secret)

    @property
    def public_key(self) -> bytes:
        """What traders seal with."""
        return self._key.public_key().public_bytes_raw()

    def open(self, sealed: bytes) -> bytes:
        """The claim that was sealed for this key; what is wrong with any other is not told."""
        try:
            content = SUITE.decrypt(sealed, self._key, INFO) if len(sealed) == SEALED_BYTES else b""
        except (InvalidTag, ValueError):
            content = b""
        length = int.from_bytes(content[:LENGTH_BYTES], "big")
        if not 0 < length <= len(content) - LENGTH_BYTES or any(content[LENGTH_BYTES + length :]):
            expected = "a release that was sealed for this key"
            raise RejectedError(Reason.NOT_READABLE, "sealed_release", found="other bytes", expected=expected)
        return content[LENGTH_BYTES : LENGTH_BYTES + length]


def create_release_key(path: Path, passphrase: str, cost: Cost = DEFAULT_COST) -> bytes:
    """A new key in a new file; it is on the disk when its public part is returned."""
    secret = X25519PrivateKey.generate().private_bytes_raw()
    public_key = ReleaseKey(secret).public_key
    seal = Seal.draw(MAGIC + public_key, passphrase, cost)
    create_sealed(path, seal.close(secret.hex().encode()), NAME)
    return public_key


def open_release_key(path: Path, passphrase: str) -> ReleaseKey:
    """The key in a file, if the passphrase opens it."""
    data = read_sealed(path, NAME)
    beginning = data[: len(MAGIC) + KEY_BYTES]
    if not beginning.startswith(MAGIC):
        raise MalformedError(Reason.NOT_READABLE, NAME, found="another file", expected=f"a {NAME} of version 1")
    _, content = open_sealed(data, beginning, passphrase, NAME)
    key = ReleaseKey(bytes.fromhex(content.decode()))
    if MAGIC + key.public_key != beginning:
        expected = "the public part of the key inside"
        raise RejectedError(Reason.NOT_A_KEY, "public_key", found=beginning[len(MAGIC) :].hex(), expected=expected)
    return key
