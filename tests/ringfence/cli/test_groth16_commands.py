"""The groth16 commands as their user runs them: proofs made, verified, refused with a number, exported."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from snark.groth16.formats.proof_json import read_proof
from tests.snark import small_files as small
from tests.snark.shared_vectors import REPOSITORY, VECTORS, needs_vectors

pytestmark = needs_vectors

PARTS = ("proof", "public")
EXAMPLES = REPOSITORY / "examples" / "circuit"
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


def test_a_key_becomes_a_contract(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vkey, contract = published["verification_key.json"], tmp_path / "Market.sol"
    asked = ("groth16", "export-solidity", "--vkey", vkey, "--out", contract)
    code, told = ask(capsys, *asked, "--name", "Market")
    assert (code, told["name"], told["contract"]) == (ExitCode.YES, "Market", str(contract))
    source = contract.read_text()
    assert f"KEY_ID = 0x{told['key_id']};" in source
    assert "contract Market {" in source
    assert "IS_FOR_DEVELOPMENT = false;" in source
    code, refused = ask(capsys, *asked, "--name", "Market { } contract Other")
    assert (code, reason(refused), contract.read_text()) == (ExitCode.MISUSE, "NOT_A_CHOICE", source)


@pytest.mark.native
def test_a_key_that_nobody_contributed_to_gives_no_verifying_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey = VECTORS / "groth16" / "snarkjs_setup_pot8" / "uncontributed.zkey"
    vkey = tmp_path / "vkey.json"
    code, document = ask(capsys, "groth16", "export-vkey", "--zkey", zkey, "--vkey", vkey)
    assert (code, vkey.exists()) == (ExitCode.NO, False)
    assert reason(document).startswith("V")


@pytest.fixture
def circuit(tmp_path: Path) -> Path:
    (tmp_path / "circuit.r1cs").write_bytes(small.r1cs_file())
    (tmp_path / "witness.wtns").write_bytes(small.wtns_file())
    return tmp_path / "circuit.r1cs"


@pytest.mark.native
def test_a_key_for_development_is_made_used_and_refused(
    circuit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey, vkey, public, proof = (tmp_path / name for name in ("d.zkey", "d.json", "public.json", "proof.json"))
    made = ("groth16", "setup", "--development", "--r1cs", circuit, "--zkey", zkey, "--vkey", vkey)
    code, key = ask(capsys, *made)
    assert (code, key["development"]) == (ExitCode.YES, True)
    prove = ("groth16", "prove", "--zkey", zkey, "--wtns", tmp_path / "witness.wtns", "--proof", proof)
    check = ("groth16", "verify", "--vkey", vkey, "--public", public, "--proof", proof)
    export = ("groth16", "export-vkey", "--zkey", zkey, "--vkey", tmp_path / "again.json")
    claims = tmp_path / "claims.ndjson"
    batch = ("groth16", "verify-batch", claims, "--vkey", vkey)
    ask(capsys, *prove, "--public", public, "--development")
    claims.write_text(json.dumps({name: json.loads((tmp_path / f"{name}.json").read_text()) for name in PARTS}) + "\n")
    for command in ((*prove, "--public", public), check, export, batch):
        code, refusal = ask(capsys, *command)
        assert (code, reason(refusal)) == (ExitCode.NO, "V24_DEVELOPMENT_KEY")
        code, answer = ask(capsys, *command, "--development")
        assert code == ExitCode.YES
        assert answer.get("development", True) is True
    assert run([*map(str, check), "--development"]) == ExitCode.YES
    assert "insecure" in capsys.readouterr().err
    code, described = ask(capsys, "zkey", "info", zkey)
    assert (code, described["development"]) == (ExitCode.YES, True)


@pytest.mark.native
@pytest.mark.parametrize("by_name", [False, True])
def test_set_up_takes_its_files_in_order_or_by_name(
    by_name: bool,  # noqa: FBT001
    circuit: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = (circuit, EXAMPLES / "powers.ptau", tmp_path / "0.zkey")
    named = [part for pair in zip(("--r1cs", "--ptau", "--zkey"), files, strict=True) for part in pair]
    code, answer = ask(capsys, "groth16", "setup", *(named if by_name else files))
    assert (code, len(str(answer["circuit_hash"]))) == (ExitCode.YES, 128)


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["a.r1cs"],
        ["a.r1cs", "b.ptau"],
        ["a.r1cs", "b.ptau", "c.zkey", "d"],
        ["--r1cs", "a.r1cs", "--zkey", "c.zkey"],
        ["a.r1cs", "--ptau", "b.ptau", "--zkey", "c.zkey"],
        ["--development", "a.r1cs", "b.ptau", "c.zkey"],
        ["--development", "--r1cs", "a.r1cs", "--ptau", "b.ptau", "--zkey", "c.zkey"],
        ["a.r1cs", "b.ptau", "c.zkey", "--vkey", "v.json"],
    ],
)
def test_set_up_with_other_files_is_misuse(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "groth16", "setup", *given)[0] == ExitCode.MISUSE


@pytest.mark.native
def test_a_proving_key_is_pinned_by_the_hash_of_its_file(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey, made = published["circuit_final.zkey"], ("--proof", tmp_path / "proof.json", "--public", tmp_path / "p.json")
    prove = ("groth16", "prove", "--zkey", zkey, "--wtns", published["witness.wtns"], "--no-tables", *made)
    assert ask(capsys, *prove, "--sha256", sha256(zkey.read_bytes()).hexdigest())[0] == ExitCode.YES
    code, document = ask(capsys, *prove, "--sha256", "0" * 64)
    assert (code, reason(document)) == (ExitCode.NO, "V23_KEY_NOT_PINNED")
    assert ask(capsys, *prove, "--sha256", "no hash")[0] == ExitCode.MISUSE


@pytest.mark.native
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_that_cannot_be_written_is_misuse_and_named(
    options: list[str], published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "nowhere" / "vkey.json")
    command = ["groth16", "export-vkey", "--zkey", str(published["circuit_final.zkey"]), "--vkey", nowhere, *options]
    assert run(command) == ExitCode.MISUSE
    told = capsys.readouterr()
    assert nowhere in told.out + told.err


@pytest.mark.native
def test_what_is_refused_names_its_file(
    published: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey, wtns = published["circuit_final.zkey"], published["witness.wtns"]
    absent = tmp_path / "absent"
    for key, witness, named in ((absent, wtns, absent), (zkey, absent, absent), (wtns, wtns, wtns), (zkey, zkey, zkey)):
        code, document = ask(capsys, "groth16", "prove", "--zkey", key, "--wtns", witness, "--no-tables")
        error = document["error"]
        assert isinstance(error, dict)
        assert (code, str(named) in str(error["field"])) == (ExitCode.MALFORMED, True)
