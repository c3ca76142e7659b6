"""Attestations and the keys of a verifier, for tests alone, and the same at every run."""

from hashlib import sha256
from typing import Final

from facts.attestation import Attestation, SignedAttestation, name_key
from facts.ed25519 import SigningKey
from facts.log_entry import Event, State
from facts.policy import StatementPolicy
from facts.secp256k1 import SigningKey as ChainKey
from margin.requirement import RequirementKind
from tests.facts.specimens import NOW, key_of

KEY: Final = key_of("verifier")
STRANGER: Final = key_of("another verifier")


def chain_key_of(name: str) -> ChainKey:
    """The key whose secret is the hash of a name."""
    return ChainKey.of_secret(sha256(f"a test's key for chains: {name}".encode()).digest())


CHAIN_KEY: Final = chain_key_of("verifier")
CHAIN_STRANGER: Final = chain_key_of("another verifier")

ACCEPTED: Final = Attestation(
    verifier="desk-1",
    domain="clearing.example",
    chain_id=1,
    contract=bytes(range(1, 21)),
    recipient=bytes(range(21, 41)),
    acceptance="ab" * 32,
    event=Event.ACCEPT,
    state=State.ACCEPTED,
    revision=0,
    log_index=7,
    moment=NOW,
    lapses_at=NOW + 600,
    position_tag=2**250 + 9,
    policy=StatementPolicy(RequirementKind.INITIAL, shock_ppm=50_000, least_basket_value=1_000_000).encode(),
    held=(2**248 + 1, 2**249 + 2),
    left=(),
    claim_id="ab" * 32,
    key_id="cd" * 32,
    is_for_development=False,
)
LAPSED: Final = Attestation(
    verifier="bureau n\u00b0 2",
    domain="clearing.example",
    chain_id=2**64 - 1,
    contract=bytes(range(32)),
    recipient=b"\x07",
    acceptance="ef" * 32,
    event=Event.LAPSE,
    state=State.LAPSED,
    revision=3,
    log_index=2**61,
    moment=NOW + 700,
    lapses_at=NOW + 600,
    position_tag=1,
    policy=0,
    held=(5,),
    left=(),
    claim_id=None,
    key_id=None,
    is_for_development=True,
)
SEIZED: Final = Attestation(
    verifier="desk-1",
    domain="clearing.example",
    chain_id=1,
    contract=bytes(range(1, 21)),
    recipient=bytes(range(64)),
    acceptance="ab" * 32,
    event=Event.SEIZE,
    state=State.SEIZED,
    revision=2,
    log_index=9,
    moment=NOW + 900,
    lapses_at=NOW + 600,
    position_tag=2**250 + 9,
    policy=1,
    held=(),
    left=tuple(range(1, 65)),
    claim_id="01" * 32,
    key_id="cd" * 32,
    is_for_development=False,
)
ATTESTATIONS: Final = {"accepted": ACCEPTED, "lapsed": LAPSED, "seized": SEIZED}


def sign(attestation: Attestation, key: SigningKey = KEY, chain_key: ChainKey | None = CHAIN_KEY) -> SignedAttestation:
    """The attestation with the signatures of these keys."""
    message = attestation.encode()
    signed = SignedAttestation(attestation, name_key(key.public_key), key.sign(message))
    if chain_key is None or not attestation.is_for_a_chain:
        return signed
    digest = attestation.digest
    chain = (digest, chain_key.address, chain_key.sign(digest))
    return SignedAttestation(attestation, signed.ed25519_key_id, signed.ed25519_signature, *chain)
