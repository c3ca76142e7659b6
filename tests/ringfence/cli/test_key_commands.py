"""``ringfence keys`` and ``ringfence attestation``."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.attestation import SignedAttestation
from facts.attestation_document import render_attestation
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.log_entry import Event, State
from facts.sealed_file import Cost
from facts.sealed_release import open_release_key, seal_release
from ringfence.cli.entry import run
from tests.facts.attestations import ACCEPTED, CHAIN_KEY, KEY, STRANGER, sign
from tests.facts.specimens import NOW

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of keys made for a test


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    made.create("first", Role.ATTESTATION, Algorithm.ED25519, PASSPHRASE, moment=NOW, cost=CHEAP)
    made.create("second", Role.ATTESTATION, Algorithm.ED25519, PASSPHRASE, moment=NOW, cost=CHEAP)
    return made


@pytest.fixture
def secret(tmp_path: Path) -> list[str]:
    path = tmp_path / "passphrase"
    path.touch(mode=0o600)
    path.write_text(f"{PASSPHRASE}\n")
    return ["--passphrase-file", str(path)]


def answer(
    capsys: pytest.CaptureFixture[str], command: Sequence[str], keys: Path | None = None, *, expected: int = 0
) -> Any:  # noqa: ANN401 - whatever JSON holds
    where = [] if keys is None else ["--keys", str(keys)]
    assert run([*command, *where, "--json"]) == expected
    return json.loads(capsys.readouterr().out)


# --- Keys ----------------------------------------------------------------------------------------------


def test_a_first_key_makes_its_folder(tmp_path: Path, secret: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "new"
    made = answer(capsys, ["keys", "new", "log-1", "--role", "log", *secret], keys)
    assert (made["name"], made["role"], made["algorithm"], made["in_use"]) == ("log-1", "log", "ed25519", True)
    assert answer(capsys, ["keys", "list"], keys) == {"keys": [{k: made[k] for k in made if k != "signs_now"}]}
    shown = answer(capsys, ["keys", "show", str(keys / "log-1.key"), "--check", *secret])
    assert (shown["public"], shown["checked"]) == (made["public"], True)


def test_a_venue_draws_the_key_that_opens_releases(tmp_path: Path, secret: list[str]) -> None:
    file, public = tmp_path / "release.key", tmp_path / "release.pub"
    assert run(["keys", "venue", str(file), "--public", str(public), *secret]) == 0
    key = open_release_key(file, PASSPHRASE)
    assert key.open(seal_release(b"a claim", bytes.fromhex(public.read_text().strip()))) == b"a claim"
    before = public.read_bytes()
    assert run(["keys", "venue", str(file), "--public", str(public), *secret]) != 0
    assert (public.read_bytes(), file.stat().st_mode & 0o777) == (before, 0o600)


def test_a_further_key_waits_until_it_is_needed(
    folder: KeyFolder, secret: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["keys", "new", "chain", "--role", "attestation", "--algorithm", "secp256k1", *secret]
    chain = answer(capsys, command, folder.path)
    assert len(bytes.fromhex(chain["public"].removeprefix("0x"))) == 20
    assert chain["signs_now"] == "chain"
    assert answer(capsys, ["keys", "retire", "first"], folder.path)["signs_now"] == "second"
    assert answer(capsys, ["keys", "revoke", "second"], folder.path)["signs_now"] is None
    listed = answer(capsys, ["keys", "list"], folder.path)["keys"]
    assert [key["standing"] for key in listed] == ["retired", "revoked", "valid"]
    refusal = answer(capsys, ["keys", "retire", "second"], folder.path, expected=1)
    assert refusal["error"]["reason"] == "WRONG_STATE"
    assert run(["keys", "list", "--keys", str(folder.path)]) == 0
    assert run(["keys", "revoke", "first", "--keys", str(folder.path)]) == 0
    assert "nothing is signed" in capsys.readouterr().err


def test_all_keys_of_a_folder_have_one_passphrase(
    folder: KeyFolder, secret: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(secret[1]).write_text("another\n")
    refusal = answer(capsys, ["keys", "new", "third", "--role", "log", *secret], folder.path, expected=1)
    assert refusal["error"]["reason"] == "WRONG_PASSPHRASE"
    assert not folder.key_path("third").exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["keys", "new", "first", "--role", "log"], 2),
        (["keys", "new", "../up", "--role", "log"], 3),
        (["keys", "new", "third", "--role", "log", "--algorithm", "secp256k1"], 2),
        (["keys", "new", "third"], 2),
        (["keys", "retire", "third"], 2),
        (["keys", "revoke", "third"], 2),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    folder: KeyFolder, secret: list[str], command: list[str], code: int
) -> None:
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    more = secret if "new" in command else []
    assert run([*command, *more, "--keys", str(folder.path)]) == code
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


# --- Attestations --------------------------------------------------------------------------------------

AT = ["--at", "2027-01-15T08:00:00Z"]
"""The moment of the test's attestations."""


