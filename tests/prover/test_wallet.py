"""A wallet gives its secrets to whoever knows the passphrase, and to nobody else anything."""

import os
import stat
from pathlib import Path

import pytest

from facts.commitments import CommittedPosition, Lock
from facts.sealed_file import COST_BYTES, PAGE_BYTES, SALT_BYTES, Cost
from facts.tags import Tag
from margin.documents.reading import parse_json
from margin.errors import MalformedError, MarginError, MisuseError, Reason, RejectedError
from prover.wallet import (
    MAGIC,
    Asked,
    AwaitedLock,
    KeptLock,
    KeptPosition,
    Wallet,
    read_secrets,
    render_secrets,
)

CHEAP = Cost(14)
HEADER_BYTES = len(MAGIC) + COST_BYTES + SALT_BYTES
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - of a wallet made for a test
CANARY = 424242424242424242


def some_position() -> KeptPosition:
    committed = CommittedPosition(Tag.POSITION_PERP, owner=1, position_id=2, body=3, cash=-CANARY, salt=5)
    return KeptPosition(committed, (KeptLock(Lock(1, 2, 3, 4, 5, 6), CANARY),))


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    made = Wallet.create(tmp_path / "wallet", PASSPHRASE, CHEAP)
    made.secrets.positions["one"] = some_position()
    made.save()
    return made


def test_what_was_kept_is_found_again(wallet: Wallet) -> None:
    opened = Wallet.open(wallet.path, PASSPHRASE)
    assert opened.secrets == wallet.secrets
    assert opened.secrets.position("one") == some_position()


def test_two_wallets_have_two_keys(tmp_path: Path) -> None:
    keys = {Wallet.create(tmp_path / name, PASSPHRASE, CHEAP).secrets.key for name in ("one", "two")}
    assert len(keys) == 2


