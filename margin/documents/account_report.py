"""What is told of an account: equity, both requirements and excesses, and every step, market by market.

The steps of the cash and of all markets add up to the excess; the expiries say how the requirement of
their options came about.
"""

from collections.abc import Iterable
from fractions import Fraction

from margin.amounts import Rounding, render_exact, render_rounded
from margin.documents.account_document import AccountDocument
from margin.documents.position_report import Report, report_policy
from margin.documents.structure_report import report_margin, report_term
from margin.options import Term
from margin.options.derive_account import (
    AccountMargin,
    Expiry,
    MarketHolding,
    compute_account_margin,
    compute_expiry_margin,
    explain_holding,
)
from margin.requirement import RequirementKind

ACCOUNT_EVALUATION_FORMAT = "ringfence.account-evaluation/1"
SHOWN_UNIT = Fraction(1, 10**6)
NOTHING = Fraction(0)


def evaluate_account(document: AccountDocument) -> AccountMargin:
    """Judge the account by its policy."""
    return compute_account_margin(
        document.cash, tuple(document.holdings.values()), document.depeg, document.stable_price
    )


def report_account(document: AccountDocument, margin: AccountMargin) -> Report:
    """The whole report of one account."""
    initial, maintenance = RequirementKind.INITIAL, RequirementKind.MAINTENANCE
    return {
        "format": ACCOUNT_EVALUATION_FORMAT,
        "label": document.label,
        "policy": report_policy(document.policy),
        "covers_initial": margin.covers(initial),
        "covers_maintenance": margin.covers(maintenance),
        "cash": render_exact(document.cash),
        "stable_price": render_exact(document.stable_price),
        "equity": render_exact(margin.equity),
        "initial": render_exact(margin.requirement(initial)),
        "maintenance": render_exact(margin.requirement(maintenance)),
        "excess_initial": render_exact(margin.initial_excess),
        "excess_maintenance": render_exact(margin.maintenance_excess),
        "market_value": render_exact(margin.market_value),
        "shown": report_headlines(margin),
        "holdings": {name: report_holding(held, document) for name, held in document.holdings.items()},
    }


def report_headlines(margin: AccountMargin) -> Report:
    """The numbers people look at first, rounded against the trader to 1e-6 of the quote currency."""
    initial, maintenance = RequirementKind.INITIAL, RequirementKind.MAINTENANCE
    return {
        "equity": render_rounded(margin.equity, SHOWN_UNIT, Rounding.DOWN),
        "initial": render_rounded(margin.requirement(initial), SHOWN_UNIT, Rounding.UP),
        "maintenance": render_rounded(margin.requirement(maintenance), SHOWN_UNIT, Rounding.UP),
        "excess_initial": render_rounded(margin.initial_excess, SHOWN_UNIT, Rounding.DOWN),
        "excess_maintenance": render_rounded(margin.maintenance_excess, SHOWN_UNIT, Rounding.DOWN),
        "market_value": render_rounded(margin.market_value, SHOWN_UNIT, Rounding.DOWN),
    }


def report_holding(holding: MarketHolding, document: AccountDocument) -> Report:
    """What one market adds to each excess, and what each of its expiries needs."""
    depeg_share = document.depeg.charge(document.stable_price)
    return {
        "initial": report_steps(explain_holding(holding, RequirementKind.INITIAL, depeg_share)),
        "maintenance": report_steps(explain_holding(holding, RequirementKind.MAINTENANCE, NOTHING)),
        "expiries": [report_expiry(holding, expiry) for expiry in holding.expiries],
    }


def report_steps(terms: Iterable[Term]) -> list[Report]:
    """Steps in their order."""
    return [report_term(term) for term in terms]


def report_expiry(holding: MarketHolding, expiry: Expiry) -> Report:
    """The requirement of one expiry with its steps, and what its options are worth."""
    margin = compute_expiry_margin(holding, expiry)
    return {
        "forward": render_exact(expiry.forward),
        "market_value": render_exact(expiry.market_value),
        **report_margin(margin),
    }
