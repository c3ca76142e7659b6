"""Who checks the equation of Groth16: the same two backends as for the curve, one interface.

A proof (A, B, C) of inputs x_1 .. x_n is valid under a key if and only if

    e(A, B) = e(alpha, beta) e(IC_0 + x_1 IC_1 + ... + x_n IC_n, gamma) e(C, delta).

For claims i with coefficients r_i that nobody could foresee, all are valid if (but for a chance of 2^-128 each)

    prod e(r_i A_i, B_i) = e((sum r_i) alpha, beta) e(sum r_i (IC_0 + x_i1 IC_1 + ...), gamma) e(sum r_i C_i, delta),

with the right-hand side once for every key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from snark.bn254.backend import BackendName, choose_name
from snark.bn254.constants import CURVE_PARAMETER, GROUP_ORDER
from snark.bn254.points import G1Point, G2Point
from snark.errors import RejectedError
from snark.groth16.proof import Proof

COEFFICIENT_BYTES: Final = 16
"""The random bytes of one coefficient: 128 bits, so that a wrong batch passes with a chance of 2^-128."""

ENDOMORPHISM_EIGENVALUE: Final = (
    36 * CURVE_PARAMETER**3 + 18 * CURVE_PARAMETER**2 + 6 * CURVE_PARAMETER + 1
) % GROUP_ORDER
"""lambda: multiplication by it is the cheap map (x, y) -> (beta x, y) of the first group."""


class PreparedKey(Protocol):
    """A sane key with what one backend works out in advance."""


@dataclass(frozen=True, slots=True)
class PreparedClaim:
    """A proof of these inputs under this key, or a claim to be one; the inputs have been checked."""

    key: PreparedKey
    inputs: tuple[int, ...]
    unverified_proof: Proof


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of claims together found: what is wrong with single ones, and whether the others hold together."""

    refusals: dict[int, RejectedError]
    holds: bool


class Equation(Protocol):
    """The checks of keys and proofs that need the curve, in one order, with one set of reasons."""

    name: BackendName

    def prepare_key(
        self, alpha: G1Point, beta_gamma_delta: tuple[G2Point, G2Point, G2Point], ic: Sequence[G1Point], encoded: bytes
    ) -> PreparedKey:
        """Refuse what is not sane; ``encoded`` are the same points as in EIP-196/197."""
        ...

    def require_proof(self, claim: PreparedClaim) -> None:
        """Refuse unless the proof is one."""
        ...

    def check_together(self, claims: Sequence[PreparedClaim], randomness: bytes, threads: int) -> Finding:
        """Check many with one equation; ``randomness`` has ``COEFFICIENT_BYTES`` for each."""
        ...


@cache
def load_equation(name: BackendName) -> Equation:
    """The module of the backend, loaded when it is asked for."""
    return cast("Equation", import_module(f"snark.groth16.{name}").EQUATION)


def choose_equation(name: BackendName | str = BackendName.AUTO) -> Equation:
    """The equation as the chosen backend checks it."""
    return load_equation(choose_name(name))


def compute_coefficient(randomness: bytes) -> int:
    """``2^64 + a + b lambda mod r`` for 64 random bits a and 64 random bits b.

    The lattice of lambda has no vector as short as (a, b), so that different bytes give different coefficients, 2^128
    of them; and multiplying a point by one takes half the doublings of a number of 128 bits.
    """
    half = COEFFICIENT_BYTES // 2
    a, b = (int.from_bytes(part, "little") for part in (randomness[:half], randomness[half:]))
    return (2**64 + a + b * ENDOMORPHISM_EIGENVALUE) % GROUP_ORDER
