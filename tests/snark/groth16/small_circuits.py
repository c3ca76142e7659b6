"""Constraint systems of any size with a witness, in the binary formats of circom."""

import random
import struct
from dataclasses import dataclass

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER

Combination = dict[int, int]


@dataclass(frozen=True)
class Circuit:
    """Rows ``a * b = c`` over wires, of which the first is one and the next ones are public."""

    rows: list[tuple[Combination, Combination, Combination]]
    values: list[int]
    public: int

    @property
    def r1cs(self) -> bytes:
        """As ``.r1cs``."""
        header = number(FIELD_BYTES) + field(GROUP_ORDER)
        header += b"".join(map(number, (len(self.values), 0, self.public, len(self.values) - self.public - 1)))
        header += struct.pack("<Q", len(self.values)) + number(len(self.rows))
        constraints = b"".join(encode_combination(part) for row in self.rows for part in row)
        labels = b"".join(struct.pack("<Q", wire) for wire in range(len(self.values)))
        return container(b"r1cs", 1, {1: header, 2: constraints, 3: labels})

    def wtns(self, changes: dict[int, int] | None = None) -> bytes:
        """As ``.wtns``, some values of it changed."""
        values = [(changes or {}).get(wire, value) for wire, value in enumerate(self.values)]
        header = number(FIELD_BYTES) + field(GROUP_ORDER) + number(len(values))
        return container(b"wtns", 2, {1: header, 2: b"".join(map(field, values))})


def make_circuit(rows: int, seed: int, public: int = 1) -> Circuit:
    """Each row defines one more wire from earlier ones; values are bits, small, negative and full."""
    choose = random.Random(seed)  # noqa: S311 -- a test is to be repeated
    values = [1, *(choose.choice(SIZES)(choose) for _ in range(public + 2))]
    system: list[tuple[Combination, Combination, Combination]] = []
    for _ in range(rows):
        a, b = (
            {choose.randrange(len(values)): choose.choice((1, -1 % GROUP_ORDER, choose.randrange(1, GROUP_ORDER)))}
            for _ in range(2)
        )
        values.append(evaluate(a, values) * evaluate(b, values) % GROUP_ORDER)
        system.append((a, b, {len(values) - 1: 1}))
    # Every wire is used, so that no change of one goes unseen.
    system.extend(({0: values[wire]}, {0: 1}, {wire: 1}) for wire in range(1, len(values)))
    return Circuit(system, values, public)


SIZES = (
    lambda choose: choose.randrange(2),
    lambda choose: choose.randrange(2**40),
    lambda choose: -choose.randrange(1, 2**40) % GROUP_ORDER,
    lambda choose: choose.randrange(GROUP_ORDER),
)


def evaluate(combination: Combination, values: list[int]) -> int:
    return sum(factor * values[wire] for wire, factor in combination.items()) % GROUP_ORDER


def number(value: int) -> bytes:
    return struct.pack("<I", value)


def field(value: int) -> bytes:
    return value.to_bytes(FIELD_BYTES, "little")


def encode_combination(combination: Combination) -> bytes:
    return number(len(combination)) + b"".join(number(wire) + field(factor) for wire, factor in combination.items())


def container(magic: bytes, version: int, sections: dict[int, bytes]) -> bytes:
    parts = [number(kind) + struct.pack("<Q", len(content)) + content for kind, content in sections.items()]
    return magic + number(version) + number(len(parts)) + b"".join(parts)
