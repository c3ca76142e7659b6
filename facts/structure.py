"""Structures as committed bodies: up to eight legs on one market with one expiry.

    H(tag, market id, expiry, leg[0], ..., leg[7])

Legs stand by rising strike, and places without a leg come first, as zeros: a structure has one body.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from facts.bounds import require_market_id
from facts.commitments import hash_elements
from facts.elements import require_bits, require_range
from facts.packing import LEG
from facts.quantise import require_whole
from facts.tags import Tag
from margin.bounds import MAX_LEGS, MAX_PRICE, MAX_SIZE
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.payoff import Leg, LegKind, Structure

EXPIRY_BITS = 40
"""Seconds since 1970 for 34,000 years."""


@dataclass(frozen=True, slots=True)
class StructureLeg:
    """A leg in lots and ticks."""

    kind: LegKind = field(repr=False)
    side: Side = field(repr=False)
    quantity: int = field(repr=False)
    strike: int = field(repr=False)
    """The strike of an option, the entry price of a future, 0 of the coin itself."""

    def __post_init__(self) -> None:
        require_range(self.quantity, "quantity", 1, MAX_SIZE, "lots: at least 1, below 2^64")
        least = 0 if self.kind is LegKind.UNDERLYING else 1
        require_range(self.strike, "strike", least, MAX_PRICE, f"ticks: at least {least}, below 2^64")

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that the leg's element holds."""
        return {
            "quantity": self.quantity,
            "strike": self.strike,
            "side": int(self.side is Side.SHORT),
            "is_call": int(self.kind is LegKind.CALL),
            "is_put": int(self.kind is LegKind.PUT),
        }


NO_LEG = dict.fromkeys(LEG.widths, 0)


@dataclass(frozen=True, slots=True)
class StructureBody:
    """What is committed of a structure, beside its cash."""

    market_id: int = field(repr=False)
    expiry: int = field(repr=False)
    legs: tuple[StructureLeg, ...] = field(repr=False)

    def __post_init__(self) -> None:
        require_market_id(self.market_id)
        require_bits(self.expiry, "expiry", EXPIRY_BITS)
        if not 1 <= len(self.legs) <= MAX_LEGS:
            found, expected = f"{len(self.legs)} legs", f"1 to {MAX_LEGS} legs"
            raise MalformedError(Reason.WRONG_COUNT, "legs", found=found, expected=expected)

    @property
    def slots(self) -> tuple[dict[str, int], ...]:
        """The parts of all eight places, by rising strike."""
        given = sorted((leg.parts for leg in self.legs), key=lambda parts: (parts["strike"], LEG.encode(parts)))
        return (*[NO_LEG] * (MAX_LEGS - len(given)), *given)

    def encode(self) -> int:
        """The body as one element."""
        legs = {f"legs[{place}]": LEG.encode(parts) for place, parts in enumerate(self.slots)}
        return hash_elements(Tag.STRUCTURE, market_id=self.market_id, expiry=self.expiry, **legs)


def quantise_leg(leg: Leg, *, lot: Fraction, tick: Fraction) -> StructureLeg:
    """A leg of ``margin`` in lots and ticks, where it is whole numbers of them."""
    quantity = require_whole(leg.quantity / lot, "quantity", "whole lots")
    return StructureLeg(leg.kind, leg.side, quantity, require_whole(leg.strike / tick, "strike", "whole ticks"))


def quantise_structure(
    structure: Structure, *, market_id: int, expiry: int, lot: Fraction = Fraction(1), tick: Fraction = Fraction(1)
) -> StructureBody:
    """The body of a structure of ``margin`` whose quantities and prices are in units that a lot and a tick divide."""
    legs = tuple(quantise_leg(leg, lot=lot, tick=tick) for leg in structure.legs)
    return StructureBody(market_id, expiry, legs)
