"""P2: no log, error, answer, file, argument or environment tells a passphrase or a private key."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from facts import ed25519, secp256k1
from facts.key_file import Algorithm, PublicPart, Role, open_key
from facts.key_set import KeyFolder, KeySet, ListedKey, Standing
from facts.sealed_file import Cost, Seal
from margin.errors import MarginError
from ringfence.cli.entry import run
from tests.attacks.test_canaries import describe
from tests.verifier.claims import NOON
from verifier.signer import FolderKeys, Keyring

CHEAP = Cost(14)
PASSPHRASE = "Kanarienvogel-7f3a9c0e51"  # noqa: S105 - the canary
SEED = bytes.fromhex("c0ffee" + "5a" * 26 + "facade")
KEYS: dict[str, tuple[ed25519.SigningKey | secp256k1.SigningKey, Role, Algorithm]] = {
    "word": (ed25519.SigningKey.of_seed(SEED), Role.ATTESTATION, Algorithm.ED25519),
    "chain": (secp256k1.SigningKey.of_secret(SEED), Role.ATTESTATION, Algorithm.SECP256K1),
}


def spellings() -> Iterator[bytes]:
    """The canaries as text and as bytes, and enough of a key to know it by."""
    yield PASSPHRASE.encode()
    yield SEED[:12]
    yield SEED[::-1][:12]
    yield SEED.hex()[:24].encode()
    yield SEED.hex()[:24].upper().encode()
    yield str(int.from_bytes(SEED, "big"))[:24].encode()
    yield repr(SEED)[2:24].encode()


FORBIDDEN = tuple(spellings())


def require_silent(told: bytes) -> None:
    for spelling in FORBIDDEN:
        assert spelling not in told, "a secret was told"


@cache
def seal_key(name: str) -> bytes:
    """The file of a key."""
    key, role, algorithm = KEYS[name]
    public = PublicPart(role, algorithm, key.public_key, NOON)
    return Seal.draw(public.encode(), PASSPHRASE, CHEAP).close(key.secret.hex().encode())


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path / "keys")
    made.path.mkdir()
    listed = []
    for name, (key, role, algorithm) in KEYS.items():
        made.key_path(name).write_bytes(seal_key(name))
        listed.append(ListedKey(name, role, algorithm, key.public_key, Standing.VALID, NOON))
    made.list_path.write_text(KeySet(tuple(listed)).render())
    return made


@pytest.fixture
def secret(tmp_path: Path) -> list[str]:
    path = tmp_path / "passphrase"
    path.touch(mode=0o600)
    path.write_text(f"{PASSPHRASE}\n")
    return ["--passphrase-file", str(path)]


def alter(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "good": lambda data: data,
    "altered in front": lambda data: alter(data, 60),
    "altered at the end": lambda data: alter(data, len(data) - 1),
    "cut": lambda data: data[:-100],
    "another": lambda _: b"something else",
}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["person", "json"])
@pytest.mark.parametrize("spoilt", SPOILT)
def test_p2_no_command_tells_a_key_or_a_passphrase(
    folder: KeyFolder,
    secret: list[str],
    spoilt: str,
    options: list[str],
    capfdbinary: pytest.CaptureFixture[bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in KEYS:
        path = folder.key_path(name)
        path.write_bytes(SPOILT[spoilt](path.read_bytes()))
        run(["keys", "show", str(path), *options])
        code = run(["keys", "show", str(path), "--check", *secret, *options])
        assert (code == 0) == (spoilt == "good")
    keys = ["--keys", str(folder.path), *options]
    run(["keys", "list", *keys])
    run(["keys", "retire", "word", *keys])
    run(["keys", "revoke", "chain", *keys])
    captured = capfdbinary.readouterr()
    require_silent(captured.out + captured.err + caplog.text.encode())
    for path in folder.path.iterdir():
        require_silent(path.name.encode() + path.read_bytes())


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize(
    "passphrase", [PASSPHRASE, PASSPHRASE + PASSPHRASE, PASSPHRASE * 60], ids=["it", "other", "long"]
)
def test_p2_no_error_tells_a_key_or_a_passphrase(folder: KeyFolder, spoilt: str, passphrase: str) -> None:
    told = ""
    for name, (_, role, _) in KEYS.items():
        path = folder.key_path(name)
        path.write_bytes(SPOILT[spoilt](path.read_bytes()))
        try:
            told += repr(open_key(path, passphrase, role))
        except MarginError as error:
            told += describe(error)
    source = FolderKeys(folder, passphrase)
    keyring = Keyring(source.read)
    keys = keyring.current
    told += repr((source, keyring, keys, keys.attestation, keys.chain)) + describe(keys.failure)
    require_silent(told.encode())


@pytest.mark.parametrize("content", [SEED.hex() + "00", SEED.hex()[:-2], "x" + SEED.hex()[1:], SEED.decode("latin-1")])
def test_p2_a_secret_that_is_none_is_not_told(folder: KeyFolder, content: str) -> None:
    for name, (key, role, algorithm) in KEYS.items():
        public = PublicPart(role, algorithm, key.public_key, NOON)
        sealed = Seal.draw(public.encode(), PASSPHRASE, CHEAP).close(content.encode())
        folder.key_path(name).write_bytes(sealed)
        with pytest.raises(MarginError) as caught:
            open_key(folder.key_path(name), PASSPHRASE, role)
        require_silent(describe(caught.value).encode())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="arguments and environment are looked up in /proc")
def test_p2_nothing_stands_in_arguments_or_environment(folder: KeyFolder) -> None:
    reading, writing = os.pipe()
    show = ["keys", "show", str(folder.key_path("word")), "--check", "--passphrase-fd", str(reading), "--json"]
    command = [sys.executable, "-c", "from ringfence.cli import main; main()", *show]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[reading])  # noqa: S603
    os.close(reading)
    os.write(writing, PASSPHRASE.encode())
    seen = b"".join(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    os.close(writing)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    require_silent(seen + out + err)


def test_the_canary_would_be_heard() -> None:
    """The test of the tests."""
    for song in (PASSPHRASE, SEED.hex(), repr(SEED), str(int.from_bytes(SEED, "big"))):
        with pytest.raises(AssertionError):
            require_silent(song.encode())
    with pytest.raises(AssertionError):
        require_silent(b"x" + SEED)
