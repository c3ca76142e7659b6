"""Scenario margin: what a set of instruments loses in each of a fixed list of market moves.

A *grid* is a list of moves, as data: the price by a share of itself, the volatility by a share of
itself (or by points), and how much of the loss counts. A grid and Black-76 give each instrument its
*risk array*, the outcome of one lot held long in each scenario, in whole money units. From there on
everything is integers:

    outcome of a set in scenario i   sum of lots * array[i]           lots < 0 where sold
    requirement                      max(0, -min over i) + short minimums

Rounding is against the trader on both sides. An array is rounded down, which is against a long. A short
then loses up to one money unit more in a scenario than the array says, so an instrument whose array
was rounded carries one money unit for each lot sold in its short minimum.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import product

from margin.black76 import EuropeanOption, compute_value
from margin.bounds import MAX_INSTRUMENTS, MAX_MONEY, MAX_SIZE, SCENARIOS, require_integer
from margin.errors import MalformedError, Reason, RejectedError
from margin.options.leg import OptionKind
from margin.quantities import (
    require_at_least_zero,
    require_choice,
    require_positive,
    require_share,
    require_signed,
    require_tuple,
)

ZERO = Fraction(0)
ONE = Fraction(1)
SECONDS_PER_DAY = 24 * 3600
MAX_SECONDS = 100 * 366 * SECONDS_PER_DAY
MAX_NODES = 256
THIRDS = (Fraction(1, 3), Fraction(2, 3), ONE)


class VolatilityShift(Enum):
    """What a volatility move is a share of."""

    RELATIVE = "relative"
    """Of the volatility itself: +40 % takes 50 % to 70 %."""

    POINTS = "points"
    """Of one: +40 % takes 50 % to 90 %."""


@dataclass(frozen=True, slots=True)
class Move:
    """One scenario: the price and the volatility move, and ``weight`` of the outcome counts."""

    price: Fraction
    volatility: Fraction
    weight: Fraction = ONE

    def __post_init__(self) -> None:
        """A price can't fall by all of itself; a weight can't enlarge."""
        if require_signed(self.price, "price") <= -1:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "price", found=self.price, expected="a move above -100 %")
        require_signed(self.volatility, "volatility")
        require_share(self.weight, "weight")


@dataclass(frozen=True, slots=True)
class TermScale:
    """Volatility moves more where expiry is near: a move is multiplied by (reference / max(floor, days)) ^ power.

    The power is ``near_power`` below the reference and ``far_power`` from it on.
    """

    reference_days: Fraction
    floor_days: Fraction
    near_power: Fraction
    far_power: Fraction

    def __post_init__(self) -> None:
        """Refuse days that are not above zero and powers above 100 %."""
        require_positive(self.reference_days, "reference_days")
        require_positive(self.floor_days, "floor_days")
        require_share(self.near_power, "near_power")
        require_share(self.far_power, "far_power")

    def factor(self, days: float) -> float:
        """By how much a volatility move is multiplied ``days`` before expiry."""
        reference = float(self.reference_days)
        power = self.near_power if days < reference else self.far_power
        return math.pow(reference / max(float(self.floor_days), days), float(power))


@dataclass(frozen=True, slots=True)
class Grid:
    """The scenarios of a policy, in their order."""

    moves: tuple[Move, ...]
    shift: VolatilityShift = VolatilityShift.RELATIVE
    term_scale: TermScale | None = None

    def __post_init__(self) -> None:
        """Refuse an empty grid, and one without end."""
        if not 1 <= len(require_tuple(self.moves, Move, "moves")) <= MAX_NODES:
            raise MalformedError(Reason.WRONG_COUNT, "moves", found=len(self.moves), expected=f"1 to {MAX_NODES} moves")
        require_choice(self.shift, VolatilityShift, "shift")

    def shock_volatility(self, volatility: float, move: Move, days: float) -> float:
        """The volatility after ``move``; never below zero."""
        change = float(move.volatility) * (self.term_scale.factor(days) if self.term_scale else 1.0)
        shocked = volatility * (1.0 + change) if self.shift is VolatilityShift.RELATIVE else volatility + change
        return max(0.0, shocked)


def make_span_grid(
    price_range: Fraction,
    volatility_range: Fraction,
    *,
    extreme_multiple: Fraction = Fraction(2),
    covered: Fraction = Fraction(35, 100),
) -> Grid:
    """The 16 scenarios of SPAN: 0, 1/3, 2/3 and all of the range each way, volatility up and down; two extremes.

    The extremes are ``extreme_multiple`` ranges away, and ``covered`` of their loss counts.
    """
    prices = [ZERO, *(sign * third * price_range for third in THIRDS for sign in (1, -1))]
    inner = [Move(price, sign * volatility_range) for price in prices for sign in (1, -1)]
    outer = [Move(sign * extreme_multiple * price_range, ZERO, covered) for sign in (1, -1)]
    return Grid((*inner, *outer))


def make_even_grid(
    prices: Iterable[Fraction],
    volatilities: Iterable[Fraction],
    *,
    shift: VolatilityShift = VolatilityShift.RELATIVE,
    term_scale: TermScale | None = None,
) -> Grid:
    """Every price move with every volatility move: 11 x 3 as on Bybit and Dederi, 9 x 3, ..."""
    moves = tuple(Move(price, volatility) for price, volatility in product(prices, volatilities))
    return Grid(moves, shift, term_scale)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A risk array: the outcome of one lot held long in each scenario, and what each lot sold adds on top."""

    name: str
    outcomes: tuple[int, ...]
    short_minimum: int = 0

    def __post_init__(self) -> None:
        """Refuse anything but bounded integers."""
        if not 1 <= len(require_tuple(self.outcomes, int, "outcomes")) <= MAX_NODES:
            raise MalformedError(
                Reason.WRONG_COUNT, "outcomes", found=len(self.outcomes), expected=f"1 to {MAX_NODES} outcomes"
            )
        for index, outcome in enumerate(self.outcomes):
            require_integer(outcome, f"outcomes[{index}]", -MAX_MONEY, MAX_MONEY, "money units per lot")
        require_integer(self.short_minimum, "short_minimum", 0, MAX_MONEY, "money units per lot sold")

    def require_statement_size(self) -> "Instrument":
        """This instrument, where it has exactly the scenarios that a ``scenario`` proof has."""
        if len(self.outcomes) != SCENARIOS:
            raise MalformedError(
                Reason.WRONG_COUNT, "outcomes", found=len(self.outcomes), expected=f"exactly {SCENARIOS} outcomes"
            )
        return self


