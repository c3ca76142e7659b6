"""Attacks on the argument of solvency, without circuits: what each rule of the formats is there to prevent.

Where circuits hold a rule, the forger here is shown to win without it and to lose with it; that the circuits hold it
is tested with them.
"""

from dataclasses import replace

import pytest

from facts.elements import derive_element
from facts.solvency.account import AccountPart, Balance, Debt, IsolatedPosition, commit_part, encode_part
from facts.solvency.challenge import Challenge, Inverses, Pole, draw_challenge
from facts.solvency.receipt import Receipt, ReceiptPart, check_receipt
from facts.solvency.shape import AccountShape
from facts.solvency.siblings import siblings_of
from facts.solvency.sums import RunningSums
from facts.solvency.tables import MarketRow, Tables
from facts.tree import Tree, empty_node
from margin.contracts import Side
from margin.errors import Reason
from margin.solvency import HaircutLine
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.facts.refusals import refused
from tests.facts.solvency.venue import (
    ALICE,
    BOB,
    CAROL,
    HEADER,
    LENDING,
    PLAIN,
    RUN,
    TABLES,
    Account,
    CountedRun,
    balances_out,
    fill_class,
    receipt_of,
)

CHALLENGE = RUN.challenge


def with_rows(run: CountedRun, rows: int) -> CountedRun:
    """A run whose last state says so."""
    return replace(run, states=(*run.states[:-1], replace(run.states[-1], rows=rows % GROUP_ORDER)))


# --- Fake negative account ---------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [-1, GROUP_ORDER - 1, GROUP_ORDER - 10**9, 2**64])
def test_fake_negative_account(amount: int) -> None:
    """An amount that the field takes for one below zero has no place in a word."""
    assert refused(Balance, 0, amount) == (Reason.OUT_OF_BOUNDS, "amount")
    assert refused(Debt, 0, amount) == (Reason.OUT_OF_BOUNDS, "amount")


def test_a_negative_position_lowers_nothing() -> None:
    sums = RunningSums(TABLES)
    sums.add(AccountPart(1, 2, 3, (IsolatedPosition(0, Side.LONG, 1, -(2**80), -(2**80)),)), PLAIN)
    assert not any(sums.owed6)
    assert sums.gaps6[0] == 2**80


def test_a_debt_that_nothing_covers_cannot_lower_a_total() -> None:
    sham = Account("sham", (), (Balance(0, 10**6),), (Debt(1, 10**9),))
    given = ReceiptPart(16, 1, (), sham.balances, sham.debts, siblings_of(Tree(2).path(16)))
    receipt = Receipt("sham", HEADER.hash, RUN.tree.root, (given,))
    said = refused(check_receipt, receipt, HEADER, TABLES, RUN.tree.root)
    assert said == (Reason.INSUFFICIENT_MARGIN, "parts[0].debts")


# --- Same position in two accounts -------------------------------------------------------------------


def test_same_position_in_two_accounts() -> None:
    """Two holders of equal accounts cannot be shown one leaf: the holder is in it, and so is the number."""
    twin = replace(BOB, account_id="rob@example.org")
    receipt = receipt_of(BOB, 0)
    shown = replace(receipt, account=twin.account_id)
    assert refused(check_receipt, shown, HEADER, TABLES, RUN.tree.root) == (Reason.NOT_IN_TREE, "parts[0].root")
    assert commit_part(BOB.part(0, PLAIN), PLAIN) != commit_part(twin.part(0, PLAIN), PLAIN)


def test_a_leaf_shown_under_another_shape() -> None:
    """Shapes with equally many words: without a tag for each, what is counted as one balance is shown as another."""
    one, other = AccountShape(2, 4), AccountShape(1, 6)
    assert one.inputs == other.inputs
    counted = AccountPart(1, 2, 3, (IsolatedPosition(0, Side.LONG, 0, 0, 0),) * 2, (Balance(0, 1),))
    words = encode_part(counted, one)
    assert len(words) == len(encode_part(AccountPart(1, 2, 3), other))
    assert commit_part(counted, one) == hash_inputs([derive_element("account:p2-b4-d0"), words_holder(), *words])
    assert commit_part(counted, one) != hash_inputs([derive_element("account:p1-b6-d0"), words_holder(), *words])


def words_holder() -> int:
    """The holder of identity 1 and salt 2."""
    return hash_inputs([derive_element("holder"), 1, 2])


# --- Unpacked overflow -------------------------------------------------------------------------------


