"""Order margin: what resting orders reserve, so that filling them never breaks the initial requirement.

Orders of one side may all fill while none of the other does. So each side is taken by itself: first
its orders close what the position holds the other way (they lower the risk and reserve nothing), the
lots left over open or enlarge a position of that side, the side's *exposure*. The worse side counts:

    order margin = max over sides of (initial requirement of the exposure + open loss) - what the position needs

Venues differ in the price at which a lot of an order counts, in whether the margin of a position pays
for orders that would turn it around, and in whether an order that fills at a loss reserves that loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from margin.amounts import render_exact
from margin.bounds import require_size
from margin.contracts import Side
from margin.errors import MalformedError, Reason, RejectedError
from margin.policy import MarketPolicy
from margin.position import MarketState, Position
from margin.requirement import RequirementKind, compute_requirement, require_leverage
from margin.transition import equity_of


@dataclass(frozen=True, slots=True)
class Order:
    """A resting order: so many lots to buy (long) or sell (short) at ``price`` ticks or better."""

    side: Side
    lots: int
    price: Fraction

    def __post_init__(self) -> None:
        """Hold the bounds of a size and a price."""
        require_size(self.lots, "lots")
        if self.price <= 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "price", found=self.price, expected="a price above 0")


class OrderPricing(Enum):
    """What a lot of an order counts for."""

    MARK = "mark"
    """Its value at the mark (Vega, cross margin)."""

    LIMIT = "limit"
    """Its value at the order's own price (Binance; Vega, isolated margin)."""


class TurnRule(Enum):
    """Whether the margin of a position pays for orders that turn it around."""

    NETTED = "netted"
    """It does: a position that is turned around is gone (Binance; Vega, cross margin)."""

    SEPARATE = "separate"
    """It doesn't: it stays with the position until the position is closed (Vega, isolated margin)."""


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """How a venue margins orders; ``open_loss`` says whether a fill worse than the mark is reserved."""

    pricing: OrderPricing
    turning: TurnRule
    open_loss: bool


@dataclass(frozen=True, slots=True)
class RestingOrders:
    """The orders of one trader in one market; ``leverage`` is his setting where no position carries it."""

    orders: tuple[Order, ...]
    terms: OrderTerms
    leverage: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a side holds when all its orders have filled: the position it keeps, the lots it adds."""

    side: Side
    kept: Position | None
    added: tuple[Order, ...]

    @property
    def size(self) -> int:
        """All its lots."""
        return (self.kept.size if self.kept else 0) + sum(order.lots for order in self.added)


@dataclass(frozen=True, slots=True)
class OrderMargin:
    """What the orders of a side reserve on top of what the position needs alone."""

    side: Side
    position_requirement: Fraction
    exposure_requirement: Fraction
    open_loss: Fraction
    margin: Fraction

    @property
    def total(self) -> Fraction:
        """The equity that position and orders need together."""
        return self.position_requirement + self.margin


def compute_order_margin(
    policy: MarketPolicy, position: Position | None, market: MarketState, resting: RestingOrders
) -> OrderMargin:
    """The order margin of the worse side."""
    return max((margin_side(policy, position, market, resting, side) for side in Side), key=lambda worse: worse.margin)


def require_order_margin(
    policy: MarketPolicy, position: Position | None, market: MarketState, resting: RestingOrders, equity: Fraction
) -> OrderMargin:
    """``equity`` covers position and orders, and no side could fill beyond the cap or its leverage limit."""
    for side in Side:
        exposure = expose(position, resting.orders, side)
        if exposure.added:
            require_leverage(policy, *value_exposure(policy, position, market, resting, exposure))
    needed = compute_order_margin(policy, position, market, resting)
    if equity < needed.total:
        raise RejectedError(
            Reason.INSUFFICIENT_MARGIN,
            "equity",
            found=render_exact(equity),
            expected=f"{render_exact(needed.total - equity)} more, for position and orders",
        )
    return needed


def margin_side(
    policy: MarketPolicy, position: Position | None, market: MarketState, resting: RestingOrders, side: Side
) -> OrderMargin:
    """What the orders of ``side`` reserve, as if those of the other side did not exist."""
    kind = RequirementKind.INITIAL
    alone = compute_requirement(policy, position, market, kind).total if position else Fraction(0)
    exposure = expose(position, resting.orders, side)
    if not exposure.added:
        return OrderMargin(side, alone, Fraction(0), Fraction(0), Fraction(0))
    needed = compute_requirement(policy, *value_exposure(policy, position, market, resting, exposure), kind).total
    loss = open_loss(policy, market, exposure) if resting.terms.open_loss else Fraction(0)
    paid = alone if exposure.kept or resting.terms.turning is TurnRule.NETTED else Fraction(0)
    return OrderMargin(side, alone, needed, loss, max(Fraction(0), needed + loss - paid))


def expose(position: Position | None, orders: Sequence[Order], side: Side) -> Exposure:
    """The exposure of ``side``: its orders in the order in which they fill, less those that offset.

    Buys fill from the highest price, sells from the lowest. Against a position of the other side the
    first lots, as many as it has, only close it.
    """
    own = sorted((order for order in orders if order.side is side), key=lambda order: -side.sign * order.price)
    if position is None or position.side is side:
        return Exposure(side, position, tuple(own))
    offset, added = position.size, []
    for order in own:
        closing = min(offset, order.lots)
        offset -= closing
        if order.lots > closing:
            added.append(replace(order, lots=order.lots - closing))
    return Exposure(side, None, tuple(added))


def value_exposure(
    policy: MarketPolicy, position: Position | None, market: MarketState, resting: RestingOrders, exposure: Exposure
) -> tuple[Position, MarketState]:
    """The exposure as a position, and the market at whose mark it is worth what the terms say.

    It has the equity of the position that stands behind it: a fill at the mark neither adds nor takes.
    """
    contract = policy.contract
    marked = contract.lot_value(market.price_for(exposure.side, policy.price_rule))
    added = sum(
        order.lots * (marked if resting.terms.pricing is OrderPricing.MARK else contract.lot_value(order.price))
        for order in exposure.added
    )
    kept = exposure.kept
    notional = added + (kept.size * marked if kept else 0)
    entry = added + (kept.entry_notional if kept else 0)
    equity = equity_of(policy, position, market) if position else Fraction(0)
    filled = Position(
        side=exposure.side,
        size=exposure.size,
        entry_notional=Fraction(entry),
        cash=equity - contract.pnl(exposure.side, Fraction(entry), Fraction(notional)),
        funding_index=market.funding_index,
        leverage=position.leverage if position else resting.leverage,
    )
    mark = contract.price_of_lot_value(Fraction(notional) / exposure.size)
    return filled, replace(market, mark=mark, confidence=Fraction(0))


def open_loss(policy: MarketPolicy, market: MarketState, exposure: Exposure) -> Fraction:
    """What the added lots lose at once where they fill at a price worse than the mark; never a gain."""
    contract = policy.contract
    marked = contract.lot_value(market.price_for(exposure.side, policy.price_rule))
    losses = (
        -contract.pnl(exposure.side, order.lots * contract.lot_value(order.price), order.lots * marked)
        for order in exposure.added
    )
    return sum((max(Fraction(0), loss) for loss in losses), Fraction(0))
