"""Payloads as RedStone's nodes write them, with keys that everybody knows."""

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256K1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from facts.keccak import hash_keccak
from facts.redstone import MARKER, name_redstone_feed
from facts.secp256k1 import ORDER

KEYS: Final = tuple(derive_private_key(7**20 + number, SECP256K1()) for number in range(4))
MILLISECONDS: Final = 1_800_000_000_123
SIGNING: Final = ECDSA(Prehashed(SHA256()), deterministic_signing=True)


def public(key: EllipticCurvePrivateKey) -> bytes:
    """The 65 bytes by which a signer is known."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


SIGNERS: Final = tuple(map(public, KEYS))


def body_of(values: Mapping[str, int], milliseconds: int = MILLISECONDS, size: int = 32) -> bytes:
    """A package without its signature."""
    points = sorted((name_redstone_feed(name), value) for name, value in values.items())
    data = b"".join(feed_id + value.to_bytes(size, "big") for feed_id, value in points)
    return data + milliseconds.to_bytes(6, "big") + size.to_bytes(4, "big") + len(points).to_bytes(3, "big")


def sign(key: EllipticCurvePrivateKey, body: bytes, v: int = 27) -> bytes:
    """r, s, v with the low s."""
    r, s = decode_dss_signature(key.sign(hash_keccak(body), SIGNING))
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big") + bytes([v])


def package_of(key: EllipticCurvePrivateKey, values: Mapping[str, int], milliseconds: int = MILLISECONDS) -> bytes:
    """A signed package."""
    body = body_of(values, milliseconds)
    return body + sign(key, body)


def payload_of(*packages: bytes, metadata: bytes = b"") -> bytes:
    """A payload."""
    tail = len(packages).to_bytes(2, "big") + metadata + len(metadata).to_bytes(3, "big") + MARKER
    return b"".join(packages) + tail
