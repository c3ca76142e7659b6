"""What an escrow is told so that it pays: by a release and the word of the verifier, as its functions take them."""

from typing import Any

from chains.gate import write_attestation
from facts.attestation import SignedAttestation
from facts.context import name_domain
from ringfence.cli.bridging.trader import LOCKED
from ringfence.wire.claim import UnverifiedClaim


def write_payment(token: str, release: UnverifiedClaim) -> tuple[Any, ...]:
    """What is to be paid, by a release."""
    inputs, demand = release.inputs, release.demand
    (nullifier,) = inputs.nullifiers
    binding = demand.binding
    recipient = f"0x{binding.recipient.hex()}"
    place = name_domain(demand.domain), binding.verifier, inputs.lock_root
    return token, LOCKED, *place, nullifier, recipient, binding.expiry


def write_word(signed: SignedAttestation) -> tuple[Any, ...]:
    """What the verifier has said, with its signature and the gate that it was said to."""
    said = signed.attestation
    return said.chain_id, f"0x{said.contract.hex()}", write_attestation(signed), [signed.eip712_signature]
