"""What a structure of options and underlying is worth at expiry, and the most it can lose: exactly.

At expiry every leg is a straight line with at most one kink, at its strike:

    call  max(0, S - K)        put  max(0, K - S)        underlying  S - K

so a structure is a continuous broken line over prices S >= 0. A broken line takes its least value at
a vertex (0 or a strike) or falls for ever beyond the last one. Nothing is sampled, nothing is
approximated: a loss is a fraction, or it is ``Unlimited``, which is not a number.

An underlying leg struck at K is a future opened at K. A coin that was bought outright is one
struck at zero whose price was paid as its premium (``spot_leg``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from margin.bounds import MAX_LEGS
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.quantities import require_at_least_zero, require_choice, require_positive, require_tuple

ZERO = Fraction(0)


class LegKind(Enum):
    """What a leg is made of."""

    CALL = "call"
    PUT = "put"
    UNDERLYING = "underlying"


class Measure(Enum):
    """What is counted."""

    PAYOFF = "payoff"
    """What expiry pays or costs; premiums are in the collateral already. The measure of a ``defined_risk`` proof."""

    PROFIT = "profit"
    """The payoff less the premiums paid, plus those received: profit and loss."""


@dataclass(frozen=True, slots=True)
class Leg:
    """``quantity`` of one instrument, bought (long) or sold (short) for ``premium`` each.

    ``strike`` is the strike of an option, the entry price of a future, or 0 for the coin itself.
    """

    kind: LegKind
    side: Side
    quantity: Fraction
    strike: Fraction
    premium: Fraction = ZERO

    def __post_init__(self) -> None:
        """Refuse what is not an exact, positive leg."""
        require_choice(self.kind, LegKind, "kind")
        require_choice(self.side, Side, "side")
        require_positive(self.quantity, "quantity")
        (require_at_least_zero if self.kind is LegKind.UNDERLYING else require_positive)(self.strike, "strike")
        require_at_least_zero(self.premium, "premium")

    @property
    def signed_quantity(self) -> Fraction:
        """The quantity held: negative where it was sold."""
        return self.side.sign * self.quantity

    def value_at(self, price: Fraction) -> Fraction:
        """What one unit held long pays at expiry."""
        if self.kind is LegKind.UNDERLYING:
            return price - self.strike
        return max(ZERO, price - self.strike if self.kind is LegKind.CALL else self.strike - price)


def future_leg(side: Side, quantity: Fraction, entry_price: Fraction) -> Leg:
    """A future or perpetual opened at ``entry_price``: it pays the difference, and cost nothing."""
    return Leg(LegKind.UNDERLYING, side, quantity, require_positive(entry_price, "entry_price"))


def spot_leg(side: Side, quantity: Fraction, price_paid: Fraction) -> Leg:
    """The coin itself, bought (or borrowed and sold) for ``price_paid``: it is worth its price."""
    return Leg(LegKind.UNDERLYING, side, quantity, ZERO, price_paid)


@dataclass(frozen=True, slots=True)
class Structure:
    """Up to ``MAX_LEGS`` legs on one underlying that expire together."""

    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        """Refuse an empty structure, and one with more legs than a statement holds."""
        require_tuple(self.legs, Leg, "legs")
        if not 1 <= len(self.legs) <= MAX_LEGS:
            raise MalformedError(Reason.WRONG_COUNT, "legs", found=len(self.legs), expected=f"1 to {MAX_LEGS} legs")


class Vertex(NamedTuple):
    """A point of a broken line."""

    price: Fraction
    value: Fraction


class PriceRange(NamedTuple):
    """Prices from ``low`` to ``high``, both included; one price where they are equal; no end where ``high`` is None."""

    low: Fraction
    high: Fraction | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A continuous broken line over prices from 0: its vertices in rising order, and its slope beyond the last."""

    vertices: tuple[Vertex, ...]
    slope: Fraction

    def value_at(self, price: Fraction) -> Fraction:
        """The height of the line at ``price`` >= 0."""
        require_at_least_zero(price, "price")
        last = self.vertices[-1]
        for left, right in self.segments():
            if price <= right.price:
                return left.value + (right.value - left.value) * (price - left.price) / (right.price - left.price)
        return last.value + self.slope * (price - last.price)

    def segments(self) -> Iterator[tuple[Vertex, Vertex]]:
        """The bounded pieces from left to right."""
        return zip(self.vertices, self.vertices[1:], strict=False)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or greatest ``value`` of a curve, and every price that gives it."""

    value: Fraction
    prices: tuple[PriceRange, ...]


@dataclass(frozen=True, slots=True)
class Unlimited:
    """There is no bound: beyond the last strike each unit of price adds ``slope`` (> 0) to the loss or gain."""

    slope: Fraction


def draw_curve(legs: Iterable[Leg], measure: Measure) -> Curve:
    """The broken line of ``legs`` together, with a vertex at 0 and at every strike of an option."""
    legs = tuple(legs)
    strikes = {leg.strike for leg in legs if leg.kind is not LegKind.UNDERLYING}
    vertices = tuple(Vertex(price, sum_legs(legs, price, measure)) for price in sorted({ZERO, *strikes}))
    slope = sum((leg.signed_quantity for leg in legs if leg.kind is not LegKind.PUT), ZERO)
    return Curve(vertices, slope)


def sum_legs(legs: Iterable[Leg], price: Fraction, measure: Measure) -> Fraction:
    """What ``legs`` together come to when they expire at ``price``."""
    counted = Fraction(measure is Measure.PROFIT)
    return sum((leg.signed_quantity * (leg.value_at(price) - counted * leg.premium) for leg in legs), ZERO)


def compute_outcome(structure: Structure, price: Fraction, measure: Measure) -> Fraction:
    """What the structure pays (or earns, with premiums) when it expires at ``price``."""
    return sum_legs(structure.legs, require_at_least_zero(price, "price"), measure)


def find_worst(structure: Structure, measure: Measure) -> Extreme | Unlimited:
    """The least outcome and the prices that give it: at 0, at a strike, or without end."""
    curve = draw_curve(structure.legs, measure)
    return Unlimited(-curve.slope) if curve.slope < 0 else extreme_at(curve, min(value for _, value in curve.vertices))


def find_best(structure: Structure, measure: Measure) -> Extreme | Unlimited:
    """The greatest outcome and the prices that give it."""
    curve = draw_curve(structure.legs, measure)
    return Unlimited(curve.slope) if curve.slope > 0 else extreme_at(curve, max(value for _, value in curve.vertices))


def compute_max_loss(structure: Structure, measure: Measure) -> Fraction | Unlimited:
    """The most the structure can lose, 0 where it can't lose; ``Unlimited`` where there is no most."""
    worst = find_worst(structure, measure)
    return worst if isinstance(worst, Unlimited) else max(ZERO, -worst.value)


