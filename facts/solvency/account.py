"""Parts of accounts, and the leaves that commit to them.

    holder   H(tag, identity, salt)          identity = SHA-256("ringfence.v1.holder:" + id of the account) >> 8
    leaf     H(tag of the shape, holder, a word for each position, words of number, balances and debts [, cover])
    number   class * 2^64 + the first 64 bits of SHA-256("ringfence.v1.part" + line feed, run salt, id, part)

A position's word holds its quote and its equity, so that the weight at which its lots were counted follows from it. The
cover is there only where a shape has debts: the haircut lines and prices at which its balances and debts are counted.

An account that has more than a part has room for is several parts, each under a number of its own. Numbers rise over a
whole run; being hashes, they tell nothing of an account.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from facts.bounds import LISTING_BITS, PART_NUMBER_BITS
from facts.canonical import encode_number, frame, prefix_of
from facts.elements import derive_element, draw_element, require_bits, require_element, require_range
from facts.hash_list import hash_list
from facts.packing import split_sign
from facts.solvency.shape import AccountShape
from facts.tags import Tag
from margin.bounds import ACCOUNT_AMOUNT_BITS, FINE_BITS, MAX_FINE, SIZE_BITS
from margin.contracts import Side
from margin.errors import MalformedError, Reason, RejectedError
from margin.solvency import HaircutLine, count_equity, count_gap, require_cover
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_inputs, hash_many

PART_PREFIX: Final = prefix_of("part")
HASH_BITS: Final = 64
"""Of a number: what comes after its class."""
MOST_CLASSES: Final = 2 ** (PART_NUMBER_BITS - HASH_BITS)
PART_BITS: Final = 32
MARKET_AT: Final = 1 + SIZE_BITS
QUOTE_AT: Final = MARKET_AT + LISTING_BITS
EQUITY_AT: Final = QUOTE_AT + FINE_BITS + 1
"""Where the parts of ``facts.packing.ISOLATED_POSITION`` begin."""
FINE_WANTED: Final = f"1e-6 units of at most {FINE_BITS} bits and a sign"


@dataclass(frozen=True, slots=True)
class IsolatedPosition:
    """What an isolated position is worth, as ``margin.solvency`` counts it."""

    market: int = field(repr=False)
    """Its place in the tables."""
    side: Side = field(repr=False)
    size: int = field(repr=False)
    """Lots; none where the position only holds cash."""
    quote6: int = field(repr=False)
    equity6: int = field(repr=False)

    def __post_init__(self) -> None:
        require_bits(self.market, "market", LISTING_BITS)
        require_bits(self.size, "size", SIZE_BITS)
        require_range(self.quote6, "quote6", -MAX_FINE, MAX_FINE, FINE_WANTED)
        require_range(self.equity6, "equity6", -MAX_FINE, MAX_FINE, FINE_WANTED)

    @property
    def counted(self) -> int:
        """What is owed for it."""
        return count_equity(self.equity6)

    @property
    def gap(self) -> int:
        """What the insurance fund bears of it."""
        return count_gap(self.equity6)

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that its word holds."""
        quote, equity = split_sign(self.quote6), split_sign(self.equity6)
        return {
            "side": int(self.side is Side.SHORT),
            "size": self.size,
            "market": self.market,
            "quote_magnitude": quote[0],
            "quote_sign": quote[1],
            "equity_magnitude": equity[0],
            "equity_sign": equity[1],
        }

    def encode(self) -> int:
        """Its word: ``ISOLATED_POSITION`` without a detour through names, because millions are encoded."""
        quote, equity = abs(self.quote6), abs(self.equity6)
        if self.quote6 < 0:
            quote |= 1 << FINE_BITS
        if self.equity6 < 0:
            equity |= 1 << FINE_BITS
        head = (self.side is Side.SHORT) | self.size << 1 | self.market << MARKET_AT
        return head | quote << QUOTE_AT | equity << EQUITY_AT


@dataclass(frozen=True, slots=True)
class Balance:
    """So much of an asset that an account has, outside every position."""

    asset: int = field(repr=False)
    """Its place in the tables."""
    amount: int = field(repr=False)

    def __post_init__(self) -> None:
        require_bits(self.asset, "asset", LISTING_BITS)
        require_bits(self.amount, "amount", ACCOUNT_AMOUNT_BITS)

    def encode(self) -> int:
        """Its entry in a word."""
        return self.asset | self.amount << LISTING_BITS


@dataclass(frozen=True, slots=True)
class Debt(Balance):
    """So much of an asset that an account owes the venue."""


NOTHING: Final = Balance(0, 0)
NO_DEBT: Final = Debt(0, 0)


@dataclass(frozen=True, slots=True)
class Cover:
    """At what the balances and debts of a part are counted: a line or a price for each place of its shape."""

    lines: tuple[HaircutLine, ...] = field(repr=False)
    prices: tuple[int, ...] = field(repr=False)
    """In 1e-12 money units for a unit of the asset that is owed."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Slope, intercept, floor and ceiling of each line, then the prices."""
        lines = (number for line in self.lines for number in (line.slope, line.intercept, line.floor, line.ceiling))
        return (*lines, *self.prices)

    def commit(self) -> int:
        """What fixes them before the challenge."""
        return hash_list(Tag.COVER, self.numbers)


