"""The equation of Groth16 in the symbols of the paper, over the reference curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from snark.bn254.backend import BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G1_INFINITY, G1Point, G2Point
from snark.bn254.reference import CURVE, require_finite, sum_of_multiples_g1, to_g1, to_g2, to_twist
from snark.errors import Reason, RejectedError
from snark.groth16.equation import (
    COEFFICIENT_BYTES,
    Finding,
    PreparedClaim,
    PreparedKey,
    compute_coefficient,
)
from snark.groth16.proof import Proof

Pair = tuple[G1Point, G2Point]


@dataclass(frozen=True, slots=True)
class ReferenceKey:
    """A sane key; nothing is worked out in advance."""

    alpha: G1Point
    beta: G2Point
    gamma: G2Point
    delta: G2Point
    ic: tuple[G1Point, ...]


class ReferenceEquation:
    """Every step as it is written in the paper."""

    name = BackendName.REFERENCE

    def prepare_key(
        self, alpha: G1Point, beta_gamma_delta: tuple[G2Point, G2Point, G2Point], ic: Sequence[G1Point], _encoded: bytes
    ) -> PreparedKey:
        """Refuse infinity, what is off the curve or outside the subgroup, and gamma = +-delta."""
        beta, gamma, delta = beta_gamma_delta
        CURVE.require_g1(alpha, "vk_alpha_1")
        named = (("vk_beta_2", beta), ("vk_gamma_2", gamma), ("vk_delta_2", delta))
        for field, point in named:
            require_finite(point, field)
            to_twist(point, field)
        for field, point in named:
            to_g2(point, field)
        if gamma.x == delta.x:
            found, expected = "gamma or its negative", "a delta that someone contributed to"
            raise RejectedError(Reason.V21_KEY_GAMMA_DELTA, "vk_delta_2", found=found, expected=expected)
        for index, ic_point in enumerate(ic):
            CURVE.require_g1(ic_point, f"IC[{index}]")
        return ReferenceKey(alpha, beta, gamma, delta, tuple(ic))

    def require_proof(self, claim: PreparedClaim) -> None:
        """``e(-A, B) e(alpha, beta) e(IC_0 + x_1 IC_1 + ..., gamma) e(C, delta) = 1``."""
        key, proof = cast("ReferenceKey", claim.key), claim.unverified_proof
        require_points(proof)
        pairs = [
            (-proof.a, proof.b),
            (key.alpha, key.beta),
            (sum_up(key.ic, (1, *claim.inputs)), key.gamma),
            (proof.c, key.delta),
        ]
        if not CURVE.is_pairing_product_one(pairs):
            found, expected = "another claim", "a proof of these inputs"
            raise RejectedError(Reason.V17_EQUATION_FAILS, "proof", found=found, expected=expected)

    def check_together(self, claims: Sequence[PreparedClaim], randomness: bytes, _threads: int) -> Finding:
        """Both sides to the power of its coefficient for each claim whose points are in order, all multiplied."""
        refusals: dict[int, RejectedError] = {}
        pairs: list[Pair] = []
        sums: dict[int, Sums] = {}
        for place, claim in enumerate(claims):
            proof = claim.unverified_proof
            try:
                require_points(proof)
            except RejectedError as refusal:
                refusals[place] = refusal
                continue
            r = compute_coefficient(randomness[place * COEFFICIENT_BYTES : (place + 1) * COEFFICIENT_BYTES])
            pairs.append((CURVE.multiply_g1(-proof.a, r), proof.b))
            key = cast("ReferenceKey", claim.key)
            sums.setdefault(id(key), Sums(key)).add_claim(r, claim.inputs, proof.c)
        pairs += [pair for of_key in sums.values() for pair in of_key.pairs()]
        return Finding(refusals, CURVE.is_pairing_product_one(pairs))


class Sums:
    """What the claims under one key come to: ``sum r_i (1, x_i1, x_i2, ...)`` and ``sum r_i C_i``."""

    def __init__(self, key: ReferenceKey) -> None:
        self.key = key
        self.factors = [0] * len(key.ic)
        self.c = G1_INFINITY

    def add_claim(self, r: int, inputs: Sequence[int], c: G1Point) -> None:
        """One more claim of this key."""
        terms = zip(self.factors, (1, *inputs), strict=True)
        self.factors = [(factor + r * term) % GROUP_ORDER for factor, term in terms]
        self.c = CURVE.add_g1(self.c, CURVE.multiply_g1(c, r))

    def pairs(self) -> list[Pair]:
        """The right-hand side."""
        alpha = CURVE.multiply_g1(self.key.alpha, self.factors[0])
        statement = sum_up(self.key.ic, self.factors)
        return [(alpha, self.key.beta), (statement, self.key.gamma), (self.c, self.key.delta)]


def require_points(proof: Proof) -> None:
    """Refuse infinity and what is off the curve, and then a B outside the subgroup."""
    CURVE.require_g1(proof.a, "pi_a")
    require_finite(proof.b, "pi_b")
    to_twist(proof.b, "pi_b")
    require_finite(proof.c, "pi_c")
    to_g1(proof.c, "pi_c")
    to_g2(proof.b, "pi_b")


def sum_up(points: Sequence[G1Point], factors: Sequence[int]) -> G1Point:
    """``factors[0] points[0] + factors[1] points[1] + ...``."""
    return sum_of_multiples_g1([to_g1(point, "IC") for point in points], factors)


EQUATION: Final = ReferenceEquation()
