"""Where a position stands in a queue: ``margin.deleverage.score_candidate``, exact, and two of them compared.

    in profit    pnl / basis * notional / equity          in loss    pnl / basis * equity / notional

The four amounts of a position are over one denominator, 1 or the price of an inverse contract, which a quotient of two
and two of them does not have. Each is below 2^124, so that a score is a numerator and a denominator below 2^248, and

    n_i / d_i >= n_j / d_j      as      n_i * d_j - n_j * d_i >= 0

is a number of two limbs times another one: its three coefficients are carried from the lowest up, and the last one,
with its carry, is at least 0.
"""

from dataclasses import dataclass
from typing import Final

from circuits.gadgets.comparison import is_at_least_zero, is_zero
from circuits.gadgets.division import divide
from circuits.gadgets.ranges import enforce_at_least_zero, narrow_implied
from circuits.gadgets.selection import select, swap
from circuits.gadgets.signed import with_sign
from circuits.signal import Bit, Bounded

AMOUNT_BITS: Final = 124
"""An amount of a ranked position over the denominator, and a limb of a product of two."""
LIMB: Final = 1 << AMOUNT_BITS
Limbs = tuple[Bounded, Bounded]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A signed numerator and a denominator of at least 0, each in two limbs."""

    numerator: Limbs
    denominator: Limbs


def compute_score(falling: Bit, notional: Bounded, entry: Bounded, equity: Bounded, on_mark: Bit) -> Score:
    """The score of amounts that are at least 0 and below 2^124."""
    pnl = with_sign(falling, notional - entry)
    loss = is_at_least_zero(pnl - 1).negated()
    size = narrow_implied(with_sign(loss, pnl), 0, LIMB - 1)
    above, below = swap(loss, notional, equity)
    low, high = split(size * above, "numerator_splits")
    basis = select(on_mark, notional, entry)
    return Score((with_sign(loss, low), with_sign(loss, high)), split(basis * below, "denominator_splits"))


def split(value: Bounded, rule: str) -> Limbs:
    """The two limbs of a number of twice their bits, the lower one first."""
    high, low = divide(value, LIMB, rule=rule)
    return low, high


def enforce_ranked(front: Score, behind: Score) -> Bit:
    """The score in front is at least the one behind it; what comes back is 1 if they are the same."""
    (front_low, front_high), (behind_low, behind_high) = front.numerator, behind.numerator
    (own_low, own_high), (other_low, other_high) = front.denominator, behind.denominator
    lowest = front_low * other_low - behind_low * own_low
    middle = front_low * other_high + front_high * other_low - behind_low * own_high - behind_high * own_low
    highest = front_high * other_high - behind_high * own_high
    first, carried = carry(lowest, "lowest_is_carried")
    second, carried = carry(middle + carried, "middle_is_carried")
    last = enforce_at_least_zero(highest + carried, rule="highest_score_first")
    return is_zero(first + second + last)


def carry(value: Bounded, rule: str) -> tuple[Bounded, Bounded]:
    """``value = rest + 2^124 * carried`` with a rest of 0 to 2^124 - 1: a division of a signed number."""
    shift = -(value.low // LIMB)
    carried, rest = divide(value + shift * LIMB, LIMB, rule=rule)
    return rest, carried - shift
