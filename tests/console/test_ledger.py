"""Stories as the log tells them, held against each other, and within bounds."""

import pytest

from facts.log_entry import Event, LogEntry, State
from facts.log_head import LogHead
from ringfence.client.errors import AnswerError
from ringfence.console import ledger as ledgers
from ringfence.console.ledger import MOST_LEAVES, Ledger
from tests.facts.test_log_entry import CLAIM


def entry(event: Event, state: State, acceptance: int, revision: int) -> bytes:
    """What happened to an acceptance that holds one lock."""
    claim = None if event is Event.LAPSE else CLAIM
    identity = f"{acceptance:064x}"
    return LogEntry(event, state, identity, revision, 1000 + revision, 2000, (acceptance,), (), claim).encode()


def accept(acceptance: int) -> bytes:
    return entry(Event.ACCEPT, State.ACCEPTED, acceptance, 0)


def test_a_story_is_told_leaf_by_leaf() -> None:
    ledger = Ledger()
    ledger.begin(3)
    for leaf in (accept(7), accept(8), entry(Event.LAPSE, State.LAPSED, 7, 1)):
        ledger.add(leaf)
    seven = ledger.stories[f"{7:064x}"]
    assert (seven.indices, seven.accepted_at, seven.entry.state) == ([0, 2], 1000, State.LAPSED)
    assert (ledger.live, ledger.size, ledger.is_replayed) == (1, 3, True)
    assert list(ledger.stories)[-1] == seven.id


def test_a_leaf_that_does_not_follow_is_refused() -> None:
    ledger = Ledger()
    ledger.begin(2)
    ledger.add(accept(7))
    for leaf in (accept(7), entry(Event.LAPSE, State.LAPSED, 7, 2), b"anything"):
        with pytest.raises(AnswerError):
            ledger.add(leaf)


def test_what_was_read_has_to_be_what_was_signed() -> None:
    ledger = Ledger()
    ledger.begin(1)
    ledger.add(accept(7))
    with pytest.raises(AnswerError):
        ledger.require_head(LogHead("clearing.example/log", 1, bytes(32)))


def test_of_a_long_log_the_end_is_read() -> None:
    ledger = Ledger()
    ledger.begin(MOST_LEAVES + 5)
    assert (ledger.first, ledger.is_replayed) == (5, False)
    story = ledger.add(entry(Event.LAPSE, State.LAPSED, 7, 3))
    assert story is not None
    assert (story.accepted_at, story.indices) == (None, [5])


def test_so_many_stories_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "MOST_STORIES", 2)
    ledger = Ledger()
    ledger.begin(4)
    for leaf in (accept(7), accept(8), entry(Event.LAPSE, State.LAPSED, 7, 1), accept(9)):
        ledger.add(leaf)
    assert list(ledger.stories) == [f"{7:064x}", f"{9:064x}"]
