"""The public inputs of every statement, in the one order that all of them have.

    book_root, market_root, lock_root, position_tag, nullifier[0], ..., nullifier[K - 1], context, policy

One verifier, one store and one contract serve all statements because of it. An input that a statement does not use
holds a constant that depends on its name and is never zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from facts.commitments import hash_elements
from facts.elements import NAMESPACE, derive_element, require_element
from facts.tags import Tag
from margin.bounds import MAX_HOLDINGS
from margin.errors import MalformedError, Reason
from snark.bn254.constants import FIELD_BYTES

BEFORE_NULLIFIERS: Final = ("book_root", "market_root", "lock_root", "position_tag")
AFTER_NULLIFIERS: Final = ("context", "policy")
FIXED_COUNT: Final = len(BEFORE_NULLIFIERS) + len(AFTER_NULLIFIERS)
MOST_NAMES_KEPT: Final = 64

CLAIM_PREFIX: Final = f"{NAMESPACE}claim\n".encode()
KEY_ID_BYTES: Final = 32


def input_names(locks: int) -> tuple[str, ...]:
    """THE order, for a shape with so many locks."""
    require_lock_count(locks)
    return (*BEFORE_NULLIFIERS, *(f"nullifier[{index}]" for index in range(locks)), *AFTER_NULLIFIERS)


@lru_cache(maxsize=MOST_NAMES_KEPT)
def unused_input(name: str) -> int:
    """What stands in the input ``name`` of a statement that does not use it."""
    return hash_elements(Tag.UNUSED, name=derive_element(f"input:{name}"))


@dataclass(frozen=True, slots=True)
class PublicInputs:
    """What a proof is about, as everybody sees it."""

    book_root: int
    market_root: int
    lock_root: int
    position_tag: int
    nullifiers: tuple[int, ...]
    context: int
    policy: int

    def __post_init__(self) -> None:
        for name, value in zip(self.names, self.values, strict=True):
            require_input(name, value)
        if len(set(self.nullifiers)) != len(self.nullifiers):
            expected = "different nullifiers: a lock counts once"
            raise MalformedError(Reason.DUPLICATE_FIELD, "nullifiers", found="one twice", expected=expected)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each value."""
        return input_names(len(self.nullifiers))

    @property
    def values(self) -> tuple[int, ...]:
        """The values as a proof has them."""
        before = (self.book_root, self.market_root, self.lock_root, self.position_tag)
        return (*before, *self.nullifiers, self.context, self.policy)

    @classmethod
    def of(cls, values: Sequence[int]) -> "PublicInputs":
        """The inputs that a proof came with; their number says how many locks there are."""
        require_lock_count(len(values) - FIXED_COUNT)
        book_root, market_root, lock_root, position_tag, *nullifiers, context, policy = values
        return cls(book_root, market_root, lock_root, position_tag, tuple(nullifiers), context, policy)

    def encode(self) -> bytes:
        """The canonical bytes: each value as 32 bytes, big-endian, one after the other."""
        return b"".join(value.to_bytes(FIELD_BYTES, "big") for value in self.values)

    @classmethod
    def decode(cls, data: bytes) -> "PublicInputs":
        """The inputs from their canonical bytes."""
        if len(data) % FIELD_BYTES:
            found, expected = f"{len(data)} bytes", f"elements of {FIELD_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "public_inputs", found=found, expected=expected)
        return cls.of([int.from_bytes(data[i : i + FIELD_BYTES], "big") for i in range(0, len(data), FIELD_BYTES)])


def require_lock_count(locks: int) -> None:
    """A basket has a bounded number of holdings."""
    if not 0 <= locks <= MAX_HOLDINGS:
        expected = f"{FIXED_COUNT} to {FIXED_COUNT + MAX_HOLDINGS} inputs"
        found = f"{locks + FIXED_COUNT} inputs"
        raise MalformedError(Reason.WRONG_COUNT, "public_inputs", found=found, expected=expected)


def require_input(name: str, value: int) -> None:
    """An element; and no zero, which is what a forgotten value would be, save where zero is a word of its own."""
    if require_element(value, name) == 0 and name != "policy":
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found="0", expected="an element above 0")


def identify_claim(domain: int, key_id: str, inputs: PublicInputs) -> str:
    """Which claim this is, in hexadecimal: not the proof's bytes, which anybody can make anew.

    ``SHA-256(prefix, domain, key id, public inputs)``, where the id is that of the verifying key.
    """
    parts = (CLAIM_PREFIX, require_element(domain, "domain").to_bytes(FIELD_BYTES, "big"), decode_key_id(key_id))
    return sha256(b"".join(parts) + inputs.encode()).hexdigest()


def decode_key_id(key_id: str) -> bytes:
    """The 32 bytes of an id, which has one spelling: lower-case hexadecimal."""
    if len(key_id) != 2 * KEY_ID_BYTES or not set(key_id) <= set("0123456789abcdef"):
        expected = f"{2 * KEY_ID_BYTES} lower-case hexadecimal digits"
        raise MalformedError(Reason.NOT_READABLE, "key_id", found=key_id, expected=expected)
    return bytes.fromhex(key_id)
