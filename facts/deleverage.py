"""What is made public of an auto-deleverage: whose lots are closed against a bankrupt position, entry by entry.

    entry         H(tag, leaf, the leaf's salt, lots, basket)
    deleverage    H(tag, basis, bankrupt entry, first entry of the queue, ..., last entry)

It stands in the place of the policy. An entry hides its leaf behind the leaf's salt: a trader finds his own, and sees
how many of his lots were taken and what his basket was counted for; to everybody else it says nothing, and it is
linked to nothing that spends the leaf later. Entries stand in the order of the queue; places that the queue does not
fill have entries of no position, which look like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from facts.commitments import hash_elements
from facts.elements import require_bits, require_element
from facts.tags import Tag
from margin.bounds import MONEY_BITS, SIZE_BITS
from margin.deleverage import PnlBasis
from margin.errors import MalformedError, Reason

MOST_ENTRIES = 12
"""One hash takes them all."""


def commit_entry(leaf: int, salt: int, lots: int, basket: int) -> int:
    """So many lots of the position in a leaf, whose locks were counted for so much."""
    require_bits(lots, "lots", SIZE_BITS)
    require_bits(basket, "basket", MONEY_BITS)
    return hash_elements(Tag.QUEUE_ENTRY, leaf=leaf, salt=salt, lots=lots, basket=basket)


@dataclass(frozen=True, slots=True)
class StatedDeleverage:
    """What a venue says beside the claim: a verifier hashes it and finds it in the place of the policy."""

    basis: PnlBasis
    """What profit is measured against where positions are ranked."""
    bankrupt: int
    """The entry of the position that is closed whole."""
    entries: tuple[int, ...]

    def __post_init__(self) -> None:
        require_entry_count(len(self.entries))
        for place, entry in enumerate((self.bankrupt, *self.entries)):
            require_element(entry, f"entries[{place}]")

    def encode(self) -> int:
        """What stands in the place of a policy."""
        return commit_deleverage(self.basis, self.bankrupt, self.entries)


def require_entry_count(entries: int) -> int:
    """A queue has a bounded number of places."""
    if not 1 <= entries <= MOST_ENTRIES:
        found, expected = f"{entries} entries", f"1 to {MOST_ENTRIES} entries"
        raise MalformedError(Reason.WRONG_COUNT, "entries", found=found, expected=expected)
    return entries


def commit_deleverage(basis: PnlBasis, bankrupt: int, entries: Sequence[int]) -> int:
    """What stands in the place of the policy."""
    named = {f"entries[{place}]": entry for place, entry in enumerate(entries)}
    return hash_elements(Tag.DELEVERAGE, basis=int(basis is PnlBasis.MARK), bankrupt=bankrupt, **named)
