"""Everything that is remembered, each event in one transaction: nullifiers, acceptance or transition, leaf, request.

A request is known by who asks and by the id that they gave it. Asked again it has the same answer, whatever happened in
between, also to a process that died before it could answer; the same id with another question is refused. A claim is
known by its own id: proved or sent again it is the same claim and is counted once, on whosever request. The answer
is the leaf of the log, which holds everything about an acceptance that changes.

The clock is read inside the transaction, after everybody who came first: whoever waited for a turn is judged when it
comes. Those who wait while others are put on the disk go together (``verifier.store.turns``).
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Final, TypeVar

from facts.applied_transition import AppliedTransition
from facts.canonical import prefix_of
from facts.elements import require_element, require_range
from facts.log_entry import Event, require_identity, require_set
from facts.log_head import LogHead
from facts.log_proof import require_size
from margin.errors import InternalError, MalformedError, MisuseError, Reason, RejectedError
from verifier.acceptance import (
    LIVE,
    UNSEALED,
    Acceptance,
    Change,
    Sealed,
    Terms,
    free_locks,
    lapse_acceptance,
    let_go,
    open_acceptance,
    refresh_acceptance,
    require_live,
    seize_locks,
)
from verifier.claim import ProvedClaim
from verifier.log import ReadNode, compute_root, prove_consistency, prove_inclusion
from verifier.store import records, transitions
from verifier.store.database import Database, Transaction
from verifier.store.records import EVERYTHING, Kept, Receipt, Selection
from verifier.store.schema import Identity, require_current
from verifier.store.transitions import Applied
from verifier.store.turns import Turns
from verifier.transition import record_transition

MAX_REQUEST_CHARACTERS: Final = 64
MAX_CALLER_CHARACTERS: Final = 255
MAX_PAGE: Final = 1000
NO_CLAIM: Final = bytes(32)
"""Stands where a question that has no claim would name one."""
APPLICATION_PREFIX: Final = prefix_of("application")
SPENT_LOCKS: Final = "locks that were never used"
SPENT_LEAVES: Final = "leaves that no transition has succeeded, and positions that were never born"

Clock = Callable[[], int]
"""Now, in seconds since 1970."""
Result = TypeVar("Result")


class Step(StrEnum):
    """Where an event may be interrupted; each is told to whoever observes the ledger."""

    BEFORE_INSERT = "before insert"
    AFTER_ACCEPTANCE = "after acceptance"
    """Or after the transition, which stands in its place."""
    AFTER_NULLIFIERS = "after nullifiers"
    AFTER_LEAF = "after leaf"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"
    BEFORE_REPLY = "before reply"


Observer = Callable[[Step], None]


def ignore_step(step: Step) -> None:
    """Nobody observes."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and the name that they gave to the question."""

    caller: str
    id: str

    def __post_init__(self) -> None:
        for name, most in (("caller", MAX_CALLER_CHARACTERS), ("id", MAX_REQUEST_CHARACTERS)):
            text = getattr(self, name)
            if not 1 <= len(text) <= most or not text.isascii() or not text.isprintable():
                expected = f"1 to {most} printable ASCII characters"
                raise MalformedError(Reason.OUT_OF_BOUNDS, f"request.{name}", found=text, expected=expected)


@dataclass(frozen=True, slots=True)
class Seen:
    """A leaf that was on the disk; a log that does not have it is not the one that it was."""

    place: int
    digest: bytes


StillGood = Callable[[Transaction, int], None]
"""Asked inside the transaction, at its moment: refuses what was good when a proof was checked and is no longer."""


