"""Funding by index: what a position owes for the time it has been open.

A market keeps one cumulative index, in 1e-6 money units for one lot. A position remembers the index
at which it last settled and owes

    owed = ceil(side * size * (index_now - index_at_entry) / 10^6)

Longs pay while the index rises. The ceiling is against the trader on both sides: what is paid is
rounded up, what is received is rounded down.
"""

from fractions import Fraction
from math import ceil, floor

from margin.bounds import FUNDING_SCALE
from margin.contracts import Contract, Side


def funding_owed(side: Side, size: int, index_at_entry: int, index_now: int) -> int:
    """Money units that the position owes; negative where it is owed something."""
    return -(-side.sign * size * (index_now - index_at_entry) // FUNDING_SCALE)


def index_step(contract: Contract, mark: Fraction, rate: Fraction) -> int:
    """By how much the index moves for one payment of ``rate`` (signed) at ``mark``.

    The step is mark notional of one lot * rate * 10^6, rounded away from zero so that no payer is
    charged less than the rate says; what that gathers beyond the payouts belongs to the insurance fund.
    """
    exact = contract.lot_value(mark) * rate * FUNDING_SCALE
    return ceil(exact) if exact >= 0 else floor(exact)
