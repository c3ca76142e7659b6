"""A prover that cheats: it follows the steps of a text, breaks whatever rule it wants, and puts its own hints in.

Its witnesses are what the constraints alone have to refuse: the rules of the witness program don't bind a thief.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain

from circuits.combination import ONE
from circuits.elimination import is_linear
from circuits.recording import Step, Task
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.reference import trace_permutation
from snark.r1cs.program.definition import Input
from snark.r1cs.program.execution import elements_of
from tests.circuits.laboratory.system import Inputs, System, Values, evaluate

HINTS = (Task.DIGITS, Task.INVERSE_OR_ZERO, Task.FRACTION, Task.DIVIDE, Task.LESS)
Lie = tuple[int, ...]
"""What a cheat writes in the place of a step's own values."""


def forge(system: System, inputs: Inputs, lies: Mapping[int, Lie] | None = None) -> Values:
    """The value of every recorded wire; ``lies`` says which steps write something else, by their number."""
    values: Values = {ONE: 1}
    for declared in system.circuit.declarations:
        elements = elements_of(Input(declared.name, declared.size, declared.bits), inputs)
        values.update(zip(declared.wires, (element % GROUP_ORDER for element in elements), strict=True))
    for number, step in enumerate(system.recording.steps):
        if step.wires:
            written = (lies or {}).get(number) or perform(step, values)
            values.update(zip(step.wires, written, strict=True))
            values[ONE] = 1  # an S-box of a number has no wires of its own
    return values


def perform(step: Step, values: Values) -> Sequence[int]:
    """What a step writes, with no rule to stop it."""
    if step.task is Task.HASH:
        state = tuple(evaluate(operand, values) for operand in step.operands[:-1])
        return trace(state)
    return PERFORMED[step.task](step, *(evaluate(operand, values) for operand in step.operands))


@cache
def trace(state: tuple[int, ...]) -> tuple[int, ...]:
    """The powers inside all S-boxes of a permutation."""
    return tuple(chain.from_iterable(trace_permutation(state).sboxes))


PERFORMED: dict[Task, Callable[..., Sequence[int]]] = {
    Task.MULTIPLY: lambda _, left, right: (left * right % GROUP_ORDER,),
    Task.DIGITS: lambda step, value: [value >> place & 1 for place in range(len(step.wires))],
    Task.INVERSE_OR_ZERO: lambda _, value: (pow(value, -1, GROUP_ORDER) if value else 0,),
    Task.FRACTION: lambda _, above, below: (above * pow(below, -1, GROUP_ORDER) % GROUP_ORDER if below else 0,),
    Task.DIVIDE: lambda _, dividend, divisor: divmod(dividend, divisor) if divisor else (0, dividend),
    Task.LESS: lambda _, left, right: (int(left < right),),
}


def cover_up(system: System, inputs: Inputs, rule: str) -> Iterator[Values]:
    """A sum that is broken, made to hold by one of the products in it, and everything after that made to fit."""
    forged = forge(system, inputs)
    for held in (each.left for each in system.recording.constraints if each.rule == rule and is_linear(each)):
        excess = evaluate(held, forged)
        for number, step in enumerate(system.recording.steps):
            if step.task is Task.MULTIPLY and step.wires[0] in held.terms:
                (wire,) = step.wires
                lie = forged[wire] - excess * pow(held.terms[wire], -1, GROUP_ORDER)
                yield forge(system, inputs, {number: (lie % GROUP_ORDER,)})


def invent_lies(system: System, honest: Values) -> Iterator[tuple[int, Lie]]:
    """Hints as a thief would set them, for every step that has any; each with the number of its step."""
    for number, step in enumerate(system.recording.steps):
        if step.task in HINTS:
            told = tuple(honest[wire] for wire in step.wires)
            for lie in lies_about(step, told, honest):
                if lie != told:
                    yield number, tuple(element % GROUP_ORDER for element in lie)


def lies_about(step: Step, told: Lie, honest: Values) -> Iterator[Lie]:
    """Other values for one step."""
    operands = [evaluate(operand, honest) for operand in step.operands]
    match step.task:
        case Task.DIGITS:
            yield from lies_about_digits(told, operands[0])
        case Task.DIVIDE:
            yield from lies_about_division(told, *operands)
        case _:
            yield from ((told[0] + 1,), (1 - told[0],), (0,), (GROUP_ORDER - 1,))


def lies_about_digits(told: Lie, value: int) -> Iterator[Lie]:
    """The bits of value + r, everything in one digit, a carry that is not carried, another number altogether."""
    count = len(told)
    yield tuple(value + GROUP_ORDER >> place & 1 for place in range(count))
    yield (value, *[0] * (count - 1))
    yield (*[0] * (count - 1), value * pow(2, 1 - count, GROUP_ORDER))
    yield tuple(1 - digit for digit in told)
    if count > 1:
        yield (told[0] + 2, told[1] - 1, *told[2:])


def lies_about_division(told: Lie, dividend: int, divisor: int) -> Iterator[Lie]:
    """A remainder or a quotient too large, and the field's quotient for a remainder of one's choice."""
    quotient, remainder = told
    yield quotient - 1, remainder + divisor
    yield quotient + 1, remainder - divisor
    if divisor:
        for wanted in (0, 1, remainder + 1):
            yield (dividend - wanted) * pow(divisor, -1, GROUP_ORDER), wanted
