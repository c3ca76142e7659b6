"""What an option margin rule is, and the two questions that are asked of one.

A venue's rule says what ONE sold option on one coin needs; how a leg and a structure follow from
that is the same for all, unless the rule gives relief (``combine``).
"""

from fractions import Fraction
from typing import ClassVar, Protocol

from margin.errors import MalformedError, Reason
from margin.options.leg import ZERO, LegMargin, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.quantities import require_at_most, require_share, require_tuple


class OptionRule(Protocol):
    """The published standard rule of a venue: a dataclass whose fields are the rule's parameters."""

    name: ClassVar[str]
    """The word by which a policy file asks for the rule."""

    includes_mark: ClassVar[bool]
    """Whether the requirement of a short contains the cost of buying it back.

    Where it does, the equity that is held against it counts cash alone; where it does not,
    equity counts the market value of the options too (negative for shorts).
    """

    @property
    def settlement(self) -> Settlement:
        """The currency of the marks that go in and the requirements that come out."""

    def charge(self, leg: OptionLeg, market: OptionMarket, /) -> LegMargin:
        """What ONE coin's worth of the option needs, held or sold as ``leg`` is."""

    def combine(
        self, legs: tuple[OptionLeg, ...], charged: tuple[LegMargin, ...], market: OptionMarket, /
    ) -> StructureMargin:
        """What the legs of one expiry need together, given what each needs alone."""


NOTHING = LegMargin(ZERO, ZERO, (Term("held option", "its premium is paid in full: nothing", ZERO),))


def sum_legs(charged: tuple[LegMargin, ...]) -> StructureMargin:
    """What legs need together where a venue gives no relief."""
    initial, maintenance = sum_margins(charged)
    terms = (Term("initial", "sum of legs", initial), Term("maintenance", "sum of legs", maintenance))
    return StructureMargin(initial, maintenance, charged, terms)


def coin_value(settlement: Settlement, market: OptionMarket) -> Fraction:
    """One coin in the currency of the requirement."""
    return Fraction(1) if settlement is Settlement.COIN else market.spot


def compute_leg_margin(rule: OptionRule, leg: OptionLeg, market: OptionMarket) -> LegMargin:
    """What ``leg`` needs on its own."""
    unit = rule.charge(leg, market)
    initial, maintenance = unit.initial * leg.quantity, unit.maintenance * leg.quantity
    whole = (
        Term("initial", "initial per coin * quantity", initial),
        Term("maintenance", "maintenance per coin * quantity", maintenance),
    )
    return LegMargin(initial, maintenance, (*unit.terms, *whole))


def compute_structure_margin(rule: OptionRule, legs: tuple[OptionLeg, ...], market: OptionMarket) -> StructureMargin:
    """What ``legs`` of ONE expiry need together."""
    if not require_tuple(legs, OptionLeg, "legs"):
        raise MalformedError(Reason.WRONG_COUNT, "legs", found=0, expected="at least one leg")
    return rule.combine(legs, tuple(compute_leg_margin(rule, leg, market) for leg in legs), market)


def sum_margins(charged: tuple[LegMargin, ...]) -> tuple[Fraction, Fraction]:
    """The plain sums of the initial and of the maintenance requirements."""
    return sum((leg.initial for leg in charged), ZERO), sum((leg.maintenance for leg in charged), ZERO)


def compute_share_less_otm(
    leg: OptionLeg, *, coin: Fraction, share: Fraction, floor_share: Fraction, reference: Fraction
) -> Fraction:
    """``max(share * coin - OTM, floor_share * coin)``: the heart of every venue's initial requirement.

    ``OTM`` is measured at ``reference`` and expressed in the currency of ``coin``.
    """
    otm = leg.otm_amount(reference) * coin / reference
    return max(share * coin - otm, floor_share * coin)


def explain_otm(leg: OptionLeg, price: Fraction) -> Term:
    """The step that says how far out of the money ``leg`` is at ``price``."""
    formula = "max(0, strike - price)" if leg.is_call else "max(0, price - strike)"
    return Term("out of the money", formula, leg.otm_amount(price))


def require_ordered_shares(share: Fraction, floor_share: Fraction, maintenance_share: Fraction) -> None:
    """Hold maintenance <= floor <= share: otherwise a position could be opened that is liquidated at once."""
    require_share(share, "share")
    require_share(floor_share, "floor_share")
    require_share(maintenance_share, "maintenance_share")
    require_at_most(floor_share, "floor_share", share, "share")
    require_at_most(maintenance_share, "maintenance_share", floor_share, "floor_share")
