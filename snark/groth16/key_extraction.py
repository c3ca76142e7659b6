"""The verifying key that a proving key contains: what its proofs are verified with."""

from snark.bn254.backend import BackendName
from snark.bn254.encoding import decode_g1, decode_g2
from snark.errors import SnarkError
from snark.groth16.formats.zkey import Zkey
from snark.groth16.keys import VerifyingKey


def extract_verifying_key(
    zkey: Zkey, *, backend: BackendName | str = BackendName.AUTO, allow_development_keys: bool = False
) -> VerifyingKey:
    """alpha, beta, gamma, delta and IC of a zkey, through every check of a verifying key.

    A key of a set-up that nobody has contributed to has gamma = delta and is refused here: with it
    anyone can forge.
    """
    header = zkey.header
    try:
        return VerifyingKey(
            decode_g1(header.alpha_g1, "vk_alpha_1"),
            decode_g2(header.beta_g2, "vk_beta_2"),
            decode_g2(header.gamma_g2, "vk_gamma_2"),
            decode_g2(header.delta_g2, "vk_delta_2"),
            tuple(zkey.ic),
            backend,
            allow_development_keys,
        )
    except SnarkError as refusal:
        raise refusal.in_file(zkey.place) from None
