"""The attack P1 on whoever proves: randomness that repeats, is foreseen, or is missing gives the witness away."""

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from ringfence.cli.commands.groth16 import app
from snark.bn254.backend import BackendName
from snark.groth16 import prove, reference_prover
from snark.groth16.prove import ProvingKey
from tests.attacks.answering_system import needs_answering_system, run_python
from tests.packaging.sources import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "circuit"
KEY, WITNESS = EXAMPLE / "product.zkey", EXAMPLE / "product.wtns"


def open_key(backend: BackendName) -> ProvingKey:
    return ProvingKey.open(KEY, backend=backend, tables=None)


def test_p1_two_proofs_of_one_witness_differ_in_every_point(backend: BackendName) -> None:
    key = open_key(backend)
    first, second = (key.prove(WITNESS, check=False)[0] for _ in range(2))
    assert first.a != second.a
    assert first.b != second.b
    assert first.c != second.c


OPEN = """
import os, sys
from snark.groth16.prove import ProvingKey
key = ProvingKey.open(sys.argv[2], backend=sys.argv[1], tables=None, threads=2)
prove = lambda: print(key.prove(sys.argv[3], check=False)[0].encode().hex(), flush=True)
"""

FORK = (
    OPEN
    + """
prove()
for _ in range(2):
    if os.fork() == 0:
        prove()
        os._exit(0)
    os.wait()
prove()
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_p1_a_fork_does_not_repeat_randomness(backend: BackendName) -> None:
    command = [sys.executable, "-c", FORK, backend, str(KEY), str(WITNESS)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    forked = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 -- this interpreter
    proofs = forked.stdout.split()
    assert len(set(proofs)) == len(proofs) == 4


ANSWERED = (
    OPEN
    + """
for answers in sys.argv[4:]:
    os.environ["RANDOM_ANSWERS"] = answers
    prove()
os.environ.pop("RANDOM_ANSWERS")
prove()
prove()
"""
)


@needs_answering_system
def test_p1_nothing_but_the_operating_system_is_random(backend: BackendName) -> None:
    """Where the system repeats itself, so do proofs: no generator of this process, seeded once, stands between."""
    answers = ("1122", "112222", "1132", "2211")
    same, again, other, swapped, *honest = run_python(ANSWERED, backend, str(KEY), str(WITNESS), *answers)
    assert same == again
    assert len({same, other, swapped, *honest}) == 5


@needs_answering_system
@pytest.mark.native
def test_p1_a_zero_from_the_operating_system_is_drawn_again() -> None:
    """r and s are drawn in this order, and neither is ever zero."""
    answers = ("1122", "001122", "110022", "0000110022")
    proofs = run_python(ANSWERED, BackendName.NATIVE, str(KEY), str(WITNESS), *answers)
    assert len(set(proofs[: len(answers)])) == 1


def test_p1_a_zero_from_the_operating_system_is_no_zero_of_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _: 0)
    assert reference_prover.draw_blinding() == 1


# --- No option for it ----------------------------------------------------------------------------

CHOOSES_RANDOMNESS = re.compile(r"seed|entropy|random|nonce|blind|rng|^[rs]$", re.IGNORECASE)


def parameters_of(*functions: Callable[..., object]) -> list[str]:
    return [name for function in functions for name in inspect.signature(function).parameters]


def test_p1_no_parameter_chooses_the_randomness() -> None:
    """``compute_proof`` of the reference has r and s, to be compared with the paper; nothing leads a user to it."""
    released: list[Callable[..., object]] = [
        ProvingKey.open,
        ProvingKey.prove,
        ProvingKey.prove_from_inputs,
        prove.choose_prover,
    ]
    prover = reference_prover.ReferenceProver
    names = parameters_of(*released, prover, prover.prove, prover.prove_from_inputs, prover.prove_assignment)
    assert "witness" in names
    assert [name for name in names if CHOOSES_RANDOMNESS.search(name)] == []


@pytest.mark.native
def test_p1_no_parameter_of_the_native_module_chooses_the_randomness() -> None:
    native = import_module("snark._native")
    names = parameters_of(native.ProvingKey.open, native.ProvingKey.prove, native.prove_from_inputs)
    assert "witness" in names
    assert [name for name in names if CHOOSES_RANDOMNESS.search(name)] == []


def test_p1_no_option_chooses_the_randomness() -> None:
    command = get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    options = [
        name for parameter in command.commands["prove"].params for name in (*parameter.opts, parameter.name or "")
    ]
    assert "--wtns" in options
    assert [name for name in options if CHOOSES_RANDOMNESS.search(name.strip("-"))] == []


def test_p1_no_variable_of_the_environment_chooses_the_randomness() -> None:
    sources = [
        *Path(REPOSITORY, "snark", "groth16").glob("*prove*.py"),
        *Path(REPOSITORY, "native/snark/src").glob("*.rs"),
    ]
    read = [name for path in sources for name in re.findall(r"os\.environ|getenv|env::var", path.read_text())]
    assert read == []
