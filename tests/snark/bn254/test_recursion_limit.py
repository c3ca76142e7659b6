"""The reference backend leaves the interpreter as it found it."""

import subprocess
import sys

PROGRAM = """
import json, sys
before = sys.getrecursionlimit()
import snark.bn254.reference
assert sys.getrecursionlimit() == before, sys.getrecursionlimit()
try:
    json.loads("[" * 100_000)
except RecursionError:
    print("refused")
"""


def test_a_deep_document_does_not_crash_who_loaded_the_reference() -> None:
    """py_ecc raises the recursion limit to 100,000; a parser in C then runs through the end of the stack."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
