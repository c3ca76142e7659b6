"""``solvency`` and ``solvency_total`` say what ``margin`` and ``facts`` say, to the last unit."""

from dataclasses import replace

import pytest

from circuits.builder import Builder
from circuits.catalogue import find_statement, name_circuit
from circuits.engine import IntegerEngine
from circuits.errors import CircuitError
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from circuits.statements.solvency import Solvency
from circuits.statements.solvency_total import SolvencyTotal
from facts.solvency.account import AccountPart
from facts.solvency.challenge import draw_challenge
from facts.solvency.running import BEGINNING
from facts.solvency.sums import RunningSums
from margin.errors import MarginError
from tests.circuits.statements.judgements import Judgement, require_constraints_agree
from tests.circuits.statements.solvency_cases import (
    BEFORE,
    TABLES,
    SolvencyCase,
    choose_case,
    choose_part,
    judge_batches,
    recommit,
)
from tests.circuits.statements.solvency_total_cases import TotalCase, recommit_total
from tests.margin.strategies import SeededChooser

PLAIN = Solvency(accounts=3, levels=1)
LENDING = Solvency(accounts=2, debts=1, levels=1)
BARE = Solvency(accounts=9, positions=0, balances=1, levels=2)
SHAPES = pytest.mark.parametrize("statement", [PLAIN, LENDING, BARE], ids=["plain", "lending", "bare"])
MODES = pytest.mark.parametrize("hidden", [0, 1], ids=["shown", "hidden"])


def run(statement: Statement, inputs: Inputs) -> list[int]:
    engine = IntegerEngine(inputs)
    statement.define(Builder(engine))
    return engine.public


# --- Batches -----------------------------------------------------------------------------------------


@SHAPES
def test_a_batch_agrees_with_margin_at_the_boundaries(statement: Solvency) -> None:
    found = set()
    for judgement in judge_batches(15, 1, statement):
        judgement.hold_on_integers(statement)
        found.add(bool(judgement.refusals))
    assert found == {True, False}


@pytest.mark.slow
@SHAPES
@pytest.mark.parametrize("seed", range(10))
def test_batches_agree_with_margin_by_the_thousand(statement: Solvency, seed: int) -> None:
    for judgement in judge_batches(250, 1000 + seed, statement):
        judgement.hold_on_integers(statement)


@pytest.mark.native  # so many hashes take the reference minutes
@pytest.mark.parametrize("statement", [PLAIN, LENDING], ids=["plain", "lending"])
def test_constraints_of_a_batch_agree(statement: Solvency) -> None:
    require_constraints_agree(statement, judge_batches(2, 7, statement))


@pytest.mark.slow
@pytest.mark.native
@SHAPES
@pytest.mark.parametrize("seed", range(4))
def test_constraints_agree_on_a_thousand_batches(statement: Solvency, seed: int) -> None:
    require_constraints_agree(statement, judge_batches(50, 2000 + seed, statement))


@SHAPES
def test_inputs_commit_to_what_facts_commit_to(statement: Solvency) -> None:
    case = choose_case(SeededChooser(9), statement)
    assert run(statement, case.inputs()) == list(case.witness().public_inputs())
    assert recommit(statement, case.inputs()) == case.inputs()


def test_places_without_anything_are_nothing() -> None:
    numbers = (BEFORE.number + 1, BEFORE.number + 2, BEFORE.number + 3)
    case = SolvencyCase(PLAIN, tuple(map(AccountPart.padding, numbers)))
    assert (case.after.lines, case.after.rows) == (BEFORE.lines, BEFORE.rows)
    assert run(PLAIN, case.inputs())[-1] == case.witness().public_inputs()[-1]


def test_a_part_of_a_lending_shape_without_a_debt_is_looked_up_all_the_same() -> None:
    cover = TABLES.cover((), (), LENDING.batch.account)
    case = SolvencyCase(LENDING, tuple(AccountPart.padding(BEFORE.number + 1 + place, cover) for place in range(2)))
    assert case.after.rows != BEFORE.rows
    run(LENDING, case.inputs())


@pytest.mark.parametrize(
    "shape",
    [
        {"accounts": 0},
        {"accounts": 65},
        {"balances": 0},
        {"balances": 16},
        {"positions": 9},
        {"positions": 8, "balances": 15, "debts": 4},
        {"levels": 0},
    ],
)
def test_a_shape_that_there_can_not_be_is_refused(shape: dict[str, int]) -> None:
    with pytest.raises(MarginError):
        Solvency(**shape)


