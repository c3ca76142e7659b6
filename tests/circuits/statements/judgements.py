"""Cases with what ``margin`` says of them, for a statement to say on plain integers and in its constraints."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuits.builder import Builder
from circuits.engine import IntegerEngine
from circuits.errors import BrokenRuleError
from circuits.statement import Statement
from circuits.statements.claim import Inputs
from tests.circuits.laboratory.examination import find_rule
from tests.circuits.laboratory.forging import forge
from tests.circuits.statements.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Judgement:
    """Inputs, and the rules that may refuse them: none where they are to pass."""

    inputs: Inputs
    refusals: tuple[str, ...] = ()

    def hold_on_integers(self, statement: Statement) -> None:
        """The text on plain integers says the same."""
        try:
            statement.define(Builder(IntegerEngine(self.inputs)))
        except BrokenRuleError as error:
            assert error.field in self.refusals  # noqa: PT017  # a refusal may be what is wanted, or not
        else:
            assert not self.refusals

    def hold_in_constraints(self, compiled: Compiled) -> None:
        """Program and constraints say the same, and the constraints refuse whoever follows the steps regardless."""
        if self.refusals:
            assert find_rule(compiled.find_witness, self.inputs) in self.refusals
            assert not compiled.is_satisfied(forge(compiled, self.inputs))
        else:
            public = tuple(self.inputs[compiled.input_names[wire]] for wire in compiled.public)
            assert compiled.require_satisfied(self.inputs) == public


def require_constraints_agree(statement: Statement, judgements: Iterable[Judgement]) -> None:
    """Constraints and program of a shape say what ``margin`` does, of cases that pass and of cases that do not."""
    found = set()
    for judgement in judgements:
        judgement.hold_in_constraints(Compiled.of(statement))
        found.add(bool(judgement.refusals))
    assert found == {True, False}
