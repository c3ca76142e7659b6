"""snarkjs verifies the proofs of statements, reads their circuits, and takes their witnesses."""

from pathlib import Path

import pytest

from circuits.artifact import write_artifact
from circuits.catalogue import find_statement
from tests.interop.snarkjs import needs_snarkjs, run_snarkjs
from tests.prover.proofs import ROOT, Desk

pytestmark = [pytest.mark.slow, pytest.mark.native, needs_snarkjs]

EXAMPLES = {
    "leveraged-btc": "perp",
    "short-inverse": "perp",
    "basket": "perp",
    "request": "perp",
    "bear-put-spread": "defined_risk",
    "iron-condor": "defined_risk",
    "delta-hedged-strangle": "scenario",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_snarkjs_verifies_the_proof_of_an_example(name: str, tmp_path: Path, circuit_cache: Path) -> None:
    desk, document = Desk(tmp_path, circuit_cache), next((ROOT / "examples").rglob(f"{name}.json"))
    desk.commit(document)
    desk.prove(document, name=EXAMPLES[name])
    files = [tmp_path / "proof" / file for file in ("verification_key.json", "public.json", "proof.json")]
    assert "OK!" in run_snarkjs("groth16", "verify", *files)
    values = files[1].read_text()
    files[1].write_text(values.replace('"', '"1', 1))
    assert "OK!" not in run_snarkjs("groth16", "verify", *files, expected=1)


def test_snarkjs_reads_the_circuit(tmp_path: Path) -> None:
    artifact = write_artifact(find_statement("perp-k0"), tmp_path / "circuit")
    told = run_snarkjs("r1cs", "info", artifact.r1cs)
    assert f"# of Constraints: {artifact.interface.counts.constraints}" in told
    assert f"# of Public Inputs: {artifact.interface.counts.public_inputs}" in told