def test_a_batch_has_the_name_that_headers_give_it() -> None:
    for shape in (Solvency(), Solvency(debts=1), Solvency(accounts=40, positions=1, balances=6)):
        assert name_circuit(shape) == shape.batch.name
        assert (
            find_statement(shape.name, f"N={shape.accounts},P={shape.positions},B={shape.balances},D={shape.debts}")
            == shape
        )


# --- Totals ------------------------------------------------------------------------------------------


def choose_total(choose: SeededChooser, hidden: int, parts: int = 6) -> TotalCase:
    """The total of random parts of two shapes."""
    shapes = (PLAIN, LENDING)
    made = []
    for place in range(parts):
        statement = choose.pick(shapes)
        made.append((choose_part(choose, statement, 5 + place), statement.batch.account))
    return TotalCase(SolvencyTotal(markets=5, assets=4, tiers=3, hidden=hidden), TABLES, tuple(made))


@MODES
def test_a_total_is_what_all_parts_add_up_to(hidden: int) -> None:
    for seed in range(5):
        case = choose_total(SeededChooser(seed), hidden)
        inputs = case.inputs()
        assert run(case.statement, inputs)[3] == case.sums.commit()
        assert recommit_total(case.statement, inputs) == inputs


@pytest.mark.slow
@MODES
def test_totals_of_a_thousand_runs(hidden: int) -> None:
    choose = SeededChooser(77)
    for _ in range(1000):
        case = choose_total(choose, hidden)
        Judgement(case.inputs()).hold_on_integers(case.statement)
        name = choose.pick(("balances", "debts", "counted", "gaps", "lots", "haircut_uses", "price_uses"))
        honest = case.inputs()
        at, value = choose.pick([*enumerate(getattr(case.sums, name))])
        other = honest | {f"sums.{name}": [*getattr(case.sums, name)]}
        other = recommit_total(case.statement, other, {f"sums.{name}[{at}]": value + 1})
        kept = {part: honest[part] for part in ("last", "last.lines", "last.rows")}
        rule = "rows_add_up" if name in {"lots", "haircut_uses", "price_uses"} else "lines_add_up"
        Judgement(other | kept, (rule,)).hold_on_integers(case.statement)


@pytest.mark.native
@MODES
def test_constraints_of_a_total_agree(hidden: int) -> None:
    case = choose_total(SeededChooser(3), hidden)
    honest = case.inputs()
    less = {"reserves[0]": case.reserves[0] - 1} if hidden else {"sums.owed6[0]": case.sums.owed6[0] - 1}
    rule = "asset[0].reserves_cover_what_is_owed" if hidden else "owed_settles"
    refused = Judgement(recommit_total(case.statement, honest, less), (rule,))
    require_constraints_agree(case.statement, [Judgement(honest), refused])


def test_reserves_may_be_more_than_enough() -> None:
    case = replace(choose_total(SeededChooser(4), 1), spare=10**9)
    run(case.statement, case.inputs())


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(CircuitError):
        SolvencyTotal(hidden=2)


# --- A run -------------------------------------------------------------------------------------------


def test_batches_and_total_of_one_run_follow_one_another() -> None:
    choose, sums, batches, number = SeededChooser(11), RunningSums(TABLES), [], 0
    for statement in (PLAIN, PLAIN, LENDING):
        made = []
        for _ in range(statement.accounts):
            number += choose.integer(1, 2**60)
            made.append(choose_part(choose, statement, number))
            sums.add(made[-1], statement.batch.account)
        batches.append((statement, tuple(made)))
    everything = tuple((part, statement.batch.account) for statement, parts in batches for part in parts)
    total = TotalCase(SolvencyTotal(markets=5, assets=4, tiers=3), TABLES, everything)
    assert total.sums.owed6[:3] == tuple(sums.owed6)
    challenge = draw_challenge(31, 32, total.sums.commit())
    state, public = BEGINNING, []
    for statement, parts in batches:
        case = SolvencyCase(statement, parts, state, challenge)
        public.append(run(statement, case.inputs()))
        state = case.after
    assert [before[4] for before in public[:-1]] == [each[3] for each in public[1:]]
    assert (state.lines, state.rows, state.number) == (total.last.lines, total.last.rows, total.last.number)
    assert run(total.statement, total.inputs())[:2] == public[0][:2]