@dataclass(frozen=True, slots=True)
class AccountPart:
    """All that a leaf commits to; places that a shape has beyond what is here hold zeros."""

    identity: int = field(repr=False)
    salt: int = field(repr=False)
    number: int = field(repr=False)
    positions: tuple[IsolatedPosition, ...] = field(repr=False, default=())
    balances: tuple[Balance, ...] = field(repr=False, default=())
    debts: tuple[Debt, ...] = field(repr=False, default=())
    cover: Cover | None = field(repr=False, default=None)
    """Where the shape has debts, whether or not this part has any."""

    def __post_init__(self) -> None:
        require_element(self.identity, "identity")
        require_element(self.salt, "salt")
        require_bits(self.number, "number", PART_NUMBER_BITS)

    @classmethod
    def padding(cls, number: int, cover: Cover | None = None) -> "AccountPart":
        """A part of nobody that holds nothing. Its number is drawn like a hash, or its place would tell of others."""
        return cls(draw_element(), draw_element(), number, cover=cover)


def name_holder(account_id: str) -> int:
    """The element of the id under which a holder knows the account."""
    return derive_element(f"holder:{account_id}")


def number_part(class_place: int, run_salt: bytes, account_id: str, part: int = 0) -> int:
    """What orders a part: anybody who knows the account can compute it."""
    require_range(class_place, "class", 0, MOST_CLASSES - 1, f"a class below {MOST_CLASSES}")
    key = frame(account_id.encode()) + encode_number(require_bits(part, "part", PART_BITS))
    return class_place << HASH_BITS | int.from_bytes(sha256(PART_PREFIX + run_salt + key).digest()[:8], "big")


def commit_holder(identity: int, salt: int) -> int:
    """Whose part it is, for those alone who know the salt."""
    return hash_inputs([int(Tag.HOLDER), require_element(identity, "identity"), require_element(salt, "salt")])


def commit_part(part: AccountPart, shape: AccountShape) -> int:
    """A leaf."""
    return hash_inputs([shape.tag, commit_holder(part.identity, part.salt), *encode_part(part, shape)])


# --- Encoding ----------------------------------------------------------------------------------------


def encode_part(part: AccountPart, shape: AccountShape) -> list[int]:
    """The inputs of a leaf after its holder."""
    require_room(part, shape)
    words = [position.encode() for position in part.positions]
    words += [0] * (shape.positions - len(words))
    entries = [part.number]
    entries += [balance.encode() for balance in part.balances]
    entries += [0] * (1 + shape.balances - len(entries))
    entries += [debt.encode() for debt in part.debts]
    entries += [0] * (1 + shape.balances + shape.debts - len(entries))
    for places in shape.places:
        word = 0
        for entry, bit in places:
            word |= entries[entry] << bit
        words.append(word)
    if part.cover is not None:
        words.append(part.cover.commit())
    return words


def require_room(part: AccountPart, shape: AccountShape) -> None:
    """A part fits its shape, and has a cover exactly where the shape has debts."""
    for name, most in (("positions", shape.positions), ("balances", shape.balances), ("debts", shape.debts)):
        if len(getattr(part, name)) > most:
            raise MalformedError(Reason.WRONG_COUNT, name, found="more", expected=f"at most {most}: {shape.name}")
    if (part.cover is not None) != (shape.debts > 0):
        found = "none" if part.cover is None else "one"
        raise MalformedError(Reason.CONFLICTING_FIELDS, "cover", found=found, expected=f"as {shape.name} has it")
    if part.cover is not None and (len(part.cover.lines), len(part.cover.prices)) != (shape.balances, shape.debts):
        expected = f"a line or a price for each place of {shape.name}"
        raise MalformedError(Reason.WRONG_COUNT, "cover", found="another count", expected=expected)


HOLDER_TAG_BYTES: Final = int(Tag.HOLDER).to_bytes(FIELD_BYTES, "little")


def commit_parts(parts: Sequence[AccountPart], shape: AccountShape, threads: int = 0) -> bytes:
    """The leaves of many parts, 32 little-endian bytes each, hashed in bulk as ``facts.tree`` takes them."""
    holders = hash_many(4, b"".join(map(encode_holder, parts)), threads)
    tag, rows = shape.tag.to_bytes(FIELD_BYTES, "little"), []
    for place, part in enumerate(parts):
        rows += [tag, holders[place * FIELD_BYTES : (place + 1) * FIELD_BYTES]]
        rows += [word.to_bytes(FIELD_BYTES, "little") for word in encode_part(part, shape)]
    return hash_many(shape.inputs + 1, b"".join(rows), threads)


def encode_holder(part: AccountPart) -> bytes:
    """The row of a holder's hash."""
    identity, salt = (each.to_bytes(FIELD_BYTES, "little") for each in (part.identity, part.salt))
    return HOLDER_TAG_BYTES + identity + salt


# --- Debts -------------------------------------------------------------------------------------------


def require_covered(part: AccountPart) -> None:
    """The balances of a part cover its debts, each balance in the tier of its amount."""
    if part.cover is None:
        return
    balances = (*part.balances, *[NOTHING] * (len(part.cover.lines) - len(part.balances)))
    for place, (balance, line) in enumerate(zip(balances, part.cover.lines, strict=True)):
        if not line.holds_for(balance.amount):
            field_name, expected = f"balances[{place}]", "the line of its amount"
            raise RejectedError(Reason.OUTSIDE_TABLE, field_name, found="another line", expected=expected)
    covered = sum(line.value(each.amount) for each, line in zip(balances, part.cover.lines, strict=True))
    debts = (*part.debts, *[NO_DEBT] * (len(part.cover.prices) - len(part.debts)))
    require_cover(covered, sum(each.amount * price for each, price in zip(debts, part.cover.prices, strict=True)))
