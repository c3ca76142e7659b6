"""The groth16 commands as their user runs them: proofs made, verified, refused with a number, exported."""

import json
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from snark.groth16.formats.proof_json import read_proof
from tests.snark.shared_vectors import VECTORS, needs_vectors

pytestmark = needs_vectors

PLACES = ("verification_key.json", "public.json", "proof_1.json", "proof_2.json", "circuit_final.zkey", "witness.wtns")


@pytest.fixture
def published() -> dict[str, Path]:
    return {name: VECTORS / "groth16" / "rapidsnark" / name for name in PLACES}


def ask(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, object]]:
    code = run([*(str(argument) for argument in arguments), "--json"])
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return code, document


def verify(capsys: pytest.CaptureFixture[str], vkey: Path, public: Path, proof: Path) -> tuple[int, dict[str, object]]:
    return ask(capsys, "groth16", "verify", "--vkey", vkey, "--public", public, "--proof", proof)


def test_a_valid_proof_answers_yes(published: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    vkey, public, proof = (published[name] for name in PLACES[:3])
    code, answer = verify(capsys, vkey, public, proof)
    assert (code, answer["valid"]) == (ExitCode.YES, True)
    pinned = ("groth16", "verify", "--vkey", published["verification_key.json"], "--public", published["public.json"])
    assert ask(capsys, *pinned, "--proof", published["proof_1.json"], "--key-id", str(answer["key_id"]))[0] == 0
    code, refused = ask(capsys, *pinned, "--proof", published["proof_1.json"], "--key-id", "0" * 64)
    assert (code, reason(refused)) == (ExitCode.NO, "V23_KEY_NOT_PINNED")


def reason(document: dict[str, object]) -> str:
    error = document["error"]
    assert isinstance(error, dict)
    return str(error["reason"])


def test_another_statement_answers_no_with_a_number(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = json.loads(published["public.json"].read_text())
    other = tmp_path / "public.json"
    other.write_text(json.dumps([str(int(inputs[0]) + 1), *inputs[1:]]))
    code, document = verify(capsys, published["verification_key.json"], other, published["proof_1.json"])
    assert code == ExitCode.NO
    assert reason(document).startswith("V")


def test_a_malformed_proof_is_malformed(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "proof.json"
    broken.write_text(published["proof_1.json"].read_text()[:-20])
    code, document = verify(capsys, published["verification_key.json"], published["public.json"], broken)
    assert (code, reason(document)) == (ExitCode.MALFORMED, "V01_NOT_READABLE")


def test_a_batch_names_its_bad_lines(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof, public = (json.loads(published[name].read_text()) for name in ("proof_1.json", "public.json"))
    wrong = [str(int(public[0]) + 1), *public[1:]]
    numbers = [int(public[0]), *public[1:]]
    lines = [{"proof": proof, "public": public}] * 6
    lines[2] = {"proof": proof, "public": wrong}
    lines[4] = {"proof": proof, "public": numbers}
    claims = tmp_path / "claims.ndjson"
    claims.write_text("\n".join(map(json.dumps, lines)) + "\n")
    code, answer = ask(capsys, "groth16", "verify-batch", claims, "--vkey", published["verification_key.json"])
    refused = answer["refused"]
    assert isinstance(refused, list)
    assert [each["line"] for each in refused] == [3, 5]
    assert (code, answer["claims"], answer["valid"]) == (ExitCode.MALFORMED, 6, 4)
    claims.write_text("\n".join(map(json.dumps, lines[:2])) + "\n")
    assert ask(capsys, "groth16", "verify-batch", claims, "--vkey", published["verification_key.json"])[0] == 0


@pytest.mark.native
def test_what_is_proved_is_verified_and_exported(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vkey, public, proof = tmp_path / "vkey.json", tmp_path / "public.json", tmp_path / "proof.json"
    key = ("--zkey", published["circuit_final.zkey"])
    made = ("--proof", proof, "--public", public)
    code, _ = ask(capsys, "groth16", "prove", *key, "--wtns", published["witness.wtns"], "--no-tables", *made)
    assert code == ExitCode.YES
    assert public.read_bytes() == published["public.json"].read_bytes()
    assert ask(capsys, "groth16", "export-vkey", *key, "--vkey", vkey)[0] == ExitCode.YES
    assert json.loads(vkey.read_text()) == json.loads(published["verification_key.json"].read_text())
    assert verify(capsys, vkey, public, proof)[0] == ExitCode.YES
    code, exported = ask(capsys, "groth16", "export-calldata", *made)
    assert exported["proof"] == f"0x{read_proof(proof).encode().hex()}"


@pytest.mark.native
def test_a_key_that_nobody_contributed_to_gives_no_verifying_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey = VECTORS / "groth16" / "snarkjs_setup_pot8" / "uncontributed.zkey"
    vkey = tmp_path / "vkey.json"
    code, document = ask(capsys, "groth16", "export-vkey", "--zkey", zkey, "--vkey", vkey)
    assert (code, vkey.exists()) == (ExitCode.NO, False)
    assert reason(document).startswith("V")
