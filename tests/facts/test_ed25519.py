"""Ed25519, strictly: one spelling of everything, and no key that nobody has."""

from hashlib import sha512

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from facts.ed25519 import (
    IDENTITY,
    L,
    P,
    SigningKey,
    add,
    decode_point,
    is_identity,
    multiply,
    require_public_key,
    verify_signature,
)
from margin.errors import Reason, RejectedError
from tests.facts.refusals import refused
from tests.facts.specimens import key_of

KEY = key_of("a signer")
MESSAGE = b"a message"
SIGNATURE = KEY.sign(MESSAGE)
BASE_POINT = (4 * pow(5, -1, P) % P).to_bytes(32, "little")
"""RFC 8032, section 5.1: y = 4/5, x even."""


def small_points() -> list[bytes]:
    """The canonical spelling of the points of order 1, 2, 4 and 8, found by taking the multiples of L of others."""
    found = set()
    for start in range(200):
        point = decode_point(start.to_bytes(32, "little"))
        if point is not None:
            x, y, z = multiply(L, point)
            x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
            found.add((y | (x & 1) << 255).to_bytes(32, "little"))
    return sorted(found)


def test_a_signature_is_verified() -> None:
    verify_signature(KEY.public_key, MESSAGE, SIGNATURE)


def test_keys_are_drawn_and_not_shown() -> None:
    assert SigningKey.draw().public_key != SigningKey.draw().public_key
    assert repr(KEY) == "SigningKey()"
    assert refused(SigningKey.of_seed, bytes(31)) == (Reason.NOT_A_KEY, "seed")


@pytest.mark.parametrize("place", range(64))
def test_every_byte_of_a_signature_counts(place: int) -> None:
    bad = bytearray(SIGNATURE)
    bad[place] ^= 1
    assert refused(verify_signature, KEY.public_key, MESSAGE, bytes(bad))[0] is Reason.WRONG_SIGNATURE


def test_the_message_and_the_key_count() -> None:
    assert refused(verify_signature, KEY.public_key, MESSAGE + b"!", SIGNATURE)[0] is Reason.WRONG_SIGNATURE
    assert refused(verify_signature, key_of("another").public_key, MESSAGE, SIGNATURE)[0] is Reason.WRONG_SIGNATURE


def test_a_second_spelling_of_s_is_refused() -> None:
    scalar = int.from_bytes(SIGNATURE[32:], "little") + L
    spelled_again = SIGNATURE[:32] + scalar.to_bytes(32, "little")
    with pytest.raises(RejectedError, match="S that is not below L"):
        verify_signature(KEY.public_key, MESSAGE, spelled_again)


def test_a_signature_with_the_nonce_zero_is_refused_although_its_equation_holds() -> None:
    seed = bytes(range(32))
    key, digest = SigningKey.of_seed(seed), bytearray(sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    nonce = (1).to_bytes(32, "little")
    challenge = int.from_bytes(sha512(nonce + key.public_key + MESSAGE).digest(), "little")
    scalar = challenge * int.from_bytes(digest, "little") % L
    signature = nonce + scalar.to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, MESSAGE)
    assert refused(verify_signature, key.public_key, MESSAGE, signature) == (Reason.WRONG_SIGNATURE, "signature")


def test_there_are_eight_points_of_small_order_and_none_is_a_key() -> None:
    assert len(small_points()) == 8
    for point in small_points():
        assert refused(require_public_key, point) == (Reason.NOT_A_KEY, "key")
        assert refused(verify_signature, KEY.public_key, MESSAGE, point + SIGNATURE[32:])[0] is Reason.WRONG_SIGNATURE


def test_a_key_of_mixed_order_is_refused() -> None:
    own, small = decode_point(KEY.public_key), decode_point(small_points()[3])
    assert own is not None
    assert small is not None
    assert not is_identity(small)
    x, y, z = add(own, small)
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    mixed = (y | (x & 1) << 255).to_bytes(32, "little")
    assert decode_point(mixed) is not None
    assert refused(require_public_key, mixed) == (Reason.NOT_A_KEY, "key")


@pytest.mark.parametrize("y", [P, P + 1, P + 3, 2**255 - 1])
def test_a_point_has_one_spelling(y: int) -> None:
    assert decode_point(y.to_bytes(32, "little")) is None
    assert refused(require_public_key, y.to_bytes(32, "little")) == (Reason.NOT_A_KEY, "key")


def test_zero_has_no_sign() -> None:
    assert decode_point((1).to_bytes(32, "little")) is not None
    assert decode_point((1 | 1 << 255).to_bytes(32, "little")) is None


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_one_length(length: int) -> None:
    assert refused(require_public_key, bytes(length)) == (Reason.NOT_A_KEY, "key")


def test_the_arithmetic_is_that_of_the_curve() -> None:
    base = decode_point(BASE_POINT)
    assert base is not None
    assert is_identity(multiply(L, base))
    assert not is_identity(multiply(8, base))
    assert is_identity(multiply(0, base))
    assert is_identity(add(IDENTITY, IDENTITY))
    assert require_public_key(BASE_POINT) == BASE_POINT
