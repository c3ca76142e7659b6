"""A folder that somebody else writes to, too: what is heard of observers stays what observers have signed, at once."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from chains.observing.parts import LARGEST_PART, Parts, render_part
from facts.attestation import Attestation, ChainWord
from facts.log_entry import Event, State
from margin.errors import InternalError, Reason
from tests.facts.attestations import ACCEPTED, chain_key_of

OBSERVER, STRANGER = chain_key_of("an observer"), chain_key_of("a stranger")
CHAIN_ID, GATE = 31_339, b"\x11" * 20
FIRST = replace(ACCEPTED, chain_id=CHAIN_ID, contract=GATE)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path / "parts", CHAIN_ID, GATE)


def said_at(revision: int) -> Attestation:
    if revision == 0:
        return FIRST
    return replace(FIRST, event=Event.REFRESH, state=State.REFRESHED, revision=revision)


def name_of(parts: Parts, said: Attestation, observer: str) -> Path:
    return parts.folder / f"{CHAIN_ID}-{GATE.hex()}-{said.acceptance}-{said.revision}-{observer}.json"


def plant(path: Path, kind: str) -> None:
    """What can lie where a part would."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "folder with something in it":
            (path / "something").mkdir(parents=True)
        case "link to a pipe":
            os.mkfifo(path.with_suffix(".pipe"))
            path.symlink_to(path.with_suffix(".pipe"))
        case "endless":
            path.symlink_to("/dev/zero")
        case "circle":
            path.symlink_to(path)
        case "large":
            with path.open("wb") as file:
                file.truncate(LARGEST_PART + 1)
        case _:
            path.write_text('{"format": "\\ud800"}')


KINDS = ["pipe", "folder", "link to a pipe", "endless", "circle", "large", "half a character"]


@pytest.mark.parametrize("kind", KINDS)
def test_attack_what_is_no_part_keeps_nobody_from_being_heard(parts: Parts, kind: str) -> None:
    word = parts.share(said_at(1), OBSERVER)
    plant(name_of(parts, said_at(0), "00" * 20), kind)
    plant(name_of(parts, said_at(2), "00" * 20), kind)
    assert parts.ask(FIRST.acceptance) == [word]


@pytest.mark.parametrize("kind", [*KINDS, "folder with something in it"])
def test_attack_what_lies_in_the_place_of_a_part_gives_way(parts: Parts, kind: str) -> None:
    parts.folder.mkdir()
    plant(name_of(parts, FIRST, address_of_observer()), kind)
    assert parts.ask(FIRST.acceptance) == []
    word = parts.share(FIRST, OBSERVER)
    assert parts.ask(FIRST.acceptance) == [word]


def test_attack_a_folder_in_the_place_of_an_old_part_is_left_to_whoever_made_it(parts: Parts) -> None:
    parts.folder.mkdir()
    plant(name_of(parts, FIRST, address_of_observer()), "folder")
    parts.forget(FIRST, OBSERVER)
    assert name_of(parts, FIRST, address_of_observer()).is_dir()


def address_of_observer() -> str:
    return ChainWord.sign(FIRST, OBSERVER).eip712_signer.hex()


def test_attack_a_part_does_not_write_through_a_link(parts: Parts, tmp_path: Path) -> None:
    parts.folder.mkdir()
    kept = tmp_path / "kept"
    kept.write_text("kept")
    name_of(parts, FIRST, address_of_observer()).symlink_to(kept)
    word = parts.share(FIRST, OBSERVER)
    assert (kept.read_text(), parts.ask(FIRST.acceptance)) == ("kept", [word])


def test_attack_many_parts_of_strangers_push_none_of_an_observer_out(parts: Parts) -> None:
    word = parts.share(said_at(3), OBSERVER)
    for number in range(5000):
        name_of(parts, said_at(9 * (number % 2)), f"{number:040x}").write_text("{")
    assert parts.ask(FIRST.acceptance) == [word]


def test_a5_nothing_is_opened_of_who_is_no_member_any_more(parts: Parts) -> None:
    """A stranger signs as much as it likes, and so does a key that was rotated out: neither is even read."""
    rotated = chain_key_of("an observer of before")
    word = parts.share(said_at(3), OBSERVER)
    for key in (STRANGER, rotated):
        parts.share(said_at(4), key)
    os.mkfifo(name_of(parts, said_at(5), "00" * 20))
    asked: list[str] = []

    def members_of(verifier: str) -> frozenset[bytes]:
        asked.append(verifier)
        return frozenset({OBSERVER.address})

    assert parts.ask(FIRST.acceptance, members_of) == [word]
    assert asked == [f"eip155:{CHAIN_ID}/0x{GATE.hex()}"]
    assert parts.ask(FIRST.acceptance, lambda _: frozenset({rotated.address})) != [word]
    assert len(parts.ask(FIRST.acceptance)) == 3
    assert parts.ask("00" * 32, members_of) == []
    assert len(asked) == 1, "where nothing lies nobody is asked for"


def test_attack_a_folder_of_very_many_files_is_not_listed_for_every_lock(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is good for three times as long as it took: most of the time is that of the exits, however many."""
    parts.folder.mkdir()
    listed, clock = [], [0.0]

    def list_slowly(path: Path) -> object:
        listed.append(path)
        clock[0] += 10
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr("chains.observing.parts.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("chains.shared_file.os.scandir", list_slowly)
    for nullifier in range(1000):
        assert parts.find_holder(nullifier) is None
    assert len(listed) == 1
    word = parts.share(FIRST, OBSERVER)
    clock[0] += 31
    assert parts.ask(FIRST.acceptance) == [word]
    assert len(listed) == 2


def test_attack_a_folder_of_parts_that_was_put_out_of_reach_is_told_and_ends_nothing(parts: Parts) -> None:
    parts.folder.symlink_to(parts.folder)
    for ask in (lambda: parts.find_holder(1), lambda: parts.ask(FIRST.acceptance)):
        with pytest.raises(InternalError) as caught:
            ask()
        assert (caught.value.reason, caught.value.field) == (Reason.STORE_UNAVAILABLE, "parts")


def test_attack_a_word_on_another_gate_is_none_on_this_one(parts: Parts) -> None:
    parts.folder.mkdir()
    for changes in ({"chain_id": CHAIN_ID + 1}, {"contract": b"\x12" * 20}):
        word = ChainWord.sign(replace(FIRST, **changes), OBSERVER)
        name_of(parts, FIRST, address_of_observer()).write_text(render_part(word))
        assert parts.ask(FIRST.acceptance) == []
