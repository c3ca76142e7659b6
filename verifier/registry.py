"""The registry of signed facts: what was published is on the disk before it is answered, and verified again at a start.

Any process that shares the store sees at its next look what another one took; a revocation holds from then on. A fact
is believed for its signatures: what stands in the store is verified in the order in which it was accepted, against the
roster that its own appointments build, so that a store that somebody altered does not start.

Publishing is idempotent: the same fact is answered as before, and so is the same request of the same caller. Another
statement with a number that was accepted is refused and kept, together with the first one: it convicts its signers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from threading import Lock
from typing import Any, Final

from facts.canonical import prefix_of
from facts.lock_root import LockRoot
from facts.policy_version import PolicyVersion
from facts.public_inputs import PublicInputs
from facts.roots import PublishedRoots, Roots
from facts.roster import Appointment, Roster
from facts.signed import Kind, Signed, decode_signed
from margin.errors import InternalError, MalformedError, MarginError, MisuseError, Reason, RejectedError
from verifier.bell import Bell
from verifier.cosigning import KEPT_BLOCKS, Contradiction, Cosigned, cut, find_contradiction, join_parts
from verifier.gazette import (
    NOTHING_YET,
    Change,
    Fact,
    Gazette,
    horizon_of,
    identify,
    name_content,
    read_fact,
    says_the_same,
)
from verifier.store import cosignatures, publications
from verifier.store.database import Database, Transaction
from verifier.store.ledger import Clock, Request
from verifier.store.publications import FactRow, Published
from verifier.store.schema import Identity, require_current
from verifier.trust import Trust

TOKEN_PREFIX: Final = prefix_of("watch-roots")
PLACE_BYTES: Final = 8
CHECK_BYTES: Final = 16
TOKEN_DIGITS: Final = 2 * (PLACE_BYTES + CHECK_BYTES)


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two statements with one number, which the same committee signed."""

    kind: Kind
    subject: str
    sequence: int
    accepted: bytes
    refused: bytes


Notice = Callable[[Equivocation], None]


