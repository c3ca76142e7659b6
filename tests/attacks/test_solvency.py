"""The attacks on a proof of solvency by their names; ``cheat`` has nothing but constraints to stop it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest

from circuits.statements.claim import Inputs
from circuits.statements.solvency import Solvency
from circuits.statements.solvency_total import SolvencyTotal
from facts.packing import ISOLATED_POSITION
from facts.solvency.account import AccountPart, Balance, Debt, IsolatedPosition
from facts.solvency.challenge import Challenge, Pole, draw_challenge
from facts.solvency.running import BEGINNING, RunningState
from margin.bounds import MAX_FINE
from margin.contracts import Side
from margin.solvency import find_equity
from snark.bn254.constants import GROUP_ORDER
from tests.circuits.statements.cheating import HINT, cheat
from tests.circuits.statements.solvency_cases import (
    CHALLENGE,
    LINES,
    TABLES,
    RawBatch,
    SolvencyCase,
    column,
    hash_running,
    recommit,
)
from tests.circuits.statements.solvency_specimens import LOST, NO_LOTS, SOUND, position
from tests.circuits.statements.solvency_total_cases import HEADER, TotalCase, recommit_total

R: Final = GROUP_ORDER
PLAIN: Final = Solvency(accounts=2, levels=1)
LENDING: Final = Solvency(accounts=1, positions=1, balances=2, debts=1, levels=1)
WIDE: Final = (R - 1, R - 5, (R - 1) // 2, (R + 1) // 2)
"""What stands for -1, -5 and the ends of the signed range."""


def part(number: int, *positions: IsolatedPosition, balances: Sequence[Balance] = ()) -> AccountPart:
    """A part of an account."""
    return AccountPart(number, 100 + number, number, positions, tuple(balances))


FIRST: Final = (part(3, SOUND, LOST, balances=[Balance(1, 5), Balance(0, 2**64 - 1)]), part(9, NO_LOTS, SOUND))
SECOND: Final = (part(12, LOST, LOST), part(90, SOUND, balances=[Balance(2, 7)]))
BATCHES: Final = (FIRST, SECOND)


def make_total(batches: Sequence[Sequence[AccountPart]], hidden: int = 0) -> TotalCase:
    """The total of batches of the plain shape."""
    parts = tuple((each, PLAIN.batch.account) for batch in batches for each in batch)
    return TotalCase(SolvencyTotal(markets=4, assets=3, hidden=hidden), replace(TABLES, haircuts=(), prices=()), parts)


TOTAL: Final = make_total(BATCHES)


def prove_batches(batches: Sequence[Sequence[AccountPart]], challenge: Challenge) -> list[SolvencyCase]:
    """Each from where the one before it left the run."""
    cases, state = [], BEGINNING
    for parts in batches:
        cases.append(SolvencyCase(PLAIN, tuple(parts), state, challenge))
        state = cases[-1].after
    return cases


def with_last(total: TotalCase, last: RunningState) -> Inputs:
    """The total of a run that its batches left in this state."""
    changes = {f"last.{name}": getattr(last, name) for name in ("salt", "number", "lines", "rows")}
    opened = total.inputs() | changes
    return opened | {"last": hash_running(opened, "last", last.number, last.lines, last.rows)}


def test_an_honest_run_passes() -> None:
    cases = prove_batches(BATCHES, TOTAL.challenge)
    assert [cheat(PLAIN, case.inputs()) for case in cases] == [None, None]
    assert cheat(TOTAL.statement, with_last(TOTAL, cases[-1].after)) is None


# --- A fake negative account -------------------------------------------------------------------------

HONEST: Final = SolvencyCase(PLAIN, FIRST, BEGINNING).inputs()


@pytest.mark.parametrize("amount", WIDE)
def test_fake_negative_account_a_balance_below_zero(amount: int) -> None:
    forged = recommit(PLAIN, HONEST, {"balance.amount[0]": amount})
    assert cheat(PLAIN, forged) == "balance.amount_fits_64_bits"


@pytest.mark.parametrize("equity", [R - 7, R - 1, MAX_FINE + 1])
def test_fake_negative_account_an_equity_that_is_counted_below_zero(equity: int) -> None:
    """The sign says that it is positive, and the equation of the weight holds in the field."""
    changes = {
        "position.equity_magnitude[1]": equity,
        "position.equity_sign[1]": 0,
        "position.quote_magnitude[1]": (equity - find_equity(0, LOST.side, LOST.size, TABLES.weights[1])) % R,
        "position.quote_sign[1]": 0,
    }
    assert cheat(PLAIN, recommit(PLAIN, HONEST, changes)) is not None


def test_fake_negative_account_a_sign_that_is_no_bit() -> None:
    """``counted = (1 - sign) * magnitude`` would be whatever the cheat wants."""
    for sign in (2, R - 1, (R + 1) // 2):
        assert cheat(PLAIN, recommit(PLAIN, HONEST, {"position.equity_sign[0]": sign})) == HINT


def test_fake_negative_account_a_loss_that_lowers_what_is_owed_to_others() -> None:
    """What is owed for a breached position is nothing, and its gap is added to no other line."""
    total = make_total([(part(3, LOST),), (part(4, position(1, Side.LONG, 1, 50)),)])
    assert (total.sums.counted[1], total.sums.gaps[1], total.sums.owed6[1]) == (50, 7, 50)
    netted = {"sums.counted[1]": 43, "sums.gaps[1]": 0, "sums.owed6[1]": 43, "sums.gaps6[1]": 0}
    kept = {name: total.inputs()[name] for name in ("last", "last.lines", "last.rows")}
    forged = recommit_total(total.statement, total.inputs(), netted) | kept
    assert cheat(total.statement, forged) == "lines_add_up"


def test_fake_negative_account_an_equity_beside_the_mark() -> None:
    for sign, equity in ((0, SOUND.equity6 - 1), (1, SOUND.equity6), (0, 0)):
        changes = {"position.equity_magnitude[0]": equity, "position.equity_sign[0]": sign}
        refused = cheat(PLAIN, recommit(PLAIN, HONEST, changes))
        assert refused == "account[0].position[0].equity_is_at_weight"


# --- The same position in two accounts ---------------------------------------------------------------


@pytest.mark.parametrize("numbers", [(9, 9), (9, 3), (9, 8), (3, R - 1), (R - 5, 9)])
def test_same_position_in_two_accounts_of_a_batch(numbers: tuple[int, int]) -> None:
    """One number for two holders, and numbers that fall or go round."""
    changes = {f"number[{place}]": number for place, number in enumerate(numbers)}
    assert cheat(PLAIN, recommit(PLAIN, HONEST, changes)) == "numbers_rise"


def test_same_position_in_two_accounts_of_two_batches() -> None:
    """The part of another batch again: the state of the run says which number comes last."""
    first = SolvencyCase(PLAIN, FIRST, BEGINNING)
    for parts in (FIRST, (FIRST[1], SECOND[1])):
        assert cheat(PLAIN, SolvencyCase(PLAIN, parts, first.after).inputs()) == "numbers_rise"


def test_same_position_in_two_accounts_after_a_state_with_another_number() -> None:
    """A state that is opened with a smaller number is another state."""
    again = SolvencyCase(PLAIN, FIRST, SolvencyCase(PLAIN, FIRST, BEGINNING).after).inputs()
    assert cheat(PLAIN, again | {"before.number": 0}) == "before_opens"


# --- A swapped price vector between batches ----------------------------------------------------------


def reprice(held: IsolatedPosition, weight: int) -> IsolatedPosition:
    """A position at another weight than that of its market."""
    return replace(held, equity6=find_equity(held.quote6, held.side, held.size, weight))


def swap_weights(case: SolvencyCase, weights: Sequence[int]) -> Inputs:
    """A batch that is counted at other weights than the tables have."""
    parts = tuple(
        replace(each, positions=tuple(reprice(held, weights[held.market]) for held in each.positions))
        for each in case.parts
    )
    swapped = replace(case, parts=parts).inputs()
    markets = column(swapped, "position.market")
    return recommit(PLAIN, swapped | {"position.weight": [weights[market] % R for market in markets]})


def state_of(inputs: Inputs) -> RunningState:
    """What a batch left, by its inputs alone."""
    raw = RawBatch(PLAIN, inputs)
    return RunningState(22, raw.column("number")[-1], *raw.sums())


def test_swapped_price_vector_between_batches() -> None:
    """Each batch is true by itself. The rows of the run are no sum of rows of the tables."""
    second = prove_batches(BATCHES, TOTAL.challenge)[-1]
    cheaper = [weight - 1 for weight in TABLES.weights]
    for weights in (cheaper, TABLES.weights[::-1]):
        swapped = swap_weights(second, weights)
        assert cheat(PLAIN, swapped) is None
        assert cheat(TOTAL.statement, with_last(TOTAL, state_of(swapped))) in {"lines_add_up", "rows_add_up"}
        kept = with_last(TOTAL, replace(state_of(swapped), lines=TOTAL.last.lines))
        assert cheat(TOTAL.statement, kept) == "rows_add_up"


def test_swapped_price_vector_beside_one_that_makes_up_for_it() -> None:
    """One unit of weight too little here, one too much there, for equally many lots."""
    pair = (part(3, position(0, Side.LONG, 5, 10**9)), part(4, position(0, Side.LONG, 5, 10**9)))
    total = make_total([pair])
    (case,) = prove_batches([pair], total.challenge)
    inputs = case.inputs()
    weights = list(column(inputs, "position.weight"))
    places = [place for place, size in enumerate(column(inputs, "position.size")) if size]
    changes = {}
    for place, step in zip(places, (-1, 1), strict=True):
        changes[f"position.weight[{place}]"] = weights[place] + step
        changes[f"position.equity_magnitude[{place}]"] = 10**9 + 5 * step
    forged = recommit(PLAIN, inputs, changes)
    assert cheat(PLAIN, forged) is None
    assert state_of(forged).lines == total.last.lines
    assert cheat(total.statement, with_last(total, state_of(forged))) == "rows_add_up"


def test_swapped_price_vector_under_other_tables() -> None:
    forged = recommit_total(TOTAL.statement, TOTAL.inputs(), {"tables.weight[0]": TABLES.weights[0] - 1})
    assert forged["tables"] != TOTAL.inputs()["tables"]
    assert cheat(TOTAL.statement, forged | {"tables": TOTAL.inputs()["tables"]}) == "tables_are_these"


# --- Unpacked overflow -------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(len(ISOLATED_POSITION.parts) - 1))
def test_unpacked_overflow_of_a_position(place: int) -> None:
    """A number one bit too wide with its neighbour one smaller: the same word, the same leaf, the same root."""
    (name, bits), (above, _) = ISOLATED_POSITION.parts[place : place + 2]
    overflow(HONEST, f"position.{name}", bits, f"position.{above}")


def test_unpacked_overflow_of_balances() -> None:
    """Of what an account has of an asset into which asset it is, and the other way round; of its number too."""
    account = PLAIN.batch.account
    places = {f"balance_{at}_{name}": f"balance.{name}[{at}]" for at in range(4) for name in ("asset", "amount")}
    tried = 0
    for word in account.words:
        for (name, bits), (above, _) in pairwise(word.parts):
            here, there = (places.get(each, f"{each}[0]") for each in (name, above))
            overflow(HONEST, here, bits, there)
            tried += 1
    assert tried == sum(len(word.parts) for word in account.words) - len(account.words)


def overflow(honest: Inputs, name: str, bits: int, above: str) -> None:
    """Both ways of writing one element with two other numbers are refused, though the leaf is the same."""
    here, there = (each if each.endswith("]") else f"{each}[0]" for each in (name, above))
    for sign in (1, -1):
        changes = {here: number_at(honest, here) + sign * (1 << bits), there: number_at(honest, there) - sign}
        forged = recommit(PLAIN, honest, changes)
        assert forged["accounts_root"] == honest["accounts_root"]
        assert cheat(PLAIN, forged) is not None


def number_at(inputs: Inputs, name: str) -> int:
    """One number of a column."""
    listed, _, place = name.removesuffix("]").partition("[")
    return column(inputs, listed)[int(place)]


def test_unpacked_overflow_into_a_leaf_of_another_shape() -> None:
    """Equally many words of another shape: the tag of the leaf is not that of this one."""
    other = Solvency(accounts=2, balances=5, levels=1)
    assert [word.bits for word in other.batch.account.words] != [word.bits for word in PLAIN.batch.account.words]
    assert other.batch.account.inputs == PLAIN.batch.account.inputs
    root = SolvencyCase(other, FIRST, BEGINNING).inputs()["accounts_root"]
    assert cheat(PLAIN, HONEST | {"accounts_root": root}) == "accounts_are_under_root"


# --- A batch left out or counted twice ---------------------------------------------------------------


def test_a_batch_left_out() -> None:
    """Without it the lines of the run are not those of the sums, which stand for all leaves of the tree."""
    (only,) = prove_batches(BATCHES[:1], TOTAL.challenge)
    assert cheat(TOTAL.statement, with_last(TOTAL, only.after)) == "lines_add_up"


def test_a_batch_left_out_of_the_sums_too() -> None:
    """The sums without it are sums of another challenge, and the state that it left adds more to the lines."""
    fewer = make_total(BATCHES[:1])
    assert fewer.challenge != TOTAL.challenge
    cases = prove_batches(BATCHES, fewer.challenge)
    assert cheat(fewer.statement, with_last(fewer, cases[-1].after)) == "lines_add_up"


def test_a_batch_counted_twice() -> None:
    """Its numbers do not rise above its own; and what it adds twice is no sum of the run."""
    twice = prove_batches((FIRST, FIRST), TOTAL.challenge)
    assert cheat(PLAIN, twice[1].inputs()) == "numbers_rise"
    assert cheat(TOTAL.statement, with_last(TOTAL, replace(twice[1].after, number=90))) == "lines_add_up"


def test_a_batch_that_follows_no_state() -> None:
    """A state of one's own in the place of that before: it is another public input, which the chain does not have."""
    first, second = prove_batches(BATCHES, TOTAL.challenge)
    forged = recommit(PLAIN, second.inputs(), {"before.lines": first.after.lines - 1})
    assert cheat(PLAIN, forged) is None
    assert forged["before"] != first.inputs()["after"]
    assert cheat(PLAIN, forged | {"before": first.inputs()["after"]}) == "before_opens"


