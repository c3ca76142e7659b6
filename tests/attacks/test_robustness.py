"""The attack X4 on whoever parses: no input ends the process. Parsers are fuzzed in ``tests/fuzz``."""

import pytest

from tests.attacks.answering_system import needs_answering_system, run_python
from tests.packaging.sources import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "circuit"

PANIC = """
import os, sys
from snark.errors import SnarkError
from snark.groth16.prove import ProvingKey
key = ProvingKey.open(sys.argv[1], backend="native", tables=None, threads=1)
witness = open(sys.argv[2], "rb").read()
os.environ["REFUSED_THREADS"] = "1"
try:
    key.prove(witness, threads=4)
except SnarkError as error:
    print(type(error).__name__, error.reason, error.field, error)
del os.environ["REFUSED_THREADS"]
print(len(key.prove(witness, threads=4)[1]))
"""


@needs_answering_system
@pytest.mark.native
def test_x4_a_panic_in_rust_is_an_internal_error_and_the_process_lives() -> None:
    """The standard library panics where no thread can be started: a panic that is no test's own."""
    error, inputs = run_python(PANIC, str(EXAMPLE / "product.zkey"), str(EXAMPLE / "product.wtns"))
    assert error == "InternalError BROKEN_INVARIANT snark._native snark._native: found a panic, expected no panic"
    assert inputs == "2"
