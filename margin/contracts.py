"""Contracts: what a lot is worth at a price, and what it has earned since it was opened.

Both kinds of contract are affine in one variable, the *notional* N of the position at a price:

    linear    N = size * price * multiplier     pnl = side * (N - entry)
    inverse   N = size * multiplier / price     pnl = side * (entry - N)

so everything above this module (requirements, liquidation prices, partial closes) is written once,
over N, for long and short, linear and inverse.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from margin.bounds import require_money, require_multiplier, require_size
from margin.errors import MalformedError, Reason


class Side(Enum):
    """The direction of a position."""

    LONG = 1
    SHORT = -1

    @property
    def sign(self) -> int:
        """+1 for a long, -1 for a short."""
        return self.value

    @property
    def opposite(self) -> "Side":
        """The side that closes a position of this side."""
        return Side(-self.value)


class ContractKind(Enum):
    """How a contract is settled."""

    LINEAR = "linear"
    """In the quote currency: value rises in proportion to the price."""

    INVERSE = "inverse"
    """In the coin: a lot is a fixed amount of quote currency, worth fewer coins as the price rises."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The kind of a contract and its ``multiplier``.

    Linear: money units for one lot for one tick. Inverse: money units of one lot at a price of one
    tick (its value at price p is multiplier / p).
    """

    kind: ContractKind
    multiplier: int

    def __post_init__(self) -> None:
        """Hold the bound of the design."""
        require_multiplier(self.multiplier)

    def lot_value(self, price: Fraction) -> Fraction:
        """Money units of one lot at ``price`` ticks."""
        if price <= 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "price", found=price, expected="a price above 0")
        return self.multiplier * price if self.kind is ContractKind.LINEAR else self.multiplier / price

    def notional(self, size: int, price: Fraction) -> Fraction:
        """Money units of ``size`` lots at ``price`` ticks."""
        return require_money(require_size(size) * self.lot_value(price), "notional")

    def price_of_lot_value(self, value: Fraction) -> Fraction:
        """The price in ticks at which one lot is worth ``value`` > 0 money units."""
        return value / self.multiplier if self.kind is ContractKind.LINEAR else self.multiplier / value

    def notional_slope(self, side: Side) -> int:
        """d(pnl) / d(notional): +1 where the trader gains as the notional grows, else -1."""
        return side.sign if self.kind is ContractKind.LINEAR else -side.sign

    def pnl(self, side: Side, entry_notional: Fraction, notional: Fraction) -> Fraction:
        """Profit of a position bought or sold for ``entry_notional`` and worth ``notional`` now."""
        return self.notional_slope(side) * (notional - entry_notional)
