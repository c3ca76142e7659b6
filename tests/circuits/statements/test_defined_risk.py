"""``defined_risk`` says what ``margin.payoff`` says, to the last money unit."""

from dataclasses import replace
from fractions import Fraction

import pytest

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs, prefixed
from circuits.statements.defined_risk import DefinedRisk, inputs_for
from facts.commitments import commit_position, hash_elements
from facts.packing import LEG
from facts.policy import StatementPolicy
from facts.tags import Tag
from facts.tree import Tree
from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.payoff import Leg, LegKind, Structure, Unlimited
from margin.requirement import RequirementKind
from tests.circuits.statements.structure_cases import SHAPE, StructureCase, choose_structure_case
from tests.margin.strategies import SeededChooser

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


def check_agreement(case: StructureCase) -> None:
    """At the least cash that suffices the statement holds; one unit below it does not."""
    least = case.with_least_cash()
    if isinstance(least.max_loss(), Unlimited):
        refuse(inputs_for(least.witness()), "loss_is_limited")
        return
    assert least.suffices()
    run(inputs_for(least.witness()))
    below = replace(least, cash=least.cash - 1)
    assert not below.suffices()
    refuse(inputs_for(below.witness()), "equity_is_not_negative" if below.cash < 0 else "equity_covers_worst_loss")


@pytest.mark.parametrize("seed", range(4))
def test_the_statement_agrees_with_margin_at_the_boundary(seed: int) -> None:
    choose = SeededChooser(seed)
    for _ in range(50):
        check_agreement(choose_structure_case(choose))


@pytest.mark.slow
def test_the_statement_agrees_with_margin_on_100_000_judgements() -> None:
    choose = SeededChooser(2024)
    for _ in range(50_000):
        check_agreement(choose_structure_case(choose))


def test_a_shock_is_refused_because_no_price_is_named() -> None:
    case = replace(condor(10_000), asked=replace(MAINTENANCE, shock_ppm=1))
    refuse(inputs_for(case.witness()), "policy_has_no_shock")


def test_legs_in_another_order_are_another_structure() -> None:
    inputs = inputs_for(condor(140).witness())
    for name in ("quantity", "strike", "side", "is_call", "is_put"):
        inputs[f"leg[7].{name}"], inputs[f"leg[6].{name}"] = inputs[f"leg[6].{name}"], inputs[f"leg[7].{name}"]
    refuse(inputs, "position.path_holds_leaf")


def test_strikes_that_fall_are_refused_even_if_they_were_committed() -> None:
    witness = condor(140).witness()
    slots = list(witness.body.slots)
    slots[6], slots[7] = slots[7], slots[6]
    legs = {f"legs[{place}]": LEG.encode(parts) for place, parts in enumerate(slots)}
    body = hash_elements(Tag.STRUCTURE, market_id=witness.body.market_id, expiry=witness.body.expiry, **legs)
    position = replace(witness.claim.position, body=body)
    path = Tree(SHAPE.book_levels, {0: commit_position(position)}).path(0)
    forged = replace(witness, claim=replace(witness.claim, position=position, book_path=path))
    inputs = inputs_for(forged)
    for place, parts in enumerate(slots):
        inputs |= prefixed(f"leg[{place}]", parts)
    refuse(inputs, "strikes_rise")


def test_a_leg_of_two_kinds_is_refused() -> None:
    inputs = inputs_for(condor(140).witness())
    inputs["leg[7].is_put"] = 1
    refuse(inputs, "leg[7].leg_is_of_one_kind")


def test_eight_legs_fill_the_structure() -> None:
    legs = tuple(Leg(LegKind.CALL, Side.LONG, Fraction(1), Fraction(strike)) for strike in range(1, MAX_LEGS + 1))
    run(inputs_for(StructureCase(Structure(legs), 1, 0, MAINTENANCE, seed=3).witness()))
