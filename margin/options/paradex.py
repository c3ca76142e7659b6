"""Paradex's rule for options in cross margin.

Per coin, each line once with the initial (imf) and once with the maintenance (mmf) fractions:

    long        min(premium_multiplier * mark, long_itm * spot)
    short call  max(short_itm * spot - OTM, short_otm * spot)
    short put   the same, at most short_put_cap * strike

A requirement does not contain the mark: the account's value counts every option at its mark.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import ClassVar

from margin.contracts import Side
from margin.options.leg import LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.rule import compute_share_less_otm, explain_otm, sum_legs
from margin.quantities import require_at_most, require_share


@dataclass(frozen=True, slots=True)
class ParadexRule:
    """Fractions under the venue's own names."""

    name: ClassVar[str] = "paradex"
    includes_mark: ClassVar[bool] = False
    settlement: ClassVar[Settlement] = Settlement.QUOTE

    premium_multiplier_imf: Fraction
    premium_multiplier_mmf: Fraction
    long_itm_imf: Fraction
    long_itm_mmf: Fraction
    short_itm_imf: Fraction
    short_itm_mmf: Fraction
    short_otm_imf: Fraction
    short_otm_mmf: Fraction
    short_put_cap_imf: Fraction
    short_put_cap_mmf: Fraction

    def __post_init__(self) -> None:
        """Refuse a maintenance fraction above its initial one."""
        for field in fields(self):
            initial_name = field.name.replace("_mmf", "_imf")
            value = require_share(getattr(self, field.name), field.name)
            require_at_most(value, field.name, require_share(getattr(self, initial_name), initial_name), initial_name)

    def charge(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """See the head of this module."""
        return self.charge_long(leg, market) if leg.side is Side.LONG else self.charge_short(leg, market)

    def charge_long(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """The premium can be lost, so a share of it is held."""
        initial = min(self.premium_multiplier_imf * leg.mark, self.long_itm_imf * market.spot)
        maintenance = min(self.premium_multiplier_mmf * leg.mark, self.long_itm_mmf * market.spot)
        formula = "min(premium multiplier * mark, long itm * spot)"
        return LegMargin(initial, maintenance, unit_terms(formula, initial, maintenance))

    def charge_short(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """A short is judged by how near it is to being exercised."""
        initial = charge_fractions(leg, market, self.short_itm_imf, self.short_otm_imf, self.short_put_cap_imf)
        maintenance = charge_fractions(leg, market, self.short_itm_mmf, self.short_otm_mmf, self.short_put_cap_mmf)
        formula = "max(short itm * spot - out of the money, short otm * spot)"
        if not leg.is_call:
            formula = f"min({formula}, short put cap * strike)"
        otm = explain_otm(leg, market.spot)
        return LegMargin(initial, maintenance, (otm, *unit_terms(formula, initial, maintenance)))

    def combine(
        self, _legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], _market: OptionMarket
    ) -> StructureMargin:
        """No relief: every leg stands alone."""
        return sum_legs(charged)


def charge_fractions(leg: OptionLeg, market: OptionMarket, itm: Fraction, otm: Fraction, put_cap: Fraction) -> Fraction:
    """The requirement of a short with one set of fractions."""
    form = compute_share_less_otm(leg, coin=market.spot, share=itm, floor_share=otm, reference=market.spot)
    return form if leg.is_call else min(form, put_cap * leg.strike)


def unit_terms(formula: str, initial: Fraction, maintenance: Fraction) -> tuple[Term, Term]:
    """The two results of one formula."""
    return (
        Term("initial per coin", f"{formula}, initial fractions", initial),
        Term("maintenance per coin", f"{formula}, maintenance fractions", maintenance),
    )
