"""Derive's standard rule (Lyra v2), for the options of one expiry.

Per coin, S the spot:

    short call  initial      max(share - OTM/S, floor_share) * S + mark
                maintenance  call_maintenance_share * S + mark
    short put   maintenance  max(put_maintenance_share * S, put_maintenance_mark_share * mark) + mark
                initial      max(the call's form, put_offset_scale * maintenance)
    long        nothing, and its value covers nothing but the same expiry's shorts

The expiry needs the lesser of the sum of its legs and the most it can lose at 0 or at a strike; where
more calls are sold than held the loss has no end, and each unpaired call adds a scale of the forward:

    max loss + unpaired_scale * forward * (calls sold - calls held)
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from margin.contracts import Side
from margin.options.leg import ZERO, LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.rule import NOTHING, compute_share_less_otm, explain_otm, sum_margins
from margin.payoff import Measure, draw_curve
from margin.quantities import require_at_most, require_scale, require_share


@dataclass(frozen=True, slots=True)
class DeriveRule:
    """Isolated legs, or the worst expiry of all of them: whichever is less."""

    name: ClassVar[str] = "derive"
    includes_mark: ClassVar[bool] = True
    settlement: ClassVar[Settlement] = Settlement.QUOTE

    share: Fraction
    floor_share: Fraction
    call_maintenance_share: Fraction
    put_maintenance_share: Fraction
    put_maintenance_mark_share: Fraction
    unpaired_initial_scale: Fraction
    unpaired_maintenance_scale: Fraction
    put_offset_scale: Fraction

    def __post_init__(self) -> None:
        """Hold shares to 100 %, scales to at least 1, and every maintenance to its initial parameter."""
        require_share(self.share, "share")
        require_share(self.floor_share, "floor_share")
        require_share(self.call_maintenance_share, "call_maintenance_share")
        require_share(self.put_maintenance_share, "put_maintenance_share")
        require_share(self.put_maintenance_mark_share, "put_maintenance_mark_share")
        require_scale(self.unpaired_initial_scale, "unpaired_initial_scale")
        require_scale(self.unpaired_maintenance_scale, "unpaired_maintenance_scale")
        require_scale(self.put_offset_scale, "put_offset_scale")
        require_at_most(self.call_maintenance_share, "call_maintenance_share", self.floor_share, "floor_share")
        require_at_most(
            self.unpaired_maintenance_scale,
            "unpaired_maintenance_scale",
            self.unpaired_initial_scale,
            "unpaired_initial_scale",
        )

    def charge(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """See the head of this module."""
        if leg.side is Side.LONG:
            return NOTHING
        spot = market.spot
        form = leg.mark + compute_share_less_otm(
            leg, coin=spot, share=self.share, floor_share=self.floor_share, reference=spot
        )
        otm = explain_otm(leg, spot)
        form_term = Term("form", "max(share - OTM / spot, floor share) * spot + mark", form)
        if leg.is_call:
            maintenance, initial = self.call_maintenance_share * spot + leg.mark, form
            formulas = ("call maintenance share * spot + mark", "form")
        else:
            buffer = max(self.put_maintenance_share * spot, self.put_maintenance_mark_share * leg.mark)
            maintenance = buffer + leg.mark
            initial = max(form, self.put_offset_scale * maintenance)
            formulas = (
                "max(put maintenance share * spot, put maintenance mark share * mark) + mark",
                "max(form, put offset scale * maintenance per coin)",
            )
        terms = (
            otm,
            form_term,
            Term("maintenance per coin", formulas[0], maintenance),
            Term("initial per coin", formulas[1], initial),
        )
        return LegMargin(initial, maintenance, terms)

    def combine(
        self, legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], market: OptionMarket
    ) -> StructureMargin:
        """The lesser of the sum of the legs and the most the expiry can lose."""
        alone_initial, alone_maintenance = sum_margins(charged)
        worst = compute_loss_at_strikes(legs)
        unpaired = max(ZERO, -sum((leg.signed_quantity for leg in legs if leg.is_call), ZERO))
        charge = unpaired * market.require_forward() if unpaired else ZERO
        bounded_initial = worst + self.unpaired_initial_scale * charge
        bounded_maintenance = worst + self.unpaired_maintenance_scale * charge
        initial = min(alone_initial, bounded_initial)
        maintenance = min(alone_maintenance, bounded_maintenance)
        terms = (
            Term("isolated initial", "sum of legs", alone_initial),
            Term("isolated maintenance", "sum of legs", alone_maintenance),
            Term("max loss", "the worst expiry at 0 or at a strike", worst),
            Term("unpaired calls", "max(0, calls sold - calls held)", unpaired),
            Term("bounded initial", "max loss + initial scale * forward * unpaired calls", bounded_initial),
            Term("bounded maintenance", "max loss + maintenance scale * forward * unpaired calls", bounded_maintenance),
            Term("initial", "min(isolated initial, bounded initial)", initial),
            Term("maintenance", "min(isolated maintenance, bounded maintenance)", maintenance),
        )
        return StructureMargin(initial, maintenance, charged, terms)


def compute_loss_at_strikes(legs: tuple[OptionLeg, ...]) -> Fraction:
    """The most the legs lose when they expire at 0 or at a strike; what lies beyond is charged apart."""
    curve = draw_curve((leg.as_payoff_leg() for leg in legs), Measure.PAYOFF)
    return max(ZERO, -min(vertex.value for vertex in curve.vertices))