def test_unpacked_overflow() -> None:
    """A number wider than its part would be the neighbour's: the word of 1 and 2^64 is that of other numbers, too."""
    honest = AccountPart(1, 2, 3, balances=(Balance(0, 5), Balance(7, 9)))
    word = encode_part(honest, PLAIN)[2]
    assert word == 3 + ((0 + (5 << 12)) << 72) + ((7 + (9 << 12)) << 148)
    overflowing = 5 + (7 << 64) + (9 << 76)
    assert word == 3 + (overflowing << 84)
    assert refused(Balance, 0, overflowing) == (Reason.OUT_OF_BOUNDS, "amount")


# --- Swapped price vector between batches ------------------------------------------------------------


def test_swapped_price_vector_between_batches() -> None:
    """A batch counted at other weights than the tables have: its rows are not in the tables."""
    market = TABLES.markets[1]
    swapped = replace(
        TABLES, markets=(TABLES.markets[0], replace(market, weight=market.weight + 1), *TABLES.markets[2:])
    )
    lots = BOB.positions[0][1].size
    honest, forged = Inverses.of(CHALLENGE, TABLES), Inverses.of(CHALLENGE, swapped)
    rows = RUN.states[-1].rows + lots * (forged.markets[1] - honest.markets[1])
    assert balances_out(RUN)
    assert not balances_out(with_rows(RUN, rows))


def test_tables_swapped_after_the_challenge() -> None:
    """The header names the tables, and the challenge the header."""
    other = replace(TABLES, markets=(MarketRow(1, 0), *TABLES.markets[1:]))
    header = replace(HEADER, tables=other.commit(HEADER.total))
    assert draw_challenge(header.hash, RUN.tree.root, RUN.sums.commit()) != CHALLENGE


def test_a_weight_chosen_after_the_challenge() -> None:
    """A position without lots has no weight of its own. With one constraint its row may be a pole, and add anything."""
    weight = (CHALLENGE.challenge - Pole.MARKET.at(0)) * pow(CHALLENGE.mixer, -1, GROUP_ORDER) % GROUP_ORDER
    row, lots, wanted = CHALLENGE.mix(Pole.MARKET, 0, [weight]), 0, 12345
    assert wanted * (CHALLENGE.challenge - row) % GROUP_ORDER == lots
    said = refused(CHALLENGE.invert, row)
    assert said == (Reason.NOT_APPLICABLE, "challenge")


@pytest.mark.parametrize("lots", [1, 2**64 - 1])
def test_a_position_with_lots_has_one_weight(lots: int) -> None:
    """Quote, equity and lots are in the leaf: only one element times the lots is what lies between them."""
    position = IsolatedPosition(0, Side.SHORT, lots, 10**9, 10**9 - 65 * lots)
    weight = (position.quote6 - position.equity6) * pow(lots, -1, GROUP_ORDER) % GROUP_ORDER
    assert weight == 65


def test_a_line_chosen_after_the_challenge() -> None:
    """Were the lines of a part not in its leaf, some that are in no table would have the number of one that is."""
    real = TABLES.haircuts[1][2]
    row = CHALLENGE.mix(Pole.HAIRCUT, 1, [real.slope, real.intercept, real.floor, real.ceiling])
    slope = (real.slope + 10**15) % GROUP_ORDER
    intercept = (real.intercept - 10**15 * pow(CHALLENGE.mixer, -1, GROUP_ORDER)) % GROUP_ORDER
    assert CHALLENGE.mix(Pole.HAIRCUT, 1, [slope, intercept, real.floor, real.ceiling]) == row
    drawn = draw_challenge(1, 2, 3)
    assert drawn.mix(Pole.HAIRCUT, 1, [slope, intercept, real.floor, real.ceiling]) != drawn.mix(
        Pole.HAIRCUT, 1, [real.slope, real.intercept, real.floor, real.ceiling]
    )
    part = CAROL.part(1, LENDING)
    assert part.cover is not None
    forged = replace(part.cover, lines=(HaircutLine(1, 0, 0, 2**64), *part.cover.lines[1:]))
    assert commit_part(replace(part, cover=forged), LENDING) != commit_part(part, LENDING)


def test_a_tier_in_a_rows_name_would_be_free() -> None:
    """A tier that no leaf holds, added to a row's number, makes any committed line the table's."""
    real, forged = TABLES.haircuts[1][2], HaircutLine(10**15, 0, 0, 2**64)
    rows = [
        CHALLENGE.mix(Pole.HAIRCUT, 1, [line.slope, line.intercept, line.floor, line.ceiling])
        for line in (real, forged)
    ]
    tier = (rows[0] - rows[1]) * pow(2**12, -1, GROUP_ORDER) % GROUP_ORDER
    assert (rows[1] + tier * 2**12) % GROUP_ORDER == rows[0]


