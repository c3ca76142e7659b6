"""A venue's policy as a file: its terms, its markets with their tier tables, its sources.

``[terms]`` holds what is true of every market of the venue; a market's own fields add to it and win.
The identity of a policy is the SHA-256 of its canonical bytes: JSON of the file's content with
sorted keys and no white space, so that it names the rules and not how a file was laid out.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from margin.bounds import MAX_TIERS, PPM
from margin.contracts import ContractKind
from margin.documents.account_terms import AccountTerms, read_account_terms
from margin.documents.option_terms import read_option_rule
from margin.documents.reading import Fields
from margin.documents.units import Precision, Units
from margin.errors import MalformedError, MisuseError, Reason
from margin.options import OptionRule
from margin.orders import OrderPricing, OrderTerms, TurnRule
from margin.policy import (
    Basis,
    FeeBasis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    LiquidationTerms,
    MarketPolicy,
    PriceRule,
)
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from margin.volatility import MAX_HORIZON, VolatilityTerms

POLICY_FORMAT = "ringfence.policy/1"
MAX_MARKETS = 1000


@dataclass(frozen=True, slots=True)
class Market:
    """One market: its units, the policy it is held to, and how it margins orders and follows volatility, if it does."""

    name: str
    units: Units
    policy: MarketPolicy
    orders: OrderTerms | None
    volatility: VolatilityTerms | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a policy was published, and when it was true."""

    title: str
    date: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A venue's policy, read and checked."""

    name: str
    version: int
    venue: str
    title: str
    effective: str
    sources: tuple[Source, ...]
    markets: Mapping[str, Market]
    options: Mapping[str, OptionRule]
    account: AccountTerms | None
    """How the venue margins a whole account, where it does."""
    terms: Mapping[str, object] = field(repr=False)
    contents: Mapping[str, Mapping[str, object]] = field(repr=False)
    """Each market's fields as written, the venue's terms among them."""
    digest: str

    def market(self, name: str, precision: Precision | None = None) -> Market:
        """A market by name; units that the policy leaves out fit the ``precision`` of the numbers at hand."""
        content = self.market_content(name)
        return (
            self.markets[name]
            if precision is None
            else read_market(name, Fields(content, f"markets.{name}"), precision)
        )

    def market_content(self, name: str) -> Mapping[str, object]:
        """A market's fields as written, for a market that differs from it in a few."""
        if name not in self.markets:
            raise MisuseError(
                Reason.UNKNOWN_MARKET,
                "market",
                found=name,
                expected=f"one of {', '.join(sorted(self.markets)) or 'none'}",
            )
        return self.contents[name]

    def option_rule(self, name: str) -> OptionRule:
        """The rule for options on an underlying."""
        if name not in self.options:
            raise MisuseError(
                Reason.UNKNOWN_MARKET,
                "market",
                found=name,
                expected=f"one of {', '.join(sorted(self.options)) or 'none'}",
            )
        return self.options[name]


def canonical_bytes(content: object) -> bytes:
    """The bytes that a policy's identity is the SHA-256 of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_policy(content: object) -> PolicyDocument:
    """A policy file's content, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, POLICY_FORMAT)
        header = fields.text("name"), fields.integer("version", 1, 2**31), fields.text("venue"), fields.text("title")
        effective = fields.text("effective")
        sources = tuple(read_source(item) for item in fields.items("sources"))
        terms = take_object(fields, "terms")
        contents = {name: {**terms, **entry.rest} for name, entry in fields.entries("markets").items()}
        markets = {name: read_market(name, Fields(content, f"markets.{name}")) for name, content in contents.items()}
        options = {name: read_option_rule(entry) for name, entry in fields.entries("options").items()}
        fixed = {name: each.policy for name, each in markets.items() if each.volatility is None}
        account = read_account_terms(fields, fixed, options)
    if not markets and not options:
        raise MalformedError(Reason.MISSING_FIELD, "markets", found="nothing", expected="a market or an option rule")
    digest = hashlib.sha256(canonical_bytes(content)).hexdigest()
    return PolicyDocument(*header, effective, sources, markets, options, account, terms, contents, digest)


def require_format(fields: Fields, expected: str) -> None:
    """The document says which format and version of it it is in."""
    fields.meant = expected
    found = fields.text("format", expected)
    if found != expected:
        raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{expected}"')


def take_object(fields: Fields, name: str) -> dict[str, object]:
    """An object to be merged with others before it is read."""
    return fields.inner(name).rest


def read_source(fields: Fields) -> Source:
    """One source of a policy."""
    with fields:
        return Source(fields.text("title"), fields.text("date"), fields.text("note", ""))


def read_market(name: str, fields: Fields, precision: Precision | None = None) -> Market:
    """A market with all its terms; units that it leaves out fit the ``precision`` of the numbers at hand."""
    with fields:
        kind = fields.choice("kind", ContractKind)
        units = read_units(fields, kind, precision or Precision())
        policy = read_market_policy(fields, units)
        return Market(name, units, policy, read_order_terms(fields), read_volatility_terms(fields))


