"""``ringfence ceremony`` and ``ringfence zkey verify``: a whole ceremony from the command line."""

import json
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from tests.snark import small_files as small

pytestmark = pytest.mark.native


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, object]]:
    code = run([*map(str, arguments), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return code, document


def hashes(document: dict[str, object]) -> list[str]:
    contributions = document["contributions"]
    assert isinstance(contributions, list)
    return [each["hash"] for each in contributions]


def test_a_ceremony_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    powers = [tmp_path / f"{index}.ptau" for index in range(4)]
    keys = [tmp_path / f"{index}.zkey" for index in range(3)]
    circuit = tmp_path / "circuit.r1cs"
    circuit.write_bytes(small.r1cs_file())
    assert run(["ceremony", "phase1", "new", "3", str(powers[0])]) == ExitCode.YES
    _, first = told(capsys, "ceremony", "phase1", "contribute", powers[0], powers[1], "--name", "Ada")
    _, second = told(capsys, "ceremony", "phase1", "beacon", powers[1], powers[2], "0x0102", "10")
    assert run(["ceremony", "phase1", "prepare", str(powers[2]), str(powers[3])]) == ExitCode.YES
    code, verified = told(capsys, "ceremony", "phase1", "verify", powers[3])
    assert (code, hashes(verified)) == (ExitCode.YES, [first["response_hash"], second["response_hash"]])

    assert run(["ceremony", "phase2", "setup", str(circuit), str(powers[3]), str(keys[0])]) == ExitCode.YES
    capsys.readouterr()
    _, third = told(capsys, "ceremony", "phase2", "contribute", keys[0], keys[1], "--name", "Grace")
    _, fourth = told(capsys, "ceremony", "phase2", "beacon", keys[1], keys[2], "0102", "10", "--name", "moon")
    for command in (["ceremony", "phase2", "verify"], ["zkey", "verify"]):
        code, verified = told(capsys, *command, circuit, powers[3], keys[2])
        assert code == ExitCode.YES
        assert hashes(verified) == [third["contribution_hash"], fourth["contribution_hash"]]
    assert run(["zkey", "verify", str(circuit), str(powers[3]), str(keys[2])]) == ExitCode.YES
    assert "valid" in capsys.readouterr().out

    code, refused = told(capsys, "zkey", "verify", circuit, powers[3], keys[0])
    error = refused["error"]
    assert isinstance(error, dict)
    assert (code, error["reason"]) == (ExitCode.NO, "C01_NO_CONTRIBUTION")


def test_a_beacon_is_hex(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.zkey").write_bytes(small.zkey_file())
    code, _ = told(capsys, "ceremony", "phase2", "beacon", tmp_path / "key.zkey", tmp_path / "new.zkey", "moon", "10")
    assert code == ExitCode.MISUSE
    assert not (tmp_path / "new.zkey").exists()


def test_long_work_tells_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines where nobody looks, and with --json nothing but the document."""
    before, after = tmp_path / "0.ptau", tmp_path / "1.ptau"
    assert run(["ceremony", "phase1", "new", "3", str(before)]) == ExitCode.YES
    command = ["ceremony", "phase1", "contribute", str(before), str(after), "--name", "Ada", "--threads", "2"]
    assert run(command) == ExitCode.YES
    assert "contributing: 100 %, 40 of 40 points\n" in capsys.readouterr().err
    assert run([*command, "--json"]) == ExitCode.YES
    streams = capsys.readouterr()
    assert (streams.err, list(json.loads(streams.out))) == ("", ["response_hash"])


def test_there_is_a_least_and_a_most_of_threads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "0.ptau"
    assert run(["ceremony", "phase1", "new", "3", str(path)]) == ExitCode.YES
    for threads in ("0", "100000"):
        code, refused = told(
            capsys, "ceremony", "phase1", "contribute", path, tmp_path / "1.ptau", "--name", "Ada", "--threads", threads
        )
        assert code == ExitCode.MISUSE
        assert "OUT_OF_BOUNDS" in json.dumps(refused)
    assert not (tmp_path / "1.ptau").exists()
