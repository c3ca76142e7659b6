"""What is told of a position: every number exact, and the headline ones rounded for a person.

Exact numbers are decimals where they end within 40 digits and ``numerator/denominator`` where they
don't. ``shown`` repeats the headlines rounded against the trader: what he has goes down, what he owes
goes up, and his liquidation price comes nearer.
"""

from dataclasses import dataclass
from fractions import Fraction

from margin.amounts import Rounding, render_exact, render_rounded
from margin.contracts import Side
from margin.deleverage import plan_liquidation
from margin.documents.policy_document import Market, PolicyDocument
from margin.documents.position_document import PositionDocument
from margin.documents.units import Units
from margin.errors import MalformedError, Reason
from margin.evaluation import Evaluation
from margin.liquidation import Closeout, compute_closeout
from margin.orders import OrderMargin, RestingOrders, compute_order_margin
from margin.position import Equity
from margin.requirement import Requirement, RequirementKind
from margin.transition import compute_withdrawable

Report = dict[str, object]

EVALUATION_FORMAT = "ringfence.evaluation/1"
RATIO_UNIT = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class Actions:
    """What could be done now: cash that could leave, contracts that would be closed, orders, a close asked about."""

    withdrawable: Fraction
    lots_to_close: int | None
    orders: OrderMargin | None
    closeout: Closeout | None


def compute_actions(document: PositionDocument, evaluation: Evaluation) -> Actions:
    """What could be done with the position at this moment."""
    policy, position, state = document.market.policy, document.position, document.state
    covered = evaluation.covers(RequirementKind.MAINTENANCE)
    execution = document.execution
    return Actions(
        withdrawable=compute_withdrawable(policy, position, state),
        lots_to_close=None if covered else plan_liquidation(policy, position, state),
        orders=compute_document_orders(document) if document.orders else None,
        closeout=None
        if execution is None
        else compute_closeout(policy, position, state, execution.price, execution.insurance_fund),
    )


def compute_document_orders(document: PositionDocument) -> OrderMargin:
    """The order margin, by the terms that the market must name."""
    market = document.market
    if market.orders is None:
        raise MalformedError(
            Reason.MISSING_FIELD, "market.orders", found="nothing", expected="pricing, turning and open_loss of orders"
        )
    return compute_order_margin(
        market.policy, document.position, document.state, RestingOrders(document.orders, market.orders)
    )


def report_position(document: PositionDocument, evaluation: Evaluation, actions: Actions) -> Report:
    """The whole report of one position."""
    units, side = document.market.units, document.position.side
    report: Report = {
        "format": EVALUATION_FORMAT,
        "label": document.label,
        "policy": report_policy(document.policy),
        "market": document.market.name,
        "side": side.name.lower(),
        "covers_initial": evaluation.covers(RequirementKind.INITIAL),
        "covers_maintenance": evaluation.covers(RequirementKind.MAINTENANCE),
        "mark_price": units.show_price(document.state.mark),
        "confidence": units.show_price(document.state.confidence),
        "valued_at": units.show_price(evaluation.mark),
        "size": render_exact(document.position.size * units.lot),
        "entry_notional": units.show_money(document.position.entry_notional),
        "mark_notional": units.show_money(evaluation.mark_notional),
        "equity": report_equity(evaluation.equity, document.settled_funding, units),
        "initial": report_requirement(evaluation.initial, units),
        "maintenance": report_requirement(evaluation.maintenance, units),
        "excess_initial": units.show_money(evaluation.excess(RequirementKind.INITIAL)),
        "excess_maintenance": units.show_money(evaluation.excess(RequirementKind.MAINTENANCE)),
        "margin_ratio": render_optional(evaluation.margin_ratio),
        "health_factor": render_exact(evaluation.health_factor),
        "leverage": report_leverage(document, evaluation),
        "within_cap": evaluation.within_cap,
        "liquidation_price": report_price(evaluation.liquidation.price if evaluation.liquidation else None, units),
        "liquidation_cause": report_cause(evaluation),
        "liquidation_distance": render_optional(liquidation_distance(document, evaluation)),
        "bankruptcy_price": report_price(evaluation.bankruptcy_price, units),
        "volatility_rate": render_optional(document.volatility_rate),
        "shown": report_headlines(evaluation, units, side),
        "units": report_units(document.market),
    }
    report["withdrawable"] = units.round_money(actions.withdrawable, Rounding.DOWN)
    report["lots_to_close"] = None if actions.lots_to_close is None else render_exact(actions.lots_to_close * units.lot)
    if actions.orders is not None:
        report["orders"] = report_orders(actions.orders, evaluation, units)
    if actions.closeout is not None:
        report["closeout"] = report_closeout(actions.closeout, units)
    return report


