"""How many accounts a run pretends to have, so that nobody can count them.

    batch        up to the end of the last batch: the number is known up to a batch
    eighth       up to the next number of batches with four significant bits: at most an eighth more (the default)
    a number     so many accounts of each class, every day the same; it has to be enough

Accounts that fill up are accounts without anything. Their leaves look like any other's, they stand anywhere in the
order, and they are proved like any other.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from margin.errors import MalformedError, Reason, RejectedError

BATCH, EIGHTH = "batch", "eighth"
SIGNIFICANT_BITS: Final = 4
MOST_ACCOUNTS: Final = 2**36


@dataclass(frozen=True, slots=True)
class Padding:
    """A rule; ``accounts`` is the number of one that is a number, and 0 of the others."""

    rule: str
    accounts: int = 0

    @classmethod
    def parse(cls, text: str) -> "Padding":
        """The rule of a word or a number."""
        if text in {BATCH, EIGHTH}:
            return cls(text)
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_ACCOUNTS:
            return cls("accounts", int(text))
        expected = f"{BATCH}, {EIGHTH} or a number of accounts up to {MOST_ACCOUNTS}"
        raise MalformedError(Reason.NOT_A_CHOICE, "padding", found=text, expected=expected)

    @property
    def spelling(self) -> str:
        """The word or the number."""
        return str(self.accounts) if self.accounts else self.rule

    def count_batches(self, parts: int, per_batch: int) -> int:
        """So many batches for so many parts of accounts, and at least one."""
        needed = max(1, ceil(parts / per_batch))
        if self.rule == BATCH:
            return needed
        if self.rule == EIGHTH:
            return round_up(needed)
        wanted = ceil(self.accounts / per_batch)
        if wanted < needed:
            found, expected = f"{parts} parts of accounts", f"at most {self.accounts}, as the padding says"
            raise RejectedError(Reason.OUT_OF_BOUNDS, "padding", found=found, expected=expected)
        return wanted


def round_up(number: int) -> int:
    """The next number whose highest four bits alone are set."""
    step = 1 << max(0, number.bit_length() - SIGNIFICANT_BITS)
    return -(-number // step) * step
