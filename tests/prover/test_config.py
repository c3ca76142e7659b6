"""Settings of a prover that serves: keys by table, bounds, and no address but a private one without TLS."""

from dataclasses import fields
from pathlib import Path

import pytest

from prover.config import ProverSettings, Proving
from prover.provable import KeyFile
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode
from serving.config import list_keys, read_configuration
from serving.errors import MalformedError, MisuseError, Reason, ServingError
from serving.settings import Settings

ROOT = Path(__file__).parents[2]
OF_ANY_SERVER = {field.name for field in fields(Settings)}
HASH = "ab" * 32


def table(folder: Path, content: str) -> Path:
    path = folder / "keys.toml"
    path.write_text(content)
    return path


def test_keys_are_found_from_the_folder_of_their_table(tmp_path: Path) -> None:
    path = table(tmp_path, f'[perp-k1]\nzkey = "a.zkey"\nsha256 = "{HASH}"\n')
    statements = Proving(keys=path, development=("perp-k0",)).list_statements()
    assert statements == {"perp-k0": None, "perp-k1": KeyFile(tmp_path / "a.zkey", HASH)}
    assert list(statements) == ["perp-k0", "perp-k1"], "in the order of the catalogue"


@pytest.mark.parametrize(
    "content",
    [
        "x",
        f'[perp-k9]\nzkey = "a"\nsha256 = "{HASH}"\n',
        f'[perp-k1]\nsha256 = "{HASH}"\n',
        '[perp-k1]\nzkey = "a"\n',
        '[perp-k1]\nzkey = "a"\nsha256 = "ab"\n',
        f'[perp-k1]\nzkey = "a"\nsha256 = "{HASH.upper()}"\n',
        f'[perp-k1]\nzkey = "a"\nsha256 = "{HASH}"\nmore = 1\n',
        "perp-k1 = 1\n",
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        Proving(keys=table(tmp_path, content)).list_statements()
    assert refusal.value.field.startswith("proving.keys")


def test_a_statement_has_one_key(tmp_path: Path) -> None:
    path = table(tmp_path, f'[perp-k1]\nzkey = "a.zkey"\nsha256 = "{HASH}"\n')
    with pytest.raises(MisuseError):
        Proving(keys=path, development=("perp-k1",)).list_statements()


def test_a_prover_of_nothing_is_refused() -> None:
    with pytest.raises(MisuseError) as refusal:
        Proving().list_statements()
    assert refusal.value.reason is Reason.MISSING_KEY


@pytest.mark.parametrize(
    "flag",
    [
        "proving.workers=0",
        "proving.threads=-1",
        "proving.multiples_bytes=-1",
        "proving.development=perp-k9",
        "operations.queue=0",
        "operations.kept=7",
        "operations.attempts=0",
        "operations.longest_milliseconds=86400001",
        "listen.plaintext=true,listen.address=0.0.0.0:1",
        "operations.more=1",
    ],
)
def test_a_setting_out_of_its_bounds_is_refused(flag: str) -> None:
    with pytest.raises(ServingError):
        read_configuration(ProverSettings, flags=flag.split(",") if "listen" in flag else [flag])


@pytest.mark.parametrize("flags", [["listen.plaintext=true"], ["proving.development=perp-k0"]])
def test_settings_that_do_not_suffice_are_refused_before_a_wallet_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    """No statements, and neither TLS nor a word that there is none."""
    monkeypatch.chdir(tmp_path)
    arguments = [part for flag in flags for part in ("--set", flag)]
    assert run(["prover", "serve", *arguments]) == ExitCode.MISUSE
    assert list(tmp_path.iterdir()) == []
    assert run(["prover", "serve", *arguments, "--print-config"]) == ExitCode.YES


def test_every_setting_is_on_the_page() -> None:
    page = (ROOT / "docs" / "prover.md").read_text()
    own = [key for key in list_keys(ProverSettings) if key.name.partition(".")[0] not in OF_ANY_SERVER]
    assert len(own) > 15
    for key in own:
        default = str(key.default).lower() if isinstance(key.default, bool) else key.default
        told = f"`{default}`" if default not in {None, ()} else "`[]`" if default == () else ""
        assert f"| `{key.name}` | {told} |".replace("|  |", "| |") in page, key.name


def test_cores_are_shared_by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [Proving(workers=workers).threads_of_each for workers in (1, 2, 3, 16)] == [8, 4, 2, 1]
    assert Proving(workers=2, threads=3).threads_of_each == 3
