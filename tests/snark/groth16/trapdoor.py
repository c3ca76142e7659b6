"""Set-ups whose secrets a test keeps: with them all points of keys and proofs are known multiples of a generator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from snark.bn254.constants import FIELD_BYTES, FIELD_MODULUS, GROUP_ORDER
from snark.bn254.encoding import encode_g1, encode_g2
from snark.groth16.domain import root_of_unity
from snark.groth16.proof import Proof
from tests.snark.groth16.simulator import times_g1, times_g2
from tests.snark.groth16.small_circuits import Circuit, container, field, number

Scalars = list[int]


def invert(value: int) -> int:
    return pow(value, -1, GROUP_ORDER)


@dataclass(frozen=True)
class Trapdoor:
    """tau, alpha, beta, gamma, delta, and the circuit that they were used for."""

    circuit: Circuit
    tau: int
    alpha: int
    beta: int
    gamma: int
    delta: int

    @classmethod
    def of(cls, circuit: Circuit, seed: int = 0) -> "Trapdoor":
        choose = random.Random(seed)  # noqa: S311 -- a test is to be repeated
        return cls(circuit, *(choose.randrange(1, GROUP_ORDER) for _ in range(5)))

    @property
    def private(self) -> int:
        """The first private wire."""
        return self.circuit.public + 1

    @property
    def power(self) -> int:
        """The domain has 2 to this power rows: the constraints, and one for each public wire and the one."""
        return max(1, (len(self.circuit.rows) + self.private - 1).bit_length())

    def lagrange(self, power: int) -> Scalars:
        """``L_k(tau)`` for the domain of this power: ``(tau^n - 1) / n * w^k / (tau - w^k)``."""
        count, root = 1 << power, root_of_unity(power)
        share = (pow(self.tau, count, GROUP_ORDER) - 1) * invert(count) % GROUP_ORDER
        powers = [pow(root, k, GROUP_ORDER) for k in range(count)]
        return [share * place * invert(self.tau - place) % GROUP_ORDER for place in powers]

    @cached_property
    def entries(self) -> list[tuple[int, int, int, int]]:
        """Matrix, row, wire and factor of all three matrices; the rows that bind public wires are the last of A."""
        entries = [
            (matrix, row, wire, factor)
            for row, sides in enumerate(self.circuit.rows)
            for matrix, side in enumerate(sides)
            for wire, factor in side.items()
        ]
        return entries + [(0, len(self.circuit.rows) + wire, wire, 1) for wire in range(self.private)]

    @cached_property
    def polynomials(self) -> tuple[Scalars, Scalars, Scalars]:
        """``u_i(tau)``, ``v_i(tau)`` and ``w_i(tau)`` of every wire."""
        lagrange = self.lagrange(self.power)
        columns = tuple([0] * len(self.circuit.values) for _ in range(3))
        for matrix, row, wire, factor in self.entries:
            columns[matrix][wire] = (columns[matrix][wire] + factor * lagrange[row]) % GROUP_ORDER
        u, v, w = columns
        return u, v, w

    @cached_property
    def mixed(self) -> Scalars:
        """``beta u_i(tau) + alpha v_i(tau) + w_i(tau)``."""
        return [(self.beta * u + self.alpha * v + w) % GROUP_ORDER for u, v, w in zip(*self.polynomials, strict=True)]

    @cached_property
    def zkey(self) -> bytes:
        """The proving key as snarkjs writes it."""
        u, v, _ = self.polynomials
        header = number(FIELD_BYTES) + field(FIELD_MODULUS) + number(FIELD_BYTES) + field(GROUP_ORDER)
        header += b"".join(map(number, (len(u), self.circuit.public, 1 << self.power)))
        header += g1_points([self.alpha, self.beta]) + g2_points([self.beta, self.gamma])
        header += g1_points([self.delta]) + g2_points([self.delta])
        by_gamma = [value * invert(self.gamma) for value in self.mixed[: self.private]]
        by_delta = [value * invert(self.delta) for value in self.mixed[self.private :]]
        between = [value * invert(self.delta) for value in self.lagrange(self.power + 1)[1::2]]
        known = [entry for entry in self.entries if entry[0] < 2]
        coefficients = (b"".join(map(number, place)) + field(factor * 2**512 % GROUP_ORDER) for *place, factor in known)
        sections = {
            1: number(1),
            2: header,
            3: g1_points(by_gamma),
            4: number(len(known)) + b"".join(coefficients),
            5: g1_points(u),
            6: g1_points(v),
            7: g2_points(v),
            8: g1_points(by_delta),
            9: g1_points(between),
            10: bytes(64) + number(0),
        }
        return container(b"zkey", 1, sections)

    def prove(self, r: int, s: int) -> Proof:
        """The proof with this r and s, computed with the secrets and not with the key."""
        a_u, a_v, a_w = (weigh(self.circuit.values, column) for column in self.polynomials)
        a, b = self.alpha + a_u + r * self.delta, self.beta + a_v + s * self.delta
        witness = weigh(self.circuit.values[self.private :], self.mixed[self.private :])
        c = (witness + a_u * a_v - a_w) * invert(self.delta) + s * a + r * b - r * s * self.delta
        return Proof(times_g1(a), times_g2(b), times_g1(c))


def weigh(values: Sequence[int], column: Sequence[int]) -> int:
    return sum(value * entry for value, entry in zip(values, column, strict=True)) % GROUP_ORDER


def g1_points(scalars: Scalars) -> bytes:
    return b"".join(encode_g1(times_g1(scalar)) for scalar in scalars)


def g2_points(scalars: Scalars) -> bytes:
    return b"".join(encode_g2(times_g2(scalar)) for scalar in scalars)
