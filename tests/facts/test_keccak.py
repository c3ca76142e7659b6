"""Keccak-256 is SHA3-256 but for its padding."""

from hashlib import sha3_256

import pytest

from facts.keccak import hash_keccak


@pytest.mark.parametrize("length", [0, 135, 136, 137, 1000])
def test_it_is_not_what_the_standard_library_has(length: int) -> None:
    data = bytes(place * 7 % 256 for place in range(length))
    assert hash_keccak(data) != sha3_256(data).digest()


def test_the_digest_of_nothing_is_the_one_that_ethereum_has() -> None:
    # The code hash of an account without code: Ethereum Yellow Paper, section 4.1, KEC(()).
    assert hash_keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
