"""``ringfence certs``."""

import json
from pathlib import Path

import pytest

from ringfence.cli.entry import run
from serving.roles import ROLES


def test_they_are_made_once_and_then_renewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "certificates")
    assert run(["certs", "dev", folder, "--name", "dns:verifier.example", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"authority", "server", "callers", *ROLES}
    before = {name: Path(path).read_bytes() for name, path in report.items()}
    assert run(["certs", "dev", folder, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "BAD_CERTIFICATE"
    assert run(["certs", "dev", folder, "--renew", "--days", "1"]) == 0
    after = {name: Path(path).read_bytes() for name, path in report.items()}
    assert {name for name in report if before[name] == after[name]} == {"authority", "callers"}
    assert "without a passphrase" in capsys.readouterr().out
