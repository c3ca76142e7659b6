"""What is committed of a trader: every part counts, nothing is shown, and nothing has a second name."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.commitments import (
    POSITION_KINDS,
    CommittedPosition,
    Lock,
    PerpetualBody,
    commit_lock,
    commit_lock_owner,
    commit_owner,
    commit_position,
    commit_release,
    derive_nullifier,
    encode_cash,
    tag_position,
)
from facts.elements import draw_element
from facts.packing import CASH, PERP_BODY, join_sign
from facts.tags import Tag
from margin.contracts import Side
from margin.errors import Reason
from margin.position import Position
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

BODY = PerpetualBody(Side.SHORT, 7, 1000, -3, 12)
POSITION = CommittedPosition(Tag.POSITION_PERP, owner=1, position_id=2, body=BODY.encode(), cash=-4, salt=5)
LOCK = Lock(chain_id=1, domain=2, asset=3, amount=4, lock_owner=5, deposit_index=6)
BEYOND = [GROUP_ORDER, 2 * GROUP_ORDER + 1, -1, 2**256]


@given(
    st.sampled_from(Side),
    st.integers(1, 2**64 - 1),
    st.integers(1, 2**100 - 1),
    st.integers(-(2**64) + 1, 2**64 - 1),
    st.integers(1, 2**20 - 1),
)
def test_a_body_comes_back(side: Side, size: int, entry: int, index: int, market_id: int) -> None:
    parts = PERP_BODY.decode(PerpetualBody(side, size, entry, index, market_id).encode())
    found = join_sign(parts["funding_magnitude"], parts["funding_sign"], "funding")
    assert (parts["side"], parts["size"], parts["entry_notional"]) == (int(side is Side.SHORT), size, entry)
    assert (found, parts["market_id"]) == (index, market_id)


@given(st.integers(-(2**100) + 1, 2**100 - 1))
def test_cash_comes_back(cash: int) -> None:
    parts = CASH.decode(encode_cash(cash))
    assert join_sign(parts["magnitude"], parts["sign"], "cash") == cash


def test_every_part_of_a_position_counts() -> None:
    changed = [replace(POSITION, kind=kind) for kind in POSITION_KINDS]
    changed += [replace(POSITION, owner=9), replace(POSITION, position_id=9), replace(POSITION, body=9)]
    changed += [replace(POSITION, cash=4), replace(POSITION, cash=-5), replace(POSITION, salt=9)]
    bodies = [BODY, replace(BODY, side=Side.LONG), replace(BODY, size=8), replace(BODY, entry_notional=1001)]
    bodies += [replace(BODY, funding_index=3), replace(BODY, market_id=13)]
    changed += [replace(POSITION, body=body.encode()) for body in bodies[1:]]
    leaves = [commit_position(each) for each in changed]
    assert leaves[0] == commit_position(POSITION)
    assert len(set(leaves)) == len(leaves)


def test_every_part_of_a_lock_counts() -> None:
    names = ("chain_id", "domain", "asset", "amount", "lock_owner", "deposit_index")
    leaves = {commit_lock(LOCK)} | {commit_lock(replace(LOCK, **{name: 99})) for name in names}
    assert len(leaves) == 7


def test_no_two_kinds_of_hash_of_the_same_inputs_are_the_same() -> None:
    pairs: list[Callable[[int, int], int]] = [tag_position, commit_lock_owner, derive_nullifier, commit_release]
    hashes = [hash_pair(1, 2) for hash_pair in pairs]
    assert all(one != other for one, other in combinations(hashes, 2))


@pytest.mark.parametrize("name", ["owner", "position_id", "body", "salt"])
@pytest.mark.parametrize("bad", BEYOND)
def test_an_element_of_a_position_has_one_name(name: str, bad: int) -> None:
    assert refused(replace, POSITION, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *((name, bad) for name in ("domain", "asset", "lock_owner") for bad in BEYOND),
        *(("chain_id", bad) for bad in (0, 2**64, -1)),
        *(("amount", bad) for bad in (0, 2**128, -1)),
        *(("deposit_index", bad) for bad in (2**64, -1)),
    ],
)
def test_the_bounds_of_a_lock(name: str, bad: int) -> None:
    assert refused(replace, LOCK, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("size", 0),
        ("size", 2**64),
        ("entry_notional", 0),
        ("entry_notional", 2**100),
        ("funding_index", 2**64),
        ("funding_index", -(2**64)),
        ("market_id", 0),
        ("market_id", 2**20),
    ],
)
def test_the_bounds_of_a_body(name: str, bad: int) -> None:
    assert refused(replace, BODY, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


@pytest.mark.parametrize("bad", [2**100, -(2**100)])
def test_the_bounds_of_cash(bad: int) -> None:
    assert refused(replace, POSITION, cash=bad) == (Reason.OUT_OF_BOUNDS, "cash")


def test_only_kinds_of_position_are_positions() -> None:
    assert refused(replace, POSITION, kind=Tag.LOCK) == (Reason.NOT_A_CHOICE, "kind")


def test_a_position_of_margin_is_taken_as_it_is() -> None:
    position = Position(Side.SHORT, 7, Fraction(1000), Fraction(5), funding_index=-3)
    assert PerpetualBody.of(position, 12) == BODY
    with_leverage = replace(position, leverage=Fraction(5))
    assert refused(PerpetualBody.of, with_leverage, 12) == (Reason.NOT_APPLICABLE, "leverage")
    in_parts = replace(position, entry_notional=Fraction(1, 3))
    assert refused(PerpetualBody.of, in_parts, 12) == (Reason.NOT_ON_GRID, "entry_notional")


def test_salts_are_drawn_anew() -> None:
    fresh = [CommittedPosition(Tag.POSITION_PERP, 1, 2, 3, 4) for _ in range(20)]
    assert len({commit_position(each) for each in fresh}) == 20
    assert all(0 <= draw_element() < GROUP_ORDER for _ in range(100))


def test_the_owner_of_two_locks_is_not_seen() -> None:
    assert len({commit_owner(1), commit_lock_owner(1, 1), commit_lock_owner(1, 2)}) == 3