def write_files(folder: Path, signed: SignedAttestation, more: str = "") -> list[str]:
    """The command that checks an attestation against the anchor of these tests."""
    file, anchor = folder / "attestation.json", folder / "anchor.toml"
    file.write_text(render_attestation(signed))
    anchor.write_text(
        'format = "ringfence.anchor/1"\nverifier = "desk-1"\ndomain = "clearing.example"\n'
        f'keys = ["{KEY.public_key.hex()}"]\nsigners = ["0x{CHAIN_KEY.address.hex()}"]\n{more}'
        f'[destination]\nchain_id = 1\ncontract = "0x{ACCEPTED.contract.hex()}"\n'
    )
    return ["attestation", "check", str(file), "--anchor", str(anchor)]


def test_an_attestation_is_checked_without_anybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = write_files(tmp_path, sign(ACCEPTED))
    report = answer(capsys, [*command, *AT])
    assert report["valid"] is True
    assert (report["state"], report["moment"]) == ("accepted", "2027-01-15T08:00:00Z")
    assert report["held"] == [str(each) for each in ACCEPTED.held]
    assert report["signed_for_chains_by"] == f"0x{CHAIN_KEY.address.hex()}"
    assert run([*command, *AT]) == 0
    assert "as the word of desk-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("signed", "more", "reason"),
    [
        (sign(ACCEPTED, key=STRANGER), AT, "UNKNOWN_SIGNER"),
        (replace(sign(ACCEPTED), eip712_digest=bytes(32)), AT, "CONFLICTING_FIELDS"),
        (sign(replace(ACCEPTED, chain_id=5)), AT, "WRONG_CONTEXT"),
        (sign(replace(ACCEPTED, is_for_development=True)), AT, "CONFLICTING_FIELDS"),
        (sign(ACCEPTED), ["--at", "2027-01-15T08:10:00Z"], "EXPIRED"),
        (sign(ACCEPTED), ["--at", "2027-01-15T07:00:00Z"], "FROM_THE_FUTURE"),
    ],
)
def test_a_clear_no_has_its_reason(
    tmp_path: Path, signed: SignedAttestation, more: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = answer(capsys, [*write_files(tmp_path, signed), *more], expected=1)
    assert refusal["error"]["reason"] == reason


def test_an_ending_is_checked_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ending: dict[str, Any] = {"event": Event.FREE, "state": State.RELEASED, "held": (), "left": ACCEPTED.held}
    command = write_files(tmp_path, sign(replace(ACCEPTED, **ending)))
    assert answer(capsys, [*command, *AT], expected=1)["error"]["reason"] == "WRONG_STATE"
    assert answer(capsys, [*command, "--ended"])["state"] == "released"


@pytest.mark.parametrize("moment", ["yesterday", "2027-01-15T08:00:00", "1800000000"])
def test_a_moment_has_its_time_zone(tmp_path: Path, moment: str) -> None:
    assert run([*write_files(tmp_path, sign(ACCEPTED)), "--at", moment]) == 3


def test_another_file_is_none(tmp_path: Path) -> None:
    command = write_files(tmp_path, sign(ACCEPTED))
    (tmp_path / "attestation.json").write_text("{}")
    assert run(command) == 3
    assert run(["attestation", "check", str(tmp_path / "nowhere.json"), *command[3:]]) == 3


def test_the_example_is_a_good_one(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(__file__).parents[3] / "examples" / "attestation"
    assert (folder / "attestation.json").read_text() == render_attestation(sign(ACCEPTED))
    command = ["attestation", "check", str(folder / "attestation.json"), "--anchor", str(folder / "anchor.toml")]
    assert answer(capsys, [*command, *AT])["valid"] is True
