"""Keccak-256 as Ethereum has it: the sponge that became SHA-3, with the padding from before it did.

The standard library has SHA3-256, which differs in one byte of padding and so in every digest.
"""

from typing import Final

from Crypto.Hash import keccak

DIGEST_BITS: Final = 256


def hash_keccak(data: bytes) -> bytes:
    """The 32 bytes of Keccak-256."""
    return keccak.new(digest_bits=DIGEST_BITS, data=data).digest()
