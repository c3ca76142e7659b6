"""Changes of positions on the command line: applied by the keeper of the book, and told to each other."""

import json
from pathlib import Path
from typing import Any

import pytest

from facts.book_change import BookChange, LeafChange, Opening, read_book_change
from facts.transition import derive_leaf_nullifier
from margin.documents.reading import read_document
from margin.errors import MarginError, Reason
from prover.publication import Publication, read_publication, write_publication
from prover.wallet import Wallet
from tests.prover.proofs import Desk, document
from tests.ringfence.cli.test_collateral_commands import Command, command, running, write_claim
from tests.verifier.running import STATED, VENUE_DESK, Running

__all__ = ("command", "running")
pytestmark = pytest.mark.native


def write_change(folder: Path, *leaves: LeafChange) -> Path:
    path = folder / "book-change.json"
    path.write_text(BookChange(leaves).render(), encoding="utf-8")
    return path


def test_a_change_is_applied_and_the_book_is_kept(running: Running, command: Command, tmp_path: Path) -> None:
    old, salt = 4001, 77
    facts, folder = tmp_path / "facts", tmp_path / "proof"
    write_publication(facts, Publication([1, 2, old, 3]))
    shown = running.transition(derive_leaf_nullifier(old, salt), 12, 13, 14)
    write_claim(shown, folder)
    write_change(folder, LeafChange(501, Opening(old, salt)), LeafChange(502))
    arguments = ("transition", "apply", str(folder), "--book", str(facts))
    applied = command(*arguments, caller=VENUE_DESK)
    assert (applied["kind"], applied["leaves"]) == ("transition", list(map(str, STATED.leaves)))
    assert list(read_publication(facts).leaves) == [1, 2, 501, 3, 502]
    again = command(*arguments, caller=VENUE_DESK)
    assert again["claim_id"] == applied["claim_id"]
    assert list(read_publication(facts).leaves) == [1, 2, 501, 3, 502]
    assert command("log", "verify", caller="reader.example")["transitions"] == 1


def test_a_change_of_other_leaves_keeps_no_book(running: Running, command: Command, tmp_path: Path) -> None:
    facts, folder = tmp_path / "facts", tmp_path / "proof"
    write_publication(facts, Publication([1, 2, 3]))
    write_claim(running.transition(derive_leaf_nullifier(2, 5), 22, 23, 24), folder)
    for told in (LeafChange(501, Opening(2, 6)), LeafChange(501, Opening(1, 5)), LeafChange(9, Opening(2, 5))):
        write_change(folder, told)
        refused = command("transition", "apply", str(folder), "--book", str(facts), caller=VENUE_DESK, expected=1)
        assert refused["error"]["reason"] == "WRONG_PROOF"
    assert list(read_publication(facts).leaves) == [1, 2, 3]


def test_a_change_that_is_refused_says_where(running: Running, command: Command, tmp_path: Path) -> None:
    write_claim(running.transition(31, 32, 33, 34), tmp_path / "first")
    command("transition", "apply", str(tmp_path / "first"), caller=VENUE_DESK)
    write_claim(running.liquidation(31), tmp_path / "second")
    refused = command("transition", "apply", str(tmp_path / "second"), caller=VENUE_DESK, expected=1)
    assert refused["error"]["reason"] == "NULLIFIER_SPENT"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"format": "ringfence.book-change/1", "leaves": []}, Reason.WRONG_COUNT),
        ({"format": "ringfence.book-change/1", "leaves": [{"successor": "1"}] * 3}, Reason.WRONG_COUNT),
        ({"format": "ringfence.book-change/1", "leaves": [{"leaf": "1", "successor": "2"}]}, Reason.MISSING_FIELD),
        ({"format": "ringfence.book-change/1", "leaves": [{"leaf": "1", "salt": "2"}]}, Reason.MISSING_FIELD),
        ({"format": "ringfence.book-change/2", "leaves": [{"successor": "1"}]}, Reason.NOT_A_CHOICE),
    ],
)
def test_documents_of_no_change(content: object, reason: Reason) -> None:
    with pytest.raises(MarginError) as error:
        read_book_change(content)
    assert error.value.reason is reason


def test_how_a_leaf_opens_is_told_and_learnt(tmp_path: Path, circuit_cache: Path) -> None:
    desk = Desk(tmp_path, circuit_cache)
    desk.commit(desk.write("long.json", document(cash="9000")))
    name, opening = "long one bitcoin", tmp_path / "opening.json"
    desk.tell("transition", "opening", name, "-o", opening, *desk.passphrase)
    told: Any = read_document(opening)
    assert told["cash"] == "9000000000"
    desk.write("told.json", {**told, "salt": "7", "cash": "1"})
    desk.tell("transition", "learn", name, tmp_path / "told.json", *desk.passphrase)
    kept = Wallet.open(tmp_path / "ringfence.wallet", "a passphrase of the tests").secrets.positions[name]
    assert [each.salt for each in kept.successors] == [7]
    desk.write("strange.json", json.dumps({**told, "owner": "7"}))
    desk.tell("transition", "learn", name, tmp_path / "strange.json", *desk.passphrase, code=2)
