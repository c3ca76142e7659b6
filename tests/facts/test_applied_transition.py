"""Entries about positions that changed, and their canonical bytes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.applied_transition import MOST_LEAVES, AppliedTransition, TransitionKind
from facts.log_entry import LoggedClaim
from facts.log_leaf import decode_leaf
from facts.public_inputs import PublicInputs
from margin.errors import MalformedError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused
from tests.facts.test_log_entry import ENTRY as ACCEPTED

CLAIM = LoggedClaim("ab" * 32, "cd" * 32, PublicInputs(1, 2, 3, 4, (5, 6, 7, 8), 9, 10))
ENTRY = AppliedTransition(
    TransitionKind.TRANSITION, is_for_development=False, moment=1_800_000_000, leaves=(12, 11), claim=CLAIM
)
LEAVES = st.lists(st.integers(1, GROUP_ORDER - 1), min_size=1, max_size=MOST_LEAVES).map(tuple)


@given(st.sampled_from(TransitionKind), st.booleans(), st.integers(0, 2**62 - 1), LEAVES)
def test_an_entry_is_read_as_it_was_written(
    kind: TransitionKind,
    is_for_development: bool,  # noqa: FBT001 - drawn
    moment: int,
    leaves: tuple[int, ...],
) -> None:
    entry = AppliedTransition(kind, is_for_development, moment, leaves, CLAIM)
    assert AppliedTransition.decode(entry.encode()) == decode_leaf(entry.encode()) == entry


def test_the_bytes_are_those_that_were_always_written() -> None:
    data = b"ringfence.v1.applied_transition\n" + bytes((1, 0)) + (1_800_000_000).to_bytes(8, "big")
    data += b"\x02" + (12).to_bytes(32, "big") + (11).to_bytes(32, "big")
    inputs = b"".join(number.to_bytes(32, "big") for number in range(1, 11))
    assert ENTRY.encode() == data + (64 + 320).to_bytes(2, "big") + b"\xab" * 32 + b"\xcd" * 32 + inputs


def test_the_two_kinds_of_leaves_are_told_apart() -> None:
    assert decode_leaf(ACCEPTED.encode()) == ACCEPTED
    assert refused(AppliedTransition.decode, ACCEPTED.encode()) == (Reason.WRONG_MESSAGE, "entry")
    assert refused(decode_leaf, b"ringfence.v1.something\n") == (Reason.NOT_READABLE, "entry")


def test_no_other_bytes_are_the_same_entry() -> None:
    data = ENTRY.encode()
    for place in range(len(data)):
        altered = data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]
        try:
            assert decode_leaf(altered) != ENTRY
        except MalformedError:
            continue
        assert decode_leaf(altered).encode() == altered


def test_an_entry_ends_where_it_ends() -> None:
    data = ENTRY.encode()
    for cut in range(len(data)):
        with pytest.raises(MalformedError):
            AppliedTransition.decode(data[:cut])
    assert refused(AppliedTransition.decode, data + b"\x00") == (Reason.WRONG_COUNT, "entry")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"leaves": ()}, Reason.WRONG_COUNT),
        ({"leaves": (1,) * (MOST_LEAVES + 1)}, Reason.WRONG_COUNT),
        ({"leaves": (1, 0)}, Reason.OUT_OF_BOUNDS),
        ({"leaves": (GROUP_ORDER,)}, Reason.OUT_OF_BOUNDS),
        ({"moment": 2**62}, Reason.OUT_OF_BOUNDS),
        ({"claim": replace(CLAIM, inputs=replace(CLAIM.inputs, nullifiers=()))}, Reason.WRONG_COUNT),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, object], reason: Reason) -> None:
    assert refused(replace, ENTRY, **change)[0] == reason


@pytest.mark.parametrize("place", [0, 1])
def test_kind_and_development_have_their_numbers(place: int) -> None:
    data = bytearray(ENTRY.encode())
    data[len(b"ringfence.v1.applied_transition\n") + place] = 9
    assert refused(AppliedTransition.decode, bytes(data))[0] == Reason.OUT_OF_BOUNDS
