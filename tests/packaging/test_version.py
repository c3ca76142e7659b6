"""One version, wherever it is written."""

import re
import tomllib
from importlib import import_module

import pytest

import ringfence
from tests.packaging.sources import read, read_project

VERSION = read_project()["project"]["version"]


def test_the_package_says_the_version_of_the_distribution() -> None:
    assert ringfence.__version__ == VERSION


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    newest = re.search(r"^## (\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION


def test_the_crates_have_the_version_of_the_distribution() -> None:
    assert tomllib.loads(read("native/Cargo.toml"))["workspace"]["package"]["version"] == VERSION


@pytest.mark.native
@pytest.mark.parametrize("package", ["margin", "snark"])
def test_the_native_core_was_built_from_this_version(package: str) -> None:
    assert import_module(f"{package}._native").version() == VERSION
