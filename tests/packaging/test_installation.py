"""The distribution builds where there is no Rust, and everything it needs is inside."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.sources import REPOSITORY, list_files

pytestmark = pytest.mark.slow

UNREACHABLE = {
    "no cargo": {"CARGO": "cargo-is-not-here"},
    "no crate registry": {"CARGO_NET_OFFLINE": "true", "CARGO_HOME": "empty-cargo-home"},
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the repository's files: a build leaves its traces there and meets none of an earlier one."""
    for name in list_files():
        target = tmp_path / "sources" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target)
    return tmp_path / "sources"


def build_wheel(sources: Path, environment: dict[str, str]) -> set[str]:
    """The names inside the wheel that ``pip`` builds of ``sources``."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    wheels = sources.parent / "wheels"
    subprocess.run([*pip, "--wheel-dir", str(wheels), str(sources)], env=os.environ | environment, check=True)
    (wheel,) = wheels.glob("ringfence-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("missing", UNREACHABLE)
def test_a_wheel_builds_without_rust(sources: Path, missing: str) -> None:
    home = {name: value.replace("empty-", f"{sources}/empty-") for name, value in UNREACHABLE[missing].items()}
    inside = build_wheel(sources, home)
    assert not [name for name in inside if Path(name).suffix in {".so", ".pyd"}]
    packages = {"chains", "circuits", "facts", "margin", "prover", "ringfence", "serving", "snark", "verifier"}
    expected = {str(name) for name in list_files() if name.parts[0] in packages and "README" not in name.name}
    assert expected <= inside
