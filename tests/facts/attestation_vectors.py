"""The vectors that pin attestations: ``python -m tests.facts.attestation_vectors`` prints the file.

A change of this file is a change of the format: what was signed before is signed no more, and contracts that are out
there understand nothing of what is signed from then on.
"""

import json

from facts.attestation import ATTESTATION_PREFIX, ATTESTATION_TYPE, Attestation
from facts.keccak import hash_keccak
from facts.typed_data import DOMAIN_TYPE, hash_domain
from tests.facts.attestations import ATTESTATIONS, CHAIN_KEY, KEY, sign


def describe(attestation: Attestation) -> dict[str, object]:
    """What an independent implementation needs to come to the same digest."""
    fields: dict[str, object] = {
        "verifier": attestation.verifier,
        "domain": attestation.domain,
        "recipient": f"0x{attestation.recipient.hex()}",
        "acceptance": f"0x{attestation.acceptance}",
        "event": int(attestation.event),
        "state": int(attestation.state),
        "revision": str(attestation.revision),
        "positionTag": str(attestation.position_tag),
        "policy": str(attestation.policy),
        "held": [str(each) for each in attestation.held],
        "left": [str(each) for each in attestation.left],
        "moment": str(attestation.moment),
        "lapsesAt": str(attestation.lapses_at),
        "isForDevelopment": attestation.is_for_development,
    }
    signed = sign(attestation)
    vector: dict[str, object] = {"bytes": attestation.encode().hex(), "ed25519": signed.ed25519_signature.hex()}
    if attestation.is_for_a_chain:
        vector |= {
            "chain_id": attestation.chain_id,
            "contract": f"0x{attestation.contract.hex()}",
            "fields": fields,
            "domain_hash": hash_domain(attestation.chain_id, attestation.contract).hex(),
            "digest": attestation.digest.hex(),
            "signature": signed.eip712_signature.hex(),
        }
    return vector


def compute_vectors() -> dict[str, object]:
    """Everything that two parties, and a contract, have to spell alike."""
    return {
        "prefix": ATTESTATION_PREFIX.hex(),
        "domain_type": DOMAIN_TYPE,
        "type": ATTESTATION_TYPE,
        "type_hash": hash_keccak(ATTESTATION_TYPE.encode()).hex(),
        "key": KEY.public_key.hex(),
        "chain_secret": CHAIN_KEY.secret.hex(),
        "signer": f"0x{CHAIN_KEY.address.hex()}",
        "attestations": {name: describe(attestation) for name, attestation in ATTESTATIONS.items()},
    }


def render_vectors() -> str:
    """The file's text."""
    return json.dumps(compute_vectors(), indent=1) + "\n"


if __name__ == "__main__":
    print(render_vectors(), end="")  # noqa: T201 -- it is what it is for
