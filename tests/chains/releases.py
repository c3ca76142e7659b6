"""Releases as ``ringfence prove release`` leaves them, by keys whose secrets a test knows."""

import json
from datetime import UTC, datetime
from pathlib import Path

from snark.groth16.formats.proof_json import format_proof
from snark.groth16.formats.public_json import format_public
from snark.groth16.formats.verification_key import format_verifying_key
from tests.contracts.arena import CHAIN_ID, spell
from tests.contracts.escrows import RELEASES, Payment


def leave_release(folder: Path, payment: Payment, root: int) -> None:
    """A release in a folder of its own, with its demand beside."""
    binding = payment.binding
    folder.mkdir(parents=True)
    inputs = payment.inputs(root)
    (folder / "proof.json").write_text(format_proof(RELEASES.prove(inputs)))
    (folder / "public.json").write_text(format_public(inputs))
    (folder / "verification_key.json").write_text(format_verifying_key(RELEASES.key))
    asset = f"eip155:{CHAIN_ID}/erc20:{payment.locked.token.lower()}"
    context = {
        "domain": payment.locked.domain,
        "verifier": binding.verifier,
        "chain_id": binding.chain_id,
        "contract": spell(binding.contract),
        "recipient": spell(binding.recipient),
        "expires": datetime.fromtimestamp(binding.expiry, UTC).isoformat(),
    }
    release = {"asset": asset, "amount": str(payment.locked.amount)}
    (folder / "demand.json").write_text(json.dumps({"release": release, "context": context}))
