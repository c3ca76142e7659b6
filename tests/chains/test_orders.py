"""Releases in a folder that somebody else writes to, too: good ones are read, bad ones told, nothing is waited for."""

import json
import os
import time
from pathlib import Path

import pytest

from chains.paying import Order
from margin.errors import InternalError, Reason
from prover.claim_files import PROOF, PUBLIC, VKEY
from ringfence.cli.orders import LARGEST_DEMAND, MOST_ORDERS, OrderFolder
from snark.bn254.points import G1, G2
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.proof import Proof
from tests.chains.test_shared_file import being_nobody, open_to_others, plant

ESCROW = bytes(range(20))
NULLIFIER = 5
INPUTS = (1, 2, 3, 4, NULLIFIER, 6, 7)
DEMAND: dict[str, dict[str, str | int]] = {
    "release": {"asset": f"eip155:1/erc20:0x{'22' * 20}", "amount": "1000"},
    "context": {
        "domain": "clearing.example",
        "verifier": "desk-1",
        "chain_id": 1,
        "contract": f"0x{ESCROW.hex()}aabbccdd",
        "recipient": "0x" + "33" * 20,
        "expires": "2027-01-01T00:00:00Z",
    },
}
PROVED = Proof(G1, G2, G1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "payments").mkdir()
    return tmp_path / "payments"


@pytest.fixture
def orders(folder: Path) -> OrderFolder:
    return OrderFolder(folder)


def leave_release(folder: Path, name: str, demand: object = DEMAND) -> Path:
    """A release as ``ringfence prove`` leaves it, without its key: nobody here asks for one."""
    made = folder / name
    made.mkdir(parents=True)
    (made / PROOF).write_text(format_proof(PROVED))
    (made / PUBLIC).write_text(format_public(INPUTS))
    (made / "demand.json").write_text(json.dumps(demand))
    return made


def names(orders: OrderFolder) -> list[str]:
    """What one look at the folder has come to."""
    orders.look()
    return sorted(each.name for each in orders.list_orders())


