"""What is made public of positions that change: every part counts, and what is absent is never a real one."""

from dataclasses import replace

import pytest

from facts.commitments import CommittedPosition, commit_position, derive_nullifier, tag_position
from facts.tags import Tag
from facts.transition import (
    RESERVED_ID,
    Flows,
    StatedTransition,
    commit_absence,
    commit_transition,
    derive_absent_birth,
    derive_absent_nullifier,
    derive_birth,
    derive_leaf_nullifier,
)
from margin.errors import Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

FLOWS = Flows(3, paid_in=4, paid_out=5, fees=6, settled=-7)
STATED = StatedTransition((1, 2), FLOWS)
MOST = 2**100 - 1


def test_every_part_of_a_transition_counts() -> None:
    flows = [replace(FLOWS, **{name: 8}) for name in ("currency_id", "paid_in", "paid_out", "fees", "settled")]
    changed = [
        STATED,
        StatedTransition((2, 1), FLOWS),
        StatedTransition((1, 1), FLOWS),
        StatedTransition((2, 2), FLOWS),
    ]
    changed += [StatedTransition((1, 2), each) for each in (*flows, replace(FLOWS, settled=7))]
    assert len({each.encode() for each in changed}) == len(changed)
    assert STATED.encode() == commit_transition((1, 2), FLOWS)


def test_no_two_spends_of_the_same_inputs_are_the_same() -> None:
    spends = {derive_leaf_nullifier(1, 2), derive_birth(1, 2), derive_nullifier(1, 2), tag_position(1, 2)}
    assert len(spends | {derive_absent_nullifier(2), derive_absent_birth(1)}) == 6


def test_no_position_is_none_however_it_is_salted() -> None:
    position = CommittedPosition(Tag.POSITION_PERP, owner=1, position_id=2, body=0, cash=0, salt=5)
    assert commit_absence(1, 2, 5) != commit_position(position)
    assert commit_absence(1, 2, 5) != commit_absence(1, 2, 6)


def test_the_id_that_stands_for_no_position_is_no_id() -> None:
    assert refused(derive_birth, 1, RESERVED_ID) == (Reason.OUT_OF_BOUNDS, "position_id")
    assert refused(derive_birth, 1, GROUP_ORDER) == (Reason.OUT_OF_BOUNDS, "position_id")


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *((name, bad) for name in ("paid_in", "paid_out", "fees") for bad in (-1, MOST + 1, GROUP_ORDER - 1)),
        *(("settled", bad) for bad in (-MOST - 1, MOST + 1)),
        *(("currency_id", bad) for bad in (0, 2**12)),
    ],
)
def test_the_bounds_of_flows(name: str, bad: int) -> None:
    assert refused(replace, FLOWS, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


def test_the_leaves_of_a_transition_are_two_elements() -> None:
    assert refused(StatedTransition, (1,), FLOWS) == (Reason.WRONG_COUNT, "leaves")
    assert refused(StatedTransition, (1, GROUP_ORDER), FLOWS) == (Reason.OUT_OF_BOUNDS, "leaves[1]")
