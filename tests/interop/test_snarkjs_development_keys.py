"""snarkjs works with a key made for development as with any other, and hands its mark on."""

import json
from pathlib import Path

import pytest

from snark.errors import Reason, RejectedError
from snark.groth16.ceremony.development_key import make_development_key
from snark.groth16.formats.proof_json import format_proof, read_proof
from snark.groth16.formats.public_json import format_public, read_public
from snark.groth16.formats.verification_key import format_verifying_key, read_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from tests.interop.snarkjs import needs_snarkjs, run_snarkjs
from tests.snark import small_files as small

pytestmark = [pytest.mark.slow, pytest.mark.native, needs_snarkjs]

BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A circuit, a witness, a key made for development, and what snarkjs made of it."""
    here = tmp_path_factory.mktemp("development")
    (here / "circuit.r1cs").write_bytes(small.r1cs_file())
    (here / "witness.wtns").write_bytes(small.wtns_file())
    make_development_key(here / "circuit.r1cs", here / "key.zkey")
    run_snarkjs("zkey", "export", "verificationkey", here / "key.zkey", here / "vkey.json")
    run_snarkjs("zkey", "contribute", here / "key.zkey", here / "more.zkey", "--name=Ada", "-e=not secret")
    run_snarkjs("zkey", "beacon", here / "more.zkey", here / "final.zkey", BEACON, "10")
    run_snarkjs("zkey", "export", "verificationkey", here / "final.zkey", here / "final.json")
    return here


def require_marked(path: Path) -> None:
    with pytest.raises(RejectedError) as refusal:
        read_verifying_key(path)
    assert refusal.value.reason is Reason.V24_DEVELOPMENT_KEY


def test_the_key_that_snarkjs_exports_is_ours_and_marked(folder: Path) -> None:
    ours = extract_verifying_key(read_zkey(folder / "key.zkey"), allow_development_keys=True)
    assert json.loads((folder / "vkey.json").read_text()) == json.loads(format_verifying_key(ours))
    assert read_verifying_key(folder / "vkey.json", allow_development_keys=True).id == ours.id
    require_marked(folder / "vkey.json")


def test_contributions_of_snarkjs_leave_the_mark(folder: Path) -> None:
    require_marked(folder / "final.json")
    key = read_zkey(folder / "final.zkey")
    assert len(key.contributions) == 2
    assert key.circuit_hash.startswith(b"DEVELOPMENT KEY - INSECURE")


@pytest.mark.parametrize("name", ["key", "final"])
def test_proofs_go_both_ways(folder: Path, name: str, tmp_path: Path) -> None:
    zkey, vkey = folder / f"{name}.zkey", folder / {"key": "vkey.json", "final": "final.json"}[name]
    theirs = tmp_path / "proof.json", tmp_path / "public.json"
    run_snarkjs("groth16", "prove", zkey, folder / "witness.wtns", *theirs)
    key = read_verifying_key(vkey, allow_development_keys=True)
    assert verify_proof(key, read_public(theirs[1]), read_proof(theirs[0])).is_for_development
    proof, inputs = ProvingKey.open(zkey, allow_development_keys=True).prove(folder / "witness.wtns")
    ours = tmp_path / "ours.json", tmp_path / "inputs.json"
    ours[0].write_text(format_proof(proof))
    ours[1].write_text(format_public(inputs))
    assert "OK!" in run_snarkjs("groth16", "verify", vkey, ours[1], ours[0])
    assert "OK!" in run_snarkjs("groth16", "verify", vkey, theirs[1], theirs[0])


def test_a_contract_made_of_the_key_has_the_mark(folder: Path, tmp_path: Path) -> None:
    run_snarkjs("zkey", "export", "solidityverifier", folder / "key.zkey", tmp_path / "verifier.sol")
    gamma = extract_verifying_key(read_zkey(folder / "key.zkey"), allow_development_keys=True).gamma
    contract = (tmp_path / "verifier.sol").read_text()
    assert all(str(coordinate) in contract for coordinate in (*gamma.x, *gamma.y))
