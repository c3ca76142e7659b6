"""A log that is read whole: what may follow what, and that nothing is taken twice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.log_entry import Event, LogEntry, LoggedClaim, State
from facts.log_head import LogHead
from margin.errors import Reason, RejectedError
from ringfence.client.replay import Replay
from tests.ringfence.wire.test_claim import INPUTS
from tests.ringfence.wire.test_log import ORIGIN, Tree

CLAIM = LoggedClaim("ab" * 32, "cd" * 32, INPUTS)


def entry(event: Event, state: State, revision: int, held: Sequence[int], left: Sequence[int] = ()) -> LogEntry:
    claim = None if event is Event.LAPSE else CLAIM
    return LogEntry(event, state, "01" * 32, revision, 1000, 2000, tuple(held), tuple(left), claim)


ACCEPT = entry(Event.ACCEPT, State.ACCEPTED, 0, (1, 2))
REFRESH = entry(Event.REFRESH, State.REFRESHED, 1, (1, 2, 3))
FREE = entry(Event.FREE, State.REFRESHED, 2, (1, 3), (2,))
LAPSE = entry(Event.LAPSE, State.LAPSED, 3, (1, 3))
SEIZE = entry(Event.SEIZE, State.SEIZED, 4, (3,), (1,))
STORY = (ACCEPT, REFRESH, FREE, LAPSE, SEIZE)
OTHER = replace(ACCEPT, acceptance="02" * 32, held=(7, 8))


def replay(*entries: LogEntry) -> Replay:
    replayed = Replay()
    for each in entries:
        replayed.add(each.encode())
    return replayed


def test_a_story_is_read_to_its_end() -> None:
    replayed = replay(*STORY, OTHER)
    assert (replayed.acceptances, replayed.live, replayed.nullifiers) == (2, 1, 5)


@given(st.integers(0, 40))
def test_the_root_is_that_of_the_tree(count: int) -> None:
    entries = [replace(ACCEPT, acceptance=f"{number + 1:064x}", held=(number + 10,)) for number in range(count)]
    replayed, tree = replay(*entries), Tree(*(each.encode() for each in entries))
    assert replayed.root == tree.head().head.root
    replayed.require_head(tree.head().head)
    with pytest.raises(RejectedError) as refused:
        replayed.require_head(LogHead(ORIGIN, count + 1, b"\x01" * 32))
    assert refused.value.reason is Reason.LOG_FORKED


@pytest.mark.parametrize(
    "entries",
    [
        (REFRESH,),
        (ACCEPT, ACCEPT),
        (replace(ACCEPT, revision=1),),
        (replace(ACCEPT, state=State.REFRESHED),),
        (replace(ACCEPT, held=()),),
        (replace(ACCEPT, left=(3,)),),
        (ACCEPT, replace(REFRESH, revision=2)),
        (ACCEPT, replace(REFRESH, held=(1, 3))),
        (ACCEPT, replace(REFRESH, state=State.ACCEPTED)),
        (ACCEPT, REFRESH, replace(FREE, held=(1, 2, 3), left=())),
        (ACCEPT, REFRESH, replace(FREE, held=(1,), left=(2,))),
        (ACCEPT, REFRESH, replace(FREE, held=(), left=(1, 2, 3))),
        (ACCEPT, REFRESH, replace(FREE, state=State.ACCEPTED)),
        (ACCEPT, replace(LAPSE, revision=1, held=(1,))),
        (ACCEPT, replace(SEIZE, revision=1, held=(2,))),
        (*STORY[:4], replace(REFRESH, revision=4, held=(1, 3))),
        (*STORY[:4], replace(FREE, revision=4, held=(1,), left=(3,))),
        (*STORY[:4], replace(LAPSE, revision=4)),
        (*STORY, replace(FREE, revision=5, held=(), left=(3,), state=State.RELEASED)),
    ],
)
def test_an_entry_that_cannot_follow_is_refused(entries: Sequence[LogEntry]) -> None:
    *before, last = entries
    replayed = replay(*before)
    with pytest.raises(RejectedError) as refused:
        replayed.add(last.encode())
    assert refused.value.field.startswith(f"leaves[{len(before)}].")


@pytest.mark.parametrize("held", [(2,), (1, 9), (3,)])
def test_a_lock_that_was_ever_taken_is_never_taken_again(held: tuple[int, ...]) -> None:
    replayed = replay(*STORY)
    with pytest.raises(RejectedError) as refused:
        replayed.add(replace(OTHER, held=held).encode())
    assert refused.value.reason is Reason.NULLIFIER_SPENT


def test_the_last_lock_that_leaves_releases() -> None:
    released = replace(FREE, revision=1, held=(), left=(1, 2), state=State.RELEASED)
    assert replay(ACCEPT, released).live == 0
