"""A compiled statement to put witnesses to: honest ones from its program, and forged ones."""

from functools import cache

import pytest

from circuits.statement import Statement
from circuits.statements.claim import Inputs
from snark.bn254.constants import GROUP_ORDER
from snark.errors import RejectedError
from tests.circuits.laboratory.system import System, Values, evaluate


class Compiled(System):
    """Constraints and program of one shape."""

    @staticmethod
    @cache
    def of(statement: Statement) -> "Compiled":
        """The same for the same shape."""
        return Compiled(statement)

    def wire_of(self, name: str) -> int:
        """The wire of an input."""
        (wire,) = (wire for wire, each in self.input_names.items() if each == name)
        return wire

    def is_satisfied(self, values: Values) -> bool:
        """Whether every constraint holds."""
        return all(
            evaluate(each.left, values) * evaluate(each.right, values) % GROUP_ORDER == evaluate(each.product, values)
            for each in self.constraints
        )

    def require_satisfied(self, inputs: Inputs) -> tuple[int, ...]:
        """Every constraint holds for the program's witness; what comes back are the public inputs."""
        values = self.find_witness(inputs)
        assert self.is_satisfied(values)
        return tuple(values[wire] for wire in self.public)

    def broken_rule(self, inputs: Inputs) -> str:
        """The rule that the program names."""
        with pytest.raises(RejectedError) as caught:
            self.program.execute(inputs)
        return caught.value.field
