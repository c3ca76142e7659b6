"""``liquidation`` agrees with ``margin``: what it plans is proved, a lot more or less is not, and no money is lost."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest

from circuits.builder import Builder
from circuits.compile import compile_statement, record_statement
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError, CircuitError
from circuits.statements.claim import Inputs
from circuits.statements.liquidation import Liquidation, inputs_for
from facts.commitments import commit_position
from facts.transition import commit_absence, derive_leaf_nullifier
from margin.contracts import Contract, ContractKind, Side
from margin.deleverage import liquidate_lots, meets_target
from margin.policy import Basis, LiquidationRule, LiquidationTarget
from margin.transition import Party, round_against_trader
from tests.circuits.laboratory.outline import record_outline
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.fees_on_entry import FoundCase, read_found_cases
from tests.circuits.statements.judgements import Judgement, require_constraints_agree
from tests.circuits.statements.liquidation_breaches import KEPT_BY_HINTS, find_breaches, tiered_case, with_fee_on_entry
from tests.circuits.statements.liquidation_cases import LiquidationCase, bulk_liquidation_cases

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

STATEMENT = Liquidation(SHALLOW.book, SHALLOW.market)
TOO_FEW = (
    "full_closes_all",
    "fraction_is_closed",
    "small_position_is_closed",
    "target_is_restored",
    "initial_target_is_restored",
)
TOO_MANY = ("fraction_is_least", "fraction_is_closed", "one_lot_less_is_too_few")
LEAST, FULL, FRACTION = LiquidationRule.LEAST, LiquidationRule.FULL, LiquidationRule.FRACTION
DEEP = Depths()
FEES_ON_ENTRY = read_found_cases()


def run(inputs: Inputs) -> None:
    """Carry the statement out on plain integers."""
    STATEMENT.define(Builder(IntegerEngine(inputs)))


def broken(inputs: Inputs) -> str:
    """The rule that inputs break."""
    with pytest.raises(BrokenRuleError) as caught:
        run(inputs)
    return caught.value.field


def passes(inputs: Inputs) -> bool:
    """Whether inputs break no rule."""
    try:
        run(inputs)
    except BrokenRuleError:
        return False
    return True


def judge(case: LiquidationCase) -> Iterator[Judgement]:
    """What margin plans, a lot less, a lot more; no breach, and a breach by one unit with a plan of its own."""
    yield Judgement(case.inputs())
    if case.planned > 1:
        yield Judgement(case.inputs(case.planned - 1), TOO_FEW)
    if case.planned < case.position.size:
        yield Judgement(case.inputs(case.planned + 1), TOO_MANY)
    healthy = case.at_boundary()
    yield Judgement(healthy.inputs(case.planned), ("position_was_breached",))
    edge = healthy.with_cash(healthy.position.cash.numerator - 1)
    if edge.is_breached and edge.is_provable:
        yield Judgement(edge.inputs())


# --- Agreement ---------------------------------------------------------------------------------------


def require_agreement(count: int, seed: int) -> None:
    """Margin and statement agree on each case and its neighbours, and on where every money unit went."""
    for case in bulk_liquidation_cases(count, seed=seed):
        for judgement in judge(case):
            judgement.hold_on_integers(STATEMENT)
        require_same_money(case)


def require_same_money(case: LiquidationCase) -> None:
    """Flows are those of margin, each rounded against the trader to whole units; their sum is exact."""
    reduction, done = case.reduction(), case.transition()
    flows, cash = reduction.flows(), case.position.cash
    kept = reduction.left_cash()
    sold = flows.basket if done.after is None else 0
    assert cash + sold + flows.gap == kept + flows.settled + flows.fee + flows.penalty + flows.returned
    notional = case.policy.contract.notional(case.planned, Fraction(reduction.executed))
    assert abs(reduction.closed_notional - notional) < 1
    paid = {party: done.paid_to(party) for party in Party}
    insured = flows.penalty - flows.gap - paid[Party.INSURANCE_FUND] - paid[Party.COUNTERPARTIES]
    for difference in (flows.fee - paid[Party.FEES], insured, flows.returned - paid[Party.TRADER]):
        assert -3 < difference < 3
    if done.after is not None:
        whole = round_against_trader(case.policy.contract, done.after)
        assert reduction.left_entry == whole.entry_notional
        assert reduction.left_body().size == whole.size
        assert reduction.left_body().funding_index == whole.funding_index
        assert whole.cash - 3 < kept <= whole.cash
    if done.after is not None and case.policy.contract.kind is ContractKind.LINEAR:
        assert flows.fee == ceil(paid[Party.FEES])
        assert flows.penalty == ceil(paid[Party.INSURANCE_FUND])


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_agrees_with_margin_around_the_boundary(seed: int) -> None:
    require_agreement(12, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_margin_on_thousands(seed: int) -> None:
    require_agreement(300, 1000 + seed)


def test_constraints_agree_around_the_boundary() -> None:
    cases = bulk_liquidation_cases(1, seed=4)
    require_constraints_agree(STATEMENT, (each for case in cases for each in judge(case)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_constraints_agree_on_a_thousand(seed: int) -> None:
    cases = bulk_liquidation_cases(30, seed=2000 + seed)
    require_constraints_agree(STATEMENT, (each for case in cases for each in judge(case)))


@pytest.mark.parametrize("found", FEES_ON_ENTRY, ids=lambda found: f"{found.planned}")
def test_agrees_where_a_requirement_of_the_mark_counts_a_fee_on_the_entry(found: FoundCase) -> None:
    case = found.case
    assert case.planned == found.planned
    assert case.is_provable is found.fits
    if not found.fits:
        assert broken(case.inputs()) == "denominator_in_bounds"
        return
    assert meets_target_after(case, found.planned)
    assert not meets_target_after(case, found.planned - 1)
    for judgement in judge(case):
        judgement.hold_on_integers(STATEMENT)
    require_same_money(case)
    for closed in found.passed:
        assert broken(case.inputs(closed)) in (TOO_FEW if closed < found.planned else TOO_MANY)


def meets_target_after(case: LiquidationCase, closed: int) -> bool:
    """Whether margin finds the target met once so many lots are closed for real."""
    done = liquidate_lots(case.policy, case.position, case.market, closed, case.execution)
    return meets_target(case.policy, done.remaining(), case.market)


def test_constraints_agree_where_the_fee_is_on_the_entry() -> None:
    found = FEES_ON_ENTRY[0]
    refused = (Judgement(found.case.inputs(closed), TOO_FEW + TOO_MANY) for closed in found.passed)
    require_constraints_agree(STATEMENT, [Judgement(found.case.inputs()), *refused])


@pytest.mark.parametrize("kind", ContractKind)
def test_no_number_of_lots_but_the_planned_one_passes(kind: ContractKind) -> None:
    case = with_fee_on_entry(tiered_case(LEAST, kind=kind, slippage=1))
    lots = range(1, case.position.size + 1)
    assert [closed for closed in lots if passes(case.inputs(closed))] == [case.planned]


@pytest.mark.parametrize("rule", [LEAST, FULL, FRACTION])
def test_the_size_is_in_the_denominator_where_a_target_reads_the_entry(rule: LiquidationRule) -> None:
    drawn = tiered_case(rule, kind=ContractKind.INVERSE, basis=Basis.ENTRY)
    policy = replace(drawn.policy, contract=Contract(ContractKind.INVERSE, 2 * 10**14))
    case = replace(drawn, policy=policy, market=replace(drawn.market, mark=Fraction(2 * 10**11)))
    assert case.is_provable is (rule is not LEAST)
    if rule is LEAST:
        assert broken(case.inputs()) == "denominator_in_bounds"
    else:
        run(case.inputs())


def test_every_kind_of_case_is_drawn() -> None:
    cases = list(bulk_liquidation_cases(48, seed=0))
    some = [case for case in cases if case.planned < case.position.size]
    assert {case.policy.liquidation.rule for case in some} == {LEAST, FRACTION}
    assert {(case.position.side, case.policy.contract.kind) for case in some} == {
        (side, kind) for side in Side for kind in ContractKind
    }
    assert {case.policy.basis for case in some} == set(Basis)
    assert {case.policy.liquidation.target for case in some} == set(LiquidationTarget)
    flows = [case.reduction().flows() for case in cases]
    assert any(each.gap for each in flows)
    assert any(each.returned for each in flows)
    assert any(each.slippage for each in flows)
    assert any(each.basket for each in flows)


# --- What comes of it --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ContractKind)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("rule", [LEAST, FULL, FRACTION])
def test_all_contracts_and_rules(rule: LiquidationRule, basis: Basis, side: Side, kind: ContractKind) -> None:
    case = tiered_case(rule, basis=basis, side=side, kind=kind, slippage=1)
    run(case.inputs())
    assert (case.planned < case.position.size) is (rule is not FULL)


def test_the_remainder_is_in_the_tier_that_holds_and_in_no_other() -> None:
    case = tiered_case(LEAST)
    witness = case.witness()
    low, *others = case.tiers()
    assert witness.after.tier == low
    assert broken(inputs_for(replace(witness, after=witness.before))) == "left_above_floor"
    assert {tier.floor for tier in others} == {10_000, 20_000}


def test_the_new_leaf_and_the_spent_one() -> None:
    case = tiered_case(LEAST)
    witness = case.witness()
    kept = witness.new_position()
    assert kept is not None
    assert witness.new_leaf() == commit_position(kept)
    assert kept.position_id == witness.position.position_id
    spent = derive_leaf_nullifier(commit_position(witness.position), witness.position.salt)
    assert witness.public_inputs().nullifiers == (spent,)
    whole = tiered_case(FULL).witness()
    assert whole.new_position() is None
    assert whole.new_leaf() == commit_absence(whole.position.owner, whole.position.position_id, whole.salt)


def test_a_gap_is_paid_by_the_fund_and_nothing_is_charged_of_nothing() -> None:
    case = tiered_case(FULL, cash=-3001)
    flows = case.reduction().flows()
    assert (flows.gap, flows.fee, flows.penalty, flows.returned) == (1001 + 91, 0, 0, 0)
    run(case.inputs())


@pytest.mark.parametrize(("cash", "fee", "penalty", "returned"), [(91 + 29, 29, 0, 0), (91 + 31, 30, 1, 0)])
def test_the_fee_comes_first_and_the_penalty_has_the_rest(cash: int, fee: int, penalty: int, returned: int) -> None:
    case = tiered_case(FULL, cash=cash - 2000)
    flows = case.reduction().flows()
    assert (flows.fee, flows.penalty, flows.returned, flows.gap) == (fee, penalty, returned, 0)
    run(case.inputs())


# --- Every rule --------------------------------------------------------------------------------------

BREACHES = find_breaches()


def test_every_rule_can_be_broken_or_is_kept_by_a_hint() -> None:
    recording = record_outline(STATEMENT)
    ranges = {f"{each.name}_fits_{each.bits}_bits" for each in recording.declarations}
    rules = {step.rule for step in recording.steps if step.rule is not None}
    assert rules - ranges == BREACHES.keys() | KEPT_BY_HINTS.keys()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_broken_rule_is_named(rule: str) -> None:
    assert broken(BREACHES[rule]) == rule
    assert Compiled.of(STATEMENT).broken_rule(BREACHES[rule]) == rule


def test_a_tree_without_a_node_below_the_root_is_refused() -> None:
    with pytest.raises(CircuitError):
        record_statement(Liquidation(1, 1))


# --- Sizes -------------------------------------------------------------------------------------------

PER_LEVEL = 409
TIERS = 3


def test_the_real_shape_keeps_its_budget() -> None:
    """A level of a tree costs the same at any height, so that a shallow shape says what a deep one costs."""
    shallow = Compiled.of(STATEMENT).circuit.header.constraints
    levels = DEEP.book - SHALLOW.book + TIERS * (DEEP.market - SHALLOW.market)
    assert shallow + PER_LEVEL * levels <= 16_300


@pytest.mark.slow
def test_the_real_shape_keeps_its_budget_when_compiled() -> None:
    case = tiered_case(LEAST)
    Liquidation().define(Builder(IntegerEngine(case.inputs(depths=DEEP))))
    assert compile_statement(Liquidation()).header.constraints <= 16_300
