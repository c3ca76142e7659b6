"""ECDSA over secp256k1 as chains use it: 65 bytes r, s, v over a digest of 32, with the low one of the two s."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256K1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from margin.errors import MalformedError, Reason, RejectedError

ORDER: Final = 2**256 - 432420386565659656852420866394968145599
KEY_BYTES: Final = 65
UNCOMPRESSED: Final = 4
SIGNATURE_BYTES: Final = 65
SCALAR_BYTES: Final = 32
RECOVERY_IDS: Final = (27, 28)
DIGEST_OF_32_BYTES: Final = ECDSA(Prehashed(SHA256()))
"""The digest is given; SHA-256 stands for its length alone."""


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
