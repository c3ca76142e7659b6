"""The bounds of every number, written once.

The circuits range-check with the same constants and the wire formats quote them: if a value passes
here, no sum or product that a statement forms of it can wrap in the BN254 scalar field.
"""

from fractions import Fraction

from margin.errors import MalformedError, Reason

PPM = 10**6
"""Rates are parts per million."""

SIZE_BITS = 64
PRICE_BITS = 64
MULTIPLIER_BITS = 64
MONEY_BITS = 100
FUNDING_INDEX_BITS = 64
AMOUNT_BITS = 128
"""An amount of a token in its smallest unit (18 decimals leave room for 3 * 10^20 whole tokens)."""

FUNDING_SCALE = 10**6
"""A cumulative funding index counts 1e-6 of a money unit for one lot."""

ACCOUNT_AMOUNT_BITS = 64
"""An amount of an asset in an account, in the units that the venue accounts in (6 or 8 decimals, not 18)."""
FINE_BITS = 84
"""What one isolated position is worth, in 1e-6 units: 2^64 * 10^6 is below 2^84."""
WEIGHT_BITS = 150
"""What a lot counts for in 1e-6 units: 10^6 * 2^64 * 2^64, and a funding index beside it."""
COVER_PRICE_BITS = 96
"""What an account's unit of an asset is worth, in 1e-12 money units."""
INTERCEPT_BITS = 160
"""What the lower tiers of an asset add to what its balance covers, in 1e-12 money units."""
COVER_BITS = 168
"""What the balances of an account cover, and what its debts ask for: sums of 2^96 * 2^64."""
PARTS_BITS = 40
"""Parts of accounts in one proof of solvency."""
TOTAL_BITS = 130
"""A total in 1e-6 units: 16 balances or positions in each of 2^40 parts."""
RESERVE_BITS = 104
"""What is attested of an asset at all places together."""

FINE_SCALE = 10**6
"""Totals of a venue count 1e-6 of a unit, in which a position's equity is a whole number."""

COVER_SCALE = 10**12
"""What covers a debt counts 1e-12 of a money unit, in which a unit of any asset is worth something."""

MAX_RATE_SCALE = 10**12
"""The common denominator of a tier table's rates: 10^6 for ppm, times 3 for a leverage of 3, ..."""

MAX_LEVERAGE = 1000
MAX_TIERS = 12
MAX_HAIRCUT_TIERS = 12
MAX_LEGS = 8
MAX_INSTRUMENTS = 8
MAX_HOLDINGS = 4
SCENARIOS = 16

MAX_SIZE = 2**SIZE_BITS - 1
MAX_PRICE = 2**PRICE_BITS - 1
MAX_MULTIPLIER = 2**MULTIPLIER_BITS - 1
MAX_MONEY = 2**MONEY_BITS
MAX_FUNDING_INDEX = 2**FUNDING_INDEX_BITS - 1
MAX_AMOUNT = 2**AMOUNT_BITS - 1
MAX_ACCOUNT_AMOUNT = 2**ACCOUNT_AMOUNT_BITS - 1
MAX_FINE = 2**FINE_BITS - 1


def require_integer(value: object, field: str, low: int, high: int, what: str) -> int:
    """``value`` as an integer in [low, high]; a bool, a float or a fraction is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(Reason.NOT_AN_INTEGER, field, found=value, expected=f"an integer: {what}")
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"{what} in [{low}, {high}]")
    return value


def require_size(value: object, field: str = "size") -> int:
    """A size in lots: 1 <= size < 2^64."""
    return require_integer(value, field, 1, MAX_SIZE, "lots")


def require_price(value: object, field: str = "price") -> int:
    """A price in ticks: 1 <= price < 2^64."""
    return require_integer(value, field, 1, MAX_PRICE, "ticks")


def require_multiplier(value: object, field: str = "multiplier") -> int:
    """Money units for one lot for one tick: 1 <= multiplier < 2^64."""
    return require_integer(value, field, 1, MAX_MULTIPLIER, "money units per lot and tick")


def require_funding_index(value: object, field: str = "funding_index") -> int:
    """A cumulative funding index: |index| < 2^64."""
    return require_integer(value, field, -MAX_FUNDING_INDEX, MAX_FUNDING_INDEX, "1e-6 money units per lot")


def require_money(value: Fraction, field: str) -> Fraction:
    """A signed amount of money: |value| <= 2^100 money units."""
    if abs(value) > MAX_MONEY:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"at most 2^{MONEY_BITS} money units")
    return value


def require_money_at_least_zero(value: Fraction, field: str) -> Fraction:
    """An amount of money that may not be negative."""
    if value < 0:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected="an amount of at least 0")
    return require_money(value, field)


def require_rate(value: Fraction, field: str, *, low: Fraction = Fraction(0), high: Fraction = Fraction(1)) -> Fraction:
    """A rate: low <= value <= high, by default between 0 and 100 %."""
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected=f"a rate in [{low}, {high}]")
    return value
