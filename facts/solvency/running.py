"""Running state: what one batch hands to the next, hidden under a salt.

    H(tag, salt, number, lines, rows)

``number`` is that of the last part, ``lines`` and ``rows`` are the sums of inverses that ``facts.solvency.challenge``
describes. A run begins with all zeros, in the open, and what it ends with is opened in the statement of the total.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from facts.bounds import PART_NUMBER_BITS
from facts.elements import draw_element, require_bits, require_element
from facts.tags import Tag
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_inputs, hash_many


@dataclass(frozen=True, slots=True)
class RunningState:
    """Where a run stands between two batches."""

    salt: int = field(repr=False)
    number: int = field(repr=False)
    lines: int = field(repr=False)
    rows: int = field(repr=False)

    def __post_init__(self) -> None:
        require_bits(self.number, "number", PART_NUMBER_BITS)
        for name in ("salt", "lines", "rows"):
            require_element(getattr(self, name), name)

    @classmethod
    def hide(cls, number: int, lines: int, rows: int) -> "RunningState":
        """The state under a salt that was just drawn."""
        return cls(draw_element(), number, lines, rows)

    @property
    def elements(self) -> tuple[int, int, int, int, int]:
        """What is hashed."""
        return int(Tag.RUNNING), self.salt, self.number, self.lines, self.rows

    def encode(self) -> bytes:
        """The row of its hash."""
        return b"".join(each.to_bytes(FIELD_BYTES, "little") for each in self.elements)


BEGINNING: Final = RunningState(0, 0, 0, 0)
"""Nothing is counted yet, and everybody sees it."""


def commit_running(state: RunningState) -> int:
    """What stands between two batches."""
    return hash_inputs(state.elements)


def commit_runnings(states: Sequence[RunningState], threads: int = 0) -> bytes:
    """Many of them, 32 little-endian bytes each."""
    return hash_many(len(BEGINNING.elements) + 1, b"".join(state.encode() for state in states), threads)
