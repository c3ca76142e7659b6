"""Proofs as their author never wrote them, and what a backend says of each: the reason and the field."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.points import G2Point
from snark.errors import SnarkError
from snark.groth16.formats.calldata import decode_proof, encode_proof
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof
from snark.groth16.verify import verify_proof
from tests.snark.groth16.simulator import Simulator, times_g1, times_g2
from tests.snark.groth16.twist import TwistTorsion

WORD, WORDS = 32, 8
SIMULATOR = Simulator.of(2)
KEY = SIMULATOR.key
EXPENSIVE = frozenset({"V16_OUTSIDE_SUBGROUP", "V17_EQUATION_FAILS", "valid"})
"""What the reference needs a multiplication by r, or pairings, to find out."""


@dataclass
class Case:
    """A statement and calldata, to be mutated."""

    inputs: list[int]
    data: bytearray

    def word(self, index: int) -> int:
        return int.from_bytes(self.data[index * WORD : (index + 1) * WORD], "big")

    def set_word(self, index: int, value: int) -> None:
        self.data[index * WORD : (index + 1) * WORD] = (value % 2**256).to_bytes(WORD, "big")


Mutation = Callable[[Case, random.Random], None]


def flip_bit(case: Case, choose: random.Random) -> None:
    bit = choose.randrange(8 * len(case.data))
    case.data[bit // 8] ^= 1 << bit % 8


def change_word(case: Case, choose: random.Random) -> None:
    p = FIELD_MODULUS
    value = case.word(index := choose.randrange(WORDS))
    case.set_word(index, choose.choice([0, 1, p - 1, p, p + 1, 2**256 - 1, value + p, p - value, value + 1]))


def swap_words(case: Case, choose: random.Random) -> None:
    i, j = choose.randrange(WORDS), choose.randrange(WORDS)
    first, second = case.word(i), case.word(j)
    case.set_word(i, second)
    case.set_word(j, first)


def negate_point(case: Case, choose: random.Random) -> None:
    for index in choose.choice([(1,), (4, 5), (7,)]):
        case.set_word(index, FIELD_MODULUS - case.word(index))


def clear_point(case: Case, choose: random.Random) -> None:
    for index in choose.choice([(0, 1), (2, 3, 4, 5), (6, 7)]):
        case.set_word(index, 0)


def replace_g1(case: Case, choose: random.Random) -> None:
    point, start = times_g1(choose.randrange(1, GROUP_ORDER)), choose.choice([0, 6])
    case.set_word(start, point.x)
    case.set_word(start + 1, point.y)


def replace_g2(case: Case, choose: random.Random) -> None:
    point = choose.choice(twist_points())
    for index, value in zip((3, 2, 5, 4), (*point.x, *point.y), strict=True):
        case.set_word(index, value)


@cache
def twist_points() -> list[G2Point]:
    """Points of the subgroup, and of the twist outside it."""
    members = [times_g2(number) for number in (1, 2, 3**99)]
    return [*members, *(each.point() for each in TwistTorsion), *(each.added_to(members[2]) for each in TwistTorsion)]


def change_input(case: Case, choose: random.Random) -> None:
    place, r = choose.randrange(len(case.inputs)), GROUP_ORDER
    value = case.inputs[place]
    case.inputs[place] = choose.choice([value + r, value - r, r, r - 1, 0, -1, 2**256 - 1, value + 1, r - value])


def change_count(case: Case, choose: random.Random) -> None:
    case.inputs = choose.choice([[], case.inputs[:-1], [*case.inputs, 0], case.inputs * 2])


def cut_or_extend(case: Case, choose: random.Random) -> None:
    case.data = choose.choice([case.data[:-1], case.data[1:], case.data + b"\0", bytearray()])


STRUCTURAL: tuple[Mutation, ...] = (flip_bit, change_word, swap_words, clear_point, change_count, cut_or_extend)
EVERY: tuple[Mutation, ...] = (*STRUCTURAL, negate_point, replace_g1, replace_g2, change_input)


def judge(case: Case, backend: BackendName) -> tuple[str, str]:
    """The reason and the field, or that it is valid."""
    try:
        verify_proof(KEY, case.inputs, decode_proof(bytes(case.data)), backend=backend)
    except SnarkError as refusal:
        return refusal.reason, refusal.field
    return "valid", ""


def mutate(seed: int, mutations: tuple[Mutation, ...]) -> Case:
    choose = random.Random(seed)  # noqa: S311 -- the same cases every time
    inputs = [choose.randrange(GROUP_ORDER), choose.randrange(100)]
    case = Case(inputs, bytearray(encode_proof(prove(seed % 50))))
    case.inputs = list(statement(seed % 50))
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        if len(case.data) == WORD * WORDS and case.inputs:
            choose.choice(mutations)(case, choose)
    return case


def statement(number: int) -> tuple[int, int]:
    return number, (number * 7919) % GROUP_ORDER


@cache
def prove(number: int) -> Proof:
    return SIMULATOR.prove(statement(number))


def judge_key(data: bytes, backend: BackendName) -> tuple[str, str]:
    """The reason and the field, or that it is valid, and its id."""
    try:
        key = VerifyingKey.decode(data, backend=backend)
    except SnarkError as refusal:
        return refusal.reason, refusal.field
    return "valid", key.id
