"""How a tree of locks grows: what some events of an escrow change in it, if they are all of them and as they were.

    deposited          the lock, in the next place
    exit requested     nothing in its place any more, for good

A deposit that can be no lock (nobody could prove anything about it) leaves its place empty; all others stay where they
are. Every event is hashed onto the ones before it, and says what comes of that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from chains.chronicle import wrong_logs
from chains.escrow import Account, Deposited, Event
from facts.commitments import Lock, commit_lock
from facts.lock_root import CHAIN_LEVELS
from facts.tree import INDEX_BITS, empty_node
from margin.errors import MalformedError

EMPTY: Final = empty_node(0)
CAPACITY: Final = 1 << INDEX_BITS * CHAIN_LEVELS


@dataclass(slots=True)
class Growth:
    """What has changed since a block, event by event."""

    chain_id: int
    account: Account = field(default_factory=Account)
    changes: dict[int, int] = field(default_factory=dict)
    """New leaves by their places."""

    def follow(self, events: Iterable[Event]) -> None:
        """Take events in their order; what does not follow the one before it was never written by an escrow."""
        for event in events:
            chained = event.chain(self.account.chained)
            if event.chained != chained:
                raise wrong_logs("a log that was altered, or one after a gap", "every log, as it was written")
            self.account = Account(self._place(event), chained)

    def require_all(self, stated: Account) -> None:
        """The escrow says the same of itself: no event is missing at the end."""
        if self.account != stated:
            found, expected = (
                f"{self.account.count} deposits",
                f"the {stated.count} that the escrow has, each as it was",
            )
            raise wrong_logs(found, expected)

    def _place(self, event: Event) -> int:
        """Put the leaf of an event where it belongs; how many deposits there are then."""
        count = self.account.count
        if isinstance(event, Deposited):
            if event.index != count or count >= CAPACITY:
                raise wrong_logs(f"deposit {event.index}", f"deposit {count}")
            self.changes[count] = make_leaf(self.chain_id, event)
            return count + 1
        if event.index >= count:
            raise wrong_logs(f"an exit of {event.index}", f"a deposit before {count}")
        self.changes[event.index] = EMPTY
        return count


def make_leaf(chain_id: int, event: Deposited) -> int:
    """The lock of a deposit."""
    try:
        return commit_lock(
            Lock(chain_id, event.domain, event.asset, event.amount, event.lock_owner, deposit_index=event.index)
        )
    except MalformedError:
        return EMPTY
