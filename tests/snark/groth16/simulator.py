"""Keys whose secrets are known, and so proofs of anything: vectors of our own, with as many inputs as a test wants.

With alpha, beta, gamma, delta and the IC scalars known, every pair (a, b) has a c that satisfies the equation:
``ab = alpha beta + (ic_0 + x_1 ic_1 + ...) gamma + c delta``.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from snark.bn254.backend import choose_curve
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G1, G2, G1Point, G2Point
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof

CURVE = choose_curve()


def times_g1(scalar: int) -> G1Point:
    return CURVE.multiply_g1(G1, scalar % GROUP_ORDER)


def times_g2(scalar: int) -> G2Point:
    return CURVE.multiply_g2(G2, scalar % GROUP_ORDER)


@dataclass(frozen=True)
class Simulator:
    """The secrets of a key that no one should use."""

    alpha: int
    beta: int
    gamma: int
    delta: int
    ic: tuple[int, ...]

    @classmethod
    def of(cls, inputs: int, seed: int = 0) -> "Simulator":
        choose = random.Random(f"{inputs}/{seed}")  # noqa: S311 -- the same vectors every time
        scalars = [choose.randrange(1, GROUP_ORDER) for _ in range(5 + inputs)]
        alpha, beta, gamma, delta, *ic = scalars
        return cls(alpha, beta, gamma, delta, tuple(ic))

    @cached_property
    def key(self) -> VerifyingKey:
        return VerifyingKey(
            times_g1(self.alpha),
            times_g2(self.beta),
            times_g2(self.gamma),
            times_g2(self.delta),
            tuple(map(times_g1, self.ic)),
        )

    def prove(self, inputs: Sequence[int], seed: int = 0) -> Proof:
        choose = random.Random(f"{tuple(inputs)}/{seed}")  # noqa: S311 -- likewise
        a, b = choose.randrange(1, GROUP_ORDER), choose.randrange(1, GROUP_ORDER)
        statement = sum(x * scalar for x, scalar in zip((1, *inputs), self.ic, strict=True))
        c = (a * b - self.alpha * self.beta - statement * self.gamma) * pow(self.delta, -1, GROUP_ORDER)
        return Proof(times_g1(a), times_g2(b), times_g1(c))
