"""BLAKE2b-512 that can be stopped and continued (RFC 7693).

A ``.ptau`` file holds, for each contribution, the state of a hash that has read everything but the public key: nobody
has to keep gigabytes of a response to check its hash. ``hashlib`` hashes faster but shows no state.
"""

import struct
from typing import Final

from snark.errors import MalformedError, Reason

BLOCK_BYTES: Final = 128
MASK: Final = 2**64 - 1
WORDS: Final = struct.Struct("<16Q")
STATE: Final = struct.Struct("<128s8QQQ8s")
"""As snarkjs keeps it: the block that is being filled, eight words, the bytes in blocks before it, those in it."""

FRACTIONS: Final = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip
"""The fractions of the square roots of the first eight primes."""
PARAMETERS: Final = 0x01010040
"""No key, a sequential hash, 64 bytes of digest."""
SCHEDULE: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
ROUNDS: Final = 12
MIXES: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
"""The columns, then the diagonals."""


class ResumableBlake2b:
    """A hash whose state can be taken out and put back."""

    def __init__(self) -> None:
        first, *others = FRACTIONS
        self.words = [first ^ PARAMETERS, *others]
        self.block = b""
        self.compressed = 0

    @classmethod
    def resume(cls, state: bytes, field: str = "state of the hash") -> "ResumableBlake2b":
        """A hash that continues where the state was taken."""
        block, *words, compressed, filled, _padding = STATE.unpack(state)
        if filled > BLOCK_BYTES:
            raise MalformedError(
                Reason.F18_CONTRIBUTION_RECORD,
                field,
                found=f"{filled} bytes in a block",
                expected=f"at most {BLOCK_BYTES}",
            )
        hasher = cls()
        hasher.words, hasher.block, hasher.compressed = words, block[:filled], compressed
        return hasher

    def state(self) -> bytes:
        """Where the hash stands, in 216 bytes."""
        return STATE.pack(self.block, *self.words, self.compressed, len(self.block), b"")

    def update(self, data: bytes) -> "ResumableBlake2b":
        """Read more."""
        pending = self.block + data
        whole = max(0, (len(pending) - 1) // BLOCK_BYTES)  # the last block waits, full or not
        for start in range(0, whole * BLOCK_BYTES, BLOCK_BYTES):
            self.compressed += BLOCK_BYTES
            self.words = compress(self.words, pending[start : start + BLOCK_BYTES], self.compressed, last=False)
        self.block = pending[whole * BLOCK_BYTES :]
        return self

    def digest(self) -> bytes:
        """The hash of all that was read."""
        length = self.compressed + len(self.block)
        words = compress(self.words, self.block.ljust(BLOCK_BYTES, b"\0"), length, last=True)
        return struct.pack("<8Q", *words)


def compress(words: list[int], block: bytes, length: int, *, last: bool) -> list[int]:
    """The compression function F of RFC 7693."""
    message = WORDS.unpack(block)
    v = [*words, *FRACTIONS]
    v[12] ^= length & MASK
    v[13] ^= length >> 64
    if last:
        v[14] ^= MASK
    for number in range(ROUNDS):
        order = SCHEDULE[number % len(SCHEDULE)]
        for index, (a, b, c, d) in enumerate(MIXES):
            mix(v, a, b, c, d, message[order[2 * index]], message[order[2 * index + 1]])
    return [word ^ v[index] ^ v[index + 8] for index, word in enumerate(words)]


def mix(v: list[int], a: int, b: int, c: int, d: int, x: int, y: int) -> None:  # noqa: PLR0917 -- as in the RFC
    """The mixing function G of RFC 7693."""
    v[a] = (v[a] + v[b] + x) & MASK
    v[d] = rotate(v[d] ^ v[a], 32)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotate(v[b] ^ v[c], 24)
    v[a] = (v[a] + v[b] + y) & MASK
    v[d] = rotate(v[d] ^ v[a], 16)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotate(v[b] ^ v[c], 63)


def rotate(word: int, right: int) -> int:
    """A word of 64 bits turned to the right."""
    return (word >> right | word << (64 - right)) & MASK
