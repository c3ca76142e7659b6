"""``ringfence r1cs``, ``wtns`` and ``zkey``, as their user runs them."""

import json
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from ringfence.cli.terminal import make_printable
from tests.snark import small_files as small

SECRET = 987654321


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "circuit.r1cs").write_bytes(small.r1cs_file())
    (tmp_path / "circuit.sym").write_bytes(small.SYM_FILE)
    (tmp_path / "good.wtns").write_bytes(small.wtns_file())
    (tmp_path / "bad.wtns").write_bytes(small.wtns_file((1, SECRET, 10, 3, 30)))
    (tmp_path / "short.wtns").write_bytes(small.wtns_file((1, 33, 10, 3)))
    (tmp_path / "key.zkey").write_bytes(small.zkey_file())
    return tmp_path


def read_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = run([*arguments, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return code, document


def test_a_circuit_is_described(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, facts = read_json(capsys, "r1cs", "info", str(folder / "circuit.r1cs"))
    assert code == ExitCode.YES
    assert (facts["wires"], facts["constraints"], facts["outputs"], facts["terms_a"]) == (5, 2, 1, 3)
    assert run(["r1cs", "info", str(folder / "circuit.r1cs")]) == ExitCode.YES
    assert run(["r1cs", "check", str(folder / "circuit.r1cs")]) == ExitCode.YES


@pytest.mark.parametrize("group", ["r1cs", "wtns"])
def test_an_honest_witness_is_a_yes(group: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [group, "check", str(folder / "circuit.r1cs"), str(folder / "good.wtns")]
    code, report = read_json(capsys, *arguments)
    assert (code, report["satisfied"]) == (ExitCode.YES, True)
    assert run(arguments) == ExitCode.YES


@pytest.mark.parametrize("group", ["r1cs", "wtns"])
def test_a_broken_constraint_is_named_without_values(
    group: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [group, "check", str(folder / "circuit.r1cs"), str(folder / "bad.wtns")]
    arguments += ["--sym", str(folder / "circuit.sym")]
    code, report = read_json(capsys, *arguments)
    assert (code, report["satisfied"], report["constraint"]) == (ExitCode.NO, False, 1)
    assert report["reason"] == "F20_UNSATISFIED"
    assert report["text"] == "(main.c + main.a) * (1) = main.d"
    assert str(SECRET) not in json.dumps(report)
    assert run(arguments) == ExitCode.NO
    shown = capsys.readouterr()
    assert "constraint 1" in shown.out
    assert "main.inner.out" in shown.out
    assert str(SECRET) not in shown.out + shown.err


def test_values_are_shown_to_their_owner_who_asks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["r1cs", "check", str(folder / "circuit.r1cs"), str(folder / "bad.wtns"), "--show-values"]
    code, report = read_json(capsys, *arguments)
    assert (code, report["sides"]) == (ExitCode.NO, {"a": "33", "b": "1", "c": str(SECRET)})
    assert run(arguments) == ExitCode.NO
    assert str(SECRET) in capsys.readouterr().out


def test_files_that_do_not_belong_together_are_a_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = read_json(capsys, "wtns", "check", str(folder / "circuit.r1cs"), str(folder / "short.wtns"))
    error = report["error"]
    assert isinstance(error, dict)
    assert (code, error["reason"]) == (ExitCode.NO, "F21_FILES_DISAGREE")


def test_swapped_and_truncated_files_name_themselves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = read_json(capsys, "wtns", "check", str(folder / "good.wtns"), str(folder / "circuit.r1cs"))
    error = report["error"]
    assert isinstance(error, dict)
    assert (code, error["reason"]) == (ExitCode.MALFORMED, "F02_FOREIGN_FILE")
    assert (error["field"], error["found"]) == (str(folder / "good.wtns"), "a .wtns file (a witness)")
    (folder / "key.zkey").write_bytes(small.zkey_file()[:-1])
    code, report = read_json(capsys, "zkey", "info", str(folder / "key.zkey"))
    error = report["error"]
    assert isinstance(error, dict)
    assert (code, error["reason"]) == (ExitCode.MALFORMED, "F04_TRUNCATED")


def test_a_key_is_described_with_its_contributions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = read_json(capsys, "zkey", "info", str(folder / "key.zkey"))
    contributions = report["contributions"]
    assert isinstance(contributions, list)
    assert (code, report["variables"], report["domain"], report["coefficients"]) == (ExitCode.YES, 5, 8, 8)
    assert [each["name"] for each in contributions] == ["Ada", "moon"]
    assert contributions[1]["beacon"] == "0102030405060708"
    assert run(["zkey", "info", str(folder / "key.zkey")]) == ExitCode.YES


def test_a_stranger_s_name_is_not_obeyed_by_the_terminal() -> None:
    assert make_printable("Ada\x1b[2J\u202e") == "Ada\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
