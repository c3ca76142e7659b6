"""Guards an escrow: an exit whose lock an acceptance holds is made to wait until that is over.

Exit and acceptance come in any order. The lock of an exit leaves the tree at once, but a verifier may still take a
proof under the last root that has it; and an acceptance that is refreshed holds its locks for longer than when the exit
was contested. So every exit that is not over is held against what is held now, again and again, until it is paid.

Exits are read from the escrow's events, from the first block on at a start and then from the newest final block on, so
that nothing is kept in a file and a reorganisation takes nothing from what is known. What is final is left behind only
when the logs come to the hash that the escrow keeps over them: an exit that a node has lost, or leaves out, is missed,
told of and looked for again, and holds up no contest of another. What the escrow says of an exit is asked before
anything is sent: two guards do no harm, and nor does a log that somebody made up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final, Protocol

from chains.chronicle import list_logs, read_whole, wrong_logs
from chains.contracts import Contract, describe_refusal, name_refusal
from chains.escrow import NOTHING_CHAINED, WORDS, Escrow, read_event
from chains.gate import Quorum, ask_quorum, join_signatures, write_attestation
from chains.rpc import Chain, ChainLog, spell
from chains.transactions import Receipt, Sender
from facts.attestation import Attestation, SignedForChain
from facts.log_entry import Event
from margin.errors import InternalError, MarginError, MisuseError, Reason, RejectedError

NATIVE: Final = "0x" + "00" * 20
"""The token of a deposit of the chain's own coin."""
FOLLOWED: Final = ("Deposited", "TokenAdmitted", "ExitRequested", "ExitFinished")
CONTESTED, EXIT = "contested", "exit"
"""An exit has to wait, or could not be made to."""


MembersOf = Callable[[str], frozenset[bytes]]
"""Whose word counts of those who speak for a verifier."""


class Holders(Protocol):
    """Verifiers, or observers of a gate, that can be asked who holds a lock."""

    def find_holder(self, nullifier: int) -> str | None:
        """The acceptance that holds a lock, or may still seize it."""

    def ask(self, acceptance: str, members_of: MembersOf | None = None, /) -> Sequence[SignedForChain]:
        """What each that answers says of an acceptance; who is no member need not be heard."""


@dataclass(frozen=True, slots=True)
class Contested:
    """One line of what happens: an exit has to wait, or why that could not be done."""

    nullifier: int
    acceptance: str
    until: int
    receipt: Receipt | None = None
    why: str = ""
    reason: str = ""
    """The same in one word of a few."""

    @property
    def step(self) -> str:
        """What became of the exit."""
        return CONTESTED if self.receipt else EXIT


@dataclass(frozen=True, slots=True)
class Leaving:
    """What an escrow says of an exit."""

    index: int
    requested_at: int
    finishes_at: int


