"""The vectors of EIP-196 and EIP-197 through the operations of both backends."""

import pytest

from snark.bn254.backend import BackendName, CurveBackend
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import G1_BYTES, G2_BYTES, decode_g1_evm, decode_g2_evm, encode_g1_evm
from tests.snark.shared_vectors import load, needs_vectors

PAIR = G1_BYTES + G2_BYTES
SLOW_PAIRS = 1

Vector = dict[str, str]


def named(vector: Vector) -> str:
    return vector["Name"]


def padded(text: str, length: int) -> bytes:
    """Input as the precompiles read it: zeros follow what is short, what is too long is not read."""
    return bytes.fromhex(text).ljust(length, b"\0")[:length]


@needs_vectors
@pytest.mark.parametrize("vector", load("bn256Add.json"), ids=named)
def test_addition(curve: CurveBackend, vector: Vector) -> None:
    data = padded(vector["Input"], 2 * G1_BYTES)
    total = curve.add_g1(decode_g1_evm(data[:G1_BYTES]), decode_g1_evm(data[G1_BYTES:]))
    assert encode_g1_evm(total).hex() == vector["Expected"]


@needs_vectors
@pytest.mark.parametrize("vector", load("bn256ScalarMul.json"), ids=named)
def test_multiplication(curve: CurveBackend, vector: Vector) -> None:
    data = padded(vector["Input"], G1_BYTES + 32)
    scalar = int.from_bytes(data[G1_BYTES:], "big") % GROUP_ORDER
    assert encode_g1_evm(curve.multiply_g1(decode_g1_evm(data[:G1_BYTES]), scalar)).hex() == vector["Expected"]


@needs_vectors
@pytest.mark.parametrize("vector", load("bn256Pairing.json"), ids=named)
def test_pairing(curve: CurveBackend, vector: Vector) -> None:
    data = bytes.fromhex(vector["Input"])
    if curve.name is BackendName.REFERENCE and len(data) > SLOW_PAIRS * PAIR:
        pytest.skip("each further pair takes the reference half a second; the slow suite has them")
    assert_pairing(curve, vector)


@needs_vectors
@pytest.mark.slow
@pytest.mark.parametrize("vector", load("bn256Pairing.json"), ids=named)
def test_every_pairing(curve: CurveBackend, vector: Vector) -> None:
    assert_pairing(curve, vector)


def assert_pairing(curve: CurveBackend, vector: Vector) -> None:
    data = bytes.fromhex(vector["Input"])
    chunks = [data[start : start + PAIR] for start in range(0, len(data), PAIR)]
    pairs = [(decode_g1_evm(chunk[:G1_BYTES]), decode_g2_evm(chunk[G1_BYTES:])) for chunk in chunks]
    assert curve.is_pairing_product_one(pairs) == bool(int(vector["Expected"], 16))
