"""What an order sets aside before it is filled: the premium of a buyer, the margin of a seller, the fee of both."""

from dataclasses import dataclass
from fractions import Fraction

from margin.contracts import Side
from margin.options.leg import ZERO, OptionLeg, OptionMarket, Term
from margin.options.rule import OptionRule, coin_value, compute_leg_margin
from margin.quantities import require_share


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """A venue's fee for one coin of underlying, and the least that a seller's order sets aside.

    fee = min(fee_rate * coin, fee_cap * order price); the least is ``minimum_share * coin``.
    """

    fee_rate: Fraction
    fee_cap: Fraction
    minimum_share: Fraction

    def __post_init__(self) -> None:
        """Hold every share to 100 %."""
        require_share(self.fee_rate, "fee_rate")
        require_share(self.fee_cap, "fee_cap")
        require_share(self.minimum_share, "minimum_share")


@dataclass(frozen=True, slots=True)
class OrderMargin:
    """What an order sets aside, and the steps that lead there."""

    amount: Fraction
    terms: tuple[Term, ...]


def compute_option_fee(terms: OrderTerms, rule: OptionRule, order: OptionLeg, market: OptionMarket) -> Fraction:
    """The trading fee of the whole order: a share of the underlying, capped by a share of the premium."""
    per_coin = min(terms.fee_rate * coin_value(rule.settlement, market), terms.fee_cap * order.require_premium())
    return per_coin * order.quantity


def compute_order_margin(rule: OptionRule, terms: OrderTerms, order: OptionLeg, market: OptionMarket) -> OrderMargin:
    """What ``order`` at the price ``order.premium`` sets aside.

    A buyer pays premium + fee. A seller needs the position's initial margin + fee, less the
    premium that the fill brings, and no less than the venue's least.
    """
    premium = order.require_premium() * order.quantity
    fee = compute_option_fee(terms, rule, order, market)
    paid = (Term("premium", "order price * quantity", premium), Term("fee", "min(rate, cap) * quantity", fee))
    if order.side is Side.LONG:
        return OrderMargin(premium + fee, (*paid, Term("order", "premium + fee", premium + fee)))
    position = compute_leg_margin(rule, order, market)
    least = max(ZERO, terms.minimum_share * coin_value(rule.settlement, market) * order.quantity)
    amount = max(position.initial + fee - premium, least)
    final = (
        Term("least", "minimum share * coin * quantity", least),
        Term("order", "max(initial + fee - premium, least)", amount),
    )
    return OrderMargin(amount, (*position.terms, *paid, *final))