# --- A root of other totals --------------------------------------------------------------------------

SUMMED: Final = ("balances", "debts", "counted", "gaps")


@pytest.mark.parametrize("name", SUMMED)
def test_a_root_of_other_totals(name: str) -> None:
    """Sums that the challenge was not drawn from, and sums that it was drawn from but that no parts have."""
    honest, changes = TOTAL.inputs(), {f"sums.{name}[1]": getattr(TOTAL.sums, name)[1] - 1}
    kept = {each: honest[each] for each in ("last", "last.lines", "last.rows")}
    forged = recommit_total(TOTAL.statement, honest, changes)
    assert cheat(TOTAL.statement, forged | {"sums": honest["sums"]}) == "sums_open"
    assert cheat(TOTAL.statement, forged | kept) == "lines_add_up"
    sums = forged["sums"]
    assert isinstance(sums, int)
    drawn = draw_challenge(HEADER, 32, sums)
    assert drawn != TOTAL.challenge
    again = recommit_total(TOTAL.statement, honest, {**changes, "challenge": drawn.challenge, "mixer": drawn.mixer})
    last = prove_batches(BATCHES, drawn)[-1].after
    kept = {f"last.{each}": getattr(last, each) for each in ("salt", "number", "lines", "rows")}
    opened = {**again, **kept}
    opened["last"] = hash_running(opened, "last", last.number, last.lines, last.rows)
    assert cheat(TOTAL.statement, opened) == "lines_add_up"


