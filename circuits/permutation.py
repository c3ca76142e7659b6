"""Poseidon as constraints: every S-box's input as a sum of the S-boxes before it.

x^5 takes three constraints, for x^2, x^4 and x^5; everything between is linear and free. So the input of each S-box
after the first round is a fixed linear combination of earlier outputs, which is worked out once for each width.
"""

from dataclasses import dataclass
from functools import cache

from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.parameters import draw_instance

Sum = dict[int, int]
"""S-box -> coefficient."""
CONSTANT = -1
"""Stands in a sum for the number one."""


@dataclass(frozen=True, slots=True)
class Template:
    """A permutation of one width."""

    first: tuple[int, ...]
    """What the first round adds to each input; these sums are its S-boxes' inputs."""
    sboxes: tuple[Sum, ...]
    """The inputs of all S-boxes after those of the first round, in order."""
    output: Sum
    """The first element of the result."""


@cache
def draw_template(width: int) -> Template:
    """Follow the rounds with sums instead of numbers."""
    instance = draw_instance(width)
    state: list[Sum] = [{place: 1} for place in range(width)]
    inputs: list[Sum] = []
    for round_number, constants in enumerate(instance.constants):
        if round_number:
            state = [add_number(value, constant) for value, constant in zip(state, constants, strict=True)]
            through = width if instance.is_full(round_number) else 1
            for place in range(through):
                inputs.append(state[place])
                state[place] = {width + len(inputs) - 1: 1}
        state = mix(instance.mixing, state)
    return Template(tuple(instance.constants[0]), tuple(inputs), state[0])


def add_number(value: Sum, constant: int) -> Sum:
    """A sum and a number."""
    return {**value, CONSTANT: (value.get(CONSTANT, 0) + constant) % GROUP_ORDER}


def mix(matrix: tuple[tuple[int, ...], ...], state: list[Sum]) -> list[Sum]:
    """The matrix times the state."""
    names = sorted({name for value in state for name in value})
    columns = [[value.get(name, 0) for value in state] for name in names]
    return [
        {name: sum(map(int.__mul__, row, column)) % GROUP_ORDER for name, column in zip(names, columns, strict=True)}
        for row in matrix
    ]
