"""Locks: collateral in the escrow of a chain, which backs the one position that a statement is about.

    lock owner = H(tag, secret, lock salt)
    lock       = H(tag, chain id, domain, asset, amount, lock owner, deposit index)
    nullifier  = H(tag, secret, lock)

A lock stands in the tree of its chain, which stands in the tree of all chains: to a statement that is one path, so that
it tells neither the lock nor the chain. The lock's hash fixes its owner and its owner the secret, so that each lock has
one nullifier, whatever the proof.
"""

from dataclasses import dataclass
from itertools import combinations

from circuits.builder import Builder, Element, Uint
from circuits.gadgets.comparison import enforce_nonzero
from circuits.relations.asset import value_amount
from circuits.relations.attested import Attested
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.relations.context import bind_context, open_context
from circuits.relations.public_inputs import PublicSignals
from circuits.signal import Bounded, Signal, sum_signals
from facts.bounds import CHAIN_ID_BITS, DEPOSIT_INDEX_BITS
from facts.tags import Tag
from margin.bounds import AMOUNT_BITS


@dataclass(frozen=True, slots=True, eq=False)
class LockSignals:
    """What a statement goes on with: an asset, and how much of it."""

    asset: Signal
    amount: Bounded


def open_lock(
    builder: Builder, *, secret: Signal, domain: Signal, nullifier: Signal, lock_root: Signal, levels: int
) -> LockSignals:
    """A lock of ``secret`` for ``domain`` that stands in the lock tree, which may be a leaf, and has this nullifier."""
    chain_id = builder.private("chain_id", Attested(CHAIN_ID_BITS), "the chain of the escrow")
    asset = builder.private("asset", Element(), "what is locked")
    amount = builder.private("amount", Uint(AMOUNT_BITS), "how much of it, in its smallest units")
    salt = builder.private("salt", Element(), "hides who owns the lock")
    deposit_index = builder.private("deposit_index", Attested(DEPOSIT_INDEX_BITS), "which deposit of the escrow it is")
    lock_owner = hash_tagged(builder, Tag.LOCK_OWNER, secret, salt)
    leaf = hash_tagged(builder, Tag.LOCK, chain_id, domain, asset, amount, lock_owner, deposit_index)
    if levels:
        enforce_member(builder, leaf, lock_root, levels, rule="lock_in_tree")
    else:
        builder.enforce_equal(leaf, lock_root, rule="lock_is_root")
    derived = hash_tagged(builder, Tag.NULLIFIER, secret, leaf)
    builder.enforce_equal(derived, nullifier, rule="nullifier_is_of_lock")
    return LockSignals(asset, amount)


def value_basket(
    builder: Builder, *, secret: Signal, currency: Bounded, public: PublicSignals, lock_levels: int, market_levels: int
) -> Bounded:
    """What the locks of the public nullifiers count for together, in the position's currency.

    No two nullifiers are equal, so that no lock counts twice; each lock is for the domain of the public context.
    """
    if not public.nullifiers:
        bind_context(public.context)
        return builder.constant(0)
    domain = open_context(builder, public.context)
    values = []
    for index, nullifier in enumerate(public.nullifiers):
        with builder.scope(f"lock[{index}]"):
            lock = open_lock(
                builder,
                secret=secret,
                domain=domain,
                nullifier=nullifier,
                lock_root=public.lock_root,
                levels=lock_levels,
            )
            value = value_amount(
                builder,
                lock.asset,
                lock.amount,
                currency=currency,
                market_root=public.market_root,
                levels=market_levels,
            )
            values.append(value)
    for one, other in combinations(public.nullifiers, 2):
        enforce_nonzero(one - other, rule="locks_differ")
    return sum_signals(values)
