"""Verification of one proof."""

from collections.abc import Sequence

from snark.bn254.backend import BackendName
from snark.groth16.equation import PreparedClaim, choose_equation
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof, ProvedStatement, require_inputs


def verify_proof(
    key: VerifyingKey,
    unverified_inputs: Sequence[int],
    unverified_proof: Proof,
    *,
    backend: BackendName | str = BackendName.AUTO,
) -> ProvedStatement:
    """Raise ``RejectedError`` with a numbered reason unless the proof proves these inputs under this key."""
    equation = choose_equation(backend)
    inputs = require_inputs(unverified_inputs, key.input_count)
    equation.require_proof(PreparedClaim(key.prepare(equation.name), inputs, unverified_proof))
    return ProvedStatement(key.id, inputs, key.is_for_development)