def read_volatility_terms(fields: Fields) -> VolatilityTerms | None:
    """How the requirement follows volatility."""
    if not fields.has("volatility"):
        fields.take("volatility")
        return None
    with fields.inner("volatility") as terms:
        return VolatilityTerms(
            multiple=terms.decimal("multiple"),
            horizon=terms.integer("horizon", 1, MAX_HORIZON, 1),
            loosening_ppm=ceil(terms.rate("loosening", Fraction(1)) * PPM),
        )


def read_order_terms(fields: Fields) -> OrderTerms | None:
    """How resting orders are margined; there is no default, because venues agree on none of it."""
    if not fields.has("orders"):
        fields.take("orders")
        return None
    with fields.inner("orders") as terms:
        return OrderTerms(
            pricing=terms.choice("pricing", OrderPricing),
            turning=terms.choice("turning", TurnRule),
            open_loss=terms.boolean("open_loss"),
        )


def read_units(fields: Fields, kind: ContractKind, precision: Precision) -> Units:
    """Tick, lot, contract size and money unit of a market."""
    currency = fields.text("currency", "quote")
    tick = fields.decimal("tick", precision.tick)
    lot = fields.decimal("lot", precision.lot)
    contract_size = fields.decimal("contract_size", Fraction(1))
    for name, value in (("tick", tick), ("lot", lot), ("contract_size", contract_size)):
        if value <= 0:
            raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=value, expected="a number above 0")
    money_unit = fields.decimal("money_unit", precision.money_unit(kind, tick, lot * contract_size))
    return Units(currency, kind, tick, lot, contract_size, money_unit)


def read_market_policy(fields: Fields, units: Units) -> MarketPolicy:
    """The rules of a market, in its units."""
    table = read_table(fields, units)
    basis = fields.choice("basis", Basis)
    return MarketPolicy(
        contract=units.contract,
        table=table,
        basis=basis,
        initial_basis=fields.choice("initial_basis", Basis, basis),
        price_rule=fields.choice("price_rule", PriceRule, PriceRule.MID),
        closing_fee_rate=fields.rate("closing_fee", Fraction(0)),
        closing_fee_basis=fields.choice("closing_fee_basis", FeeBasis, FeeBasis.MARK),
        closing_fee_scope=fields.choice("closing_fee_scope", FeeScope, FeeScope.MAINTENANCE),
        slippage_rate=fields.rate("slippage", Fraction(0)),
        withdrawal_floor_rate=fields.rate("withdrawal_floor", Fraction(0)),
        liquidation=read_liquidation(fields.inner("liquidation"), units),
    )


def read_table(fields: Fields, units: Units) -> TierTable:
    """The tier table; a table of one row is the same under both rules and need not name one."""
    rows = fields.items("tiers", MAX_TIERS)
    if not rows:
        raise MalformedError(Reason.MISSING_FIELD, "tiers", found="nothing", expected="at least one tier")
    measure = fields.choice("measure", TierMeasure, TierMeasure.NOTIONAL)
    unit = units.lot if measure is TierMeasure.SIZE else units.money_unit
    only = TierRule.MARGINAL if len(rows) == 1 else None
    rule = fields.choice("tier_rule", TierRule, only)
    initial_rule = fields.choice("initial_rule", TierRule, TierRule.STEP if only else None)
    cap = fields.decimal_or_none("cap")
    tiers = tuple(read_tier(row, unit, units.money_unit) for row in rows)
    slope = fields.rate("size_slope", Fraction(0)) * units.lot
    return TierTable(tiers, rule, initial_rule, measure, None if cap is None else cap / unit, slope)


def read_tier(fields: Fields, unit: Fraction, money_unit: Fraction) -> Tier:
    """One row. ``initial`` may be a rate or follow from ``max_leverage``.

    Where neither is named, the table asks for no more than maintenance and the initial requirement
    is that of the leverage which the position itself sets. Where a row has an ``amount`` and no
    ``floor`` it is a row by itself, as venues' interfaces return it: it begins where its requirement,
    rate * N - amount, begins.
    """
    with fields:
        leverage = fields.decimal_or_none("max_leverage")
        if leverage is not None and leverage < 1:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "max_leverage", found=leverage, expected="at least 1")
        maintenance = fields.rate("maintenance")
        initial = fields.rate_or_none("initial")
        if initial is None:
            initial = maintenance if leverage is None else 1 / leverage
        amount = fields.decimal_or_none("amount")
        floor = fields.decimal_or_none("floor")
        if floor is None:
            floor = amount / maintenance if amount and maintenance else Fraction(0)
        return Tier(
            floor=floor / unit,
            initial_rate=initial,
            maintenance_rate=maintenance,
            max_leverage=leverage,
            amount=None if amount is None else amount / money_unit,
        )


def read_liquidation(fields: Fields, units: Units) -> LiquidationTerms:
    """How the venue liquidates."""
    with fields:
        return LiquidationTerms(
            rule=fields.choice("rule", LiquidationRule, LiquidationRule.FULL),
            penalty_rate=fields.rate("penalty", Fraction(0)),
            target=fields.choice("target", LiquidationTarget, LiquidationTarget.MAINTENANCE),
            buffer_rate=fields.rate("buffer", Fraction(0)),
            fraction=fields.rate("fraction", Fraction(1)),
            fraction_threshold=fields.decimal("threshold", Fraction(0)) / units.money_unit,
            tiers_down=fields.integer("tiers_down", 1, MAX_TIERS, 1),
        )
