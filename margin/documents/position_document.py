"""A position as a trader writes it: which policy, what is held, at what prices.

    {"policy": "bybit-linear", "market": "BTCUSDT",
     "position": {"side": "long", "size": "1", "entry_price": "20000", "leverage": "50"},
     "prices": {"mark": "20000"}}

``market`` may instead be an object with terms of its own; with a ``policy`` beside it they are added
to that venue's terms. See ``position.schema.json`` for every field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from margin.amounts import parse_decimal, parse_rate, render_exact
from margin.basket import Asset, HaircutTier, Holding
from margin.bounds import FUNDING_SCALE, MAX_HAIRCUT_TIERS, MAX_HOLDINGS, PPM
from margin.contracts import Side
from margin.documents.policy_document import Market, PolicyDocument, read_market, read_policy, require_format
from margin.documents.reading import Fields, located
from margin.documents.units import Precision, Units
from margin.errors import MalformedError, Reason
from margin.funding import funding_owed, index_step
from margin.orders import Order
from margin.position import MarketState, Position
from margin.tiers import raise_rates
from margin.volatility import MAX_PRICES

POSITION_FORMAT = "ringfence.position/1"
MAX_ORDERS = 200
MAX_PAYMENTS = 1000
MAX_EXPONENT = 18
MAX_DECIMALS = 36

PolicyFinder = Callable[[str], PolicyDocument]


@dataclass(frozen=True, slots=True)
class Execution:
    """A close of the whole position that the owner asks about."""

    price: Fraction
    insurance_fund: Fraction


@dataclass(frozen=True, slots=True)
class PositionDocument:
    """A position with all that is needed to judge it."""

    label: str
    policy: PolicyDocument | None
    market: Market
    position: Position
    state: MarketState
    settled_funding: Fraction
    """Funding that was owed when the document was written and has been taken out of the cash."""
    orders: tuple[Order, ...]
    execution: Execution | None
    volatility_rate: Fraction | None
    """The least rate of every tier, where the policy follows volatility."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price as it was written, with its confidence interval."""

    price: Fraction
    confidence: Fraction


@dataclass(frozen=True, slots=True)
class Payment:
    """One funding payment that is still owed: the mark and the rate at its time."""

    mark: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding since the entry, in one of three ways: an amount, two indices, or payments by rate."""

    owed: Fraction | None
    index_at_entry: Fraction
    index_now: Fraction
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The position in the decimals of the document, before the market's units are known."""

    side: Side
    size: Fraction
    entry_price: Fraction | None
    entry_notional: Fraction | None
    leverage: Fraction | None
    cash: Fraction | None
    margin_with_pnl: Fraction | None
    """The isolated margin as some venues report it: with the unrealised profit at the mark inside."""
    extra_margin: Fraction
    funding: Funding
    basket: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class WrittenOrder:
    """A resting order in the decimals of the document."""

    side: Side
    size: Fraction
    price: Fraction


