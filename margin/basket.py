"""Baskets: locked assets of several kinds that back one position.

Each holding is valued ``amount * (price - confidence) * (1 - haircut)``, slice by slice where an
asset's haircut rises with the value held, and rounded down to the money unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from margin.bounds import (
    MAX_AMOUNT,
    MAX_HAIRCUT_TIERS,
    MAX_HOLDINGS,
    require_integer,
    require_money,
    require_money_at_least_zero,
    require_price,
    require_rate,
)
from margin.errors import MalformedError, MarginError, Reason


@dataclass(frozen=True, slots=True)
class HaircutTier:
    """Of the value above ``floor`` money units, so much is not counted."""

    floor: Fraction
    haircut_rate: Fraction

    def __post_init__(self) -> None:
        """Hold the bounds of a row."""
        require_money_at_least_zero(self.floor, "floor")
        require_rate(self.haircut_rate, "haircut")


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset as attested: price and confidence in ticks, value of a unit, haircut tiers.

    ``unit_value`` is the money units of one smallest unit of the asset at a price of one tick; it is
    a fraction because a wei is worth far less than a money unit.
    """

    price: int
    confidence: int
    unit_value: Fraction
    haircuts: tuple[HaircutTier, ...]

    def __post_init__(self) -> None:
        """Check price, confidence and that the haircut tiers start at zero and rise."""
        require_price(self.price, "price")
        require_confidence(self.confidence, self.price)
        if self.unit_value <= 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "unit_value", found=self.unit_value, expected="above 0")
        if not 1 <= len(self.haircuts) <= MAX_HAIRCUT_TIERS:
            raise MalformedError(
                Reason.WRONG_COUNT, "haircuts", found=len(self.haircuts), expected=f"1 to {MAX_HAIRCUT_TIERS} tiers"
            )
        if self.haircuts[0].floor != 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "haircuts[0].floor", found=self.haircuts[0].floor, expected="0")
        for index in range(1, len(self.haircuts)):
            below, above = self.haircuts[index - 1], self.haircuts[index]
            if above.floor <= below.floor or above.haircut_rate < below.haircut_rate:
                raise MalformedError(
                    Reason.TIERS_UNSORTED,
                    f"haircuts[{index}]",
                    found=above.floor,
                    expected="rising floors and haircuts",
                )

    def value(self, amount: int) -> int:
        """Money units that ``amount`` smallest units count for, rounded down."""
        gross = amount * (self.price - self.confidence) * self.unit_value
        ceilings = [tier.floor for tier in self.haircuts[1:]] + [max(gross, self.haircuts[-1].floor)]
        counted = Fraction(0)
        for tier, ceiling in zip(self.haircuts, ceilings, strict=True):
            held = min(gross, ceiling) - tier.floor
            if held > 0:
                counted += held * (1 - tier.haircut_rate)
        return floor(require_money(counted, "value"))


@dataclass(frozen=True, slots=True)
class Holding:
    """So many smallest units of a named asset."""

    asset: str
    amount: int

    def __post_init__(self) -> None:
        """Hold the bound of an amount."""
        require_integer(self.amount, "amount", 0, MAX_AMOUNT, "smallest units")


def basket_value(holdings: tuple[Holding, ...], assets: Mapping[str, Asset]) -> int:
    """What a basket counts for: the sum of its holdings, each rounded down by itself."""
    if len(holdings) > MAX_HOLDINGS:
        raise MalformedError(
            Reason.WRONG_COUNT, "basket", found=len(holdings), expected=f"at most {MAX_HOLDINGS} holdings"
        )
    total = 0
    for index, holding in enumerate(holdings):
        if holding.asset not in assets:
            raise MalformedError(
                Reason.MISSING_PRICE, f"basket[{index}].asset", found=holding.asset, expected="an asset with a price"
            )
        try:
            total += assets[holding.asset].value(holding.amount)
        except MarginError as error:
            raise error.under(f"basket[{index}]") from None
    return total


def require_confidence(confidence: object, price: int, field: str = "confidence") -> int:
    """A confidence interval is at least 0 and smaller than the price itself."""
    return require_integer(confidence, field, 0, price - 1, "ticks, less than the price,")