def test_a_line_of_another_tier_is_in_the_table_but_not_for_the_amount() -> None:
    low, _, high = TABLES.haircuts[1]
    assert low.value(high.floor) > high.value(high.floor)
    part = CAROL.part(1, LENDING)
    assert part.cover is not None
    rich = replace(part, balances=(Balance(1, high.floor), *part.balances[1:]))
    given = ReceiptPart(16, part.salt, (), rich.balances, rich.debts, siblings_of(Tree(2).path(16)))
    receipt = Receipt("carol", HEADER.hash, RUN.tree.root, (given,))
    assert refused(check_receipt, receipt, HEADER, TABLES, RUN.tree.root) == (Reason.NOT_IN_TREE, "parts[0].root")
    assert not low.holds_for(high.floor)


def test_a_debt_that_costs_nothing() -> None:
    whole = HaircutLine(1, 0, 0, 2**64)
    assert refused(Tables, (), 1, ((whole,),), (0,)) == (Reason.OUT_OF_BOUNDS, "prices[0]")


# --- A root of other totals --------------------------------------------------------------------------


def test_a_root_of_other_totals() -> None:
    """Sums that are smaller than what is counted: no challenge that is drawn of them agrees."""
    smaller = replace(RUN.sums, balances=(RUN.sums.balances[0] - 1, *RUN.sums.balances[1:]))
    challenge = draw_challenge(HEADER.hash, RUN.tree.root, smaller.commit())
    assert challenge != CHALLENGE
    for forged in (replace(RUN, sums=smaller), replace(RUN, sums=smaller, challenge=challenge)):
        assert not balances_out(forged)


def test_sums_chosen_after_the_challenge() -> None:
    """With the challenge in hand one sum makes up for another, which is why it is drawn of them."""
    shift = 10**9
    first, second = (CHALLENGE.invert(Pole.BALANCE.at(place)) for place in (0, 1))
    made_up = (RUN.sums.balances[1] + shift * first * pow(second, -1, GROUP_ORDER)) % GROUP_ORDER
    balances = (RUN.sums.balances[0] - shift, made_up, *RUN.sums.balances[2:])
    lines = sum(amount * CHALLENGE.invert(Pole.BALANCE.at(place)) for place, amount in enumerate(balances))
    honest = sum(amount * CHALLENGE.invert(Pole.BALANCE.at(place)) for place, amount in enumerate(RUN.sums.balances))
    assert (lines - honest) % GROUP_ORDER == 0
    assert replace(RUN.sums, balances=balances).commit() != RUN.sums.commit()


def test_a_gap_is_not_paid_from_a_balance() -> None:
    """What is counted and what is missing have poles of their own: one can't be set off against the other."""
    netted = list(RUN.sums.counted)
    netted[1] -= RUN.sums.gaps[1]
    forged = replace(RUN.sums, counted=tuple(netted), gaps=(0,) * len(netted))
    assert not balances_out(replace(RUN, sums=forged))


# --- A batch left out, or counted twice --------------------------------------------------------------


def test_a_batch_left_out() -> None:
    """Its leaves are not under the root, so that its holders have no path; under a root with them the sums differ."""
    receipt, width = receipt_of(ALICE, 0), 8**HEADER.levels
    (part,) = receipt.parts
    batch = part.leaf // width
    leaves = {index: RUN.tree.leaf(index) for index in range(3 * width) if index // width != batch}
    without = Tree(HEADER.tree_levels, leaves)
    assert without.node(HEADER.levels, batch) == empty_node(HEADER.levels)
    assert without.root != RUN.tree.root
    moved = replace(receipt, root=without.root)
    assert refused(check_receipt, moved, HEADER, TABLES, without.root) == (Reason.NOT_IN_TREE, "parts[0].root")
    moved = replace(moved, parts=(replace(part, siblings=siblings_of(without.path(part.leaf))),))
    assert refused(check_receipt, moved, HEADER, TABLES, without.root) == (Reason.NOT_IN_TREE, "parts[0].root")


def test_a_batch_counted_twice() -> None:
    """Its numbers stand already below the last one, and numbers rise over the whole run."""
    numbers = [state.number for state in RUN.states]
    assert numbers == sorted(set(numbers))
    first = [part.number for part in fill_class([ALICE, BOB], 0, HEADER)]
    assert max(first) < min(part.number for part in fill_class([CAROL], 1, HEADER))


def test_a_challenge_of_another_run() -> None:
    other = replace(HEADER, time=HEADER.time + 86_400)
    assert draw_challenge(other.hash, RUN.tree.root, RUN.sums.commit()) != CHALLENGE
    assert not balances_out(replace(RUN, challenge=Challenge(CHALLENGE.challenge + 1, CHALLENGE.mixer)))
    assert not balances_out(replace(RUN, challenge=Challenge(CHALLENGE.challenge, CHALLENGE.mixer + 1)))
