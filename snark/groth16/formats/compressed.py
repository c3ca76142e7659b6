"""A proof as 128 bytes: of every point one coordinate, and which root the other one is.

arkworks and gnark order and flag them differently, and nothing in the bytes says whose they are: the layout is named
by whoever reads or writes them.
"""

from typing import Final

from snark.bn254.encoding import (
    G1_COMPRESSED_BYTES,
    G2_COMPRESSED_BYTES,
    CompressedLayout,
    compress_g1,
    compress_g2,
    decompress_g1,
    decompress_g2,
    require_length,
)
from snark.groth16.proof import Proof

PROOF_BYTES: Final = 2 * G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES
B_START: Final = G1_COMPRESSED_BYTES
C_START: Final = G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES


def compress_proof(proof: Proof, layout: CompressedLayout) -> bytes:
    """A, B, C."""
    return compress_g1(proof.a, layout) + compress_g2(proof.b, layout) + compress_g1(proof.c, layout)


def decompress_proof(data: bytes, layout: CompressedLayout) -> Proof:
    """A claim to be a proof, its points on their curves; B's subgroup is not checked."""
    require_length(data, PROOF_BYTES, "proof")
    return Proof(
        decompress_g1(data[:B_START], layout, "pi_a"),
        decompress_g2(data[B_START:C_START], layout, "pi_b"),
        decompress_g1(data[C_START:], layout, "pi_c"),
    )
