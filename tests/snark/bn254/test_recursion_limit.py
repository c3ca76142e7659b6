"""Who loads py_ecc, the reference backend and what reads chains, leaves the interpreter as it was found."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

PROGRAM = """
import json, sys
before = sys.getrecursionlimit()
import {module}
assert sys.getrecursionlimit() == before, sys.getrecursionlimit()
try:
    json.loads("[" * 100_000)
except RecursionError:
    print("refused")
"""


@pytest.mark.parametrize("module", ["snark.bn254.reference", "chains.library", "chains.transactions"])
def test_a_deep_document_does_not_crash_who_loaded_py_ecc(module: str) -> None:
    """It raises the recursion limit to 100,000; a parser in C then runs through the end of the stack."""
    if module.startswith("chains") and find_spec("web3") is None:
        pytest.skip("web3 is not installed: nothing of chains is loaded")
    program = PROGRAM.format(module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
