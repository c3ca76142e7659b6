"""Black-76: the value and the sensitivities of a European option on a forward.

    call = D (F N(d1) - K N(d2))        d1 = ln(F / K) / s + s / 2
    put  = D (K N(-d2) - F N(-d1))      d2 = d1 - s,  s = volatility * sqrt(years)

The one place of this package where floats are right: what comes out is an input to a rounded,
published risk array, never to a check. N comes from ``erfc``, so that far tails keep their
relative precision; the option that is in the money is valued as its intrinsic value plus the option
that is not, so that nothing is lost by subtracting two large numbers.
"""

import math
from dataclasses import dataclass

from margin.errors import MalformedError, Reason
from margin.options.leg import OptionKind
from margin.quantities import require_choice

SECONDS_PER_YEAR = 365 * 24 * 3600

PRICES = (1e-18, 1e18)
YEARS = (0.0, 1e3)
VOLATILITIES = (0.0, 1e3)
DISCOUNTS = (1e-9, 1.0)
"""Bounds that no market reaches, and inside which no float operation below overflows."""


@dataclass(frozen=True, slots=True)
class EuropeanOption:
    """What is valued: the right, its strike, the forward, the years to expiry, the volatility, the discount factor."""

    kind: OptionKind
    forward: float
    strike: float
    years: float
    volatility: float
    discount: float = 1.0

    def __post_init__(self) -> None:
        """Refuse NaN, infinity, and what lies outside the bounds."""
        require_choice(self.kind, OptionKind, "kind")
        require_float(self.forward, "forward", PRICES)
        require_float(self.strike, "strike", PRICES)
        require_float(self.years, "years", YEARS)
        require_float(self.volatility, "volatility", VOLATILITIES)
        require_float(self.discount, "discount", DISCOUNTS)

    @property
    def deviation(self) -> float:
        """The standard deviation of the logarithm of the price at expiry."""
        return self.volatility * math.sqrt(self.years)


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of the discounted value to the forward (twice) and to a volatility of 1 (100 %)."""

    delta: float
    gamma: float
    vega: float


def require_float(value: object, field: str, bounds: tuple[float, float]) -> float:
    """A float inside ``bounds``, which NaN and infinity never are."""
    if not isinstance(value, float) or not math.isfinite(value):
        raise MalformedError(Reason.NOT_A_DECIMAL, field, found=value, expected="a finite float")
    low, high = bounds
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"a number in [{low}, {high}]")
    return value


def normal_cdf(x: float) -> float:
    """The probability that a standard normal variable is at most ``x``."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_pdf(x: float) -> float:
    """The density of a standard normal variable at ``x``."""
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def compute_d1(option: EuropeanOption) -> float:
    """``d1``; its limit where time or volatility is zero: infinite in or out of the money, 0 at it."""
    moneyness = math.log(option.forward) - math.log(option.strike)
    if option.deviation == 0.0:
        return math.copysign(math.inf, moneyness) if moneyness else 0.0
    return moneyness / option.deviation + 0.5 * option.deviation


def compute_value(option: EuropeanOption) -> float:
    """The discounted value of the option: at least its intrinsic value, at most the forward (call) or strike (put)."""
    is_call = option.kind is OptionKind.CALL
    intrinsic = max(0.0, option.forward - option.strike if is_call else option.strike - option.forward)
    return option.discount * (intrinsic + compute_time_value(option))


def compute_time_value(option: EuropeanOption) -> float:
    """The undiscounted value of the right that is out of the money: by parity, the time value of both."""
    if option.deviation == 0.0:
        return 0.0
    d1 = compute_d1(option)
    d2 = d1 - option.deviation
    if option.forward <= option.strike:
        return max(0.0, option.forward * normal_cdf(d1) - option.strike * normal_cdf(d2))
    return max(0.0, option.strike * normal_cdf(-d2) - option.forward * normal_cdf(-d1))


def compute_greeks(option: EuropeanOption) -> Greeks:
    """Delta, gamma and vega; at expiry gamma and vega are 0 away from the strike and not defined at it."""
    d1 = compute_d1(option)
    sign = 1.0 if option.kind is OptionKind.CALL else -1.0
    delta = option.discount * sign * normal_cdf(sign * d1)
    if option.deviation == 0.0:
        if option.forward == option.strike:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "years", found=option.years, expected="time and volatility, at the money"
            )
        return Greeks(delta, 0.0, 0.0)
    density = option.discount * normal_pdf(d1)
    gamma = density / (option.forward * option.deviation)
    vega = option.forward * density * math.sqrt(option.years)
    return Greeks(delta, gamma, vega)
