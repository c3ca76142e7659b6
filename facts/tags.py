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
    POLICY = auto()
    """What a market's leaves name as its policy: the document, and the terms of liquidation in it."""

    CONTEXT = auto()

    HOLDER = auto()
    """Whose account a part of it is; the tag of the leaf itself names its shape (``facts.solvency.shape``)."""
    COVER = auto()
    """At what the balances and debts of an account are counted."""
    TABLES = auto()
    """At what all positions, balances and debts of a venue are counted."""
    POLICIES = auto()
    """Of all markets of a run."""
    RUNNING = auto()
    """Where a proof of solvency stands between two batches."""
    SUMS = auto()
    CHALLENGE = auto()
    MIXER = auto()
    TOTALS = auto()
    """What is owed, lent and borne, in the open."""
    RESERVES = auto()
    """What is attested, where the surplus over what is owed is hidden."""

    LEAF_NULLIFIER = auto()
    """What spends a leaf of a book, so that the position in it can change once."""
    LEAF_SALT = auto()
    """The salt of a leaf that takes another's place: never one that was there before."""
    BIRTH = auto()
    """What spends the id of a position, so that it is opened once."""
    NO_POSITION = auto()
    """The kind of a leaf in which no position is, and what stands for a position where a spend is of none."""
    FLOWS = auto()
    """The money that flows when positions change."""
    TRANSITION = auto()
    """What takes the place of the policy where an owner changes positions: the new leaves and the flows."""
    LIQUIDATION = auto()
    """What takes the place of the policy where a venue reduces a position that was breached."""
    QUEUE_ENTRY = auto()
    """A position of a queue, and how many of its lots are taken."""
    DELEVERAGE = auto()
    """What takes the place of the policy where lots are closed against a bankrupt position."""
