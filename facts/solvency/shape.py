"""Shapes: how much room a part of an account has, how many of them make a batch, and how long the tables are.

A leaf begins with the tag of its shape, so that no leaf can be opened as one of another shape:

    leaf = H(tag of the shape, holder, a word for each position, words of number, balances and debts [, cover])
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from facts.bounds import LISTING_BITS, PART_NUMBER_BITS
from facts.elements import ELEMENT_BITS, derive_element
from facts.packing import Packing
from facts.tree import ARITY, MAX_LEVELS
from margin.bounds import ACCOUNT_AMOUNT_BITS, require_integer
from margin.errors import MalformedError, Reason

MOST_POSITIONS: Final = 8
MOST_BALANCES: Final = 15
MOST_DEBTS: Final = 4
MOST_INPUTS: Final = 16
"""Of one hash."""
BEFORE_WORDS: Final = 2
"""The tag and the holder."""
LINE_NUMBERS: Final = 4
"""Of a haircut: slope, intercept, floor, ceiling."""
MOST_MARKETS: Final = 2**LISTING_BITS
MOST_ASSETS: Final = 2**LISTING_BITS
MOST_TIERS: Final = 12
USUAL_LEVELS: Final = 2
"""Of the tree under a batch, where its name says no other."""


@dataclass(frozen=True)
class AccountShape:
    """How much one part of an account has room for; without debts, its balances have no haircuts to look up."""

    positions: int
    balances: int
    debts: int = 0

    def __post_init__(self) -> None:
        require_integer(self.positions, "positions", 0, MOST_POSITIONS, "positions")
        require_integer(self.balances, "balances", 1, MOST_BALANCES, "balances")
        require_integer(self.debts, "debts", 0, MOST_DEBTS, "debts")
        if self.inputs > MOST_INPUTS:
            found, expected = f"{self.inputs} inputs", f"at most {MOST_INPUTS} inputs of its hash"
            raise MalformedError(Reason.WRONG_COUNT, "shape", found=found, expected=expected)

    @cached_property
    def name(self) -> str:
        """As catalogues and headers have it."""
        return f"p{self.positions}-b{self.balances}-d{self.debts}"

    @cached_property
    def tag(self) -> int:
        """The first input of a leaf of this shape."""
        return derive_element(f"account:{self.name}")

    @cached_property
    def words(self) -> tuple[Packing, ...]:
        """How number, balances and debts share elements: in this order, as many in each as fit."""
        return pack_words(self.balances, self.debts)

    @cached_property
    def places(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Of each word, which entries stand in it and from which bit on: entry 0 is the number."""
        return place_entries(self.words)

    @property
    def inputs(self) -> int:
        """Of the leaf's hash."""
        return BEFORE_WORDS + self.positions + len(self.words) + (1 if self.debts else 0)

    @property
    def cover_numbers(self) -> int:
        """How many numbers the cover commits to."""
        return LINE_NUMBERS * self.balances + self.debts if self.debts else 0


ENTRY_BITS: Final = LISTING_BITS + ACCOUNT_AMOUNT_BITS


def pack_words(balances: int, debts: int) -> tuple[Packing, ...]:
    """Number, balances and debts in their order, each word filled before the next."""
    entries: list[tuple[tuple[str, int], ...]] = [(("number", PART_NUMBER_BITS),)]
    for kind, count in (("balance", balances), ("debt", debts)):
        entries += [
            ((f"{kind}_{place}_asset", LISTING_BITS), (f"{kind}_{place}_amount", ACCOUNT_AMOUNT_BITS))
            for place in range(count)
        ]
    words: list[list[tuple[str, int]]] = [[]]
    for entry in entries:
        if sum(bits for _, bits in (*words[-1], *entry)) > ELEMENT_BITS:
            words.append([])
        words[-1] += entry
    return tuple(Packing(f"word_{place}", tuple(parts)) for place, parts in enumerate(words))


def place_entries(words: tuple[Packing, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Which entry begins at which bit of each word."""
    placed, entry = [], 0
    for word in words:
        inside, bit = [], 0
        for name, bits in word.parts:
            if not name.endswith("_amount"):
                inside.append((entry, bit))
                entry += 1
            bit += bits
        placed.append(tuple(inside))
    return tuple(placed)


@dataclass(frozen=True)
class BatchShape:
    """So many parts of one shape under one node of the tree; what is left of its leaves is empty."""

    account: AccountShape
    accounts: int
    levels: int

    def __post_init__(self) -> None:
        require_integer(self.levels, "levels", 1, MAX_LEVELS, "levels")
        require_integer(self.accounts, "accounts", 1, ARITY**self.levels, "parts of accounts under the node")

    @property
    def name(self) -> str:
        """As the catalogue of statements has it, depth and all.

        A run that called its tree deeper than its circuit has it could show holders leaves beneath those that were
        counted: a leaf whose hash has eight inputs is a node of its inputs.
        """
        depth = "" if self.levels == USUAL_LEVELS else f"-levels{self.levels}"
        return f"solvency-n{self.accounts}-{self.account.name}{depth}"


@dataclass(frozen=True)
class TotalShape:
    """How long the tables are; a place that is not used holds zeros."""

    markets: int
    assets: int
    tiers: int
    """Haircut tiers for each asset; none where no part has debts."""

    def __post_init__(self) -> None:
        require_integer(self.markets, "markets", 1, MOST_MARKETS, "markets")
        require_integer(self.assets, "assets", 1, MOST_ASSETS, "assets")
        require_integer(self.tiers, "tiers", 0, MOST_TIERS, "haircut tiers")


@cache
def shape_of_name(name: str) -> AccountShape:
    """The shape that a name says."""
    parts = name.split("-")
    if [part[:1] for part in parts] == ["p", "b", "d"] and all(part[1:].isdecimal() for part in parts):
        shape = AccountShape(*(int(part[1:]) for part in parts))
        if shape.name == name:
            return shape
    raise MalformedError(Reason.NOT_A_CHOICE, "shape", found=name, expected='a shape such as "p2-b4-d0"')
