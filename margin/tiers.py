"""Tier tables: how the required rate grows with the size of a position.

A tier k holds for ``floor_k < measure <= floor_{k+1}``. The measure is the notional, or the size in
lots on venues that tier by contracts. A requirement is then one of

    marginal   rate_k * N - amount_k,   amount_k = amount_{k-1} + floor_k * (rate_k - rate_{k-1})
    step       rate_k * N

The marginal form charges each slice at its own rate and is continuous; the step form charges the
whole position at its tier's rate and jumps at each floor.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from math import lcm

from margin.amounts import render_exact
from margin.bounds import MAX_LEVERAGE, MAX_RATE_SCALE, MAX_TIERS, PPM, require_money_at_least_zero, require_rate
from margin.errors import MalformedError, MisuseError, Reason, RejectedError


class TierRule(Enum):
    """How a table turns rates into a requirement."""

    MARGINAL = "marginal"
    STEP = "step"


class TierMeasure(Enum):
    """What a tier's floor is compared with."""

    NOTIONAL = "notional"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Tier:
    """One row: from ``floor`` (exclusive) on, these rates and this leverage at most.

    ``amount`` is the maintenance amount that a venue publishes beside the row. It may be left out
    (None): then it follows from the recursion. Where it is given it must agree with it.
    """

    floor: Fraction
    initial_rate: Fraction
    maintenance_rate: Fraction
    max_leverage: Fraction | None = None
    amount: Fraction | None = None

    def __post_init__(self) -> None:
        """Hold what is true of a row by itself."""
        require_money_at_least_zero(self.floor, "floor")
        for rate, field in ((self.maintenance_rate, "maintenance"), (self.initial_rate, "initial")):
            if rate <= 0:
                raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=rate, expected="a rate above 0")
            require_rate(rate, field)
        if self.maintenance_rate > self.initial_rate:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS,
                "maintenance",
                found=render_exact(self.maintenance_rate),
                expected=f"at most the initial rate {render_exact(self.initial_rate)}",
            )
        if self.max_leverage is not None and not 1 <= self.max_leverage <= MAX_LEVERAGE:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "max_leverage", found=self.max_leverage, expected=f"1 to {MAX_LEVERAGE}"
            )


@dataclass(frozen=True, slots=True)
class Line:
    """The requirement inside one tier as a function of the notional: ``rate * N - amount``."""

    rate: Fraction
    amount: Fraction

    def at(self, notional: Fraction) -> Fraction:
        """The requirement at ``notional``."""
        return self.rate * notional - self.amount

    def plus(self, other: "Line") -> "Line":
        """The sum of two requirements."""
        return Line(self.rate + other.rate, self.amount + other.amount)


