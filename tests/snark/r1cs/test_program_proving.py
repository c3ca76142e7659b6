"""What a program fills satisfies the constraints that it was made for, and is proved in one native call."""

import hashlib
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName
from snark.errors import MisuseError, Reason, RejectedError
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from snark.poseidon.reference import hash_row
from snark.r1cs.program.assembler import Assembler
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import Executable, load_program
from snark.r1cs.r1cs_file import R1csHeader, read_r1cs, write_r1cs
from snark.r1cs.satisfaction import find_failure
from snark.r1cs.wtns_file import read_wtns
from tests.snark.r1cs.preimage import assemble_preimage, constrain_preimage
from tests.snark.shared_vectors import REPOSITORY
from tests.snark.small_files import wtns_file

SECRETS = [7, 11]


def preimage_file(folder: Path) -> Path:
    """The constraint system of "I know two numbers that hash to this"."""
    made = constrain_preimage(len(SECRETS))
    path = folder / "preimage.r1cs"
    counts = R1csHeader(made.wires, 1, 0, len(SECRETS), made.wires, len(made.constraints))
    write_r1cs(path, counts, made.constraints, range(made.wires))
    return path


def witness_of(wires: bytes | bytearray) -> bytes:
    return wtns_file(int.from_bytes(wires[at : at + 32], "little") for at in range(0, len(wires), 32))


@pytest.mark.parametrize("backend", ["reference", pytest.param("native", marks=pytest.mark.native)])
def test_a_trace_satisfies_the_constraints_of_poseidon(tmp_path: Path, backend: str) -> None:
    program = load_program(encode_program(assemble_preimage(len(SECRETS))), backend)
    wires = program.execute({"secrets": SECRETS})
    assert program.public_signals(wires) == [hash_row(SECRETS)]
    constraints = read_r1cs(preimage_file(tmp_path))
    assert find_failure(constraints, read_wtns(witness_of(wires))) is None
    wires[32 * 100] ^= 1
    assert find_failure(constraints, read_wtns(witness_of(wires))) is not None


def open_key(folder: Path, constraints: bytes) -> ProvingKey:
    from snark import _native  # noqa: PLC0415 -- absent where it could not be built

    path = folder / "circuit.zkey"
    path.write_bytes(_native.make_development_key(constraints))
    return ProvingKey.open(path, tables=None, allow_development_keys=True)


@pytest.mark.native
def test_inputs_become_a_proof_in_one_call(tmp_path: Path) -> None:
    constraints = preimage_file(tmp_path).read_bytes()
    program = assemble_preimage(len(SECRETS), made_for=hashlib.sha256(constraints).digest())
    executable = load_program(encode_program(program), "native")
    key = open_key(tmp_path, constraints)
    proof, public = key.prove_from_inputs(executable, {"secrets": SECRETS})
    again, same = key.prove_from_inputs(executable, {"secrets": SECRETS}, threads=1)
    assert public == same == (hash_row(SECRETS),)
    assert proof != again


SUM_KEY = REPOSITORY / "examples" / "circuit" / "product.zkey"


def load_sum(backend: BackendName, *, honest: bool = True, more: int = 0) -> Executable:
    """d = a * b + a, with or without the truth about the product, and maybe with wires that the circuit has not."""
    assembler = Assembler()
    a, b = assembler.declare_input("a"), assembler.declare_input("b")
    assembler.assert_nonzero(a, rule="a_is_not_zero")
    product = assembler.multiply(a, b) if honest else assembler.add(a, b)
    total = assembler.add(product, a)
    internals = [product] * (1 + more)
    program = assembler.finish(
        made_for=bytes(32), outputs=[total], public_inputs=[b], private_inputs=[a], internals=internals
    )
    return load_program(encode_program(program), backend)


@pytest.mark.parametrize(
    "verifier", [pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE]
)
def test_what_comes_of_inputs_verifies_on_both_backends(backend: BackendName, verifier: BackendName) -> None:
    key = ProvingKey.open(SUM_KEY, backend=backend, tables=None)
    proof, public = key.prove_from_inputs(load_sum(backend), {"a": 3, "b": 10})
    assert public == (33, 10)
    verify_proof(extract_verifying_key(read_zkey(SUM_KEY), backend=verifier), public, proof, backend=verifier)


def test_what_has_no_proof_is_refused(backend: BackendName) -> None:
    key = ProvingKey.open(SUM_KEY, backend=backend, tables=None)
    with pytest.raises(RejectedError) as refused:
        key.prove_from_inputs(load_sum(backend), {"a": 0, "b": 10})
    assert (refused.value.reason, refused.value.field) == (Reason.W30_RULE_BROKEN, "a_is_not_zero")

    with pytest.raises(RejectedError) as refused:
        key.prove_from_inputs(load_sum(backend, honest=False), {"a": 3, "b": 10})
    assert refused.value.reason is Reason.F20_UNSATISFIED


def test_a_program_of_another_circuit_does_not_go_with_the_key(backend: BackendName) -> None:
    key = ProvingKey.open(SUM_KEY, backend=backend, tables=None)
    with pytest.raises(MisuseError) as refused:
        key.prove_from_inputs(load_sum(backend, more=1), {"a": 3, "b": 10})
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_APPLICABLE, "wires")


@pytest.mark.native
def test_a_native_key_takes_a_native_program() -> None:
    key = ProvingKey.open(SUM_KEY, backend=BackendName.NATIVE, tables=None)
    with pytest.raises(MisuseError) as refused:
        key.prove_from_inputs(load_sum(BackendName.REFERENCE), {"a": 3, "b": 10})
    assert refused.value.reason is Reason.BACKEND_MISSING
