"""A folder of keys: which is in use, which are believed, and that standing only gets worse."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.key_file import Algorithm, Role, create_key
from facts.key_set import MAX_BELIEVED, KeyFolder, KeySet, ListedKey, Standing, read_key_set
from facts.sealed_file import Cost
from margin.documents.reading import parse_json
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import NOW, key_of

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of keys made for a test
USE = (Role.ATTESTATION, Algorithm.ED25519)


def listed(name: str, standing: Standing = Standing.VALID, since: int = NOW, role: Role = USE[0]) -> ListedKey:
    return ListedKey(name, role, Algorithm.ED25519, key_of(name).public_key, standing, since)


def names(keys: tuple[ListedKey, ...]) -> list[str]:
    return [key.name for key in keys]


def test_the_first_one_that_is_valid_is_in_use() -> None:
    keys = KeySet((listed("a"), listed("b"), listed("c"), listed("log", role=Role.LOG)))
    assert keys.in_use(*USE) == keys.keys[0]
    assert names(keys.believed(*USE)) == ["a", "b", "c"]
    keys = keys.worsen("a", Standing.RETIRED, NOW + 1)
    assert keys.in_use(*USE) == keys.find("b")
    assert names(keys.believed(*USE)) == ["b", "c", "a"]
    keys = keys.worsen("b", Standing.RETIRED, NOW + 2)
    assert names(keys.believed(*USE)) == ["c", "b", "a"]
    keys = keys.worsen("b", Standing.REVOKED, NOW + 3).worsen("c", Standing.REVOKED, NOW + 3)
    assert keys.in_use(*USE) is None
    assert names(keys.believed(*USE)) == ["a"]
    assert keys.revoked == {key_of("b").public_key, key_of("c").public_key}
    assert keys.in_use(Role.LOG, Algorithm.ED25519) == keys.find("log")


@pytest.mark.parametrize("worse", [Standing.RETIRED, Standing.REVOKED])
def test_standing_only_gets_worse(worse: Standing) -> None:
    keys = KeySet((listed("a"),)).worsen("a", worse, NOW + 1)
    assert keys.worsen("a", worse, NOW + 5) is keys
    better = [Standing.VALID] + ([Standing.RETIRED] if worse is Standing.REVOKED else [])
    for standing in better:
        assert refused(keys.worsen, "a", standing, NOW + 2) == (Reason.WRONG_STATE, "standing")


def test_a_key_that_is_not_there_is_not_there() -> None:
    assert refused(KeySet().find, "a") == (Reason.NOT_A_KEY, "name")


def test_each_key_is_there_once() -> None:
    assert refused(KeySet, (listed("a"), listed("a")))[0] is Reason.DUPLICATE_FIELD
    other = replace(listed("a"), name="b")
    assert refused(KeySet, (listed("a"), other)) == (Reason.DUPLICATE_FIELD, "keys.public_key")


def test_no_more_are_believed_than_a_reader_has_room_for() -> None:
    keys = tuple(listed(f"key-{number}") for number in range(MAX_BELIEVED))
    KeySet(keys)
    assert refused(KeySet, (*keys, listed("more"))) == (Reason.WRONG_COUNT, "keys")
    KeySet((*keys, listed("more", Standing.REVOKED)))


@pytest.mark.parametrize("name", ["", "A", ".a", "a/b", "..", "a" * 65, "a b", "-a"])
def test_a_name_is_the_name_of_a_file(name: str) -> None:
    assert refused(replace, listed("a"), name=name) == (Reason.NOT_READABLE, "name")


# --- The folder --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    made.create("a", *USE, PASSPHRASE, moment=NOW, cost=CHEAP)
    made.create("b", *USE, PASSPHRASE, moment=NOW + 1, cost=CHEAP)
    return made


def test_keys_are_found_as_they_were_made(folder: KeyFolder) -> None:
    keys = folder.read()
    assert names(keys.keys) == ["a", "b"]
    assert read_key_set(parse_json(keys.render())) == keys
    assert folder.open(keys.find("a"), PASSPHRASE).public_key == keys.find("a").public_key
    assert names(folder.retire("a", NOW + 5).believed(*USE)) == ["b", "a"]
    assert folder.revoke("a", NOW + 6) == folder.read()
    assert folder.read().find("a").since == NOW + 6


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_the_folder_is_its_owners(folder: KeyFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.path.iterdir()) == ["a.key", "b.key", "keys.json"]


def test_a_name_is_taken_once(folder: KeyFolder) -> None:
    before = folder.key_path("a").read_bytes()
    refusal = refused(folder.create, "a", *USE, PASSPHRASE, moment=NOW, cost=CHEAP)
    assert refusal == (Reason.DUPLICATE_FIELD, "name")
    assert folder.key_path("a").read_bytes() == before


def test_the_file_is_that_of_the_list(folder: KeyFolder) -> None:
    folder.key_path("a").unlink()
    create_key(folder.key_path("a"), *USE, PASSPHRASE, moment=NOW, cost=CHEAP)
    assert refused(folder.open, folder.read().find("a"), PASSPHRASE) == (Reason.NOT_A_KEY, "a")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"standing": "good"}, (Reason.NOT_A_CHOICE, "keys[0].standing")),
        ({"public_key": "xy"}, (Reason.NOT_READABLE, "keys[0].public_key")),
        ({"public_key": "00" * 32}, (Reason.NOT_A_KEY, "keys[0].public_key")),
        ({"algorithm": "secp256k1"}, (Reason.NOT_A_KEY, "keys[0].public_key")),
        ({"secret": "00"}, (Reason.UNKNOWN_FIELD, "keys[0].secret")),
        ({"since": 0}, (Reason.OUT_OF_BOUNDS, "keys[0].since")),
    ],
)
def test_another_list_is_refused(folder: KeyFolder, change: dict[str, Any], refusal: tuple[Reason, str]) -> None:
    document = json.loads(folder.list_path.read_text())
    document["keys"][0] |= change
    folder.list_path.write_text(json.dumps(document))
    assert refused(folder.read) == refusal


def test_there_is_no_list_where_there_is_none(tmp_path: Path) -> None:
    assert refused(KeyFolder(tmp_path).read)[0] is Reason.NOT_READABLE
