"""The locks of an escrow as its watchers have them, and what they have signed of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from chains.development.deployment import Deployed
from chains.escrow import Escrow
from chains.rpc import open_chain
from chains.watching.growth import Growth
from facts.lock_root import LockRoot
from facts.signed import decode_signed
from margin.errors import InternalError, Reason
from ringfence.client.connection import Connection
from ringfence.client.registry import Registry

PATIENCE_SECONDS: Final = 180
GLANCE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class SignedLocks:
    """What a registry has of the watchers of the chain."""

    root: LockRoot
    signers: int
    fact: bytes
    """As it travels."""


def read_locks(escrow: Deployed, block: int) -> Sequence[int]:
    """Every leaf of the tree of locks as of a block."""
    node = escrow.node
    with open_chain([node.url], node.chain_id) as chain:
        reader = Escrow(chain, escrow.address)
        growth = Growth(node.chain_id)
        growth.follow(reader.events(escrow.block, block))
        growth.require_all(reader.account(chain.agreed_block(block)))
    return [growth.changes[place] for place in range(growth.account.count)]


def find_signed(connection: Connection) -> SignedLocks | None:
    """What the watchers have signed last, if anything."""
    published = connection.ask(Registry().roots()).locks
    if published is None:
        return None
    (fact,) = published.facts
    signed = decode_signed(fact, LockRoot)
    return SignedLocks(signed.statement, len(signed.signatures), fact)


def await_signed(connection: Connection, block: int) -> SignedLocks:
    """What the watchers have signed, once it is of a block or a later one."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        found = find_signed(connection)
        if found is not None and found.root.sequence >= block:
            return found
        if monotonic() > deadline:
            raise InternalError(Reason.NOT_FINAL, "locks", found="no root of them", expected=f"one of block {block}")
        sleep(GLANCE_SECONDS)
