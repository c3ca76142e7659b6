"""A position of the book, of any kind, and the public name that follows from it.

    owner = H(tag, secret)        leaf = H(tag of the kind, owner, position id, body, cash, salt)
    position tag = H(tag, secret, position id)

The secret and the id are free to choose only until the leaf is: the leaf stands in the venue's book, its hash fixes
owner, id, body, cash and salt, and the owner fixes the secret. So the tag of a position is determined by the position.

The tag tells two positions apart only if their ids differ: a venue gives no two positions of one owner the same id, or
an acceptance of one could be refreshed with a proof about the other.
"""

from typing import Final

from circuits.builder import Builder, Element
from circuits.gadgets.packing import PackedNumbers, declare_packed
from circuits.gadgets.signed import with_sign
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.relations.public_inputs import PublicSignals
from circuits.signal import Bounded, Signal
from facts.commitments import PositionKind
from facts.packing import CASH
from facts.tags import Tag

CASH_MEANINGS: Final = {"magnitude": "ring-fenced money, in money units", "sign": "1 if it is below zero"}


def declare_secret(builder: Builder) -> Signal:
    """The trader's key: the one of the position is the one of every lock."""
    return builder.private("secret", Element(), "the trader's secret key")


def declare_cash(builder: Builder) -> PackedNumbers:
    """Signed money of a position."""
    with builder.scope("cash"):
        return declare_packed(builder, CASH, CASH_MEANINGS)


def open_position(
    builder: Builder, kind: PositionKind, *, secret: Signal, body: Signal, public: PublicSignals, levels: int
) -> Bounded:
    """The cash of a position of ``secret`` with this body, which stands in the book under the public tag."""
    with builder.scope("position"):
        position_id = builder.private("position_id", Element(), "which position of its owner it is")
        salt = builder.private("salt", Element(), "hides the leaf")
        cash = declare_cash(builder)
        owner = hash_tagged(builder, Tag.OWNER, secret)
        leaf = hash_tagged(builder, kind, owner, position_id, body, cash.element, salt)
        enforce_member(builder, leaf, public.book_root, levels, rule="position_in_book")
        tag = hash_tagged(builder, Tag.POSITION_TAG, secret, position_id)
        builder.enforce_equal(tag, public.position_tag, rule="tag_is_of_position")
    return with_sign(cash.bit("sign"), cash["magnitude"])
