"""Tier tables: what is refused when one is made, and what a good one says at its floors."""

from fractions import Fraction

import pytest

from margin.errors import MalformedError, MarginError, MisuseError, Reason, RejectedError
from margin.tiers import Tier, TierMeasure, TierRule, TierTable, raise_rates

MARGINAL, STEP = TierRule.MARGINAL, TierRule.STEP


def tier(floor: int, maintenance: str, amount: int | None = None, leverage: int | None = None) -> Tier:
    rate = Fraction(maintenance)
    initial = rate if leverage is None else Fraction(1, leverage)
    return Tier(
        Fraction(floor),
        initial,
        rate,
        None if leverage is None else Fraction(leverage),
        None if amount is None else Fraction(amount),
    )


def table(*tiers: Tier, rule: TierRule = MARGINAL, measure: TierMeasure = TierMeasure.NOTIONAL) -> TierTable:
    return TierTable(tiers, rule, rule, measure)


GOOD = table(tier(0, "1/100", 0), tier(1000, "1/50", 10), tier(5000, "1/20", 160))


def test_published_amounts_follow_from_the_recursion() -> None:
    assert [line.amount for line in GOOD.maintenance_lines(1)] == [0, 10, 160]


@pytest.mark.parametrize(("notional", "index"), [(1, 0), (1000, 0), (1001, 1), (5000, 1), (5001, 2), (10**9, 2)])
def test_a_floor_belongs_to_the_tier_below_it(notional: int, index: int) -> None:
    assert GOOD.tier_index(Fraction(notional)) == index


def test_a_marginal_table_is_continuous_and_a_step_table_is_not() -> None:
    below, above = GOOD.maintenance_lines(1)[0], GOOD.maintenance_lines(1)[1]
    assert below.at(Fraction(1000)) == above.at(Fraction(1000)) == 10
    steps = table(tier(0, "1/100"), tier(1000, "1/50"), rule=STEP).maintenance_lines(1)
    assert [step.at(Fraction(1000)) for step in steps] == [10, 20]


def test_floors_in_lots_charge_each_lot_at_its_own_rate() -> None:
    by_size = table(tier(0, "1/100"), tier(10, "1/50"), measure=TierMeasure.SIZE)
    size, lot_value = 25, 100
    line = by_size.maintenance_lines(size)[by_size.tier_index(Fraction(size))]
    assert line.at(Fraction(size * lot_value)) == 10 * lot_value / Fraction(100) + 15 * lot_value / Fraction(50)


@pytest.mark.parametrize(
    ("tiers", "reason", "field"),
    [
        ((), Reason.WRONG_COUNT, "tiers"),
        (tuple(tier(n, "1/100") for n in range(13)), Reason.WRONG_COUNT, "tiers"),
        ((tier(0, "1/100"), tier(0, "1/50")), Reason.TIERS_UNSORTED, "tiers[1].floor"),
        ((tier(0, "1/50"), tier(10, "1/100")), Reason.TIERS_UNSORTED, "tiers[1].maintenance"),
        ((tier(0, "1/100", 5),), Reason.TIERS_DISCONTINUOUS, "tiers[0].amount"),
        ((tier(0, "1/100"), tier(10, "1/50", 1)), Reason.TIERS_DISCONTINUOUS, "tiers[1].amount"),
        ((tier(10, "1/100"),), Reason.MISSING_FIELD, "tiers[0].amount"),
        ((tier(0, "1/100", leverage=10), tier(10, "1/50", leverage=20)), Reason.TIERS_UNSORTED, None),
    ],
)
def test_a_table_that_can_not_be_is_refused(tiers: tuple[Tier, ...], reason: Reason, field: str | None) -> None:
    with pytest.raises(MalformedError) as refused:
        table(*tiers)
    assert refused.value.reason is reason
    assert field is None or refused.value.field == field


def test_a_rate_needs_a_bounded_denominator() -> None:
    with pytest.raises(MalformedError):
        table(tier(0, "1/9999999999991"))


def test_the_cap_is_a_rule_that_says_no() -> None:
    capped = TierTable(GOOD.tiers, MARGINAL, MARGINAL, cap=Fraction(10_000))
    capped.require_within_cap(Fraction(10_000), "size")
    with pytest.raises(RejectedError):
        capped.require_within_cap(Fraction(10_001), "size")


def test_a_partial_table_says_nothing_of_smaller_positions() -> None:
    partial = table(tier(1000, "1/50", 10))
    assert partial.maintenance_lines(1)[0].at(Fraction(2000)) == 30
    with pytest.raises(MisuseError):
        partial.tier_index(Fraction(1000))
    with pytest.raises(MarginError):
        raise_rates(partial, Fraction(1, 10))


def test_raised_rates_are_never_below_the_least_and_stay_continuous() -> None:
    raised = raise_rates(GOOD, Fraction(3, 100))
    assert [each.maintenance_rate for each in raised.tiers] == [Fraction(3, 100), Fraction(3, 100), Fraction(1, 20)]
    assert [line.amount for line in raised.maintenance_lines(1)] == [0, 0, 100]
