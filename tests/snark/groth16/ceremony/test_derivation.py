"""What follows from a hash follows in the same way here and in snarkjs."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER, TWIST_CONSTANT
from snark.bn254.encoding import add_pairs, encode_g1_evm, encode_g2_evm, multiply_pairs
from snark.bn254.points import G2, G2_INFINITY
from snark.errors import MalformedError, Reason
from snark.groth16.ceremony.blake2b import ResumableBlake2b
from snark.groth16.ceremony.derivation import ChaCha20, add_on_twist, hash_to_g2, multiply_on_twist, stretch_beacon

DERIVATIONS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("derivations.json").read_text())["derivations"]


@pytest.mark.parametrize("vector", DERIVATIONS, ids=lambda vector: vector["seed"][:8])
def test_a_stream_names_the_numbers_and_points_that_snarkjs_finds(vector: dict[str, Any]) -> None:
    stream = ChaCha20(bytes.fromhex(vector["seed"]))
    words = [stream.next_u32() for _ in range(40)]
    assert words[:20] + words[-1:] == vector["words"]
    assert str(stream.next_scalar()) == vector["scalar"]
    assert encode_g1_evm(stream.next_g1()).hex() == vector["g1"]
    assert encode_g2_evm(stream.next_g2()).hex() == vector["g2"]
    assert str(stream.next_scalar()) == vector["scalar_after"]


def test_the_keystream_is_that_of_the_published_vector() -> None:
    """RFC 8439, A.1, vector 1; a word is read there as little-endian bytes."""
    stream = ChaCha20(bytes(32))
    keystream = b"".join(stream.next_u32().to_bytes(4, "little") for _ in range(16))
    assert keystream.hex().startswith("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7")


def test_a_point_named_by_a_hash_has_order_r() -> None:
    point = hash_to_g2(hashlib.blake2b(b"anything").digest())
    assert not point.infinity
    assert multiply_on_twist(point, GROUP_ORDER) == G2_INFINITY
    cubed = multiply_pairs(multiply_pairs(point.x, point.x), point.x)
    assert multiply_pairs(point.y, point.y) == add_pairs(cubed, TWIST_CONSTANT)


@given(st.integers(0, 40), st.integers(0, 40))
def test_multiplication_on_the_twist_adds_up(first: int, second: int) -> None:
    one, other = multiply_on_twist(G2, first), multiply_on_twist(-G2, second)
    expected = multiply_on_twist(G2 if first >= second else -G2, abs(first - second))
    assert add_on_twist(one, other) == add_on_twist(other, one) == expected


def test_a_beacon_is_hashed_as_often_as_it_says() -> None:
    digest = b"beacon"
    for _ in range(1 << 10):
        digest = hashlib.sha256(digest).digest()
    assert stretch_beacon(b"beacon", 10) == digest


@given(st.binary(max_size=700), st.integers(0, 700), st.integers(0, 700))
def test_a_hash_can_be_stopped_and_continued(data: bytes, first: int, second: int) -> None:
    cuts = sorted((min(first, len(data)), min(second, len(data))))
    hasher = ResumableBlake2b().update(data[: cuts[0]])
    hasher = ResumableBlake2b.resume(hasher.state()).update(data[cuts[0] : cuts[1]])
    hasher = ResumableBlake2b.resume(hasher.state()).update(data[cuts[1] :])
    assert hasher.digest() == hashlib.blake2b(data).digest()


def test_a_state_that_is_none_is_refused() -> None:
    state = bytearray(ResumableBlake2b().update(bytes(200)).state())
    state[200] = 129
    with pytest.raises(MalformedError) as refused:
        ResumableBlake2b.resume(bytes(state))
    assert refused.value.reason is Reason.F18_CONTRIBUTION_RECORD