@dataclass(slots=True)
class Guard:
    """An escrow with the exits that are under way."""

    contract: Contract
    sender: Sender
    holders: Sequence[Holders]
    """Each is asked of every exit: a lie of one of them keeps none of the others from being heard."""
    tell: Callable[[Contested], object]
    first_block: int
    """In which the escrow came to be."""
    confirmations: int | None = None
    waiting: int = 0
    """How many could not be held up in the last round, whether they have to be or not."""
    _chained: bytes = NOTHING_CHAINED
    """What the escrow had chained before the first block that is read."""
    _window: int = -1
    _limit: int = -1
    _deposits: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    """Of each index the asset, the amount, the domain and the owner."""
    _tokens: dict[int, str] = field(default_factory=dict)
    """Of each asset the token."""
    _pending: dict[int, str] = field(default_factory=dict)
    """Nullifiers that leave, each with what was told of it last."""

    @property
    def pending(self) -> Sequence[int]:
        """The nullifiers of exits that are not over."""
        return tuple(self._pending)

    def attend(self) -> None:
        """See who leaves, and hold up whoever may not leave yet."""
        failure = self._settle()
        self._read(self.contract.chain.block("latest").number)
        self.waiting = 0
        for nullifier in self.pending:
            try:
                self._look_at(nullifier)
            except MarginError as error:
                self.waiting += 1
                self._complain(nullifier, error)
        if failure is not None:
            raise failure

    # --- Who leaves --------------------------------------------------------------------------------------

    def _settle(self) -> InternalError | None:
        """Leave behind what is final, if the logs of some node are all of it; else why not."""
        chain = self.contract.chain
        try:
            final = chain.final_number(self.confirmations)
            if final < self.first_block:
                return None
            stated = Escrow(chain, self.contract.address).account(chain.agreed_block(final)).chained
            read_whole(chain, lambda node: self._follow(node, final, stated))
        except MisuseError:  # the escrow is younger than what is final
            return None
        except InternalError as error:
            return error
        self._chained, self.first_block = stated, final + 1
        return None

    def _follow(self, node: Chain, final: int, stated: bytes) -> None:
        """Take what a node tells; that it is all of it is known at the end."""
        topics, chained = self._topics, self._chained
        for log in list_logs(node, self.contract.address, tuple(topics), self.first_block, final):
            self._take(topics[log.topics[0]], log)
            if log.topics[0] in WORDS:
                chained = read_event(log).chain(chained)
        if chained != stated:
            found = f"logs that come to {spell(chained)}"
            raise wrong_logs(found, f"{spell(stated)}, as the escrow has it at block {final}")

    def _read(self, newest: int) -> None:
        """What is not final yet, or was not to be had as a whole: whatever is told may be so."""
        topics = self._topics
        for _, logs in self.contract.chain.logs(self.contract.address, tuple(topics), self.first_block, newest):
            for log in logs:
                self._take(topics[log.topics[0]], log)

    @property
    def _topics(self) -> dict[bytes, str]:
        return {self.contract.face.topic_of(name): name for name in FOLLOWED}

    def _take(self, name: str, log: ChainLog) -> None:
        told = self.contract.face.decode_event(name, log.topics, log.data)
        match name:
            case "Deposited":
                parts = told["asset"], told["amount"], told["domain"], told["lockOwner"]
                self._deposits[told["index"]] = parts
            case "TokenAdmitted":
                self._tokens[told["asset"]] = told["token"]
            case "ExitRequested":
                self._pending.setdefault(told["nullifier"], "")
            case _:
                pass  # the escrow itself is asked whether an exit is over

    # --- Who may not ------------------------------------------------------------------------------------

    def _look_at(self, nullifier: int) -> None:
        """Make an exit wait, if an acceptance holds its lock for longer than it waits already."""
        failure: MarginError | None = None
        for holders in self.holders:
            leaving = self._ask_exit(nullifier)
            if leaving is None:
                del self._pending[nullifier]
                return
            try:
                self._hold_up(nullifier, leaving, holders)
            except MarginError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _hold_up(self, nullifier: int, leaving: Leaving, holders: Holders) -> None:
        """By the newest word that enough of those have signed whose word counts.

        Where that one does not name the lock, an older one may have seized it, which nothing undoes: an acceptance is
        seized lock by lock.
        """
        acceptance = holders.find_holder(nullifier)
        if acceptance is None:
            return
        failure: MarginError | None = None
        is_overtaken = False
        quorum_of = cache(partial(self._ask_quorum, leaving.index))
        for alike in by_revision(holders.ask(acceptance, lambda verifier: quorum_of(verifier).members)):
            said = alike[0].attestation
            if is_overtaken and not seizes(said, nullifier):
                continue
            until = self._end_of(said, nullifier, leaving) if holds(said, nullifier) else 0
            try:
                signatures = join_signatures(alike, quorum_of(said.verifier))
            except RejectedError as error:
                failure = failure or (error if until > leaving.finishes_at else None)
                continue
            if until > leaving.finishes_at:
                receipt = self._contest(nullifier, leaving, alike[0], signatures)
                self.tell(Contested(nullifier, acceptance, until, receipt))
            if nullifier in said.held or nullifier in said.left:
                return
            failure, is_overtaken = None, True
        if failure is not None:
            raise failure

    def _ask_quorum(self, index: int, verifier: str) -> Quorum:
        """Those whose signatures count for a deposit; asked once for all words of a verifier, whoever made them."""
        role = self.contract.ask_one("roleOf", self._find_deposit(index)[2], verifier)
        quorum = ask_quorum(self.contract, role)
        if not quorum.members:
            found, expected = f"a word of {verifier}", "one of somebody who speaks for the domain"
            raise RejectedError(Reason.UNKNOWN_SIGNER, "verifier", found=found, expected=expected)
        return quorum

    def _contest(
        self, nullifier: int, leaving: Leaving, signed: SignedForChain, signatures: Sequence[bytes]
    ) -> Receipt:
        said, deposit = signed.attestation, self._find_deposit(leaving.index)
        word = (said.chain_id, spell(said.contract), write_attestation(signed), signatures)
        return self.sender.send(self.contract, "contest", nullifier, deposit, said.verifier, word)

    def _find_deposit(self, index: int) -> tuple[str, int, int, int]:
        """What was locked, as the escrow wants it told."""
        if index not in self._deposits:
            found, expected = f"deposit {index}", "a deposit of the blocks that were read"
            raise RejectedError(Reason.NOT_APPLICABLE, "first_block", found=found, expected=expected)
        asset, amount, domain, owner = self._deposits[index]
        return self._tokens.get(asset, NATIVE), amount, domain, owner

    def _end_of(self, said: Attestation, nullifier: int, leaving: Leaving) -> int:
        """Until when an attestation makes an exit wait."""
        if self._window < 0:
            self._window, self._limit = map(self.contract.ask_one, ("SEIZURE_WINDOW", "CONTEST_LIMIT"))
        ends = said.lapses_at if nullifier in said.held else said.moment
        return min(ends + self._window, leaving.requested_at + self._limit)

    def _ask_exit(self, nullifier: int) -> Leaving | None:
        """What the escrow says now; None where it is over, or was taken back."""
        if self.contract.ask_one("isPaid", nullifier):
            return None
        said = self.contract.ask_named("exitOf", nullifier)
        if not said["requestedAt"]:
            return None
        return Leaving(said["index"], said["requestedAt"], said["finishesAt"])

    def _complain(self, nullifier: int, error: MarginError) -> None:
        """Told once, as long as the reason is the same."""
        if self._pending.get(nullifier) != (why := describe_refusal(error)):
            self._pending[nullifier] = why
            self.tell(Contested(nullifier, "", 0, why=why, reason=name_refusal(error)))


def by_revision(heard: Sequence[SignedForChain]) -> Iterator[Sequence[SignedForChain]]:
    """Words that are the same, the newest first: what an older one holds a newer one may have let go."""
    by_digest: dict[bytes, list[SignedForChain]] = {}
    for each in heard:
        by_digest.setdefault(each.attestation.digest, []).append(each)
    yield from sorted(by_digest.values(), key=lambda alike: alike[0].attestation.revision, reverse=True)


def holds(said: Attestation, nullifier: int) -> bool:
    """Whether an attestation holds a lock, or has just seized it."""
    return nullifier in said.held or seizes(said, nullifier)


def seizes(said: Attestation, nullifier: int) -> bool:
    """Whether a lock has left by being seized."""
    return said.event is Event.SEIZE and nullifier in said.left
