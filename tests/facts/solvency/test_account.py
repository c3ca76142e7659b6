"""A leaf commits to every number of a part, under the tag of its shape."""

import timeit
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.elements import derive_element
from facts.packing import ISOLATED_POSITION
from facts.solvency.account import (
    AccountPart,
    Balance,
    Cover,
    Debt,
    IsolatedPosition,
    commit_holder,
    commit_part,
    commit_parts,
    encode_part,
    number_part,
    require_covered,
)
from facts.solvency.shape import AccountShape, BatchShape, TotalShape, shape_of_name
from facts.tags import Tag
from margin.contracts import Side
from margin.errors import Reason
from margin.solvency import HaircutLine
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.facts.refusals import refused
from tests.facts.solvency.venue import ALICE, CAROL, LENDING, PLAIN, TABLES

fine = st.integers(1 - 2**84, 2**84 - 1)
places, amounts = st.integers(0, 2**12 - 1), st.integers(0, 2**64 - 1)
positions = st.builds(IsolatedPosition, places, st.sampled_from(Side), amounts, fine, fine)
balances, debts = st.builds(Balance, places, amounts), st.builds(Debt, places, amounts)
elements = st.integers(0, GROUP_ORDER - 1)
parts = st.builds(
    AccountPart,
    elements,
    elements,
    st.integers(0, 2**72 - 1),
    st.lists(positions, max_size=2).map(tuple),
    st.lists(balances, max_size=4).map(tuple),
)


@given(positions)
def test_a_position_is_packed_as_its_packing_says(position: IsolatedPosition) -> None:
    assert position.encode() == ISOLATED_POSITION.encode(position.parts)
    assert position.counted - position.gap == position.equity6


@given(parts)
def test_the_words_are_packed_as_the_shape_says(part: AccountPart) -> None:
    words = encode_part(part, PLAIN)
    numbers: dict[str, int] = {"number": part.number}
    for place in range(4):
        balance = part.balances[place] if place < len(part.balances) else Balance(0, 0)
        numbers |= {f"balance_{place}_asset": balance.asset, f"balance_{place}_amount": balance.amount}
    packed = [word.encode({name: numbers[name] for name in word.widths}) for word in PLAIN.words]
    given_positions = [position.encode() for position in part.positions]
    assert words == [*given_positions, *[0] * (2 - len(given_positions)), *packed]


def filled(part: AccountPart) -> tuple[object, ...]:
    """What a leaf says, with the places that are not used."""
    nothing = IsolatedPosition(0, Side.LONG, 0, 0, 0)
    positions_ = (*part.positions, *[nothing] * (2 - len(part.positions)))
    balances_ = (*part.balances, *[Balance(0, 0)] * (4 - len(part.balances)))
    return part.number, positions_, balances_


@given(parts, parts)
def test_two_parts_never_share_their_words(one: AccountPart, other: AccountPart) -> None:
    assert (encode_part(one, PLAIN) == encode_part(other, PLAIN)) is (filled(one) == filled(other))


def test_a_leaf_is_the_plain_hash_of_its_words() -> None:
    part = CAROL.part(1, LENDING)
    assert part.cover is not None
    holder = hash_inputs([derive_element("holder"), part.identity, part.salt])
    cover = hash_inputs([derive_element("cover"), *part.cover.numbers])
    word = part.number | part.balances[0].encode() << 72 | part.balances[1].encode() << 148
    assert commit_holder(part.identity, part.salt) == holder
    tag = derive_element("account:p1-b2-d1")
    assert commit_part(part, LENDING) == hash_inputs([tag, holder, 0, word, part.debts[0].encode(), cover])


@given(st.lists(parts, max_size=4))
@settings(max_examples=20, deadline=None)
def test_leaves_are_the_same_in_bulk(several: list[AccountPart]) -> None:
    leaves = b"".join(commit_part(part, PLAIN).to_bytes(32, "little") for part in several)
    assert commit_parts(several, PLAIN, threads=1) == leaves


def test_a_part_is_encoded_in_tens_of_microseconds() -> None:
    part = ALICE.part(0, PLAIN)
    assert min(timeit.repeat(lambda: encode_part(part, PLAIN), number=100, repeat=10)) < 100 * 50e-6


def test_a_number_is_a_class_and_a_hash() -> None:
    salt = bytes(range(32))
    digest = sha256(b"ringfence.v1.part\n" + salt + b"\0\5alice" + (3).to_bytes(8, "big")).digest()
    assert number_part(2, salt, "alice", 3) == 2 << 64 | int.from_bytes(digest[:8], "big")
    assert refused(number_part, 256, salt, "alice") == (Reason.OUT_OF_BOUNDS, "class")
    assert refused(number_part, 0, salt, "alice", 2**32) == (Reason.OUT_OF_BOUNDS, "part")


def test_padding_looks_like_nobody() -> None:
    one, other = AccountPart.padding(5), AccountPart.padding(5)
    assert commit_part(one, PLAIN) != commit_part(other, PLAIN)
    assert encode_part(one, PLAIN) == [0, 0, 5, 0]


