"""One isolated position, the market it is in, and its equity.

    equity = cash + basket value + pnl - funding owed

of this position alone: nothing else of the account counts, and nothing of it counts elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from margin.basket import Asset, Holding, basket_value
from margin.bounds import (
    MAX_LEVERAGE,
    MAX_PRICE,
    require_funding_index,
    require_money,
    require_money_at_least_zero,
    require_size,
)
from margin.contracts import Contract, Side
from margin.errors import MalformedError, Reason
from margin.funding import funding_owed
from margin.policy import PriceRule


@dataclass(frozen=True, slots=True)
class Position:
    """An isolated perpetual or future.

    ``entry_notional`` is what the lots were opened for (size * average price), ``cash`` the money
    ring-fenced for it, ``leverage`` what the trader has set, if the venue knows such a setting.
    """

    side: Side
    size: int
    entry_notional: Fraction
    cash: Fraction
    funding_index: int = 0
    leverage: Fraction | None = None
    basket: tuple[Holding, ...] = ()

    def __post_init__(self) -> None:
        """Hold the bounds of the design."""
        require_size(self.size)
        require_money_at_least_zero(self.entry_notional, "entry_notional")
        if self.entry_notional == 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "entry_notional", found=0, expected="an amount above 0")
        require_money(self.cash, "cash")
        require_funding_index(self.funding_index)
        if self.leverage is not None and not 1 <= self.leverage <= MAX_LEVERAGE:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "leverage", found=self.leverage, expected=f"1 to {MAX_LEVERAGE}")


@dataclass(frozen=True, slots=True)
class MarketState:
    """What is attested of a market at one moment: mark, confidence, funding, asset prices.

    Prices are in ticks. An attested mark is a whole number of them; a mark that was solved for or
    shocked need not be, so the type is a fraction.
    """

    mark: Fraction
    confidence: Fraction = Fraction(0)
    funding_index: int = 0
    assets: Mapping[str, Asset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A mark is above zero; a price that its confidence interval takes to zero is refused when it is used."""
        if not 0 < self.mark <= MAX_PRICE:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "mark", found=self.mark, expected=f"above 0 and at most {MAX_PRICE} ticks"
            )
        if self.confidence < 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "confidence", found=self.confidence, expected="at least 0")
        require_funding_index(self.funding_index)

    def price_for(self, side: Side, rule: PriceRule) -> Fraction:
        """The mark a position of ``side`` is valued at."""
        if rule is PriceRule.MID:
            return self.mark
        price = self.mark - side.sign * self.confidence
        if price <= 0:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "confidence", found=self.confidence, expected="a confidence below the mark"
            )
        return price

    def at_mark(self, mark: Fraction) -> "MarketState":
        """The same moment with another mark and everything else unmoved."""
        return replace(self, mark=mark)


@dataclass(frozen=True, slots=True)
class Equity:
    """The equity of a position at a mark, with the parts it is the sum of."""

    cash: Fraction
    basket: Fraction
    pnl: Fraction
    funding_owed: Fraction

    @property
    def total(self) -> Fraction:
        """cash + basket + pnl - funding owed."""
        return self.cash + self.basket + self.pnl - self.funding_owed


def compute_notional(contract: Contract, position: Position, market: MarketState, rule: PriceRule) -> Fraction:
    """The mark notional of a position, at the price that the rule gives its side."""
    return contract.notional(position.size, market.price_for(position.side, rule))


def compute_equity(contract: Contract, position: Position, market: MarketState, rule: PriceRule) -> Equity:
    """The equity of ``position`` alone, with its parts."""
    notional = compute_notional(contract, position, market, rule)
    equity = Equity(
        cash=position.cash,
        basket=Fraction(basket_value(position.basket, market.assets)),
        pnl=contract.pnl(position.side, position.entry_notional, notional),
        funding_owed=Fraction(funding_owed(position.side, position.size, position.funding_index, market.funding_index)),
    )
    require_money(equity.total, "equity")
    return equity