@dataclass(frozen=True, slots=True)
class LinearContract:
    """A coin, a future or a perpetual: one lot gains ``lot_value`` money units for each unit of price."""

    price: Fraction
    lot_value: Fraction

    def __post_init__(self) -> None:
        """Refuse what is not above zero."""
        require_positive(self.price, "price")
        require_positive(self.lot_value, "lot_value")

    def outcome(self, _grid: Grid, move: Move) -> Fraction:
        """What one lot gains, exactly."""
        return self.lot_value * self.price * move.price * move.weight

    def moved(self, share: Fraction) -> "LinearContract":
        """The same after its price has moved."""
        return replace(self, price=self.price * (1 + share))


@dataclass(frozen=True, slots=True)
class OptionContract:
    """An option on a forward; one lot is worth ``lot_value`` money units for each unit of its price."""

    kind: OptionKind
    forward: Fraction
    strike: Fraction
    seconds: int
    volatility: Fraction
    lot_value: Fraction

    def __post_init__(self) -> None:
        """Refuse what is not an exact, positive option; a time or volatility of zero is one at expiry."""
        require_choice(self.kind, OptionKind, "kind")
        require_positive(self.forward, "forward")
        require_positive(self.strike, "strike")
        require_integer(self.seconds, "seconds", 0, MAX_SECONDS, "seconds to expiry")
        require_at_least_zero(self.volatility, "volatility")
        require_positive(self.lot_value, "lot_value")

    @property
    def days(self) -> float:
        """Days to expiry."""
        return self.seconds / SECONDS_PER_DAY

    def as_european(self) -> EuropeanOption:
        """The option as Black-76 takes it."""
        years = self.days / 365
        return EuropeanOption(self.kind, float(self.forward), float(self.strike), years, float(self.volatility))

    def outcome(self, grid: Grid, move: Move) -> Fraction:
        """What one lot gains when the market moves at once: a float's value, taken exactly from here on."""
        now = self.as_european()
        forward = float(self.forward * (1 + move.price))
        volatility = grid.shock_volatility(now.volatility, move, self.days)
        gain = compute_value(replace(now, forward=forward, volatility=volatility)) - compute_value(now)
        return self.lot_value * Fraction(gain) * move.weight

    def moved(self, share: Fraction) -> "OptionContract":
        """The same after its forward has moved, at the same volatility and as long before expiry."""
        return replace(self, forward=self.forward * (1 + share))


def make_instrument(
    name: str, contract: LinearContract | OptionContract, grid: Grid, short_minimum: int = 0
) -> Instrument:
    """The risk array of ``contract`` under ``grid``, rounded against whoever holds it."""
    exact = [contract.outcome(grid, move) for move in grid.moves]
    rounded = any(outcome.denominator != 1 for outcome in exact)
    return Instrument(name, tuple(math.floor(outcome) for outcome in exact), short_minimum + rounded)


@dataclass(frozen=True, slots=True)
class Holding:
    """``lots`` of one instrument; negative where they were sold."""

    instrument: Instrument
    lots: int

    def __post_init__(self) -> None:
        """Refuse nothing at all, and more than a size can be."""
        if require_integer(self.lots, "lots", -MAX_SIZE, MAX_SIZE, "lots") == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "lots", found=self.lots, expected="at least one lot, either way")


