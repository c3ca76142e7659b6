"""A requirement that follows volatility: tighten at once, loosen slowly. Integers only.

From an attested series of prices, in ticks:

    return    r = |p' - p| * 10^6 / p, in ppm, rounded up
    sigma     sqrt(horizon * sum r^2 / n), in ppm, rounded up
    target    max(table rate, k * sigma), rounded up, at most 100 %

Each step rounds against the trader, so sigma is never below the exact root mean square. No mean is
subtracted: over short intervals it is noise, and leaving it in can only raise the requirement.
A requirement that has risen falls again by no more than a fixed number of ppm for each round.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, isqrt

from margin.bounds import PPM, require_integer, require_price, require_rate
from margin.errors import MalformedError, Reason, RejectedError
from margin.quantities import require_at_least_zero, require_tuple

MAX_PRICES = 10_000
MAX_HORIZON = 10_000
MAX_SEQUENCE = 2**63 - 1


def compute_returns_ppm(prices: tuple[int, ...]) -> tuple[int, ...]:
    """The size of each move in ppm of the price before it, rounded up."""
    if not 2 <= len(require_tuple(prices, int, "history")) <= MAX_PRICES:  # noqa: PLR2004 - a move has two ends
        raise MalformedError(
            Reason.WRONG_COUNT, "history", found=len(prices), expected=f"2 to {MAX_PRICES} prices of a series"
        )
    for index, price in enumerate(prices):
        require_price(price, f"history[{index}]")
    return tuple(divide_up(abs(after - before) * PPM, before) for before, after in pairwise(prices))


def compute_sigma_ppm(prices: tuple[int, ...], horizon: int = 1) -> int:
    """The root mean square move over ``horizon`` intervals of the series, in ppm, rounded up."""
    require_integer(horizon, "horizon", 1, MAX_HORIZON, "intervals")
    returns = compute_returns_ppm(prices)
    return root_up(divide_up(horizon * sum_squares(returns), len(returns)))


def compute_target_ppm(table_ppm: int, multiple: Fraction, sigma_ppm: int) -> int:
    """``max(table, multiple * sigma)``, rounded up, at most 100 %."""
    require_integer(table_ppm, "table_ppm", 0, PPM, "ppm")
    require_integer(sigma_ppm, "sigma_ppm", 0, 2**128, "ppm")
    return min(PPM, max(table_ppm, ceil(require_at_least_zero(multiple, "multiple") * sigma_ppm)))


@dataclass(frozen=True, slots=True)
class DynamicRate:
    """A rate in force since round ``sequence``, and by how many ppm it may fall in a round."""

    rate_ppm: int
    sequence: int
    loosening_ppm: int

    def __post_init__(self) -> None:
        """A loosening of zero would never come back: at least 1 ppm a round."""
        require_integer(self.rate_ppm, "rate_ppm", 0, PPM, "ppm")
        require_integer(self.sequence, "sequence", 0, MAX_SEQUENCE, "a round")
        require_integer(self.loosening_ppm, "loosening_ppm", 1, PPM, "ppm a round")

    @property
    def rate(self) -> Fraction:
        """The rate as a fraction, as tier tables have it."""
        return require_rate(Fraction(self.rate_ppm, PPM), "rate")

    def step(self, target_ppm: int, sequence: int) -> "DynamicRate":
        """The rate after a round: up to the target at once, down towards it by the loosening at most.

        A later round counts as one, however many were missed: silence never loosens.
        """
        require_integer(target_ppm, "target_ppm", 0, PPM, "ppm")
        require_integer(sequence, "sequence", 0, MAX_SEQUENCE, "a round")
        if sequence <= self.sequence:
            raise RejectedError(Reason.OUT_OF_BOUNDS, "sequence", found=sequence, expected=f"above {self.sequence}")
        return DynamicRate(max(target_ppm, self.rate_ppm - self.loosening_ppm), sequence, self.loosening_ppm)


@dataclass(frozen=True, slots=True)
class VolatilityTerms:
    """How a policy follows volatility: ``multiple`` sigmas over ``horizon`` intervals, loosening so much a round."""

    multiple: Fraction
    horizon: int = 1
    loosening_ppm: int = PPM

    def __post_init__(self) -> None:
        """Hold the bounds of each term."""
        require_at_least_zero(self.multiple, "multiple")
        require_integer(self.horizon, "horizon", 1, MAX_HORIZON, "intervals")
        require_integer(self.loosening_ppm, "loosening", 1, PPM, "ppm a round")

    def least_rate(self, prices: tuple[int, ...], in_force_ppm: int = 0) -> Fraction:
        """The rate below which no tier may lie, one round after ``in_force_ppm`` was in force."""
        target = compute_target_ppm(0, self.multiple, compute_sigma_ppm(prices, self.horizon))
        return DynamicRate(in_force_ppm, 0, self.loosening_ppm).step(target, 1).rate


def sum_squares(numbers: Iterable[int]) -> int:
    """The sum of the squares."""
    return sum(number * number for number in numbers)


def divide_up(dividend: int, divisor: int) -> int:
    """The quotient rounded up, for a divisor above zero."""
    return -(-dividend // divisor)


def root_up(square: int) -> int:
    """The least integer whose square is at least ``square``."""
    return isqrt(square - 1) + 1 if square else 0
