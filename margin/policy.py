"""The margin policy of a market: every choice in which venues differ, as a field.

A wrong choice gives a wrong liquidation price, so nothing here has a default that hides one: the
reader of policy files (``margin.documents``) asks for each, and two venues that differ in one bit
are two policies.
"""

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from margin.bounds import require_money_at_least_zero, require_rate
from margin.contracts import Contract
from margin.errors import MalformedError, Reason
from margin.tiers import TierTable


class Basis(Enum):
    """Which notional a requirement is taken of."""

    ENTRY = "entry"
    """What the position was opened for: fixed, as on Bybit, KuCoin, MEXC."""

    MARK = "mark"
    """What it is worth now: moves with the price, as on Binance, OKX, Hyperliquid, dYdX."""


class PriceRule(Enum):
    """How the confidence interval of a mark price is used."""

    MID = "mid"
    """Not at all: the mark price as attested."""

    ADVERSE = "adverse"
    """Against the trader: longs and collateral at price - confidence, shorts at price + confidence."""


class FeeBasis(Enum):
    """Which notional the closing fee is charged on when it is counted into the requirement."""

    MARK = "mark"
    ENTRY = "entry"
    BANKRUPTCY = "bankruptcy"
    """The notional at the bankruptcy price: the fee of the worst close that the collateral still pays."""


class FeeScope(Enum):
    """Which requirements contain the closing fee."""

    MAINTENANCE = "maintenance"
    INITIAL = "initial"
    BOTH = "both"


class LiquidationRule(Enum):
    """How much of a breached position is closed at once."""

    FULL = "full"
    LEAST = "least"
    """The least number of lots that restores the target (Drift, dYdX)."""

    FRACTION = "fraction"
    """A fixed share of positions above a threshold, everything below it (Hyperliquid)."""

    TIERS_DOWN = "tiers_down"
    """Down to the top of the tier so many below (OKX)."""


class LiquidationTarget(Enum):
    """What a partial liquidation must restore."""

    MAINTENANCE = "maintenance"
    INITIAL = "initial"


@dataclass(frozen=True, slots=True)
class LiquidationTerms:
    """How a venue liquidates: rule, target with buffer, and the penalty on what is closed."""

    rule: LiquidationRule = LiquidationRule.FULL
    penalty_rate: Fraction = Fraction(0)
    target: LiquidationTarget = LiquidationTarget.MAINTENANCE
    buffer_rate: Fraction = Fraction(0)
    fraction: Fraction = Fraction(1)
    fraction_threshold: Fraction = Fraction(0)
    tiers_down: int = 1

    def __post_init__(self) -> None:
        """Check the parameters, used or not."""
        require_rate(self.penalty_rate, "penalty")
        require_rate(self.buffer_rate, "buffer")
        require_rate(self.fraction, "fraction")
        require_money_at_least_zero(self.fraction_threshold, "threshold")
        if self.fraction == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "fraction", found=0, expected="a rate above 0")
        if self.tiers_down < 1:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "tiers_down", found=self.tiers_down, expected="at least 1")


@dataclass(frozen=True, slots=True)
class MarketPolicy:
    """All that a venue's rules say of one market.

    ``basis`` is that of the maintenance requirement, and so of the liquidation price.
    ``slippage_rate`` is an allowance for the cost of a forced exit on top of the tier rate (Vega's
    linear slippage); ``withdrawal_floor_rate`` is the share of the notional that must stay after a
    withdrawal even where the initial requirement is smaller (Hyperliquid: 10 %).
    """

    contract: Contract
    table: TierTable
    basis: Basis
    initial_basis: Basis
    price_rule: PriceRule = PriceRule.MID
    closing_fee_rate: Fraction = Fraction(0)
    closing_fee_basis: FeeBasis = FeeBasis.MARK
    closing_fee_scope: FeeScope = FeeScope.MAINTENANCE
    slippage_rate: Fraction = Fraction(0)
    withdrawal_floor_rate: Fraction = Fraction(0)
    liquidation: LiquidationTerms = field(default_factory=LiquidationTerms)

    def __post_init__(self) -> None:
        """Check the rates."""
        require_rate(self.closing_fee_rate, "closing_fee")
        require_rate(self.slippage_rate, "slippage")
        require_rate(self.withdrawal_floor_rate, "withdrawal_floor")