def test_a_root_of_other_totals_that_are_shown() -> None:
    forged = recommit_total(TOTAL.statement, TOTAL.inputs(), {"sums.owed6[0]": TOTAL.sums.owed6[0] - 1})
    assert cheat(TOTAL.statement, forged) == "owed_settles"
    assert cheat(TOTAL.statement, TOTAL.inputs() | {"totals": forged["totals"]}) == "totals_are_these"


@pytest.mark.parametrize("name", ["owed6", "gaps6"])
def test_a_root_of_other_totals_moved_to_another_asset(name: str) -> None:
    """As much in all, but of an asset that is worth less."""
    amounts = getattr(TOTAL.sums, name)
    moved = {f"sums.{name}[1]": amounts[1] - 1, f"sums.{name}[2]": amounts[2] + 1}
    expected = "owed_settles" if name == "owed6" else "gaps_settle"
    assert cheat(TOTAL.statement, recommit_total(TOTAL.statement, TOTAL.inputs(), moved)) == expected


def test_a_root_of_other_totals_below_what_is_owed() -> None:
    """Hidden totals: one unit too few, and what is owed as a negative number that any reserves would cover."""
    hidden = make_total(BATCHES, hidden=1)
    least = hidden.reserves[0]
    assert cheat(hidden.statement, hidden.inputs()) is None
    fewer = recommit_total(hidden.statement, hidden.inputs(), {"reserves[0]": least - 1})
    assert cheat(hidden.statement, fewer) == "asset[0].reserves_cover_what_is_owed"
    for owed6 in (R - 1, 0):
        forged = recommit_total(hidden.statement, hidden.inputs(), {"sums.owed6[0]": owed6})
        assert cheat(hidden.statement, forged) == "owed_settles"
    borrowed = recommit_total(hidden.statement, hidden.inputs(), {"reserves[0]": 0, "sums.debts[0]": least})
    kept = {each: hidden.inputs()[each] for each in ("last", "last.lines", "last.rows")}
    assert cheat(hidden.statement, borrowed | kept) == "lines_add_up"


