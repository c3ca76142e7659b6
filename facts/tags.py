"""Tags: the first input of every hash says what the hash is of, so that nothing of one kind can pass for another."""

from enum import IntEnum, auto, unique

from facts.elements import derive_element


@unique
class Tag(IntEnum):
    """``SHA-256("ringfence.v1." + the kind in lower case) >> 8``, the kind being the name of the member."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:  # noqa: ARG004
        return derive_element(name.lower())

    EMPTY = auto()
    """A leaf where there is none."""
    UNUSED = auto()
    """A public input that a statement does not use."""

    OWNER = auto()
    POSITION_PERP = auto()
    POSITION_STRUCTURE = auto()
    POSITION_PORTFOLIO = auto()
    POSITION_TAG = auto()
    STRUCTURE = auto()
    """The body of a structure: its legs."""
    PORTFOLIO = auto()
    """The body of a portfolio: its holdings."""

    LOCK_OWNER = auto()
    LOCK = auto()
    NULLIFIER = auto()
    RELEASE = auto()
    """What takes the place of the policy where a lock is released: which asset, and how much of it."""

    MARKET = auto()
    ASSET = auto()
    INSTRUMENT = auto()

    CONTEXT = auto()
