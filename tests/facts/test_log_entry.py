"""Entries of the log and their canonical bytes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.log_entry import MAX_HELD, Event, LogEntry, LoggedClaim, State
from facts.public_inputs import PublicInputs
from margin.errors import MalformedError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

CLAIM = LoggedClaim("ab" * 32, "cd" * 32, PublicInputs(1, 2, 3, 4, (5, 6), 7, 8))
ENTRY = LogEntry(Event.ACCEPT, State.ACCEPTED, "ab" * 32, 0, 1_800_000_000, 1_800_000_600, (5, 6), (), CLAIM)
LAPSE = replace(ENTRY, event=Event.LAPSE, state=State.LAPSED, revision=1, claim=None)
SETS = st.sets(st.integers(1, GROUP_ORDER - 1), max_size=MAX_HELD).map(lambda numbers: tuple(sorted(numbers)))


@given(st.sampled_from(Event), st.sampled_from(State), st.integers(0, 2**62 - 1), SETS, SETS)
def test_an_entry_is_read_as_it_was_written(
    event: Event, state: State, number: int, held: tuple[int, ...], left: tuple[int, ...]
) -> None:
    claim = None if event is Event.LAPSE else CLAIM
    entry = LogEntry(event, state, "ab" * 32, number, number, number, held, left, claim)
    assert LogEntry.decode(entry.encode()) == entry


def test_a_release_may_be_somebodys_will_and_then_it_is_of_everything() -> None:
    released = replace(ENTRY, event=Event.FREE, state=State.RELEASED, held=(), left=(5, 6), claim=None)
    assert LogEntry.decode(released.encode()) == released
    refusal = refused(replace, released, state=State.REFRESHED, held=(5,), left=(6,))
    assert refusal == (Reason.CONFLICTING_FIELDS, "claim")
    for event in (Event.ACCEPT, Event.REFRESH, Event.SEIZE):
        assert refused(replace, released, event=event) == (Reason.CONFLICTING_FIELDS, "claim")


def test_the_bytes_are_those_that_were_always_written() -> None:
    data = b"ringfence.v1.log_entry\n" + bytes((1, 1)) + b"\xab" * 32
    data += b"".join(number.to_bytes(8, "big") for number in (0, 1_800_000_000, 1_800_000_600))
    data += b"\x02" + (5).to_bytes(32, "big") + (6).to_bytes(32, "big") + b"\x00"
    inputs = b"".join(number.to_bytes(32, "big") for number in range(1, 9))
    assert ENTRY.encode() == data + (64 + 256).to_bytes(2, "big") + b"\xab" * 32 + b"\xcd" * 32 + inputs


@pytest.mark.parametrize("entry", [ENTRY, LAPSE])
def test_no_other_bytes_are_the_same_entry(entry: LogEntry) -> None:
    data = entry.encode()
    for place in range(len(data)):
        altered = data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
        try:
            assert LogEntry.decode(altered) != entry
        except MalformedError:
            continue
        assert LogEntry.decode(altered).encode() == altered


@pytest.mark.parametrize("cut", range(len(LAPSE.encode())))
def test_an_entry_ends_where_it_ends(cut: int) -> None:
    with pytest.raises(MalformedError):
        LogEntry.decode(LAPSE.encode()[:cut])
    with pytest.raises(MalformedError):
        LogEntry.decode(LAPSE.encode() + bytes(cut + 1))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"held": (6, 5)}, Reason.DUPLICATE_FIELD),
        ({"held": (5, 5)}, Reason.DUPLICATE_FIELD),
        ({"left": (0,)}, Reason.OUT_OF_BOUNDS),
        ({"held": (GROUP_ORDER,)}, Reason.OUT_OF_BOUNDS),
        ({"held": tuple(range(1, MAX_HELD + 2))}, Reason.WRONG_COUNT),
        ({"acceptance": "00" * 32}, Reason.NOT_READABLE),
        ({"acceptance": "AB" * 32}, Reason.NOT_READABLE),
        ({"moment": -1}, Reason.OUT_OF_BOUNDS),
        ({"revision": 2**62}, Reason.OUT_OF_BOUNDS),
        ({"claim": None}, Reason.CONFLICTING_FIELDS),
    ],
)
def test_an_entry_that_says_nothing_is_none(change: dict[str, object], reason: Reason) -> None:
    assert refused(replace, ENTRY, **change) == (reason, *change)


def test_a_lapse_has_no_claim() -> None:
    assert refused(replace, LAPSE, claim=CLAIM) == (Reason.CONFLICTING_FIELDS, "claim")
