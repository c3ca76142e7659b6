"""A tier's leaf asks for exactly what the rules of margin ask for, of the policy as leaves express it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings

from facts.market import MarketTier, quantise_market, quantise_policy
from margin.basket import basket_value
from margin.bounds import MAX_MONEY
from margin.contracts import Contract, ContractKind, Side
from margin.documents.policy_document import Market
from margin.documents.published import list_policies, load_policy
from margin.errors import MarginError, Reason
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy, PriceRule
from margin.position import MarketState, Position
from margin.requirement import RequirementKind, basis_notional, compute_requirement
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from tests.facts.leaf_arithmetic import requirement_in, value
from tests.facts.refusals import refused
from tests.margin.strategies import Case, SeededChooser, Standing, cases, choose_case, common_cases

CASES = 400
INEXPRESSIBLE = {
    "coinex-2020": "measure",
    "coinex-2022": "measure",
    "deribit": "size_slope",
    "okx-inverse": "measure",
    "okx-linear": "measure",
}
"""The shipped policies whose requirement is not a line over the notional that is the same for every size."""

MARKETS = [
    pytest.param(policy, market, id=f"{policy}:{market.name}")
    for policy in list_policies()
    for market in load_policy(policy).markets.values()
]
EXPRESSIBLE = [each for each in MARKETS if each.values[0] not in INEXPRESSIBLE]


def make_tiers(policy: MarketPolicy, market: MarketState) -> tuple[MarketTier, ...]:
    return quantise_market(policy, market, market_id=1, currency_id=1, policy_hash=1)


def as_committed(case: Case) -> Case:
    """The case with what a position and a market have to be whole, made whole."""
    market = replace(case.market, mark=Fraction(floor(case.market.mark)))
    cash, entry = Fraction(floor(case.position.cash)), Fraction(max(1, floor(case.position.entry_notional)))
    return Case(case.policy, replace(case.position, leverage=None, cash=cash, entry_notional=entry), market)


def why_inexpressible(policy: MarketPolicy) -> str | None:
    """Why no leaf can hold a random policy, seen without rounding it."""
    table = policy.table
    if table.measure is TierMeasure.SIZE:
        return "measure"
    if table.tiers[-1].initial_rate + policy.slippage_rate > 1:
        return f"tiers[{[t.initial_rate + policy.slippage_rate > 1 for t in table.tiers].index(True)}].initial"
    floors = [floor(each) for each in table.floors]
    repeated = [index for index in range(1, len(floors)) if floors[index] == floors[index - 1]]
    if repeated:
        return f"tiers[{repeated[0]}].floor"
    return "cap" if table.cap is not None and floor(table.cap) <= floors[-1] else None


def check_agreement(case: Case) -> str:
    """Hold the leaves of a case to the rules, for both requirements; returns what kind of case it was."""
    why = why_inexpressible(case.policy)
    if why is not None:
        assert refused(quantise_policy, case.policy)[1] == why
        return "inexpressible"
    tiers = make_tiers(case.policy, case.market)
    exact = replace(case, policy=quantise_policy(case.policy))
    basket = basket_value(case.position.basket, case.market.assets)
    assert value(tiers[0], case.position, basket).equity == exact.equity() * value(tiers[0], case.position, basket).den
    kinds = [check_requirement(exact, tiers, kind, basket) for kind in RequirementKind]
    return max(kinds)


def check_requirement(exact: Case, tiers: tuple[MarketTier, ...], kind: RequirementKind, basket: int) -> str:
    """One requirement: at most one leaf answers, and its answer is the rules'."""
    answers = [requirement_in(tier, exact.position, kind, basket) for tier in tiers]
    table = exact.policy.table
    notional = basis_notional(exact.policy, exact.position, exact.notional(), kind)
    if notional <= table.floors[0] or (table.cap is not None and notional > table.cap):
        assert answers == [None] * len(tiers)
        return "outside the table"
    expected = compute_requirement(exact.policy, exact.position, exact.market, kind)
    assert [index for index, answer in enumerate(answers) if answer is not None] == [expected.tier]
    assert answers[expected.tier] == expected.total
    return "answered"


def test_thousands_of_cases_agree_exactly() -> None:
    seen = Counter(check_agreement(as_committed(case)) for case in common_cases(CASES))
    assert seen["answered"] > CASES // 3
    assert seen["inexpressible"] > CASES // 5


