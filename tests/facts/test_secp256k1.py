"""Signatures over secp256k1 as chains make and read them."""

from contextlib import suppress
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from facts.secp256k1 import (
    DIGEST_OF_32_BYTES,
    ORDER,
    SigningKey,
    address_of,
    complete_signature,
    is_signed_by,
    recover_key,
)
from margin.errors import Reason, RejectedError
from tests.facts.refusals import refused

P = 2**256 - 2**32 - 977
"""The field of the curve y^2 = x^3 + 7."""
KEY = SigningKey.of_secret(sha256(b"a test's key").digest())
DIGEST = sha256(b"a message").digest()


def digests(count: int) -> list[bytes]:
    return [sha256(bytes([number])).digest() for number in range(count)]


def test_the_address_of_the_first_key_is_the_one_that_everybody_knows() -> None:
    # The address of the secret 1, which go-ethereum and others have in their tests.
    assert SigningKey.of_secret((1).to_bytes(32, "big")).address.hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


@pytest.mark.parametrize("digest", digests(16), ids=lambda digest: digest.hex()[:4])
def test_a_signature_leads_back_to_its_key(digest: bytes) -> None:
    signature = KEY.sign(digest)
    assert recover_key(digest, signature) == KEY.public_key
    assert is_signed_by(KEY.public_key, digest, signature)
    assert int.from_bytes(signature[32:64], "big") <= ORDER // 2
    assert signature[64] in (27, 28)
    assert KEY.sign(digest) == signature


@pytest.mark.parametrize("number", [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1])
def test_digests_at_the_edge_are_signed_too(number: int) -> None:
    digest = number.to_bytes(32, "big")
    assert address_of(recover_key(digest, KEY.sign(digest))) == KEY.address


def test_whatever_signer_there_is_its_numbers_are_completed() -> None:
    """A module of its own draws its nonce and knows nothing of the lower half."""
    vs = set()
    for _ in range(16):
        r, s = decode_dss_signature(KEY.private.sign(DIGEST, DIGEST_OF_32_BYTES))
        for each in (s, ORDER - s):
            signature = complete_signature(KEY.public_key, DIGEST, r, each)
            assert recover_key(DIGEST, signature) == KEY.public_key
            vs.add(signature[-1])
    assert vs == {27, 28}
    other = SigningKey.draw()
    r, s = decode_dss_signature(KEY.private.sign(DIGEST, DIGEST_OF_32_BYTES))
    assert refused(complete_signature, other.public_key, DIGEST, r, s) == (
        Reason.WRONG_SIGNATURE,
        "signature",
    )


def test_an_altered_signature_leads_to_another_key_or_to_none() -> None:
    signature = KEY.sign(DIGEST)
    for place in range(64):
        altered = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        with suppress(RejectedError):
            assert recover_key(DIGEST, altered) != KEY.public_key
    other_v = signature[:64] + bytes([55 - signature[64]])
    assert recover_key(DIGEST, other_v) != KEY.public_key


def test_a_signature_has_one_spelling() -> None:
    signature = KEY.sign(DIGEST)
    r, s = (int.from_bytes(signature[start : start + 32], "big") for start in (0, 32))

    def spell(r: int, s: int, v: int) -> bytes:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])

    twin = spell(r, ORDER - s, 55 - signature[64])
    for bad in (twin, spell(0, s, 27), spell(r, 0, 27), spell(ORDER, s, 27), spell(r, s, 0), spell(r, s, 29), b""):
        assert refused(recover_key, DIGEST, bad) == (Reason.WRONG_SIGNATURE, "signature")


def test_a_number_under_no_point_is_no_signature() -> None:
    r = next(r for r in range(1, 100) if pow((r**3 + 7) % P, (P - 1) // 2, P) != 1)
    bad = r.to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b"
    assert refused(recover_key, DIGEST, bad) == (Reason.WRONG_SIGNATURE, "signature")


@pytest.mark.parametrize("secret", [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, b"", bytes(31) + b"\1\1"])
def test_a_secret_is_a_number_of_the_field(secret: bytes) -> None:
    assert refused(SigningKey.of_secret, secret) == (Reason.NOT_A_KEY, "secret")


def test_a_key_is_not_shown() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert SigningKey.of_secret(KEY.secret).public_key == KEY.public_key