def read_position(content: object, find_policy: PolicyFinder) -> PositionDocument:
    """A position document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, POSITION_FORMAT)
        label = fields.text("label", "position")
        policy = read_policy_reference(fields, find_policy)
        market_content = fields.take_required("market", "the name of a market, or an object with its terms")
        written = read_written(fields.inner("position"))
        with fields.inner("prices") as prices:
            mark = read_quote(prices, "mark")
            asset_fields = prices.entries("assets")
            history = read_history(prices)
        resting = tuple(read_order(item) for item in fields.items("orders", MAX_ORDERS))
        market = find_market(market_content, policy, precision_of(written, mark, resting))
        market, volatility_rate = follow_volatility(market, history)
        with located("prices"):
            assets, decimals = read_assets(asset_fields, market.units)
        orders = tuple(build_order(index, order, market.units) for index, order in enumerate(resting))
        execution = read_execution(fields, market.units)
    state = build_state(mark, written, market, assets)
    position, settled = build_position(written, market, state, decimals)
    return PositionDocument(label, policy, market, position, state, settled, orders, execution, volatility_rate)


@dataclass(frozen=True, slots=True)
class History:
    """The attested series of a market, oldest first, and the rate that was in force the round before."""

    prices: tuple[Fraction, ...]
    rate_in_force: Fraction


def read_history(fields: Fields) -> History:
    """``history`` and ``rate_in_force``, beside the mark."""
    values = fields.take("history")
    if not isinstance(values, list | None):
        raise MalformedError(Reason.NOT_A_LIST, "history", found=values, expected="a list of prices")
    if values is not None and len(values) > MAX_PRICES:
        raise MalformedError(Reason.WRONG_COUNT, "history", found=len(values), expected=f"at most {MAX_PRICES} prices")
    prices = tuple(parse_decimal(value, f"history[{index}]") for index, value in enumerate(values or ()))
    return History(prices, fields.rate("rate_in_force", Fraction(0)))


def follow_volatility(market: Market, history: History) -> tuple[Market, Fraction | None]:
    """The market with the rates that its volatility asks for; a policy that follows it must be told the series."""
    terms = market.volatility
    if terms is None:
        if history.prices or history.rate_in_force:
            raise MalformedError(
                Reason.CONFLICTING_FIELDS,
                "prices.history",
                found="a series",
                expected="a market that follows volatility",
            )
        return market, None
    if not history.prices:
        raise MalformedError(
            Reason.MISSING_PRICE, "prices.history", found="nothing", expected="the series whose volatility counts"
        )
    with located("prices"):
        ticks = tuple(
            market.units.grid_ticks(price, f"history[{index}]").numerator for index, price in enumerate(history.prices)
        )
        least = terms.least_rate(ticks, ceil(history.rate_in_force * PPM))
    return replace(market, policy=replace(market.policy, table=raise_rates(market.policy.table, least))), least


def read_policy_reference(fields: Fields, find_policy: PolicyFinder) -> PolicyDocument | None:
    """The policy by name or file, or written out in place."""
    value = fields.take("policy")
    if value is None:
        return None
    if isinstance(value, str):
        return find_policy(value)
    with located("policy"):
        return read_policy(value)


def find_market(content: object, policy: PolicyDocument | None, precision: Precision) -> Market:
    """The market of a policy by name, or terms of the document's own.

    Terms of its own are added to those of the policy, or, with ``like``, to those of one of its markets.
    """
    if isinstance(content, str):
        return require_policy(policy).market(content, precision)
    given = Fields(content, "market").rest
    if "like" in given:
        with Fields({"like": given.pop("like")}, "market") as fields:
            name = fields.text("like")
        terms = require_policy(policy).market_content(name)
    else:
        terms = policy.terms if policy else {}
    return read_market("inline", Fields({**terms, **given}, "market"), precision)


def require_policy(policy: PolicyDocument | None) -> PolicyDocument:
    """The policy whose market is named."""
    if policy is None:
        raise MalformedError(
            Reason.MISSING_FIELD, "policy", found="nothing", expected="the policy that has this market"
        )
    return policy


def read_written(fields: Fields) -> Written:
    """The position's own fields."""
    with fields:
        fields.refuse_both("entry_price", "entry_notional")
        fields.refuse_both("cash", "margin_with_pnl")
        written = Written(
            side=fields.choice("side", Side),
            size=fields.decimal("size"),
            entry_price=fields.decimal_or_none("entry_price"),
            entry_notional=fields.decimal_or_none("entry_notional"),
            leverage=fields.decimal_or_none("leverage"),
            cash=fields.decimal_or_none("cash"),
            margin_with_pnl=fields.decimal_or_none("margin_with_pnl"),
            extra_margin=fields.decimal("extra_margin", Fraction(0)),
            funding=read_funding(fields),
            basket=tuple(read_holding(item) for item in fields.items("basket", MAX_HOLDINGS)),
        )
        if written.entry_price is None and written.entry_notional is None:
            raise MalformedError(
                Reason.MISSING_FIELD, "entry_price", found="nothing", expected="the average entry price"
            )
        if written.entry_price is not None and written.entry_price <= 0:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "entry_price", found=written.entry_price, expected="a price above 0"
            )
        if written.cash is None and written.margin_with_pnl is None and written.leverage is None:
            raise MalformedError(
                Reason.MISSING_FIELD,
                "cash",
                found="nothing",
                expected="the isolated margin, or a leverage to derive it",
            )
        if written.leverage is not None and written.leverage < 1:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "leverage", found=written.leverage, expected="at least 1")
        return written


