"""Claims to make statements of: a trader, a book that holds the position, chains that hold the locks."""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.statements.claim import LockOpening, MarginClaim
from facts.asset import AssetTier
from facts.commitments import (
    CommittedPosition,
    Lock,
    PositionKind,
    commit_lock,
    commit_lock_owner,
    commit_owner,
    commit_position,
)
from facts.context import Binding, name_domain
from facts.market_root import MarketTree
from facts.policy import StatementPolicy
from facts.tree import Tree
from snark.bn254.constants import GROUP_ORDER
from tests.margin.strategies import Chooser

DOMAIN = name_domain("tests")
BINDING = Binding(verifier="tests", chain_id=1, contract=b"\x01" * 20, recipient=b"\x02" * 20, expiry=2_000_000_000)


@dataclass(frozen=True, slots=True)
class Depths:
    """How deep the trees of a shape are."""

    book: int = 8
    market: int = 4
    locks: int = 10


SHALLOW = Depths(book=1, market=2, locks=2)
"""Enough for every rule; the depths of real trees cost time and add nothing to arithmetic."""


def draw_element(choose: Chooser) -> int:
    """A random element that is the same the next time."""
    return choose.integer(0, GROUP_ORDER - 1)


def make_claim(
    choose: Chooser,
    *,
    kind: PositionKind,
    body: int,
    cash: int,
    policy: StatementPolicy,
    holdings: Sequence[tuple[AssetTier, int]] = (),
    market: MarketTree,
    depths: Depths = SHALLOW,
) -> MarginClaim:
    """A position of a new trader in a book, with a lock for each holding."""
    secret = draw_element(choose)
    position = CommittedPosition(
        kind, commit_owner(secret), draw_element(choose), body, cash, salt=draw_element(choose)
    )
    place = choose.integer(0, 8**depths.book - 1)
    return MarginClaim(
        secret=secret,
        position=position,
        book_path=Tree(depths.book, {place: commit_position(position)}).path(place),
        policy=policy,
        domain=DOMAIN,
        binding=BINDING,
        locks=open_locks(choose, secret, holdings, market, depths.locks),
    )


def open_locks(
    choose: Chooser, secret: int, holdings: Sequence[tuple[AssetTier, int]], market: MarketTree, levels: int
) -> tuple[LockOpening, ...]:
    """A lock for each holding, somewhere in one lock tree."""
    salts = [draw_element(choose) for _ in holdings]
    locks = [
        Lock(
            chain_id=choose.integer(1, 2**64 - 1),
            domain=DOMAIN,
            asset=tier.asset,
            amount=amount,
            lock_owner=commit_lock_owner(secret, salt),
            deposit_index=index,
        )
        for index, (salt, (tier, amount)) in enumerate(zip(salts, holdings, strict=True))
    ]
    stride = 8**levels // max(len(locks), 1)
    places = [index * stride + choose.integer(0, stride - 1) for index in range(len(locks))]
    tree = Tree(levels, {place: commit_lock(lock) for place, lock in zip(places, locks, strict=True)})
    return tuple(
        LockOpening(lock, salt, tree.path(place), tier, market.path(tier))
        for lock, salt, place, (tier, _) in zip(locks, salts, places, holdings, strict=True)
    )