def leave_as_found(_: Transaction, __: int) -> None:
    """Nothing that was good can have gone bad."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks for: of one request there is one, whoever sends it again."""

    event: Event
    acceptance: str
    claim: str | None
    """The id of the claim, if there is one."""
    leaving: tuple[int, ...] = ()
    sealed: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        require_identity(self.acceptance, "acceptance")
        require_set(self.leaving, "leaving")

    def digest(self, terms: Terms | None) -> bytes:
        """The same for the same question; the bytes of a proof are no part of it.

        Terms are those of the acceptance that the question made, which destinations may change afterwards.
        """
        asked = (terms.entry.encode(), terms.upkeep.encode(), terms.period_seconds) if terms else ()
        numbers = (int(self.event), len(self.leaving), *self.leaving, *asked)
        ids = bytes.fromhex(self.acceptance) + (bytes.fromhex(self.claim) if self.claim else NO_CLAIM)
        sealed = b"".join(sha256(release).digest() for release in self.sealed)
        return sha256(ids + b"".join(map(records.write_element, numbers)) + sealed).digest()

    def digest_in(self, acceptance: Acceptance) -> bytes:
        """The digest where this is the acceptance that answers."""
        return self.digest(acceptance.terms if self.event is Event.ACCEPT else None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about a question."""

    claim: ProvedClaim | None
    change: Callable[[Transaction, int], Change]
    still_good: StillGood


class Ledger:
    """The acceptances of a store, and its log; it may be used by many threads, and a store by many processes."""

    def __init__(self, database: Database, identity: Identity, clock: Clock, observe: Observer = ignore_step) -> None:
        """The store has to be there, and of the version that this program knows."""
        require_current(database, identity)
        self.identity = identity
        self._database = database
        self._clock = clock
        self._observe = observe
        self._seen: Seen | None = None
        self._seen_lock = Lock()
        self._turns = Turns(self._turn)

    # --- Events ------------------------------------------------------------------------------------------

    def accept(
        self,
        request: Request,
        claim: ProvedClaim,
        terms: Terms,
        sealed: Sealed = UNSEALED,
        still_good: StillGood = leave_as_found,
    ) -> Receipt:
        """Take the locks of a claim as collateral; a claim that was accepted and still lives is answered again."""

        def change(_: Transaction, moment: int) -> Change:
            return open_acceptance(claim, request.caller, terms, moment, sealed)

        question = Question(Event.ACCEPT, claim.id, claim.id, sealed=sealed.releases)
        return self._answer(request, question, Decision(claim, change, still_good))

    def refresh(
        self,
        request: Request,
        acceptance: str,
        claim: ProvedClaim,
        sealed: Sealed = UNSEALED,
        still_good: StillGood = leave_as_found,
    ) -> Receipt:
        """Let an acceptance live on, with further locks if the claim has any."""

        def change(transaction: Transaction, moment: int) -> Change:
            return refresh_acceptance(require_acceptance(transaction, acceptance), claim, moment, sealed)

        question = Question(Event.REFRESH, acceptance, claim.id, sealed=sealed.releases)
        return self._answer(request, question, Decision(claim, change, still_good))

    def free(
        self,
        request: Request,
        acceptance: str,
        claim: ProvedClaim,
        leaving: Collection[int],
        still_good: StillGood = leave_as_found,
    ) -> Receipt:
        """Let locks leave an acceptance; with the last one it is released."""
        named = name_locks(leaving)

        def change(transaction: Transaction, moment: int) -> Change:
            return free_locks(require_acceptance(transaction, acceptance), claim, named, moment)

        question = Question(Event.FREE, acceptance, claim.id, named)
        return self._answer(request, question, Decision(claim, change, still_good))

    def let_go(self, request: Request, acceptance: str, leaving: Collection[int]) -> Receipt:
        """Let all locks leave because whoever they are pledged to says so, who names every one of them."""
        named = name_locks(leaving)

        def change(transaction: Transaction, moment: int) -> Change:
            return let_go(require_acceptance(transaction, acceptance), named, moment)

        question = Question(Event.FREE, acceptance, None, named)
        return self._answer(request, question, Decision(None, change, leave_as_found))

    def seize(
        self, request: Request, acceptance: str, claim: ProvedClaim, still_good: StillGood = leave_as_found
    ) -> Receipt:
        """Take a lock of an acceptance that lapsed; that it did is written down first, if nobody has."""

        def change(transaction: Transaction, moment: int) -> Change:
            current = require_acceptance(transaction, acceptance)
            if current.state in LIVE and not current.is_live(moment):
                current = self._write(transaction, lapse_acceptance(current, moment)).acceptance
            return seize_locks(current, claim, moment)

        question = Question(Event.SEIZE, acceptance, claim.id)
        return self._answer(request, question, Decision(claim, change, still_good))

    def apply(self, request: Request, claim: ProvedClaim, still_good: StillGood = leave_as_found) -> Applied:
        """Let new leaves of a book succeed old ones, once; the same claim again is the same transition."""

        def act(transaction: Transaction) -> Applied:
            earlier = find_application(transaction, request, claim.id)
            if earlier is not None:
                return earlier
            require_domain(claim, self.identity)
            moment = self._clock()
            still_good(transaction, moment)
            applied = self._write_transition(transaction, record_transition(claim, moment))
            return remember_application(transaction, request, applied)

        return self._change(act)

    def recall_application(self, request: Request, claim: str) -> Applied | None:
        """What a claim came to that was applied before, in whichever request; nothing is asked of it again."""
        with self._reading() as (transaction, _):
            if transitions.find_transition(transaction, claim) is None:
                find_application(transaction, request, claim)
                return None
        return self._change(lambda transaction: find_application(transaction, request, claim))

    def recall(self, request: Request, question: Question) -> Receipt | None:
        """What was answered to a request before; nothing is asked of its claim again."""
        with self._reading() as (transaction, _):
            return find_answer(transaction, request, question)

    def lapse_overdue(self, limit: int = MAX_PAGE) -> list[Receipt]:
        """Write down which acceptances have lapsed, the oldest first; nothing depends on when that is done."""
        require_page(limit)

        def lapse(transaction: Transaction) -> list[Receipt]:
            moment = self._clock()
            overdue = records.list_overdue(transaction, moment, limit)
            return [self._write(transaction, lapse_acceptance(each.acceptance, moment)) for each in overdue]

        with self._reading() as (transaction, _):
            is_needed = bool(records.list_overdue(transaction, self._clock(), 1))
        return self._change(lapse) if is_needed else []

    def require_writable(self) -> None:
        """Write something that means nothing, as a sign of life."""
        with self._writing() as transaction:
            transaction.execute("UPDATE store SET probes = probes + 1")

    # --- Questions ---------------------------------------------------------------------------------------

    def acceptance(self, identity: str, selection: Selection = EVERYTHING) -> Acceptance:
        """An acceptance as it is now."""
        return self.kept(identity, selection).acceptance

    def kept(self, identity: str, selection: Selection = EVERYTHING) -> Kept:
        """An acceptance as it is now, with its places in the log."""
        with self._reading() as (transaction, _):
            return require_kept(transaction, identity, selection)

    def standing(self, identity: str, selection: Selection = EVERYTHING) -> tuple[Receipt, dict[int, bytes]]:
        """The last change of an acceptance, and what was sealed for the venue of the locks that it holds."""
        with self._reading() as (transaction, _):
            latest = require_kept(transaction, identity, selection).latest
            return records.read_receipt(transaction, latest), records.list_sealed(transaction, identity)

    def acceptances(self, selection: Selection = EVERYTHING, start: int = 0, limit: int = MAX_PAGE) -> list[Kept]:
        """A page of acceptances in the order in which they were accepted, from a place in the log on."""
        require_page(limit)
        require_size(start, "start")
        with self._reading() as (transaction, _):
            return records.list_acceptances(transaction, selection, start, limit)

    def changes(
        self, start: int, selection: Selection = EVERYTHING, limit: int = MAX_PAGE
    ) -> tuple[list[Receipt], int]:
        """Changes in the order in which they happened, from a place in the log on, and the place to go on from."""
        require_page(limit)
        require_size(start, "start")
        with self._reading() as (transaction, size):
            places = records.list_changes(transaction, selection, start, limit)
            end = places[-1] + 1 if len(places) == limit else max(start, size)
            return [records.read_receipt(transaction, place) for place in places], end

    def leaf_hash(self, place: int) -> bytes:
        """What stands in the tree for a leaf."""
        with self._reading_up_to(place + 1) as transaction:
            return records.read_node(transaction, 0, place)

    def prove_leaf(self, place: int) -> tuple[LogHead, bytes, tuple[bytes, ...]]:
        """The head, a leaf, and that it is in the tree of that head."""
        with self._reading_up_to(place + 1) as transaction:
            size, read = records.count_leaves(transaction), reader_of(transaction)
            head = LogHead(self.identity.origin, size, compute_root(size, read))
            return head, records.list_leaves(transaction, place, 1)[0], prove_inclusion(place, size, read)

    @property
    def head(self) -> LogHead:
        """The head of the log, which is not signed yet."""
        with self._reading() as (transaction, size):
            return LogHead(self.identity.origin, size, compute_root(size, reader_of(transaction)))

    def root_at(self, size: int) -> bytes:
        """What the log committed to when it had so many leaves."""
        with self._reading_up_to(size) as transaction:
            return compute_root(size, reader_of(transaction))

    def entries(self, start: int, limit: int = MAX_PAGE) -> list[bytes]:
        """The data of leaves in a row, as they were hashed."""
        require_size(start, "start")
        require_page(limit)
        with self._reading() as (transaction, _):
            return records.list_leaves(transaction, start, limit)

    def inclusion_proof(self, place: int, size: int) -> tuple[bytes, ...]:
        """That a leaf is in the log of ``size`` leaves."""
        with self._reading_up_to(size) as transaction:
            return prove_inclusion(place, size, reader_of(transaction))

    def consistency_proof(self, size: int, larger: int) -> tuple[bytes, ...]:
        """That the log of ``size`` leaves is the beginning of that of ``larger``."""
        with self._reading_up_to(larger) as transaction:
            return prove_consistency(size, larger, reader_of(transaction))

    # --- How an event is written -------------------------------------------------------------------------

    def _answer(self, request: Request, question: Question, decision: Decision) -> Receipt:
        """The receipt of a request, which changes something the first time only."""

        def answer(transaction: Transaction) -> Receipt:
            earlier = find_answer(transaction, request, question)
            if earlier is not None:
                return earlier
            if decision.claim is not None:
                require_domain(decision.claim, self.identity)
            moment = self._clock()
            decision.still_good(transaction, moment)
            receipt = find_repeated(transaction, question, moment)
            if receipt is None:
                receipt = self._write(transaction, decision.change(transaction, moment))
            elif decision.claim is not None:
                receipt = name_payee(transaction, receipt, decision.claim)
            body = question.digest_in(receipt.acceptance)
            records.insert_request(transaction, request.caller, request.id, body, receipt.place)
            return receipt

        return self._change(answer)

    def _change(self, act: Callable[[Transaction], Result]) -> Result:
        """Do something in a transaction, and tell it when it is on the disk."""
        result = self._turns.do(act)
        self._observe(Step.BEFORE_REPLY)
        return result

    @contextmanager
    def _turn(self) -> Iterator[Transaction]:
        """The transaction of everybody whose turn it is."""
        with self._writing() as transaction:
            yield transaction
            last = find_last(transaction)
            self._observe(Step.BEFORE_COMMIT)
        self._observe(Step.AFTER_COMMIT)
        self._notice(last)

    def _write(self, transaction: Transaction, change: Change) -> Receipt:
        """Acceptance, nullifiers, log leaf and claim."""
        require_unspent(transaction, change.added, SPENT_LOCKS)
        self._observe(Step.BEFORE_INSERT)
        place = records.count_leaves(transaction)
        if change.entry.event is Event.ACCEPT:
            records.insert_acceptance(transaction, change.acceptance, place)
        else:
            records.update_acceptance(transaction, change.acceptance, place)
        self._observe(Step.AFTER_ACCEPTANCE)
        records.insert_nullifiers(transaction, change)
        records.let_nullifiers_go(transaction, change)
        self._observe(Step.AFTER_NULLIFIERS)
        records.append_leaf(transaction, change.entry, place)
        records.insert_change(transaction, change.acceptance, place)
        records.insert_claim(transaction, change.entry, place)
        self._observe(Step.AFTER_LEAF)
        return Receipt(change.acceptance, change.entry, place)

    def _write_transition(self, transaction: Transaction, entry: AppliedTransition) -> Applied:
        """Log leaf, transition and nullifiers."""
        require_unspent(transaction, entry.spent, SPENT_LEAVES)
        self._observe(Step.BEFORE_INSERT)
        place = records.count_leaves(transaction)
        records.append_leaf(transaction, entry, place)
        self._observe(Step.AFTER_LEAF)
        transitions.insert_transition(transaction, entry, place)
        self._observe(Step.AFTER_ACCEPTANCE)
        transitions.insert_spent(transaction, entry)
        self._observe(Step.AFTER_NULLIFIERS)
        return Applied(entry, place)

    # --- A log that goes on ------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        """A transaction that writes, on the store that this process knows."""
        seen = self._seen
        with self._database.write() as transaction:
            self._notice(require_continued(transaction, seen))
            yield transaction

    @contextmanager
    def _reading(self) -> Iterator[tuple[Transaction, int]]:
        """A transaction that reads, on the store that this process knows, and the size of its log."""
        seen = self._seen  # before the transaction begins: what others commit meanwhile is not in it
        with self._database.read() as transaction:
            last = require_continued(transaction, seen)
            self._notice(last)
            yield transaction, 0 if last is None else last.place + 1

    @contextmanager
    def _reading_up_to(self, size: int) -> Iterator[Transaction]:
        """A transaction that reads a part of the log that is there."""
        require_size(size, "size")
        with self._reading() as (transaction, there):
            if size > there:
                raise MisuseError(Reason.OUT_OF_BOUNDS, "size", found=size, expected=f"at most {there} leaves")
            yield transaction

    def _notice(self, last: Seen | None) -> None:
        """Remember the last leaf of all that were seen on the disk."""
        with self._seen_lock:
            if last is not None and (self._seen is None or last.place > self._seen.place):
                self._seen = last


# --- The rules -------------------------------------------------------------------------------------------


def find_answer(transaction: Transaction, request: Request, question: Question) -> Receipt | None:
    """What was answered to a request, if this is what it asked."""
    earlier = records.find_request(transaction, request.caller, request.id)
    if earlier is None:
        return None
    digest, place = earlier
    if transitions.is_of_transition(transaction, place):
        raise reused()
    receipt = records.read_receipt(transaction, place)
    if digest != question.digest_in(receipt.acceptance):
        raise reused()
    return receipt


def find_application(transaction: Transaction, request: Request, claim: str) -> Applied | None:
    """What a claim came to, if it was applied before; a request that asked for something else is refused."""
    earlier = records.find_request(transaction, request.caller, request.id)
    if earlier is not None and earlier[0] != digest_application(claim):
        raise reused()
    place = transitions.find_transition(transaction, claim)
    if place is None:
        return None
    applied = transitions.read_applied(transaction, place)
    return applied if earlier else remember_application(transaction, request, applied)


def remember_application(transaction: Transaction, request: Request, applied: Applied) -> Applied:
    """What answers a request from now on."""
    body = digest_application(applied.entry.id)
    records.insert_request(transaction, request.caller, request.id, body, applied.place)
    return applied


def digest_application(claim: str) -> bytes:
    """What tells a request to apply a claim apart from every other request."""
    return sha256(APPLICATION_PREFIX + bytes.fromhex(claim)).digest()


def reused() -> MisuseError:
    """The id of a request that asked for something else."""
    found, expected = "another question", "what was asked under this id before"
    return MisuseError(Reason.REQUEST_REUSED, "request.id", found=found, expected=expected)


def find_repeated(transaction: Transaction, question: Question, moment: int) -> Receipt | None:
    """What the same claim came to when it was given for the same thing before.

    A claim does not bring back what has ended since: as a new question it meets its own nullifiers.
    """
    if question.claim is None:
        return None
    place = records.find_claim(transaction, question.claim, question.acceptance, question.event)
    if place is None:
        return None
    current = require_acceptance(transaction, question.acceptance)
    if question.event is Event.ACCEPT and not current.is_live(moment):
        return None
    if question.event is Event.REFRESH:
        require_live(current, moment)
    receipt = records.read_receipt(transaction, place)
    if question.event is Event.FREE and receipt.entry.left != question.leaving:
        found, expected = "a claim that let other locks go", "a claim that was not used for this"
        raise RejectedError(Reason.CLAIM_USED, "claim", found=found, expected=expected)
    return receipt


def name_payee(transaction: Transaction, receipt: Receipt, claim: ProvedClaim) -> Receipt:
    """Whom a seizure pays that was written down before that was kept: the claim that it rests on says it again."""
    if receipt.entry.event is not Event.SEIZE or receipt.acceptance.payee is not None:
        return receipt
    payee = claim.demand.binding.recipient
    records.update_payee(transaction, receipt.place, payee)
    return replace(receipt, acceptance=replace(receipt.acceptance, payee=payee))


def name_locks(nullifiers: Collection[int]) -> tuple[int, ...]:
    """The nullifiers in the one order that a set of them has."""
    return tuple(sorted({require_element(each, "leaving") for each in nullifiers}))


def require_domain(claim: ProvedClaim, identity: Identity) -> None:
    """The claim is for the registry of nullifiers that this is."""
    if claim.demand.domain != identity.domain:
        raise RejectedError(Reason.WRONG_CONTEXT, "domain", found=claim.demand.domain, expected=identity.domain)


def require_unspent(transaction: Transaction, nullifiers: Collection[int], expected: str) -> None:
    """Step 8: nobody ever used these."""
    spent = sum(records.is_spent(transaction, nullifier) for nullifier in nullifiers)
    if spent:
        found = f"{spent} that were used before"
        raise RejectedError(Reason.NULLIFIER_SPENT, "nullifiers", found=found, expected=expected)


def require_acceptance(transaction: Transaction, identity: str) -> Acceptance:
    """An acceptance that there is."""
    return require_kept(transaction, identity).acceptance


def require_kept(transaction: Transaction, identity: str, selection: Selection = EVERYTHING) -> Kept:
    """An acceptance that there is, and its places in the log."""
    found = records.find_acceptance(transaction, require_identity(identity, "acceptance"), selection)
    if found is None:
        expected = "the id of an acceptance"
        raise MisuseError(Reason.UNKNOWN_ACCEPTANCE, "acceptance", found=identity, expected=expected)
    return found


def require_continued(transaction: Transaction, seen: Seen | None) -> Seen | None:
    """The log still has the leaf that was seen, and goes on from there; its last leaf."""
    last = find_last(transaction)
    if seen is not None:
        size = 0 if last is None else last.place + 1
        if size <= seen.place:
            expected = f"at least the {seen.place + 1} that it had"
            raise InternalError(Reason.LOG_SHRUNK, "log", found=f"{size} leaves", expected=expected)
        if records.read_node(transaction, 0, seen.place) != seen.digest:
            expected = "the leaf that was there"
            raise InternalError(Reason.LOG_FORKED, "log", found=f"another leaf {seen.place}", expected=expected)
    return last


def find_last(transaction: Transaction) -> Seen | None:
    """The last leaf of the log."""
    size = records.count_leaves(transaction)
    return Seen(size - 1, records.read_node(transaction, 0, size - 1)) if size else None


def require_page(limit: int) -> None:
    """No more at once than one answer holds."""
    require_range(limit, "limit", 1, MAX_PAGE, f"1 to {MAX_PAGE}")


def reader_of(transaction: Transaction) -> ReadNode:
    """The nodes of the tree in a transaction."""
    return partial(records.read_node, transaction)
