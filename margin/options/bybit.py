"""Bybit's rule for options in cross margin.

Per coin, I the index:

    maintenance  max(maintenance_share * I, maintenance_share * mark) + mark + liquidation_fee * I
    initial      max(max(share * I - OTM, floor_share * I) + max(entry or order price, mark), maintenance)
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from margin.contracts import Side
from margin.options.leg import LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.rule import NOTHING, compute_share_less_otm, explain_otm, require_ordered_shares, sum_legs
from margin.quantities import require_share


@dataclass(frozen=True, slots=True)
class BybitRule:
    """15 % of the index less what is out of the money, never less than the cost of a liquidation."""

    name: ClassVar[str] = "bybit"
    includes_mark: ClassVar[bool] = True
    settlement: ClassVar[Settlement] = Settlement.QUOTE

    share: Fraction
    floor_share: Fraction
    maintenance_share: Fraction
    liquidation_fee: Fraction

    def __post_init__(self) -> None:
        """Refuse shares out of order."""
        require_ordered_shares(self.share, self.floor_share, self.maintenance_share)
        require_share(self.liquidation_fee, "liquidation_fee")

    def charge(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """See the head of this module; a leg without a premium is judged at its mark."""
        if leg.side is Side.LONG:
            return NOTHING
        spot = market.spot
        price = leg.mark if leg.premium is None else max(leg.premium, leg.mark)
        otm_form = compute_share_less_otm(
            leg, coin=spot, share=self.share, floor_share=self.floor_share, reference=spot
        )
        fee = self.liquidation_fee * spot
        maintenance = self.maintenance_share * max(spot, leg.mark) + leg.mark + fee
        initial = max(otm_form + price, maintenance)
        terms = (
            explain_otm(leg, spot),
            Term("risk", "max(share * spot - out of the money, floor share * spot)", otm_form),
            Term("price", "max(premium, mark)", price),
            Term("liquidation fee", "fee rate * spot", fee),
            Term("maintenance per coin", "maintenance share * max(spot, mark) + mark + liquidation fee", maintenance),
            Term("initial per coin", "max(risk + price, maintenance per coin)", initial),
        )
        return LegMargin(initial, maintenance, terms)

    def combine(
        self, _legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], _market: OptionMarket
    ) -> StructureMargin:
        """No relief: every leg stands alone."""
        return sum_legs(charged)
