"""Positions that change: what spends the leaves they stood in, and what is made public of the change.

    leaf nullifier   H(tag, leaf, the leaf's salt)
    leaf salt        H(tag, nullifier of the place, seed)                          of the leaf that takes its place
    birth            H(tag, secret, position id)
    no position      H(tag of no position, owner, position id, 0, 0, salt)       the leaf that a closed one leaves
    flows            H(tag, wallet, settlement)
    transition       H(tag, first new leaf, second new leaf, flows)

A leaf nullifier has no secret in it but the salt of its leaf: a venue that was told how its leaves open finds the
nullifiers of all of them, an owner that of his own, and to everybody else it is linked to nothing. A birth needs the
owner's secret, so that it is no other name of the position.

A new leaf is salted with the nullifier that was spent for it, and each is spent once: no leaf comes back whose own
nullifier is spent, and which nobody could change, nor liquidate, any more.

A transition has as many spends whatever it does. What it does not do has a spend of no position in its place,

    spend of no leaf   H(tag of a leaf nullifier, tag of no position, salt)
    birth of nothing   H(tag of a birth, salt, tag of no position)

with a salt drawn for it: no leaf is a tag, and no position may have a tag as its id, so neither is ever a real one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facts.bounds import require_currency_id
from facts.commitments import hash_elements
from facts.elements import require_element, require_range
from facts.packing import SETTLEMENT, WALLET, sign_parts
from facts.tags import Tag
from margin.bounds import MONEY_BITS
from margin.errors import MalformedError, Reason

POSITIONS: Final = 2
"""So many positions of an owner may change at once."""
SPENDS: Final = 2 * POSITIONS
"""Public nullifiers of a transition: of the leaves that were, then the births."""
UNUSED_INPUTS: Final = ("lock_root", "position_tag")
"""What neither a transition nor a liquidation reads."""
RESERVED_ID: Final = int(Tag.NO_POSITION)
"""The one element that is no position's id."""


@dataclass(frozen=True, slots=True)
class Flows:
    """The money that flows when positions change, in whole money units of one currency.

    Exact to the unit: cash before + paid in = cash after + paid out + fees + settled.
    """

    currency_id: int
    paid_in: int = 0
    """By the owner's wallet."""
    paid_out: int = 0
    """To the owner's wallet."""
    fees: int = 0
    """To the venue."""
    settled: int = 0
    """Funding and realised loss, to the rest of the market; below zero where it pays."""

    def __post_init__(self) -> None:
        require_currency_id(self.currency_id)
        most = 2**MONEY_BITS - 1
        for name in ("paid_in", "paid_out", "fees"):
            require_range(getattr(self, name), name, 0, most, f"money units: at least 0, below 2^{MONEY_BITS}")
        require_range(self.settled, "settled", -most, most, f"money units: at most {MONEY_BITS} bits and a sign")

    @property
    def wallet_parts(self) -> dict[str, int]:
        """The numbers of the first element."""
        return {"paid_in": self.paid_in, "paid_out": self.paid_out, "currency_id": self.currency_id}

    @property
    def settlement_parts(self) -> dict[str, int]:
        """The numbers of the second element."""
        return {"fees": self.fees, **sign_parts(self.settled)}


@dataclass(frozen=True, slots=True)
class StatedTransition:
    """What a claimant says beside the claim: a verifier hashes it and finds it in the place of the policy."""

    leaves: tuple[int, ...]
    """What the book's keeper puts into the next book."""
    flows: Flows

    def __post_init__(self) -> None:
        if len(self.leaves) != POSITIONS:
            found, expected = f"{len(self.leaves)} leaves", f"{POSITIONS} leaves"
            raise MalformedError(Reason.WRONG_COUNT, "leaves", found=found, expected=expected)
        for place, leaf in enumerate(self.leaves):
            require_element(leaf, f"leaves[{place}]")

    def encode(self) -> int:
        """What stands in the place of a policy."""
        return commit_transition(self.leaves, self.flows)


def derive_leaf_nullifier(leaf: int, salt: int) -> int:
    """What spends a leaf of a book, by its own salt."""
    return hash_elements(Tag.LEAF_NULLIFIER, leaf=leaf, salt=salt)


def derive_absent_nullifier(salt: int) -> int:
    """What stands where no leaf is spent."""
    return derive_leaf_nullifier(int(Tag.NO_POSITION), salt)


def derive_leaf_salt(nullifier: int, seed: int) -> int:
    """The salt of the leaf that takes the place of the one that was spent; the seed hides it."""
    return hash_elements(Tag.LEAF_SALT, nullifier=nullifier, seed=seed)


def derive_birth(secret: int, position_id: int) -> int:
    """What spends the id of a position when it is opened: the same whenever anybody tries again."""
    return hash_elements(Tag.BIRTH, secret=secret, position_id=require_position_id(position_id))


def derive_absent_birth(salt: int) -> int:
    """What stands where no position is opened."""
    return hash_elements(Tag.BIRTH, secret=salt, position_id=RESERVED_ID)


def require_position_id(position_id: int) -> int:
    """Any element but the one that stands for no position."""
    if require_element(position_id, "position_id") == RESERVED_ID:
        expected = "an id that is not the tag of no position"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "position_id", found="that tag", expected=expected)
    return position_id


def commit_absence(owner: int, position_id: int, salt: int) -> int:
    """The leaf that stands where a position was closed, or where there was none: nothing opens it as a position."""
    return hash_elements(Tag.NO_POSITION, owner=owner, position_id=position_id, body=0, cash=0, salt=salt)


def commit_flows(flows: Flows) -> int:
    """All flows as one element."""
    wallet, settlement = WALLET.encode(flows.wallet_parts), SETTLEMENT.encode(flows.settlement_parts)
    return hash_elements(Tag.FLOWS, wallet=wallet, settlement=settlement)


def commit_transition(leaves: Sequence[int], flows: Flows) -> int:
    """What stands in the place of the policy: where the positions are now, and what flowed."""
    first, second = leaves
    return hash_elements(Tag.TRANSITION, first=first, second=second, flows=commit_flows(flows))
