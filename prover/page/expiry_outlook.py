"""A structure over the price at which it expires, and what more cash would change.

    requirement at a price    max(0, -payoff)          requirement    the greatest of them, over all prices from 0 on
    left at a price           cash + payoff

All numbers are those of ``margin.payoff``, of the legs and the cash that are committed: the very ones that a proof is
about. Nobody attests a price at expiry; the round says what a tick of the market is worth.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Self

from margin.amounts import Rounding, render_exact, render_rounded
from margin.bounds import MAX_PRICE, require_money_at_least_zero
from margin.documents.position_report import Report
from margin.documents.structure_report import report_range
from margin.errors import MalformedError, MisuseError, Reason
from margin.payoff import (
    Extreme,
    LegKind,
    Measure,
    PriceRange,
    Structure,
    Unlimited,
    choose_prices,
    compute_max_loss,
    compute_outcome,
    draw_curve,
    find_break_evens,
    find_level,
    find_worst,
)
from margin.recognition import name_structure
from prover.option_structure import OptionStructure
from prover.publication import Publication

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class CoveredStructure:
    """A structure with the cash behind it, in the quote currency."""

    subject: OptionStructure = field(repr=False)
    cash: Fraction = field(repr=False)

    @classmethod
    def attest(cls, subject: OptionStructure, publication: Publication) -> Self:
        """As it is committed, where a tick and a lot are worth in the round what they are in the document."""
        tier = publication.round.market_tier(subject.committed.market_id, Fraction(1))
        if tier.contract != subject.units.contract:
            found, expected = "other terms", "a document with the terms that the round attests of its market"
            raise MisuseError(Reason.WRONG_FILE, "market", found=found, expected=expected)
        return cls(subject, subject.cash * subject.money_unit)

    @property
    def structure(self) -> Structure:
        """The legs."""
        return self.subject.document.structure

    @property
    def loss(self) -> Fraction | Unlimited:
        """The most that it can lose at expiry."""
        return compute_max_loss(self.structure, Measure.PAYOFF)

    @property
    def worst(self) -> Extreme | Unlimited:
        """The least payoff, and every price that gives it."""
        return find_worst(self.structure, Measure.PAYOFF)

    def with_more(self, top_up: Fraction) -> "CoveredStructure":
        """The same with so much more cash."""
        units = self.subject.units
        added = require_money_at_least_zero(units.money(top_up, "top_up"), "top_up")
        return CoveredStructure(self.subject, self.cash + added * units.money_unit)

    def round_money(self, amount: Fraction, rounding: Rounding) -> str:
        """An amount to a money unit."""
        return render_rounded(amount, self.subject.money_unit, rounding)


def report_expiry(covered: CoveredStructure, top_up: Fraction, price: Fraction | None) -> Report:
    """As it is covered, as it would be, and over the price at expiry; ``price`` is the one that is looked at."""
    subject, richer = covered.subject, covered.with_more(top_up)
    prices = list_prices(covered)
    looked_at = choose_price(covered) if price is None else require_price(covered, price)
    shown = {**prices, looked_at: prices.get(looked_at, "")} if min(prices) <= looked_at <= max(prices) else prices
    return {
        "label": subject.label,
        "structure": name_structure(covered.structure),
        "currency": subject.units.currency,
        "legs": [
            {
                "kind": leg.kind.value,
                "side": leg.side.name.lower(),
                "quantity": render_exact(leg.quantity),
                "strike": render_exact(leg.strike),
            }
            for leg in covered.structure.legs
        ],
        "expires": report_moment(subject.committed.expiry),
        "worst": [report_range(each) for each in worst_ranges(covered)],
        "now": report_cover(covered, looked_at),
        "then": report_cover(richer, looked_at),
        "last": [render_rounded(each, subject.units.tick, Rounding.DOWN) for each in find_last(covered)],
        "price": render_exact(looked_at),
        "points": [report_point(covered, each, name) for each, name in sorted(shown.items())],
    }


def report_cover(covered: CoveredStructure, price: Fraction) -> Report:
    """Equity against the requirement, and what would be left at one price; rounded against the trader."""
    loss, cash = covered.loss, covered.cash
    payoff = compute_outcome(covered.structure, price, Measure.PAYOFF)
    most = None if isinstance(loss, Unlimited) else loss
    return {
        "covers": most is not None and cash >= most,
        "equity": covered.round_money(cash, Rounding.DOWN),
        "requirement": None if most is None else covered.round_money(most, Rounding.UP),
        "slope": render_exact(loss.slope) if isinstance(loss, Unlimited) else None,
        "to_spare": None if most is None else covered.round_money(cash - most, Rounding.DOWN),
        "payoff": covered.round_money(payoff, Rounding.DOWN),
        "left": covered.round_money(cash + payoff, Rounding.DOWN),
    }


def report_point(covered: CoveredStructure, price: Fraction, name: str) -> Report:
    """One price of the curves."""
    payoff = compute_outcome(covered.structure, price, Measure.PAYOFF)
    return {
        "name": name,
        "price": render_rounded(price, covered.subject.units.tick, Rounding.DOWN),
        "exact_price": render_exact(price),
        "payoff": covered.round_money(payoff, Rounding.DOWN),
        "requirement": covered.round_money(max(NOTHING, -payoff), Rounding.UP),
        "left": covered.round_money(covered.cash + payoff, Rounding.DOWN),
    }


def list_prices(covered: CoveredStructure) -> dict[Fraction, str]:
    """Every price at which a line of the picture bends, and those that mean something by their name."""
    structure = covered.structure
    named = dict.fromkeys((leg.strike for leg in structure.legs if leg.kind is not LegKind.UNDERLYING), "strike")
    named |= {near_end(each): "worst" for each in worst_ranges(covered)}
    document = covered.subject.document
    if document.market is not None:
        named[document.market.spot] = "spot"
    entries = (leg.strike for leg in structure.legs)
    window = choose_prices(draw_curve(structure.legs, Measure.PAYOFF), [*named, *entries])
    unnamed = [*ends_of(find_break_evens(structure, Measure.PAYOFF)), *ends_of(worst_ranges(covered))]
    found = {**dict.fromkeys([*window, *unnamed], ""), **named, **dict.fromkeys(find_last(covered), "last")}
    return {price: name for price, name in found.items() if window[0] <= price <= window[-1]}


def find_last(covered: CoveredStructure) -> list[Fraction]:
    """The prices beyond which more is lost than the equity; none where it covers every loss."""
    curve, loss = draw_curve(covered.structure.legs, Measure.PAYOFF), covered.loss
    if not isinstance(loss, Unlimited) and covered.cash >= loss:
        return []
    return [near_end(each) for each in find_level(curve, -covered.cash)]


def choose_price(covered: CoveredStructure) -> Fraction:
    """What is looked at where nobody says a price: the document's, or the middle strike."""
    market, strikes = covered.subject.document.market, sorted(leg.strike for leg in covered.structure.legs)
    return strikes[len(strikes) // 2] if market is None else market.spot


def require_price(covered: CoveredStructure, price: Fraction) -> Fraction:
    """A price at expiry."""
    if not 0 <= price <= MAX_PRICE * covered.subject.units.tick:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "price", found=price, expected="a price of at least 0")
    return price


def worst_ranges(covered: CoveredStructure) -> tuple[PriceRange, ...]:
    """Where it loses most; nowhere where there is no most, or nothing to lose."""
    worst = covered.worst
    return () if isinstance(worst, Unlimited) or worst.value >= 0 else worst.prices


def near_end(prices: PriceRange) -> Fraction:
    """Where a range begins; of one that begins at no price at all, where it ends."""
    return prices.low if prices.low or prices.high is None else prices.high


def ends_of(ranges: Iterable[PriceRange]) -> Iterator[Fraction]:
    """Where ranges begin, and where they end if they do."""
    for each in ranges:
        yield each.low
        if each.high is not None:
            yield each.high


def report_moment(expiry: int) -> str | None:
    """When all legs expire, where the commitment says it."""
    return datetime.fromtimestamp(expiry, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if expiry else None