def ignore_equivocation(equivocation: Equivocation) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The roots after a change, and what takes the watch up again behind it."""

    roots: PublishedRoots
    token: str


@dataclass(slots=True)
class Answered:
    """Which roots were found good at a moment: claims of one second name the same few again and again."""

    gazette: Gazette
    moment: int
    _known: dict[tuple[int, int, int], Roots] = field(default_factory=dict)

    def require_roots(self, inputs: PublicInputs) -> Roots:
        """What the gazette says of them; a refusal is found out anew each time."""
        named = inputs.book_root, inputs.market_root, inputs.lock_root
        known = self._known.get(named)
        if known is None:
            known = self._known[named] = self.gazette.require_roots(inputs, self.moment)
        return known


class Registry:
    """The signed facts of a store; it may be used by many threads, and a store by many processes."""

    def __init__(
        self,
        database: Database,
        identity: Identity,
        trust: Trust,
        clock: Clock,
        notice: Notice = ignore_equivocation,
    ) -> None:
        """The store has to be there; everything in it is verified before this returns."""
        require_current(database, identity)
        self.identity = identity
        self.trust = trust
        self._database = database
        self._clock = clock
        self._notice = notice
        self._gazette = Gazette.start(trust)
        self._answered = Answered(self._gazette, clock())
        self._turn = Lock()
        self.bell = Bell()
        """Rung whenever this process learns of a publication."""
        self._look()

    # --- Publishing --------------------------------------------------------------------------------------

    def publish(self, data: bytes, kind: Kind | None = None, request: Request | None = None) -> Published:
        """Take a fact of a kind, or of any: on the disk when this returns, or refused."""
        unverified = read_fact(data)
        statement = unverified.statement
        if kind is not None and statement.KIND is not kind:
            raise MalformedError(Reason.WRONG_MESSAGE, "statement", found=statement.KIND, expected=kind)
        if request is None or not self._was_asked(request, data):
            self._look().verify(unverified, self._clock())  # or anybody could make all writers wait for signatures
        try:
            return self._publish(unverified, data, request)
        except RejectedError as error:
            if error.reason is Reason.EQUIVOCATION:
                self._keep_evidence(statement, data)
            raise

    def cosign(self, data: bytes) -> Cosigned:
        """Join the signatures of some watchers with those that are here; publish when they are enough."""
        unverified = read_fact(data)
        statement = unverified.statement
        if not isinstance(statement, LockRoot):
            raise MalformedError(Reason.WRONG_MESSAGE, "statement", found=statement.KIND, expected=Kind.LOCK_ROOT)
        self._look().verify_part(unverified, self._clock())
        joined = self._cosign(unverified)
        if isinstance(joined, Cosigned):
            return joined
        part = joined.part
        self._notice(Equivocation(Kind.LOCK_ROOT, part.subject, part.sequence, joined.accepted, joined.refused))
        expected = f"what {part.signer.hex()} signed with number {part.sequence} before"
        raise RejectedError(Reason.EQUIVOCATION, "sequence", found="another statement", expected=expected)

    def _cosign(self, unverified: Signed[LockRoot]) -> Cosigned | Contradiction:
        """What became of it; of a signer who said something else before, both are on the disk when this returns."""
        statement = unverified.statement
        with self._database.write() as transaction:
            gazette = self._read(transaction, is_alone=True)
            moment = self._clock()
            verified = gazette.verify_part(unverified, moment)
            alike = gazette.find_alike(statement)
            known = cosignatures.list_cosignatures(transaction, statement.scope, statement.sequence)
            if alike is not None:
                known += cut(decode_signed(alike.data, LockRoot))
            if contradiction := find_contradiction(unverified, known):
                told = contradiction.accepted, contradiction.refused
                cosignatures.keep_conviction(transaction, contradiction.part, moment, *told)
                return contradiction
            if alike is not None:
                require_repeated(gazette, alike, statement, moment)
                return tell_cosigned(gazette, alike)
            gazette.require_timely(verified, moment)
            keep_parts(transaction, unverified)
            known = cosignatures.list_cosignatures(transaction, statement.scope, statement.sequence)
            joined = join_parts(statement, known, verified.committee, gazette.roster.revoked, moment)
            if len(joined.signatures) < verified.committee.threshold:
                return Cosigned(statement.sequence, len(joined.signatures), verified.committee.threshold, None)
            after, fact = self._take(transaction, gazette, joined, joined.encode(), moment)
        self._advance(after)
        return tell_cosigned(after, fact)

    def _publish(self, unverified: Signed[Any], data: bytes, request: Request | None) -> Published:
        with self._database.write() as transaction:
            gazette = self._read(transaction, is_alone=True)
            if request is not None and (earlier := self._find_answer(transaction, request, data)):
                return earlier
            moment = self._clock()
            alike = gazette.find_alike(unverified.statement)
            if alike is not None:
                verified = gazette.verify(unverified, moment)
                require_same(gazette, alike, verified.statement, moment)
                after, fact = gazette, alike
            else:
                after, fact = self._take(transaction, gazette, unverified, data, moment)
            answer = describe(after, fact)
            if request is not None:
                publications.insert_answer(transaction, request.caller, request.id, digest_of(data), answer)
        self._advance(after)
        return answer

    def _take(
        self, transaction: Transaction, gazette: Gazette, unverified: Signed[Any], data: bytes, moment: int
    ) -> tuple[Gazette, Fact]:
        """The gazette after a fact that nobody published before, written down."""
        gazette.require_timely(gazette.verify(unverified, moment), moment)
        after, fact = gazette.take(unverified, data, moment)
        publications.insert_fact(transaction, describe_row(fact, gazette.governed))
        publications.delete_facts(transaction, sorted(places_of(gazette) - places_of(after)))
        publications.delete_answers(transaction, horizon_of(after.last))
        if isinstance(unverified.statement, LockRoot):
            cosignatures.delete_cosignatures(transaction, unverified.statement.scope, unverified.statement.sequence)
        return after, fact

    def _was_asked(self, request: Request, data: bytes) -> bool:
        with self._database.read() as transaction:
            return self._find_answer(transaction, request, data) is not None

    def _find_answer(self, transaction: Transaction, request: Request, data: bytes) -> Published | None:
        """What was answered to a request, if this is what it asked."""
        earlier = publications.find_answer(transaction, request.caller, request.id)
        if earlier is None:
            return None
        body, answer = earlier
        if body != digest_of(data):
            found, expected = "another fact", "what was published under this id before"
            raise MisuseError(Reason.REQUEST_REUSED, "request_id", found=found, expected=expected)
        return answer

    def _keep_evidence(self, statement: Any, data: bytes) -> None:  # noqa: ANN401 - of any kind
        """Write down what convicts the signers, whatever becomes of the call."""
        with self._database.write() as transaction:
            alike = self._read(transaction, is_alone=True).find_alike(statement)
            if alike is None:
                return
            publications.keep_evidence(transaction, describe_row(alike, 0), self._clock(), data)
        subject, sequence = identify(statement)
        self._notice(Equivocation(statement.KIND, subject, sequence, alike.data, data))

    # --- Asking ------------------------------------------------------------------------------------------

    def require_roots(self, inputs: PublicInputs, moment: int, transaction: Transaction | None = None) -> Roots:
        """Steps 3 and 4: the roots that a claim names, each of facts that are good at the moment.

        Within a transaction it is what that transaction sees. ``verifier.gazette.step_of`` tells which step refused.
        """
        gazette = self._look() if transaction is None else self._read(transaction)
        answered = self._answered
        if answered.gazette is not gazette or answered.moment != moment:
            answered = self._answered = Answered(gazette, moment)
        return answered.require_roots(inputs)

    def roots(self, moment: int) -> PublishedRoots:
        """The roots that hold at a moment."""
        return self._look().current(moment)

    @property
    def roster(self) -> Roster:
        """Who speaks for what, and which keys nobody believes."""
        return self._look().roster

    @property
    def gazette(self) -> Gazette:
        """Everything that is known now."""
        return self._look()

    def evidence(self) -> list[tuple[bytes, bytes]]:
        """What was accepted and what was refused with the same number: of committees, then of single watchers."""
        with self._database.read() as transaction:
            return publications.list_evidence(transaction) + cosignatures.list_convictions(transaction)

    # --- Watching ----------------------------------------------------------------------------------------

    def watch(self, moment: int) -> Watched:
        """The roots as they are now, and what takes up the watch behind them."""
        gazette = self._look()
        return Watched(gazette.current(moment), self._token(gazette, gazette.last))

    def changes_after(self, token: str) -> tuple[list[Watched], str]:
        """The roots after each change behind a token, each once and in order, and the token behind all of them."""
        gazette = self._look()
        place = self._require_token(gazette, token)
        before = next((each.roots for each in gazette.changes if each.place == place), PublishedRoots())
        changed: list[Watched] = []
        for change in gazette.changes:
            if change.place > place:
                if change.roots != before:
                    changed.append(Watched(change.roots, self._token(gazette, change.place)))
                before = change.roots
        return changed, self._token(gazette, gazette.last)

    def _token(self, gazette: Gazette, place: int) -> str:
        """The name of a place in the history of this very store."""
        change = find_change(gazette, place)
        digest = change.digest if change else b""
        number = (place + 1).to_bytes(PLACE_BYTES, "big")
        names = f"{self.identity.domain}\n{self.identity.origin}\n".encode()
        check = sha256(TOKEN_PREFIX + names + number + digest).digest()[:CHECK_BYTES]
        return (number + check).hex()

    def _require_token(self, gazette: Gazette, token: str) -> int:
        """The place that a token names, if this history has it and still remembers what came after."""
        if len(token) != TOKEN_DIGITS or not set(token) <= set("0123456789abcdef"):
            raise MalformedError(Reason.NOT_READABLE, "resume_token", found=token, expected="a token of this registry")
        place = int(token[: 2 * PLACE_BYTES], 16) - 1
        change = find_change(gazette, place)
        begins = gazette.changes[0].place if gazette.changes else 0
        if begins > 0 and place < begins:
            expected = "no token, to begin with the roots of now: what changed since is not kept any more"
            raise RejectedError(Reason.TOO_OLD, "resume_token", found=place, expected=expected)
        is_known = change is not None or place == NOTHING_YET
        if not is_known or not compare_digest(self._token(gazette, place), token):
            expected = "a token of this registry"
            raise RejectedError(Reason.WRONG_CONTEXT, "resume_token", found="another one", expected=expected)
        return place

    # --- A store that goes on ----------------------------------------------------------------------------

    def _look(self) -> Gazette:
        """What is in the store now."""
        with self._database.read() as transaction:
            return self._read(transaction)

    def _read(self, transaction: Transaction, *, is_alone: bool = False) -> Gazette:
        """What a transaction sees; whoever is alone with the store sees everything that there ever was."""
        gazette = self._gazette
        last = publications.last_place(transaction)
        place = NOTHING_YET if last is None else last
        if place > gazette.last:
            gazette = read_on(transaction, gazette, place)
            self._advance(gazette)
        elif is_alone and place < gazette.last:
            found, expected = f"{place + 1} facts", f"at least the {gazette.last + 1} that there were"
            raise InternalError(Reason.LOG_SHRUNK, "store", found=found, expected=expected)
        return gazette

    def _advance(self, gazette: Gazette) -> None:
        """Go on from what is on the disk; never back."""
        with self._turn:
            if gazette.last <= self._gazette.last:
                return
            self._gazette = gazette
        self.bell.ring()


# --- Reading a store ---------------------------------------------------------------------------------------


def read_on(transaction: Transaction, gazette: Gazette, last: int) -> Gazette:
    """The gazette up to a place, every fact of it verified; a store that says anything else was altered."""
    while gazette.last < last:
        rows = publications.list_facts(transaction, gazette.last)
        if not rows:
            raise altered(gazette.last + 1, "no fact", "every fact that was kept")
        for row in rows:
            gazette = read_row(gazette, row, last)
    return gazette


def read_row(gazette: Gazette, row: FactRow, last: int) -> Gazette:
    """The gazette after a fact that the store holds."""
    if row.place != gazette.last + 1 and row.place > max(gazette.last + 1, horizon_of(last) + 1):
        raise altered(row.place, "a gap before it", "the fact before it")
    if row.governed != gazette.governed:
        found, expected = f"{gazette.governed} that governance signed", f"the {row.governed} that there were"
        raise altered(row.place, found, expected)
    try:
        unverified = read_fact(row.signed)
        after, _ = gazette.at_place(row.place).take(unverified, row.signed, row.accepted_at)
    except MarginError as error:
        raise altered(row.place, error.reason.value, "a fact as it was accepted") from error
    if (row.kind, row.subject, row.sequence) != (unverified.statement.KIND, *identify(unverified.statement)):
        raise altered(row.place, "another fact", "what its row says")
    return after


def altered(place: int, found: str, expected: str) -> InternalError:
    """Somebody else than this program wrote to the store."""
    return InternalError(Reason.BROKEN_INVARIANT, f"facts[{place}]", found=found, expected=expected)


def find_change(gazette: Gazette, place: int) -> Change | None:
    """What was published at a place."""
    first = gazette.changes[0].place if gazette.changes else 0
    index = place - first
    return gazette.changes[index] if 0 <= index < len(gazette.changes) else None


def places_of(gazette: Gazette) -> set[int]:
    """Where the roots stand that are kept."""
    return {fact.place for row in gazette.rows.values() for fact in row}


# --- What is answered --------------------------------------------------------------------------------------


def require_same(gazette: Gazette, alike: Fact, statement: Any, moment: int) -> None:  # noqa: ANN401 - of any kind
    """The very fact that was accepted, and one that can still be relied on."""
    sequence = identify(statement)[1]
    if not says_the_same(alike.statement, statement):
        rotated = alike.statement.committee != statement.committee
        reason = Reason.NOT_RISING if rotated else Reason.EQUIVOCATION
        expected = f"the statement that was accepted with number {sequence}, or a later one"
        raise RejectedError(reason, "sequence", found="another statement", expected=expected)
    if alike.wanted:
        gazette.require_standing(alike, moment, "sequence")


def require_repeated(gazette: Gazette, alike: Fact, statement: LockRoot, moment: int) -> None:
    """What was published, said again; one who did not sign it and says something else has lost, and told no lie."""
    if alike.statement != statement:
        if alike.statement.committee != statement.committee:
            expected = f"above {statement.sequence}, which another committee has signed"
            raise RejectedError(Reason.NOT_RISING, "sequence", found=statement.sequence, expected=expected)
        expected = f"the statement that was published with number {statement.sequence}, or a later one"
        raise RejectedError(Reason.CONFLICTING_FIELDS, "fact.statement", found="another statement", expected=expected)
    gazette.require_standing(alike, moment, "sequence")


def keep_parts(transaction: Transaction, unverified: Signed[LockRoot]) -> None:
    """Write down what each signer said, if it is about one of its newest blocks."""
    for part in cut(unverified):
        if not cosignatures.put_cosignature(transaction, part, KEPT_BLOCKS):
            expected = f"one of the newest {KEPT_BLOCKS} blocks that its signer signed"
            raise RejectedError(Reason.TOO_OLD, "sequence", found=part.sequence, expected=expected)


def tell_cosigned(gazette: Gazette, fact: Fact) -> Cosigned:
    """What is answered of locks that are published."""
    published, verified = describe(gazette, fact), fact.verified
    return Cosigned(published.sequence, len(verified.signers), verified.committee.threshold, published.named)


def describe(gazette: Gazette, fact: Fact) -> Published:
    """What is answered: of locks the root over all chains, because it is that which claims name."""
    statement = fact.statement
    subject, sequence = identify(statement)
    named = name_content(statement)
    if statement.KIND is Kind.LOCK_ROOT and gazette.combinations:
        named = gazette.combinations[-1].root.to_bytes(len(named), "big")
    match statement:
        case PolicyVersion():
            active_from = statement.active_from
        case Appointment():
            active_from = statement.appointed.active_from
        case _:
            active_from = fact.accepted_at
    return Published(fact.place, statement.KIND, subject, sequence, named, active_from)


def describe_row(fact: Fact, governed: int) -> FactRow:
    """A fact as it is kept."""
    return FactRow(fact.place, fact.statement.KIND, *identify(fact.statement), governed, fact.accepted_at, fact.data)


def digest_of(data: bytes) -> bytes:
    """What a request asked, in 32 bytes."""
    return sha256(data).digest()
