"""``ringfence store``, as an operator uses it."""

import json
from pathlib import Path
from typing import Any

import pytest

from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.sealed_file import Cost
from ringfence.cli.entry import run
from tests.verifier.backups import SIGNER, Desk
from tests.verifier.claims import IDENTITY, NOON
from tests.verifier.postgresql_server import Server
from verifier.log import sign_head

CHEAP = Cost(log2_n=14)
KEY = SIGNER.public_key.hex()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


class Commands:
    """The commands on the files of a desk."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self._witness = ["--witness", str(desk.folder / "witness"), "--log-key", KEY]
        self._capsys = capsys

    def __call__(self, *arguments: object, code: int = 0, witnessed: bool = True) -> dict[str, Any]:
        options = self._witness if witnessed else []
        assert run(["store", *map(str, arguments), *options, "--json"]) == code
        found: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return found["error"] if code else found


@pytest.fixture
def store(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(desk, capsys)


def test_a_store_is_made_once_and_then_found(tmp_path: Path, store: Commands) -> None:
    path, new = tmp_path / "new.db", ("--domain", IDENTITY.domain, "--origin", IDENTITY.origin)
    assert store("upgrade", path, witnessed=False, code=2)["reason"] == "NOT_READABLE"
    assert not path.exists()
    made = store("upgrade", path, *new, witnessed=False)
    assert (made["domain"], made["entries"]) == (IDENTITY.domain, 0)
    assert path.stat().st_mode & 0o777 == 0o600
    assert store("upgrade", path, witnessed=False) == made
    other = ("--domain", "other.example", "--origin", IDENTITY.origin)
    assert store("upgrade", path, *other, witnessed=False, code=1)["reason"] == "WRONG_CONTEXT"


def test_a_copy_there_and_back(desk: Desk, store: Commands, tmp_path: Path) -> None:
    desk.accept(1, 2, 3)
    path = desk.folder / "store.db"
    whole = store("verify", path)
    assert whole["entries"] == 3
    assert store("backup", path, tmp_path / "copy") == whole
    assert store("restore", tmp_path / "copy", tmp_path / "again.db") == whole
    assert store("verify", tmp_path / "again.db") == whole
    assert store("restore", tmp_path / "copy", tmp_path / "again.db", code=2)["reason"] == "WRONG_SCHEMA"


def test_a_copy_moves_to_a_server(desk: Desk, store: Commands, tmp_path: Path, server: Server) -> None:
    desk.accept(1, 2, 3)
    address = server.new_schema()
    whole = store("backup", desk.folder / "store.db", tmp_path / "copy")
    assert store("restore", tmp_path / "copy", address) == whole
    assert store("verify", address) == whole


def test_an_old_copy_needs_the_word_of_an_operator(desk: Desk, store: Commands, tmp_path: Path) -> None:
    desk.accept(1, 2, 3)
    store("backup", desk.folder / "store.db", tmp_path / "copy")
    desk.accept(4, 5)
    again = tmp_path / "again.db"
    refusal = store("restore", tmp_path / "copy", again, code=1)
    assert refusal["reason"] == "LOG_SHRUNK"
    assert "gives up 2 entries" in refusal["expected"]
    assert store("restore", tmp_path / "copy", again, "--give-up", 1, code=1)["reason"] == "LOG_SHRUNK"
    assert store("restore", tmp_path / "copy", again, "--give-up-unknown", code=1)["reason"] == "LOG_SHRUNK"
    both = ("--give-up", 2, "--give-up-unknown")
    assert store("restore", tmp_path / "copy", again, *both, code=2)["reason"] == "CONFLICTING_FIELDS"
    assert not list(tmp_path.glob("again*"))
    assert store("restore", tmp_path / "copy", again, "--give-up", 2)["entries"] == 3
    assert json.loads((desk.folder / "witness.losses").read_text())["lost_entries"] == 2


def test_a_store_is_told_apart_from_what_is_broken(desk: Desk, store: Commands) -> None:
    desk.accept(*range(1, 40))
    path = desk.folder / "store.db"
    desk.database.close()
    content = bytearray(path.read_bytes())
    for place in range(4096 * 3, len(content), 4096):
        content[place + 40 : place + 60] = bytes(20)
    path.write_bytes(content)
    assert store("verify", path, code=4)["kind"] == "internal"


def test_a_witness_goes_with_its_keys(desk: Desk, store: Commands, tmp_path: Path) -> None:
    desk.accept(1)
    path, witness = desk.folder / "store.db", ("--witness", desk.folder / "witness")
    folder = KeyFolder(tmp_path / "keys")
    folder.create("log-1", Role.LOG, Algorithm.ED25519, "words", moment=NOON, cost=CHEAP)
    for options, code, reason in (
        ((), 2, "CONFLICTING_FIELDS"),
        (("--log-key", KEY, "--keys", folder.path), 2, "CONFLICTING_FIELDS"),
        (("--log-key", "text"), 3, "NOT_READABLE"),
        (("--keys", folder.path), 1, "WRONG_SIGNATURE"),
    ):
        assert store("verify", path, *witness, *options, witnessed=False, code=code)["reason"] == reason
    others = ("--log-key", folder.read().keys[0].public_key.hex(), "--log-key", KEY)
    assert store("verify", path, *witness, *others, witnessed=False)["entries"] == 1
    signed = sign_head(desk.ledger.head, folder.open(folder.read().keys[0], "words"))
    (desk.folder / "witness").write_text(signed.note)
    assert store("verify", path, *witness, "--keys", folder.path, witnessed=False)["entries"] == 1


def test_without_a_witness_the_age_of_a_store_is_not_known(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.accept(1)
    assert run(["store", "verify", str(desk.folder / "store.db")]) == 0
    assert "a witness alone can tell" in " ".join(capsys.readouterr().err.split())
