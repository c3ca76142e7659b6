"""The statement "I know what hashes to this": constraints of Poseidon, and a program that fills their wires."""

from dataclasses import dataclass, field

from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.parameters import draw_instance
from snark.r1cs.program.assembler import Assembler, Cell
from snark.r1cs.program.definition import WitnessProgram
from snark.r1cs.r1cs_file import Combination, Constraint

Sum = dict[int, int]
"""A linear combination of wires."""


def add(left: Sum, right: Sum) -> Sum:
    return {wire: (left.get(wire, 0) + right.get(wire, 0)) % GROUP_ORDER for wire in left | right}


def scale(factor: int, sum_: Sum) -> Sum:
    return {wire: factor * value % GROUP_ORDER for wire, value in sum_.items()}


def combination(sum_: Sum) -> Combination:
    return tuple((wire, value) for wire, value in sorted(sum_.items()) if value)


@dataclass(slots=True)
class Constraints:
    """Constraints that grow, with a wire for each product."""

    wires: int
    constraints: list[Constraint] = field(default_factory=list)

    def multiply(self, left: Sum, right: Sum) -> Sum:
        product = {self.wires: 1}
        self.wires += 1
        self.constraints.append(Constraint(combination(left), combination(right), combination(product)))
        return product

    def permute(self, state: list[Sum]) -> list[Sum]:
        """Three products for each S-box, in the order of a trace; everything else is linear."""
        instance = draw_instance(len(state))
        for number, constants in enumerate(instance.constants):
            state = [add(part, {0: constant}) for part, constant in zip(state, constants, strict=True)]
            for place in range(len(state) if instance.is_full(number) else 1):
                square = self.multiply(state[place], state[place])
                state[place] = self.multiply(self.multiply(square, square), state[place])
            mixed = []
            for row in instance.mixing:
                total: Sum = {}
                for factor, part in zip(row, state, strict=True):
                    total = add(total, scale(factor, part))
                mixed.append(total)
            state = mixed
        return state


def constrain_preimage(inputs: int) -> Constraints:
    """Wires: one, the hash, the inputs, then three for each S-box."""
    made = Constraints(wires=2 + inputs)
    state = made.permute([{}, *({2 + place: 1} for place in range(inputs))])
    made.constraints.append(Constraint(combination(state[0]), ((0, 1),), ((1, 1),)))
    return made


def assemble_preimage(inputs: int, made_for: bytes = bytes(32)) -> WitnessProgram:
    """The program that fills these wires."""
    assembler = Assembler()
    secrets = assembler.declare_inputs("secrets", inputs)
    permutation = assembler.trace_permutation([assembler.constant(0), *secrets])
    internals: list[Cell] = [cell for sbox in permutation.sboxes for cell in sbox]
    return assembler.finish(
        made_for=made_for, outputs=[permutation.state[0]], private_inputs=secrets, internals=internals
    )
