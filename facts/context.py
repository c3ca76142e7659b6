"""Where a proof may be used: one verifier, one contract on one chain, one recipient, until one moment.

    binding = SHA-256(canonical bytes) >> 8        context = H(tag, domain, binding)

The domain stands apart, because a statement ties it to the domain of every lock; the binding is tied as it is.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from facts.bounds import require_chain_id, require_number
from facts.canonical import NUMBER_BYTES, frame, require_length
from facts.commitments import hash_elements
from facts.elements import NAMESPACE, derive_element, truncate_digest
from facts.tags import Tag
from margin.errors import Reason, RejectedError

BINDING_PREFIX: Final = f"{NAMESPACE}binding\n".encode()
MAX_VERIFIER_BYTES: Final = 255
MAX_ADDRESS_BYTES: Final = 64
EXPIRY_BITS: Final = 64
MOST_KEPT: Final = 1024
"""Of places and domains that are asked about again and again."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a proof is good for; addresses are as their chain writes them in bytes (20 of them on an EVM chain)."""

    verifier: str
    chain_id: int
    contract: bytes
    recipient: bytes
    expiry: int
    """In seconds since 1970."""

    def __post_init__(self) -> None:
        require_length(self.verifier.encode(), "verifier", MAX_VERIFIER_BYTES)
        require_chain_id(self.chain_id)
        require_length(self.contract, "contract", MAX_ADDRESS_BYTES)
        require_length(self.recipient, "recipient", MAX_ADDRESS_BYTES)
        require_number(self.expiry, "expiry", EXPIRY_BITS, "seconds since 1970")

    def require_time_left(self, moment: int) -> None:
        """From its last moment on a proof for this place is good for nothing."""
        if moment >= self.expiry:
            raise RejectedError(Reason.EXPIRED, "expires", found=moment, expected=f"before {self.expiry}")

    def encode(self) -> bytes:
        """The canonical bytes: fields in order, texts and addresses with their length before them, all big-endian."""
        return b"".join(
            (
                BINDING_PREFIX,
                frame(self.verifier.encode()),
                self.chain_id.to_bytes(NUMBER_BYTES, "big"),
                frame(self.contract),
                frame(self.recipient),
                self.expiry.to_bytes(NUMBER_BYTES, "big"),
            )
        )

    @property
    def element(self) -> int:
        """The binding as a statement has it."""
        return truncate_digest(sha256(self.encode()).digest())


@lru_cache(maxsize=MOST_KEPT)
def name_domain(name: str) -> int:
    """The domain of a registry of nullifiers, by its name."""
    return derive_element(f"domain:{name}")


@lru_cache(maxsize=MOST_KEPT)
def commit_context(domain: int, binding: Binding) -> int:
    """The public input that ties a proof to its place."""
    return hash_elements(Tag.CONTEXT, domain=domain, binding=binding.element)
