"""Totals: what the statement of the total says in the open, in one of two modes.

    shown     H of the list: owed6 of each asset, debts of each asset, gaps6 of each asset
    hidden    H of the list: reserves of each asset, and 10^6 * (reserves + debts) >= owed6 is proven for every one

A debt is the holder's word to give an asset back, so it stands beside the reserves of that asset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from facts.hash_list import hash_list
from facts.solvency.shape import TotalShape
from facts.solvency.sums import fill
from facts.tags import Tag
from margin.bounds import FINE_SCALE, RESERVE_BITS, TOTAL_BITS, require_integer
from margin.errors import Reason, RejectedError


@unique
class TotalMode(StrEnum):
    """Whether the totals are read by everybody, or only compared with the reserves."""

    SHOWN = "shown"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a venue owes of each asset, has lent of it, and had to bear."""

    owed6: tuple[int, ...]
    debts: tuple[int, ...]
    gaps6: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in Totals.__slots__:
            for place, number in enumerate(getattr(self, name)):
                require_integer(number, f"{name}[{place}]", 0, 2**TOTAL_BITS - 1, "units")

    def commit(self, shape: TotalShape) -> int:
        """The public input in the mode ``shown``."""
        columns = (fill(list(column), shape.assets) for column in (self.owed6, self.debts, self.gaps6))
        return hash_list(Tag.TOTALS, [number for column in columns for number in column])


def commit_reserves(reserves: Sequence[int], shape: TotalShape) -> int:
    """The public input in the mode ``hidden``: whole units of each asset."""
    for place, number in enumerate(reserves):
        require_integer(number, f"reserves[{place}]", 0, 2**RESERVE_BITS - 1, "units")
    return hash_list(Tag.RESERVES, fill(list(reserves), shape.assets))


def require_attested(reserves: Sequence[int], attested: Sequence[int]) -> None:
    """The reserves that a hidden total was proven with are no more than what attesters found."""
    for place, (reserve, found) in enumerate(zip(reserves, attested, strict=True)):
        if reserve > found:
            expected = f"at most {found} units, as attested"
            raise RejectedError(Reason.INSUFFICIENT_MARGIN, f"reserves[{place}]", found=reserve, expected=expected)


def require_reserves(totals: Totals, reserves: Sequence[int]) -> None:
    """What is owed of every asset is there, or lent to holders who cover it."""
    rows = zip(totals.owed6, totals.debts, reserves, strict=True)
    for place, (owed6, debts, reserve) in enumerate(rows):
        if FINE_SCALE * (reserve + debts) < owed6:
            expected = f"at least {-(-owed6 // FINE_SCALE) - debts} units"
            raise RejectedError(Reason.INSUFFICIENT_MARGIN, f"reserves[{place}]", found=reserve, expected=expected)
