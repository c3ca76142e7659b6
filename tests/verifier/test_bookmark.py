"""A bookmark is taken back by the log that gave it, for what it was given for, and by nobody else."""

import pytest

from margin.errors import Reason
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from verifier.bookmark import read_bookmark, write_bookmark
from verifier.store.database import Database
from verifier.store.ledger import Ledger

QUESTION = ("changes", "dns:bridge.example")
UNREADABLE = (Reason.NOT_READABLE, "token")


def test_every_place_is_found_again(ledger: Ledger) -> None:
    for number in range(1, 5):
        word = write_bookmark(ledger, number - 1, *QUESTION)
        assert len(word) <= 512
        assert read_bookmark(ledger, word, "token", *QUESTION) == number - 1
        ledger.accept(ask(), prove(number, tag=number), TERMS)
        assert read_bookmark(ledger, word, "token", *QUESTION) == number - 1


def test_another_question_or_another_spelling_is_refused(ledger: Ledger) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    word = write_bookmark(ledger, 1, *QUESTION)
    for question in (("changes", "dns:other.example"), ("acceptances", QUESTION[1]), QUESTION[:1], ("",)):
        assert refused(read_bookmark, ledger, word, "token", *question) == UNREADABLE
    for spoilt in ("", "AQ", word[:-1], word + "A", word + "=", word.swapcase(), "\u0661" * 55, "x" * 512):
        assert refused(read_bookmark, ledger, spoilt, "token", *QUESTION) == UNREADABLE


@pytest.mark.parametrize("place", range(41))
def test_no_byte_can_be_another(ledger: Ledger, place: int) -> None:
    from base64 import urlsafe_b64decode, urlsafe_b64encode  # noqa: PLC0415

    ledger.accept(ask(), prove(1), TERMS)
    data = bytearray(urlsafe_b64decode(write_bookmark(ledger, 1, *QUESTION) + "="))
    data[place] ^= 1
    spoilt = urlsafe_b64encode(data).decode().rstrip("=")
    assert refused(read_bookmark, ledger, spoilt, "token", *QUESTION) == UNREADABLE


def test_a_log_that_was_cut_or_forked_refuses_it(ledger: Ledger, database: Database) -> None:
    for number in (1, 2):
        ledger.accept(ask(), prove(number, tag=number), TERMS)
    word = write_bookmark(ledger, 2, *QUESTION)
    with database.write() as transaction:
        transaction.execute(
            "UPDATE log_node SET digest = (SELECT id FROM acceptance LIMIT 1) WHERE level = 0 AND place = 1"
        )
    assert refused(read_bookmark, Ledger(database, IDENTITY, Watch()), word, "token", *QUESTION) == UNREADABLE