@dataclass(frozen=True, slots=True)
class ScenarioMargin:
    """The outcome of a set in each scenario, which is worst, and what the set needs."""

    outcomes: tuple[int, ...]
    worst: int
    short_minimum: int
    requirement: int

    @property
    def worst_outcome(self) -> int:
        """What the worst scenario comes to; not negative where the set can't lose in any."""
        return self.outcomes[self.worst]

    def requirement_in(self, scenario: int) -> int:
        """What the set would need if no scenario were worse than this one."""
        return max(0, -self.outcomes[scenario]) + self.short_minimum


def compute_scenario_margin(holdings: tuple[Holding, ...]) -> ScenarioMargin:
    """What up to ``MAX_INSTRUMENTS`` holdings need as one netting set."""
    require_holdings(holdings)
    scenarios = range(len(holdings[0].instrument.outcomes))
    outcomes = tuple(sum(held.lots * held.instrument.outcomes[index] for held in holdings) for index in scenarios)
    short_minimum = sum(max(0, -held.lots) * held.instrument.short_minimum for held in holdings)
    worst = min(scenarios, key=outcomes.__getitem__)
    requirement = max(0, -outcomes[worst]) + short_minimum
    for index in scenarios:
        require_integer(outcomes[index], f"outcomes[{index}]", -MAX_MONEY, MAX_MONEY, "money units")
    require_integer(requirement, "requirement", 0, MAX_MONEY, "money units")
    return ScenarioMargin(outcomes, worst, short_minimum, requirement)


def require_holdings(holdings: tuple[Holding, ...]) -> None:
    """A set of different instruments that were put through the same scenarios."""
    if not 1 <= len(require_tuple(holdings, Holding, "holdings")) <= MAX_INSTRUMENTS:
        raise MalformedError(
            Reason.WRONG_COUNT, "holdings", found=len(holdings), expected=f"1 to {MAX_INSTRUMENTS} instruments"
        )
    seen: set[str] = set()
    size = len(holdings[0].instrument.outcomes)
    for index, held in enumerate(holdings):
        if held.instrument.name in seen:
            raise MalformedError(
                Reason.DUPLICATE_FIELD,
                f"holdings[{index}]",
                found=held.instrument.name,
                expected="each instrument once, its lots netted",
            )
        if len(held.instrument.outcomes) != size:
            raise MalformedError(
                Reason.WRONG_COUNT,
                f"holdings[{index}].instrument.outcomes",
                found=len(held.instrument.outcomes),
                expected=f"{size} outcomes, as the first instrument has",
            )
        seen.add(held.instrument.name)


def require_scenarios_covered(equity: int, margin: ScenarioMargin) -> None:
    """Equity at least the requirement; else say which scenario it fails in."""
    require_integer(equity, "equity", -MAX_MONEY, MAX_MONEY, "money units")
    if equity < margin.requirement:
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "equity",
            found=equity,
            expected=f"at least {margin.requirement}: scenario {margin.worst} comes to {margin.worst_outcome}, "
            f"short minimums add {margin.short_minimum}",
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """``lots`` (negative where sold) of something with an attested sensitivity per lot: delta, gamma or vega."""

    lots: int
    sensitivity: Fraction

    def __post_init__(self) -> None:
        """Refuse sizes out of bounds and inexact sensitivities."""
        require_integer(self.lots, "lots", -MAX_SIZE, MAX_SIZE, "lots")
        require_signed(self.sensitivity, "sensitivity")

    @property
    def amount(self) -> Fraction:
        """The sensitivity of the whole holding."""
        return self.lots * self.sensitivity


def compute_net_exposure(exposures: tuple[Exposure, ...]) -> Fraction:
    """``sum lots * sensitivity``."""
    return sum((exposure.amount for exposure in require_tuple(exposures, Exposure, "exposures")), ZERO)


def compute_hedged_exposure(exposures: tuple[Exposure, ...]) -> Fraction:
    """How much exposure stands against an equal opposite one: ``(sum |e| - |sum e|) / 2``."""
    gross = sum((abs(exposure.amount) for exposure in require_tuple(exposures, Exposure, "exposures")), ZERO)
    return (gross - abs(compute_net_exposure(exposures))) / 2


def compute_delta_minimum(
    exposures: tuple[Exposure, ...], spot: Fraction, *, net_share: Fraction, hedged_share: Fraction
) -> Fraction:
    """The least a portfolio needs for its deltas, hedged or not: ``(net_share |net| + hedged_share hedged) * spot``."""
    require_positive(spot, "spot")
    net = require_share(net_share, "net_share") * abs(compute_net_exposure(exposures))
    return (net + require_share(hedged_share, "hedged_share") * compute_hedged_exposure(exposures)) * spot


def require_exposure_within(exposures: tuple[Exposure, ...], limit: Fraction, field: str = "delta") -> None:
    """``|sum lots * sensitivity| <= limit``, for delta, gamma or vega as ``field`` says."""
    net = compute_net_exposure(exposures)
    if abs(net) > require_at_least_zero(limit, "limit"):
        raise RejectedError(Reason.OUT_OF_BOUNDS, field, found=net, expected=f"at most {limit} either way")
