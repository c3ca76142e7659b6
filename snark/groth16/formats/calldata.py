"""A proof as 256 bytes for the precompiles of EIP-196/197, and the arguments of snarkjs's Solidity verifier."""

from collections.abc import Sequence
from typing import Final

from snark.bn254.constants import FIELD_BYTES
from snark.bn254.encoding import G1_BYTES, G2_BYTES, decode_g1_evm, decode_g2_evm, require_length, require_scalar, split
from snark.errors import Reason, RejectedError
from snark.groth16.proof import Proof

PROOF_BYTES: Final = 2 * G1_BYTES + G2_BYTES


def encode_proof(proof: Proof) -> bytes:
    """A, B, C: coordinates big-endian, of B the imaginary parts first."""
    return proof.encode()


def decode_proof(data: bytes) -> Proof:
    """A claim to be a proof; nothing but its form is checked. All zeros are infinity, as the precompiles have it."""
    require_length(data, PROOF_BYTES, "proof")
    a, b, c = data[:G1_BYTES], data[G1_BYTES : G1_BYTES + G2_BYTES], data[G1_BYTES + G2_BYTES :]
    return Proof(decode_g1_evm(a, "pi_a"), decode_g2_evm(b, "pi_b"), decode_g1_evm(c, "pi_c"))


def format_solidity_arguments(proof: Proof, inputs: Sequence[int]) -> str:
    """What ``snarkjs zkey export soliditycalldata`` prints: the arguments of ``verifyProof``."""
    for point, field in ((proof.a, "pi_a"), (proof.b, "pi_b"), (proof.c, "pi_c")):
        if point.infinity:
            raise RejectedError(Reason.V14_INFINITY, field, found="the point at infinity", expected="another point")
    words = [f'"0x{word.hex()}"' for word in split(encode_proof(proof))]
    statement = [f'"0x{require_scalar(value, "inputs"):0{2 * FIELD_BYTES}x}"' for value in inputs]
    a, b, c = (", ".join(words[:2]), [", ".join(words[2:4]), ", ".join(words[4:6])], ", ".join(words[6:]))
    return f"[{a}],[[{b[0]}],[{b[1]}]],[{c}],[{','.join(statement)}]"
