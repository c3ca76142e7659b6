"""A whole Derive account under the standard rule: cash, coins, perpetuals and options over many expiries.

    excess = cash + sum over markets of
               coins * spot * coin_share (* coin_initial_scale)
             + unsettled perpetual profit and funding
             - perpetual rate * |perpetual| * perpetual mark
             - the requirement of each expiry
             - contingencies, initial only

An account meets a requirement while its excess is at least zero. What it holds against both is its
equity: the cash, the coins at the share that counts for maintenance, and what is unsettled; so that

    requirement = equity - excess

Contingencies, each on the initial requirement alone:

    depeg     stable price below its threshold: (threshold - price) * factor * spot * (|perpetual| + options sold)
    oracle    a confidence below its threshold: (1 - confidence) * factor * spot * size exposed to it
"""

from dataclasses import dataclass
from fractions import Fraction

from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.options.derive import DeriveRule
from margin.options.leg import ZERO, OptionLeg, OptionMarket, StructureMargin, Term
from margin.options.rule import compute_structure_margin
from margin.quantities import (
    require_at_least_zero,
    require_at_most,
    require_choice,
    require_positive,
    require_share,
    require_signed,
    require_tuple,
)
from margin.requirement import RequirementKind

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class DepegRule:
    """What a fall of the stablecoin below ``threshold`` costs, for each unit it has fallen."""

    threshold: Fraction
    factor: Fraction

    def __post_init__(self) -> None:
        """Hold the threshold to 1."""
        require_share(self.threshold, "threshold")
        require_at_least_zero(self.factor, "factor")

    def charge(self, stable_price: Fraction) -> Fraction:
        """The share of spot that every exposed coin adds."""
        return max(ZERO, self.threshold - stable_price) * self.factor


@dataclass(frozen=True, slots=True)
class OracleRule:
    """What a feed's confidence below its threshold costs."""

    perpetual_threshold: Fraction
    option_threshold: Fraction
    coin_threshold: Fraction
    factor: Fraction

    def __post_init__(self) -> None:
        """Hold everything to 100 %."""
        require_share(self.perpetual_threshold, "perpetual_threshold")
        require_share(self.option_threshold, "option_threshold")
        require_share(self.coin_threshold, "coin_threshold")
        require_share(self.factor, "factor")

    def charge(self, confidence: Fraction, threshold: Fraction) -> Fraction:
        """The share of spot that every exposed coin adds: nothing at or above the threshold."""
        return (ONE - confidence) * self.factor if confidence < threshold else ZERO


@dataclass(frozen=True, slots=True)
class DeriveMarketRule:
    """The parameters of one market."""

    options: DeriveRule
    perpetual_initial_rate: Fraction
    perpetual_maintenance_rate: Fraction
    coin_share: Fraction
    coin_initial_scale: Fraction
    oracle: OracleRule

    def __post_init__(self) -> None:
        """Hold the rates to 100 % and the maintenance rate to the initial one."""
        require_share(self.perpetual_initial_rate, "perpetual_initial_rate")
        require_share(self.coin_share, "coin_share")
        require_share(self.coin_initial_scale, "coin_initial_scale")
        require_at_most(
            require_share(self.perpetual_maintenance_rate, "perpetual_maintenance_rate"),
            "perpetual_maintenance_rate",
            self.perpetual_initial_rate,
            "perpetual_initial_rate",
        )


@dataclass(frozen=True, slots=True)
class Perpetual:
    """A perpetual position; ``funding`` is what it is still to receive (negative: to pay)."""

    side: Side
    quantity: Fraction
    entry_price: Fraction
    mark: Fraction
    funding: Fraction
    confidence: Fraction = ONE

    def __post_init__(self) -> None:
        """Refuse what is not an exact, positive position."""
        require_choice(self.side, Side, "side")
        require_positive(self.quantity, "quantity")
        require_positive(self.entry_price, "entry_price")
        require_positive(self.mark, "mark")
        require_signed(self.funding, "funding")
        require_share(self.confidence, "confidence")

    @property
    def unsettled(self) -> Fraction:
        """Profit and funding that have not reached the cash balance yet."""
        return self.side.sign * self.quantity * (self.mark - self.entry_price) + self.funding


