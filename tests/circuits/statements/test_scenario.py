"""``scenario`` says what ``margin.scenarios`` says, to the last money unit."""

from dataclasses import replace

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.scenario import inputs_for
from facts.packing import OUTCOME_BIAS
from facts.policy import StatementPolicy
from margin.bounds import MAX_INSTRUMENTS, SCENARIOS
from margin.requirement import RequirementKind
from margin.scenarios import Holding, Instrument
from tests.circuits.statements.judgements import require_constraints_agree
from tests.circuits.statements.portfolio_cases import SHAPE, PortfolioCase, judge_portfolios

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

MAINTENANCE = StatementPolicy(RequirementKind.MAINTENANCE)


def run(inputs: Inputs) -> None:
    SHAPE.define(Builder(IntegerEngine(inputs)))


def refuse(inputs: Inputs, *rules: str) -> None:
    with pytest.raises(BrokenRuleError) as refused:
        run(inputs)
    assert refused.value.field in rules


def check_agreement(case: PortfolioCase) -> None:
    """At the least cash that suffices the statement holds; one unit below it does not."""
    for judgement in case.judge():
        judgement.hold_on_integers(SHAPE)


@pytest.mark.parametrize("seed", range(2))
def test_the_statement_agrees_with_margin_at_the_boundary(seed: int) -> None:
    for judgement in judge_portfolios(25, seed):
        judgement.hold_on_integers(SHAPE)


@pytest.mark.slow
def test_the_statement_agrees_with_margin_on_100_000_judgements() -> None:
    for judgement in judge_portfolios(50_000, seed=2025):
        judgement.hold_on_integers(SHAPE)


def test_constraints_agree_with_margin_at_the_boundary() -> None:
    require_constraints_agree(SHAPE, judge_portfolios(3, seed=7))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_constraints_agree_with_margin_on_a_thousand_judgements(seed: int) -> None:
    require_constraints_agree(SHAPE, judge_portfolios(25, seed=3000 + seed))


@pytest.mark.parametrize("worst", range(SCENARIOS))
def test_each_scenario_counts(worst: int) -> None:
    outcomes = tuple(-1000 if place == worst else 5 for place in range(SCENARIOS))
    check_agreement(PortfolioCase((Holding(Instrument("one", outcomes), 3),), 0, MAINTENANCE, seed=worst))


def test_holdings_net_inside_the_set() -> None:
    up = Instrument("up", tuple(range(-8, 8)))
    down = Instrument("down", tuple(range(8, -8, -1)))
    case = PortfolioCase((Holding(up, 10), Holding(down, 10)), 0, MAINTENANCE, seed=1)
    assert case.needed() == 0
    run(inputs_for(case.witness()))


def test_the_greatest_numbers_do_not_wrap_around() -> None:
    least = Instrument("least", (-OUTCOME_BIAS,) * SCENARIOS, 2**64 - 1)
    held = tuple(Holding(replace(least, name=f"least-{number}"), 2**34) for number in range(MAX_INSTRUMENTS))
    check_agreement(PortfolioCase(held, 0, MAINTENANCE, seed=2))


def test_a_shock_is_refused_because_the_scenarios_are_the_moves() -> None:
    case = PortfolioCase((Holding(Instrument("one", (0,) * SCENARIOS), 1),), 10, replace(MAINTENANCE, shock_ppm=1), 1)
    refuse(inputs_for(case.witness()), "policy_has_no_shock")


def test_instruments_of_two_currencies_are_no_netting_set() -> None:
    one, other = (Holding(Instrument(name, (0,) * SCENARIOS), 1) for name in ("one", "other"))
    case = PortfolioCase((one, other), 10, MAINTENANCE, seed=4)
    inputs = inputs_for(case.witness())
    for place in range(1, MAX_INSTRUMENTS):
        inputs[f"holding[{place}].instrument.currency_id"] = 4
    refuse(inputs, "holding[1].instrument.path_holds_leaf")


def test_an_empty_place_can_hide_nothing() -> None:
    case = PortfolioCase((Holding(Instrument("one", (-5,) * SCENARIOS), 1),), 5, MAINTENANCE, seed=5)
    inputs = inputs_for(case.witness())
    inputs["holding[7].lots"] = 1
    refuse(inputs, "position.path_holds_leaf")
