"""Deribit's rule and those of the venues that copy it: bit.com, OKX, Aevo, and others.

Per coin, U the underlying, c one coin in the settlement currency (1 in coins, U in dollars):

    short call  initial      max(share - OTM/U, floor_share) * scale * c + mark
                maintenance  maintenance_share * scale * c + mark
    short put   initial      the same, and (Deribit, bit.com, Aevo) at least the maintenance
                maintenance  max(maintenance_share * c, maintenance_share * mark) * scale + mark

Deribit: 15 %, 10 %, 7.5 % in coins. bit.com: the same, or in dollars. Aevo: in dollars, maintenance
10 %. OKX: maintenance 3 % or 5 %, moneyness against the forward, a scale that rises with size.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import ClassVar

from margin.contracts import Side
from margin.options.leg import LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.rule import (
    NOTHING,
    coin_value,
    compute_share_less_otm,
    explain_otm,
    require_ordered_shares,
    sum_legs,
)
from margin.quantities import require_choice, require_flag, require_scale


class Reference(Enum):
    """The price against which an option is in or out of the money."""

    SPOT = "spot"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class DeribitRule:
    """A share of the coin, less what the option is out of the money, plus the mark."""

    name: ClassVar[str] = "deribit"
    includes_mark: ClassVar[bool] = True

    share: Fraction
    floor_share: Fraction
    maintenance_share: Fraction
    settlement: Settlement
    put_initial_covers_maintenance: bool
    reference: Reference
    scale: Fraction

    def __post_init__(self) -> None:
        """Refuse shares in an order that would let an initial requirement fall below the maintenance."""
        require_ordered_shares(self.share, self.floor_share, self.maintenance_share)
        require_choice(self.settlement, Settlement, "settlement")
        require_flag(self.put_initial_covers_maintenance, "put_initial_covers_maintenance")
        require_choice(self.reference, Reference, "reference")
        require_scale(self.scale, "scale")

    def charge(self, leg: OptionLeg, market: OptionMarket) -> LegMargin:
        """See the head of this module."""
        if leg.side is Side.LONG:
            return NOTHING
        coin = coin_value(self.settlement, market)
        reference = market.spot if self.reference is Reference.SPOT else market.require_forward()
        form = leg.mark + self.scale * compute_share_less_otm(
            leg, coin=coin, share=self.share, floor_share=self.floor_share, reference=reference
        )
        stake = coin if leg.is_call else max(coin, leg.mark)
        maintenance = self.maintenance_share * stake * self.scale + leg.mark
        covers = self.put_initial_covers_maintenance and not leg.is_call
        initial = max(form, maintenance) if covers else form
        terms = (
            Term("coin", "one coin in the settlement currency", coin),
            explain_otm(leg, reference),
            Term("form", "max(share - OTM / price, floor share) * coin * scale + mark", form),
            Term("stake", "coin" if leg.is_call else "max(coin, mark)", stake),
            Term("maintenance per coin", "maintenance share * stake * scale + mark", maintenance),
            Term("initial per coin", "max(form, maintenance)" if covers else "form", initial),
        )
        return LegMargin(initial, maintenance, terms)

    def combine(
        self, _legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], _market: OptionMarket
    ) -> StructureMargin:
        """No relief: every leg stands alone."""
        return sum_legs(charged)
