"""Poseidon as its paper writes it: add the round's constants, S-box, mix."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.bn254.encoding import decode_scalar
from snark.poseidon.parameters import Instance, draw_instance


class SBox(NamedTuple):
    """The powers that the constraints of one S-box name: ``x^2``, ``x^4`` and ``x^5``."""

    square: int
    fourth: int
    fifth: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A permutation with everything in it that is not a linear combination of something else."""

    sboxes: tuple[SBox, ...]
    """Round by round, and in a full round place by place."""
    state: tuple[int, ...]


def raise_to_fifth(value: int) -> SBox:
    """The S-box."""
    square = value * value % GROUP_ORDER
    fourth = square * square % GROUP_ORDER
    return SBox(square, fourth, fourth * value % GROUP_ORDER)


def mix(instance: Instance, state: Sequence[int]) -> list[int]:
    """The matrix times the state."""
    return [sum(map(int.__mul__, row, state)) % GROUP_ORDER for row in instance.mixing]


def trace_permutation(state: Sequence[int]) -> Trace:
    """Permute a state of 2 to 17 elements and keep what happens inside."""
    instance = draw_instance(len(state))
    sboxes: list[SBox] = []
    state = list(state)
    for number, constants in enumerate(instance.constants):
        state = [(value + constant) % GROUP_ORDER for value, constant in zip(state, constants, strict=True)]
        places = len(state) if instance.is_full(number) else 1
        through = [raise_to_fifth(value) for value in state[:places]]
        sboxes += through
        state = mix(instance, [sbox.fifth for sbox in through] + state[places:])
    return Trace(tuple(sboxes), tuple(state))


def hash_row(inputs: Sequence[int]) -> int:
    """The first element after permuting ``0, inputs...``."""
    return trace_permutation([0, *inputs]).state[0]


def rows_of(data: bytes, count: int) -> Iterator[list[int]]:
    """Rows of ``count`` canonical elements each."""
    length = count * FIELD_BYTES
    for start in range(0, len(data), length):
        row = data[start : start + length]
        parts = (row[place : place + FIELD_BYTES] for place in range(0, length, FIELD_BYTES))
        yield [decode_scalar(part, field="inputs") for part in parts]
