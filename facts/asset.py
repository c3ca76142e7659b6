"""Assets as facts: one leaf for each haircut tier of an asset, for one currency that it backs positions in.

    H(tag, asset, terms, floor, ceiling)

A tier holds for ``floor < gross <= ceiling`` (from 0 on in the first), and in it

    gross          = amount * rate / 10^18
    counted * 10^6 = gross * (10^6 - haircut_ppm) + add_back
    value          = floor(counted)

which is ``margin.basket.Asset.value`` exactly, for the asset as ``quantise_asset`` rounds it. The rate is what 10^18
smallest units are worth before the haircut: price, confidence and the size of a unit are in it, so that a statement
multiplies once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Final

from facts.bounds import NO_CEILING, require_currency_id, require_tier_bounds
from facts.commitments import hash_elements
from facts.elements import derive_element, require_bits, require_element, require_range
from facts.packing import ASSET_TERMS, DEDUCTION_BITS
from facts.quantise import count_ppm, require_whole, round_floor, round_rate
from facts.tags import Tag
from margin.basket import Asset, HaircutTier
from margin.bounds import MONEY_BITS, PPM
from margin.errors import MisuseError, Reason
from margin.tiers import deductions

UNITS_OF_A_RATE: Final = 10**18


@dataclass(frozen=True, slots=True)
class AssetTier:
    """One haircut tier of an asset at one moment."""

    asset: int
    currency_id: int
    rate: int
    """Money units of 10^18 smallest units, before the haircut."""
    haircut_ppm: int
    add_back: int
    """In 1e-6 money units: what the slices below count for beyond this tier's haircut."""
    floor: int
    ceiling: int

    def __post_init__(self) -> None:
        require_element(self.asset, "asset")
        require_currency_id(self.currency_id)
        require_range(self.rate, "rate", 1, 2**MONEY_BITS - 1, "money units: at least 1, below 2^100")
        require_range(self.haircut_ppm, "haircut_ppm", 0, PPM, "ppm: at most 10^6")
        require_bits(self.add_back, "add_back", DEDUCTION_BITS)
        require_tier_bounds(self.floor, self.ceiling)

    def gross(self, amount: int) -> Fraction:
        """What so many smallest units are worth before the haircut."""
        return Fraction(amount * self.rate, UNITS_OF_A_RATE)

    def holds_for(self, gross: Fraction) -> bool:
        """Whether this is the tier of a value."""
        return self.floor < gross <= self.ceiling or gross == self.floor == 0

    def encode_terms(self) -> int:
        """Rate, haircut and currency as one element."""
        return ASSET_TERMS.encode(self.terms_parts)

    @property
    def terms_parts(self) -> dict[str, int]:
        """The numbers that the element of the terms holds, as a statement takes them."""
        return {
            "rate": self.rate,
            "haircut_ppm": self.haircut_ppm,
            "add_back": self.add_back,
            "currency_id": self.currency_id,
        }


def name_asset(name: str) -> int:
    """The element of an asset by a name that is the same everywhere, such as ``eip155:1/slip44:60``."""
    return derive_element(f"asset:{name}")


def commit_asset_tier(tier: AssetTier) -> int:
    """A leaf of the market tree."""
    return hash_elements(Tag.ASSET, asset=tier.asset, terms=tier.encode_terms(), floor=tier.floor, ceiling=tier.ceiling)


# --- From an asset to its tiers ----------------------------------------------------------------------


def quantise_asset_tiers(asset: Asset, *, asset_id: int, currency_id: int) -> tuple[AssetTier, ...]:
    """The leaves of an asset, lowest tier first."""
    asset = quantise_asset(asset)
    rate = require_whole(asset.unit_value * UNITS_OF_A_RATE, "unit_value", "a whole rate")
    floors = [require_whole(tier.floor, "floor", "whole money units") for tier in asset.haircuts]
    rates = [tier.haircut_rate for tier in asset.haircuts]
    add_backs = deductions([tier.floor for tier in asset.haircuts], rates, Fraction(0))
    rows = zip(pairwise([*floors, NO_CEILING]), rates, add_backs, strict=True)
    return tuple(
        AssetTier(asset_id, currency_id, rate, count_ppm(haircut), count_ppm(add_back), low, high)
        for (low, high), haircut, add_back in rows
    )


def quantise_asset(asset: Asset) -> Asset:
    """The asset that leaves express: its unit value in 10^-18 money units, haircuts in ppm, floors in money units."""
    exact = (asset.price - asset.confidence) * asset.unit_value * UNITS_OF_A_RATE
    rate = floor(exact)
    if not 1 <= rate < 2**MONEY_BITS:
        raise MisuseError(
            Reason.NOT_APPLICABLE,
            "unit_value",
            found=exact,
            expected=f"10^18 smallest units worth at least 1 money unit and below 2^{MONEY_BITS}",
        )
    haircuts = tuple(HaircutTier(round_floor(tier.floor), round_rate(tier.haircut_rate)) for tier in asset.haircuts)
    return Asset(price=1, confidence=0, unit_value=Fraction(rate, UNITS_OF_A_RATE), haircuts=haircuts)


def read_asset(tiers: Sequence[AssetTier]) -> Asset:
    """The asset that leaves express, from all of them: what ``quantise_asset`` made."""
    ordered = sorted(tiers, key=lambda tier: tier.floor)
    haircuts = tuple(HaircutTier(Fraction(tier.floor), Fraction(tier.haircut_ppm, PPM)) for tier in ordered)
    return Asset(price=1, confidence=0, unit_value=Fraction(ordered[0].rate, UNITS_OF_A_RATE), haircuts=haircuts)
