"""Square roots in the scalar field, after Tonelli and Shanks: r - 1 = 2^28 * odd."""

from functools import lru_cache
from typing import Final

from snark.bn254.constants import GROUP_ORDER

TWOS: Final = (GROUP_ORDER - 1 & 1 - GROUP_ORDER).bit_length() - 1
ODD: Final = GROUP_ORDER - 1 >> TWOS
NOT_A_SQUARE: Final = 5
TURN: Final = pow(NOT_A_SQUARE, ODD, GROUP_ORDER)
"""Of order 2^28."""


@lru_cache(maxsize=1 << 14)
def square_roots(value: int) -> tuple[int, ...]:
    """Both roots of a square, the one of zero, none of anything else.

    ``root^2 = value * error``, and the error's order falls until it is 1; that of no square is 2^28 from the start.
    """
    value %= GROUP_ORDER
    if not value:
        return (0,)
    half = pow(value, (ODD - 1) // 2, GROUP_ORDER)
    root = half * value % GROUP_ORDER
    error, turn, order = half * root % GROUP_ORDER, TURN, TWOS
    while error != 1:
        exponent, power = 0, error
        while power != 1:
            exponent, power = exponent + 1, power * power % GROUP_ORDER
        if exponent == TWOS:
            return ()
        factor = pow(turn, 1 << order - exponent - 1, GROUP_ORDER)
        root, order = root * factor % GROUP_ORDER, exponent
        turn = factor * factor % GROUP_ORDER
        error = error * turn % GROUP_ORDER
    return (root, GROUP_ORDER - root)