def read_funding(fields: Fields) -> Funding:
    """``funding_owed`` as an amount, or ``funding`` as indices or payments."""
    fields.refuse_both("funding_owed", "funding")
    owed = fields.decimal_or_none("funding_owed")
    with fields.inner("funding") as funding:
        funding.refuse_both("payments", "index_now")
        return Funding(
            owed=owed,
            index_at_entry=funding.decimal("index_at_entry", Fraction(0)),
            index_now=funding.decimal("index_now", Fraction(0)),
            payments=tuple(read_payment(item) for item in funding.items("payments", MAX_PAYMENTS)),
        )


def read_payment(fields: Fields) -> Payment:
    """One funding payment: longs pay where the rate is positive."""
    with fields:
        text = fields.text("rate")
        rate = parse_rate(text.removeprefix("-"), "rate")
        return Payment(fields.decimal("mark"), -rate if text.startswith("-") else rate)


def read_holding(fields: Fields) -> tuple[str, Fraction]:
    """One holding of the basket, in whole units of the asset."""
    with fields:
        return fields.text("asset"), fields.decimal("amount")


def read_quote(fields: Fields, name: str) -> Quote | None:
    """A price: a decimal with ``confidence`` beside it, or Pyth's price, confidence and exponent."""
    value = fields.take(name)
    if isinstance(value, dict):
        with Fields(value, name) as quote:
            scale = Fraction(10) ** quote.integer("exponent", -MAX_EXPONENT, MAX_EXPONENT)
            return Quote(quote.decimal("price") * scale, quote.decimal("confidence", Fraction(0)) * scale)
    confidence = fields.decimal("confidence", Fraction(0))
    return None if value is None else Quote(parse_decimal(value, name), confidence)


def read_assets(entries: Mapping[str, Fields], units: Units) -> tuple[dict[str, Asset], dict[str, int]]:
    """The assets of the basket with their prices and haircuts, and how many decimals each has."""
    assets, decimals = {}, {}
    for name, fields in entries.items():
        with fields:
            quote = read_quote(fields, "price")
            if quote is None:
                raise MalformedError(Reason.MISSING_PRICE, "price", found="nothing", expected="the asset's price")
            decimals[name] = fields.integer("decimals", 0, MAX_DECIMALS, 18)
            tick = Precision.of([quote.price, quote.confidence], [], []).tick
            assets[name] = Asset(
                price=(quote.price / tick).numerator,
                confidence=(quote.confidence / tick).numerator,
                unit_value=tick / 10 ** decimals[name] / units.money_unit,
                haircuts=read_haircuts(fields, units),
            )
    return assets, decimals


def read_haircuts(fields: Fields, units: Units) -> tuple[HaircutTier, ...]:
    """One ``haircut`` for any amount, or ``haircuts`` that rise with the value held."""
    fields.refuse_both("haircut", "haircuts")
    flat = fields.rate("haircut", Fraction(0))
    tiers = tuple(read_haircut(item, units) for item in fields.items("haircuts", MAX_HAIRCUT_TIERS))
    return tiers or (HaircutTier(Fraction(0), flat),)


def read_haircut(fields: Fields, units: Units) -> HaircutTier:
    """One haircut tier."""
    with fields:
        return HaircutTier(fields.decimal("floor", Fraction(0)) / units.money_unit, fields.rate("haircut"))


def read_order(fields: Fields) -> WrittenOrder:
    """A resting order."""
    with fields:
        return WrittenOrder(fields.choice("side", Side), fields.decimal("size"), fields.decimal("price"))


def build_order(index: int, order: WrittenOrder, units: Units) -> Order:
    """A resting order in lots and ticks."""
    with located(f"orders[{index}]"):
        return Order(order.side, units.lots(order.size, "size"), units.grid_ticks(order.price, "price"))


def precision_of(written: Written, mark: Quote | None, orders: tuple[WrittenOrder, ...]) -> Precision:
    """Units fine enough for every number that has to be a whole number of them."""
    prices = [order.price for order in orders] + ([mark.price, mark.confidence] if mark else [])
    amounts = (written.cash, written.margin_with_pnl, written.extra_margin, written.funding.owed)
    return Precision.of(
        prices,
        [written.size, *(order.size for order in orders)],
        [amount for amount in amounts if amount is not None],
    )


def read_execution(fields: Fields, units: Units) -> Execution | None:
    """The price at which the owner asks what a full close would bring, and the fund behind it."""
    if not fields.has("execution"):
        fields.take("execution")
        return None
    with fields.inner("execution") as execution:
        price = units.ticks(execution.decimal("price"))
        fund = units.money(execution.decimal("insurance_fund", Fraction(0)), "insurance_fund")
        if price <= 0 or fund < 0:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "price", found=price, expected="a price above 0, a fund of at least 0"
            )
        return Execution(price, fund)


