"""Portfolios as committed bodies: up to eight instruments that net as one set.

    H(tag, holdings 0 and 1, holdings 2 and 3, holdings 4 and 5, holdings 6 and 7)

Holdings stand by rising number of their instrument, each instrument once. Places without a holding come last and name
the last instrument with no lots, so that every place can be shown to be in the market tree.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from facts.bounds import require_instrument_id
from facts.commitments import hash_elements
from facts.elements import require_range
from facts.packing import HOLDINGS
from facts.tags import Tag
from margin.bounds import MAX_INSTRUMENTS, MAX_SIZE
from margin.errors import MalformedError, Reason

HOLDING_PARTS = ("instrument_id", "lots", "side")
HOLDINGS_OF_A_WORD = len(HOLDINGS.parts) // len(HOLDING_PARTS)


@dataclass(frozen=True, slots=True)
class PortfolioHolding:
    """Lots of one instrument, below zero where they were sold."""

    instrument_id: int = field(repr=False)
    lots: int = field(repr=False)

    def __post_init__(self) -> None:
        require_instrument_id(self.instrument_id)
        require_range(abs(self.lots), "lots", 1, MAX_SIZE, "at least one lot either way, below 2^64")

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that are packed of it."""
        return {"instrument_id": self.instrument_id, "lots": abs(self.lots), "side": int(self.lots < 0)}


@dataclass(frozen=True, slots=True)
class PortfolioBody:
    """What is committed of a portfolio, beside its cash."""

    holdings: tuple[PortfolioHolding, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.holdings) <= MAX_INSTRUMENTS:
            found, expected = f"{len(self.holdings)} holdings", f"1 to {MAX_INSTRUMENTS} holdings"
            raise MalformedError(Reason.WRONG_COUNT, "holdings", found=found, expected=expected)
        for place, (before, after) in enumerate(pairwise(self.holdings), start=1):
            if before.instrument_id >= after.instrument_id:
                expected = "instruments by rising number, each once"
                field_name = f"holdings[{place}].instrument_id"
                raise MalformedError(Reason.DUPLICATE_FIELD, field_name, found="another order", expected=expected)

    @property
    def slots(self) -> tuple[dict[str, int], ...]:
        """The parts of all eight places."""
        given = [holding.parts for holding in self.holdings]
        nothing = {"instrument_id": self.holdings[-1].instrument_id, "lots": 0, "side": 0}
        return (*given, *[nothing] * (MAX_INSTRUMENTS - len(given)))

    def encode(self) -> int:
        """The body as one element."""
        slots, size = self.slots, HOLDINGS_OF_A_WORD
        words = [slots[start : start + size] for start in range(0, len(slots), size)]
        return hash_elements(
            Tag.PORTFOLIO, **{f"holdings[{place}]": encode_word(word) for place, word in enumerate(words)}
        )


def encode_word(slots: tuple[dict[str, int], ...]) -> int:
    """Two places as one element."""
    values = [slot[name] for slot in slots for name in HOLDING_PARTS]
    return HOLDINGS.encode(dict(zip(HOLDINGS.widths, values, strict=True)))
