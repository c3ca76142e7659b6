"""ECDSA over secp256k1 as chains use it: 65 bytes r, s, v over a digest of 32, with the low one of the two s.

`cryptography` signs and verifies, and keeps the private key. What it lacks, libsecp256k1 does on public numbers alone:
the last byte of a signature, by which a chain finds the key that signed, and the way from a signature to that key.

    R = (z G + r Q) / s          which of the two points over r it is, v says: 27 where y is even, 28 where it is odd
    Q = (s R - z G) / r          the key; its address is the last 20 bytes of the Keccak-256 of x and y
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256K1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from facts.keccak import hash_keccak
from margin.errors import InternalError, MalformedError, Reason, RejectedError

ORDER: Final = 2**256 - 432420386565659656852420866394968145599
MOST_KEYS_KEPT: Final = 4096
KEY_BYTES: Final = 65
UNCOMPRESSED: Final = 4
SIGNATURE_BYTES: Final = 65
SCALAR_BYTES: Final = 32
RECOVERY_IDS: Final = (27, 28)
ADDRESS_BYTES: Final = 20
DIGEST_OF_32_BYTES: Final = ECDSA(Prehashed(SHA256()))
"""The digest is given; SHA-256 stands for its length alone."""
DETERMINISTIC: Final = ECDSA(Prehashed(SHA256()), deterministic_signing=True)
"""The nonce of RFC 6979, so that what is signed twice has one signature."""


class ChainSigner(Protocol):
    """Whoever can sign for a chain: a key in memory, or a module that keeps its key."""

    @property
    def public_key(self) -> bytes:
        """The uncompressed 65 bytes of whose signatures these are."""

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """r and s of a signature of a digest, any s."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory; it is never shown."""

    private: EllipticCurvePrivateKey = field(repr=False)
    public_key: bytes = field(init=False, repr=False)
    """The uncompressed 65 bytes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", encode_key(self.private.public_key()))

    @classmethod
    def draw(cls) -> "SigningKey":
        """A new key from the system's randomness."""
        return cls(generate_private_key(SECP256K1()))

    @classmethod
    def of_secret(cls, secret: bytes) -> "SigningKey":
        """The key of 32 secret bytes: a number in [1, n)."""
        number = int.from_bytes(secret, "big")
        if len(secret) != SCALAR_BYTES or not 1 <= number < ORDER:
            expected = f"{SCALAR_BYTES} bytes: a number in [1, n)"
            raise MalformedError(Reason.NOT_A_KEY, "secret", found="something else", expected=expected)
        return cls(derive_private_key(number, SECP256K1()))

    @property
    def secret(self) -> bytes:
        """The 32 bytes that whoever keeps the key seals."""
        return self.private.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")

    @property
    def address(self) -> bytes:
        """Whose signatures these are, as a contract knows it."""
        return address_of(self.public_key)

    def sign_digest(self, digest: bytes) -> tuple[int, int]:
        """r and s of a signature of a digest; the same for the same digest."""
        return decode_dss_signature(self.private.sign(digest, DETERMINISTIC))

    def sign(self, digest: bytes) -> bytes:
        """The 65 bytes of a signature of a digest."""
        return sign_for_chain(digest, self)


def require_public_key(data: bytes, field: str = "key") -> EllipticCurvePublicKey:
    """The key of its uncompressed 65 bytes."""
    expected = f"{KEY_BYTES} bytes: 4, x and y of a point of secp256k1"
    if len(data) != KEY_BYTES or data[0] != UNCOMPRESSED:
        raise MalformedError(Reason.NOT_A_KEY, field, found=f"{len(data)} bytes", expected=expected)
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256K1(), data)
    except ValueError:
        raise MalformedError(Reason.NOT_A_KEY, field, found=data.hex(), expected=expected) from None


def require_signature(data: bytes, field: str = "signature") -> tuple[int, int]:
    """r and s of 65 bytes in their one spelling: in range, s in the lower half, v 27 or 28."""
    if len(data) != SIGNATURE_BYTES or data[-1] not in RECOVERY_IDS:
        found, expected = f"{len(data)} bytes {data[-1:].hex()}", f"{SIGNATURE_BYTES} bytes, the last 27 or 28"
        raise RejectedError(Reason.WRONG_SIGNATURE, field, found=found, expected=expected)
    r, s = (int.from_bytes(data[start : start + SCALAR_BYTES], "big") for start in (0, SCALAR_BYTES))
    if not (1 <= r < ORDER and 1 <= s <= ORDER // 2):
        expected = "r in [1, n) and s in [1, n / 2]"
        raise RejectedError(Reason.WRONG_SIGNATURE, field, found="a number beyond", expected=expected)
    return r, s


def is_signed_by(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the holder of ``key`` signed ``digest``; for finding who of several did."""
    try:
        require_public_key(key).verify(encode_dss_signature(*require_signature(signature)), digest, DIGEST_OF_32_BYTES)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=MOST_KEYS_KEPT)
def address_of(key: bytes) -> bytes:
    """The address of the uncompressed 65 bytes of a key."""
    require_public_key(key)
    return hash_keccak(key[1:])[-ADDRESS_BYTES:]


def sign_for_chain(digest: bytes, signer: ChainSigner) -> bytes:
    """The 65 bytes of a signature of a digest, which is found out to be one before anybody sees it."""
    return complete_signature(signer.public_key, digest, *signer.sign_digest(digest))


def complete_signature(key: bytes, digest: bytes, r: int, s: int) -> bytes:
    """The 65 bytes of a signature that a key made, from the two numbers that any signer gives."""
    if not (1 <= r < ORDER and 1 <= s < ORDER):
        raise InternalError(Reason.WRONG_SIGNATURE, "signature", found="a number beyond", expected="r and s in [1, n)")
    numbers = r.to_bytes(SCALAR_BYTES, "big") + min(s, ORDER - s).to_bytes(SCALAR_BYTES, "big")
    for v in RECOVERY_IDS:
        if find_key(digest, numbers, v) == key:
            return numbers + bytes((v,))
    raise InternalError(Reason.WRONG_SIGNATURE, "signature", found="another R", expected="a signature of this key")


def recover_key(digest: bytes, signature: bytes, field: str = "signature") -> bytes:
    """The 65 bytes of the key that signed a digest, as a contract finds it."""
    require_signature(signature, field)
    found = find_key(digest, signature[:-1], signature[-1])
    if found is None:
        raise RejectedError(Reason.WRONG_SIGNATURE, field, found="no point", expected="a signature of some key")
    return found


def find_key(digest: bytes, numbers: bytes, v: int) -> bytes | None:
    """The 65 bytes of the one key whose signature of a digest r and s are with such a v, if there is one."""
    try:
        found = PublicKey.from_signature_and_message(numbers + bytes((v - RECOVERY_IDS[0],)), digest, hasher=None)
    except Exception:  # noqa: BLE001 - the library raises nothing narrower
        return None
    return found.format(compressed=False)


def encode_key(key: EllipticCurvePublicKey) -> bytes:
    """The uncompressed 65 bytes of a key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
