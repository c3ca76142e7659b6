"""A proof of Groth16: three points, A and C of the first group and B of the second."""

from collections.abc import Sequence
from dataclasses import dataclass

from snark.bn254.encoding import encode_g1_evm, encode_g2_evm, require_scalar
from snark.bn254.points import G1Point, G2Point
from snark.errors import MalformedError, Reason, RejectedError

MAX_INPUTS = 2**16
"""No key has more public inputs than this."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim to be a proof, until ``verify_proof`` has passed it.

    Its bytes are no identity: anyone can turn a proof into another one of the same statement.
    """

    a: G1Point
    b: G2Point
    c: G1Point

    def encode(self) -> bytes:
        """256 bytes, as the precompiles of EIP-196/197 take the points."""
        return encode_g1_evm(self.a) + encode_g2_evm(self.b) + encode_g1_evm(self.c)


@dataclass(frozen=True, slots=True)
class ProvedStatement:
    """What was proved: these inputs, under the key of this id. Only verification makes one."""

    key_id: str
    inputs: tuple[int, ...]
    is_for_development: bool = False
    """The key was made for development: nothing was proved to anyone who did not make it."""


def require_inputs(unverified_inputs: Sequence[int], count: int) -> tuple[int, ...]:
    """As many inputs as the key has, each the one name of its residue."""
    if len(unverified_inputs) != count:
        found, expected = f"{len(unverified_inputs)} inputs", f"{count} inputs"
        raise RejectedError(Reason.V10_INPUT_COUNT, "inputs", found=found, expected=expected)
    for index, value in enumerate(unverified_inputs):
        if type(value) is not int:
            found = type(value).__name__
            raise MalformedError(Reason.V06_WRONG_SHAPE, f"inputs[{index}]", found=found, expected="an int")
        require_scalar(value, f"inputs[{index}]")
    return tuple(unverified_inputs)
