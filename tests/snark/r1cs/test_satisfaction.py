"""Satisfaction: every constraint is looked at, and the first that fails is named."""

from pathlib import Path

import pytest

from snark.bn254.constants import GROUP_ORDER
from snark.errors import Reason, RejectedError
from snark.r1cs.r1cs_file import read_r1cs
from snark.r1cs.satisfaction import describe_constraint, find_failure, require_satisfied
from snark.r1cs.sym_file import name_wires
from snark.r1cs.wtns_file import Witness, read_wtns
from tests.snark import small_files as small
from tests.snark.shared_vectors import VECTORS, needs_vectors

HONEST = (1, 33, 10, 3, 30)


def altered(witness: Witness, wire: int) -> Witness:
    values = list(witness.values)
    values[wire] = (values[wire] + 1) % GROUP_ORDER
    return read_wtns(small.wtns_file(values))


def test_an_honest_witness_satisfies() -> None:
    require_satisfied(read_r1cs(small.r1cs_file()), read_wtns(small.wtns_file(HONEST)))


@pytest.mark.parametrize(("wire", "constraint"), [(1, 1), (2, 0), (3, 0), (4, 0)])
def test_the_first_constraint_that_fails_is_named(wire: int, constraint: int) -> None:
    witness = altered(read_wtns(small.wtns_file(HONEST)), wire)
    with pytest.raises(RejectedError) as refused:
        require_satisfied(read_r1cs(small.r1cs_file()), witness)
    assert refused.value.reason is Reason.F20_UNSATISFIED
    assert refused.value.field.endswith(f"constraint {constraint}")


def test_the_failure_does_not_tell_values_by_itself() -> None:
    failure = find_failure(read_r1cs(small.r1cs_file()), read_wtns(small.wtns_file((1, 33, 10, 3, 123456789))))
    assert failure is not None
    assert failure.values == (GROUP_ORDER - 3, 10, GROUP_ORDER - 123456789)
    assert "123456789" not in repr(failure)
    assert str(failure.values[2]) not in repr(failure)


def test_a_witness_of_another_circuit_is_refused() -> None:
    for values in (HONEST[:-1], (*HONEST, 0)):
        with pytest.raises(RejectedError) as refused:
            require_satisfied(read_r1cs(small.r1cs_file()), read_wtns(small.wtns_file(values)))
        assert refused.value.reason is Reason.F21_FILES_DISAGREE


def test_a_constraint_is_described_by_the_names_of_its_signals() -> None:
    multiply, add = read_r1cs(small.r1cs_file()).iterate_constraints()
    names = name_wires(small.SYM_FILE, range(5))
    assert describe_constraint(multiply, names) == "(-main.a) * (main.b) = -main.c"
    assert describe_constraint(add, names) == "(main.c + main.a) * (1) = main.d"
    assert describe_constraint(add, {}) == "(wire 4 + wire 3) * (1) = wire 1"


@needs_vectors
@pytest.mark.parametrize("name", ["cosnarks_multiplier2", "cosnarks_poseidon"])
def test_every_wire_of_a_witness_from_elsewhere_matters(name: str) -> None:
    folder: Path = VECTORS / "groth16" / name
    r1cs, witness = read_r1cs(folder / "circuit.r1cs"), read_wtns(folder / "witness.wtns")
    require_satisfied(r1cs, witness)
    for wire in range(1, len(witness), 1 + len(witness) // 16):
        assert find_failure(r1cs, altered(witness, wire)) is not None