def report_cause(evaluation: Evaluation) -> str | None:
    """What happens at the liquidation price, or why none is told."""
    if evaluation.liquidation_outside_table:
        return "outside_table"
    return evaluation.liquidation.cause.value if evaluation.liquidation else None


def report_orders(orders: OrderMargin, evaluation: Evaluation, units: Units) -> Report:
    """What resting orders reserve on top of the position, and whether the equity covers both."""
    return {
        "worse_side": orders.side.name.lower(),
        "margin": units.show_money(orders.margin),
        "open_loss": units.show_money(orders.open_loss),
        "total": units.show_money(orders.total),
        "covers": evaluation.equity.total >= orders.total,
    }


def report_policy(policy: PolicyDocument | None) -> Report | None:
    """Which policy was applied, by name, version and digest."""
    return None if policy is None else {"name": policy.name, "version": policy.version, "digest": policy.digest}


def report_equity(equity: Equity, settled_funding: Fraction, units: Units) -> Report:
    """The parts of the equity; funding that came as an amount is shown as owed and not as less cash."""
    return {
        "total": units.show_money(equity.total),
        "cash": units.show_money(equity.cash + settled_funding),
        "basket": units.show_money(equity.basket),
        "pnl": units.show_money(equity.pnl),
        "funding_owed": units.show_money(equity.funding_owed + settled_funding),
    }


def report_requirement(requirement: Requirement, units: Units) -> Report:
    """The parts of a requirement."""
    return {
        "total": units.show_money(requirement.total),
        "notional": units.show_money(requirement.notional),
        "tier": requirement.tier + 1,
        "rate": render_exact(requirement.rate),
        "amount": units.show_money(requirement.amount),
        "margin": units.show_money(requirement.margin),
        "closing_fee": units.show_money(requirement.closing_fee),
        "slippage": units.show_money(requirement.slippage),
    }


def report_leverage(document: PositionDocument, evaluation: Evaluation) -> Report:
    """What the trader set, what the tier allows, and what the position really has."""
    return {
        "set": render_optional(document.position.leverage),
        "allowed": render_optional(evaluation.leverage_limit),
        "effective": render_optional(evaluation.effective_leverage),
    }


def report_headlines(evaluation: Evaluation, units: Units, side: Side) -> Report:
    """The numbers people look at first, rounded against the trader."""
    liquidation, bankruptcy = evaluation.liquidation, evaluation.bankruptcy_price
    ratio = evaluation.margin_ratio
    return {
        "equity": units.round_money(evaluation.equity.total, Rounding.DOWN),
        "initial": units.round_money(evaluation.initial.total, Rounding.UP),
        "maintenance": units.round_money(evaluation.maintenance.total, Rounding.UP),
        "margin_ratio": None if ratio is None else render_rounded(ratio, RATIO_UNIT, Rounding.UP),
        "health_factor": render_rounded(evaluation.health_factor, RATIO_UNIT, Rounding.DOWN),
        "liquidation_price": None if liquidation is None else units.round_price(liquidation.price, side),
        "bankruptcy_price": None if bankruptcy is None else units.round_price(bankruptcy, side),
    }


def report_units(market: Market) -> Report:
    """The units that the numbers were counted in."""
    units = market.units
    return {
        "currency": units.currency,
        "kind": units.kind.value,
        "tick": render_exact(units.tick),
        "lot": render_exact(units.lot),
        "contract_size": render_exact(units.contract_size),
        "money_unit": render_exact(units.money_unit),
        "multiplier": units.contract.multiplier,
    }


def report_closeout(closeout: Closeout, units: Units) -> Report:
    """Who gets and who pays what at the execution price."""
    return {
        "equity": units.show_money(closeout.equity),
        "fee": units.show_money(closeout.fee),
        "penalty": units.show_money(closeout.penalty),
        "returned": units.show_money(closeout.returned),
        "bankruptcy_gap": units.show_money(closeout.bankruptcy_gap),
        "insurance_draw": units.show_money(closeout.insurance_draw),
        "uncovered": units.show_money(closeout.uncovered),
    }


def liquidation_distance(document: PositionDocument, evaluation: Evaluation) -> Fraction | None:
    """|mark - liquidation price| / mark."""
    if evaluation.liquidation is None:
        return None
    mark = document.state.mark
    return abs(mark - evaluation.liquidation.price) / mark


def report_price(price: Fraction | None, units: Units) -> str | None:
    """A price, or null where there is none above zero."""
    return None if price is None else units.show_price(price)


def render_optional(value: Fraction | None) -> str | None:
    """An exact number, or null."""
    return None if value is None else render_exact(value)
