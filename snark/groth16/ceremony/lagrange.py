"""The Lagrange sections of a prepared ``.ptau``: the powers, transformed for each domain.

For the domain of size m with root w, ``L_j(tau) = (1/m) sum_i w^(-ij) tau^i``. For random r_j the combination
``sum_j s_j L_j`` with ``s = FFT(r)`` is ``sum_i r_i tau^i``: one transform of numbers instead of one of points.
"""

from typing import Final

from snark.bn254.constants import FIELD_BYTES
from snark.errors import Reason, RejectedError
from snark.groth16.ceremony.bulk import Bulk, BulkGroup, Point
from snark.groth16.ceremony.progress import Tally
from snark.groth16.ceremony.sections import combine, draw_factors
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

LAGRANGE_OF_POWERS: Final = (
    (TAU_G1, LAGRANGE_TAU_G1),
    (ALPHA_TAU_G1, LAGRANGE_ALPHA_TAU_G1),
    (BETA_TAU_G1, LAGRANGE_BETA_TAU_G1),
)
"""In the first group: the powers, and their section in the Lagrange basis."""


def greatest_domain(ptau: Ptau, kind: int) -> int:
    """The power of the largest domain that a section of powers is transformed for."""
    return ptau.power + (kind == TAU_G1)


def require_lagrange(ptau: Ptau, bulk: Bulk, tally: Tally) -> None:
    """Every Lagrange section is the transform of its powers, for every domain."""
    for powers_kind, lagrange_kind in LAGRANGE_OF_POWERS:
        for power in range(greatest_domain(ptau, powers_kind) + 1):
            in_basis = ptau.lagrange_g1(lagrange_kind, power)
            require_transform(ptau.g1[powers_kind], in_basis, power, bulk, bulk.g1)
            tally.add(len(in_basis))
    for power in range(ptau.power + 1):
        in_basis_g2 = ptau.lagrange_g2(power)
        require_transform(ptau.tau_g2, in_basis_g2, power, bulk, bulk.g2)
        tally.add(len(in_basis_g2))


def require_transform(
    powers: Column[Point], in_basis: Column[Point], power: int, bulk: Bulk, group: BulkGroup[Point]
) -> None:
    """One domain. The largest has one power fewer than points: its last one counts as zero."""
    size = 1 << power
    present = powers[:size]
    factors = draw_factors(len(present))
    turned = bulk.transform(factors.ljust(size * FIELD_BYTES, b"\0"))
    if combine(present, factors, group) != combine(in_basis, turned, group):
        raise RejectedError(
            Reason.C11_LAGRANGE,
            f"{in_basis.place}, domain 2^{power}",
            found="other points",
            expected="the transform of the powers",
        )
