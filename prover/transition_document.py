"""What a trader wants to change of positions that were committed, in the units that people use.

    {"format": "ringfence.transition/1",
     "changes": [{"position": "btc-long", "change": "withdraw", "amount": "100"}]}

    top_up       amount          money from the wallet into the position
    withdraw     amount          money out of it
    settle                       funding up to now, and nothing else
    increase     size, amount    lots at the attested price, with as much money from the wallet
    close        size, amount    some of its lots, and as much money out of it
    close_all                    all of its lots, and whatever is left
    open         document        a new position under a name that is free; its cash comes from the wallet
    move         to, amount      money from its silo into that of another position

One change, or one for each of two positions; a move is about two already. Amounts are in the currency that the market
settles in, sizes as in a position document. An amount that is left out is none, and a fee that is left out the least
that the market asks for. See ``transition.schema.json`` for every field.
"""

from dataclasses import dataclass, field
from enum import Enum, unique
from fractions import Fraction
from pathlib import Path
from typing import Final

from facts.transition import POSITIONS
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MisuseError, Reason

TRANSITION_FORMAT: Final = "ringfence.transition/1"


@unique
class Kind(Enum):
    """What is done to a position."""

    TOP_UP = "top_up"
    WITHDRAW = "withdraw"
    SETTLE = "settle"
    INCREASE = "increase"
    CLOSE = "close"
    CLOSE_ALL = "close_all"
    OPEN = "open"
    MOVE = "move"


ASKS: Final = {
    Kind.TOP_UP: ("amount",),
    Kind.WITHDRAW: ("amount",),
    Kind.INCREASE: ("size",),
    Kind.CLOSE: ("size",),
    Kind.OPEN: ("document",),
    Kind.MOVE: ("to", "amount"),
}
"""What has to be said."""
MAY: Final = {
    Kind.INCREASE: ("amount",),
    Kind.CLOSE: ("amount", "fee"),
    Kind.CLOSE_ALL: ("fee",),
}
"""What else may be."""


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """One change, in the decimals of the document."""

    position: str = field(repr=False)
    kind: Kind
    amount: Fraction = field(repr=False, default=Fraction(0))
    size: Fraction = field(repr=False, default=Fraction(0))
    fee: Fraction | None = field(repr=False, default=None)
    receiver: str = field(repr=False, default="")
    document: object = field(repr=False, default=None)


def read_changes_file(path: Path) -> tuple[WrittenChange, ...]:
    """The changes in a file."""
    return read_changes(read_document(path))


def read_changes(content: object) -> tuple[WrittenChange, ...]:
    """A transition document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, TRANSITION_FORMAT)
        changes = tuple(read_change(each) for each in fields.items("changes", POSITIONS))
    named = [name for change in changes for name in (change.position, change.receiver) if name]
    if not changes or len(named) > POSITIONS:
        found, expected = f"{len(named)} positions", f"one position, or {POSITIONS}"
        raise MalformedError(Reason.WRONG_COUNT, "changes", found=found, expected=expected)
    if len(set(named)) < len(named):
        expected = "one change for each position"
        raise MisuseError(Reason.DUPLICATE_FIELD, "changes", found="a position twice", expected=expected)
    return changes


def read_change(fields: Fields) -> WrittenChange:
    """One change: all that it asks for, and nothing that it has no use for."""
    with fields:
        position, kind = fields.text("position"), fields.choice("change", Kind)
        asked, allowed = ASKS.get(kind, ()), MAY.get(kind, ())
        known = {*asked, *allowed}
        return WrittenChange(
            position,
            kind,
            amount=read_amount(fields, "amount", required="amount" in asked) if "amount" in known else Fraction(0),
            size=read_amount(fields, "size", required=True) if "size" in known else Fraction(0),
            fee=read_amount(fields, "fee", required=True) if "fee" in known and fields.has("fee") else None,
            receiver=fields.text("to") if "to" in known else "",
            document=fields.take_required("document", "a position or request document")
            if "document" in known
            else None,
        )


def read_amount(fields: Fields, name: str, *, required: bool) -> Fraction:
    """An amount or a size; one that has to be there is above zero."""
    amount = fields.decimal(name) if required else fields.decimal(name, Fraction(0))
    least = "an amount above 0" if required and name != "fee" else "an amount of at least 0"
    if amount < 0 or (required and name != "fee" and not amount):
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found="another amount", expected=least)
    return amount
