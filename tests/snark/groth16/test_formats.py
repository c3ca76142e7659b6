"""Keys, proofs and inputs as text and bytes: there and back, bounded, and refused with a name."""

import json
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName
from snark.bn254.encoding import CompressedLayout
from snark.errors import MalformedError, Reason, RejectedError
from snark.groth16.formats import proof_json, public_json
from snark.groth16.formats.calldata import decode_proof, encode_proof, format_solidity_arguments
from snark.groth16.formats.compressed import compress_proof, decompress_proof
from snark.groth16.formats.proof_json import format_proof, parse_proof, read_proof
from snark.groth16.formats.public_json import format_public, parse_public
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key
from snark.groth16.proof import MAX_INPUTS
from tests.snark.groth16.simulator import Simulator
from tests.snark.shared_vectors import VECTORS, needs_vectors

SIMULATOR = Simulator.of(2)
PROOFS = [SIMULATOR.prove((number, 1)) for number in range(8)]


@pytest.mark.parametrize("proof", PROOFS)
def test_a_proof_there_and_back(proof: object) -> None:
    assert isinstance(proof, type(PROOFS[0]))
    assert parse_proof(format_proof(proof)) == proof
    assert decode_proof(encode_proof(proof)) == proof
    assert len(encode_proof(proof)) == 256
    for layout in CompressedLayout:
        assert len(compress_proof(proof, layout)) == 128
        assert decompress_proof(compress_proof(proof, layout), layout) == proof


def test_layouts_are_not_mistaken_for_each_other() -> None:
    data = compress_proof(PROOFS[0], CompressedLayout.GNARK)
    with pytest.raises((MalformedError, RejectedError)):
        assert decompress_proof(data, CompressedLayout.ARKWORKS) == PROOFS[0]


def test_a_key_there_and_back(backend: BackendName) -> None:
    text = format_verifying_key(SIMULATOR.key, backend=backend)
    assert parse_verifying_key(text, backend=backend) == SIMULATOR.key
    assert json.loads(text)["nPublic"] == 2


@pytest.mark.parametrize("inputs", [(), (0,), (1, 2, 3)])
def test_inputs_there_and_back(inputs: tuple[int, ...]) -> None:
    assert parse_public(format_public(inputs)) == inputs


@needs_vectors
def test_solidity_arguments_are_those_of_snarkjs() -> None:
    """The expected text is what snarkjs 0.7.6 prints for this proof (soliditycalldata)."""
    proof = read_proof(VECTORS / "groth16" / "rapidsnark" / "proof_1.json")
    words = [f"0x{encode_proof(proof)[start : start + 32].hex()}" for start in range(0, 256, 32)]
    a0, a1, b00, b01, b10, b11, c0, c1 = (f'"{word}"' for word in words)
    five = '"0x' + "5".zfill(64) + '"'
    expected = f"[{a0}, {a1}],[[{b00}, {b01}],[{b10}, {b11}]],[{c0}, {c1}],[{five},{five}]"
    assert format_solidity_arguments(proof, (5, 5)) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.V01_NOT_READABLE),
        (b"\xff\xfe", Reason.V01_NOT_READABLE),
        (b"\xef\xbb\xbf[]", Reason.V01_NOT_READABLE),
        (b"[" * 5_000, Reason.V01_NOT_READABLE),
        (b'["1"', Reason.V01_NOT_READABLE),
        (b'["1"] tail', Reason.V01_NOT_READABLE),
        (b"[" + b"9" * 5_000 + b"]", Reason.V01_NOT_READABLE),
        (b"{}", Reason.V06_WRONG_SHAPE),
        (b"null", Reason.V06_WRONG_SHAPE),
        (b'"1"', Reason.V06_WRONG_SHAPE),
        (b'["1", ["2"]]', Reason.V06_WRONG_SHAPE),
        (b'{"a": 1, "a": 2}', Reason.V03_DUPLICATE_FIELD),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_list_of_inputs(data: bytes, reason: Reason) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_public(data)
    assert caught.value.reason is reason


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "proof.json"
    path.write_text(format_proof(PROOFS[0]) + " " * proof_json.MAX_BYTES)
    with pytest.raises(MalformedError) as caught:
        read_proof(path)
    assert caught.value.reason is Reason.V02_TOO_LARGE
    with pytest.raises(MalformedError) as caught:
        parse_proof(path.read_bytes())
    assert caught.value.reason is Reason.V02_TOO_LARGE
    with pytest.raises(MalformedError) as caught:
        read_proof(tmp_path / "absent.json")
    assert caught.value.reason is Reason.V01_NOT_READABLE
    monkeypatch.setattr(public_json, "MAX_INPUTS", 2)
    with pytest.raises(MalformedError) as caught:
        parse_public('["1", "2", "3"]')
    assert caught.value.reason is Reason.V02_TOO_LARGE


@pytest.mark.parametrize("count", [MAX_INPUTS + 1, -1, True, "2", 2.0, None])
def test_the_number_of_inputs_is_a_bounded_integer(count: object) -> None:
    document = json.loads(format_verifying_key(SIMULATOR.key))
    document["nPublic"] = count
    with pytest.raises(MalformedError):
        parse_verifying_key(json.dumps(document))


def test_an_error_echoes_no_flood() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_public(json.dumps(["x" * 100_000]))
    assert len(str(caught.value)) < 400
