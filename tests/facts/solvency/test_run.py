"""A run without circuits: sums, challenge and running states say the same thing exactly where everything is counted."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.elements import derive_element
from facts.hash_list import hash_list
from facts.solvency.account import AccountPart, Balance, Debt, require_covered
from facts.solvency.challenge import Challenge, Inverses, Pole, draw_challenge
from facts.solvency.running import BEGINNING, RunningState, commit_running, commit_runnings
from facts.solvency.sums import RunningSums
from facts.solvency.tables import MarketRow, Tables
from facts.solvency.totals import Totals, commit_reserves, require_attested, require_reserves
from facts.tags import Tag
from facts.tree import Tree
from margin.bounds import FINE_SCALE
from margin.errors import Reason, RejectedError
from margin.solvency import HaircutLine
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.facts.refusals import refused
from tests.facts.solvency.venue import (
    ALICE,
    ASSET_TIERS,
    ASSETS,
    BOB,
    CAROL,
    DAVE,
    HEADER,
    LENDING,
    PLAIN,
    RUN,
    TABLES,
    TOTAL,
    Account,
    balances_out,
    count_run,
    fill_class,
)

elements = st.integers(0, GROUP_ORDER - 1)


def test_an_honest_run_adds_up() -> None:
    assert balances_out(RUN)
    assert len(RUN.states) == HEADER.batches + 1
    numbers = [part.number for part, _ in RUN.parts]
    assert numbers == sorted(set(numbers))


accounts = st.lists(
    st.builds(
        Account,
        st.text(min_size=1, max_size=5),
        st.just(()),
        st.lists(st.builds(Balance, st.integers(0, 2), st.integers(0, 10**12)), max_size=2).map(tuple),
    ),
    max_size=5,
    unique_by=lambda account: account.account_id,
)


@settings(max_examples=10, deadline=None)
@given(accounts, accounts)
def test_every_honest_run_adds_up(plain: list[Account], lending: list[Account]) -> None:
    run = count_run((fill_class([*plain, ALICE], 0, HEADER), fill_class(lending, 1, HEADER)))
    assert balances_out(run)
    for asset in range(3):
        held = sum(each.amount for part, _ in run.parts for each in part.balances if each.asset == asset)
        counted = sum(
            each.counted for part, _ in run.parts for each in part.positions if TABLES.settlements[each.market] == asset
        )
        assert run.sums.owed6[asset] == FINE_SCALE * held + counted


@pytest.mark.parametrize(
    "name", ["balances", "debts", "counted", "gaps", "lots", "haircut_uses", "price_uses", "owed6", "gaps6"]
)
def test_no_sum_can_be_another(name: str) -> None:
    for place in range(len(getattr(RUN.sums, name))):
        for by in (1, -1):
            numbers = list(getattr(RUN.sums, name))
            numbers[place] = (numbers[place] + by) % GROUP_ORDER
            changes: dict[str, Any] = {name: tuple(numbers)}
            altered = replace(RUN.sums, **changes)
            assert altered.commit() != RUN.sums.commit()
            assert not balances_out(replace(RUN, sums=altered))


lendings = st.builds(
    Account,
    st.just("made-up"),
    st.just(()),
    st.lists(st.builds(Balance, st.integers(0, 2), st.integers(0, 2**40)), max_size=2).map(tuple),
    st.lists(st.builds(Debt, st.integers(0, 2), st.integers(0, 2**40)), max_size=1).map(tuple),
)


@given(lendings)
def test_a_made_up_debt_never_lowers_what_is_owed_after_haircuts(account: Account) -> None:
    """At the haircut of the lowest tier, what is added to one asset is worth what is taken from another."""
    part = account.part(1, LENDING)
    owed, lent = (sum_value(each, after_haircut=after) for each, after in ((part.balances, True), (part.debts, False)))
    try:
        require_covered(part)
    except RejectedError:
        return
    assert owed >= lent


def sum_value(entries: Sequence[Balance], *, after_haircut: bool) -> Fraction:
    """In money units, at the rate of the leaves."""
    total = Fraction(0)
    for entry in entries:
        tier, source = ASSET_TIERS[entry.asset][0], ASSETS[entry.asset].source
        assert source is not None
        gross = tier.gross(entry.amount * 10 ** (source.decimals - ASSETS[entry.asset].decimals))
        total += gross * (10**6 - tier.haircut_ppm) / 10**6 if after_haircut else gross
    return total


def test_sums_merge_and_are_kept_over_a_stop() -> None:
    halves = RunningSums(TABLES), RunningSums(TABLES)
    for place, (part, shape) in enumerate(RUN.parts):
        halves[place % 2].add(part, shape)
    kept = [list(column) for column in halves[1].columns()]
    restored = RunningSums(TABLES)
    restored.restore(kept)
    halves[0].merge(restored)
    assert halves[0].close(TOTAL, RUN.sums.salt) == RUN.sums
    assert halves[0].close(TOTAL).salt != halves[0].close(TOTAL).salt
    for part, shape in RUN.parts:
        one, many = RunningSums(TABLES), RunningSums(TABLES)
        for _ in range(5):
            one.add(part, shape)
        many.add(part, shape, times=5)
        assert list(one.columns()) == list(many.columns())


# --- Challenge ---------------------------------------------------------------------------------------


def test_the_challenge_hangs_on_header_root_and_sums() -> None:
    drawn = draw_challenge(1, 2, 3)
    assert drawn.challenge == hash_inputs([derive_element("challenge"), 1, 2, 3])
    assert drawn.mixer == hash_inputs([derive_element("mixer"), drawn.challenge])
    assert len({draw_challenge(*given_).challenge for given_ in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4))}) == 4


@given(elements, elements, st.sampled_from(Pole), st.integers(0, 2**12 - 1), st.lists(elements, max_size=4))
def test_an_inverse_is_one(challenge: int, mixer: int, pole: Pole, place: int, numbers: list[int]) -> None:
    drawn = Challenge(challenge, mixer)
    row = pole * 2**12 + place + sum(number * mixer ** (power + 1) for power, number in enumerate(numbers))
    assert drawn.mix(pole, place, numbers) == row % GROUP_ORDER
    if (challenge - row) % GROUP_ORDER:
        assert drawn.invert(row) * (challenge - row) % GROUP_ORDER == 1
    assert refused(Challenge(row % GROUP_ORDER, mixer).invert, row) == (Reason.NOT_APPLICABLE, "challenge")


def test_no_two_places_of_any_kinds_share_a_pole() -> None:
    assert len({pole.at(place) for pole in Pole for place in (0, 1, 2**12 - 1)}) == 3 * len(Pole)
    assert max(pole.at(2**12 - 1) for pole in Pole) < 2**15


def test_inverses_are_those_of_the_rows() -> None:
    drawn = draw_challenge(1, 2, 3)
    inverses = Inverses.of(drawn, TABLES)
    line = TABLES.haircuts[1][2]
    row = drawn.mix(Pole.HAIRCUT, 1, [line.slope, line.intercept, line.floor, line.ceiling])
    assert inverses.haircuts[1][line] == drawn.invert(row)
    assert inverses.gaps[2] == drawn.invert(Pole.GAP.at(2))
    lines, rows = inverses.sum_part(AccountPart(1, 2, 3, balances=(Balance(1, 5),)), PLAIN)
    assert (lines, rows) == (5 * drawn.invert(Pole.BALANCE.at(1)), 0)


# --- Running state -----------------------------------------------------------------------------------


def test_a_running_state_is_the_hash_of_its_numbers() -> None:
    state = RunningState(9, 8, 7, 6)
    assert commit_running(state) == hash_inputs([derive_element("running"), 9, 8, 7, 6])
    assert commit_runnings([BEGINNING, state]) == b"".join(
        commit_running(each).to_bytes(32, "little") for each in (BEGINNING, state)
    )
    assert refused(RunningState, 1, 2**72, 0, 0) == (Reason.OUT_OF_BOUNDS, "number")
    assert refused(RunningState, 1, 2, GROUP_ORDER, 0) == (Reason.OUT_OF_BOUNDS, "lines")
    hidden = RunningState.hide(1, 2, 3)
    assert commit_running(hidden) != commit_running(RunningState.hide(1, 2, 3))
    assert not any(character.isdigit() for character in repr(hidden))


def test_lists_of_all_lengths_have_hashes_of_their_own() -> None:
    assert hash_list(Tag.SUMS, [1]) == hash_inputs([derive_element("sums"), 1])
    long = hash_inputs([derive_element("sums"), *range(15)])
    assert hash_list(Tag.SUMS, range(17)) == hash_inputs([long, 15, 16])
    assert len({hash_list(Tag.SUMS, [0] * length) for length in range(1, 50)}) == 49
    assert hash_list(Tag.SUMS, [1]) != hash_list(Tag.TOTALS, [1])
    assert refused(hash_list, Tag.SUMS, []) == (Reason.WRONG_COUNT, "elements")


# --- Tables and totals -------------------------------------------------------------------------------


def test_tables_stand_row_by_row() -> None:
    listed = TABLES.elements(TOTAL)
    assert len(listed) == 2 * 4 + 4 * 3 * 4 + 4
    assert listed[:8] == [65 * 10**12 + 10**6, 0, 25 * 10**12 - 75_000, 0, GROUP_ORDER - 153_846_155_080, 1, 0, 0]
    assert listed[-4:] == [*TABLES.prices, 0]
    plain = Tables(TABLES.markets, 3)
    assert plain.elements(replace(TOTAL, tiers=0)) == listed[:8]
    assert plain.commit(replace(TOTAL, tiers=0)) == hash_inputs([derive_element("tables"), *listed[:8]])


def test_tables_that_leave_something_open_are_refused() -> None:
    whole = HaircutLine(1, 0, 0, 2**64)
    assert refused(Tables, (MarketRow(1, 1),), 1) == (Reason.UNKNOWN_ASSET, "markets[0].settlement")
    assert refused(Tables, (), 1, ((whole,),), (0,)) == (Reason.OUT_OF_BOUNDS, "prices[0]")
    assert refused(Tables, (), 2, ((whole,),), (1, 1)) == (Reason.WRONG_COUNT, "haircuts")
    assert refused(Tables, (), 1, ((whole,),), ()) == (Reason.WRONG_COUNT, "prices")
    for lines in ((), (replace(whole, floor=1),), (replace(whole, ceiling=9),), (replace(whole, ceiling=9), whole)):
        assert refused(Tables, (), 1, (lines,), (1,)) == (Reason.TIERS_DISCONTINUOUS, "haircuts[0]")
    for shape, name in (
        (replace(TOTAL, markets=2), "markets"),
        (replace(TOTAL, assets=2), "assets"),
        (replace(TOTAL, tiers=2), "haircuts"),
    ):
        assert refused(TABLES.elements, shape) == (Reason.WRONG_COUNT, name)
    assert refused(Tables((), 1).elements, TOTAL) == (Reason.NOT_APPLICABLE, "tiers")
    assert refused(Tables((), 1).cover, (), (), LENDING) == (Reason.NOT_APPLICABLE, "debts")
    assert refused(MarketRow, 2**150, 0) == (Reason.OUT_OF_BOUNDS, "weight")


def test_totals_stand_asset_by_asset() -> None:
    totals = Totals((1, 2, 3), (4, 5, 6), (7, 8, 9))
    inputs = [derive_element("totals"), 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0]
    assert totals.commit(TOTAL) == hash_inputs(inputs)
    assert commit_reserves((1, 2, 3), TOTAL) == hash_inputs([derive_element("reserves"), 1, 2, 3, 0])
    assert refused(commit_reserves, (2**104,), TOTAL) == (Reason.OUT_OF_BOUNDS, "reserves[0]")
    assert refused(Totals, (2**130,), (0,), (0,)) == (Reason.OUT_OF_BOUNDS, "owed6[0]")


def test_reserves_cover_what_is_owed_to_the_last_fine_unit() -> None:
    totals = Totals((5 * FINE_SCALE + 1, 7 * FINE_SCALE), (0, 3), (0, 0))
    require_reserves(totals, (6, 4))
    assert refused(require_reserves, totals, (5, 4)) == (Reason.INSUFFICIENT_MARGIN, "reserves[0]")
    assert refused(require_reserves, totals, (6, 3)) == (Reason.INSUFFICIENT_MARGIN, "reserves[1]")
    require_attested((5, 4), (5, 5))
    assert refused(require_attested, (5, 4), (5, 3)) == (Reason.INSUFFICIENT_MARGIN, "reserves[1]")


def test_the_tree_is_the_ordinary_one_over_the_roots_of_batches() -> None:
    width = 8**HEADER.levels
    leaves = {index: RUN.tree.leaf(index) for index in range(3 * width)}
    roots = [Tree(HEADER.levels, [leaves[batch * width + i] for i in range(width)]).root for batch in range(3)]
    assert Tree(HEADER.tree_levels - HEADER.levels, roots).root != RUN.tree.root
    assert [RUN.tree.node(HEADER.levels, batch) for batch in range(3)] == roots
    empty = Tree(HEADER.levels).root
    assert hash_inputs([*roots, *[empty] * 5]) == RUN.tree.root


def test_the_ledger_is_what_the_accounts_are() -> None:
    bob, dave = BOB.part(0, PLAIN), DAVE.part(0, PLAIN)
    assert bob.positions[0].gap == 4_999_998_925_000_000_000
    assert RUN.sums.gaps[1] == bob.positions[0].gap
    assert dave.positions[0].equity6 == 5 * 10**12
    assert RUN.sums.debts[2] == CAROL.debts[0].amount