def complaints(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_release_is_read_as_it_lies_there(orders: OrderFolder, folder: Path) -> None:
    leave_release(folder, "one")
    assert names(orders) == ["one"]
    (found,) = orders.list_orders()
    assert (found.chain_id, found.escrow, found.amount, found.nullifier) == (1, ESCROW, 1000, NULLIFIER)
    assert (found.lock_root, found.recipient, found.proof) == (3, b"\x33" * 20, PROVED)


def test_a_demand_in_toml_comes_first(orders: OrderFolder, folder: Path) -> None:
    made = leave_release(folder, "one", "nothing that is read")
    context = "\n".join(f"{name} = {json.dumps(value)}" for name, value in DEMAND["context"].items())
    text = f'[release]\nasset = "{DEMAND["release"]["asset"]}"\namount = "7"\n[context]\n{context}\n'
    (made / "demand.toml").write_text(text)
    assert names(orders) == ["one"]
    assert orders.list_orders()[0].amount == 7


def test_a_release_that_was_taken_away_is_gone_and_one_that_was_changed_is_read_anew(
    orders: OrderFolder, folder: Path
) -> None:
    first, _ = leave_release(folder, "first"), leave_release(folder, "second")
    assert names(orders) == ["first", "second"]
    (first / "demand.json").write_text(json.dumps(DEMAND | {"release": DEMAND["release"] | {"amount": "2"}}))
    orders.look()
    assert sorted(each.amount for each in orders.list_orders()) == [2, 1000]
    first.rename(folder.parent / "elsewhere")
    assert names(orders) == ["second"]


# --- What others put there -------------------------------------------------------------------------------

FILES = [PROOF, PUBLIC, "demand.json"]
BAD = {
    "a pipe": "found a pipe, expected a file",
    "a folder": "found a folder, expected a file",
    "a socket": "found No such device or address, expected a file",
    "a link": "found a link, expected a file",
    "a link to itself": "found a link, expected a file",
    "a larger one": "found a larger one, expected a file of 1 to",
    "no bytes": "found no bytes, expected a file of 1 to",
    "nothing": "found No such file or directory, expected a file",
}


@pytest.mark.parametrize("name", FILES)
def test_attack_what_lies_in_the_place_of_a_file_is_told_once_and_holds_up_no_release(
    orders: OrderFolder, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in BAD:
        made = leave_release(folder, f"0 {kind}")
        (made / name).unlink()
        plant(made / name, kind)
    leave_release(folder, "1 good")
    began = time.monotonic()
    for _ in range(3):
        assert names(orders) == ["1 good"]
    assert time.monotonic() - began < 5
    told = complaints(capsys)
    assert len(told) == len(BAD)
    for kind, said in BAD.items():
        (line,) = [each for each in told if each.startswith(f"warning: 0 {kind}: ")]
        assert f"{name}: {said}" in line


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("a pipe", "a pipe"),
        ("no bytes", "a file"),
        ("a socket", "a socket"),
        ("a link", "a link"),
        ("a link to itself", "a link"),
        ("a link to a release", "a link"),
    ],
)
def test_attack_what_is_no_folder_is_told_once_and_not_followed(
    orders: OrderFolder, folder: Path, kind: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if kind == "a link to a release":
        (folder / "bad").symlink_to(leave_release(folder.parent, "elsewhere"))
    else:
        plant(folder / "bad", kind)
    leave_release(folder, "good")
    assert names(orders) == names(orders) == ["good"]
    assert complaints(capsys) == [f"warning: bad: folder: found {found}, expected a folder with a release"]


def test_attack_a_file_that_may_not_be_read_holds_up_no_release(capsys: pytest.CaptureFixture[str]) -> None:
    with open_to_others() as folder:
        made = leave_release(folder, "bad")
        leave_release(folder, "good")
        (made / PROOF).chmod(0)
        leave_release(folder, "shut").chmod(0)
        orders = OrderFolder(folder)
        with being_nobody():
            assert names(orders) == ["good"]
        assert complaints(capsys) == [
            f"warning: bad: {PROOF}: found Permission denied, expected a file",
            "warning: shut: demand.json: found Permission denied, expected a file",
        ]


def test_attack_a_hundred_files_of_nobody_hold_up_no_release(
    orders: OrderFolder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(50):
        (folder / f"{number:03}").write_text("junk")
        leave_release(folder, f"{number:03} too", {"release": number})
    leave_release(folder, "a release")
    assert names(orders) == names(orders) == ["a release"]
    assert len(complaints(capsys)) == 100


@pytest.mark.parametrize("name", ["one\ntwo", "\x1b[31mred", os.fsdecode(b"\xff"), "\u202eeno"])
def test_attack_a_name_that_a_terminal_would_obey_is_none(
    orders: OrderFolder, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would stand on lines of a log, and half a character on none."""
    leave_release(folder, name)
    leave_release(folder, "good")
    assert names(orders) == ["good"]
    (line,) = complaints(capsys)
    assert line.endswith("expected a name that can be printed")
    assert line.isprintable()


def test_attack_what_a_file_holds_gives_a_log_nothing_to_obey(
    orders: OrderFolder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_release(folder, "bad", DEMAND | {"\x1b[31m\nwarning: good": 1})
    assert names(orders) == []
    (line,) = complaints(capsys)
    assert line.isprintable()


def test_attack_a_demand_that_takes_long_to_read_is_not_read(
    orders: OrderFolder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key of so many parts takes the square of their number: a megabyte of them would take hours."""
    made = leave_release(folder, "bad")
    (made / "demand.toml").write_bytes(b"a." * (1 << 19) + b"a=1")
    leave_release(folder, "good")
    began = time.monotonic()
    assert names(orders) == ["good"]
    assert time.monotonic() - began < 5
    assert f"a file of 1 to {LARGEST_DEMAND} bytes" in complaints(capsys)[0]


def test_what_is_still_being_copied_is_read_when_it_is_whole(
    orders: OrderFolder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = leave_release(folder, "one")
    whole = (made / PROOF).read_text()
    (made / PROOF).write_text(whole[:100])
    assert names(orders) == []
    (made / PROOF).write_text(whole)
    assert names(orders) == ["one"]
    assert [each for each in complaints(capsys) if "one" not in each] == []


def test_the_key_beside_a_release_is_not_opened(orders: OrderFolder, folder: Path) -> None:
    """The escrow verifies under its own; who lets a relayer read a large one has it compute pairings."""
    os.mkfifo(leave_release(folder, "one") / VKEY)
    assert names(orders) == ["one"]


# --- Very many -------------------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that are read; each takes so long that a look has time for two."""
    from ringfence.cli import orders as module  # noqa: PLC0415

    clock, seen, read_order = [0.0], list[str](), module.read_order

    def read_slowly(path: Path) -> Order:
        clock[0] += 0.6
        seen.append(path.name)
        return read_order(path)

    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    monkeypatch.setattr(module, "read_order", read_slowly)
    return seen


def test_attack_what_takes_long_to_read_is_read_later_and_once(
    orders: OrderFolder, folder: Path, read: list[str]
) -> None:
    """A look takes about a second; the next one goes on behind it, and what was read stays."""
    for number in range(6):
        leave_release(folder, f"{number}", {"release": number})
    leave_release(folder, "good")
    counts = [names(orders) for _ in range(5)]
    assert read == ["0", "1", "2", "3", "4", "5", "good"]
    assert counts == [[], [], [], ["good"], ["good"]]


def test_whoever_looks_once_reads_all_of_them(orders: OrderFolder, folder: Path, read: list[str]) -> None:
    for number in range(6):
        leave_release(folder, f"{number}")
    orders.look_at_all()
    assert len(orders.list_orders()) == len(read) == 6


def test_attack_of_more_releases_than_are_kept_each_has_its_turn(
    orders: OrderFolder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringfence.cli.orders.MOST_ORDERS", 4)
    assert MOST_ORDERS >= 1000
    for number in range(6):
        leave_release(folder, f"{number}")
    turns = [names(orders) for _ in range(3)]
    assert all(len(each) == 4 for each in turns)
    assert {name for each in turns for name in each} == set("012345")


def test_a_folder_that_is_not_there_has_no_releases(tmp_path: Path) -> None:
    assert names(OrderFolder(tmp_path / "nowhere")) == []


def test_attack_a_folder_that_was_put_out_of_reach_is_told(tmp_path: Path) -> None:
    (tmp_path / "payments").symlink_to("payments")
    with pytest.raises(InternalError) as caught:
        OrderFolder(tmp_path / "payments").look()
    assert (caught.value.reason, caught.value.field) == (Reason.STORE_UNAVAILABLE, "payments")
