"""The instances of Poseidon that circomlib uses: x^5, a width of 2 to 17, eight full rounds, and its partial rounds."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MisuseError, Reason
from snark.poseidon.grain import Grain

Vector = tuple[int, ...]
Matrix = tuple[Vector, ...]

SMALLEST_WIDTH: Final = 2
LARGEST_WIDTH: Final = 17

SBOX_EXPONENT: Final = 5
FULL_ROUNDS: Final = 8
"""Half of them before the partial rounds, half after."""

PARTIAL_ROUNDS: Final = (56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68)
"""By width, from 2 on; circomlib's choice for 128 bits of security."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What one width of Poseidon needs: ``constants[round][place]`` and the matrix that mixes."""

    width: int
    partial_rounds: int
    constants: Matrix
    mixing: Matrix

    @property
    def rounds(self) -> int:
        """All of them."""
        return FULL_ROUNDS + self.partial_rounds

    def is_full(self, number: int) -> bool:
        """Whether every place goes through the S-box in this round, and not the first alone."""
        return not FULL_ROUNDS // 2 <= number < FULL_ROUNDS // 2 + self.partial_rounds


def require_width(width: int) -> int:
    """There is an instance of this width."""
    if not SMALLEST_WIDTH <= width <= LARGEST_WIDTH:
        expected = f"a width of {SMALLEST_WIDTH} to {LARGEST_WIDTH}, which is one more than there are inputs"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "width", found=width, expected=expected)
    return width


def partial_rounds_of(width: int) -> int:
    """How many rounds have a single S-box."""
    return PARTIAL_ROUNDS[require_width(width) - SMALLEST_WIDTH]


def sboxes_of(width: int) -> int:
    """How many S-boxes one permutation has: what its constraints are counted by."""
    return FULL_ROUNDS * width + partial_rounds_of(width)


@cache
def draw_instance(width: int) -> Instance:
    """The instance of this width: first the constants are drawn, then the matrix."""
    partial_rounds = partial_rounds_of(width)
    grain = Grain(modulus=GROUP_ORDER, width=width, full_rounds=FULL_ROUNDS, partial_rounds=partial_rounds)
    rounds = FULL_ROUNDS + partial_rounds
    constants = tuple(tuple(grain.draw_element() for _ in range(width)) for _ in range(rounds))
    return Instance(width, partial_rounds, constants, draw_mixing(grain, width))


def draw_mixing(grain: Grain, width: int) -> Matrix:
    """``1 / (x_i + y_j)``: a Cauchy matrix, of which every square part is invertible.

    The paper throws away a matrix under which some subspace would never meet an S-box; the first one drawn passes for
    every width here, and is the one that circomlib has.
    """
    drawn = [grain.draw_number() % GROUP_ORDER for _ in range(2 * width)]
    while len(set(drawn)) < len(drawn):
        drawn = [grain.draw_number() % GROUP_ORDER for _ in range(2 * width)]
    rows, columns = drawn[:width], drawn[width:]
    return tuple(tuple(pow(row + column, -1, GROUP_ORDER) for column in columns) for row in rows)
