"""A sealed file gives its content to whoever knows the passphrase, and to nobody else anything."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from facts.sealed_file import (
    COST_BYTES,
    NONCE_BYTES,
    PAGE_BYTES,
    SALT_BYTES,
    Cost,
    Seal,
    create_sealed,
    open_sealed,
    read_sealed,
    write_sealed,
)
from margin.errors import Reason
from tests.facts.refusals import refused

CHEAP = Cost(14)
BEGINNING = b"ringfence.test/1\npublic"
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of a file made for a test
CONTENT = b'{"secret": 42}'
SEALED = Seal.draw(BEGINNING, PASSPHRASE, CHEAP).close(CONTENT)
HEADER = len(BEGINNING) + COST_BYTES + SALT_BYTES


def test_what_was_sealed_is_found_again() -> None:
    seal, content = open_sealed(SEALED, BEGINNING, PASSPHRASE, "file")
    assert content == CONTENT
    again = seal.close(b"more")
    assert again[:HEADER] == SEALED[:HEADER]
    assert open_sealed(again, BEGINNING, PASSPHRASE, "file")[1] == b"more"


def test_the_bytes_are_those_of_the_documentation() -> None:
    """Opened with nothing of ours."""
    cost, salt = SEALED[len(BEGINNING) :][:COST_BYTES], SEALED[HEADER - SALT_BYTES : HEADER]
    assert cost == bytes((14, 8, 1))
    key = Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(PASSPHRASE.encode())
    nonce, rest = SEALED[HEADER : HEADER + NONCE_BYTES], SEALED[HEADER + NONCE_BYTES :]
    assert AESGCM(key).decrypt(nonce, rest, SEALED[:HEADER]) == CONTENT.ljust(PAGE_BYTES)


def test_no_two_writings_look_alike() -> None:
    seal, _ = open_sealed(SEALED, BEGINNING, PASSPHRASE, "file")
    written = {seal.close(CONTENT) for _ in range(4)} | {SEALED}
    assert len(written) == len({data[HEADER:][:NONCE_BYTES] for data in written}) == 5


@pytest.mark.parametrize("place", [0, 17, len(BEGINNING) - 1, len(BEGINNING) + 3, HEADER, HEADER + 12, len(SEALED) - 1])
def test_an_altered_byte_is_refused_wherever_it_is(place: int) -> None:
    altered = SEALED[:place] + bytes([SEALED[place] ^ 1]) + SEALED[place + 1 :]
    beginning = altered[: len(BEGINNING)]
    assert refused(open_sealed, altered, beginning, PASSPHRASE, "file") == (Reason.WRONG_PASSPHRASE, "passphrase")


@pytest.mark.parametrize("length", [0, 5, len(BEGINNING), HEADER, HEADER + NONCE_BYTES, len(SEALED) - 1])
def test_a_cut_file_is_refused(length: int) -> None:
    refused(open_sealed, SEALED[:length], BEGINNING, PASSPHRASE, "file")


@pytest.mark.parametrize("cost", [(13, 8, 1), (21, 8, 1), (255, 8, 1), (14, 255, 1), (14, 8, 0), (14, 8, 5)])
def test_a_cost_out_of_bounds_takes_no_memory(cost: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cost, "derive_key", None)
    altered = SEALED[: len(BEGINNING)] + bytes(cost) + SEALED[len(BEGINNING) + COST_BYTES :]
    reason, field = refused(open_sealed, altered, BEGINNING, PASSPHRASE, "file")
    assert (reason, field.partition(".")[0]) == (Reason.OUT_OF_BOUNDS, "cost")


@pytest.mark.parametrize("passphrase", ["", "x" * 1025])
def test_no_passphrase_and_a_novel_are_misuse(passphrase: str) -> None:
    assert refused(Seal.draw, BEGINNING, passphrase, CHEAP) == (Reason.OUT_OF_BOUNDS, "passphrase")
    assert refused(open_sealed, SEALED, BEGINNING, passphrase, "file") == (Reason.OUT_OF_BOUNDS, "passphrase")


# --- On the disk -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("write", [write_sealed, create_sealed])
def test_a_file_is_its_owners_and_alone(tmp_path: Path, write: object) -> None:
    assert callable(write)
    path = tmp_path / "file"
    write(path, SEALED, "file")
    assert read_sealed(path, "file") == SEALED
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_new_file_takes_no_place_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"older")
    assert refused(create_sealed, path, SEALED, "file") == (Reason.WRONG_FILE, "file")
    assert path.read_bytes() == b"older"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    write_sealed(path, SEALED, "file")
    assert path.read_bytes() == SEALED


def test_what_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="file") as caught:
        write_sealed(tmp_path / "nowhere" / "file", SEALED, "file")
    assert caught.value.filename == str(tmp_path / "nowhere" / "file")
    assert refused(write_sealed, tmp_path / "file", bytes((1 << 24) + 1), "file") == (Reason.OUT_OF_BOUNDS, "file")
    assert not list(tmp_path.iterdir())


def test_what_can_not_be_read_is_said_so(tmp_path: Path) -> None:
    assert refused(read_sealed, tmp_path / "file", "file") == (Reason.NOT_READABLE, "file")
    (tmp_path / "large").write_bytes(bytes((1 << 24) + 1))
    assert refused(read_sealed, tmp_path / "large", "file") == (Reason.OUT_OF_BOUNDS, "file")