def build_position(
    written: Written, market: Market, state: MarketState, decimals: Mapping[str, int]
) -> tuple[Position, Fraction]:
    """The position in lots and money units, and the funding that was taken out of its cash."""
    units = market.units
    with located("position"):
        size = units.lots(written.size, "size")
        entry = entry_notional_of(written, size, units)
        owed = settle_written_funding(written, size, units)
        position = Position(
            side=written.side,
            size=size,
            entry_notional=entry,
            cash=cash_of(written, size, entry, market, state) - owed,
            funding_index=scale_index(written.funding.index_at_entry, units, "funding.index_at_entry"),
            leverage=written.leverage,
            basket=tuple(
                build_holding(index, name, amount, decimals) for index, (name, amount) in enumerate(written.basket)
            ),
        )
    return position, owed


def entry_notional_of(written: Written, size: int, units: Units) -> Fraction:
    """size * average price, exactly: an average need not lie on the grid of prices."""
    if written.entry_price is not None:
        return units.contract.notional(size, units.ticks(written.entry_price))
    return (written.entry_notional or Fraction(0)) / units.money_unit


def cash_of(written: Written, size: int, entry_notional: Fraction, market: Market, state: MarketState) -> Fraction:
    """The isolated margin as cash: as written, or entry notional / leverage, plus what was added later."""
    units = market.units
    extra = units.money(written.extra_margin, "extra_margin")
    if written.cash is not None:
        return units.money(written.cash, "cash") + extra
    if written.margin_with_pnl is not None:
        contract = market.policy.contract
        pnl = contract.pnl(written.side, entry_notional, contract.notional(size, state.mark))
        return units.money(written.margin_with_pnl, "margin_with_pnl") - pnl + extra
    return entry_notional / (written.leverage or Fraction(1)) + extra


def settle_written_funding(written: Written, size: int, units: Units) -> Fraction:
    """Funding given as an amount or as payments; indices are left for the rules to settle."""
    if written.funding.owed is not None:
        return units.money(written.funding.owed, "funding_owed")
    steps = [index_step(units.contract, units.ticks(each.mark), each.rate) for each in written.funding.payments]
    return Fraction(funding_owed(written.side, size, 0, sum(steps)))


def scale_index(index: Fraction, units: Units, field: str) -> int:
    """An index, written in settlement currency for one contract, in 1e-6 money units for one lot."""
    scaled = index * units.lot / units.money_unit * FUNDING_SCALE
    if scaled.denominator != 1:
        raise MalformedError(
            Reason.NOT_ON_GRID,
            field,
            found=render_exact(index),
            expected="a whole number of 1e-6 money units for one lot",
        )
    return scaled.numerator


def build_holding(index: int, name: str, amount: Fraction, decimals: Mapping[str, int]) -> Holding:
    """A holding in the smallest units of its asset."""
    with located(f"basket[{index}]"):
        if name not in decimals:
            raise MalformedError(Reason.MISSING_PRICE, "asset", found=name, expected="an asset named in prices.assets")
        smallest = amount * 10 ** decimals[name]
        if smallest.denominator != 1:
            raise MalformedError(
                Reason.NOT_ON_GRID, "amount", found=render_exact(amount), expected=f"at most {decimals[name]} decimals"
            )
        return Holding(name, smallest.numerator)


def build_state(mark: Quote | None, written: Written, market: Market, assets: Mapping[str, Asset]) -> MarketState:
    """The market at the moment; without a mark the position is judged at its own entry price."""
    units = market.units
    with located("prices"):
        if mark is not None:
            price, confidence = units.grid_ticks(mark.price, "mark"), units.grid_ticks(mark.confidence, "confidence")
        elif written.entry_price is not None:
            price, confidence = units.ticks(written.entry_price), Fraction(0)
        else:
            raise MalformedError(Reason.MISSING_PRICE, "mark", found="nothing", expected="the mark price")
        if price <= 0:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS, "mark", found=units.show_price(price), expected="a price above 0"
            )
        if not 0 <= confidence < price:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS,
                "confidence",
                found=units.show_price(confidence),
                expected="at least 0, below the mark",
            )
        index = scale_index(written.funding.index_now, units, "funding.index_now")
        return MarketState(price, confidence, index, assets)
