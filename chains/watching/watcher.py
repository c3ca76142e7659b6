"""One watcher: it goes on to the newest final checkpoint, checks everything that it is told on the way, and signs.

    1  which block is final, for every node; one that was final before still is, under the same hash
    2  the logs since the last checkpoint, and what the escrow says of itself at the new one, at its hash
    3  whose logs hash to what the escrow says: another node is asked where those of one do not
    4  the tree, on the disk; the root, signed and handed over until it is published

Nothing is signed that any of the nodes contradicts. What is signed follows from the block and the committee alone, so
that all watchers make the same bytes, and the same one makes them again after a restart.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from chains.chronicle import read_whole
from chains.escrow import Account, Escrow, contradicts
from chains.finality import require_unchanged
from chains.rpc import Block, Chain
from chains.watching.growth import Growth
from chains.watching.state import Checkpoint, WatchState
from facts.committee import Committee
from facts.lock_root import LockRoot
from margin.errors import MarginError, Reason

STEPS: Final = 4
"""So many checkpoints are gone through one by one where more have become final: watchers that look at different moments
then still sign the same ones."""
ALARMING: Final = frozenset({Reason.CHAIN_REWRITTEN, Reason.WRONG_LOGS, Reason.BROKEN_INVARIANT})


@unique
class Outcome(StrEnum):
    """What became of a root that was handed over."""

    PUBLISHED = "published"
    WAITING = "waiting"
    """Others have still to sign it."""
    OVERTAKEN = "overtaken"
    """A later one is published, or its time is over."""
    CONTRADICTED = "contradicted"
    """Enough others signed another root of the same block, or this key did: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How far a root is."""

    outcome: Outcome
    signatures: int = 0
    threshold: int = 0


Submit = Callable[[LockRoot], Answer]
"""Signs a root and hands it over to a registry; raises where nobody answers, or where it is refused for now."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A root, and what became of it."""

    block: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the chain has come to."""

    final: int
    last: Checkpoint | None
    submitted: tuple[Submitted, ...]


class Watcher:
    """Watches one escrow."""

    def __init__(
        self,
        chain: Chain,
        escrow: bytes,
        state: WatchState,
        *,
        every_blocks: int,
        from_block: int,
        confirmations: int | None = None,
    ) -> None:
        self._chain = chain
        self._escrow = Escrow(chain, escrow)
        self._state = state
        self._every = every_blocks
        self._from = max(from_block, 1)
        self._confirmations = confirmations

    def look(self, committee: Committee, submit: Submit) -> Look:
        """Go on as far as is final, and hand over what is still to be published."""
        final = self._chain.final_number(self._confirmations)
        self._require_unchanged(final)
        for number in self._list_due(final):
            self._advance(self._chain.agreed_block(number))
        submitted = tuple(self._submit(committee, submit))
        told = [each.block for each in submitted if each.answer.outcome is Outcome.CONTRADICTED]
        if told:
            raise contradicts(f"block {told[-1]}", "another root than others signed", "the same root for all watchers")
        return Look(final, self._state.last, submitted)

    def _require_unchanged(self, final: int) -> None:
        """The newest checkpoint is still what it was."""
        if (last := self._state.last) is not None:
            require_unchanged(self._chain, final, last.block, last.hash)

    def _list_due(self, final: int) -> Iterator[int]:
        """The checkpoints to go to: all that are new, or the last few where there are many."""
        last = self._state.last
        after = last.block if last else self._from - 1
        newest = final // self._every
        first = max(after // self._every + 1, newest - STEPS + 1)
        return (each * self._every for each in range(first, newest + 1))

    def _advance(self, block: Block) -> None:
        """Take everything that happened up to a block into the tree."""
        account = self._escrow.account(block)
        growth = read_whole(self._chain, lambda chain: self._follow(chain, block.number, account))
        self._state.advance(block, account, growth.changes)

    def _follow(self, chain: Chain, until: int, account: Account) -> Growth:
        """What has changed since the last checkpoint, if the logs of a node are all of them."""
        last = self._state.last
        growth = Growth(chain.chain_id, self._state.account)
        growth.follow(Escrow(chain, self._escrow.address).events(last.block + 1 if last else self._from, until))
        growth.require_all(account)
        return growth

    def _submit(self, committee: Committee, submit: Submit) -> Iterator[Submitted]:
        """Hand over the roots not yet published, the newest first: what comes of one counts for those before it."""
        for checkpoint in reversed(self._state.checkpoints):
            if checkpoint.is_settled:
                return
            answer = submit(state_root(checkpoint, self._chain.chain_id, committee))
            yield Submitted(checkpoint.block, answer)
            if answer.outcome is not Outcome.WAITING:
                self._state.settle(checkpoint.block)
                return


def state_root(checkpoint: Checkpoint, chain_id: int, committee: Committee) -> LockRoot:
    """The statement about a checkpoint, the same for every watcher of the committee."""
    return LockRoot(
        chain_id=chain_id,
        committee=committee.digest,
        sequence=checkpoint.block,
        block_hash=checkpoint.hash,
        final_block=checkpoint.block,
        observed_at=checkpoint.timestamp,
        root=checkpoint.root,
    )


def is_alarm(error: Exception) -> bool:
    """Whether somebody has to look: a chain or a folder that says what cannot be so, not a node that is silent."""
    return isinstance(error, MarginError) and error.reason in ALARMING


def judge_refusal(reason: str) -> Outcome | None:
    """What a registry's refusal means for a root; None where it says nothing for good."""
    if reason in {Reason.NOT_RISING, Reason.TOO_OLD}:
        return Outcome.OVERTAKEN
    if reason in {Reason.EQUIVOCATION, Reason.CONFLICTING_FIELDS}:
        return Outcome.CONTRADICTED
    return None
