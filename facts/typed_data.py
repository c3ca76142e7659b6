"""EIP-712: what a chain's contracts hash of a message, so that they can tell who signed it.

    digest    = keccak(0x1901, domain, struct)
    domain    = keccak(keccak(type of the domain), keccak(name), keccak(version), chain id, contract)
    struct    = keccak(keccak(type), its fields as words of 32 bytes)

Numbers, truth values, addresses and digests are words as they are, with zeros on their left; texts and bytes are the
Keccak-256 of themselves, and lists that of their words one after the other. The two bytes in front are the beginning of
no transaction, and of no message that a wallet signs otherwise.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from facts.keccak import hash_keccak

WORD_BYTES: Final = 32
PREFIX: Final = b"\x19\x01"
NAME: Final = "Ringfence"
VERSION: Final = "1"
DOMAIN_TYPE: Final = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
MOST_KEPT: Final = 1024
"""Of what is the same from message to message: names, types and destinations."""


def word(value: int | bytes) -> bytes:
    """A number, an address or a digest as a word."""
    data = value if isinstance(value, bytes) else value.to_bytes(WORD_BYTES, "big")
    return data.rjust(WORD_BYTES, b"\0")


@lru_cache(maxsize=MOST_KEPT)
def hash_bytes(data: bytes) -> bytes:
    """What stands for bytes, for a text, and for the text of a type."""
    return hash_keccak(data)


def hash_list(values: Iterable[int]) -> bytes:
    """What stands for a list of numbers."""
    return hash_keccak(b"".join(map(word, values)))


@lru_cache(maxsize=MOST_KEPT)
def hash_domain(chain_id: int, contract: bytes) -> bytes:
    """The one contract on the one chain that is spoken to."""
    texts = (hash_bytes(text.encode()) for text in (DOMAIN_TYPE, NAME, VERSION))
    return hash_keccak(b"".join((*texts, word(chain_id), word(contract))))


def hash_struct(kind: str, words: Sequence[bytes]) -> bytes:
    """A message of a type."""
    return hash_keccak(b"".join((hash_bytes(kind.encode()), *words)))


def hash_typed_data(domain: bytes, struct: bytes) -> bytes:
    """What is signed."""
    return hash_keccak(PREFIX + domain + struct)
