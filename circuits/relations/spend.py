"""Spends of a book: each leaf changes once, and each position is opened once.

    leaf nullifier   H(tag, leaf, the leaf's salt)       of a leaf that stands in the book
    birth            H(tag, secret, position id)         of a position that was not there

Where nothing is spent, the tag of no position stands in the place of the leaf, or of the id beside a salt that was
drawn for it. A leaf is a hash and no id may be this tag, so that a spend of nothing is never one of something: it
looks like any other, and burns nobody's position.
"""

from circuits.builder import Builder, Element
from circuits.gadgets.comparison import enforce_nonzero
from circuits.gadgets.membership import compute_root
from circuits.gadgets.selection import select
from circuits.relations.commitment import hash_tagged
from circuits.signal import Bit, Signal
from facts.tags import Tag
from facts.transition import RESERVED_ID


def spend_leaf(
    builder: Builder, present: Bit, *, leaf: Signal, salt: Signal, nullifier: Signal, book_root: Signal, levels: int
) -> None:
    """Where a position is present its leaf stands in the book; the public nullifier is that of the leaf, or of none."""
    root = compute_root(builder, "path", leaf, levels)
    builder.enforce_product(present, root - book_root, 0, rule="position_in_book")
    spent = select(present, leaf, builder.element(int(Tag.NO_POSITION)))
    derived = hash_tagged(builder, Tag.LEAF_NULLIFIER, spent, salt)
    builder.enforce_equal(derived, nullifier, rule="nullifier_is_of_leaf")


def spend_birth(builder: Builder, born: Bit, *, secret: Signal, position_id: Signal, nullifier: Signal) -> None:
    """The public nullifier is the birth of a position that is born, or of none."""
    enforce_nonzero(position_id - RESERVED_ID, rule="id_is_not_reserved")
    salt = builder.private("birth_salt", Element(), "hides that nothing is born")
    whose = select(born, secret, salt)
    which = select(born, position_id, builder.element(RESERVED_ID))
    builder.enforce_equal(hash_tagged(builder, Tag.BIRTH, whose, which), nullifier, rule="birth_is_of_position")
