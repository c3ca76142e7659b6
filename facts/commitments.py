"""Commitments to owners, positions and locks, and what is made public of them.

    owner          H(tag, secret)
    position       H(tag of its kind, owner, position id, body, cash, salt)
    position tag   H(tag, secret, position id)
    lock owner     H(tag, secret, lock salt)
    lock           H(tag, chain id, domain, asset, amount, lock owner, deposit index)
    nullifier      H(tag, secret, lock)
    release        H(tag, asset, amount)

H is Poseidon with circomlib's parameters. A position is hidden by its salt, its tag and the nullifiers by the secret,
and the locks of one trader are kept apart by a lock salt each. Numbers of a position are never shown by ``repr``, nor
echoed by an error.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from facts.bounds import DEPOSIT_INDEX_BITS, require_amount, require_chain_id, require_market_id
from facts.elements import draw_element, require_bits, require_element, require_range
from facts.packing import CASH, PERP_BODY, sign_parts, split_sign
from facts.tags import Tag
from margin.bounds import FUNDING_INDEX_BITS, MAX_FUNDING_INDEX, MONEY_BITS, SIZE_BITS
from margin.contracts import Side
from margin.errors import MisuseError, Reason
from margin.position import Position
from snark.poseidon.hashing import hash_inputs

PositionKind = Literal[Tag.POSITION_PERP, Tag.POSITION_STRUCTURE, Tag.POSITION_PORTFOLIO]
POSITION_KINDS: Final = (Tag.POSITION_PERP, Tag.POSITION_STRUCTURE, Tag.POSITION_PORTFOLIO)


def hash_elements(tag: Tag, **inputs: int) -> int:
    """``H(tag, inputs...)`` of canonical elements."""
    return hash_inputs([int(tag), *(require_element(value, name) for name, value in inputs.items())])


@dataclass(frozen=True, slots=True)
class PerpetualBody:
    """What is committed of an isolated perpetual or future, beside its cash."""

    side: Side = field(repr=False)
    size: int = field(repr=False)
    entry_notional: int = field(repr=False)
    funding_index: int = field(repr=False)
    """At entry, or when funding was last settled."""
    market_id: int = field(repr=False)

    def __post_init__(self) -> None:
        require_range(self.size, "size", 1, 2**SIZE_BITS - 1, "lots: at least 1, below 2^64")
        bound = "money units: at least 1, below 2^100"
        require_range(self.entry_notional, "entry_notional", 1, 2**MONEY_BITS - 1, bound)
        low, high = -MAX_FUNDING_INDEX, MAX_FUNDING_INDEX
        require_range(self.funding_index, "funding_index", low, high, f"at most {FUNDING_INDEX_BITS} bits and a sign")
        require_market_id(self.market_id)

    def encode(self) -> int:
        """The body as one element."""
        return PERP_BODY.encode(self.parts)

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that the element holds, as a statement takes them."""
        magnitude, sign = split_sign(self.funding_index)
        return {
            "side": int(self.side is Side.SHORT),
            "size": self.size,
            "entry_notional": self.entry_notional,
            "funding_magnitude": magnitude,
            "funding_sign": sign,
            "market_id": self.market_id,
        }

    @classmethod
    def of(cls, position: Position, market_id: int) -> "PerpetualBody":
        """The body of a position of ``margin`` that ``round_against_trader`` made whole, and that sets no leverage."""
        if position.leverage is not None:
            expected = "none: a statement takes the initial requirement from the table alone"
            raise MisuseError(Reason.NOT_APPLICABLE, "leverage", found="a leverage", expected=expected)
        if position.entry_notional.denominator != 1:
            expected = "whole money units"
            raise MisuseError(Reason.NOT_ON_GRID, "entry_notional", found="a part of one", expected=expected)
        entry = position.entry_notional.numerator
        return cls(position.side, position.size, entry, position.funding_index, market_id)


@dataclass(frozen=True, slots=True)
class CommittedPosition:
    """All that a position's commitment is made of; the body is an element, whatever the kind."""

    kind: PositionKind
    owner: int = field(repr=False)
    position_id: int = field(repr=False)
    body: int = field(repr=False)
    cash: int = field(repr=False)
    salt: int = field(repr=False, default_factory=draw_element)

    def __post_init__(self) -> None:
        if self.kind not in POSITION_KINDS:
            raise MisuseError(Reason.NOT_A_CHOICE, "kind", found=self.kind, expected="the tag of a kind of position")
        for name in ("owner", "position_id", "body", "salt"):
            require_element(getattr(self, name), name)
        bound = 2**MONEY_BITS - 1
        require_range(self.cash, "cash", -bound, bound, f"money units: at most {MONEY_BITS} bits and a sign")


@dataclass(frozen=True, slots=True)
class Lock:
    """Collateral in the escrow of a chain: public there, but which one a trader has is nobody's business."""

    chain_id: int = field(repr=False)
    domain: int = field(repr=False)
    """The registry of nullifiers that may take it."""
    asset: int = field(repr=False)
    amount: int = field(repr=False)
    lock_owner: int = field(repr=False)
    deposit_index: int = field(repr=False)
    """Which of the escrow's deposits it is, so that two equal deposits are two locks."""

    def __post_init__(self) -> None:
        require_chain_id(self.chain_id)
        for name in ("domain", "asset", "lock_owner"):
            require_element(getattr(self, name), name)
        require_amount(self.amount)
        require_bits(self.deposit_index, "deposit_index", DEPOSIT_INDEX_BITS)


def encode_cash(cash: int) -> int:
    """Signed money as one element."""
    return CASH.encode(sign_parts(cash))


def commit_owner(secret: int) -> int:
    """The owner that a secret key makes."""
    return hash_elements(Tag.OWNER, secret=secret)


def commit_position(position: CommittedPosition) -> int:
    """A leaf of a book."""
    return hash_elements(
        position.kind,
        owner=position.owner,
        position_id=position.position_id,
        body=position.body,
        cash=encode_cash(position.cash),
        salt=position.salt,
    )


def tag_position(secret: int, position_id: int) -> int:
    """The public name of a position, the same in every proof about it and linkable to nothing else."""
    return hash_elements(Tag.POSITION_TAG, secret=secret, position_id=position_id)


def commit_lock_owner(secret: int, lock_salt: int) -> int:
    """Whom an escrow writes down as the owner of a lock: another one for each salt."""
    return hash_elements(Tag.LOCK_OWNER, secret=secret, lock_salt=lock_salt)


def commit_lock(lock: Lock) -> int:
    """A leaf of the tree of a chain's locks."""
    return hash_elements(
        Tag.LOCK,
        chain_id=lock.chain_id,
        domain=lock.domain,
        asset=lock.asset,
        amount=lock.amount,
        lock_owner=lock.lock_owner,
        deposit_index=lock.deposit_index,
    )


def derive_nullifier(secret: int, lock: int) -> int:
    """What spends a committed lock: a function of owner and lock alone, so the same wherever it is spent."""
    return hash_elements(Tag.NULLIFIER, secret=secret, lock=lock)


def commit_release(asset: int, amount: int) -> int:
    """What a release makes public of a lock: which asset, and how much of it."""
    return hash_elements(Tag.RELEASE, asset=asset, amount=require_amount(amount))
