"""Gate's rule.

Per coin, U the underlying:

    short call  initial      max(floor_share * U, share * U - OTM) + mark
                maintenance  maintenance_share * U + mark
    short put   initial      max(floor_share * U * (1 + mark / U), share * U - OTM) + mark
                maintenance  maintenance_share * U * (1 + mark / U) + mark

Caveat: the initial forms and the share that a position is maintained with are published; a formula of
the maintenance requirement was not seen. The maintenance lines are the floor of the initial ones with
``maintenance_share`` in the place of ``floor_share``: by analogy, and held against no published number.

Gate writes the share that is lowered by OTM as "ratio 2" or ``init_margin_high``, the floor as
"ratio 1" or ``init_margin_low``, the maintenance share as ``maint_margin_base``.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from margin.contracts import Side
from margin.options.leg import LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.rule import NOTHING, explain_otm, require_ordered_shares, sum_legs


@dataclass(frozen=True, slots=True)
class GateRule:
    """A put's floor grows with its own price, because a put that is worth much has fallen deep."""

    name: ClassVar[str] = "gate"
    includes_mark: ClassVar[bool] = True
    settlement: ClassVar[Settlement] = Settlement.QUOTE

    share: Fraction
    floor_share: Fraction
    maintenance_share: Fraction

    def __post_init__(self) -> None:
        """Refuse shares out of order."""
        require_ordered_shares(self.share, self.floor_share, self.maintenance_share)

    def charge(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """See the head of this module."""
        if leg.side is Side.LONG:
            return NOTHING
        otm = leg.otm_amount(market.spot)
        stake = market.spot if leg.is_call else market.spot + leg.mark
        initial = max(self.floor_share * stake, self.share * market.spot - otm) + leg.mark
        maintenance = self.maintenance_share * stake + leg.mark
        terms = (
            explain_otm(leg, market.spot),
            Term("stake", "spot" if leg.is_call else "spot * (1 + mark / spot)", stake),
            Term("maintenance per coin", "maintenance share * stake + mark", maintenance),
            Term("initial per coin", "max(floor share * stake, share * spot - out of the money) + mark", initial),
        )
        return LegMargin(initial, maintenance, terms)

    def combine(
        self, _legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], _market: OptionMarket
    ) -> StructureMargin:
        """No relief: every leg stands alone."""
        return sum_legs(charged)
