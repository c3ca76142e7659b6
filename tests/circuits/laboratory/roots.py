"""Square roots in the scalar field, after Tonelli and Shanks: r - 1 = 2^28 * odd."""

from collections.abc import Iterator

from snark.bn254.constants import GROUP_ORDER

TWOS = (GROUP_ORDER - 1 & 1 - GROUP_ORDER).bit_length() - 1
ODD = GROUP_ORDER - 1 >> TWOS
NOT_A_SQUARE = 5


def square_roots(value: int) -> Iterator[int]:
    """Both roots of a square, the one of zero, none of anything else."""
    value %= GROUP_ORDER
    if not value:
        yield 0
    elif pow(value, (GROUP_ORDER - 1) // 2, GROUP_ORDER) == 1:
        root = find_root(value)
        yield from (root, GROUP_ORDER - root)


def find_root(square: int) -> int:
    """One root: ``root^2 = square * error``, and the error's order falls until it is 1."""
    root = pow(square, (ODD + 1) // 2, GROUP_ORDER)
    error = pow(square, ODD, GROUP_ORDER)
    turn, order = pow(NOT_A_SQUARE, ODD, GROUP_ORDER), TWOS
    while error != 1:
        exponent, power = 0, error
        while power != 1:
            exponent, power = exponent + 1, power * power % GROUP_ORDER
        factor = pow(turn, 1 << order - exponent - 1, GROUP_ORDER)
        root, order = root * factor % GROUP_ORDER, exponent
        turn = factor * factor % GROUP_ORDER
        error = error * turn % GROUP_ORDER
    return root