def compute_max_gain(structure: Structure, measure: Measure) -> Fraction | Unlimited:
    """The most the structure can gain, 0 where it can't gain; ``Unlimited`` where there is no most."""
    best = find_best(structure, measure)
    return best if isinstance(best, Unlimited) else max(ZERO, best.value)


def find_break_evens(structure: Structure, measure: Measure = Measure.PROFIT) -> tuple[PriceRange, ...]:
    """Every price at which nothing is gained or lost; a range where the line lies on zero."""
    return find_level(draw_curve(structure.legs, measure), ZERO)


def extreme_at(curve: Curve, value: Fraction) -> Extreme:
    """An extreme value with its prices."""
    return Extreme(value, find_level(curve, value))


def find_level(curve: Curve, level: Fraction) -> tuple[PriceRange, ...]:
    """Every price at which ``curve`` is at ``level``, as disjoint ranges in rising order."""
    found = [cross for left, right in curve.segments() for cross in cross_segment(left, right, level)]
    return tuple(join_ranges([*found, *cross_tail(curve, level)]))


def cross_segment(left: Vertex, right: Vertex, level: Fraction) -> Iterator[PriceRange]:
    """Where the straight piece between two vertices is at ``level``: nowhere, at one price, or all along."""
    if left.value == right.value == level:
        yield PriceRange(left.price, right.price)
    elif min(left.value, right.value) <= level <= max(left.value, right.value):
        share = (level - left.value) / (right.value - left.value)
        price = left.price + share * (right.price - left.price)
        yield PriceRange(price, price)


def cross_tail(curve: Curve, level: Fraction) -> Iterator[PriceRange]:
    """Where the line is at ``level`` at or beyond its last vertex."""
    last = curve.vertices[-1]
    if curve.slope == 0:
        if last.value == level:
            yield PriceRange(last.price, None)
        return
    price = last.price + (level - last.value) / curve.slope
    if price >= last.price:
        yield PriceRange(price, price)


def choose_prices(curve: Curve, others: Iterable[Fraction] = ()) -> list[Fraction]:
    """Prices to look at, with room on both sides: corners above zero and ``others``; between them all is straight."""
    given = [*(vertex.price for vertex in curve.vertices if vertex.price > 0), *others]
    anchors = given if any(given) else [*given, Fraction(100)]
    width = max(max(anchors) - min(anchors), max(anchors) / 5)
    low = max(ZERO, min(anchors) - width / 2)
    return sorted({low, max(anchors) + width / 2, *anchors})


def join_ranges(ranges: Iterable[PriceRange]) -> Iterator[PriceRange]:
    """Ranges in rising order with those that touch made one."""
    current: PriceRange | None = None
    for following in ranges:
        if current is None:
            current = following
        elif current.high is not None and following.low <= current.high:
            current = PriceRange(current.low, following.high)
        else:
            yield current
            current = following
    if current is not None:
        yield current
