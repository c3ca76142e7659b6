"""``perp`` agrees with ``margin``: what margin finds sufficient is proved, and a unit less is refused by name."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from circuits.builder import Builder
from circuits.compile import compile_statement
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statements.claim import Inputs
from circuits.statements.perp import Perp, inputs_for
from facts.policy import MAX_SHOCK_PPM, StatementPolicy
from margin.basket import Asset, HaircutTier, Holding
from margin.bounds import PPM
from margin.contracts import Contract, ContractKind, Side
from margin.policy import Basis, FeeBasis, MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierRule, TierTable
from tests.circuits.laboratory.outline import record_outline
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.judgements import Judgement, require_constraints_agree
from tests.circuits.statements.perp_breaches import find_breaches, rules_of_locks
from tests.circuits.statements.perp_cases import PerpCase, bulk_perp_cases, with_asset_tier

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

INITIAL, MAINTENANCE = RequirementKind.INITIAL, RequirementKind.MAINTENANCE
TIER_RULES = {"notional_at_most_ceiling", "entry_at_most_ceiling", "basis_above_floor"}
DEEP = Depths()


def statement(locks: int, depths: Depths = SHALLOW) -> Perp:
    return Perp(locks, depths.book, depths.market, depths.locks)


def run(case: PerpCase | Inputs, locks: int | None = None) -> None:
    """Carry the statement out on plain integers."""
    inputs = inputs_for(case.witness()) if isinstance(case, PerpCase) else case
    count = len(case.position.basket) if isinstance(case, PerpCase) else locks or 0
    statement(count).define(Builder(IntegerEngine(inputs)))


def broken(case: PerpCase | Inputs, locks: int | None = None) -> str:
    """The rule that a case breaks."""
    with pytest.raises(BrokenRuleError) as caught:
        run(case, locks)
    return caught.value.field


def judge(cases: Iterator[PerpCase]) -> Iterator[Judgement]:
    """The least cash that suffices, a unit more and a unit less, as margin judges each."""
    for case in cases:
        for step in (-1, 0, 1):
            moved = case.with_cash(case.position.cash.numerator + step)
            refusals = () if moved.excess() >= 0 else ("equity_covers_requirement",)
            yield Judgement(inputs_for(moved.witness()), refusals)


def require_agreement(count: int, locks: int, seed: int) -> None:
    """Margin and statement agree on each case and its neighbours, of which many meet the requirement exactly."""
    cases = list(bulk_perp_cases(count, locks=locks, seed=seed))
    for judgement in judge(iter(cases)):
        judgement.hold_on_integers(statement(locks))
    assert sum(case.excess() == 0 for case in cases) >= count // 10


# --- Agreement ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locks", "count"), [(0, 80), (1, 30), (4, 12)])
def test_agrees_with_margin_around_the_boundary(locks: int, count: int) -> None:
    require_agreement(count, locks, seed=locks)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize(("locks", "count"), [(0, 1500), (1, 400), (4, 200)])
def test_agrees_with_margin_on_a_hundred_thousand(locks: int, count: int, seed: int) -> None:
    require_agreement(count, locks, seed=1000 + seed)


@pytest.mark.parametrize(("locks", "count"), [(0, 8), (1, 3), (4, 1)])
def test_constraints_agree_around_the_boundary(locks: int, count: int) -> None:
    require_constraints_agree(statement(locks), judge(bulk_perp_cases(count, locks=locks, seed=locks)))


@pytest.mark.slow
@pytest.mark.parametrize(("locks", "count"), [(0, 200), (1, 100), (4, 34)])
def test_constraints_agree_on_a_thousand(locks: int, count: int) -> None:
    require_constraints_agree(statement(locks), judge(bulk_perp_cases(count, locks=locks, seed=2000 + locks)))


def test_real_depths() -> None:
    (case,) = bulk_perp_cases(1, locks=2, seed=5)
    statement(2, DEEP).define(Builder(IntegerEngine(inputs_for(case.witness(DEEP)))))


# --- Tiers -------------------------------------------------------------------------------------------

FLOOR = 10_000


def tiered(
    notional: int,
    *,
    basis: Basis = Basis.MARK,
    side: Side = Side.LONG,
    rule: TierRule = TierRule.MARGINAL,
    entry: int | None = None,
) -> PerpCase:
    """A linear position of one tick a lot, so that its notional is its size, in a table with a floor at 10,000."""
    table = TierTable(
        (
            Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),
            Tier(Fraction(FLOOR), Fraction(1, 5), Fraction(1, 10)),
        ),
        rule,
        rule,
        cap=Fraction(3 * FLOOR),
    )
    policy = MarketPolicy(Contract(ContractKind.LINEAR, 1), table, basis, basis)
    position = Position(side, notional, Fraction(entry or notional), Fraction(10**6))
    return PerpCase(policy, position, MarketState(Fraction(1)), StatementPolicy(MAINTENANCE), seed=1)


@pytest.mark.parametrize("rule", TierRule)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("notional", [1, FLOOR - 1, FLOOR, FLOOR + 1, 3 * FLOOR])
def test_one_tier_holds_for_a_notional(rule: TierRule, side: Side, basis: Basis, notional: int) -> None:
    case = tiered(notional, basis=basis, side=side, rule=rule).with_least_cash()
    below, above = case.tiers()
    right, wrong = (below, above) if notional <= FLOOR else (above, below)
    run(inputs_for(case.witness(tier=right)))
    assert broken(case.with_cash(case.position.cash.numerator - 1)) == "equity_covers_requirement"
    assert broken(inputs_for(case.with_cash(10**9).witness(tier=wrong))) in TIER_RULES


@pytest.mark.parametrize("basis", Basis)
def test_nothing_holds_beyond_the_cap(basis: Basis) -> None:
    case = tiered(3 * FLOOR + 1, basis=basis)
    rules = {broken(inputs_for(case.witness(tier=tier))) for tier in case.tiers()}
    assert rules <= TIER_RULES


def test_a_fraction_of_a_unit_above_the_floor_is_in_the_upper_tier() -> None:
    case = tiered(FLOOR)
    moved = replace(case, asked=replace(case.asked, shock_ppm=1), position=replace(case.position, side=Side.SHORT))
    below, above = moved.tiers()
    run(inputs_for(moved.witness(tier=above)))
    assert broken(inputs_for(moved.witness(tier=below))) == "notional_at_most_ceiling"


def test_the_basis_of_the_chosen_requirement_chooses_the_tier() -> None:
    case = tiered(FLOOR + 1, entry=FLOOR)
    case = replace(case, policy=replace(case.policy, initial_basis=Basis.ENTRY))
    below, above = case.tiers()
    run(inputs_for(case.witness(tier=above)))
    initial = replace(case, asked=StatementPolicy(INITIAL))
    run(inputs_for(initial.witness(tier=below)))
    assert broken(inputs_for(initial.witness(tier=above))) == "basis_above_floor"


def test_a_bankruptcy_below_zero_charges_no_fee() -> None:
    """A long that has fallen far and is asked for twice its notional has more backing than it was opened for."""
    tier = Tier(Fraction(0), Fraction(1), Fraction(1))
    table = TierTable((tier,), TierRule.STEP, TierRule.STEP)
    policy = MarketPolicy(
        Contract(ContractKind.LINEAR, 1),
        table,
        Basis.MARK,
        Basis.MARK,
        closing_fee_rate=Fraction(1, 10),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
    )
    position = Position(Side.LONG, 1000, Fraction(FLOOR), Fraction(0))
    asked = StatementPolicy(MAINTENANCE, buffer_ppm=PPM)
    case = PerpCase(policy, position, MarketState(Fraction(1)), asked, seed=2).with_least_cash()
    assert case.position.cash == FLOOR - 1000 + 2 * 1000
    run(case)
    assert broken(case.with_cash(case.position.cash.numerator - 1)) == "equity_covers_requirement"


# --- The verifier's policy ---------------------------------------------------------------------------


def test_the_least_basket_value_is_met_exactly_and_not_by_one_less() -> None:
    for case in bulk_perp_cases(10, locks=1, seed=9):
        rich = case.with_cash(2**99)
        for least, sufficient in ((rich.basket(), True), (rich.basket() + 1, False), (2**100 - 1, False)):
            asked = replace(rich, asked=replace(rich.asked, least_basket_value=least))
            if sufficient:
                run(asked)
            else:
                assert broken(asked) == "basket_covers_least_value"


def test_a_policy_that_wants_a_basket_is_not_met_without_locks() -> None:
    (case,) = bulk_perp_cases(1, locks=0)
    assert broken(replace(case, asked=replace(case.asked, least_basket_value=1))) == "basket_covers_least_value"


def test_the_greatest_shock_leaves_a_price() -> None:
    case = tiered(FLOOR).with_cash(10**9)
    asked = replace(case, asked=StatementPolicy(MAINTENANCE, shock_ppm=MAX_SHOCK_PPM))
    run(asked)


# --- Baskets -----------------------------------------------------------------------------------------


def test_a_lock_counts_in_the_tier_that_holds_for_it_and_in_no_other() -> None:
    seen = 0
    for case in bulk_perp_cases(40, locks=1, seed=3):
        (holding,) = case.position.basket
        right, _ = case.holding(case.tree(), holding)
        for tier in case.asset_tiers():
            if tier.asset == right.asset and tier != right:
                seen += 1
                rule = broken(inputs_for(with_asset_tier(case.witness(), case.tree(), tier)), locks=1)
                assert rule.startswith("lock[0].asset_tier.value_in_tier")
    assert seen


@pytest.mark.parametrize(("amount", "value"), [(999, 999), (1000, 1000), (1001, 1000), (1002, 1001), (1003, 1001)])
def test_haircuts_of_a_lock_are_those_of_margin(amount: int, value: int) -> None:
    asset = Asset(
        1, 0, Fraction(1), (HaircutTier(Fraction(0), Fraction(0)), HaircutTier(Fraction(1000), Fraction(1, 2)))
    )
    case = tiered(FLOOR)
    case = replace(
        case,
        position=replace(case.position, basket=(Holding("COIN", amount),)),
        market=replace(case.market, assets={"COIN": asset}),
        asked=replace(case.asked, least_basket_value=value),
    ).with_least_cash()
    assert case.basket() == value
    run(case)
    assert broken(case.with_cash(case.position.cash.numerator - 1)) == "equity_covers_requirement"
    asked_more = replace(case.asked, least_basket_value=value + 1)
    assert broken(replace(case, asked=asked_more)) == "basket_covers_least_value"


# --- Every rule --------------------------------------------------------------------------------------

GENEROUS = next(bulk_perp_cases(1, locks=2, seed=21)).with_cash(2**99)
BREACHES = find_breaches(GENEROUS)


def test_every_rule_can_be_broken_or_is_kept_by_a_hint() -> None:
    recording = record_outline(statement(2))
    ranges = {f"{each.name}_fits_{each.bits}_bits" for each in recording.declarations}
    rules = {step.rule for step in recording.steps if step.rule is not None}
    assert rules - ranges == BREACHES.keys() | rules_of_locks(2).keys()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_broken_rule_is_named(rule: str) -> None:
    assert broken(BREACHES[rule], locks=2) == rule
    assert Compiled.of(statement(2)).broken_rule(BREACHES[rule]) == rule


# --- Sizes -------------------------------------------------------------------------------------------

PER_LEVEL = 409


@pytest.mark.parametrize(("locks", "budget"), [(0, 8_100), (1, 16_300), (4, 40_000)])
def test_real_shapes_keep_their_budget(locks: int, budget: int) -> None:
    """A level of a tree costs the same at any height, so that a shallow shape says what a deep one costs."""
    shallow = Compiled.of(statement(locks)).circuit.header.constraints
    levels = DEEP.book - SHALLOW.book + DEEP.market - SHALLOW.market
    levels += locks * (DEEP.market - SHALLOW.market + DEEP.locks - SHALLOW.locks)
    assert shallow + PER_LEVEL * levels <= budget


@pytest.mark.slow
@pytest.mark.parametrize(("locks", "budget"), [(0, 8_100), (1, 16_300), (4, 40_000)])
def test_real_shapes_keep_their_budget_when_compiled(locks: int, budget: int) -> None:
    assert compile_statement(statement(locks, DEEP)).header.constraints <= budget