@pytest.mark.parametrize("passphrase", ["correct horse battery stapl", "Correct horse battery staple", " "])
def test_another_passphrase_is_rejected(wallet: Wallet, passphrase: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        Wallet.open(wallet.path, passphrase)
    assert refusal.value.reason is Reason.WRONG_PASSPHRASE
    assert len(passphrase) == 1 or passphrase not in str(refusal.value)


@pytest.mark.parametrize("passphrase", ["", "x" * 1025])
def test_no_passphrase_and_a_novel_are_misuse(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(MisuseError):
        Wallet.create(tmp_path / "wallet", passphrase, CHEAP)
    assert not (tmp_path / "wallet").exists()


def test_every_altered_part_is_refused(wallet: Wallet) -> None:
    data = wallet.path.read_bytes()
    for place in (0, len(MAGIC), len(MAGIC) + 3, HEADER_BYTES, HEADER_BYTES + 12, len(data) - 1):
        altered = bytearray(data)
        altered[place] ^= 1
        wallet.path.write_bytes(altered)
        with pytest.raises(MarginError):
            Wallet.open(wallet.path, PASSPHRASE)


@pytest.mark.parametrize("length", [0, 5, len(MAGIC), HEADER_BYTES, HEADER_BYTES + 11, HEADER_BYTES + 20])
def test_a_cut_file_is_refused(wallet: Wallet, length: int) -> None:
    wallet.path.write_bytes(wallet.path.read_bytes()[:length])
    with pytest.raises(MarginError):
        Wallet.open(wallet.path, PASSPHRASE)


@pytest.mark.parametrize("cost", [(13, 8, 1), (21, 8, 1), (255, 8, 1), (14, 255, 1), (14, 8, 0), (14, 8, 5)])
def test_a_cost_out_of_bounds_takes_no_memory(wallet: Wallet, cost: tuple[int, int, int]) -> None:
    data = bytearray(wallet.path.read_bytes())
    data[len(MAGIC) : len(MAGIC) + 3] = bytes(cost)
    wallet.path.write_bytes(data)
    with pytest.raises(MalformedError) as refusal:
        Wallet.open(wallet.path, PASSPHRASE)
    assert refusal.value.field.startswith("cost.")


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_nobody_else_can_read_the_file(wallet: Wallet) -> None:
    assert stat.S_IMODE(wallet.path.stat().st_mode) == 0o600
    assert [path.name for path in wallet.path.parent.iterdir()] == ["wallet"]


def test_the_file_tells_neither_numbers_nor_how_many(wallet: Wallet) -> None:
    one = wallet.path.read_bytes()
    for place in range(5):
        wallet.secrets.positions[f"more {place}"] = some_position()
    wallet.save()
    six = wallet.path.read_bytes()
    assert len(one) == len(six)
    assert (len(one) - HEADER_BYTES) // PAGE_BYTES == 1
    assert one[:HEADER_BYTES] == six[:HEADER_BYTES]
    assert one[HEADER_BYTES : HEADER_BYTES + 12] != six[HEADER_BYTES : HEADER_BYTES + 12]
    for secret in (CANARY, wallet.secrets.key):
        assert str(secret).encode() not in one + six


def test_no_secret_is_shown(wallet: Wallet) -> None:
    shown = repr(wallet.secrets) + repr(wallet.secrets.position("one")) + repr(wallet)
    assert str(CANARY) not in shown
    assert str(wallet.secrets.key) not in shown


def test_a_wallet_that_somebody_else_wrote_is_left_alone(wallet: Wallet) -> None:
    other = Wallet.open(wallet.path, PASSPHRASE)
    other.secrets.positions["two"] = some_position()
    other.save()
    wallet.secrets.positions["three"] = some_position()
    with pytest.raises(MisuseError):
        wallet.save()
    assert set(Wallet.open(wallet.path, PASSPHRASE).secrets.positions) == {"one", "two"}


def test_a_new_wallet_takes_no_place_that_is_taken(wallet: Wallet) -> None:
    with pytest.raises(MisuseError):
        Wallet.create(wallet.path, PASSPHRASE, CHEAP)


def test_a_position_that_was_not_committed_is_not_there(wallet: Wallet) -> None:
    with pytest.raises(MisuseError) as refusal:
        wallet.secrets.position("two")
    assert "one" not in refusal.value.found


def test_a_wallet_that_was_written_before_is_still_opened() -> None:
    """The file that version 1 of the format wrote, when the format had no module of its own."""
    secrets = Wallet.open(Path(__file__).with_name("first.wallet"), PASSPHRASE).secrets
    committed = CommittedPosition(Tag.POSITION_PERP, owner=1, position_id=2, body=3, cash=-4, salt=5)
    kept = KeptPosition(committed, (KeptLock(Lock(1, 2, 3, 4, 5, 6), 7),))
    assert (secrets.key, secrets.positions) == (11, {"one": kept})


FIRST_VERSION = """
{"format": "ringfence.secrets/1", "key": "7", "positions": {"one": {
  "kind": "position_perp", "cash": -5, "owner": "1", "position_id": "2", "body": "3", "salt": "5", "locks": [{
    "salt": "9", "domain": "2", "asset": "3", "lock_owner": "5", "chain_id": "1", "amount": "4", "deposit_index": "6"
  }]
}}}
"""


def test_the_first_version_is_read_and_written_as_the_last() -> None:
    secrets = read_secrets(parse_json(FIRST_VERSION))
    assert secrets.key == 7
    assert secrets.position("one").locks == (KeptLock(Lock(1, 2, 3, 4, 5, 6), 9),)
    assert secrets.position("one").document == ""
    assert read_secrets(parse_json(render_secrets(secrets))) == secrets


def test_what_a_prover_that_serves_keeps_is_found_again(wallet: Wallet) -> None:
    awaited = AwaitedLock(1, 2, 3, 4, 5, CANARY)
    position = KeptPosition(some_position().committed, (), (awaited,), "a document " * 1000, Asked("x" * 16, "ab"))
    wallet.secrets.callers["dns:desk.example"] = {"one": position}
    wallet.save()
    opened = Wallet.open(wallet.path, PASSPHRASE)
    assert opened.secrets == wallet.secrets
    assert opened.secrets.callers["dns:desk.example"]["one"].awaited[0].at(6).lock == Lock(1, 2, 3, 4, 5, 6)
    assert str(CANARY) not in repr(opened.secrets)
    assert "a document" not in repr(opened.secrets)


def test_a_wallet_that_could_not_be_opened_again_is_not_written(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = wallet.path.read_bytes()
    monkeypatch.setattr("facts.sealed_file.LARGEST_FILE", len(before))
    wallet.secrets.positions["two"] = KeptPosition(some_position().committed, document="x" * PAGE_BYTES)
    with pytest.raises(MisuseError):
        wallet.save()
    assert wallet.path.read_bytes() == before
