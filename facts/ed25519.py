"""Ed25519 as RFC 8032 has it, with what a signature of a fact needs besides: one spelling, and keys that mean somebody.

`cryptography` signs and verifies. Before it does, keys and signatures are looked at here, because libraries differ in
what they let pass:

    S < L                        or a signature has a second spelling
    y < p, and no -0             or a point has one
    A is in the subgroup of L    a key of small order verifies what nobody signed, and with a part of small order
                                 verifiers that multiply by the cofactor disagree with those that don't
    R is not of small order      as strict verifiers have it
"""

from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from margin.errors import MalformedError, Reason, RejectedError

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

P: Final = 2**255 - 19
L: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE: Final = pow(2, (P - 1) // 4, P)
ENOUGH_POINTS: Final = 200
"""Among so many there is one above each point of small order."""
SIGN_BIT: Final = 255
MOST_KEYS_KEPT: Final = 4096

Point = tuple[int, int, int]
"""x = X / Z and y = Y / Z on -x^2 + y^2 = 1 + d x^2 y^2."""
IDENTITY: Final[Point] = (0, 1, 1)


class Signer(Protocol):
    """Whoever can sign: a key in memory, or a module that keeps its key."""

    @property
    def public_key(self) -> bytes:
        """Whose signatures these are."""

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory; it is never shown."""

    private: Ed25519PrivateKey = field(repr=False)
    public_key: bytes = field(init=False, repr=False)
    """Whose signatures these are."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", self.private.public_key().public_bytes_raw())

    @classmethod
    def draw(cls) -> "SigningKey":
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_seed(cls, seed: bytes) -> "SigningKey":
        """The key of 32 secret bytes."""
        if len(seed) != KEY_BYTES:
            raise MalformedError(Reason.NOT_A_KEY, "seed", found=f"{len(seed)} bytes", expected=f"{KEY_BYTES} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def secret(self) -> bytes:
        """The 32 bytes that whoever keeps the key seals."""
        return self.private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self.private.sign(message)


def require_public_key(data: bytes, name: str = "key") -> bytes:
    """A key that somebody can have: canonical, on the curve, of order L."""
    if len(data) != KEY_BYTES or not is_in_subgroup(data):
        expected = f"{KEY_BYTES} bytes: a canonical point of order L"
        raise MalformedError(Reason.NOT_A_KEY, name, found=data.hex(), expected=expected)
    return data


def verify_signature(key: bytes, message: bytes, signature: bytes, name: str = "signature") -> None:
    """Raise ``RejectedError`` unless the holder of ``key`` signed ``message`` with just these bytes."""
    require_public_key(key)
    if len(signature) != SIGNATURE_BYTES:
        raise refuse(name, f"{len(signature)} bytes", f"{SIGNATURE_BYTES} bytes")
    nonce, scalar = signature[:KEY_BYTES], int.from_bytes(signature[KEY_BYTES:], "little")
    if scalar >= L:
        raise refuse(name, "S that is not below L", "S below L")
    if nonce in list_small_points():
        raise refuse(name, "R of small order", "R of large order")
    try:  # which compares R, byte for byte, with the one spelling of the point that it has to be
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise refuse(name, "another signature", "one of this key over this message") from None


def refuse(name: str, found: str, expected: str) -> RejectedError:
    """A signature that is none."""
    return RejectedError(Reason.WRONG_SIGNATURE, name, found=found, expected=expected)


# --- The curve, as far as it takes to look at a point -------------------------------------------------


@lru_cache(maxsize=MOST_KEYS_KEPT)
def is_in_subgroup(data: bytes) -> bool:
    """Whether this is the canonical spelling of a point of order L."""
    point = decode_point(data)
    return point is not None and not is_identity(point) and is_identity(multiply(L, point))


@cache
def list_small_points() -> frozenset[bytes]:
    """The one spelling of each of the eight points whose order divides the cofactor: ``L`` times any others."""
    others = filter(None, (decode_point(number.to_bytes(KEY_BYTES, "little")) for number in range(ENOUGH_POINTS)))
    return frozenset(encode_point(multiply(L, other)) for other in others)


def encode_point(point: Point) -> bytes:
    """The one spelling of a point."""
    x, y, z = point
    inverse = pow(z, -1, P)
    return (y * inverse % P | (x * inverse % P & 1) << SIGN_BIT).to_bytes(KEY_BYTES, "little")


def decode_point(data: bytes) -> Point | None:
    """The point of 32 bytes, or None where they spell none, or one that has another spelling."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << SIGN_BIT) - 1), number >> SIGN_BIT
    if y >= P:
        return None
    x = find_root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    if x is None or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else P - x, y, 1)


def find_root(square: int) -> int | None:
    """A square root modulo p, which is 5 modulo 8; None where there is none."""
    root = pow(square, (P + 3) // 8, P)
    for candidate in (root, root * ROOT_OF_MINUS_ONE % P):
        if candidate * candidate % P == square:
            return candidate
    return None


def multiply(scalar: int, point: Point) -> Point:
    """``scalar * point``; nothing here is secret, so it may take as long as it takes."""
    product = IDENTITY
    for bit in f"{scalar:b}":
        product = add(product, product)
        if bit == "1":
            product = add(product, point)
    return product


def add(first: Point, second: Point) -> Point:
    """The sum of two points by the complete law, which needs no special cases."""
    x1, y1, z1 = first
    x2, y2, z2 = second
    z = z1 * z2 % P
    x, y = x1 * x2 % P, y1 * y2 % P
    cross = D * x * y % P
    square = z * z % P
    low, high = (square - cross) % P, (square + cross) % P
    mixed = ((x1 + y1) * (x2 + y2) - x - y) % P
    return z * low * mixed % P, z * high * (y + x) % P, low * high % P


def is_identity(point: Point) -> bool:
    """Whether a point is neutral."""
    x, y, z = point
    return x == 0 and y == z
