"""Keccak-256 is SHA3-256 but for its padding."""

from hashlib import sha3_256

import pytest

from facts.keccak import hash_keccak

SHA3_PADDING = 0x06


@pytest.mark.parametrize("length", [0, 1, 55, 134, 135, 136, 137, 271, 272, 1000])
def test_the_sponge_is_that_of_the_standard_library(length: int) -> None:
    data = bytes(place * 7 % 256 for place in range(length))
    assert hash_keccak(data, SHA3_PADDING) == sha3_256(data).digest()
    assert hash_keccak(data) != sha3_256(data).digest()


def test_the_digest_of_nothing_is_the_one_that_ethereum_has() -> None:
    # The code hash of an account without code: Ethereum Yellow Paper, section 4.1, KEC(()).
    assert hash_keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
