"""Packings: several bounded numbers in one field element, with one spelling each.

    element = first + second * 2^(bits of first) + third * 2^(bits of first and second) + ...

Statements range-check the very same parts with the very same widths, which is what makes the element a commitment to
each of its numbers: two lists of numbers within their widths never give one element.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from facts.bounds import CURRENCY_ID_BITS, INSTRUMENT_ID_BITS, LISTING_BITS, MARKET_ID_BITS
from facts.elements import ELEMENT_BITS, WITHHELD, require_bits, require_element
from margin.bounds import FINE_BITS, FUNDING_INDEX_BITS, MONEY_BITS, MULTIPLIER_BITS, PRICE_BITS, SIZE_BITS
from margin.errors import InternalError, MalformedError, Reason

PPM_BITS: Final = 20
"""10^6 is below 2^20."""
DEDUCTION_BITS: Final = 120
"""A deduction counts 1e-6 of a money unit: 2^100 * 10^6 is below 2^120."""
OUTCOME_BITS: Final = 62
OUTCOME_BIAS: Final = 2 ** (OUTCOME_BITS - 1)
"""An outcome is stored as ``outcome + 2^61``, so that no sign has to be kept, and four fill an element."""
SHORT_MINIMUM_BITS: Final = 64
RULE_BITS: Final = 3
TIERS_DOWN_BITS: Final = 4


@dataclass(frozen=True, slots=True)
class Packing:
    """Named parts with their widths, the lowest first."""

    name: str
    parts: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.parts]
        if self.bits > ELEMENT_BITS or len(set(names)) != len(names) or any(bits < 1 for _, bits in self.parts):
            expected = f"different names and at most {ELEMENT_BITS} bits"
            raise InternalError(Reason.BROKEN_INVARIANT, self.name, found=self.parts, expected=expected)

    @property
    def bits(self) -> int:
        """The width of the whole."""
        return sum(bits for _, bits in self.parts)

    @property
    def widths(self) -> dict[str, int]:
        """The width of each part."""
        return dict(self.parts)

    def encode(self, values: Mapping[str, int]) -> int:
        """The element of ``values``; each part once, and within its width."""
        self.require_names(values)
        element = place = 0
        for name, bits in self.parts:
            element |= require_bits(values[name], f"{self.name}.{name}", bits) << place
            place += bits
        return element

    def decode(self, element: int) -> dict[str, int]:
        """The parts of ``element``; one with bits beyond the last part is refused."""
        rest = require_element(element, self.name)
        values = {}
        for name, bits in self.parts:
            values[name] = rest & (1 << bits) - 1
            rest >>= bits
        if rest:
            expected = f"no more than {self.bits} bits"
            raise MalformedError(Reason.OUT_OF_BOUNDS, self.name, found=WITHHELD, expected=expected)
        return values

    def require_names(self, values: Mapping[str, int]) -> None:
        """All parts and no others."""
        missing = [name for name, _ in self.parts if name not in values]
        if missing:
            field = f"{self.name}.{missing[0]}"
            raise MalformedError(Reason.MISSING_FIELD, field, found="nothing", expected="a number")
        unknown = sorted(set(values) - set(self.widths))
        if unknown:
            field = f"{self.name}.{unknown[0]}"
            raise MalformedError(Reason.UNKNOWN_FIELD, field, found=WITHHELD, expected=f"only {', '.join(self.widths)}")


def split_sign(value: int) -> tuple[int, int]:
    """A signed number as magnitude and sign (1: below zero)."""
    return abs(value), int(value < 0)


def sign_parts(value: int) -> dict[str, int]:
    """A signed number as the parts of ``CASH`` and ``FUNDING``."""
    magnitude, sign = split_sign(value)
    return {"magnitude": magnitude, "sign": sign}


def join_sign(magnitude: int, sign: int, field: str) -> int:
    """The number of a magnitude and a sign; zero has the sign 0, so that it has one spelling."""
    if sign and not magnitude:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found="a negative zero", expected="zero without a sign")
    return -magnitude if sign else magnitude


PERP_BODY: Final = Packing(
    "body",
    (
        ("side", 1),
        ("size", SIZE_BITS),
        ("entry_notional", MONEY_BITS),
        ("funding_magnitude", FUNDING_INDEX_BITS),
        ("funding_sign", 1),
        ("market_id", MARKET_ID_BITS),
    ),
)
"""A perpetual or future: side 1 is short; the funding index is the one at entry."""

CASH: Final = Packing("cash", (("magnitude", MONEY_BITS), ("sign", 1)))

MARKET_TERMS: Final = Packing(
    "terms",
    (
        ("market_id", MARKET_ID_BITS),
        ("kind", 1),
        ("currency_id", CURRENCY_ID_BITS),
        ("multiplier", MULTIPLIER_BITS),
        ("low_price", PRICE_BITS),
        ("high_price", PRICE_BITS + 1),
    ),
)
"""What the tiers of a market share: kind 1 is inverse; longs stand at the low price, shorts at the high one."""

FUNDING: Final = Packing("funding", (("magnitude", FUNDING_INDEX_BITS), ("sign", 1)))
"""The cumulative funding index of a market."""

REQUIREMENT_TERMS: Final = Packing(
    "requirement",
    (
        ("rate_ppm", PPM_BITS),
        ("deduction", DEDUCTION_BITS),
        ("fee_ppm", PPM_BITS),
        ("on_entry", 1),
        ("fee_on_entry", 1),
        ("fee_on_bankruptcy", 1),
    ),
)
"""One requirement in one tier; the deduction is in 1e-6 money units, the fee is zero where the scope leaves it out."""

ASSET_TERMS: Final = Packing(
    "terms",
    (
        ("rate", MONEY_BITS),
        ("haircut_ppm", PPM_BITS),
        ("add_back", DEDUCTION_BITS),
        ("currency_id", CURRENCY_ID_BITS),
    ),
)
"""One haircut tier: the rate in money units for 10^18 smallest units, what slices below add back in 1e-6 of one."""

INSTRUMENT_TERMS: Final = Packing(
    "terms",
    (
        ("instrument_id", INSTRUMENT_ID_BITS),
        ("currency_id", CURRENCY_ID_BITS),
        ("short_minimum", SHORT_MINIMUM_BITS),
    ),
)
"""Which instrument, whose money it counts in, and what each lot sold adds to a requirement."""

OUTCOMES: Final = Packing("outcomes", tuple((name, OUTCOME_BITS) for name in ("first", "second", "third", "fourth")))
"""Four outcomes of an instrument, each with its bias."""

LEG: Final = Packing(
    "leg",
    (("quantity", SIZE_BITS), ("strike", PRICE_BITS), ("side", 1), ("is_call", 1), ("is_put", 1)),
)
"""A leg of a structure: side 1 is short; an underlying is neither call nor put; all zeros is no leg."""

HOLDINGS: Final = Packing(
    "holdings",
    tuple(
        (f"{place}_{name}", bits)
        for place in ("first", "second")
        for name, bits in (("instrument_id", INSTRUMENT_ID_BITS), ("lots", SIZE_BITS), ("side", 1))
    ),
)
"""Two holdings of a portfolio: side 1 is short, and no lots is no holding."""

ISOLATED_POSITION: Final = Packing(
    "position",
    (
        ("side", 1),
        ("size", SIZE_BITS),
        ("market", LISTING_BITS),
        ("quote_magnitude", FINE_BITS),
        ("quote_sign", 1),
        ("equity_magnitude", FINE_BITS),
        ("equity_sign", 1),
    ),
)
"""A position of an account in a proof of solvency: side 1 is short, the market is its place in the tables."""

POLICY: Final = Packing(
    "policy",
    (
        ("maintenance", 1),
        ("shock_ppm", PPM_BITS),
        ("buffer_ppm", PPM_BITS),
        ("least_basket_value", MONEY_BITS),
    ),
)
"""The public word in which a statement's policy stands."""

LIQUIDATION_TERMS: Final = Packing(
    "liquidation",
    (
        ("rule", RULE_BITS),
        ("on_initial", 1),
        ("penalty_ppm", PPM_BITS),
        ("buffer_ppm", PPM_BITS),
        ("fee_ppm", PPM_BITS),
        ("fraction_ppm", PPM_BITS),
        ("threshold", MONEY_BITS),
        ("tiers_down", TIERS_DOWN_BITS),
    ),
)
"""How a market liquidates; all zeros is a market in which nothing is liquidated, for no rule is 0."""

WALLET: Final = Packing(
    "wallet",
    (("paid_in", MONEY_BITS), ("paid_out", MONEY_BITS), ("currency_id", CURRENCY_ID_BITS)),
)
"""What the wallet of an owner pays when positions change, what it is paid, and in which currency."""

SETTLEMENT: Final = Packing("settlement", (("fees", MONEY_BITS), ("magnitude", MONEY_BITS), ("sign", 1)))
"""What the venue is paid as fees, and what the rest of the market is paid: sign 1 where it pays."""