# --- A challenge that is known too early -------------------------------------------------------------


def test_a_weight_without_lots_moves_nothing_whatever_it_is() -> None:
    """It is the one thing that may be chosen after the challenge: rows, lines, root and both states stay the same."""
    place = column(HONEST, "position.size").index(0)
    for weight in (0, 1, R - 1, CHALLENGE.mixer, CHALLENGE.challenge):
        forged = recommit(PLAIN, HONEST, {f"position.weight[{place}]": weight})
        assert cheat(PLAIN, forged) is None
        names = ("accounts_root", "before", "after")
        assert [forged[name] for name in names] == [HONEST[name] for name in names]


def test_a_weight_without_lots_can_not_stand_at_the_pole() -> None:
    """There the fraction 0 / 0 could be anything, and so could ``rows``: no inverse, no witness."""
    place = column(HONEST, "position.size").index(0)
    market = column(HONEST, "position.market")[place]
    pole = (CHALLENGE.challenge - Pole.MARKET.at(market)) * pow(CHALLENGE.mixer, -1, R) % R
    for rows in (0, 1, 10**9):
        forged = recommit(PLAIN, HONEST, {f"position.weight[{place}]": pole}, rows=rows)
        refused = cheat(PLAIN, forged)
        assert refused == f"account[{place // 2}].position[{place % 2}].row_has_inverse"


