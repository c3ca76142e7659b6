"""The Lagrange sections of a prepared ``.ptau``: the powers, transformed for each domain.

For the domain of size m with root w, ``L_j(tau) = (1/m) sum_i w^(-ij) tau^i``. For random r_j the combination
``sum_j s_j L_j`` with ``s = FFT(r)`` is ``sum_i r_i tau^i``: one transform of numbers instead of one of points.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G1Point, G2Point
from snark.errors import Reason, RejectedError
from snark.groth16.ceremony.sections import combine_g1, combine_g2, draw_factors
from snark.groth16.formats.ptau import (
    ALPHA_TAU_G1,
    BETA_TAU_G1,
    LAGRANGE_ALPHA_TAU_G1,
    LAGRANGE_BETA_TAU_G1,
    LAGRANGE_TAU_G1,
    TAU_G1,
    Ptau,
)
from snark.r1cs.column import Column

Point = TypeVar("Point", G1Point, G2Point)

ROOT_POWER: Final = 28
"""r - 1 = 2^28 times an odd number."""
GENERATOR: Final = 5
"""It generates the multiplicative group of the scalar field; its powers are the roots that snarkjs uses."""


def root_of_unity(power: int) -> int:
    """The root of order ``2^power``."""
    return pow(GENERATOR, (GROUP_ORDER - 1) >> power, GROUP_ORDER)


def transform(values: Sequence[int], root: int) -> list[int]:
    """``sum_i values[i] root^(ij)`` for each j: the textbook's recursion."""
    if len(values) == 1:
        return list(values)
    square = root * root % GROUP_ORDER
    even, odd = transform(values[::2], square), transform(values[1::2], square)
    factor, low, high = 1, [], []
    for first, second in zip(even, odd, strict=True):
        turned = second * factor % GROUP_ORDER
        low.append((first + turned) % GROUP_ORDER)
        high.append((first - turned) % GROUP_ORDER)
        factor = factor * root % GROUP_ORDER
    return low + high


def require_lagrange(ptau: Ptau, curve: CurveBackend) -> None:
    """Every Lagrange section is the transform of its powers, for every domain."""
    for powers_kind, lagrange_kind in (
        (TAU_G1, LAGRANGE_TAU_G1),
        (ALPHA_TAU_G1, LAGRANGE_ALPHA_TAU_G1),
        (BETA_TAU_G1, LAGRANGE_BETA_TAU_G1),
    ):
        greatest = ptau.power + (powers_kind == TAU_G1)
        for power in range(greatest + 1):
            in_basis = ptau.lagrange_g1(lagrange_kind, power)
            require_transform(ptau.g1[powers_kind], in_basis, power, combine_g1, curve)
    for power in range(ptau.power + 1):
        require_transform(ptau.tau_g2, ptau.lagrange_g2(power), power, combine_g2, curve)


def require_transform(
    powers: Column[Point],
    in_basis: Column[Point],
    power: int,
    combine: Callable[[Column[Point], Sequence[int], CurveBackend], Point],
    curve: CurveBackend,
) -> None:
    """One domain. The largest has one power fewer than points: its last one counts as zero."""
    size = 1 << power
    present = powers[:size]
    factors = draw_factors(len(present))
    turned = transform(factors + [0] * (size - len(present)), root_of_unity(power))
    if combine(present, factors, curve) != combine(in_basis, turned, curve):
        raise RejectedError(
            Reason.C11_LAGRANGE,
            f"{in_basis.place}, domain 2^{power}",
            found="other points",
            expected="the transform of the powers",
        )
