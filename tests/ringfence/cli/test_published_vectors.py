"""What other tools made, and what was made bad of it, through the command line: exit codes and numbered reasons."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from snark.bn254.backend import BACKEND_VARIABLE
from snark.errors import Reason
from tests.snark.groth16.test_vectors import NEGATIVES, NUMBERED, PROOFS
from tests.snark.shared_vectors import VECTORS, list_vectors, name_vector, needs_vectors

pytestmark = needs_vectors

GROTH16 = VECTORS / "groth16"
LAST_MALFORMED: Final = Reason.V08_NUMBER_SPELLING
"""Up to this number what was given can't be read; after it, it can, and is not valid."""
SLOW_ON_THE_REFERENCE: Final = 12
"""Of so many bad cases one is tried on the reference in the quick suite: it needs a second for each."""

Answer = tuple[int, dict[str, Any]]


@pytest.fixture(params=[pytest.param("native", marks=pytest.mark.native), "reference"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each backend in turn, chosen as a user chooses it."""
    monkeypatch.setenv(BACKEND_VARIABLE, request.param)
    return str(request.param)


def ask(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Answer:
    code = run([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def reason_of(answer: dict[str, Any]) -> str:
    return str(answer["error"]["reason"])


def verify(vkey: Path, public: Path, proof: Path) -> list[str | Path]:
    return ["groth16", "verify", "--vkey", vkey, "--public", public, "--proof", proof]


def place_case(case: dict[str, Any], folder: Path) -> list[str | Path]:
    """The three files of a case, and the command that verifies them."""
    files = {name: folder / f"{name}.json" for name in ("vk", "public", "proof")}
    for name, path in files.items():
        path.write_text(json.dumps(case[name], ensure_ascii=False), encoding="utf-8")
    return verify(files["vk"], files["public"], files["proof"])


def expect(reason: Reason) -> tuple[ExitCode, str]:
    return (ExitCode.MALFORMED if reason.value <= LAST_MALFORMED.value else ExitCode.NO), reason.value


@pytest.mark.parametrize(("folder", "proof", "public"), PROOFS, ids=lambda part: Path(part).stem)
def test_proofs_of_other_tools_are_a_yes(
    backend: str, folder: str, proof: str, public: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = GROTH16 / folder
    code, answer = ask(capsys, *verify(here / "verification_key.json", here / public, here / proof))
    assert (code, answer["valid"], answer["development"]) == (ExitCode.YES, True, False), backend


def judge(case: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The case has the exit code and the reason that it has to have."""
    command, expected = place_case(case, folder), NUMBERED.get(case["name"].partition("/")[2])
    code, answer = ask(capsys, *command)
    if expected is not None:
        assert (code, reason_of(answer)) == expect(expected)
        return
    assert (code, answer["valid"]) == (ExitCode.YES, True)
    if case["expect"] == "reject_unless_pinned":
        code, answer = ask(capsys, *command, "--key-id", "0" * 64)
        assert (code, reason_of(answer)) == expect(Reason.V23_KEY_NOT_PINNED)


@pytest.mark.native
@pytest.mark.parametrize("case", NEGATIVES, ids=lambda case: case["name"].partition("/")[2])
def test_bad_and_malleated_variants(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(case, tmp_path, capsys)


def spread_over_suites() -> list[Any]:
    return [
        pytest.param(case, marks=() if index % SLOW_ON_THE_REFERENCE == 0 else pytest.mark.slow, id=case["name"])
        for index, case in enumerate(NEGATIVES)
    ]


@pytest.mark.parametrize("case", spread_over_suites())
def test_bad_and_malleated_variants_on_the_reference(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, "reference")
    judge(case, tmp_path, capsys)


@pytest.mark.native
def test_a_batch_of_all_cases_of_one_key_names_the_bad_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of one file, judged together, get the reasons that they get alone."""
    (honest,) = (case for case in NEGATIVES if case["expect"] == "reject_unless_pinned")
    source = next(case for case in NEGATIVES if case["expect"] == "accept_but_same_statement")
    cases = [case for case in NEGATIVES if case["vk"] == source["vk"]]
    assert honest["vk"] != source["vk"]
    key, claims = tmp_path / "vk.json", tmp_path / "claims.ndjson"
    key.write_text(json.dumps(source["vk"]))
    claims.write_text("".join(json.dumps({name: case[name] for name in ("proof", "public")}) + "\n" for case in cases))
    code, answer = ask(capsys, "groth16", "verify-batch", claims, "--vkey", key)
    reasons = [NUMBERED.get(case["name"].partition("/")[2]) for case in cases]
    expected = {line: reason.value for line, reason in enumerate(reasons, start=1) if reason is not None}
    assert {each["line"]: each["reason"] for each in answer["refused"]} == expected
    assert code == ExitCode.MALFORMED


KEYS = {
    "rapidsnark/circuit_final.zkey": None,
    "cosnarks_multiplier2/circuit.zkey": None,
    "snarkjs_setup_pot8/final.zkey": None,
    "snarkjs_setup_pot8/uncontributed.zkey": Reason.V21_KEY_GAMMA_DELTA,
    "cosnarks_poseidon/circuit.zkey": Reason.V21_KEY_GAMMA_DELTA,
}


@pytest.mark.parametrize("name", KEYS)
def test_published_keys_are_exported_or_refused(
    backend: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zkey, vkey, refusal = GROTH16 / name, tmp_path / "vkey.json", KEYS[name]
    code, answer = ask(capsys, "groth16", "export-vkey", "--zkey", zkey, "--vkey", vkey)
    if refusal is not None:
        assert (code, reason_of(answer), vkey.exists()) == (*expect(refusal), False), backend
        return
    assert code == ExitCode.YES
    assert json.loads(vkey.read_text()) == json.loads(zkey.with_name("verification_key.json").read_text())


def test_published_keys_that_anyone_can_forge_under_are_a_no(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, prefix, proof in (
        ("cosnarks_poseidon", "", "circom.proof"),
        ("snarkjs_setup_pot8", "uncontributed_", "uncontributed_proof.json"),
    ):
        here = GROTH16 / folder
        command = verify(here / f"{prefix}verification_key.json", here / f"{prefix}public.json", here / proof)
        code, answer = ask(capsys, *command)
        assert (code, reason_of(answer)) == expect(Reason.V21_KEY_GAMMA_DELTA), backend


@pytest.mark.parametrize("path", list_vectors("*/*.r1cs"), ids=name_vector)
def test_published_circuits_and_witnesses_are_in_order(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "r1cs", "info", path)[0] == ExitCode.YES
    for group in ("r1cs", "wtns"):
        code, answer = ask(capsys, group, "check", path, path.with_name("witness.wtns"))
        assert (code, answer["satisfied"]) == (ExitCode.YES, True)


@pytest.mark.native
@pytest.mark.parametrize("zkey", ["rapidsnark/circuit_final.zkey", "cosnarks_multiplier2/circuit.zkey"])
def test_published_witnesses_are_proved(zkey: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, proof, public = GROTH16 / zkey, tmp_path / "proof.json", tmp_path / "public.json"
    witness, made = key.with_name("witness.wtns"), ("--proof", proof, "--public", public, "--threads", "2")
    assert ask(capsys, "groth16", "prove", "--zkey", key, "--wtns", witness, "--no-tables", *made)[0] == ExitCode.YES
    assert json.loads(public.read_text()) == json.loads(key.with_name("public.json").read_text())
    assert ask(capsys, *verify(key.with_name("verification_key.json"), public, proof))[0] == ExitCode.YES
    assert ask(capsys, "groth16", "export-calldata", "--proof", proof, "--public", public)[0] == ExitCode.YES


def test_published_powers_are_verified(capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = ask(capsys, "ceremony", "phase1", "verify", GROTH16 / "snarkjs_setup_pot8" / "pot8_final.ptau")
    assert (code, answer["valid"]) == (ExitCode.YES, True)


FILES = [path for ending in ("r1cs", "wtns", "zkey", "ptau") for path in list_vectors(f"*/*.{ending}")]


def read_whole(path: Path) -> list[str | Path]:
    """The command that reads such a file."""
    circuit = GROTH16 / "cosnarks_multiplier2" / "circuit.r1cs"
    commands: dict[str, list[str | Path]] = {
        ".r1cs": ["r1cs", "info", path],
        ".wtns": ["wtns", "check", circuit, path],
        ".zkey": ["zkey", "info", path],
        ".ptau": ["ceremony", "phase1", "verify", path],
    }
    return commands[path.suffix]


@pytest.mark.parametrize("path", FILES, ids=name_vector)
def test_malformed_files_are_malformed_and_name_themselves(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, bad = path.read_bytes(), tmp_path / path.name
    foreign = {b"r1cs": b"wtns"}.get(data[:4], b"r1cs")
    for content, reason in (
        (b"", Reason.F04_TRUNCATED),
        (data[: len(data) // 2], Reason.F04_TRUNCATED),
        (data[:-1], Reason.F04_TRUNCATED),
        (data + b"\0", Reason.F05_TRAILING_BYTES),
        (foreign + data[4:], Reason.F02_FOREIGN_FILE),
        (b'{"protocol": "groth16"}', Reason.F02_FOREIGN_FILE),
        (data[:4] + b"\x09" + data[5:], Reason.F03_VERSION),
        (data[:8] + b"\xff" + data[9:], Reason.F06_TOO_MANY_SECTIONS),
    ):
        bad.write_bytes(content)
        code, answer = ask(capsys, *read_whole(bad))
        assert (code, reason_of(answer)) == (ExitCode.MALFORMED, reason.value)
        assert str(bad) in answer["error"]["field"]


@pytest.mark.parametrize("wrong", ["verification_key.json", "public.json", "circom.proof"])
@pytest.mark.parametrize("option", ["--vkey", "--public", "--proof"])
def test_swapped_documents_are_malformed_and_name_themselves(
    option: str, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = GROTH16 / "cosnarks_multiplier2"
    right = {"--vkey": "verification_key.json", "--public": "public.json", "--proof": "circom.proof"}
    if right[option] == wrong:
        return
    given = [part for name, file in (right | {option: wrong}).items() for part in (name, here / file)]
    code, answer = ask(capsys, "groth16", "verify", *given)
    assert code == ExitCode.MALFORMED
    assert str(here / wrong) in answer["error"]["field"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b"\0" * 9])
def test_documents_that_are_none_are_malformed(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, bad = GROTH16 / "cosnarks_multiplier2", tmp_path / "bad.json"
    bad.write_bytes(content)
    for command in (
        verify(bad, here / "public.json", here / "circom.proof"),
        verify(here / "verification_key.json", here / "public.json", bad),
    ):
        code, answer = ask(capsys, *command)
        assert (code, str(bad) in answer["error"]["field"]) == (ExitCode.MALFORMED, True)


@pytest.mark.slow
def test_a_handful_in_a_process_of_their_own(backend: str, tmp_path: Path) -> None:
    """What the other tests ask within this process is what a shell gets."""
    here = GROTH16 / "cosnarks_multiplier2"
    vkey, public, proof = here / "verification_key.json", here / "public.json", here / "circom.proof"
    other, cut = tmp_path / "public.json", tmp_path / "proof.json"
    other.write_text('["1"]')
    cut.write_bytes(proof.read_bytes()[:-9])
    for command, code, reason in (
        (verify(vkey, public, proof), ExitCode.YES, None),
        (verify(vkey, other, proof), ExitCode.NO, "V17_EQUATION_FAILS"),
        (verify(vkey, public, cut), ExitCode.MALFORMED, "V01_NOT_READABLE"),
        ([*verify(vkey, public, proof), "--nonsense"], ExitCode.MISUSE, "USAGE"),
    ):
        done = subprocess.run(  # noqa: S603 -- the interpreter of these tests
            [sys.executable, "-c", "from ringfence.cli.entry import main; main()", *map(str, command), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {BACKEND_VARIABLE: backend},
        )
        answer = json.loads(done.stdout)
        assert (done.returncode, answer.get("error", {}).get("reason")) == (code, reason), done.stderr