@dataclass(frozen=True, slots=True)
class Expiry:
    """The options of one expiry, its forward, and the least confidence of its forward and volatility feeds."""

    legs: tuple[OptionLeg, ...]
    forward: Fraction
    confidence: Fraction = ONE

    def __post_init__(self) -> None:
        """Refuse an expiry without options."""
        if not require_tuple(self.legs, OptionLeg, "legs"):
            raise MalformedError(Reason.WRONG_COUNT, "legs", found=0, expected="at least one leg")
        require_positive(self.forward, "forward")
        require_share(self.confidence, "confidence")

    @property
    def sold(self) -> Fraction:
        """How many coins' worth of options are sold, calls and puts alike."""
        return sum((leg.quantity for leg in self.legs if leg.side is Side.SHORT), ZERO)

    @property
    def market_value(self) -> Fraction:
        """The options at their marks."""
        return sum((leg.signed_quantity * leg.mark for leg in self.legs), ZERO)


@dataclass(frozen=True, slots=True)
class MarketHolding:
    """Everything an account holds of one market, with the prices of the moment."""

    rule: DeriveMarketRule
    spot: Fraction
    spot_confidence: Fraction = ONE
    coins: Fraction = ZERO
    perpetual: Perpetual | None = None
    expiries: tuple[Expiry, ...] = ()

    def __post_init__(self) -> None:
        """Refuse prices and holdings below zero."""
        require_positive(self.spot, "spot")
        require_share(self.spot_confidence, "spot_confidence")
        require_at_least_zero(self.coins, "coins")
        require_tuple(self.expiries, Expiry, "expiries")

    @property
    def perpetual_size(self) -> Fraction:
        """The size of the perpetual whatever its side."""
        return self.perpetual.quantity if self.perpetual else ZERO

    @property
    def options_sold(self) -> Fraction:
        """Coins' worth of options sold over all expiries."""
        return sum((expiry.sold for expiry in self.expiries), ZERO)


@dataclass(frozen=True, slots=True)
class AccountMargin:
    """By how much an account exceeds (or, negative, misses) each requirement, and what it is worth."""

    equity: Fraction
    initial_excess: Fraction
    maintenance_excess: Fraction
    market_value: Fraction
    initial_terms: tuple[Term, ...]
    maintenance_terms: tuple[Term, ...]

    def excess(self, kind: RequirementKind) -> Fraction:
        """The equity less the requirement."""
        return self.initial_excess if kind is RequirementKind.INITIAL else self.maintenance_excess

    def requirement(self, kind: RequirementKind) -> Fraction:
        """What the equity must cover."""
        return self.equity - self.excess(kind)

    def covers(self, kind: RequirementKind) -> bool:
        """Whether the equity covers the requirement."""
        return self.excess(kind) >= 0


def compute_account_margin(
    cash: Fraction, holdings: tuple[MarketHolding, ...], depeg: DepegRule, stable_price: Fraction = ONE
) -> AccountMargin:
    """Both excesses of an account, with the terms that they are the sums of."""
    require_signed(cash, "cash")
    require_positive(stable_price, "stable_price")
    require_tuple(holdings, MarketHolding, "holdings")
    cash_term = Term("cash", "as held", cash)
    initial = [cash_term]
    maintenance = [cash_term]
    for holding in holdings:
        initial += explain_holding(holding, RequirementKind.INITIAL, depeg.charge(stable_price))
        maintenance += explain_holding(holding, RequirementKind.MAINTENANCE, ZERO)
    return AccountMargin(
        cash + sum((count_holding(holding) for holding in holdings), ZERO),
        sum_terms(initial),
        sum_terms(maintenance),
        cash + sum((value_holding(holding, stable_price) for holding in holdings), ZERO),
        tuple(initial),
        tuple(maintenance),
    )


def sum_terms(terms: list[Term]) -> Fraction:
    """What the terms of an account come to."""
    return sum((term.amount for term in terms), ZERO)


