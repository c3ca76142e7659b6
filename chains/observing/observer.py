"""One observer of a gate: it goes on to the newest final block, checks what it is told on the way, and signs.

    1  which block is final, for every node; the one that was looked at last still is, under the same hash
    2  what the gate has chained, at the hash of that block; the logs since then that come to it, each of the block that
       all nodes have: another node is asked where those of one do not
    3  what they say, and which acceptances have lapsed by the time of the final block: no other clock is asked
    4  what the gate says of each of these itself, at the same hash
    5  words in the journal, on the disk; then signed and shared

Nothing is said that any of the nodes contradicts, and of each revision one thing, for good.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from chains.chronicle import read_whole, wrong_logs
from chains.finality import require_unchanged
from chains.observing.journal import Journal, Mark
from chains.observing.words import Observed, chain_word, lapse, name_acceptance, nullifier_of, require_found, say, seize
from chains.proof_gate import Happened, Identity, ProofGate
from chains.rpc import Block, Chain
from facts.attestation import Attestation
from margin.errors import MalformedError

SHARED_AT_ONCE: Final = 1024

Share = Callable[[Attestation], object]
"""Signs a word and leaves it for the others; raises where that cannot be done now."""
Forget = Callable[[Attestation], object]
"""Takes a word away that lies behind newer ones."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the chain has come to."""

    block: Block
    said: tuple[Attestation, ...]
    """Words that are new."""
    shared: int
    """How many words have left."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Blocks to go through, and what the gate has chained before and behind them."""

    first: int
    last: int
    before: bytes
    behind: bytes


class Observer:
    """Observes one gate."""

    def __init__(
        self,
        chain: Chain,
        gate: bytes,
        journal: Journal,
        *,
        payees: Mapping[bytes, bytes],
        from_block: int,
        confirmations: int | None = None,
    ) -> None:
        self._chain = chain
        self._gate = ProofGate.at(chain, gate)
        self._journal = journal
        self._payees = payees
        self._from = max(from_block, 1)
        self._confirmations = confirmations

    def look(self, share: Share, forget: Forget) -> Look:
        """Go on as far as is final, and say what is so."""
        final = self._chain.final_number(self._confirmations)
        mark = self._journal.mark
        if mark is not None:
            require_unchanged(self._chain, final, mark.block, mark.hash)
        block = self._chain.agreed_block(max(final, 0))
        said = self._advance(mark, block)
        return Look(block, tuple(said), self._share(share, forget))

    def _advance(self, mark: Mark | None, block: Block) -> list[Attestation]:
        """Write down what is to be said as of a final block."""
        first = mark.block + 1 if mark else self._from
        if block.number < first:
            return []
        identity = self._gate.identify(block)
        before = mark.chained if mark else identity.origin
        stretch = Stretch(first, block.number, before, self._gate.chained(block))
        newest = read_whole(self._chain, lambda node: self._follow(node, identity, stretch))
        for overdue in self._journal.overdue(block.timestamp):
            newest.setdefault(overdue.acceptance, overdue)
        said = [word for before in newest.values() for word in self._conclude(before, block)]
        self._journal.advance(Mark(block.number, block.hash, stretch.behind), said)
        return said

    def _follow(self, node: Chain, identity: Identity, stretch: Stretch) -> dict[str, Attestation]:
        """The last word on each acceptance that something has happened to, if the logs of a node are all of them."""
        newest: dict[str, Attestation] = {}
        blocks: dict[int, Block] = {}
        chained = stretch.before
        for happened in replace(self._gate, chain=node).events(stretch.first, stretch.last):
            acceptance = name_acceptance(happened.event.nullifier)
            before = newest.get(acceptance) or self._journal.newest(acceptance)
            newest[acceptance] = said = self._say(identity, happened, blocks, before)
            chained = chain_word(chained, said)
        if chained != stretch.behind:
            found = f"logs that come to 0x{chained.hex()}"
            raise wrong_logs(found, f"0x{stretch.behind.hex()}, as the gate has it at block {stretch.last}")
        return newest

    def _say(
        self, identity: Identity, happened: Happened, blocks: dict[int, Block], before: Attestation | None
    ) -> Attestation:
        """The word on what a log tells, which need not be so."""
        try:
            return say(identity, happened.event, self._place(happened, blocks), before)
        except MalformedError:
            raise wrong_logs("what no word can say", "an event of a gate") from None

    def _place(self, happened: Happened, blocks: dict[int, Block]) -> Observed:
        """When and where something happened: in a block that all nodes have."""
        if happened.block not in blocks:
            blocks[happened.block] = self._chain.agreed_block(happened.block)
        found = blocks[happened.block]
        if found.hash != happened.block_hash:
            raise wrong_logs("a log of another block", "logs of the blocks that all nodes have")
        return Observed(found.timestamp, found.number)

    def _conclude(self, last: Attestation, block: Block) -> list[Attestation]:
        """What is to be said of an acceptance as of a block: its last event, or that it has lapsed and is seized."""
        is_over = last.state.is_live and last.lapses_at <= block.timestamp
        said = lapse(last) if is_over else last
        require_found(said, self._gate.find(nullifier_of(last), block))
        payee = self._payees.get(last.recipient) if is_over else None
        return [said] if payee is None else [said, seize(said, payee)]

    def _share(self, share: Share, forget: Forget) -> int:
        """Have every word leave that has not yet; how many that were."""
        count = 0
        while words := self._journal.list_unshared(SHARED_AT_ONCE):
            for said in words:
                share(said)
            for behind in self._journal.settle(words):
                forget(behind)
            count += len(words)
        return count
