"""All that is secret in a run comes from one seed, so that a run that was stopped goes on as the same run.

    element = HMAC-SHA256(seed, what it is for + line feed + numbers) >> 8

Whoever has the seed and the accounts can open every leaf and every running state. It stays in the private state.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from facts.canonical import encode_number
from facts.elements import truncate_digest
from facts.solvency.account import HASH_BITS, name_holder

SEED_BYTES: Final = 32
NUMBER_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Seed:
    """The seed of one run."""

    secret: bytes = field(repr=False)

    @classmethod
    def draw(cls) -> "Seed":
        """A new one from the system's randomness."""
        return cls(secrets.token_bytes(SEED_BYTES))

    def digest(self, purpose: str, *numbers: int) -> bytes:
        """32 bytes for one purpose."""
        message = f"{purpose}\n".encode() + b"".join(encode_number(number, NUMBER_BYTES) for number in numbers)
        return hmac.digest(self.secret, message, "sha256")

    def element(self, purpose: str, *numbers: int) -> int:
        """An element for one purpose."""
        return truncate_digest(self.digest(purpose, *numbers))

    def leaf_salt(self, number: int) -> int:
        """What hides the holder of a part."""
        return self.element("leaf", number)

    def running_salt(self, batch: int) -> int:
        """What hides the state after a batch."""
        return self.element("running", batch)

    def sums_salt(self) -> int:
        """What hides the sums."""
        return self.element("sums")

    def identity(self, account: str, number: int) -> int:
        """The element of whoever holds a part; of a part that fills up, one that is nobody's."""
        return name_holder(account) if account else self.element("nobody", number)

    def padding_number(self, place: int, count: int) -> int:
        """The number of a part that fills up a class: anywhere among the others."""
        hashed = int.from_bytes(self.digest("padding", place, count)[: HASH_BITS // 8], "big")
        return place << HASH_BITS | hashed
