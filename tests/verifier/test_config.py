"""What can be set of a verifier: read from all four places, printed, documented to the last key."""

from pathlib import Path

import pytest

from serving.config import list_keys, read_configuration
from serving.errors import ServingError
from serving.settings import Settings
from tests.packaging.sources import REPOSITORY
from verifier.config import VerifierSettings

FILE = """
[listen]
plaintext = true
[verifier]
name = "desk-1"
domain = "clearing.example"
keys = "keys.toml"
destinations = "destinations.toml"
trust = "trust.toml"
[store]
address = "store.db"
[log]
origin = "clearing.example/log"
witness = "witness"
[signing]
keys = "signing"
"""
PAGE = REPOSITORY / "docs" / "verifier" / "configuration.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "verifier.toml"
    path.write_text(FILE)
    return path


def own_keys() -> dict[str, object]:
    """The settings that are a verifier's alone, with their defaults."""
    general = {key.name for key in list_keys(Settings)}
    return {key.name: key.default for key in list_keys(VerifierSettings) if key.name not in general}


def test_what_is_printed_can_be_read_again(file: Path, tmp_path: Path) -> None:
    flags = ["work.batch=17", "verifier.development=true"]
    environment = {"RINGFENCE_WORK__BATCH": "3", "RINGFENCE_STORE__PATIENCE_SECONDS": "7"}
    found = read_configuration(VerifierSettings, file=file, environment=environment, flags=flags)
    settings = found.settings
    assert (settings.work.batch, settings.store.patience_seconds, settings.verifier.development) == (17, 7, True)
    assert (found.sources["work.batch"], found.sources["store.patience_seconds"]) == ("flag", "environment")
    printed = tmp_path / "printed.toml"
    printed.write_text(found.render())
    assert read_configuration(VerifierSettings, file=printed).settings == settings


def test_every_key_is_documented_with_its_default() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    told = {line.split("`")[1]: line.split("|")[2].strip().strip("`") for line in rows}
    spelled = {name: "" if value is None else str(value).lower() for name, value in own_keys().items()}
    assert told == spelled


@pytest.mark.parametrize(
    "flag",
    [
        "verifier.name=",
        f"verifier.name={'x' * 256}",
        "store.patience_seconds=0",
        "signing.most_in_a_minute=0",
        "work.batch=65537",
        "work.batch_threads=257",
        "work.keep_milliseconds=0",
        "work.watch_milliseconds=3600001",
        "work.stranger=1",
        "verifier.development=yes",
    ],
)
def test_what_is_out_of_bounds_or_unknown_is_refused(file: Path, flag: str) -> None:
    with pytest.raises(ServingError):
        read_configuration(VerifierSettings, file=file, flags=[flag])


@pytest.mark.parametrize("name", [name for name, default in own_keys().items() if default is None])
def test_what_has_no_default_has_to_be_said(file: Path, name: str) -> None:
    key = name.rpartition(".")[2]
    table = name.rpartition(".")[0]
    if name == "signing.passphrase_file":
        return
    text = FILE.replace(next(line for line in table_of(table).splitlines() if line.startswith(f"{key} =")), "")
    file.write_text(text)
    with pytest.raises(ServingError):
        read_configuration(VerifierSettings, file=file)


def table_of(name: str) -> str:
    """The lines of a table of the file."""
    return FILE.partition(f"[{name}]\n")[2].partition("[")[0]
