"""What opens a leaf of a book, as a document: an owner tells the venue, and a venue that changed a position its owner.

    {"format": "ringfence.opening/1",
     "owner": "12...", "position_id": "34...", "body": "56...", "cash": "-7", "salt": "89..."}

Elements are in decimal digits, cash in whole money units. A body of 0 is that of a position that was closed: the leaf
that stands in its place opens as none. Whoever has the document knows the position, and can spend none of its locks.
"""

import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from facts.commitments import CommittedPosition, commit_position
from facts.elements import require_element
from facts.roots import parse_element
from facts.tags import Tag
from facts.transition import commit_absence
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, MisuseError, Reason

OPENING_FORMAT: Final = "ringfence.opening/1"
ELEMENTS: Final = ("owner", "position_id", "body", "salt")


@dataclass(frozen=True, slots=True)
class PositionOpening:
    """All that a perpetual's leaf is made of."""

    owner: int = field(repr=False)
    position_id: int = field(repr=False)
    body: int = field(repr=False)
    cash: int = field(repr=False)
    salt: int = field(repr=False)

    def __post_init__(self) -> None:
        for name in ELEMENTS:
            require_element(getattr(self, name), name)
        if not self.body and self.cash:
            expected = "no cash where there is no position"
            raise MalformedError(Reason.CONFLICTING_FIELDS, "cash", found="some", expected=expected)

    @classmethod
    def of(cls, committed: CommittedPosition) -> "PositionOpening":
        """Of a position that was committed."""
        if committed.kind is not Tag.POSITION_PERP:
            expected = "an isolated perpetual or future"
            raise MisuseError(Reason.NOT_APPLICABLE, "kind", found="another kind", expected=expected)
        return cls(committed.owner, committed.position_id, committed.body, committed.cash, committed.salt)

    @property
    def committed(self) -> CommittedPosition:
        """The position, which is there."""
        if not self.body:
            expected = "the opening of a position"
            raise MisuseError(Reason.WRONG_STATE, "body", found="one that was closed", expected=expected)
        return CommittedPosition(Tag.POSITION_PERP, self.owner, self.position_id, self.body, self.cash, self.salt)

    @property
    def leaf(self) -> int:
        """What stands in the book."""
        if not self.body:
            return commit_absence(self.owner, self.position_id, self.salt)
        return commit_position(self.committed)

    def render(self) -> str:
        """The document."""
        elements = {name: str(getattr(self, name)) for name in ELEMENTS}
        return json.dumps({"format": OPENING_FORMAT, **elements, "cash": str(self.cash)}, indent=2) + "\n"


def read_opening(content: object) -> PositionOpening:
    """The document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, OPENING_FORMAT)
        elements = {name: parse_element(fields.take_required(name, "an element"), name) for name in ELEMENTS}
        cash: Fraction = fields.decimal("cash")
        if cash.denominator != 1:
            raise MalformedError(Reason.NOT_ON_GRID, "cash", found="a part of a unit", expected="whole money units")
        return PositionOpening(**elements, cash=cash.numerator)
