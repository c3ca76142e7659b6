"""The equation of Groth16 as the native module checks it."""

from collections.abc import Sequence
from typing import Final, cast

from snark import _native
from snark.bn254.backend import BackendName
from snark.bn254.encoding import encode_scalars
from snark.bn254.points import G1Point, G2Point
from snark.errors import Reason, RejectedError
from snark.groth16.equation import Finding, PreparedClaim, PreparedKey


class NativeEquation:
    """Keys and proofs cross as in EIP-196/197; the interpreter lock is released meanwhile."""

    name = BackendName.NATIVE

    def prepare_key(
        self,
        _alpha: G1Point,
        _beta_gamma_delta: tuple[G2Point, G2Point, G2Point],
        _ic: Sequence[G1Point],
        encoded: bytes,
    ) -> PreparedKey:
        """Refuse what is not sane; work out the lines of beta, gamma and delta, e(alpha, beta), and tables of IC."""
        return _native.PreparedKey(encoded)

    def require_proof(self, claim: PreparedClaim) -> None:
        """Refuse unless the proof is one."""
        key = cast("_native.PreparedKey", claim.key)
        key.verify(encode_scalars(claim.inputs), claim.unverified_proof.encode())

    def check_together(self, claims: Sequence[PreparedClaim], randomness: bytes, threads: int) -> Finding:
        """Check many with one equation."""
        keys: dict[int, tuple[int, _native.PreparedKey]] = {}
        rows = []
        for claim in claims:
            index, _ = keys.setdefault(id(claim.key), (len(keys), cast("_native.PreparedKey", claim.key)))
            rows.append((index, encode_scalars(claim.inputs), claim.unverified_proof.encode()))
        complaints, holds = _native.check_batch([key for _, key in keys.values()], rows, randomness, threads)
        refusals = {
            place: RejectedError(Reason(reason), field, found=found, expected=expected)
            for place, reason, field, found, expected in complaints
        }
        return Finding(refusals, holds)


EQUATION: Final = NativeEquation()