def test_partial_tables_agree_exactly() -> None:
    choose = SeededChooser(1)
    seen = Counter(
        check_agreement(as_committed(choose_case(choose, partial_tables=True, standings=(Standing.ANY,))))
        for _ in range(CASES // 3)
    )
    assert seen["answered"] > CASES // 10


@settings(max_examples=40, deadline=None)
@given(cases())
def test_any_case_agrees_exactly(case: Case) -> None:
    check_agreement(as_committed(case))


def test_the_policy_of_leaves_never_asks_for_less() -> None:
    asked_for_more = 0
    for case in map(as_committed, common_cases(CASES)):
        if why_inexpressible(case.policy):
            continue
        rounded = replace(case, policy=quantise_policy(case.policy))
        for kind in RequirementKind:
            assert rounded.requirement(kind) >= case.requirement(kind)
            asked_for_more += rounded.requirement(kind) > case.requirement(kind)
    assert asked_for_more > CASES // 10


def test_rounding_twice_is_rounding_once() -> None:
    for case in common_cases(200):
        if not why_inexpressible(case.policy):
            rounded = quantise_policy(case.policy)
            assert quantise_policy(rounded) == rounded


# --- The policies that ship --------------------------------------------------------------------------


def test_what_cannot_be_expressed_is_known() -> None:
    found = {}
    for name in list_policies():
        for market in load_policy(name).markets.values():
            try:
                quantise_policy(market.policy)
            except MarginError as error:
                found[name] = error.field
    assert found == INEXPRESSIBLE


def positions_around_the_floors(policy: MarketPolicy) -> Iterator[tuple[Position, MarketState]]:
    """Entry and mark notionals at, just below and just above every floor and the cap."""
    contract, table = policy.contract, quantise_policy(policy).table
    mark = Fraction(contract.multiplier if contract.kind is ContractKind.INVERSE else 1)
    lot = contract.lot_value(mark)
    ends = [*table.floors[1:], table.floors[0] + 1, (table.cap or table.floors[-1] * 3)]
    for end in ends:
        for step in (-1, 0, 1):
            size = max(1, floor(end / lot) + step)
            for side in Side:
                entry = max(Fraction(1), end + step)
                cash = Fraction(floor(entry / 20))
                yield Position(side, size, entry, cash, 10**6), MarketState(mark, funding_index=-(10**6) + 7)


@pytest.mark.parametrize(("name", "market"), EXPRESSIBLE)
def test_shipped_policies_agree_around_every_floor(name: str, market: Market) -> None:
    assert name in list_policies()
    policy = replace(market.policy, price_rule=PriceRule.MID)
    seen = Counter(check_agreement(Case(policy, *each)) for each in positions_around_the_floors(policy))
    assert seen["answered"] > 0


# --- What a leaf holds, and what it can't ------------------------------------------------------------


TABLE = TierTable(
    tiers=(
        Tier(Fraction(0), Fraction(1, 100), Fraction(1, 300)),
        Tier(Fraction(1001, 2), Fraction(1, 50), Fraction(1, 100)),
    ),
    rule=TierRule.MARGINAL,
    initial_rule=TierRule.STEP,
    cap=Fraction(10_000, 3),
)
POLICY = MarketPolicy(
    contract=Contract(ContractKind.LINEAR, 3),
    table=TABLE,
    basis=Basis.MARK,
    initial_basis=Basis.ENTRY,
    price_rule=PriceRule.ADVERSE,
    closing_fee_rate=Fraction(1, 3000),
    closing_fee_basis=FeeBasis.BANKRUPTCY,
    closing_fee_scope=FeeScope.MAINTENANCE,
    slippage_rate=Fraction(1, 10**7),
)
MARKET = MarketState(mark=Fraction(100), confidence=Fraction(2), funding_index=-5)


def test_numbers_are_rounded_against_the_trader() -> None:
    low, high = make_tiers(POLICY, MARKET)
    assert (low.low_price, low.high_price, low.funding_index) == (98, 102, -5)
    assert (low.floor, low.ceiling, high.floor, high.ceiling) == (0, 500, 500, 3333)
    assert [each.rate_ppm for each in (low.initial, high.initial)] == [10_001, 20_001]
    assert [each.rate_ppm for each in (low.maintenance, high.maintenance)] == [3334, 10_001]
    assert [each.deduction for each in (low.maintenance, high.maintenance)] == [0, 500 * (10_001 - 3334)]
    assert [each.deduction for each in (low.initial, high.initial)] == [0, 0]
    assert (low.maintenance.fee_ppm, low.maintenance.fee_basis) == (334, FeeBasis.BANKRUPTCY)
    assert (low.initial.fee_ppm, low.initial.fee_basis) == (0, FeeBasis.MARK)
    assert (low.maintenance.basis, low.initial.basis) == (Basis.MARK, Basis.ENTRY)


@pytest.mark.parametrize(
    ("rate", "deduction"),
    [(Fraction(1, 100), 333_330_000), (Fraction(1, 50), 333_333_333)],
    ids=["no more than rate times floor", "rounded down"],
)
def test_what_is_deducted_below_a_partial_table_is_rounded_down(rate: Fraction, deduction: int) -> None:
    row = Tier(Fraction(100_000, 3), rate, rate, amount=Fraction(1000, 3))
    table = TierTable((row,), TierRule.MARGINAL, TierRule.STEP)
    (tier,) = make_tiers(replace(POLICY, table=table, slippage_rate=Fraction(0)), MARKET)
    assert (tier.floor, tier.maintenance.deduction, tier.initial.deduction) == (33_333, deduction, 0)


def test_under_the_mid_rule_both_sides_have_the_mark() -> None:
    (tier, *_) = make_tiers(replace(POLICY, price_rule=PriceRule.MID), MARKET)
    assert tier.low_price == tier.high_price == 100


def test_a_table_without_a_cap_ends_where_money_does() -> None:
    last = make_tiers(replace(POLICY, table=replace(TABLE, cap=None)), MARKET)[-1]
    assert last.ceiling == MAX_MONEY


def test_what_a_leaf_cannot_hold_is_refused_by_its_field() -> None:
    by_size = replace(TABLE, measure=TierMeasure.SIZE)
    assert refused(quantise_policy, replace(POLICY, table=by_size)) == (Reason.NOT_APPLICABLE, "measure")
    rising = replace(TABLE, slope=Fraction(1, 10**9))
    assert refused(quantise_policy, replace(POLICY, table=rising)) == (Reason.NOT_APPLICABLE, "size_slope")
    dear = replace(POLICY, slippage_rate=Fraction(99, 100))
    assert refused(quantise_policy, dear) == (Reason.NOT_APPLICABLE, "tiers[1].initial")
    for state in (MarketState(Fraction(1, 2)), MarketState(Fraction(9), Fraction(1, 3))):
        assert refused(make_tiers, POLICY, state) == (Reason.NOT_ON_GRID, "mark")
    assert refused(make_tiers, POLICY, replace(MARKET, confidence=Fraction(100)))[1] == "confidence"


def test_floors_that_fall_together_are_refused() -> None:
    close = replace(TABLE, tiers=(TABLE.tiers[0], replace(TABLE.tiers[1], floor=Fraction(1, 2))))
    assert refused(quantise_policy, replace(POLICY, table=close)) == (Reason.TIERS_UNSORTED, "tiers[1].floor")


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        *(("market_id", bad) for bad in (0, 2**20)),
        *(("currency_id", bad) for bad in (0, 2**12)),
        *(("low_price", bad) for bad in (0, 2**64)),
        *(("high_price", bad) for bad in (97, 2**65)),
        *(("funding_index", bad) for bad in (2**64, -(2**64))),
        *(("floor", bad) for bad in (-1, 2**100)),
        *(("ceiling", bad) for bad in (0, 2**100 + 1)),
        *(("policy_hash", bad) for bad in (-1, 2**254)),
    ],
)
def test_the_bounds_of_a_leaf(field: str, bad: int) -> None:
    (tier, _) = make_tiers(POLICY, MARKET)
    assert refused(replace, tier, **{field: bad}) == (Reason.OUT_OF_BOUNDS, field)


@pytest.mark.parametrize(
    ("field", "bad"),
    [(field, bad) for field in ("rate_ppm", "fee_ppm") for bad in (-1, 10**6 + 1)] + [("deduction", 2**120)],
)
def test_the_bounds_of_a_requirement(field: str, bad: int) -> None:
    (tier, _) = make_tiers(POLICY, MARKET)
    assert refused(replace, tier.initial, **{field: bad}) == (Reason.OUT_OF_BOUNDS, field)
