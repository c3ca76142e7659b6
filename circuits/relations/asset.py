"""The value of collateral: an amount of an asset in the haircut tier that holds for it.

    gross = amount * rate / 10^18            floor < gross <= ceiling
    value = floor((gross * (10^6 - haircut_ppm) + add_back) / 10^6)

Everything is compared over 10^18 and 10^24, and rounded once, downwards, as ``margin.basket`` does. The tier must be
the one that holds on both sides: counted value is concave, so that any other tier's line lies above it.
"""

from typing import Final

from circuits.builder import Builder
from circuits.gadgets.division import divide
from circuits.gadgets.packing import declare_packed
from circuits.gadgets.ranges import enforce_inside
from circuits.relations.attested import Attested, narrow_attested
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.signal import Bounded, Signal
from facts.asset import UNITS_OF_A_RATE
from facts.packing import ASSET_TERMS
from facts.tags import Tag
from margin.bounds import MAX_MONEY, PPM

MEANINGS: Final = {
    "rate": "money units of 10^18 smallest units, before the haircut",
    "haircut_ppm": "what is not counted",
    "add_back": "what the slices below count for beyond this haircut, in 1e-6 money units",
}


def value_amount(
    builder: Builder, asset: Signal, amount: Bounded, *, currency: Bounded, market_root: Signal, levels: int
) -> Bounded:
    """Money units of ``currency`` that so many smallest units of the asset count for, rounded down."""
    with builder.scope("asset_tier"):
        terms = declare_packed(builder, ASSET_TERMS, MEANINGS, known={"currency_id": currency})
        floor = builder.private("floor", Attested(MAX_MONEY.bit_length()), "the value above which the tier holds")
        ceiling = builder.private("ceiling", Attested(MAX_MONEY.bit_length()), "the value up to which the tier holds")
        leaf = hash_tagged(builder, Tag.ASSET, asset, terms.element, floor, ceiling)
        enforce_member(builder, leaf, market_root, levels, rule="asset_tier_in_round")
        gross = enforce_inside(
            floor * UNITS_OF_A_RATE, amount * terms["rate"], ceiling * UNITS_OF_A_RATE, rule="value_in_tier"
        )
        counted = narrow_attested(PPM - terms["haircut_ppm"], 0, PPM) * gross + terms["add_back"] * UNITS_OF_A_RATE
        value, _ = divide(counted, PPM * UNITS_OF_A_RATE, rule="value_rounds_down")
    return value
