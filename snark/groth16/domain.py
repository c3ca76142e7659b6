"""The powers of a root of unity: where the polynomials of a constraint system have its rows as their values."""

from collections.abc import Iterator, Sequence
from typing import Final

from snark.bn254.constants import GROUP_ORDER

GENERATOR: Final = 5
"""It generates the multiplicative group of the scalar field; its powers are the roots that snarkjs uses."""


def root_of_unity(power: int) -> int:
    """The root of order ``2^power``; r - 1 is 2^28 times an odd number."""
    return pow(GENERATOR, (GROUP_ORDER - 1) >> power, GROUP_ORDER)


def iterate_powers(first: int, ratio: int, count: int) -> Iterator[int]:
    """``first``, ``first ratio``, ``first ratio^2``, ..."""
    factor = first
    for _ in range(count):
        yield factor
        factor = factor * ratio % GROUP_ORDER


def transform(values: Sequence[int], root: int) -> list[int]:
    """``sum_i values[i] root^(ij)`` for each j: the textbook's recursion."""
    if len(values) == 1:
        return list(values)
    square = root * root % GROUP_ORDER
    even, odd = transform(values[::2], square), transform(values[1::2], square)
    low, high = [], []
    for first, second, factor in zip(even, odd, iterate_powers(1, root, len(odd)), strict=True):
        turned = second * factor % GROUP_ORDER
        low.append((first + turned) % GROUP_ORDER)
        high.append((first - turned) % GROUP_ORDER)
    return low + high


def evaluate_between(values: Sequence[int]) -> list[int]:
    """Of the polynomial with these values at the powers of a root, the values at the odd powers of its square root."""
    count = len(values)
    power = count.bit_length() - 1
    root, half_step = root_of_unity(power), root_of_unity(power + 1)
    scaled = transform(values, pow(root, -1, GROUP_ORDER))
    share = pow(count, -1, GROUP_ORDER)
    shifted = [scaled[i] * share * pow(half_step, i, GROUP_ORDER) % GROUP_ORDER for i in range(count)]
    return transform(shifted, root)
