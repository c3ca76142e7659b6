"""What a structure pays at expiry, at every price where it can be worst.

The payoff of legs that expire together is a broken line over prices from 0, with a vertex at each strike. With the
legs by rising strike k_1 <= ... <= k_n, signed quantities c_i of calls, p_i of puts and u_i of the underlying,

    value at 0        V_0 = sum(p_i * k_i) - sum(u_i * k_i)
    slope after k_j   s_j = sum(c_i, i <= j) - sum(p_i, i > j) + sum(u_i)
    value at k_j      V_j = V_{j-1} + s_{j-1} * (k_j - k_{j-1}),  k_0 = 0

and the line is nowhere lower than at 0, at a strike, or far out where its slope is below 0. A vertex at the price where
an underlying was bought lies on a straight piece and asks for nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from circuits.builder import Builder
from circuits.gadgets.packing import declare_packed
from circuits.gadgets.ranges import enforce_at_most
from circuits.gadgets.signed import with_sign
from circuits.signal import Bit, Bounded, Signal, sum_signals
from facts.packing import LEG

MEANINGS: Final = {
    "quantity": "lots of the leg; 0 is no leg",
    "strike": "strike in ticks, or the price an underlying was opened at; none is below that of the leg before",
    "side": "1 if the leg was sold",
    "is_call": "1 if it is a call",
    "is_put": "1 if it is a put; what is neither is the underlying",
}


@dataclass(frozen=True, slots=True, eq=False)
class LegSignals:
    """One leg: an underlying is neither call nor put, and a place without a leg has no quantity."""

    quantity: Bounded
    strike: Bounded
    side: Bit
    is_call: Bit
    is_put: Bit
    element: Signal
    """The leg as its structure commits to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Payoff:
    """The values at all vertices in lots times ticks, and the slope beyond the last."""

    vertices: tuple[Bounded, ...]
    slope: Bounded


def declare_legs(builder: Builder, count: int) -> list[LegSignals]:
    """The legs of a structure by rising strike; no leg is call and put at once."""
    legs = []
    for place in range(count):
        with builder.scope(f"leg[{place}]"):
            leg = declare_packed(builder, LEG, MEANINGS)
            builder.enforce_product(leg.bit("is_call"), leg.bit("is_put"), 0, rule="leg_is_of_one_kind")
        side, is_call, is_put = (leg.bit(name) for name in ("side", "is_call", "is_put"))
        legs.append(LegSignals(leg["quantity"], leg["strike"], side, is_call, is_put, leg.element))
    return legs


def compute_payoff(legs: Sequence[LegSignals]) -> Payoff:
    """Walk along the line from 0: three products to tell a leg's kinds apart, two for its part of the line."""
    quantities = [with_sign(leg.side, leg.quantity) for leg in legs]
    calls = [leg.is_call * quantity for leg, quantity in zip(legs, quantities, strict=True)]
    puts = [leg.is_put * quantity for leg, quantity in zip(legs, quantities, strict=True)]
    underlyings = [rest_of(quantity, call, put) for quantity, call, put in zip(quantities, calls, puts, strict=True)]
    at_zero = [(put - underlying) * leg.strike for leg, put, underlying in zip(legs, puts, underlyings, strict=True)]
    vertices = [sum_signals(at_zero)]
    slope = sum_signals(underlyings) - sum_signals(puts)
    for gap, call, put in zip(gaps_between(legs), calls, puts, strict=True):
        vertices.append(vertices[-1] + slope * gap)
        slope = slope + call + put
    return Payoff(tuple(vertices), slope)


def rest_of(quantity: Bounded, call: Bounded, put: Bounded) -> Bounded:
    """The quantity of a leg that is neither: as large as any, because at most one of the two is the quantity itself."""
    rest = quantity - call - put
    return Bounded(rest.builder, rest.expression, quantity.low, quantity.high)


def gaps_between(legs: Sequence[LegSignals]) -> list[Bounded]:
    """From 0 to the first strike, and from each strike to the next, none below 0: what makes them sorted."""
    gaps = [legs[0].strike]
    for before, after in pairwise(legs):
        gaps.append(enforce_at_most(before.strike, after.strike, rule="strikes_rise"))
    return gaps
