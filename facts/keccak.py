"""Keccak-256 as Ethereum has it: the sponge that became SHA-3, with the padding from before it did.

The standard library has SHA3-256, which differs in one byte of padding and so in every digest.
"""

from typing import Final

LANES: Final = 25
LANE_BYTES: Final = 8
LANE_MASK: Final = 2**64 - 1
RATE_BYTES: Final = 136
DIGEST_BYTES: Final = 32
ROUNDS: Final = 24
KECCAK_PADDING: Final = 0x01
LAST_BIT: Final = 0x80


def hash_keccak(data: bytes, padding: int = KECCAK_PADDING) -> bytes:
    """The 32 bytes of Keccak-256; with a padding of 6 they are those of SHA3-256."""
    padded = bytearray(data) + bytes(RATE_BYTES - len(data) % RATE_BYTES)
    padded[len(data)] ^= padding
    padded[-1] ^= LAST_BIT
    state = [0] * LANES
    for start in range(0, len(padded), RATE_BYTES):
        for lane in range(RATE_BYTES // LANE_BYTES):
            place = start + lane * LANE_BYTES
            state[lane] ^= int.from_bytes(padded[place : place + LANE_BYTES], "little")
        state = permute(state)
    return b"".join(lane.to_bytes(LANE_BYTES, "little") for lane in state[: DIGEST_BYTES // LANE_BYTES])


def permute(state: list[int]) -> list[int]:
    """Keccak-f[1600]; lane x, y stands at x + 5 y."""
    for constant in ROUND_CONSTANTS:
        columns = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        mixed = [columns[(x - 1) % 5] ^ rotate(columns[(x + 1) % 5], 1) for x in range(5)]
        moved = [0] * LANES
        for place, lane in enumerate(state):
            x, y = place % 5, place // 5
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(lane ^ mixed[x], OFFSETS[place])
        rows = [moved[start : start + 5] for start in range(0, LANES, 5)]
        state = [row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) for row in rows for x in range(5)]
        state[0] ^= constant
    return state


def rotate(lane: int, count: int) -> int:
    """A lane turned to the left."""
    return (lane << count | lane >> (64 - count)) & LANE_MASK


def derive_offsets() -> list[int]:
    """By how much each lane is turned: triangular numbers along the path that rho and pi walk."""
    offsets, x, y = [0] * LANES, 1, 0
    for step in range(LANES - 1):
        offsets[x + 5 * y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


def derive_constants() -> list[int]:
    """The constant of each round: bits of a shift register over x^8 + x^6 + x^5 + x^4 + 1, at places 2^j - 1."""
    constants, register = [], 1
    for _ in range(ROUNDS):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << (2**j - 1)
            register = register << 1 ^ (register >> 7) * 0x171
        constants.append(constant)
    return constants


OFFSETS: Final = derive_offsets()
ROUND_CONSTANTS: Final = derive_constants()