def test_a_challenge_is_another_after_any_change_of_a_leaf() -> None:
    """A weight of a position with lots follows from its leaf, and the challenge from the root over all leaves."""
    forged = swap_weights(SolvencyCase(PLAIN, FIRST, BEGINNING), [weight - 1 for weight in TABLES.weights])
    roots = [inputs["accounts_root"] for inputs in (HONEST, forged)]
    assert roots[0] != roots[1]
    drawn = {draw_challenge(HEADER, root, 3) for root in roots if isinstance(root, int)}
    assert len(drawn) == 2
    assert cheat(PLAIN, HONEST | {"position.weight": forged["position.weight"]}) is not None


# --- Debts -------------------------------------------------------------------------------------------

COVER: Final = (Balance(0, 5000), Balance(2, 3))
COVERED: Final = LINES[0][1].value(5000) + LINES[2][0].value(3)
BORROWED: Final = Debt(0, COVERED // TABLES.prices[0])


def borrow(*debts: Debt) -> SolvencyCase:
    """One part with these debts."""
    cover = TABLES.cover(COVER, debts, LENDING.batch.account)
    return SolvencyCase(LENDING, (AccountPart(1, 2, 3, (SOUND,), COVER, debts, cover),), BEGINNING)


def test_a_debt_beyond_its_cover() -> None:
    assert cheat(LENDING, borrow(BORROWED).inputs()) is None
    more = borrow(replace(BORROWED, amount=BORROWED.amount + 1))
    assert cheat(LENDING, more.inputs()) == "account[0].balances_cover_debts"
    for amount in WIDE:
        forged = recommit(LENDING, more.inputs(), {"debt.amount[0]": amount})
        assert cheat(LENDING, forged) == "debt.amount_fits_64_bits"


def test_a_debt_covered_in_a_better_tier() -> None:
    """The lower tier's slope is steeper: an amount beyond its ceiling is not its."""
    better = dict(zip(("slope", "intercept", "floor", "ceiling"), (LINES[0][0].slope, 0, 0, 1000), strict=True))
    honest = borrow(BORROWED).inputs()
    forged = recommit(LENDING, honest, {f"line.{name}[0]": value for name, value in better.items()})
    assert cheat(LENDING, forged) == "account[0].balance[0].amount_below_ceiling"


@pytest.mark.parametrize(
    ("name", "value"), [("line.slope[0]", 10**12), ("line.ceiling[0]", 2**65), ("debt.price[0]", 0)]
)
def test_a_debt_covered_by_a_row_that_no_table_has(name: str, value: int) -> None:
    """The batch can't know the tables. The run's rows do."""
    honest = borrow(BORROWED)
    forged = recommit(LENDING, honest.inputs(), {name: value})
    assert cheat(LENDING, forged) in {None, "account[0].balance[0].amount_below_ceiling"}
    assert RawBatch(LENDING, forged).sums()[1] != honest.after.rows
    parts = ((honest.parts[0], LENDING.batch.account),)
    total = TotalCase(SolvencyTotal(markets=4, assets=3, tiers=2), TABLES, parts)
    challenged = {"challenge": total.challenge.challenge, "mixer": total.challenge.mixer}
    lines, rows = RawBatch(LENDING, {**forged, **challenged}).sums()
    assert lines == total.last.lines
    last = replace(total.last, rows=rows)
    assert cheat(total.statement, with_last(total, last)) == "rows_add_up"
