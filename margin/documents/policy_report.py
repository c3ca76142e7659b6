"""What is told of a policy: each choice by name, each table with the amounts that follow from it."""

from dataclasses import fields
from enum import Enum
from fractions import Fraction

from margin.amounts import render_exact
from margin.bounds import PPM
from margin.documents.account_terms import AccountTerms
from margin.documents.policy_document import Market, PolicyDocument
from margin.documents.position_report import Report, render_optional, report_units
from margin.options import OptionRule
from margin.options.derive_account import DeriveMarketRule
from margin.orders import OrderTerms
from margin.tiers import TierMeasure, TierTable
from margin.volatility import VolatilityTerms

POLICY_REPORT_FORMAT = "ringfence.policy-report/1"


def report_policy_document(policy: PolicyDocument) -> Report:
    """The whole policy."""
    return {
        "format": POLICY_REPORT_FORMAT,
        "name": policy.name,
        "version": policy.version,
        "venue": policy.venue,
        "title": policy.title,
        "effective": policy.effective,
        "digest": policy.digest,
        "sources": [{"title": each.title, "date": each.date, "note": each.note} for each in policy.sources],
        "markets": {name: report_market(market) for name, market in policy.markets.items()},
        "options": {name: report_option_rule(rule) for name, rule in policy.options.items()},
        "account": None if policy.account is None else report_account_terms(policy.account),
    }


def report_market(market: Market) -> Report:
    """One market's choices and table."""
    policy = market.policy
    terms = policy.liquidation
    return {
        "units": report_units(market),
        "basis": policy.basis.value,
        "initial_basis": policy.initial_basis.value,
        "tier_rule": policy.table.rule.value,
        "initial_rule": policy.table.initial_rule.value,
        "measure": policy.table.measure.value,
        "size_slope": render_exact(policy.table.slope / market.units.lot),
        "price_rule": policy.price_rule.value,
        "closing_fee": render_exact(policy.closing_fee_rate),
        "closing_fee_basis": policy.closing_fee_basis.value,
        "closing_fee_scope": policy.closing_fee_scope.value,
        "slippage": render_exact(policy.slippage_rate),
        "withdrawal_floor": render_exact(policy.withdrawal_floor_rate),
        "liquidation": {
            "rule": terms.rule.value,
            "target": terms.target.value,
            "penalty": render_exact(terms.penalty_rate),
            "buffer": render_exact(terms.buffer_rate),
            "fraction": render_exact(terms.fraction),
            "threshold": market.units.show_money(terms.fraction_threshold),
            "tiers_down": terms.tiers_down,
        },
        "orders": report_order_terms(market.orders),
        "volatility": report_volatility_terms(market.volatility),
        "tiers": report_tiers(market, policy.table),
        "cap": render_optional(None if policy.table.cap is None else policy.table.cap * measure_unit(market)),
    }


def report_order_terms(terms: OrderTerms | None) -> Report | None:
    """How resting orders are margined, where the policy says it."""
    if terms is None:
        return None
    return {"pricing": terms.pricing.value, "turning": terms.turning.value, "open_loss": terms.open_loss}


def report_volatility_terms(terms: VolatilityTerms | None) -> Report | None:
    """How the requirement follows volatility, where it does."""
    if terms is None:
        return None
    return {
        "multiple": render_exact(terms.multiple),
        "horizon": terms.horizon,
        "loosening": render_exact(Fraction(terms.loosening_ppm, PPM)),
    }


def measure_unit(market: Market) -> Fraction:
    """What one unit of a floor is worth in the document: a lot of contracts, or a money unit."""
    by_size = market.policy.table.measure is TierMeasure.SIZE
    return market.units.lot if by_size else market.units.money_unit


def report_tiers(market: Market, table: TierTable) -> list[Report]:
    """The rows; ``amount`` is what the tier deducts, where the table is marginal by notional."""
    unit = measure_unit(market)
    by_notional = table.measure is TierMeasure.NOTIONAL
    amounts = [line.amount for line in table.maintenance_lines(1)] if by_notional else [None] * len(table.tiers)
    return [
        {
            "floor": render_exact(tier.floor * unit),
            "max_leverage": render_optional(tier.max_leverage),
            "initial": render_exact(tier.initial_rate),
            "maintenance": render_exact(tier.maintenance_rate),
            "amount": None if amount is None else market.units.show_money(amount),
        }
        for tier, amount in zip(table.tiers, amounts, strict=True)
    ]


def report_option_rule(rule: OptionRule) -> Report:
    """The family's name and its parameters."""
    parameters = {each.name: render_parameter(getattr(rule, each.name)) for each in fields(rule)}  # type: ignore[arg-type]
    return {"rule": rule.name, **parameters}


def report_account_terms(terms: AccountTerms) -> Report:
    """What a whole account is held to; the option rules are told with the others."""
    return {
        "depeg": {"threshold": render_exact(terms.depeg.threshold), "factor": render_exact(terms.depeg.factor)},
        "markets": {name: report_account_market(rule) for name, rule in terms.markets.items()},
    }


def report_account_market(rule: DeriveMarketRule) -> Report:
    """The rates, shares and thresholds of one market of an account."""
    return {
        "perpetual_initial": render_exact(rule.perpetual_initial_rate),
        "perpetual_maintenance": render_exact(rule.perpetual_maintenance_rate),
        "coin_share": render_exact(rule.coin_share),
        "coin_initial_scale": render_exact(rule.coin_initial_scale),
        **{f"oracle_{each.name}": render_exact(getattr(rule.oracle, each.name)) for each in fields(rule.oracle)},
    }


def render_parameter(value: object) -> object:
    """A parameter as a policy file would write it."""
    if isinstance(value, Fraction):
        return render_exact(value)
    return value.value if isinstance(value, Enum) else value