def test_nothing_of_an_account_is_shown() -> None:
    part = CAROL.part(1, LENDING)
    for shown in (repr(part), repr(part.balances[0]), repr(part.cover), repr(ALICE.part(0, PLAIN).positions[0])):
        assert not any(character.isdigit() for character in shown)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": 2**64}, "size"),
        ({"size": -1}, "size"),
        ({"market": 2**12}, "market"),
        ({"quote6": 2**84}, "quote6"),
        ({"quote6": -(2**84)}, "quote6"),
        ({"equity6": 2**84}, "equity6"),
    ],
)
def test_a_position_beyond_its_bits_is_refused(change: dict[str, Any], field: str) -> None:
    position = IsolatedPosition(1, Side.LONG, 1, 1, 1)
    assert refused(replace, position, **change) == (Reason.OUT_OF_BOUNDS, field)


@pytest.mark.parametrize("kind", [Balance, Debt])
def test_an_amount_beyond_its_bits_is_refused(kind: type[Balance]) -> None:
    for amount in (2**64, -1):
        assert refused(kind, 0, amount) == (Reason.OUT_OF_BOUNDS, "amount")
    assert refused(kind, 2**12, 0) == (Reason.OUT_OF_BOUNDS, "asset")
    assert refused(kind, 0, amount=True) == (Reason.NOT_AN_INTEGER, "amount")


def test_a_part_of_another_shape_is_refused() -> None:
    part = ALICE.part(0, PLAIN)
    assert refused(encode_part, part, AccountShape(1, 4)) == (Reason.WRONG_COUNT, "positions")
    assert refused(encode_part, part, AccountShape(2, 2)) == (Reason.WRONG_COUNT, "balances")
    assert refused(encode_part, part, AccountShape(2, 4, 1)) == (Reason.CONFLICTING_FIELDS, "cover")
    lent = CAROL.part(1, LENDING)
    assert refused(encode_part, lent, AccountShape(1, 2)) == (Reason.WRONG_COUNT, "debts")
    assert refused(encode_part, replace(lent, debts=()), AccountShape(1, 2)) == (Reason.CONFLICTING_FIELDS, "cover")
    assert refused(encode_part, lent, AccountShape(1, 3, 1)) == (Reason.WRONG_COUNT, "cover")


def test_debts_are_covered_to_the_last_digit() -> None:
    line, price = HaircutLine(3, 1, 0, 100), 10
    cover = Cover((line, line), (price,))
    part = AccountPart(1, 2, 3, (), (Balance(0, 6),), (Debt(0, 2),), cover)
    require_covered(part)
    short = replace(part, balances=(Balance(0, 5), Balance(0, 0)))
    assert refused(require_covered, short) == (Reason.INSUFFICIENT_MARGIN, "debts")
    beyond = replace(part, balances=(Balance(0, 100),))
    assert refused(require_covered, beyond) == (Reason.OUTSIDE_TABLE, "balances[0]")
    require_covered(ALICE.part(0, PLAIN))


# --- Shapes ------------------------------------------------------------------------------------------


def test_words_are_filled_one_after_the_other() -> None:
    assert [sum(word.widths.values()) for word in PLAIN.words] == [224, 152]
    assert [sum(word.widths.values()) for word in AccountShape(0, 15, 1).words] == [224, 228, 228, 228, 228, 152]
    assert (PLAIN.inputs, LENDING.inputs, LENDING.cover_numbers) == (6, 6, 9)
    assert PLAIN.places == (((0, 0), (1, 72), (2, 148)), ((3, 0), (4, 76)))


def test_a_shape_has_a_name_and_a_tag_of_its_own() -> None:
    assert shape_of_name("p2-b4-d0") == PLAIN
    assert PLAIN.tag == derive_element("account:p2-b4-d0") != LENDING.tag
    assert PLAIN.tag not in set(map(int, Tag))
    assert BatchShape(PLAIN, 64, 2).name == "solvency-n64-p2-b4-d0"
    assert BatchShape(PLAIN, 8, 1).name == "solvency-n8-p2-b4-d0-levels1"
    for name in ("p2-b4", "p2-b4-d0-", "p02-b4-d0", "b4-p2-d0", "p\u0662-b4-d0", "", "p-b-d", "p2-b4-d-1"):
        assert refused(shape_of_name, name) == (Reason.NOT_A_CHOICE, "shape")


def test_shapes_have_bounds() -> None:
    assert refused(AccountShape, 9, 1) == (Reason.OUT_OF_BOUNDS, "positions")
    assert refused(AccountShape, 0, 0) == (Reason.OUT_OF_BOUNDS, "balances")
    assert refused(AccountShape, 8, 15, 4) == (Reason.WRONG_COUNT, "shape")
    assert refused(BatchShape, PLAIN, 65, 2) == (Reason.OUT_OF_BOUNDS, "accounts")
    assert refused(TotalShape, 1, 1, 13) == (Reason.OUT_OF_BOUNDS, "tiers")


def test_tables_give_every_place_of_a_part_its_line() -> None:
    cover = TABLES.cover(CAROL.balances, CAROL.debts, LENDING)
    assert [line.holds_for(each.amount) for line, each in zip(cover.lines, CAROL.balances, strict=True)] == [True, True]
    empty = TABLES.cover((), (), LENDING)
    assert empty == Cover((TABLES.haircuts[0][0],) * 2, (TABLES.prices[0],))
    assert refused(TABLES.cover, (Balance(3, 1),), (), LENDING) == (Reason.UNKNOWN_ASSET, "asset")
    assert refused(TABLES.cover, (), (Debt(9, 1),), LENDING) == (Reason.UNKNOWN_ASSET, "asset")
