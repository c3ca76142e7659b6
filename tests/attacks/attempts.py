"""What is tried with every statement of margin: numbers beyond their bits, flags that are none, other public inputs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from circuits.statement import Statement
from circuits.statements.claim import Inputs
from facts.packing import Packing
from facts.public_inputs import input_names
from snark.bn254.constants import GROUP_ORDER
from tests.circuits.laboratory.forging import forge as follow_steps
from tests.circuits.laboratory.outline import record_outline
from tests.circuits.laboratory.system import Assignment
from tests.circuits.statements.cheating import HINT, cheat, forge, locks_of, number
from tests.circuits.statements.compiled import Compiled

R: Final = GROUP_ORDER
ATTESTED: Final = ("floor", "ceiling", "chain_id", "deposit_index")
"""Inputs of a leaf's hash as they stand, which whoever signs the root vouches for."""


def bits_held(statement: Statement) -> dict[str, int]:
    """The numbers that the statement itself holds to their bits."""
    declared = record_outline(statement).declarations
    return {each.name: each.bits for each in declared if each.bits < 254 and not each.name.endswith(ATTESTED)}


def exceed_bits(statement: Statement, honest: Inputs, name: str, bits: int) -> None:
    """No number beyond its bits passes, whether it is committed to or not."""
    for value in (1 << bits, R - 1, (R - 1) // 2, (R + 1) // 2):
        assert cheat(statement, honest | {name: value}) is not None
        assert cheat(statement, forge(honest, {name: value})) is not None


def flow_into_neighbours(statement: Statement, honest: Inputs, scope: str, packing: Packing) -> None:
    """The same element, and so the same commitment, of two other numbers."""
    tried = 0
    for (name, bits), (above, _) in pairwise(packing.parts):
        if not {f"{scope}.{name}", f"{scope}.{above}"} <= honest.keys():
            continue
        for sign in (1, -1):
            changes: Inputs = {
                f"{scope}.{name}": (number(honest, f"{scope}.{name}") + sign * (1 << bits)) % R,
                f"{scope}.{above}": (number(honest, f"{scope}.{above}") - sign) % R,
            }
            assert cheat(statement, honest | changes) in {HINT, f"{scope}.{name}_fits_{bits}_bits"}
            tried += 1
    assert tried


def raise_flag(statement: Statement, honest: Inputs, name: str, value: int) -> None:
    """A flag that is neither 0 nor 1 has no witness, even if it was committed to."""
    assert cheat(statement, forge(honest, {name: value})) == HINT


def set_verdict(compiled: Compiled, enough: Inputs, short: Inputs, rule: str, flags: Sequence[str]) -> None:
    """The constraints refuse what comes of a claim that is one unit short, and the honest one with a flag turned."""
    assert compiled.broken_rule(short) == rule
    assert not compiled.is_satisfied(follow_steps(compiled, short))
    honest = Assignment(compiled, compiled.find_witness(enough))
    assert not honest.broken()
    for name in flags:
        wire = compiled.wire_of(name)
        assert honest.broken_after({wire: 1 - 2 * honest.values[wire]})


def change_public_wires(compiled: Compiled, inputs: Inputs) -> None:
    """Each public input stands in its place, and no other value of it satisfies the constraints."""
    honest = Assignment(compiled, compiled.find_witness(inputs))
    assert not honest.broken()
    assert [compiled.input_names[wire] for wire in compiled.public] == list(input_names(len(locks_of(inputs))))
    for wire in compiled.public:
        value = honest.values[wire]
        for other in (value + 1, 0, R - value):
            assert honest.broken_after({wire: other - value})


def number_after(inputs: Inputs, name: str) -> int:
    """Another number than an honest input."""
    return (number(inputs, name) + 1) % R
