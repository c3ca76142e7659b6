"""A perpetual at the newest attested prices, and what more cash or a move of the mark would make of it.

All numbers are those of ``margin``, by the terms that the round's leaves express: the very ones that a proof is about.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from facts.asset import AssetTier, name_asset, read_asset
from facts.market import MarketTier, quantise_market, quantise_policy
from margin.amounts import Rounding, render_rounded
from margin.basket import Asset, Holding
from margin.bounds import require_money_at_least_zero
from margin.contracts import Side
from margin.documents.position_document import PositionDocument
from margin.documents.position_report import (
    Report,
    compute_actions,
    liquidation_distance,
    render_optional,
    report_position,
)
from margin.documents.units import Units
from margin.errors import MisuseError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.position import MarketState
from margin.profile import ProfilePoint, choose_marks, trace_profile
from prover.perpetual import Perpetual
from prover.publication import Publication
from prover.request import Request

STEPS: Final = 120
DISTANCE_UNIT: Final = Fraction(1, 10**4)
"""Of a per cent."""


def attest(request: Request, subject: Perpetual, publication: Publication, locks: int) -> PositionDocument:
    """The document as the facts have it: committed numbers, attested prices, and so many of the basket's locks."""
    document = subject.document
    tiers = [
        fact for fact in publication.round.facts if isinstance(fact, MarketTier) and fact.market_id == subject.market_id
    ]
    if not tiers:
        expected = "a round in which the position's market is"
        raise MisuseError(Reason.UNKNOWN_MARKET, "market", found="another round", expected=expected)
    basket = subject.position.basket[:locks]
    low, high = tiers[0].low_price, tiers[0].high_price
    state = MarketState(
        mark=Fraction(low + high, 2),
        confidence=Fraction(high - low, 2),
        funding_index=tiers[0].funding_index,
        assets=find_assets(request, publication, basket, tiers[0].currency_id),
    )
    require_terms(document, state, tiers)
    return replace(
        document,
        market=replace(document.market, policy=quantise_policy(document.market.policy)),
        position=replace(subject.position, basket=basket),
        state=state,
        settled_funding=Fraction(0),
        orders=(),
        execution=None,
    )


def find_assets(
    request: Request, publication: Publication, basket: Sequence[Holding], currency_id: int
) -> dict[str, Asset]:
    """The assets of a basket as the round attests them."""
    assets = {}
    for holding in basket:
        asset = name_asset(request.place_of(holding.asset).asset)
        tiers = [
            fact
            for fact in publication.round.facts
            if isinstance(fact, AssetTier) and (fact.asset, fact.currency_id) == (asset, currency_id)
        ]
        if not tiers:
            expected = "a round in which the basket's assets are"
            raise MisuseError(Reason.UNKNOWN_ASSET, "basket", found="another round", expected=expected)
        assets[holding.asset] = read_asset(tiers)
    return assets


def require_terms(document: PositionDocument, state: MarketState, tiers: Sequence[MarketTier]) -> None:
    """The round has the terms of the document: with others, its numbers would not be those of a proof."""
    first = tiers[0]
    ids = {"market_id": first.market_id, "currency_id": first.currency_id, "policy_hash": first.policy_hash}
    if set(quantise_market(document.market.policy, state, **ids)) != set(tiers):
        found, expected = "other terms", "a document with the terms that the round attests of its market"
        raise MisuseError(Reason.WRONG_FILE, "market", found=found, expected=expected)


def change(document: PositionDocument, top_up: Fraction, shock: Fraction) -> PositionDocument:
    """The same with so much more cash, in the settlement currency, after the mark has moved."""
    units = document.market.units
    added = require_money_at_least_zero(units.money(top_up, "top_up"), "top_up")
    position = replace(document.position, cash=document.position.cash + added)
    return replace(document, position=position, state=document.state.at_mark(document.state.mark * (1 + shock)))


def report_outlook(document: PositionDocument, top_up: Fraction, shock: Fraction) -> Report:
    """As it stands, as it would be, and over the mark price with and without the cash that was added."""
    changed, richer = change(document, top_up, shock), change(document, top_up, Fraction(0))
    told = {"now": evaluate(document), "then": evaluate(changed), "richer": evaluate(richer)}
    points = list_marks(document, [told["now"], told["richer"]])
    return {
        "now": report_moment(document, told["now"]),
        "then": report_moment(changed, told["then"]),
        "curve": report_curve(document, points),
        "richer": report_curve(richer, points),
        "band": [document.market.units.show_price(end) for end in band_of(document.state)],
    }


def evaluate(document: PositionDocument) -> Evaluation:
    """The position at its mark."""
    return evaluate_position(document.market.policy, document.position, document.state)


def report_moment(document: PositionDocument, evaluation: Evaluation) -> Report:
    """The report of ``ringfence margin evaluate``, and how far the liquidation is, rounded against the trader."""
    distance = liquidation_distance(document, evaluation)
    shown = None if distance is None else render_rounded(100 * distance, DISTANCE_UNIT, Rounding.DOWN)
    return {**report_position(document, evaluation, compute_actions(document, evaluation)), "distance_percent": shown}


def band_of(state: MarketState) -> tuple[Fraction, Fraction]:
    """Between the prices at which a long and a short are valued."""
    return state.mark - state.confidence, state.mark + state.confidence


def list_marks(document: PositionDocument, evaluations: Sequence[Evaluation]) -> dict[Fraction, str]:
    """Marks to look at, those that mean something by their name, in order."""
    named = dict.fromkeys(choose_marks(document.state, evaluations, STEPS), "")
    for evaluation in evaluations[:1]:
        if evaluation.bankruptcy_price is not None:
            named[evaluation.bankruptcy_price] = "bankruptcy"
        if evaluation.liquidation is not None:
            named[evaluation.liquidation.price] = "liquidation"
    named[document.state.mark] = "attested"
    return dict(sorted(named.items()))


def report_curve(document: PositionDocument, marks: dict[Fraction, str]) -> list[Report]:
    """Equity and requirements at each mark, rounded against the trader."""
    points = trace_profile(document.market.policy, document.position, document.state, marks)
    side = document.position.side
    return [report_point(point, marks[point.mark], document.market.units, side) for point in points]


def report_point(point: ProfilePoint, name: str, units: Units, side: Side) -> Report:
    """One point of the curves."""
    return {
        "name": name,
        "mark": units.round_price(point.mark, side),
        "equity": round_money(point.equity, units, Rounding.DOWN),
        "maintenance": round_money(point.maintenance, units, Rounding.UP),
        "initial": round_money(point.initial, units, Rounding.UP),
        "exact_mark": render_optional(point.mark * units.tick),
    }


def round_money(money: Fraction | None, units: Units, rounding: Rounding) -> str | None:
    """An amount rounded, or nothing where there is none."""
    return None if money is None else units.round_money(money, rounding)
