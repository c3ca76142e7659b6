"""The bounds of what only facts have: numbers of chains, markets, currencies and instruments, amounts, tiers.

Numbers of things begin at 1, so that a number that was forgotten is none.
"""

from typing import Final

from facts.elements import require_range
from margin.bounds import AMOUNT_BITS, MAX_MONEY

CHAIN_ID_BITS: Final = 64
DEPOSIT_INDEX_BITS: Final = 64
MARKET_ID_BITS: Final = 20
CURRENCY_ID_BITS: Final = 12
INSTRUMENT_ID_BITS: Final = 20
LISTING_BITS: Final = 12
"""The place of a market or an asset in the tables of a proof of solvency."""
PART_NUMBER_BITS: Final = 72
"""What orders the parts of accounts: eight bits of a class, 64 of a hash."""

NO_CEILING: Final = MAX_MONEY
"""A last tier without a cap ends where money does."""


def require_number(value: object, field: str, bits: int, what: str) -> int:
    """The number of something, from 1 on."""
    return require_range(value, field, 1, 2**bits - 1, f"{what}: at least 1, at most {bits} bits")


def require_chain_id(value: object) -> int:
    """A chain, by the number that it calls itself by."""
    return require_number(value, "chain_id", CHAIN_ID_BITS, "the number of a chain")


def require_market_id(value: object) -> int:
    """A market of a venue."""
    return require_number(value, "market_id", MARKET_ID_BITS, "the number of a market")


def require_currency_id(value: object) -> int:
    """A currency that markets settle in."""
    return require_number(value, "currency_id", CURRENCY_ID_BITS, "the number of a currency")


def require_instrument_id(value: object) -> int:
    """An instrument with a risk array."""
    return require_number(value, "instrument_id", INSTRUMENT_ID_BITS, "the number of an instrument")


def require_amount(value: object) -> int:
    """So much of an asset; nothing is no amount."""
    return require_number(value, "amount", AMOUNT_BITS, "smallest units")


def require_tier_bounds(low: object, high: object) -> None:
    """A tier is somewhere: its floor is below its ceiling, and both are money."""
    floor = require_range(low, "floor", 0, MAX_MONEY - 1, "money units: at least 0, below 2^100")
    require_range(high, "ceiling", floor + 1, MAX_MONEY, "money units: above the floor, at most 2^100")
