"""Key files: whose key it is anybody may read; the key itself needs the passphrase, and has one role."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts import ed25519, secp256k1
from facts.key_file import (
    MAGIC,
    Algorithm,
    PublicPart,
    Role,
    create_key,
    cut_public_part,
    draw_key,
    open_key,
    read_public_part,
)
from facts.sealed_file import PAGE_BYTES, Cost, Seal
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import NOW

CHEAP = Cost(14)
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of a key made for a test
USES = [
    (Role.ATTESTATION, Algorithm.ED25519),
    (Role.ATTESTATION, Algorithm.SECP256K1),
    (Role.LOG, Algorithm.ED25519),
    (Role.MEMBER, Algorithm.ED25519),
    (Role.COUNCIL, Algorithm.SECP256K1),
    (Role.SENDER, Algorithm.SECP256K1),
]
EACH = pytest.mark.parametrize(("role", "algorithm"), USES)


def make(path: Path, role: Role = Role.LOG, algorithm: Algorithm = Algorithm.ED25519) -> PublicPart:
    return create_key(path, role, algorithm, PASSPHRASE, moment=NOW, cost=CHEAP)


@EACH
def test_a_key_is_opened_as_it_was_made(tmp_path: Path, role: Role, algorithm: Algorithm) -> None:
    path = tmp_path / "one.key"
    public = make(path, role, algorithm)
    assert read_public_part(path) == public == PublicPart(role, algorithm, public.public_key, NOW)
    opened = open_key(path, PASSPHRASE, role)
    assert opened.public_key == public.public_key
    if isinstance(opened, ed25519.SigningKey):
        ed25519.verify_signature(public.public_key, b"message", opened.sign(b"message"))
        assert public.spelling == public.public_key.hex()
    else:
        assert secp256k1.recover_key(b"\7" * 32, opened.sign(b"\7" * 32)) == public.public_key
        assert public.spelling == f"0x{opened.address.hex()}"


@EACH
def test_the_bytes_are_those_of_the_documentation(role: Role, algorithm: Algorithm) -> None:
    key = draw_key(algorithm)
    public = PublicPart(role, algorithm, key.public_key, NOW)
    expected = b"ringfence.key/1\n" + bytes([0, len(role)]) + role.encode() + b"\0\x09" + algorithm.encode()[:9]
    if algorithm is Algorithm.ED25519:
        expected = expected.replace(b"\0\x09ed25519", b"\0\x07ed25519")
    expected += len(key.public_key).to_bytes(2, "big") + key.public_key + NOW.to_bytes(8, "big")
    assert public.encode() == expected
    sealed = Seal.draw(public.encode(), PASSPHRASE, CHEAP).close(key.secret.hex().encode())
    assert cut_public_part(sealed) == public
    assert len(sealed) == len(expected) + 3 + 16 + 12 + PAGE_BYTES + 16


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    make(tmp_path / "one.key")
    assert stat.S_IMODE((tmp_path / "one.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["one.key"]


def test_a_new_key_takes_no_place_that_is_taken(tmp_path: Path) -> None:
    public = make(tmp_path / "one.key")
    assert refused(make, tmp_path / "one.key") == (Reason.WRONG_FILE, "key file")
    assert read_public_part(tmp_path / "one.key") == public


@EACH
@pytest.mark.parametrize("asked", Role)
def test_a_key_is_for_one_role(tmp_path: Path, role: Role, algorithm: Algorithm, asked: Role) -> None:
    make(tmp_path / "one.key", role, algorithm)
    if asked is not role:
        assert refused(open_key, tmp_path / "one.key", PASSPHRASE, asked) == (Reason.NOT_A_KEY, "role")


@pytest.mark.parametrize(
    ("role", "algorithm"),
    [(role, algorithm) for role in Role for algorithm in Algorithm if (role, algorithm) not in USES],
)
def test_a_role_signs_as_those_who_check_it_want(tmp_path: Path, role: Role, algorithm: Algorithm) -> None:
    refusal = refused(make, tmp_path / "one.key", role, algorithm)
    assert refusal == (Reason.NOT_APPLICABLE, "algorithm")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("passphrase", ["Correct horse battery staple", "x"])
def test_another_passphrase_is_rejected(tmp_path: Path, passphrase: str) -> None:
    make(tmp_path / "one.key")
    assert refused(open_key, tmp_path / "one.key", passphrase, Role.LOG) == (Reason.WRONG_PASSPHRASE, "passphrase")


def test_an_altered_public_part_is_found_out_by_whoever_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    public = make(path)
    data, other = path.read_bytes(), draw_key(Algorithm.ED25519).public_key
    for change in ({"role": Role.MEMBER}, {"public_key": other}, {"drawn_at": NOW + 1}):
        forged: Any = replace(public, **change)
        path.write_bytes(forged.encode() + data[len(public.encode()) :])
        assert read_public_part(path) == forged
        assert refused(open_key, path, PASSPHRASE, forged.role) == (Reason.WRONG_PASSPHRASE, "passphrase")


def test_a_public_part_of_another_key_is_found_out_even_where_it_was_sealed_so(tmp_path: Path) -> None:
    key, other = draw_key(Algorithm.ED25519), draw_key(Algorithm.ED25519)
    public = PublicPart(Role.LOG, Algorithm.ED25519, other.public_key, NOW)
    path = tmp_path / "one.key"
    path.write_bytes(Seal.draw(public.encode(), PASSPHRASE, CHEAP).close(key.secret.hex().encode()))
    assert refused(open_key, path, PASSPHRASE, Role.LOG) == (Reason.NOT_A_KEY, "public_key")


@pytest.mark.parametrize("content", [b"", b"zz", b"ab", b"00" * 33, "\u00e9".encode()])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    public = PublicPart(Role.LOG, Algorithm.ED25519, draw_key(Algorithm.ED25519).public_key, NOW)
    path = tmp_path / "one.key"
    path.write_bytes(Seal.draw(public.encode(), PASSPHRASE, CHEAP).close(content))
    assert refused(open_key, path, PASSPHRASE, Role.LOG) == (Reason.NOT_A_KEY, "seed")


def test_another_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    assert refused(read_public_part, path) == (Reason.NOT_READABLE, "key file")
    path.write_bytes(b"ringfence.wallet/1\n" + bytes(100))
    assert refused(read_public_part, path) == (Reason.NOT_READABLE, "key file")
    public = make(tmp_path / "two.key")
    data = (tmp_path / "two.key").read_bytes()
    for length in range(len(public.encode())):
        path.write_bytes(data[:length])
        refused(read_public_part, path)
    path.write_bytes(data.replace(MAGIC + b"\0\x03log", MAGIC + b"\0\x03lag"))
    assert refused(read_public_part, path) == (Reason.NOT_A_CHOICE, "role")
