"""A claim as ``ringfence prove`` leaves it in a folder: proof, public inputs and key, with the demand beside it."""

from pathlib import Path

from facts.demand import read_demand
from facts.public_inputs import PublicInputs
from margin.documents.reading import read_document
from prover.claim_files import PROOF, PUBLIC, VKEY
from ringfence.wire.claim import UnverifiedClaim
from snark.groth16.formats.proof_json import read_proof
from snark.groth16.formats.public_json import read_public
from snark.groth16.formats.verification_key import read_verifying_key


def read_claim_folder(folder: Path, demand: Path) -> UnverifiedClaim:
    """What is in the folder; whether it holds is for the verifier to say."""
    key = read_verifying_key(folder / VKEY, allow_development_keys=True)
    inputs = PublicInputs.of(read_public(folder / PUBLIC))
    return UnverifiedClaim(key.id, inputs.values, read_proof(folder / PROOF), read_demand(read_document(demand)))