@dataclass(frozen=True, slots=True)
class TierTable:
    """A checked table: floors rise, rates rise, marginal tables are continuous.

    A table whose first floor is above zero is *partial*: it says nothing of smaller positions, and
    a question about one is refused. ``cap`` is the largest measure a position may have, if any.
    """

    tiers: tuple[Tier, ...]
    rule: TierRule
    initial_rule: TierRule
    measure: TierMeasure = TierMeasure.NOTIONAL
    cap: Fraction | None = None
    slope: Fraction = Fraction(0)
    """By how much every rate rises with each lot (Deribit's futures): the whole position pays the higher rate."""

    def __post_init__(self) -> None:
        """Check the rows against each other."""
        if not 1 <= len(self.tiers) <= MAX_TIERS:
            raise MalformedError(Reason.WRONG_COUNT, "tiers", found=len(self.tiers), expected=f"1 to {MAX_TIERS} tiers")
        for index in range(1, len(self.tiers)):
            require_rising(self.tiers[index - 1], self.tiers[index], index)
        if self.cap is not None and self.cap <= self.tiers[-1].floor:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "cap", found=self.cap, expected="above the last floor")
        require_rate(self.slope, "size_slope")
        if self.rate_scale > MAX_RATE_SCALE:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "tiers", found=self.rate_scale, expected=f"rates over {MAX_RATE_SCALE} at most"
            )
        self.require_start()
        self.require_published_amounts()

    @property
    def floors(self) -> tuple[Fraction, ...]:
        """The floors, rising."""
        return tuple(tier.floor for tier in self.tiers)

    @property
    def rate_scale(self) -> int:
        """The least multiple of 10^6 over which every rate of the table is an integer."""
        denominators = [rate.denominator for t in self.tiers for rate in (t.initial_rate, t.maintenance_rate)]
        return lcm(PPM, *denominators)

    def require_start(self) -> None:
        """A marginal table that starts above zero must say what the tiers below it deduct."""
        first = self.tiers[0]
        if first.floor == 0 or self.rule is TierRule.STEP:
            return
        if self.measure is TierMeasure.SIZE:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "tiers[0].floor", found=first.floor, expected="0 in a marginal table by size"
            )
        if first.amount is None:
            raise MalformedError(
                Reason.MISSING_FIELD,
                "tiers[0].amount",
                found="nothing",
                expected="the venue's amount, as floor is not 0",
            )

    def require_published_amounts(self) -> None:
        """An amount that a venue published must be the one that makes the table continuous."""
        derived = deductions(self.floors, [t.maintenance_rate for t in self.tiers], self.first_amount)
        for index, (tier, amount) in enumerate(zip(self.tiers, derived, strict=True)):
            if tier.amount is None:
                continue
            path = f"tiers[{index}].amount"
            if self.rule is TierRule.STEP or self.measure is TierMeasure.SIZE:
                raise MalformedError(
                    Reason.CONFLICTING_FIELDS,
                    path,
                    found=tier.amount,
                    expected="no amount: only marginal tables by notional have one",
                )
            if index == 0 and tier.floor == 0 and tier.amount != 0:
                raise MalformedError(
                    Reason.TIERS_DISCONTINUOUS,
                    path,
                    found=tier.amount,
                    expected="0 in a tier that starts at 0 (leave out floor if this row stands alone)",
                )
            if tier.amount < 0 or tier.amount > tier.maintenance_rate * tier.floor:
                raise MalformedError(
                    Reason.TIERS_DISCONTINUOUS, path, found=tier.amount, expected="an amount between 0 and rate * floor"
                )
            if tier.amount != amount:
                raise MalformedError(
                    Reason.TIERS_DISCONTINUOUS,
                    path,
                    found=tier.amount,
                    expected=f"{amount} money units, which makes the table continuous",
                )

    @property
    def first_amount(self) -> Fraction:
        """What the tiers below a partial table deduct, as the venue published it."""
        return self.tiers[0].amount or Fraction(0)

    def tier_index(self, measure: Fraction) -> int:
        """The tier k with floor_k < measure <= floor_{k+1}."""
        if measure <= self.tiers[0].floor:
            raise MisuseError(
                Reason.OUTSIDE_TABLE,
                "tiers",
                found=measure,
                expected=f"a position above the first floor {self.tiers[0].floor}",
            )
        return bisect_left(self.floors, measure) - 1

    def require_within_cap(self, measure: Fraction, field: str) -> None:
        """A position may not be larger than the venue allows."""
        if self.cap is not None and measure > self.cap:
            raise RejectedError(Reason.POSITION_TOO_LARGE, field, found=measure, expected=f"at most {self.cap}")

    def maintenance_lines(self, size: int) -> tuple[Line, ...]:
        """The maintenance requirement of each tier, as lines over the notional of ``size`` lots."""
        return self.lines([t.maintenance_rate for t in self.tiers], self.rule, self.first_amount, size)

    def initial_lines(self, size: int) -> tuple[Line, ...]:
        """The initial requirement of each tier at the table's own rates."""
        return self.lines([t.initial_rate for t in self.tiers], self.initial_rule, Fraction(0), size)

    def lines(self, rates: Sequence[Fraction], rule: TierRule, first_amount: Fraction, size: int) -> tuple[Line, ...]:
        """One line for each tier.

        With floors in lots the deduction is a number of lots at a rate, so it scales with the
        notional and moves into the rate: rate_k * N - (sum of floor * rise) * N / size.
        """
        rise = self.slope * size
        if rule is TierRule.STEP:
            return tuple(Line(rate + rise, Fraction(0)) for rate in rates)
        amounts = deductions(self.floors, rates, first_amount)
        pairs = zip(rates, amounts, strict=True)
        if self.measure is TierMeasure.SIZE:
            return tuple(Line(rate + rise - amount / size, Fraction(0)) for rate, amount in pairs)
        return tuple(Line(rate + rise, amount) for rate, amount in pairs)


def raise_rates(table: TierTable, least: Fraction) -> TierTable:
    """The table with no rate below ``least``: what a requirement that follows volatility makes of it."""
    if table.first_amount:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "tiers[0].amount", found=table.first_amount, expected="a whole table, from floor 0"
        )
    raised = [
        replace(
            tier,
            initial_rate=max(tier.initial_rate, least),
            maintenance_rate=max(tier.maintenance_rate, least),
            amount=None,
        )
        for tier in table.tiers
    ]
    return replace(table, tiers=(replace(raised[0], amount=table.tiers[0].amount), *raised[1:]))


def deductions(floors: Sequence[Fraction], rates: Sequence[Fraction], first: Fraction) -> list[Fraction]:
    """amount_k = amount_{k-1} + floor_k * (rate_k - rate_{k-1}), starting from ``first``."""
    amounts = [first]
    for index in range(1, len(floors)):
        amounts.append(amounts[-1] + floors[index] * (rates[index] - rates[index - 1]))
    return amounts


def require_rising(below: Tier, above: Tier, index: int) -> None:
    """Floors rise strictly; rates never fall; the leverage allowed never rises."""
    path = f"tiers[{index}]"
    if above.floor <= below.floor:
        raise MalformedError(
            Reason.TIERS_UNSORTED, f"{path}.floor", found=above.floor, expected=f"above the floor before, {below.floor}"
        )
    pairs = (
        ("maintenance", below.maintenance_rate, above.maintenance_rate),
        ("initial", below.initial_rate, above.initial_rate),
    )
    for field, low, high in pairs:
        if high < low:
            raise MalformedError(
                Reason.TIERS_UNSORTED,
                f"{path}.{field}",
                found=render_exact(high),
                expected=f"at least the rate before, {render_exact(low)}",
            )
    if below.max_leverage is not None and (above.max_leverage is None or above.max_leverage > below.max_leverage):
        raise MalformedError(
            Reason.TIERS_UNSORTED,
            f"{path}.max_leverage",
            found="none" if above.max_leverage is None else render_exact(above.max_leverage),
            expected=f"at most the leverage before, {render_exact(below.max_leverage)}",
        )
