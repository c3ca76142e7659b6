"""A key in one step and without powers of tau, for development: one party draws all secrets of both phases.

They come from the operating system, stay in native memory and are overwritten there. Nobody can check that, so that the
key is marked (see ``snark.groth16.development``) and refused by whoever did not ask for such keys.
"""

import os
from pathlib import Path

from snark.groth16.prove import require_native
from snark.r1cs.container import replace_file
from snark.r1cs.r1cs_file import read_r1cs


def make_development_key(r1cs: str | os.PathLike[str], zkey: str | os.PathLike[str]) -> None:
    """Write a marked proving key for the constraint system in a file."""
    circuit = Path(r1cs)
    read_r1cs(circuit).require_well_formed()
    content = require_native().make_development_key(circuit.read_bytes())
    with replace_file(Path(zkey)) as file:
        file.write(content)
