"""``defined_risk`` says what ``margin.payoff`` says, to the last money unit."""

from dataclasses import replace
from fractions import Fraction

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.defined_risk import DefinedRisk, inputs_for
from facts.policy import StatementPolicy
from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.payoff import Leg, LegKind, Structure
from margin.requirement import RequirementKind
from tests.circuits.statements.cheating import forge
from tests.circuits.statements.judgements import require_constraints_agree
from tests.circuits.statements.structure_cases import SHAPE, StructureCase, judge_structures

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

MAINTENANCE = StatementPolicy(RequirementKind.MAINTENANCE)


def run(inputs: Inputs, statement: DefinedRisk = SHAPE) -> None:
    statement.define(Builder(IntegerEngine(inputs)))


def refuse(inputs: Inputs, rule: str) -> None:
    with pytest.raises(BrokenRuleError) as refused:
        run(inputs)
    assert refused.value.field == rule


def condor(cash: int) -> StructureCase:
    """An iron condor: the wider wing is 20 ticks."""
    legs = (
        Leg(LegKind.PUT, Side.LONG, Fraction(1), Fraction(80)),
        Leg(LegKind.PUT, Side.SHORT, Fraction(1), Fraction(100)),
        Leg(LegKind.CALL, Side.SHORT, Fraction(1), Fraction(120)),
        Leg(LegKind.CALL, Side.LONG, Fraction(1), Fraction(130)),
    )
    return StructureCase(Structure(legs), 7, cash, MAINTENANCE, seed=1)


def test_an_iron_condor_needs_its_wider_wing() -> None:
    run(inputs_for(condor(140).witness()))
    refuse(inputs_for(condor(139).witness()), "equity_covers_worst_loss")


@pytest.mark.parametrize("seed", range(2))
def test_the_statement_agrees_with_margin_at_the_boundary(seed: int) -> None:
    for judgement in judge_structures(50, seed):
        judgement.hold_on_integers(SHAPE)


@pytest.mark.slow
def test_the_statement_agrees_with_margin_on_100_000_judgements() -> None:
    for judgement in judge_structures(50_000, seed=2024):
        judgement.hold_on_integers(SHAPE)


def test_constraints_agree_with_margin_at_the_boundary() -> None:
    require_constraints_agree(SHAPE, judge_structures(5, seed=7))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_constraints_agree_with_margin_on_a_thousand_judgements(seed: int) -> None:
    require_constraints_agree(SHAPE, judge_structures(50, seed=3000 + seed))


def test_a_shock_is_refused_because_no_price_is_named() -> None:
    case = replace(condor(10_000), asked=replace(MAINTENANCE, shock_ppm=1))
    refuse(inputs_for(case.witness()), "policy_has_no_shock")


def test_legs_in_another_order_are_another_structure() -> None:
    inputs = inputs_for(condor(140).witness())
    for name in ("quantity", "strike", "side", "is_call", "is_put"):
        inputs[f"leg[7].{name}"], inputs[f"leg[6].{name}"] = inputs[f"leg[6].{name}"], inputs[f"leg[7].{name}"]
    refuse(inputs, "position.path_holds_leaf")


def test_strikes_that_fall_are_refused_even_if_they_were_committed() -> None:
    inputs = inputs_for(condor(140).witness())
    refuse(forge(inputs, {"leg[6].strike": 131}), "strikes_rise")


def test_a_leg_of_two_kinds_is_refused() -> None:
    inputs = inputs_for(condor(140).witness())
    inputs["leg[7].is_put"] = 1
    refuse(inputs, "leg[7].leg_is_of_one_kind")


def test_eight_legs_fill_the_structure() -> None:
    legs = tuple(Leg(LegKind.CALL, Side.LONG, Fraction(1), Fraction(strike)) for strike in range(1, MAX_LEGS + 1))
    run(inputs_for(StructureCase(Structure(legs), 1, 0, MAINTENANCE, seed=3).witness()))