def count_holding(holding: MarketHolding) -> Fraction:
    """What a holding adds to the equity: its coins at the share that counts, and what is unsettled."""
    unsettled = holding.perpetual.unsettled if holding.perpetual else ZERO
    return unsettled + holding.coins * holding.spot * holding.rule.coin_share


def value_holding(holding: MarketHolding, stable_price: Fraction) -> Fraction:
    """What a holding is worth now, in the stablecoin: no requirement, no haircut."""
    options = sum((expiry.market_value for expiry in holding.expiries), ZERO)
    unsettled = holding.perpetual.unsettled if holding.perpetual else ZERO
    return options + unsettled + holding.coins * holding.spot / stable_price


def explain_holding(holding: MarketHolding, kind: RequirementKind, depeg_share: Fraction) -> list[Term]:
    """The signed terms that one market adds to the excess; those that come to nothing are left out."""
    exposed = holding.perpetual_size + holding.options_sold
    terms = [
        *explain_coins(holding, kind),
        *explain_perpetual(holding, kind),
        *(term for expiry in holding.expiries for term in explain_expiry(holding, expiry, kind)),
        Term("depeg", "-(threshold - stable price) * factor * spot * exposed", -depeg_share * holding.spot * exposed),
    ]
    return [term for term in terms if term.amount]


def explain_coins(holding: MarketHolding, kind: RequirementKind) -> list[Term]:
    """Coins count for a share of their value, less for an initial requirement."""
    rule, notional = holding.rule, holding.coins * holding.spot
    counted = notional * rule.coin_share
    if kind is RequirementKind.MAINTENANCE:
        return [Term("coins", "coins * spot * share", counted)]
    counted *= rule.coin_initial_scale
    share = rule.oracle.charge(holding.spot_confidence, rule.oracle.coin_threshold) if counted else ZERO
    return [
        Term("coins", "coins * spot * share * initial scale", counted),
        Term("coin oracle", "-(1 - confidence) * factor * spot * coins", -share * notional),
    ]


def explain_perpetual(holding: MarketHolding, kind: RequirementKind) -> list[Term]:
    """What a perpetual has earned, what it needs, and what a doubtful price adds."""
    perpetual, rule = holding.perpetual, holding.rule
    if perpetual is None:
        return []
    initial = kind is RequirementKind.INITIAL
    rate = rule.perpetual_initial_rate if initial else rule.perpetual_maintenance_rate
    confidence = min(perpetual.confidence, holding.spot_confidence)
    share = rule.oracle.charge(confidence, rule.oracle.perpetual_threshold) if initial else ZERO
    return [
        Term("perpetual profit and funding", "size * (mark - entry) + funding", perpetual.unsettled),
        Term("perpetual requirement", "-rate * |size| * mark", -rate * perpetual.quantity * perpetual.mark),
        Term(
            "perpetual oracle", "-(1 - confidence) * factor * spot * |size|", -share * holding.spot * perpetual.quantity
        ),
    ]


def explain_expiry(holding: MarketHolding, expiry: Expiry, kind: RequirementKind) -> list[Term]:
    """What the options of one expiry need, and what doubtful prices add for those that are sold."""
    oracle = holding.rule.oracle
    needed = compute_expiry_margin(holding, expiry)
    if kind is RequirementKind.MAINTENANCE:
        return [Term("options", "-min(isolated, bounded)", -needed.maintenance)]
    share = oracle.charge(min(expiry.confidence, holding.spot_confidence), oracle.option_threshold)
    return [
        Term("options", "-min(isolated, bounded)", -needed.initial),
        Term("option oracle", "-(1 - confidence) * factor * spot * sold", -share * holding.spot * expiry.sold),
    ]


def compute_expiry_margin(holding: MarketHolding, expiry: Expiry) -> StructureMargin:
    """The requirement of one expiry by the standard rule."""
    market = OptionMarket(spot=holding.spot, forward=expiry.forward)
    return compute_structure_margin(holding.rule.options, expiry.legs, market)
