"""Coverage: what all statements are for."""

from circuits.gadgets.ranges import enforce_at_most
from circuits.signal import Bounded
from margin.bounds import PPM


def enforce_covers(equity: Bounded, requirement: Bounded, buffer_ppm: Bounded) -> None:
    """``equity * 10^6 >= requirement * (10^6 + buffer_ppm)``, both over the same scale. Nothing is rounded.

    Bad case: an equity that is short by one part of the scale.
    """
    enforce_at_most(requirement * (PPM + buffer_ppm), equity * PPM, rule="equity_covers_requirement")
